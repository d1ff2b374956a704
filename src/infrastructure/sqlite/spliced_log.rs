//! A write-ahead log beside a database that it was not written for: one of them was restored or copied without the other.
//!
//! SQLite applies every sound log that lies there, and puts it into the database when the last connection is closed. A log
//! of before takes a later database back; one of a later state leaves an earlier database without the pages between. Both
//! are seen by what only grows: the position of the last event that was ever stored, and the pages of the file.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::error::SqliteError;
use crate::durable::links::follow_links;
use crate::infrastructure::side_files::{WRITE_AHEAD_LOG, with_suffix};

/// The header of a log, and that of each page in it.
const LOG_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// What the log of a database in use can have gone on to meanwhile is looked at again.
const LOOKS: usize = 5;

/// Whether a log lies beside the database that holds something.
pub(super) fn has_log(path: &Path) -> bool {
    let log = follow_links(path).map(|place| with_suffix(&place, WRITE_AHEAD_LOG));
    let is_file = !path.as_os_str().is_empty();
    is_file && log.and_then(fs::metadata).is_ok_and(|log| log.len() > LOG_HEADER as u64)
}

/// Refuses a log that was not written for the database as it is. What `connection` sees is the database with the log.
pub(super) fn refuse(path: &Path, connection: &Connection) -> Result<(), SqliteError> {
    let looked = |source| SqliteError::Look { path: path.to_owned(), source };
    let place = follow_links(path).map_err(looked)?;
    let log = with_suffix(&place, WRITE_AHEAD_LOG);
    let refused =
        |detail: String| Err(SqliteError::SplicedLog { path: path.to_owned(), log: log.clone(), detail });
    // In this order: what another process stores meanwhile is in the log, or in both.
    let without = without_log(&place).ok().as_ref().and_then(last_position);
    if let (Some(without), Some(with)) = (without, last_position(connection))
        && with < without
    {
        return refused(format!(
            "the database has events up to position {without} by itself, and the log is of a time when it had some up to \
             {with}: move the log away, which is older"
        ));
    }
    match missing_pages(&place, &log).map_err(looked)? {
        0 => Ok(()),
        pages => refused(format!(
            "the log goes on from a later state of the database, of which {pages} pages are in neither: put the database \
             back that the log was written for; or move the log away, to go on without what is in it"
        )),
    }
}

/// The database by itself.
pub(super) fn without_log(place: &Path) -> rusqlite::Result<Connection> {
    let mut uri = "file:".to_owned();
    for byte in place.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                uri.push(char::from(*byte))
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(uri + "?immutable=1", flags)
}

/// The position of the last event that was ever stored; `None` where that is not written down.
fn last_position(connection: &Connection) -> Option<i64> {
    connection.query_row("SELECT last_position FROM stored_rows", [], |row| row.get(0)).ok()
}

/// How many pages of the database with its log are in neither.
fn missing_pages(place: &Path, log: &Path) -> io::Result<u64> {
    let mut missing = 0;
    for _ in 0..LOOKS {
        let Some(mut before) = Log::open(log)? else { return Ok(0) };
        let bytes = fs::metadata(place)?.len();
        missing = before.missing(bytes / before.page_size)?;
        let is_settled = fs::metadata(place)?.len() == bytes
            && Log::open(log)?.is_some_and(|after| after.header == before.header);
        if missing == 0 || is_settled {
            break;
        }
    }
    Ok(missing)
}

struct Log {
    file: File,
    header: [u8; LOG_HEADER],
    page_size: u64,
}

impl Log {
    /// `None` where there is none, or nothing of it counts.
    fn open(log: &Path) -> io::Result<Option<Self>> {
        let mut file = match File::open(log) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let Some(header) = read_at(&mut file, 0)? else { return Ok(None) };
        let page_size = u64::from(number(&header, 8));
        Ok((page_size > 0).then_some(Self { file, header, page_size }))
    }

    /// How many of the pages beyond `pages` are not in the log, of those that the database has with it.
    fn missing(&mut self, pages: u64) -> io::Result<u64> {
        let (mut beyond, mut size) = (BTreeSet::new(), 0);
        let mut at = LOG_HEADER as u64;
        while let Some(frame) = read_at::<FRAME_HEADER>(&mut self.file, at)? {
            // What follows is of an earlier round of the log.
            if frame[8..16] != self.header[16..24] {
                break;
            }
            let (page, size_after) = (u64::from(number(&frame, 0)), u64::from(number(&frame, 4)));
            if page > pages {
                beyond.insert(page);
            }
            // A page that ends no transaction says zero.
            if size_after > 0 {
                size = size_after;
            }
            at += FRAME_HEADER as u64 + self.page_size;
        }
        let found = beyond.range(..=size).count() as u64;
        Ok(size.saturating_sub(pages).saturating_sub(found))
    }
}

