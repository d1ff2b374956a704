//! Where a store in PostgreSQL is, and how it is reached: the one place that reads the URL.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use super::grants::quoted;
use super::password::password_of;
use crate::infrastructure::config::{BadPostgresUrl, PostgresUrl, SchemaName, decoded};

/// The schema of a store where nothing names another one.
pub const DEFAULT_SCHEMA: &str = "mission_events";

const DEFAULT_SOCKETS: &str = "/var/run/postgresql";
const OUR_NAME: &str = "mission-events";

/// A connection that is dead is to be noticed while a writer waits for it, and not after the two hours that the
/// client library takes by itself.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const KEEPALIVES_IDLE: Duration = Duration::from_secs(10);
const KEEPALIVES_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVES_RETRIES: u32 = 3;
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(20);

/// Where a store in PostgreSQL is. What it shows is the URL, which has no password.
#[derive(Clone)]
pub struct PostgresAddress {
    pub(super) config: Config,
    pub(super) schema: String,
    pub(super) encryption: Encryption,
    url: PostgresUrl,
}

/// Whether what is sent can be read on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Encryption {
    /// It can: the way does not leave the machine, or the URL asks for it.
    None,
    /// It cannot, and the server shows a certificate of its name, signed by one of `roots`, or by one that the system trusts.
    Verified { roots: Option<PathBuf> },
}

/// Why a text is no address of a store.
#[derive(Debug, Error)]
pub enum AddressError {
    /// It has a part that is not understood.
    #[error("expected postgres://USER@HOST:PORT/DATABASE, got {url}")]
    NotAUrl {
        /// The URL.
        url: PostgresUrl,
        /// What is wrong with it.
        #[source]
        source: tokio_postgres::Error,
    },
    /// It asks for encryption in a way that promises nothing.
    #[error(
        "sslmode={found} in {url}: expected verify-full (also where verify-ca or require is written), or disable: prefer and allow go on without encryption where the server has none"
    )]
    SslMode {
        /// The URL.
        url: PostgresUrl,
        /// What stands there.
        found: String,
    },
    /// It is no URL of PostgreSQL, or holds a password.
    #[error(transparent)]
    Url(#[from] BadPostgresUrl),
    /// The schema cannot be one of a store.
    #[error(
        "the schema {found:?} cannot be that of a store: expected 1 to 63 bytes that do not begin with pg_"
    )]
    Schema {
        /// What was given.
        found: String,
    },
}

impl PostgresAddress {
    /// Reads a URL: as those of PostgreSQL's own programs, with `schema=`, where it does not name it as [`DEFAULT_SCHEMA`].
    ///
    /// # Errors
    /// It is no such URL, or asks for what is not given.
    pub fn parse(url: &PostgresUrl) -> Result<Self, AddressError> {
        let url = url.clone().in_schema(DEFAULT_SCHEMA);
        let (base, query) = url.as_str().split_once('?').unwrap_or((url.as_str(), ""));
        let (mut schema, mut ssl_mode, mut roots) = (String::new(), None, None);
        let mut others: Vec<String> = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=').unwrap_or((pair, "")) {
                ("schema", _) => schema = url.schema(),
                ("sslmode", value) => ssl_mode = Some(value),
                ("sslrootcert", value) => roots = Some(PathBuf::from(decoded(value))),
                // As those of PostgreSQL's own programs; the library takes one host each time.
                ("host", hosts) => others.extend(hosts.split(',').map(|host| format!("host={host}"))),
                _ => others.push(pair.to_owned()),
            }
        }
        let of_library = format!("{base}?{}", others.join("&"));
        let mut config: Config =
            of_library.parse().map_err(|source| AddressError::NotAUrl { url: url.clone(), source })?;
        if SchemaName::new(&schema).is_none() {
            return Err(AddressError::Schema { found: schema });
        }
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            config.host_path(DEFAULT_SOCKETS);
        }
        let encryption = match ssl_mode {
            None if stays_on_this_machine(&config) => Encryption::None,
            Some("disable") => Encryption::None,
            None | Some("verify-full" | "verify-ca" | "require") => Encryption::Verified { roots },
            Some(found) => {
                return Err(AddressError::SslMode { url: url.clone(), found: found.to_owned() });
            }
        };
        config.ssl_mode(if encryption == Encryption::None { SslMode::Disable } else { SslMode::Require });
        set_limits(&mut config);
        if let Some(password) = password_of(&config) {
            config.password(password);
        }
        Ok(Self { config, schema, encryption, url })
    }

    /// The address whose URL stands in the place of a path.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn of_path(path: &Path) -> Result<Self, AddressError> {
        let text = path.to_string_lossy();
        Self::parse(&PostgresUrl::parse(&text)?)
    }

    /// The same, but that every connection is to the one of its hosts that takes changes.
    pub(super) fn of_primary(mut self) -> Self {
        self.config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        self
    }

    /// The URL, with the schema.
    pub fn url(&self) -> &PostgresUrl {
        &self.url
    }

    /// The schema as a statement names it.
    pub(super) fn quoted_schema(&self) -> String {
        quoted(&self.schema)
    }
}

impl fmt::Display for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url.fmt(f)
    }
}

impl fmt::Debug for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresAddress({self})")
    }
}

fn stays_on_this_machine(config: &Config) -> bool {
    let is_local = |host: &Host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
        }
    };
    config.get_hosts().iter().all(is_local) && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

/// What the URL does not say.
fn set_limits(config: &mut Config) {
    if config.get_application_name().is_none() {
        config.application_name(OUR_NAME);
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(TCP_USER_TIMEOUT);
    }
    if config.get_keepalives_interval().is_none() {
        config.keepalives_idle(KEEPALIVES_IDLE).keepalives_interval(KEEPALIVES_INTERVAL);
        config.keepalives_retries(KEEPALIVES_RETRIES);
    }
}

#[cfg(test)]
mod tests;
