//! The one place that opens a store.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Once};

use thiserror::Error;

use crate::application::moving::Standing;
use crate::domain::repository::{EventRepository, RepositoryError};
use crate::infrastructure::backend_at::BackendError;
#[cfg(feature = "postgres")]
use crate::infrastructure::config::PostgresUrl;
use crate::infrastructure::config::{Backend, Config};
use crate::infrastructure::jsonl::JsonlEventRepository;
#[cfg(feature = "postgres")]
use crate::infrastructure::postgres::{PostgresAddress, PostgresError, PostgresEventRepository};
use crate::infrastructure::sqlite::{SqliteError, SqliteEventRepository, standing_of};

/// Why there is no store to work with.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Nothing is there.
    #[error("there is no store at {}: `mission-events status` shows where stores are looked for and why, --store names another", path.display())]
    Missing {
        /// The path.
        path: PathBuf,
    },
    /// Something is there that no backend knows, or that cannot be read.
    #[error(transparent)]
    Backend(BackendError),
    /// The SQLite store could not be opened.
    #[error(transparent)]
    Sqlite(SqliteError),
    /// What the store stands as could not be found out.
    #[error(transparent)]
    Standing(RepositoryError),
    /// The JSONL store could not be opened.
    #[error(transparent)]
    Jsonl(RepositoryError),
    /// The PostgreSQL store could not be opened.
    #[cfg(feature = "postgres")]
    #[error(transparent)]
    Postgres(PostgresError),
}

#[cfg(feature = "postgres")]
impl From<PostgresError> for StoreError {
    fn from(error: PostgresError) -> Self {
        match error {
            PostgresError::Missing { address } => Self::Missing { path: address.url().as_path().to_owned() },
            error => Self::Postgres(error),
        }
    }
}

impl From<SqliteError> for StoreError {
    fn from(error: SqliteError) -> Self {
        match error {
            SqliteError::Missing { path } => Self::Missing { path },
            error => Self::Sqlite(error),
        }
    }
}

impl From<BackendError> for StoreError {
    fn from(error: BackendError) -> Self {
        match error {
            BackendError::Missing { path } => Self::Missing { path },
            error => Self::Backend(error),
        }
    }
}

/// An open store, when it matters which one.
pub enum OpenStore {
    /// Daily JSONL files.
    Jsonl(Box<JsonlEventRepository>),
    /// One SQLite database.
    Sqlite(Box<SqliteEventRepository>),
    /// A schema of a PostgreSQL database.
    #[cfg(feature = "postgres")]
    Postgres(Box<PostgresEventRepository>),
}

impl OpenStore {
    /// Opens the store at `path` for queries; nothing is made or changed.
    pub fn for_reading(backend: Backend, path: &Path, config: &Config) -> Result<Self, StoreError> {
        let zone = config.timezone.value.clone();
        match backend {
            Backend::Sqlite => {
                Ok(Self::Sqlite(Box::new(SqliteEventRepository::open_for_reading(path, zone)?)))
            }
            Backend::Jsonl => match JsonlEventRepository::open_existing(path, zone) {
                Ok(Some(store)) => Ok(Self::Jsonl(Box::new(store))),
                Ok(None) => Err(StoreError::Missing { path: path.to_owned() }),
                Err(error) => Err(StoreError::Jsonl(error)),
            },
            #[cfg(feature = "postgres")]
            Backend::Postgres => {
                let address = PostgresAddress::of_path(path).map_err(PostgresError::from)?;
                Ok(Self::Postgres(Box::new(PostgresEventRepository::open_for_reading(address, zone)?)))
            }
        }
    }

    /// The store as its port.
    pub fn repository(&self) -> &dyn EventRepository {
        match self {
            Self::Jsonl(store) => &**store,
            Self::Sqlite(store) => &**store,
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => &**store,
        }
    }

    /// What it stands as.
    ///
    /// # Errors
    /// It could not be looked at.
    pub fn standing(&self) -> Result<Standing, RepositoryError> {
        match self {
            Self::Jsonl(_) => Ok(Standing::Own),
            Self::Sqlite(store) => store.standing(),
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.standing(),
        }
    }

    /// The store as its port, shared.
    pub fn into_repository(self) -> Arc<dyn EventRepository> {
        match self {
            Self::Jsonl(store) => Arc::new(*store),
            Self::Sqlite(store) => Arc::new(*store),
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => Arc::new(*store),
        }
    }
}

/// Opens the active store for queries.
pub fn open_active(config: &Config) -> Result<OpenStore, StoreError> {
    let backend = config.storage_backend.value;
    OpenStore::for_reading(backend, configured_path(backend, config), config)
}

/// The same for a command that answers from it: one that was moved is told as such.
pub fn open_to_answer(config: &Config) -> Result<OpenStore, StoreError> {
    let store = open_active(config)?;
    tell_of_move(
        &store.standing().map_err(StoreError::Standing)?,
        configured_path(config.storage_backend.value, config),
    );
    Ok(store)
}

/// Opens the active store for handling its events: one that was moved is refused, as it gets none any more.
pub fn open_to_handle(config: &Config) -> Result<OpenStore, StoreError> {
    let store = open_active(config)?;
    let Standing::Moved { to } = store.standing().map_err(StoreError::Standing)? else { return Ok(store) };
    Err(match store {
        #[cfg(feature = "postgres")]
        OpenStore::Postgres(store) => {
            StoreError::Postgres(PostgresError::Moved { address: Box::new(store.address().clone()), to })
        }
        _ => {
            let path = configured_path(config.storage_backend.value, config).to_owned();
            StoreError::Sqlite(SqliteError::Moved { path, to })
        }
    })
}

/// Tells of the store that a command reads by other means where it was moved to. What cannot be opened, the command tells.
pub fn tell_where_moved(backend: Backend, config: &Config) {
    let path = configured_path(backend, config);
    let standing = match backend {
        Backend::Jsonl => None,
        Backend::Sqlite => standing_of(path).ok(),
        #[cfg(feature = "postgres")]
        Backend::Postgres => {
            OpenStore::for_reading(backend, path, config).ok().and_then(|store| store.standing().ok())
        }
    };
    standing.iter().for_each(|standing| tell_of_move(standing, path));
}

fn tell_of_move(standing: &Standing, path: &Path) {
    static TOLD: Once = Once::new();
    if let Standing::Moved { to } = standing {
        TOLD.call_once(|| {
            tracing::warn!(
                "{} was moved to {to}, and gets no events any more: what is answered is of the store as it was then; name that store in \
                 the settings (storage.backend, and its place), or by --store",
                path.display()
            );
        });
    }
}

/// Where the settings say that the store of this backend is.
pub fn configured_path(backend: Backend, config: &Config) -> &Path {
    match backend {
        Backend::Jsonl => &config.jsonl_dir.value,
        Backend::Sqlite => &config.sqlite_path.value,
        #[cfg(feature = "postgres")]
        Backend::Postgres => config.postgres_url.value.as_ref().map_or(Path::new(""), PostgresUrl::as_path),
    }
}
