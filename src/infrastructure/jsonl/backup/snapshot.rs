//! A copy of the files of one moment.
//!
//! Under the lock of the store it is written down which files there are and how long each is: that takes no longer than an append. A day file
//! only grows, so that its first bytes are what they were when they are copied later. Archived files are replaced by the archiver alone,
//! whose lock is held until all of them are copied; writers do not wait for that one.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::super::archiving::LEVEL;
use super::super::archiving::frames::write_frames;
use super::super::day_files::file_cursor::FileCursor;
use super::super::day_files::last_line::start_of_line;
use super::super::error::JsonlError;
use super::super::folder::EventFolder;
use super::super::layout::{ARCHIVE, Day, LONGEST_LINE};
use super::super::lock::{LOCK_PATIENCE, lock_archive, lock_folder};
use super::super::unwritten::unwritten_lines;
use super::proof::subject_of_days;
use crate::application::backup::{
    BackedUpFile, CompressedFile, CopiedStore, StoreName, StoreSnapshot, Subject, Tell,
};
use crate::domain::path_text::text_of;
use crate::domain::repository::RepositoryError;
use crate::durable::lock::FileLock;
use crate::durable::privacy::keep_as_private;
use crate::infrastructure::backup_folder::{EVENTS_FOLDER, copy_hashed};
use crate::infrastructure::sqlite::backup::{copied_handlers, copy_handlers, handler_bytes, store_name};
use crate::wire::local_time::DstPolicy;
use crate::wire::record::RecordReader;
use crate::wire::zone::Zone;

const ACTION: &str = "copy the JSONL store";

/// A store of daily files that is to be copied, with what its handlers have done.
pub struct JsonlSnapshot {
    folder: EventFolder,
    handlers: Option<PathBuf>,
    most_log_growth: u64,
    compresses: bool,
}

/// A file, as far as it is copied.
struct Prefix {
    path: PathBuf,
    name: PathBuf,
    length: u64,
    /// The name of the file that it is compressed to.
    compressed: Option<PathBuf>,
}

impl JsonlSnapshot {
    /// The store in the folder `dir`, whose handlers are recorded at `handlers`, where there are any; the write-ahead log of that database may
    /// grow by so many bytes.
    pub fn new(dir: &Path, handlers: Option<&Path>, zone: Zone, most_log_growth: u64) -> Self {
        Self {
            folder: EventFolder::new(dir.to_owned(), zone),
            handlers: handlers.map(Path::to_owned),
            most_log_growth,
            compresses: false,
        }
    }

    /// Day files are compressed in the copy, as `archive` does it; those of a day of which there are archived files are copied as they lie.
    pub fn compressing(self, compresses: bool) -> Self {
        Self { compresses, ..self }
    }

    /// The files that there are, and how much of each is whole.
    fn prefixes(&self, left_out: &mut Vec<String>) -> Result<Vec<Prefix>, JsonlError> {
        let mut prefixes = Vec::new();
        for day in self.folder.list()? {
            let archived = day.archived.iter().map(|path| (path, false));
            for (path, is_live) in archived.chain([(&day.path, true)]) {
                let length = match fs::metadata(path) {
                    Ok(metadata) if metadata.is_file() => metadata.len(),
                    // A link that leads to nothing is a day that cannot be reached now.
                    Err(_) if is_live && !is_listed(path).map_err(JsonlError::io("look at", path))? => {
                        continue;
                    }
                    Ok(_) => return Err(JsonlError::NotAFile { path: path.clone() }),
                    Err(error) => return Err(JsonlError::io("look at", path)(error)),
                };
                let whole = if is_live { self.whole_length(path, length)? } else { length };
                if whole < length {
                    let torn = length - whole;
                    left_out.push(format!(
                        "{} bytes at the end of {}: a last line that is torn is no event",
                        torn,
                        path.display()
                    ));
                }
                let name = path.strip_prefix(self.folder.path()).unwrap_or(path).to_owned();
                let unwritten = if is_live { unwritten_lines(path, whole)? } else { Vec::new() };
                left_out.extend(unwritten.iter().map(|line| {
                    let (from, path) = (line.start, path.display());
                    format!(
                        "the line at byte {from} of {path}: zeros stand where sectors of it were not written, and it is no event"
                    )
                }));
                // In an archive, where nothing is written, such a line would be damage.
                let is_compressed =
                    self.compresses && is_live && day.archived.is_empty() && unwritten.is_empty();
                let compressed = is_compressed.then(|| Path::new(ARCHIVE).join(day.day.archive_file_name()));
                prefixes.push(Prefix { path: path.clone(), name, length: whole, compressed });
            }
        }
        Ok(prefixes)
    }

