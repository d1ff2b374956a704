//! Why definitions were not read or changed.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use crate::legacy::definition::InvalidDefinition;

/// How long another process's change is waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

/// Why definitions were not read or changed. Nothing was changed then.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The system refused something.
    #[error("could not {action} {}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Another process held the lock for too long.
    #[error("another process has been changing {} for {} s: is one stopped in the middle?", path.display(), PATIENCE.as_secs())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The file is no JSON, or JSON that cannot be written back as it is.
    #[error("{}, line {line}, byte {byte}: {reason}; the file was not changed: {}", path.display(), way_out(backup.as_deref()))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// From 0, in the file.
        byte: usize,
        /// What was expected, and what came.
        reason: String,
        /// The newest backup that can be read.
        backup: Option<PathBuf>,
    },
    /// The file holds something that is no list of definitions.
    #[error("{}: expected an array of definitions, {{\"events\": [...]}} or an object of definitions by id, found {found}; {}", path.display(), way_out(backup.as_deref()))]
    Shape {
        /// The file.
        path: PathBuf,
        /// What is there.
        found: &'static str,
        /// The newest backup that can be read.
        backup: Option<PathBuf>,
    },
    /// One of the definitions is none.
    #[error("{}, definition {number}{}: {reason}; correct it there", path.display(), named(id.as_deref()))]
    Definition {
        /// The file.
        path: PathBuf,
        /// From 1, in the order of the file.
        number: usize,
        /// Its id, where it has one.
        id: Option<String>,
        /// What is wrong with it.
        reason: Box<InvalidDefinition>,
    },
    /// Two definitions of the file have one id.
    #[error("{}, definition {number}: the id {id:?} is taken by definition {first}: rename or remove one of the two there", path.display())]
    Twice {
        /// The file.
        path: PathBuf,
        /// From 1, in the order of the file.
        number: usize,
        /// The other one.
        first: usize,
        /// The id of both.
        id: String,
    },
    /// A definition was to be added whose id is taken.
    #[error("there is a definition {id:?} already in {}: remove it first, or choose another id", path.display())]
    Taken {
        /// The file.
        path: PathBuf,
        /// The id.
        id: String,
    },
    /// A definition was to be written that would not be read again.
    #[error("the definition {id:?} cannot be stored")]
    Invalid {
        /// Its id.
        id: String,
        /// What is wrong with it.
        #[source]
        source: Box<InvalidDefinition>,
    },
}

impl RegistryError {
    /// Makes the error of a failed system call.
    pub(super) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { action, path, source }
    }
}

fn way_out(backup: Option<&Path>) -> String {
    match backup {
        Some(backup) => {
            format!("correct it, or copy the newest backup that can be read over it, {}", backup.display())
        }
        None => "correct it, or move it away to begin with no definitions; no backup can be read".to_owned(),
    }
}

fn named(id: Option<&str>) -> String {
    id.map(|id| format!(" ({id:?})")).unwrap_or_default()
}
