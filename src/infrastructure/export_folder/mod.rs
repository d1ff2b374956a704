//! A folder of files that appear whole or not at all: each is written beside its place, synced,
//! renamed, and the folder synced. What a killed process leaves begins with `.mission-events-`.
//!
//! A file that stands in the way is replaced only where the new one or the store has its content. It is
//! looked at, and replaced, under the locks of its folder.

mod held_against;
mod kept_files;
mod pending_file;
mod place;
mod rules;

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, ErrorKind};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use self::pending_file::PendingFile;
use self::place::Place;
use self::rules::Rules;
use crate::application::export::{ContentDigest, ExportFolder, HashingWriter, NewFile, PlaceError};
use crate::durable::directory::create_folders;
use crate::durable::links::resolved;
use crate::durable::space::available_bytes;
use crate::infrastructure::side_files::EXPORT_PREFIX;

/// Bytes that are collected before they are handed to the system.
const BUFFER: usize = 256 << 10;

/// A folder to export into; made when its first file is begun.
#[derive(Debug)]
pub struct FileFolder {
    path: PathBuf,
    rules: Rc<Rules>,
}

impl FileFolder {
    /// The folder at `path`. Files that exist are replaced only where `replace` says so, and then only
    /// where nothing is lost with them.
    pub fn new(path: &Path, replace: bool) -> Self {
        Self { path: path.to_owned(), rules: Rc::new(Rules::new(replace)) }
    }

    /// Keeps clear of a SQLite store and all that belongs to it.
    #[must_use]
    pub fn keep_store(mut self, database: &Path) -> Self {
        Rc::make_mut(&mut self.rules).kept.add_store(database);
        self
    }

    /// Keeps clear of the file that evidence is recorded in, and of its lock.
    #[must_use]
    pub fn keep_evidence(mut self, path: &Path) -> Self {
        Rc::make_mut(&mut self.rules).kept.add_evidence(path);
        self
    }

    /// Takes the folder at `path` for a JSONL store, also while it has no lock yet.
    #[must_use]
    pub fn with_jsonl_store(mut self, path: &Path) -> Self {
        Rc::make_mut(&mut self.rules).jsonl_store = Some(resolved(path));
        self
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
                // One of its folders is a file: that is told of the file itself.
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(taken)
    }

    fn begin(&mut self, name: &Path, bytes: Option<u64>) -> Result<Box<dyn NewFile>, PlaceError> {
        create_folders(&self.path)?;
        let place = Place::new(self.path.canonicalize()?, name)?;
        // Before anything is written, as far as that can be seen yet.
        place.standing_file(&self.rules.kept)?;
        create_folders(&place.folder)?;
        ensure_room(&place.folder, bytes.unwrap_or(0))?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(EXPORT_PREFIX);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As any new file: what the process's mask leaves of it.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let file = BufWriter::with_capacity(BUFFER, builder.tempfile_in(&place.folder)?);
        Ok(Box::new(PendingFile { place, file, rules: Rc::clone(&self.rules) }))
    }

    fn content(&self, name: &Path) -> io::Result<Option<ContentDigest>> {
        let path = self.path.join(name);
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_file() => {}
            Ok(_) => return Ok(None),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        }
        let mut digest = HashingWriter::new(io::sink());
        io::copy(&mut BufReader::with_capacity(BUFFER, File::open(path)?), &mut digest)?;
        Ok(Some(digest.end().0))
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

#[cfg(test)]
mod tests;
