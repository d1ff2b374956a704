//! A folder of files that appear whole or not at all: each is written beside its place, synced,
//! renamed, and the folder synced. What a killed process leaves begins with `.mission-events-`.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::application::export::{ExportFolder, NewFile};
use crate::durable::directory::{create_folders, sync_folder};
use crate::durable::space::available_bytes;

const PREFIX: &str = ".mission-events-";
/// Bytes that are collected before they are handed to the system.
const BUFFER: usize = 256 << 10;

/// A folder to export into; made when its first file is begun.
#[derive(Debug)]
pub struct FileFolder {
    path: PathBuf,
    replace: bool,
}

impl FileFolder {
    /// The folder at `path`. Files that exist are replaced only where `replace` says so.
    pub fn new(path: &Path, replace: bool) -> Self {
        Self { path: path.to_owned(), replace }
    }
}

impl ExportFolder for FileFolder {
    fn path(&self) -> &Path {
        &self.path
    }

    fn taken(&self, names: &[PathBuf]) -> io::Result<Vec<PathBuf>> {
        let mut taken = Vec::new();
        for name in names {
            match fs::symlink_metadata(self.path.join(name)) {
                Ok(_) => taken.push(name.clone()),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(taken)
    }

    fn begin(&mut self, name: &Path, bytes: Option<u64>) -> io::Result<Box<dyn NewFile>> {
        let place = self.path.join(name);
        let folder = place.parent().unwrap_or(&self.path).to_owned();
        create_folders(&folder)?;
        ensure_room(&folder, bytes.unwrap_or(0))?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As any new file: what the process's mask leaves of it.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let file = BufWriter::with_capacity(BUFFER, builder.tempfile_in(&folder)?);
        Ok(Box::new(PendingFile { place, folder, file, replace: self.replace }))
    }
}

/// Refuses to begin what cannot end, where the system says how much room there is.
fn ensure_room(folder: &Path, needed: u64) -> io::Result<()> {
    match available_bytes(folder) {
        Some(available) if available < needed => Err(io::Error::new(
            io::ErrorKind::StorageFull,
            format!("it has {needed} bytes, and there is room for {available} in {}", folder.display()),
        )),
        _ => Ok(()),
    }
}

struct PendingFile {
    place: PathBuf,
    folder: PathBuf,
    file: BufWriter<NamedTempFile>,
    replace: bool,
}

impl Write for PendingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl NewFile for PendingFile {
    fn publish(self: Box<Self>) -> io::Result<()> {
        let Self { place, folder, file, replace } = *self;
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        if replace {
            file.persist(&place).map_err(|error| error.error)?;
        } else {
            // A file that has appeared meanwhile is not written over either.
            file.persist_noclobber(&place).map_err(|error| error.error)?;
        }
        sync_folder(&folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(folder: &Path, replace: bool) -> Box<dyn NewFile> {
        FileFolder::new(folder, replace).begin(Path::new("a/b.json"), Some(2)).unwrap()
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    #[test]
    fn a_file_appears_when_it_is_published_and_leaves_nothing_when_it_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let to = dir.path().join("to/here");
        let mut file = begin(&to, false);
        file.write_all(b"[]").unwrap();
        assert!(!to.join("a/b.json").exists());
        file.publish().unwrap();
        assert_eq!(fs::read(to.join("a/b.json")).unwrap(), b"[]");
        drop(begin(&to, false));
        assert_eq!(files(&to.join("a")), [to.join("a/b.json")]);
    }

    #[test]
    fn a_file_that_appears_while_another_is_written_is_replaced_only_where_that_was_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("a/b.json");
        for (replace, content) in [(false, "theirs"), (true, "")] {
            let file = begin(dir.path(), replace);
            fs::write(&place, "theirs").unwrap();
            assert_eq!(file.publish().is_ok(), replace);
            assert_eq!(fs::read_to_string(&place).unwrap(), content);
            assert_eq!(files(&dir.path().join("a")).len(), 1);
        }
    }

    #[test]
    fn a_file_that_there_is_no_room_for_is_not_begun() {
        let dir = tempfile::tempdir().unwrap();
        let begun = FileFolder::new(dir.path(), false).begin(Path::new("a.json"), Some(u64::MAX));
        assert_eq!(begun.err().unwrap().kind(), io::ErrorKind::StorageFull);
        assert!(files(dir.path()).is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn others_may_read_a_file_as_far_as_the_mask_of_the_process_allows() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        begin(dir.path(), false).publish().unwrap();
        fs::write(dir.path().join("ordinary"), "").unwrap();
        let mode = |name| fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode("a/b.json"), mode("ordinary"));
    }
}
