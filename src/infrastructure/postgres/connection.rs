//! Connections: how they are made, what each session is set to, and how a lost one is replaced.

use std::collections::HashMap;
use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use postgres::config::TargetSessionAttrs;
use postgres::error::{DbError, SqlState};
use postgres::types::ToSql;
use postgres::{Client, Config, Error, NoTls, Row, Statement};

use super::address::{Encryption, PostgresAddress};
use super::error::{PostgresError, Remedy, port_error, remedy, unreachable};
use super::tls::connector;
use crate::domain::repository::RepositoryError;

/// How long a server that is away is tried to be reached again before a call fails.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);
const LOOK: Duration = Duration::from_millis(50);

/// What every session is set to. Plans without a scan or a sort: a store that was small when a statement was planned is
/// large later. Where there is nothing but a scan, that is forbidden by a cost at which plans are compiled, which takes ten
/// milliseconds each time. Statements are planned once: to plan one anew for each call takes about as long as to answer it. What
/// holds for commits is set by the functions that append, in each call.
const SESSION: &str = "SET default_transaction_isolation = 'read committed';
    SET client_min_messages = warning;
    SET lock_timeout = '15s';
    SET idle_in_transaction_session_timeout = '60s';
    SET client_connection_check_interval = '10s';
    SET plan_cache_mode = force_generic_plan;
    SET enable_seqscan = off;
    SET jit = off;
    SET enable_bitmapscan = off;
    SET enable_sort = off;";

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Of several hosts, any.
    Reading,
    /// Of several hosts, the one that takes changes.
    Writing,
}

/// A connection whose session is set up, with the statements that it has prepared.
pub(super) struct Session {
    pub client: Client,
    statements: HashMap<String, Statement>,
    /// The server has acknowledged a commit without waiting for the standby.
    is_unconfirmed: Arc<AtomicBool>,
}

impl Session {
    /// Connects to the first host that answers and gives this access.
    pub fn connect(address: &PostgresAddress, access: Access) -> Result<Self, PostgresError> {
        let mut config = Config::from(address.config.clone());
        if access == Access::Writing {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        let is_unconfirmed = Arc::new(AtomicBool::new(false));
        let noticed = Arc::clone(&is_unconfirmed);
        config.notice_callback(move |notice| {
            if says_that_a_commit_is_unconfirmed(&notice) {
                noticed.store(true, Ordering::SeqCst);
            }
        });
        let connected = match &address.encryption {
            Encryption::None => config.connect(NoTls),
            Encryption::Verified { roots } => config.connect(connector(roots.as_deref())?),
        };
        let mut client = connected.map_err(|source| not_connected(address, source))?;
        let path = format!("SET search_path = {}, pg_temp;", address.quoted_schema());
        client.batch_execute(&(path + SESSION)).map_err(|source| {
            let address = Box::new(address.clone());
            PostgresError::Server { action: "set up a session of", address, source }
        })?;
        Ok(Self { client, statements: HashMap::new(), is_unconfirmed })
    }

    /// The rows of a statement, which is prepared once.
    pub fn query(&mut self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        let statement = self.prepared(sql)?;
        self.client.query(&statement, parameters)
    }

    /// The same for a statement that commits: whether the standby has confirmed it, where one is to.
    pub fn commit(
        &mut self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<(Vec<Row>, bool), Error> {
        self.is_unconfirmed.store(false, Ordering::SeqCst);
        let rows = self.query(sql, parameters)?;
        Ok((rows, !self.is_unconfirmed.load(Ordering::SeqCst)))
    }

    /// Commits the transaction that was begun; answers as [`commit`](Self::commit) does.
    pub fn end_transaction(&mut self) -> Result<bool, Error> {
        self.is_unconfirmed.store(false, Ordering::SeqCst);
        self.client.batch_execute("COMMIT")?;
        Ok(!self.is_unconfirmed.load(Ordering::SeqCst))
    }

    pub fn prepared(&mut self, sql: &str) -> Result<Statement, Error> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql)?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

/// A wait for the standby that is cancelled is told by a warning alone: the commit stands, on this server.
fn says_that_a_commit_is_unconfirmed(notice: &DbError) -> bool {
    *notice.code() == SqlState::WARNING && notice.message().contains("synchronous replication")
}

fn not_connected(address: &PostgresAddress, source: Error) -> PostgresError {
    let says = |words| source.source().is_some_and(|cause| cause.to_string().contains(words));
    let address = Box::new(address.clone());
    match source.code() {
        None if says("does not allow writes") => PostgresError::ReadOnly { address },
        None if says("password missing") => PostgresError::Login { address, source },
        Some(code) if code.code().starts_with("28") => PostgresError::Login { address, source },
        Some(&SqlState::TOO_MANY_CONNECTIONS) => PostgresError::NoConnectionLeft { address, source },
        _ => PostgresError::Connect { address, source },
    }
}

/// Whether a server that could not be reached may be reached soon.
fn may_come_back(error: &PostgresError) -> bool {
    match error {
        PostgresError::Connect { source, .. }
        | PostgresError::NoConnectionLeft { source, .. }
        | PostgresError::Server { source, .. } => {
            matches!(remedy(source), Remedy::Reconnect | Remedy::Wait)
        }
        // A standby may just be promoted.
        PostgresError::ReadOnly { .. } => true,
        _ => false,
    }
}

/// Does `work` on the session, which is made where there is none, and does it again where its connection is lost or another
/// transaction was in its way: work that may be done twice. It is told whether a connection was lost, so that it may be done
/// already.
pub(super) fn with_session<T>(
    session: &mut Option<Session>,
    connect: impl Fn() -> Result<Session, PostgresError>,
    action: &'static str,
    mut work: impl FnMut(&mut Session, bool) -> Result<T, Error>,
) -> Result<T, RepositoryError> {
    let deadline = Instant::now() + PATIENCE;
    let mut was_lost = false;
    loop {
        let connected = match session {
            Some(connected) => connected,
            None => match connect() {
                Ok(new) => session.insert(new),
                Err(error) if was_lost && may_come_back(&error) && Instant::now() < deadline => {
                    std::thread::sleep(LOOK);
                    continue;
                }
                Err(error) => return Err(unreachable(action)(error)),
            },
        };
        let failure = match work(connected, was_lost) {
            Ok(done) => return Ok(done),
            Err(failure) => failure,
        };
        let remedy = remedy(&failure);
        if remedy == Remedy::Reconnect || connected.client.is_closed() {
            *session = None;
            was_lost = true;
        }
        let is_to_be_done_again = matches!(remedy, Remedy::Reconnect | Remedy::Repeat);
        if !is_to_be_done_again || Instant::now() >= deadline {
            return Err(port_error(action)(failure));
        }
    }
}
