//! Files that are to be opened: what is no file is refused before anything waits for it.

use std::fs::{File, FileType, Metadata};
use std::io::{self, Read};
use std::path::Path;

use thiserror::Error;

use crate::durable::presence::metadata_if_present;

/// Something else than a file is in its place.
#[derive(Debug, Error)]
#[error("expected a file there, found {found}: move it away")]
struct NotAFile {
    found: &'static str,
}

/// As [`metadata_if_present`], of a file that is to be opened: a pipe would have that wait, maybe for ever, and a device
/// is no place for what is to last.
///
/// # Errors
/// As there; or it is no file, and the error says what it is.
pub fn file_if_present(path: &Path) -> io::Result<Option<Metadata>> {
    let metadata = metadata_if_present(path)?;
    match &metadata {
        Some(found) if !found.is_file() => {
            Err(io::Error::other(NotAFile { found: kind_of(found.file_type()) }))
        }
        _ => Ok(metadata),
    }
}

/// A file is longer than what it is expected to be can be.
#[derive(Debug, Error)]
#[error("it has more than {most} bytes, and is hardly what it is read as")]
struct TooLong {
    most: u64,
}

/// What a file holds that is read as a whole, of at most `most` bytes; `None` where nothing is there.
///
/// # Errors
/// As [`file_if_present`]; it could not be read, or is longer.
pub fn small_file(path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    if file_if_present(path)?.is_none() {
        return Ok(None);
    }
    let mut content = Vec::new();
    // A file may be longer than it says.
    File::open(path)?.take(most.saturating_add(1)).read_to_end(&mut content)?;
    if content.len() as u64 > most {
        return Err(io::Error::other(TooLong { most }));
    }
    Ok(Some(content))
}

#[cfg(unix)]
fn kind_of(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    match kind {
        _ if kind.is_dir() => "a folder",
        _ if kind.is_fifo() => "a named pipe",
        _ if kind.is_socket() => "a socket",
        _ if kind.is_block_device() || kind.is_char_device() => "a device",
        _ => "something else",
    }
}

#[cfg(not(unix))]
fn kind_of(kind: FileType) -> &'static str {
    if kind.is_dir() { "a folder" } else { "something else" }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_is_no_file_is_named() {
        use std::os::unix::net::UnixListener;
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("file"), "1234").unwrap();
        fs::create_dir(at("folder")).unwrap();
        let _socket = UnixListener::bind(at("socket")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
        symlink("pipe", at("link")).unwrap();
        assert_eq!(file_if_present(&at("file")).unwrap().unwrap().len(), 4);
        assert!(file_if_present(&at("nothing")).unwrap().is_none());
        for (path, found) in [
            (at("folder"), "a folder"),
            (at("pipe"), "a named pipe"),
            (at("link"), "a named pipe"),
            (at("socket"), "a socket"),
            ("/dev/null".into(), "a device"),
        ] {
            let error = file_if_present(&path).unwrap_err().to_string();
            assert_eq!(error, format!("expected a file there, found {found}: move it away"));
        }
    }

    #[test]
    fn a_small_file_is_read_and_what_is_longer_or_no_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("file"), "1234").unwrap();
        assert_eq!(small_file(&at("file"), 4).unwrap(), Some(b"1234".to_vec()));
        assert_eq!(small_file(&at("nothing"), 4).unwrap(), None);
        let error = small_file(&at("file"), 3).unwrap_err().to_string();
        assert_eq!(error, "it has more than 3 bytes, and is hardly what it is read as");
        assert!(small_file(Path::new("/dev/zero"), 4).is_err());
        assert!(small_file(dir.path(), 4).is_err());
    }
}
