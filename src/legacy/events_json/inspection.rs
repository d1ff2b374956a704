//! Looks at the array without changing it, and without the right to write.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::EventsJsonError;
use super::note::{FileState, Note};
use super::scan::{Scanned, scan};
use crate::durable::links::follow_links;
use crate::durable::lock::{FileLock, LockError};
use crate::durable::presence::metadata_if_present;

/// How long an append of this program may go on.
const PATIENCE: Duration = Duration::from_secs(15);

/// What stands at the path of the legacy log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inspection {
    /// What the file holds.
    pub content: InspectedContent,
    /// Whether another program has written the file since this one did. False where it is not known.
    pub is_of_another_program: bool,
}

/// What the file of the legacy log holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InspectedContent {
    /// A whole array.
    Whole,
    /// The beginning of one.
    Torn {
        /// How many bytes of it are sound.
        sound: u64,
        /// How many bytes follow.
        rest: u64,
    },
    /// Something else.
    NoArray {
        /// Where an array should begin, in bytes.
        offset: u64,
    },
}

/// Looks at the file, waiting for an append of this program that goes on; `None` where there is no file.
///
/// # Errors
/// It cannot be read, or is no file.
pub fn inspect(path: &Path) -> Result<Option<Inspection>, EventsJsonError> {
    let path = &follow_links(path).map_err(EventsJsonError::io("find", path))?;
    match metadata_if_present(path).map_err(EventsJsonError::io("look at", path))? {
        None => return Ok(None),
        Some(metadata) if metadata.is_file() => {}
        Some(metadata) => {
            let found = if metadata.is_dir() { "a folder" } else { "something else" };
            return Err(EventsJsonError::NotAFile { path: path.clone(), found });
        }
    }
    let lock = beside(path, ".lock");
    let _lock = match FileLock::shared(&lock, PATIENCE) {
        Ok(lock) => Some(lock),
        // Without one that can be read nothing is being appended, or nothing keeps it from that.
        Err(LockError::Open(_)) => None,
        Err(error) => return Err(EventsJsonError::lock(error, &lock, PATIENCE)),
    };
    let note = beside(path, ".end");
    let note = Note::read(&note).map_err(EventsJsonError::io("read", &note))?;
    let failed = || EventsJsonError::io("read", path);
    let file = File::open(path).map_err(failed())?;
    let state = FileState::of(&file.metadata().map_err(failed())?);
    let content = match scan(&file).map_err(failed())? {
        Scanned::Whole(_) => InspectedContent::Whole,
        Scanned::Cut(cut) => {
            InspectedContent::Torn { sound: cut.sound, rest: state.length.saturating_sub(cut.sound) }
        }
        Scanned::NoArray { offset, .. } => InspectedContent::NoArray { offset },
    };
    let is_of_another_program = matches!(note, Some(Note::Left { file, .. }) if file != state);
    Ok(Some(Inspection { content, is_of_another_program }))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::{EventsJson, LegacyWriter};
    use super::*;

    const EVENT: &str = r#"{"type": "TaskCreated", "task_id": "T1", "timestamp": "2025-10-25T10:00:00"}"#;

    #[test]
    fn what_this_program_has_left_is_whole_and_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.json");
        assert_eq!(inspect(&path).unwrap(), None);
        EventsJson::open(path.clone(), LegacyWriter::This).unwrap().append(EVENT).unwrap();
        let found = inspect(&path).unwrap().unwrap();
        assert_eq!(found, Inspection { content: InspectedContent::Whole, is_of_another_program: false });
    }

    #[test]
    fn what_another_program_has_written_since_is_told_and_where_nothing_is_known_it_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.json");
        fs::write(&path, format!("[{EVENT}]")).unwrap();
        assert!(!inspect(&path).unwrap().unwrap().is_of_another_program);
        EventsJson::open(path.clone(), LegacyWriter::This).unwrap().append(EVENT).unwrap();
        fs::write(&path, format!("[{EVENT}]")).unwrap();
        assert!(inspect(&path).unwrap().unwrap().is_of_another_program);
    }

    #[test]
    fn a_torn_array_and_another_content_are_told_and_nothing_is_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.json");
        let sound = EVENT.len() as u64 + 1;
        for (text, content) in [
            (format!("[{EVENT}, {{\"ty"), InspectedContent::Torn { sound, rest: 6 }),
            (String::new(), InspectedContent::Torn { sound: 0, rest: 0 }),
            ("{}".to_owned(), InspectedContent::NoArray { offset: 0 }),
        ] {
            fs::write(&path, &text).unwrap();
            assert_eq!(inspect(&path).unwrap().unwrap().content, content, "{text}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no lock is made");
        assert!(inspect(folder.path()).is_err());
    }
}
