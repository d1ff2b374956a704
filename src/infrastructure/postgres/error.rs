//! What can go wrong with a server, in this backend's own words; and its translation, in one place, into those of
//! the port.

use std::error::Error as StdError;

use postgres::Error;
use postgres::error::SqlState;
use thiserror::Error;

use super::address::{AddressError, PostgresAddress};
use super::tls::TlsError;
use crate::domain::error_chain::error_chain;
use crate::domain::repository::RepositoryError;

/// Why a store in PostgreSQL could not be opened or prepared.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PostgresError {
    /// Where the store is to be is no address.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// What the connection is to be encrypted with is not there.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// No server was reached.
    #[error("could not connect to {address}: is the server running there, and does it take connections?")]
    Connect {
        /// Where.
        address: Box<PostgresAddress>,
        /// What the system or the server said.
        #[source]
        source: Error,
    },
    /// The server did not let the user in.
    #[error(
        "{address} did not let the user in: give the password in PGPASSWORD or in the file of PGPASSFILE, and the user in the URL"
    )]
    Login {
        /// Where.
        address: Box<PostgresAddress>,
        /// What the server said.
        #[source]
        source: Error,
    },
    /// All connections of the server, or all that the database or the user may have, are taken.
    #[error(
        "{address} has no connection left: end some that are not needed, or raise max_connections of the server, or the CONNECTION LIMIT of the user or database; each process that appends takes two"
    )]
    NoConnectionLeft {
        /// Where.
        address: Box<PostgresAddress>,
        /// What the server said.
        #[source]
        source: Error,
    },
    /// The server is a standby, or takes no changes for another reason.
    #[error(
        "{address} takes no changes: it is a standby, or its sessions are read-only; name the primary, or all hosts with commas between them"
    )]
    ReadOnly {
        /// Where.
        address: Box<PostgresAddress>,
    },
    /// The server is older than what this program needs.
    #[error("{address} is PostgreSQL {found}: this program needs 14 or later")]
    TooOld {
        /// Where.
        address: Box<PostgresAddress>,
        /// Its version.
        found: String,
    },
    /// Texts would not be kept as they are.
    #[error(
        "the database of {address} has the encoding {found}, in which not every event can be kept: create one with ENCODING 'UTF8'"
    )]
    NotUtf8 {
        /// Where.
        address: Box<PostgresAddress>,
        /// Its encoding.
        found: String,
    },
    /// What is committed might be lost with the power.
    #[error(
        "the server of {address} runs with {setting} = off, and would lose acknowledged events with the power: set it to on"
    )]
    NotDurable {
        /// Where.
        address: Box<PostgresAddress>,
        /// The setting.
        setting: &'static str,
    },
    /// There is no store.
    #[error("there is no store at {address}")]
    Missing {
        /// Where.
        address: Box<PostgresAddress>,
    },
    /// The schema is another program's.
    #[error("{address} has tables, but not those of this program: name another schema")]
    NotOurs {
        /// Where.
        address: Box<PostgresAddress>,
    },
    /// The user may not see what is in the schema.
    #[error(
        "permission denied for the schema of {address}: `mission-events postgres grants` prints what allows the user to read or append"
    )]
    NoUsage {
        /// Where.
        address: Box<PostgresAddress>,
    },
    /// A newer version of this program made the store.
    #[error(
        "{address} has schema version {found}, this program knows versions up to {known}: use the newer program that wrote it"
    )]
    Newer {
        /// Where.
        address: Box<PostgresAddress>,
        /// Its version.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// An older version of this program made the store, and it was opened for reading.
    #[error(
        "{address} has schema version {found}, this program reads version {known}: run a command that writes to it once, such as dispatch, as the owner of the schema"
    )]
    Older {
        /// Where.
        address: Box<PostgresAddress>,
        /// Its version.
        found: i64,
        /// The version known here.
        known: i64,
    },
    /// The table of applied migrations is not what a migration can have written.
    #[error("the migration history of {address} is damaged: {detail}")]
    DamagedHistory {
        /// Where.
        address: Box<PostgresAddress>,
        /// What was expected and what came.
        detail: String,
    },
    /// What keeps events from being changed is not as the migrations have made it.
    #[error(
        "the schema of {address} was changed by another program: expected {expected}, found {found}; what the store promises rests on it: undo that (the statements are in the files of postgres_migrations/), or go back to a copy"
    )]
    ChangedSchema {
        /// Where.
        address: Box<PostgresAddress>,
        /// What the migrations make.
        expected: String,
        /// What is there.
        found: String,
    },
    /// The store was moved, and was opened for appending.
    #[error(
        "{address} was moved to {to}, and takes nothing any more: name that store in the settings (storage.backend, and its place), or by --store"
    )]
    Moved {
        /// Where it was.
        address: Box<PostgresAddress>,
        /// Where it is.
        to: String,
    },
    /// The store is a copy, and was opened for appending.
    #[error(
        "{address} is a copy of {of}, which is the store until `move --cut-over` makes the copy the store: name that one"
    )]
    Copy {
        /// Where the copy is.
        address: Box<PostgresAddress>,
        /// Where the store is.
        of: String,
    },
    /// The store is a copy that was not made to its end.
    #[error(
        "{address} is a copy of {of} that is not complete: run the same `move` again, which goes on with it"
    )]
    IncompleteCopy {
        /// Where the copy is.
        address: Box<PostgresAddress>,
        /// Where the store is.
        of: String,
    },
    /// A migration failed; it was rolled back.
    #[error(
        "could not bring {address} to schema version {known}: the user has to own the schema, or be allowed to create it in the database"
    )]
    Migration {
        /// Where.
        address: Box<PostgresAddress>,
        /// The version that was to be reached.
        known: i64,
        /// What the migration runner said.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The server said no.
    #[error("could not {action} {address}")]
    Server {
        /// What was tried.
        action: &'static str,
        /// Where.
        address: Box<PostgresAddress>,
        /// What the server said.
        #[source]
        source: Error,
    },
}

