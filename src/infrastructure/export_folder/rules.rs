//! What holds for every file of an export.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::kept_files::KeptFiles;
use crate::application::export::PlaceError;
use crate::durable::lock::{FileLock, LockError};
use crate::infrastructure::side_files::LOCK_OF_A_FOLDER;

/// How long other writers of a folder are waited for.
const PATIENCE: Duration = Duration::from_secs(15);

/// What may be replaced, what is kept clear of, and which locks are taken.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    /// Files that exist are replaced, where nothing is lost with them.
    pub replace: bool,
    pub kept: KeptFiles,
    /// A folder that is a JSONL store, also while it has no lock yet.
    pub jsonl_store: Option<PathBuf>,
    /// How long other writers are waited for.
    pub patience: Duration,
}

impl Rules {
    /// Those of a folder that keeps clear of nothing yet.
    pub fn new(replace: bool) -> Self {
        Self { replace, kept: KeptFiles::default(), jsonl_store: None, patience: PATIENCE }
    }

    /// Keeps other exports out of a folder, and the writers of a JSONL store, where it is one.
    pub fn lock(&self, folder: &Path) -> Result<Vec<FileLock>, PlaceError> {
        let mut locks = Vec::new();
        #[cfg(unix)]
        match FileLock::of_folder(folder, self.patience) {
            Ok(lock) => locks.push(lock),
            Err(held @ LockError::Held) => return Err(locked(folder, self.patience)(held)),
            // Not every file system locks folders. There, the last look at the files has to do.
            Err(LockError::Open(_) | LockError::Refused(_)) => {}
        }
        let side_file = folder.join(LOCK_OF_A_FOLDER);
        if self.jsonl_store.as_deref() == Some(folder) || side_file.try_exists()? {
            let lock = FileLock::exclusive(&side_file, self.patience);
            locks.push(lock.map_err(locked(&side_file, self.patience))?);
        }
        Ok(locks)
    }
}

fn locked(path: &Path, patience: Duration) -> impl FnOnce(LockError) -> PlaceError {
    move |error| match error {
        LockError::Open(source) | LockError::Refused(source) => source.into(),
        LockError::Held => PlaceError::Locked { path: path.to_owned(), seconds: patience.as_secs() },
    }
}