/// The bytes from a place on; `None` where the file ends within them.
fn read_at<const N: usize>(file: &mut File, at: u64) -> io::Result<Option<[u8; N]>> {
    let mut bytes = [0; N];
    file.seek(SeekFrom::Start(at))?;
    match file.read_exact(&mut bytes) {
        Ok(()) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// The big-endian number at a place.
fn number(bytes: &[u8], at: usize) -> u32 {
    bytes[at..at + 4].iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::process::Command;

    use super::*;
    use crate::domain::event::DomainEvent;
    use crate::domain::repository::EventRepository;
    use crate::infrastructure::sqlite::SqliteEventRepository;
    use crate::wire::zone::Zone;

    /// A folder with the states of a store that grows: each a database and the log beside it.
    struct States {
        folder: tempfile::TempDir,
        store: SqliteEventRepository,
        stored: usize,
    }

    impl States {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let store = SqliteEventRepository::open(folder.path().join("events.db"), Zone::utc()).unwrap();
            Self { folder, store, stored: 0 }
        }

        fn save(&mut self, events: usize) {
            for _ in 0..events {
                self.stored += 1;
                let (id, title) = (self.stored, "x".repeat(500));
                let text = format!(
                    r#"{{"event_id": "e{id}", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z", "title": "{title}"}}"#
                );
                self.store.save_event(&DomainEvent::from_json(&text, &Zone::utc()).unwrap()).unwrap();
            }
        }

        /// Puts the log into the database.
        fn checkpoint(&self) {
            let other = Connection::open(self.folder.path().join("events.db")).unwrap();
            other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        }

        /// Keeps database and log as they are. By another process: one that closes a file loses its locks.
        fn keep(&self, name: &str) {
            for suffix in ["", WRITE_AHEAD_LOG] {
                let [from, to] = ["events.db", name].map(|name| self.path(name, suffix));
                assert!(Command::new("cp").arg(from).arg(to).status().unwrap().success());
            }
        }

        fn path(&self, name: &str, suffix: &str) -> PathBuf {
            with_suffix(&self.folder.path().join(name), suffix)
        }

        /// A store that has the database of one state and the log of another one.
        fn spliced(&self, database: &str, log: &str) -> PathBuf {
            let store = self.path(&format!("{database} with {log}? 100%.db"), "");
            fs::copy(self.path(database, ""), &store).unwrap();
            fs::copy(self.path(log, WRITE_AHEAD_LOG), with_suffix(&store, WRITE_AHEAD_LOG)).unwrap();
            store
        }
    }

    #[test]
    fn a_log_is_refused_beside_an_earlier_or_later_database_and_both_stay_as_they_are() {
        let mut states = States::new();
        for (name, events) in [("first", 30), ("second", 40), ("third", 400)] {
            states.save(events);
            states.checkpoint();
            // Fewer than make SQLite put the log into the database.
            states.save(20);
            states.keep(name);
        }
        for name in ["first", "second", "third"] {
            assert!(fs::metadata(states.path(name, WRITE_AHEAD_LOG)).unwrap().len() > 0);
            let sound = states.spliced(name, name);
            assert!(SqliteEventRepository::open(&sound, Zone::utc()).is_ok(), "{name}");
        }
        for (database, log, expected) in [
            ("third", "first", "it had some up to 50:"),
            ("third", "second", "it had some up to 110:"),
            ("second", "first", "it had some up to 50:"),
            ("first", "third", "pages are in neither"),
            ("second", "third", "pages are in neither"),
        ] {
            let store = states.spliced(database, log);
            let files = ["", WRITE_AHEAD_LOG].map(|suffix| with_suffix(&store, suffix));
            let before = files.each_ref().map(|file| fs::read(file).unwrap());
            for _ in 0..2 {
                let error = SqliteEventRepository::open(&store, Zone::utc()).err().unwrap();
                assert!(matches!(error, SqliteError::SplicedLog { .. }), "{database} {log}: {error}");
                assert!(error.to_string().contains(expected), "{database} {log}: {error}");
            }
            assert_eq!(files.each_ref().map(|file| fs::read(file).unwrap()), before, "{database} {log}");
        }
    }

    #[test]
    fn a_store_in_use_is_opened_whatever_is_written_and_put_into_it_meanwhile() {
        let mut states = States::new();
        let path = states.path("events.db", "");
        for round in 0..40_u64 {
            states.save(7);
            if round % 3 == 0 {
                states.checkpoint();
            }
            let reader = SqliteEventRepository::open(&path, Zone::utc()).unwrap();
            assert_eq!(reader.summary().unwrap().events, 7 * (round + 1));
        }
    }
}
