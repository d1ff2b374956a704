//! Where the end of a file goes that was cut off within a record: into a file of its own beside it, with its bytes.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Creates the file for what is set aside of a file from `offset` on; with a number after it where that name is
/// taken.
///
/// # Errors
/// It cannot be created; with its path.
pub fn create_torn_copy(file: &Path, offset: u64) -> Result<(File, PathBuf), (PathBuf, io::Error)> {
    let mut attempt = 1;
    loop {
        let copy = torn_copy(file, offset, attempt);
        match File::create_new(&copy) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => attempt += 1,
            Err(error) => return Err((copy, error)),
            Ok(created) => return Ok((created, copy)),
        }
    }
}

/// `attempt`, from 1, tells names apart that are taken.
fn torn_copy(file: &Path, offset: u64, attempt: u32) -> PathBuf {
    let number = if attempt > 1 { format!("-{attempt}") } else { String::new() };
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".torn-{offset}{number}"));
    name.into()
}

/// Whether a file is named as one that [`create_torn_copy`] has created.
pub fn is_torn_copy(path: &Path) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.rsplit_once(".torn-").is_some_and(|(_, number)| {
        let (offset, attempt) = number.split_once('-').unwrap_or((number, "2"));
        is_number(offset) && is_number(attempt)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_aside_is_known_by_the_name_that_it_gets() {
        let day = Path::new("data/events-2025-10-25.jsonl");
        assert_eq!(torn_copy(day, 17, 1), Path::new("data/events-2025-10-25.jsonl.torn-17"));
        assert_eq!(torn_copy(day, 17, 2), Path::new("data/events-2025-10-25.jsonl.torn-17-2"));
        for attempt in 1..12 {
            assert!(is_torn_copy(&torn_copy(day, 0, attempt)), "{attempt}");
        }
        for name in ["a.torn-", "a.torn-x", "a.torn-1-", "a.torn-1-2-3", "a.torn", "torn-1", "a.torn-1.gz"] {
            assert!(!is_torn_copy(Path::new(name)), "{name}");
        }
    }

    #[test]
    fn no_earlier_copy_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("events.json");
        for name in ["events.json.torn-9", "events.json.torn-9-2", "events.json.torn-9-3"] {
            assert_eq!(create_torn_copy(&file, 9).unwrap().1, folder.path().join(name));
        }
        let (path, _) = create_torn_copy(&folder.path().join("none/events.json"), 9).unwrap_err();
        assert_eq!(path, folder.path().join("none/events.json.torn-9"));
    }
}
