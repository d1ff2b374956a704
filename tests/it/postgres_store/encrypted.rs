//! Connections over a network: encrypted, to the server that the URL names, or none.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use mission_events::internals::domain::error_chain::error_chain;

use super::try_open;
use crate::support::cli::cli;
use crate::support::postgres::{Server, server};
use crate::support::test_dir::TestDir;

/// Makes an authority, and a certificate of a server of that name which it has signed, each as PEM beside its key.
const CERTIFICATES: &str = "
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -subj '/CN=an authority' -days 2 &&
openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj '/CN=a server' &&
printf 'subjectAltName=DNS:%s' \"$1\" > names &&
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt -days 2 -extfile names";

fn certificates_of(name: &str, folder: &Path) {
    let made =
        Command::new("sh").args(["-c", CERTIFICATES, "sh", name]).current_dir(folder).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// A server that shows a certificate of that name, and the port that it listens on.
fn server_of(name: &str, folder: &Path) -> (Server, u16) {
    certificates_of(name, folder);
    // What is free now may be taken before the server has it: that fails the start, and the test, by its message.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let [certificate, key] =
        ["server.crt", "server.key"].map(|name| std::fs::read(folder.join(name)).unwrap());
    (Server::start_encrypted((&certificate, &key), port), port)
}

#[test]
fn a_server_is_the_one_that_its_certificate_names_or_it_is_refused() {
    if !server().has_encryption() {
        eprintln!(
            "skipped: this PostgreSQL is built without SSL (SHOW ssl_library is empty), and encrypts no connection"
        );
        return;
    }
    let dir = TestDir::new();
    let (_server, port) = server_of("db.example", dir.path());
    let url = |host: &str, parameters: &str| {
        format!("postgres://postgres@{host}:{port}/postgres?hostaddr=127.0.0.1{parameters}")
    };
    let root = format!("&sslrootcert={}", dir.path().join("ca.crt").display());

    let open = |url: &str| try_open(url).map(drop).map_err(|error| error_chain(&error));
    open(&url("db.example", &format!("&sslmode=verify-full{root}"))).unwrap();
    // `require` of other clients looks at no certificate: here it does.
    open(&url("db.example", &format!("&sslmode=require{root}"))).unwrap();

    let refused = open(&url("other.example", &format!("&sslmode=verify-full{root}"))).unwrap_err();
    assert!(refused.contains("certificate"), "{refused}");
    let refused = open(&url("db.example", "&sslmode=verify-full")).unwrap_err();
    assert!(refused.contains("certificate"), "an authority that nobody trusts: {refused}");

    let other = url("other.example", &format!("&sslmode=verify-full{root}"));
    let events = cli(&dir).run(&format!("-q --store {other} events recent"));
    assert_eq!(events.code, 4, "{}", events.stderr);
    assert!(events.stderr.contains("certificate"), "{}", events.stderr);
}

#[test]
fn a_server_without_encryption_is_refused_where_encryption_is_asked_for() {
    let server = Server::start();
    let refused =
        try_open(&server.url("&sslmode=verify-full")).map(drop).map_err(|error| error_chain(&error));
    assert!(refused.is_err(), "a socket is not encrypted, and the URL asks for it");
}
