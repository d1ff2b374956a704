//! Which store a path is.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::durable::presence::metadata_if_present;
use crate::infrastructure::backup_folder::is_backup;
use crate::infrastructure::config::Backend;
use crate::infrastructure::sqlite::MAGIC;

/// Why a path is no store.
#[derive(Debug, Error)]
pub enum BackendError {
    /// Nothing is there.
    #[error("there is nothing at {}", path.display())]
    Missing {
        /// The path.
        path: PathBuf,
    },
    /// Something is there that no backend knows.
    #[error("{} is no store: expected a folder of daily JSONL files or a SQLite database, found {found}", path.display())]
    NotAStore {
        /// The path.
        path: PathBuf,
        /// What it is.
        found: String,
    },
    /// Whether anything is there could not be told, or its first bytes not be read.
    #[error("could not look at {}", path.display())]
    Look {
        /// The path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Which backend's store lies at `path`, by its content. An empty file is a SQLite database that
/// holds nothing yet.
///
/// To be asked before SQLite opens the file: a process that closes a database file by other means
/// loses the locks that SQLite holds on it.
pub fn backend_at(path: &Path) -> Result<Backend, BackendError> {
    let look = |source: io::Error| BackendError::Look { path: path.to_owned(), source };
    let no_store = |found| BackendError::NotAStore { path: path.to_owned(), found };
    let metadata = metadata_if_present(path).map_err(look)?;
    let metadata = metadata.ok_or_else(|| BackendError::Missing { path: path.to_owned() })?;
    if metadata.is_dir() && is_backup(path) {
        let backup = "a backup: `restore --from` makes a store of it, and in it the file events.db or the folder events can be read";
        return Err(no_store(backup.to_owned()));
    }
    if metadata.is_dir() {
        return Ok(Backend::Jsonl);
    }
    if !metadata.is_file() {
        return Err(no_store("neither a file nor a folder".to_owned()));
    }
    let mut beginning = Vec::with_capacity(MAGIC.len());
    let mut file = File::open(path).map_err(look)?.take(MAGIC.len() as u64);
    file.read_to_end(&mut beginning).map_err(look)?;
    if beginning.is_empty() || beginning == MAGIC {
        return Ok(Backend::Sqlite);
    }
    Err(no_store(format!("a file that begins with {:?}", String::from_utf8_lossy(&beginning))))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_store_is_known_by_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("some.file");
        assert_eq!(backend_at(folder.path()).unwrap(), Backend::Jsonl);
        for database in [&b""[..], b"SQLite format 3\0", b"SQLite format 3\0 and more"] {
            fs::write(&file, database).unwrap();
            assert_eq!(backend_at(&file).unwrap(), Backend::Sqlite);
        }
        for stranger in [&b"S"[..], b"SQLite format 4\0", b"[]", b"\xff"] {
            fs::write(&file, stranger).unwrap();
            assert!(matches!(backend_at(&file), Err(BackendError::NotAStore { .. })), "{stranger:?}");
        }
        assert!(matches!(backend_at(&folder.path().join("nothing")), Err(BackendError::Missing { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_refused_without_being_read() {
        assert!(matches!(backend_at(Path::new("/dev/zero")), Err(BackendError::NotAStore { .. })));
    }
}
