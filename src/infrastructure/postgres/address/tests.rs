use super::*;
use crate::domain::error_chain::error_chain;

fn address(url: &str) -> Result<PostgresAddress, AddressError> {
    PostgresAddress::parse(&PostgresUrl::parse(url).unwrap())
}

#[test]
fn hosts_ports_database_and_schema_are_read() {
    let read = address("postgresql://me@one:1,two:2/db?schema=a%20b&target_session_attrs=any").unwrap();
    let hosts = ["one", "two"].map(|host| Host::Tcp(host.to_owned()));
    assert_eq!(read.config.get_hosts(), hosts);
    assert_eq!(read.config.get_ports(), [1, 2]);
    assert_eq!((read.config.get_dbname(), read.config.get_user()), (Some("db"), Some("me")));
    assert_eq!((read.schema.as_str(), read.quoted_schema().as_str()), ("a b", "\"a b\""));
    assert_eq!(address("postgres://one/db").unwrap().schema, DEFAULT_SCHEMA);
    assert_eq!(address("postgres://one/db?schema=a\"b").unwrap().quoted_schema(), "\"a\"\"b\"");
    let sockets = address("postgres:///db").unwrap();
    assert_eq!(sockets.config.get_hosts(), [Host::Unix(PathBuf::from(DEFAULT_SOCKETS))]);
    let listed = address("postgres:///db?host=/a,%2Fb,three&port=1,2,3").unwrap();
    let [a, b] = ["/a", "/b"].map(|path| Host::Unix(PathBuf::from(path)));
    assert_eq!(listed.config.get_hosts(), [a, b, Host::Tcp("three".to_owned())]);
    assert_eq!(listed.config.get_ports(), [1, 2, 3]);
}

#[test]
fn what_leaves_the_machine_is_encrypted_and_verified_unless_the_url_says_otherwise() {
    let verified = Encryption::Verified { roots: None };
    for (url, expected) in [
        ("postgres://db.example.com/db", verified.clone()),
        ("postgres://192.0.2.1/db", verified.clone()),
        ("postgres://localhost,db.example.com/db", verified.clone()),
        ("postgres:///db?host=/socket,db.example.com", verified.clone()),
        ("postgres://localhost/db?hostaddr=192.0.2.1", verified.clone()),
        ("postgres://localhost/db?sslmode=verify-full", verified.clone()),
        ("postgres://db.example.com/db?sslmode=require", verified.clone()),
        ("postgres://db.example.com/db?sslmode=verify-ca", verified),
        (
            "postgres://db.example.com/db?sslmode=verify-full&sslrootcert=%2Fetc%2Froot.pem",
            Encryption::Verified { roots: Some(PathBuf::from("/etc/root.pem")) },
        ),
        ("postgres://db.example.com/db?sslmode=disable", Encryption::None),
        ("postgres://localhost/db", Encryption::None),
        ("postgres://127.0.0.2:5433/db", Encryption::None),
        ("postgres://[::1]/db", Encryption::None),
        ("postgres:///db?host=/tmp/sockets", Encryption::None),
        ("postgres:///db", Encryption::None),
    ] {
        let read = address(url).unwrap();
        assert_eq!(read.encryption, expected, "{url}");
        let mode = if expected == Encryption::None { SslMode::Disable } else { SslMode::Require };
        assert_eq!(read.config.get_ssl_mode(), mode, "{url}");
    }
}

#[test]
fn what_is_refused_is_named() {
    for (url, said) in [
        ("postgres://me@one/db?sslmode=prefer", "sslmode=prefer in postgres://me@one/db"),
        ("postgres://me@one/db?sslmode=allow", "sslmode=allow"),
        (
            "postgres://me@one:port/db",
            "expected postgres://USER@HOST:PORT/DATABASE, got postgres://me@one:port/db",
        ),
        ("postgres://me@one/db?colour=red", "unknown option `colour`"),
        ("postgres://me@one/db?schema=", "the schema \"\" cannot be that of a store"),
        ("postgres://me@one/db?schema=pg_temp", "do not begin with pg_"),
    ] {
        let text = error_chain(&address(url).unwrap_err());
        assert!(text.contains(said), "{url}: {text}");
    }
}

#[test]
fn a_connection_that_is_dead_is_noticed_in_time() {
    let config = address("postgres://one/db").unwrap().config;
    assert_eq!(config.get_keepalives_idle(), KEEPALIVES_IDLE);
    assert_eq!(config.get_tcp_user_timeout(), Some(&TCP_USER_TIMEOUT));
    assert_eq!(config.get_connect_timeout(), Some(&CONNECT_TIMEOUT));
    let own = address("postgres://one/db?connect_timeout=60").unwrap().config;
    assert_eq!(own.get_connect_timeout(), Some(&Duration::from_secs(60)));
}
