//! What this program has left, in a file of its own beside the array: whether another program has written since.
//!
//! The note tells where the array ends, so that an append does not depend on its length, and by what the file is known
//! again. It is written without a sync. It may be lost, or older than the file, after a power cut, and may be deleted:
//! the array is read as a whole then, once.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::in_place::InPlaceFile;
use super::layout::ArrayEnd;
use crate::durable::links::file_identity;

/// A note is filled up with blanks to this length: it is written over without making the file shorter, or longer.
const LENGTH: usize = 512;

/// What is left in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub(super) enum Note {
    /// A whole array.
    Left { file: FileState, array: ArrayEnd },
    /// Bytes are being written from `offset` on, after which the file has `length`.
    Writing { device: u64, inode: u64, offset: u64, length: u64 },
}

/// By what it is seen that a file has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileState {
    /// 0 where the system does not say.
    pub device: u64,
    /// Likewise.
    pub inode: u64,
    /// In bytes.
    pub length: u64,
    /// Nanoseconds since 1970.
    modified: u64,
}

impl FileState {
    pub fn of(metadata: &Metadata) -> Self {
        let (device, inode) = file_identity(metadata).unwrap_or_default();
        let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let modified = modified.and_then(|time| u64::try_from(time.as_nanos()).ok()).unwrap_or(0);
        Self { device, inode, length: metadata.len(), modified }
    }

    /// Whether the file was changed last so long ago.
    pub fn is_older_than(self, age: Duration) -> bool {
        let modified = UNIX_EPOCH + Duration::from_nanos(self.modified);
        SystemTime::now().duration_since(modified).is_ok_and(|passed| passed >= age)
    }
}

impl Note {
    /// Whether a file that is sound up to `sound` was left so by a write of this program that was cut off.
    pub fn explains(&self, file: FileState, sound: u64) -> bool {
        match *self {
            Self::Left { .. } => false,
            Self::Writing { device, inode, offset, length } => {
                (device, inode) == (file.device, file.inode)
                    && (offset..=length).contains(&sound)
                    && file.length <= length
            }
        }
    }

    /// `None` where nothing is known.
    pub fn read(path: &Path) -> io::Result<Option<Self>> {
        match fs::read(path) {
            Ok(text) => Ok(serde_json::from_slice(&text).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub fn write(&self, path: &Path) -> io::Result<()> {
        let text = serde_json::to_string(self)?;
        let mut file = File::options().write(true).create(true).truncate(false).open(path)?;
        file.write_at(format!("{text:<width$}\n", width = LENGTH - 1).as_bytes(), 0)
    }
}
