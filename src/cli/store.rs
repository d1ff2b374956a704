//! Which store a path is, and the one place that opens it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::domain::repository::{EventRepository, RepositoryError};
use crate::infrastructure::config::{Backend, Config};
use crate::infrastructure::jsonl::JsonlEventRepository;
use crate::infrastructure::sqlite::{MAGIC, SqliteError, SqliteEventRepository};

/// Why there is no store to work with.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Nothing is there.
    #[error("there is no store at {}: `mission-events status` shows where stores are looked for and why, --store names another", path.display())]
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
    /// Its first bytes could not be read.
    #[error("could not look at {}", path.display())]
    Look {
        /// The path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The SQLite store could not be opened.
    #[error(transparent)]
    Sqlite(SqliteError),
    /// The JSONL store could not be opened.
    #[error(transparent)]
    Jsonl(RepositoryError),
}

impl From<SqliteError> for StoreError {
    fn from(error: SqliteError) -> Self {
        match error {
            SqliteError::Missing { path } => Self::Missing { path },
            error => Self::Sqlite(error),
        }
    }
}

/// An open store, when it matters which one.
pub enum OpenStore {
    /// Daily JSONL files.
    Jsonl(JsonlEventRepository),
    /// One SQLite database.
    Sqlite(SqliteEventRepository),
}

impl OpenStore {
    /// Opens the store at `path` for queries; nothing is made or changed.
    pub fn for_reading(backend: Backend, path: &Path, config: &Config) -> Result<Self, StoreError> {
        let zone = config.timezone.value.clone();
        match backend {
            Backend::Sqlite => Ok(Self::Sqlite(SqliteEventRepository::open_for_reading(path, zone)?)),
            Backend::Jsonl => match JsonlEventRepository::open_existing(path, zone) {
                Ok(Some(store)) => Ok(Self::Jsonl(store)),
                Ok(None) => Err(StoreError::Missing { path: path.to_owned() }),
                Err(error) => Err(StoreError::Jsonl(error)),
            },
        }
    }

    /// The store as its port.
    pub fn repository(&self) -> &dyn EventRepository {
        match self {
            Self::Jsonl(store) => store,
            Self::Sqlite(store) => store,
        }
    }
}

/// Opens the active store for queries.
pub fn open_active(config: &Config) -> Result<OpenStore, StoreError> {
    let backend = config.storage_backend.value;
    OpenStore::for_reading(backend, configured_path(backend, config), config)
}

/// Where the settings say that the store of this backend is.
pub fn configured_path(backend: Backend, config: &Config) -> &Path {
    match backend {
        Backend::Jsonl => &config.jsonl_dir.value,
        Backend::Sqlite => &config.sqlite_path.value,
    }
}

/// Which backend's store lies at `path`, by its content. An empty file is a SQLite database that
/// holds nothing yet.
///
/// To be asked before SQLite opens the file: a process that closes a database file by other means
/// loses the locks that SQLite holds on it.
pub fn backend_at(path: &Path) -> Result<Backend, StoreError> {
    let look = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => StoreError::Missing { path: path.to_owned() },
        _ => StoreError::Look { path: path.to_owned(), source },
    };
    let no_store = |found| StoreError::NotAStore { path: path.to_owned(), found };
    let metadata = fs::metadata(path).map_err(look)?;
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
        for other in [&b"S"[..], b"SQLite format 4\0", b"[]", b"\xff"] {
            fs::write(&file, other).unwrap();
            assert!(matches!(backend_at(&file), Err(StoreError::NotAStore { .. })), "{other:?}");
        }
        assert!(matches!(backend_at(&folder.path().join("nothing")), Err(StoreError::Missing { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_refused_without_being_read() {
        assert!(matches!(backend_at(Path::new("/dev/zero")), Err(StoreError::NotAStore { .. })));
    }
}