    /// The length without a last line that is torn.
    fn whole_length(&self, path: &Path, length: u64) -> Result<u64, JsonlError> {
        let failed = || JsonlError::io("read", path);
        if length == 0 {
            return Ok(0);
        }
        let file = Arc::new(File::open(path).map_err(failed())?);
        let start = start_of_line(&mut FileCursor::new(&file, 0), length).map_err(failed())?;
        if length - start > LONGEST_LINE as u64 {
            return Ok(start);
        }
        let mut line = Vec::new();
        let mut cursor = FileCursor::new(&file, start);
        cursor.by_ref().take(length - start).read_to_end(&mut line).map_err(failed())?;
        let is_ended = line.ends_with(b"\n");
        let is_record =
            || RecordReader::new(self.folder.zone(), DstPolicy::Resolve).read_whole(&line).is_ok();
        Ok(if is_ended || is_record() { length } else { start })
    }

    fn copy_days(&self, to: &Path, tell: Tell<'_>) -> Result<CopiedStore, JsonlError> {
        let mut copied = CopiedStore::default();
        let _archive = lock_archive(self.folder.path(), LOCK_PATIENCE)?;
        let started = Instant::now();
        let prefixes = {
            let _lock = lock_folder(self.folder.path(), LOCK_PATIENCE)?;
            self.prefixes(&mut copied.left_out)?
        };
        copied.held_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        fs::create_dir_all(to).map_err(JsonlError::io("make the folder", to))?;
        let mut done = 0;
        for prefix in prefixes {
            let copy = to.join(prefix.compressed.as_ref().unwrap_or(&prefix.name));
            if let Some(folder) = copy.parent() {
                fs::create_dir_all(folder).map_err(JsonlError::io("make the folder", folder))?;
            }
            let mut source = File::open(&prefix.path).map_err(JsonlError::io("open", &prefix.path))?;
            keep_as_private(to, &prefix.path).map_err(JsonlError::io("keep private", to))?;
            let mut target = File::create(&copy).map_err(JsonlError::io("create", &copy))?;
            let before = done;
            let written = match &prefix.compressed {
                None => copy_hashed(&mut source, &mut target, prefix.length, &mut |count| {
                    done += count;
                    tell(done);
                }),
                Some(_) => compress(&source, &mut target, prefix.length, &mut |count| tell(before + count)),
            };
            let (length, sha256) = written.map_err(JsonlError::io("copy", &prefix.path))?;
            if length != prefix.length {
                let (path, expected) = (prefix.path, prefix.length);
                return Err(JsonlError::ChangedUnderLock { path, expected, found: length });
            }
            if let Some(compressed) = &prefix.compressed {
                done = before + length;
                let name = |name: &Path| text_of(&Path::new(EVENTS_FOLDER).join(name));
                let of = BackedUpFile { name: name(&prefix.name), bytes: length, sha256 };
                copied.compressed.push(CompressedFile { name: name(compressed), of });
            }
        }
        Ok(copied)
    }
}

/// Compresses the first `most` bytes of a file into another one, and answers how many these were, with their SHA-256.
fn compress(
    source: &File,
    target: &mut File,
    most: u64,
    tell: &mut dyn FnMut(u64),
) -> io::Result<(u64, String)> {
    let mut content = HashedContent { inner: source.take(most), hash: Sha256::new() };
    let length = write_frames(&mut content, target, LEVEL, tell)?;
    Ok((length, HEXLOWER.encode(&content.hash.finalize())))
}

/// What is read is hashed.
struct HashedContent<R> {
    inner: R,
    hash: Sha256,
}

