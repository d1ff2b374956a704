//! A file that is replaced as a whole: what reads it finds the old one or the new one.
//!
//! The new one is written under a name of its own, `<file>.new`. What a process that was killed has left there is written over
//! the next time. Writers of one file exclude each other.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::durable::directory::sync_folder;
use crate::durable::plain_file::file_if_present;

/// Puts a file with these bytes in the place of `path`, durably, with the permissions of the one that was there.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let permissions = file_if_present(path)?.map(|metadata| metadata.permissions());
    let new = new_file(path, |file| {
        permissions.map_or(Ok(()), |permissions| file.set_permissions(permissions))?;
        file.write_all(bytes)
    })?;
    fs::rename(new, path)?;
    sync_folder(path.parent().unwrap_or(Path::new("")))
}

/// Writes the new file for the place of `path`, whose bytes are durable then, and gives its path. Nothing is there where
/// that fails.
pub fn new_file(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<PathBuf> {
    let new = path.with_added_extension("new");
    file_if_present(&new)?;
    let mut file = File::create(&new)?;
    write(&mut file).and_then(|()| file.sync_all()).inspect_err(|_| {
        // Where it cannot be removed, it is written over the next time.
        drop(fs::remove_file(&new));
    })?;
    Ok(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_what_a_killed_process_has_left_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("dashboard.json");
        fs::write(path.with_added_extension("new"), "what was left, and is longer").unwrap();
        for text in ["one", "two"] {
            replace(&path, text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_could_not_be_written_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("dashboard.json");
        let full = |file: &mut File| file.write_all(b"half").and(Err(io::ErrorKind::StorageFull.into()));
        assert_eq!(new_file(&path, full).unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn permissions_stay_and_what_is_no_file_is_not_replaced() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("definitions.json");
        fs::write(&path, "[]").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        replace(&path, b"[1]").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        fs::create_dir(path.with_added_extension("new")).unwrap();
        let error = replace(&path, b"[2]").unwrap_err().to_string();
        assert_eq!(error, "expected a file there, found a folder: move it away");
        assert_eq!(fs::read(&path).unwrap(), b"[1]");
    }
}
