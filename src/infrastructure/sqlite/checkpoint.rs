//! Checkpoints of the write-ahead log by the connection that writes, beside those that SQLite makes itself.
//!
//! SQLite's own run inside a commit, and are few because they are slow: a log of 80 MB. In idle time one costs no
//! writer anything. A log that is longer still is one that readers, who follow each other without a gap, keep from
//! beginning anew: then they are waited for, for a moment.

use std::time::Duration;

use rusqlite::Connection;

use super::connection::{BUSY_TIMEOUT, wait_at_most};

/// From how many bytes on that are not in the database yet they are copied there in idle time.
const COPIED_WHEN_IDLE: u64 = 4 << 20;
/// From how many bytes on readers are waited for, and how much longer the log is before they are again.
const LONG: u64 = 64 << 20;
/// How long they are waited for.
const PATIENCE: Duration = Duration::from_millis(100);
/// After how many batches the length is looked at where there is no idle time.
const BATCHES: u32 = 32;

/// When the next checkpoint is due.
#[derive(Debug, Default)]
pub(super) struct Checkpoints {
    batches: u32,
    /// The length at which readers were waited for in vain.
    tried_at: u64,
}

/// The write-ahead log, in bytes of pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LogLength {
    pub written: u64,
    /// How much of it is in the database.
    pub copied: u64,
    /// A checkpoint did not do all that it was to: another connection writes, copies, or reads what was before.
    pub is_kept: bool,
}

impl Checkpoints {
    /// Whether a busy writer is to look at the length of the log before this batch.
    pub fn is_due(&mut self) -> bool {
        self.batches = (self.batches + 1) % BATCHES;
        self.batches == 0
    }

    /// Batches follow each other: only a log that is long is looked after.
    pub fn when_busy(&mut self, connection: &mut Connection) -> rusqlite::Result<()> {
        let log = checkpoint(connection, "NOOP")?;
        self.shorten(connection, log)
    }

    /// Nothing is being written.
    pub fn when_idle(&mut self, connection: &mut Connection) -> rusqlite::Result<()> {
        let mut log = checkpoint(connection, "NOOP")?;
        if log.written - log.copied > COPIED_WHEN_IDLE {
            log = checkpoint(connection, "PASSIVE")?;
        }
        self.shorten(connection, log)
    }

    /// Has the next writer begin a long log anew, once for each time that it has grown so much.
    fn shorten(&mut self, connection: &mut Connection, log: LogLength) -> rusqlite::Result<()> {
        if log.written <= LONG {
            self.tried_at = 0;
        } else if log.written > self.tried_at + LONG {
            self.tried_at = log.written;
            let log = begin_anew(connection);
            tracing::debug!(?log, "the write-ahead log was long");
        }
        Ok(())
    }
}

/// Copies a log of an import into the database that has become long: other writers can write meanwhile. A log that stays as
/// it is costs room, and nothing else.
pub(super) fn after_transaction(connection: &Connection) {
    let copied = checkpoint(connection, "NOOP").and_then(|log| match log.written - log.copied > LONG {
        true => checkpoint(connection, "PASSIVE").map(drop),
        false => Ok(()),
    });
    if let Err(error) = copied {
        tracing::debug!(%error, "the write-ahead log was not looked after");
    }
}

/// Copies what is left of a log into the database, and has the next writer begin it anew. Other connections are waited for, for a
/// moment.
pub(super) fn begin_anew(connection: &mut Connection) -> rusqlite::Result<LogLength> {
    connection.busy_handler(Some(wait_at_most(PATIENCE)))?;
    let log = checkpoint(connection, "RESTART");
    connection.busy_handler(Some(wait_at_most(BUSY_TIMEOUT)))?;
    log
}

/// Runs a checkpoint in this mode, as far as other connections allow, and answers what the log is after it.
pub(super) fn checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<LogLength> {
    let frames =
        |row: &rusqlite::Row<'_>| Ok((row.get::<_, bool>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?));
    let (is_kept, written, copied) =
        connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], frames)?;
    let page: u64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    // Where there is no log, SQLite answers -1.
    let bytes = |frames: i64| u64::try_from(frames).unwrap_or(0) * page;
    Ok(LogLength { written: bytes(written), copied: bytes(copied).min(bytes(written)), is_kept })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::infrastructure::sqlite::database_kind::EVENT_STORE;
    use crate::infrastructure::sqlite::schema;

    fn writer(path: &Path) -> Connection {
        schema::open_current(&EVENT_STORE, path).unwrap()
    }

    fn length(connection: &Connection) -> LogLength {
        checkpoint(connection, "NOOP").unwrap()
    }

    /// Writes about so many bytes to the log.
    fn write(connection: &Connection, bytes: u64) {
        let table = "CREATE TABLE IF NOT EXISTS filler (bytes BLOB)";
        connection.execute_batch(table).unwrap();
        connection.execute("INSERT INTO filler VALUES (zeroblob(?1))", [bytes]).unwrap();
    }

    #[test]
    fn idle_time_copies_a_log_over_4_mib_into_the_database_and_leaves_a_shorter_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = writer(&folder.path().join("events.db"));
        let mut checkpoints = Checkpoints::default();
        write(&connection, 1 << 20);
        checkpoints.when_idle(&mut connection).unwrap();
        let short = length(&connection);
        assert!(short.copied < short.written, "{short:?}");
        write(&connection, 5 << 20);
        checkpoints.when_idle(&mut connection).unwrap();
        let copied = length(&connection);
        assert!(copied.written > COPIED_WHEN_IDLE && copied.copied == copied.written, "{copied:?}");
    }

    #[test]
    fn a_busy_writer_looks_at_the_log_every_now_and_then_and_copies_only_a_long_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = writer(&folder.path().join("events.db"));
        let mut checkpoints = Checkpoints::default();
        let due = (0..2 * BATCHES).filter(|_| checkpoints.is_due()).count();
        assert_eq!(due, 2);
        write(&connection, 5 << 20);
        checkpoints.when_busy(&mut connection).unwrap();
        let busy = length(&connection);
        assert!(busy.copied < busy.written, "{busy:?}");
        write(&connection, LONG);
        checkpoints.when_busy(&mut connection).unwrap();
        write(&connection, 1);
        let anew = length(&connection);
        assert!(anew.written < COPIED_WHEN_IDLE, "it has begun anew: {anew:?}");
    }

    #[test]
    fn a_reader_is_waited_for_once_for_each_64_mib_and_never_for_long() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.db");
        let mut connection = writer(&path);
        write(&connection, 1);
        let reader = writer(&path);
        reader.execute_batch("BEGIN; SELECT * FROM filler").unwrap();
        write(&connection, LONG);
        let mut checkpoints = Checkpoints::default();
        checkpoints.when_busy(&mut connection).unwrap();
        let tried_at = checkpoints.tried_at;
        assert!(tried_at > LONG, "it was tried: {tried_at}");
        write(&connection, 1 << 20);
        checkpoints.when_busy(&mut connection).unwrap();
        assert_eq!(checkpoints.tried_at, tried_at, "and not again at once");
        drop(reader);
        write(&connection, LONG);
        checkpoints.when_busy(&mut connection).unwrap();
        write(&connection, 1);
        checkpoints.when_busy(&mut connection).unwrap();
        assert_eq!(checkpoints.tried_at, 0, "the log is short again");
    }
}