/// What `append_events` says of a store that was moved, or is a copy.
const FENCE: &str = "MEV01";

/// What is to be done about what the server said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// The connection is of no use any more, or not to the server that takes changes: connect anew.
    Reconnect,
    /// The transaction lost against another one.
    Repeat,
    /// Others hold what is needed.
    Wait,
    /// The store is damaged.
    GoBackToACopy,
    /// A person has to do something.
    Tell(&'static str),
}

/// The one place that knows what the states of PostgreSQL mean.
pub(super) fn remedy(error: &Error) -> Remedy {
    let Some(state) = error.code() else {
        // Not the server's words: the connection failed or was given up, or what was sent and received is not as agreed.
        return match error.source() {
            None => Remedy::Reconnect,
            Some(cause) if cause.is::<std::io::Error>() => Remedy::Reconnect,
            Some(_) => Remedy::Tell("what was sent or received is not what was expected"),
        };
    };
    let is_of_class = |class: &str| state.code().starts_with(class);
    match state {
        // The server ends, has crashed, or starts.
        _ if is_of_class("08") || is_of_class("57P") => Remedy::Reconnect,
        &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT | &SqlState::READ_ONLY_SQL_TRANSACTION => {
            Remedy::Reconnect
        }
        &SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED => Remedy::Repeat,
        &SqlState::LOCK_NOT_AVAILABLE | &SqlState::QUERY_CANCELED | &SqlState::TOO_MANY_CONNECTIONS => {
            Remedy::Wait
        }
        _ if is_of_class("XX") => Remedy::GoBackToACopy,
        _ if state.code() == FENCE => Remedy::Tell(
            "the store is elsewhere: name that one in the settings (storage.backend, and its place)",
        ),
        &SqlState::DISK_FULL => Remedy::Tell("the disk of the server is full: make room there"),
        &SqlState::OUT_OF_MEMORY => Remedy::Tell("the server is out of memory"),
        &SqlState::INSUFFICIENT_PRIVILEGE => {
            Remedy::Tell("the user may not do this: `mission-events postgres grants` prints what allows it")
        }
        &SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE => Remedy::Tell(
            "no synchronous standby is configured (synchronous_standby_names), and storage.postgres_require_standby asks for one",
        ),
        &SqlState::UNDEFINED_TABLE | &SqlState::UNDEFINED_FUNCTION | &SqlState::INVALID_SCHEMA_NAME => {
            Remedy::Tell("the schema is not that of a store any more")
        }
        _ => Remedy::Tell("the server refused it"),
    }
}

/// What the server said, with what a person has to know of it.
#[derive(Debug, Error)]
#[error("{hint}")]
struct Hinted {
    hint: &'static str,
    #[source]
    source: Error,
}

/// Translates what the server says while the port does `action`.
pub(super) fn port_error(action: &'static str) -> impl Fn(Error) -> RepositoryError {
    move |source| match remedy(&source) {
        Remedy::Wait | Remedy::Repeat => RepositoryError::busy(action, source),
        Remedy::GoBackToACopy => {
            RepositoryError::Corrupt { place: "the database".to_owned(), detail: error_chain(&source) }
        }
        Remedy::Reconnect => RepositoryError::storage(action, source),
        Remedy::Tell(hint) => RepositoryError::storage(action, Hinted { hint, source }),
    }
}

/// A store that cannot be reached while the port does `action`.
pub(super) fn unreachable(action: &'static str) -> impl Fn(PostgresError) -> RepositoryError {
    move |error| RepositoryError::storage(action, error)
}
