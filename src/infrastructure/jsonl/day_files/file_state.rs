//! What another content of a file shows in, without reading it.

use std::fs::Metadata;
use std::time::{Duration, SystemTime};

use crate::durable::links::file_identity;

/// A file that changed less than this ago can change again without a sign: file systems count time in steps.
pub(in super::super) const SETTLED_AFTER: Duration = Duration::from_secs(3);

/// A file as it was at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct FileState {
    pub identity: (u64, u64),
    /// In bytes.
    pub length: u64,
    /// `None` where the file system does not tell.
    modified: Option<SystemTime>,
}

impl FileState {
    pub fn of(metadata: &Metadata) -> Self {
        Self { identity: identity(metadata), length: metadata.len(), modified: metadata.modified().ok() }
    }

    /// Whether a further change would show.
    pub fn is_settled(&self, now: SystemTime) -> bool {
        let age = self.modified.and_then(|modified| now.duration_since(modified).ok());
        age.is_some_and(|age| age > SETTLED_AFTER)
    }
}

/// The files of a day as they were at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct DayState {
    /// In the order of their contents.
    pub archived: Vec<FileState>,
    /// The file that is appended to.
    pub live: Option<FileState>,
}

impl DayState {
    /// Whether a further change of a file would show.
    pub fn is_settled(&self, now: SystemTime) -> bool {
        self.archived.iter().chain(&self.live).all(|file| file.is_settled(now))
    }

    /// Whether these are the same files, though the one that is appended to may have grown or shrunk.
    pub fn has_files_of(&self, other: &Self) -> bool {
        let identity = |state: &Self| state.live.as_ref().map(|live| live.identity);
        self.archived == other.archived && identity(self) == identity(other)
    }
}

/// A folder as it was at one moment: as long as it stays so, no name in it was added, taken away or given to another file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct FolderState {
    identity: (u64, u64),
    /// When a name was changed last. No program can set that time.
    #[cfg(unix)]
    changed: (i64, i64),
}

#[cfg(unix)]
impl FolderState {
    /// `None` where a further change may not show: after the last one, for so long.
    pub fn settled(metadata: &Metadata, after: Duration, now: SystemTime) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        Self::at(identity(metadata), (metadata.ctime(), metadata.ctime_nsec()), after, now)
    }

    fn at(identity: (u64, u64), changed: (i64, i64), after: Duration, now: SystemTime) -> Option<Self> {
        // Some file systems keep no such time: FAT of its root, for one.
        if changed == (0, 0) {
            return None;
        }
        let since = Duration::new(u64::try_from(changed.0).ok()?, u32::try_from(changed.1).ok()?);
        let age = now.duration_since(SystemTime::UNIX_EPOCH + since).ok()?;
        (age > after).then_some(Self { identity, changed })
    }
}

#[cfg(not(unix))]
impl FolderState {
    /// The system does not tell.
    pub fn settled(_: &Metadata, _: Duration, _: SystemTime) -> Option<Self> {
        None
    }
}

/// What tells a file from another that took its name. Where the system does not say, a replaced file shows in its
/// length alone.
pub(in super::super) fn identity(metadata: &Metadata) -> (u64, u64) {
    file_identity(metadata).unwrap_or_default()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_known_by_the_time_of_its_last_change_once_a_further_one_would_have_another() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        let at = |changed| FolderState::at((1, 2), changed, SETTLED_AFTER, now);
        assert_eq!(at((996, 0)), at((996, 0)));
        assert_ne!(at((996, 0)), at((996, 1)));
        for changed in [(997, 0), (999, 0), (1_001, 0), (-1, 0)] {
            assert_eq!(at(changed), None, "{changed:?}");
        }
        assert_eq!(at((0, 0)), None, "the file system keeps no such time");
    }
}
