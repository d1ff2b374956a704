//! The file under the lock: found as a whole array, or made one, and written to.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::error::EventsJsonError;
use super::in_place::replace_end;
use super::layout::{Appended, ArrayEnd};
use super::mend::{ensure_torn, is_zero, mend};
use super::note::{FileState, Note};
use super::scan::{Cut, PlacedText, Scanned, elements_after, scan};
use crate::durable::append::AppendFile;
use crate::durable::directory::sync_folder;
use crate::durable::links::file_identity;
use crate::wire::json::is_blank;

/// A file that is no whole array may be being written by another program, until it was left alone for so long.
const QUIET: Duration = Duration::from_secs(2);
/// How long such a file is watched.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often.
const PAUSE: Duration = Duration::from_millis(50);

/// The file of the array, and the file of the [`Note`] on it.
#[derive(Debug)]
pub(super) struct ArrayFile {
    pub path: PathBuf,
    pub note: PathBuf,
}

/// A whole array.
#[derive(Debug)]
pub(super) struct FoundArray {
    file: File,
    state: FileState,
    pub array: ArrayEnd,
    /// All that stands after the last element.
    closing: Vec<u8>,
}

impl ArrayFile {
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// Where something else than a file stands in its place, that is an error.
    pub fn ensure_none_but_a_file(&self) -> Result<(), EventsJsonError> {
        self.metadata().map(|_| ())
    }