impl<R: Read> Read for HashedContent<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hash.update(&buffer[..count]);
        Ok(count)
    }
}

impl StoreSnapshot for JsonlSnapshot {
    fn store(&self) -> StoreName {
        store_name("jsonl", self.folder.path(), self.handlers.as_deref())
    }

    fn bytes(&self) -> Result<u64, RepositoryError> {
        let looked = || -> Result<u64, JsonlError> {
            if !self.folder.exists()? {
                let missing = io::Error::from(io::ErrorKind::NotFound);
                return Err(JsonlError::io("find the store", self.folder.path())(missing));
            }
            let mut bytes = 0;
            for day in self.folder.list()? {
                for path in day.archived.iter().chain([&day.path]) {
                    bytes += fs::metadata(path).map_or(0, |metadata| metadata.len());
                }
            }
            Ok(bytes)
        };
        let days = looked().map_err(|error| error.during("look at the JSONL store"))?;
        Ok(days + handler_bytes(self.handlers.as_deref())?)
    }

    fn copy_into(&mut self, folder: &Path, tell: Tell<'_>) -> Result<CopiedStore, RepositoryError> {
        let handlers = copy_handlers(self.handlers.as_deref(), folder, self.most_log_growth)?;
        let days = self.copy_days(&folder.join(EVENTS_FOLDER), tell).map_err(|error| error.during(ACTION))?;
        Ok(CopiedStore { log_growth: handlers.log_growth, ..days })
    }

    fn copied(&self, folder: &Path) -> Result<Subject, RepositoryError> {
        let mut subject = subject_of_days(&folder.join(EVENTS_FOLDER), self.folder.zone());
        copied_handlers(folder, &mut subject)?;
        Ok(subject)
    }
}

/// The files of days in the folder of a store, archived ones first, whether or not it is being restored.
///
/// # Errors
/// It cannot be listed.
pub fn files_of_days(folder: &Path) -> Result<Vec<PathBuf>, RepositoryError> {
    let listed = EventFolder::new(folder.to_owned(), Zone::utc()).list_as_it_lies();
    let days = listed.map_err(|error| error.during("list the files of the JSONL store"))?;
    let files = days.into_iter().flat_map(|day| day.archived.into_iter().chain([day.path]));
    let mut present = Vec::new();
    for file in files {
        let looked = is_listed(&file).map_err(JsonlError::io("look at", &file));
        if looked.map_err(|error| error.during("list the files of the JSONL store"))? {
            present.push(file);
        }
    }
    Ok(present)
}

/// Whether the name is there, be it that of a link that leads to nothing.
fn is_listed(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// The day of such a file, by its name.
pub fn day_of_file(name: &Path) -> String {
    let name = name.file_name().unwrap_or_default().to_string_lossy();
    Day::of_any_file_name(&name).map_or_else(|| name.into_owned(), |(day, _)| day.stream().to_string())
}

/// Whether a name, within the folder of a store, is that of a file of a day, archived or not.
pub fn is_file_of_a_day(name: &Path) -> bool {
    let file_name = name.file_name().unwrap_or_default().to_string_lossy();
    Day::of_any_file_name(&file_name).is_some_and(|(_, is_plain)| match name.parent() {
        Some(folder) if folder == Path::new(ARCHIVE) => true,
        Some(folder) => folder == Path::new("") && is_plain,
        None => false,
    })
}

/// The locks of a folder: none writes to the store, and none archives its days, as long as this value is there.
pub struct FolderLocks {
    _archive: FileLock,
    _folder: FileLock,
}

impl FolderLocks {
    /// Takes them, whether or not the store is being restored.
    ///
    /// # Errors
    /// Another process holds one of them, for longer than is waited for.
    pub fn take(folder: &Path) -> Result<Self, RepositoryError> {
        let take = || -> Result<Self, JsonlError> {
            let _archive = lock_archive(folder, LOCK_PATIENCE)?;
            let _folder = lock_folder(folder, LOCK_PATIENCE)?;
            Ok(Self { _archive, _folder })
        };
        take().map_err(|error| error.during("lock the JSONL store"))
    }
}
