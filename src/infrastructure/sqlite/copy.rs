//! A copy of a store, for what is tried on it.

use std::path::Path;

use super::database_kind::EVENT_STORE;
use super::error::SqliteError;
use super::{connection, schema};

/// Copies the store at `path`, as it is at one moment, into a new file; answers how many events it has. The store is only read.
///
/// # Errors
/// As [`SqliteEventRepository::open_for_reading`](super::SqliteEventRepository::open_for_reading), and where the copy cannot
/// be written.
pub fn copy_store(path: &Path, copy: &Path) -> Result<u64, SqliteError> {
    let connection = schema::open_checked_for_reading(&EVENT_STORE, path)?;
    // A connection for queries alone writes into no other file either.
    connection::allow_temporary_tables(path, &connection)?;
    let place = copy.to_str().ok_or_else(|| rusqlite::Error::InvalidPath(copy.to_owned()));
    let copied = place.and_then(|place| connection.execute("VACUUM INTO ?1", [place]));
    copied.map_err(|source| SqliteError::Sqlite { action: "copy", path: path.to_owned(), source })?;
    connection::open_existing(copy)?
        .query_row("SELECT count(*) FROM events", [], |row| row.get(0))
        .map_err(|source| SqliteError::Sqlite { action: "look at", path: copy.to_owned(), source })
}

/// The length of a store with its write-ahead log, in bytes.
///
/// # Errors
/// It cannot be looked at.
pub fn store_size_in_bytes(path: &Path) -> std::io::Result<u64> {
    schema::size_in_bytes(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::DomainEvent;
    use crate::domain::repository::EventRepository;
    use crate::domain::value_objects::StreamId;
    use crate::infrastructure::sqlite::SqliteEventRepository;
    use crate::wire::zone::Zone;

    #[test]
    fn a_copy_has_what_is_in_the_write_ahead_log_too_and_is_a_store_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let (path, copy) = (folder.path().join("events.db"), folder.path().join("it's a copy.db"));
        let store = SqliteEventRepository::open(&path, Zone::utc()).unwrap();
        let event = |id: &str| {
            let text =
                format!(r#"{{"event_id": "{id}", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z"}}"#);
            DomainEvent::from_json(&text, &Zone::utc()).unwrap()
        };
        store.save_events(&[event("e1"), event("e2")]).unwrap();
        assert_eq!(copy_store(&path, &copy).unwrap(), 2);
        let copied = SqliteEventRepository::open(&copy, Zone::utc()).unwrap();
        copied.save_event(&event("e3")).unwrap();
        let count =
            |store: &SqliteEventRepository| store.read_stream(&StreamId::single(), None, 9).unwrap().len();
        assert_eq!((count(&store), count(&copied)), (2, 3));
        assert!(copy_store(&path, &copy).is_err(), "nothing is written over");
    }
}