    fn metadata(&self) -> Result<Option<Metadata>, EventsJsonError> {
        match fs::metadata(&self.path) {
            Ok(metadata) if metadata.is_file() => Ok(Some(metadata)),
            Ok(metadata) => {
                let found = if metadata.is_dir() { "a folder" } else { "something else" };
                Err(EventsJsonError::NotAFile { path: self.path.clone(), found })
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(EventsJsonError::io("look at", &self.path)(error)),
        }
    }

    fn open(&self) -> Result<(File, FileState), EventsJsonError> {
        let exists = self.metadata()?.is_some();
        let opened =
            if exists { File::options().read(true).write(true).open(&self.path) } else { self.create() };
        let file = opened.map_err(EventsJsonError::io("open", &self.path))?;
        let metadata = file.metadata().map_err(EventsJsonError::io("look at", &self.path))?;
        Ok((file, FileState::of(&metadata)))
    }

    /// An empty array, whose name is durable.
    fn create(&self) -> io::Result<File> {
        let mut file = File::options().read(true).write(true).create_new(true).open(&self.path)?;
        file.append(b"[]")?;
        file.sync()?;
        sync_folder(self.folder())?;
        Ok(file)
    }

    /// The whole array that the file holds, or is made to hold. The file is read as a whole only where it is not as this
    /// program has left it.
    pub fn find_array(&self) -> Result<FoundArray, EventsJsonError> {
        let mut note = Note::read(&self.note).map_err(EventsJsonError::io("read", &self.note))?;
        let mut rest = Rest::default();
        loop {
            let (mut file, state) = self.open()?;
            if let Some(Note::Left { file: left, array }) = &note {
                if *left == state
                    && let Some(closing) = self.closing(&file, array, state)?
                {
                    return Ok(FoundArray { file, state, array: array.clone(), closing });
                }
                tracing::warn!(
                    "another program has written {} since this program did: it is read as a whole (see legacy.writer)",
                    self.path.display()
                );
            }
            match self.scan(&file)? {
                Ok(array) => {
                    // Where it does not close there, it has changed while it was read.
                    if let Some(closing) = self.closing(&file, &array, state)? {
                        self.keep_note(state, &array);
                        return Ok(FoundArray { file, state, array, closing });
                    }
                }
                Err(cut) if note.as_ref().is_some_and(|note| note.explains(state, cut.sound)) => {
                    mend(&mut file, &self.path, &cut)?;
                }
                Err(cut) if rest.has_come(state) => {
                    ensure_torn(&file, &self.path, &cut)?;
                    mend(&mut file, &self.path, &cut)?;
                }
                Err(_) => rest.wait(&self.path)?,
            }
            note = None;
        }
    }

    fn scan(&self, file: &File) -> Result<Result<ArrayEnd, Cut>, EventsJsonError> {
        let failed = |error| EventsJsonError::io("read", &self.path)(error);
        match scan(file).map_err(failed)? {
            Scanned::Whole(array) => Ok(Ok(array)),
            Scanned::Cut(cut) => Ok(Err(cut)),
            Scanned::NoArray { found: 0, .. } if is_zero(file).map_err(failed)? => Ok(Err(Cut::before(0))),
            Scanned::NoArray { offset, found } => {
                Err(EventsJsonError::NotAnArray { path: self.path.clone(), offset, found })
            }
        }
    }

    /// What stands after the last element, where that closes the array.
    fn closing(
        &self,
        file: &File,
        array: &ArrayEnd,
        state: FileState,
    ) -> Result<Option<Vec<u8>>, EventsJsonError> {
        let (mut reader, mut closing) = (file, Vec::new());
        reader
            .seek(SeekFrom::Start(array.end))
            .and_then(|_| reader.read_to_end(&mut closing))
            .map_err(EventsJsonError::io("read", &self.path))?;
        let is_closing = closing.iter().filter(|byte| !is_blank(**byte)).eq([b']'].iter());
        Ok((is_closing && array.end + closing.len() as u64 == state.length).then_some(closing))
    }

    /// The bytes at a place in what was found; `None` where it reaches beyond the last element.
    pub fn bytes_at(&self, found: &FoundArray, place: Appended) -> Result<Option<Vec<u8>>, EventsJsonError> {
        if place.offset.checked_add(place.length).is_none_or(|end| end > found.array.end) {
            return Ok(None);
        }
        let (mut reader, mut bytes) = (&found.file, Vec::new());
        reader
            .seek(SeekFrom::Start(place.offset))
            .and_then(|_| reader.take(place.length).read_to_end(&mut bytes))
            .map_err(EventsJsonError::io("read", &self.path))?;
        Ok(Some(bytes))
    }

    /// The first elements of what was found after `end`; `None` where the array does not go on from there.
    pub fn records_after(
        &self,
        found: &FoundArray,
        end: u64,
        limit: usize,
    ) -> Result<Option<Vec<PlacedText>>, EventsJsonError> {
        elements_after(&found.file, &found.array, end, limit).map_err(EventsJsonError::io("read", &self.path))
    }

    /// Writes records after the last element of what was found; `array` is what they make of it.
    pub fn append(
        &self,
        mut found: FoundArray,
        records: &[u8],
        array: &ArrayEnd,
    ) -> Result<(), EventsJsonError> {
        let (offset, length) = (found.array.end, array.end + found.closing.len() as u64);
        let FileState { device, inode, .. } = found.state;
        Note::Writing { device, inode, offset, length }
            .write(&self.note)
            .map_err(EventsJsonError::io("write", &self.note))?;
        let new_end = [records, &found.closing].concat();
        replace_end(&mut found.file, offset, &found.closing, &new_end)
            .map_err(|error| EventsJsonError::not_written(error, &self.path, offset))?;
        match self.state_after_write(&found.file, length) {
            Some(state) => {
                self.keep_note(state, array);
                Ok(())
            }
            None => {
                // What another program leaves is not taken for a write of this one.
                drop(fs::remove_file(&self.note));
                Err(EventsJsonError::ChangedMeanwhile { path: self.path.clone() })
            }
        }
    }

    /// `None` where another program has changed the file, or put another one in its place.
    fn state_after_write(&self, file: &File, length: u64) -> Option<FileState> {
        let (written, there) = (file.metadata().ok()?, fs::metadata(&self.path).ok()?);
        let is_as_written = written.len() == length && file_identity(&written) == file_identity(&there);
        is_as_written.then(|| FileState::of(&written))
    }

    /// What is stored is stored: without its note, the array is read as a whole the next time.
    fn keep_note(&self, file: FileState, array: &ArrayEnd) {
        if let Err(error) = (Note::Left { file, array: array.clone() }).write(&self.note) {
            tracing::warn!("could not write {}: {error}", self.note.display());
        }
    }
}

/// Waits until a file is left alone.
struct Rest {
    began: Instant,
    /// As the file was when it was looked at first, and since when.
    seen: Option<(FileState, Instant)>,
}

impl Default for Rest {
    fn default() -> Self {
        Self { began: Instant::now(), seen: None }
    }
}

impl Rest {
    /// Whether the file has been left alone for long enough.
    fn has_come(&mut self, state: FileState) -> bool {
        match self.seen {
            // Times of a clock that is set wrong are no help, and not needed.
            Some((seen, since)) if seen == state => since.elapsed() >= QUIET,
            _ => {
                self.seen = Some((state, Instant::now()));
                state.is_older_than(QUIET)
            }
        }
    }

    /// Waits for a change, or for the end of the wait.
    fn wait(&self, path: &Path) -> Result<(), EventsJsonError> {
        if self.began.elapsed() > PATIENCE {
            return Err(EventsJsonError::Changing { path: path.to_owned(), waited: self.began.elapsed() });
        }
        let Some((seen, since)) = self.seen else { return Ok(()) };
        while since.elapsed() < QUIET && fs::metadata(path).is_ok_and(|now| FileState::of(&now) == seen) {
            thread::sleep(PAUSE);
        }
        Ok(())
    }
}
