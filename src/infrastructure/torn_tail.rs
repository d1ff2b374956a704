//! Whether a file of JSON lines ends within a line.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::durable::presence::metadata_if_present;

/// How much of the end is read at once, in bytes.
const LOOK: u64 = 64 << 10;
/// What is longer, in bytes, is no line that a program of the two systems writes.
const LONGEST_LINE: u64 = 64 << 20;

/// What follows the last whole line of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TornTail {
    /// Where it begins, in bytes.
    pub offset: u64,
    /// How long it is, in bytes.
    pub bytes: u64,
}

/// The torn end of a file; `None` where it ends with a line end or with a whole JSON value, and where there is no file.
///
/// # Errors
/// It cannot be read, or is no file.
pub fn torn_tail(path: &Path) -> io::Result<Option<TornTail>> {
    match metadata_if_present(path)? {
        None => return Ok(None),
        Some(metadata) if metadata.is_file() => {}
        Some(_) => return Err(io::Error::other("expected a file, found something else")),
    }
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let offset = start_of_last_line(&mut file, length)?;
    let torn = TornTail { offset, bytes: length - offset };
    if torn.bytes > LONGEST_LINE {
        return Ok(Some(torn));
    }
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(offset))?;
    file.take(length - offset).read_to_end(&mut tail)?;
    let is_whole =
        tail.trim_ascii().is_empty() || serde_json::from_slice::<serde::de::IgnoredAny>(&tail).is_ok();
    Ok((!is_whole).then_some(torn))
}

/// Where what follows the last line end of a file of that length begins, in bytes.
///
/// # Errors
/// It cannot be read.
pub(super) fn start_of_last_line(file: &mut File, length: u64) -> io::Result<u64> {
    let mut end = length;
    let mut piece = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(LOOK);
        piece.clear();
        file.seek(SeekFrom::Start(start))?;
        (&mut *file).take(end - start).read_to_end(&mut piece)?;
        if let Some(at) = memchr::memrchr(b'\n', &piece) {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_torn_where_its_end_is_no_whole_value() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines.jsonl");
        for (text, torn) in [
            ("", None),
            ("{}\n", None),
            ("{}\n{\"a\": 1}", None),
            ("{}\n \t", None),
            ("{}\n{\"a\": ", Some((3, 6))),
            ("{\"a\"", Some((0, 4))),
            ("{}\n\0\0\0", Some((3, 3))),
            ("{}\n{} {", Some((3, 4))),
        ] {
            fs::write(&path, text).unwrap();
            let expected = torn.map(|(offset, bytes)| TornTail { offset, bytes });
            assert_eq!(torn_tail(&path).unwrap(), expected, "{text:?}");
        }
    }

    #[test]
    fn no_file_is_not_torn_and_a_folder_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(torn_tail(&folder.path().join("none")).unwrap(), None);
        assert!(torn_tail(folder.path()).is_err());
    }

    #[test]
    fn the_last_line_is_found_however_long_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines.jsonl");
        for length in [0, 1, LOOK - 1, LOOK, LOOK + 1, 3 * LOOK] {
            for before in [&b""[..], b"x\n"] {
                fs::write(&path, [before, &vec![b'y'; length as usize]].concat()).unwrap();
                let mut file = File::open(&path).unwrap();
                let all = before.len() as u64 + length;
                assert_eq!(start_of_last_line(&mut file, all).unwrap(), before.len() as u64, "{length}");
            }
        }
    }
}
