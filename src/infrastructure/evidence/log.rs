//! The evidence log as a file: one record a line, each appended with one write and one fsync.
//!
//! An append holds the lock on a side file, `<path>.lock`, where `<path>` is the file that all links lead to; to one
//! that has several names nothing is appended, since each would have a lock of its own. Nothing that was written is
//! ever changed: a write that failed is taken back, and what a killed process has left stays, as a line of its own.
//! What other programs convert, as a checkout does, is read as it was: CRLF, a byte order mark, and blank lines at
//! the end, which the next append takes away.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::application::evidence::{
    Evidence, EvidenceError, EvidenceLog, EvidenceRecord, Line, NO_PREVIOUS, UTF_8_BOM, is_torn,
    length_without_blank_end, line_hash, without_cr,
};
use crate::durable::append::{append_durably, cut_back};
use crate::durable::directory::{create_folders, sync_folder};
use crate::durable::links::{follow_links, hard_links};
use crate::durable::lock::{FileLock, LockError};
use crate::durable::presence::metadata_if_present;
use crate::infrastructure::side_files::{LOCK, with_suffix};

/// How long another process's append or reading is waited for.
const PATIENCE: Duration = Duration::from_secs(15);

/// How much of the end is read first to find the last record, in bytes.
const FIRST_LOOK: u64 = 64 << 10;

/// An evidence log in a JSONL file. It need not exist yet, nor its folder.
#[derive(Debug)]
pub struct JsonlEvidenceLog {
    path: PathBuf,
    patience: Duration,
}

/// The record that the next one follows, and the end of the file.
#[derive(Debug, PartialEq, Eq)]
struct Tail {
    sequence: u64,
    hash: String,
    /// The last line has its line end, or there is none.
    is_ended: bool,
    /// Where the next record goes, in bytes: before blank lines at the end.
    length: u64,
}

impl JsonlEvidenceLog {
    /// The log at `path`.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), patience: PATIENCE }
    }

    fn write_error(&self, action: &'static str) -> impl FnOnce(io::Error) -> EvidenceError {
        let place = self.place();
        move |source| EvidenceError::Write { action, place, source: source.into() }
    }

    fn read_error(&self, action: &'static str) -> impl FnOnce(io::Error) -> EvidenceError {
        let place = self.place();
        move |source| EvidenceError::Read { action, place, source: source.into() }
    }

    /// What is at `path` is a file, or nothing yet.
    fn exists(path: &Path) -> io::Result<bool> {
        match metadata_if_present(path)? {
            None => Ok(false),
            Some(metadata) if metadata.is_file() => Ok(true),
            Some(_) => Err(io::Error::other("expected a file, found something else")),
        }
    }

    /// The path that all links lead to.
    fn file(&self) -> io::Result<PathBuf> {
        follow_links(&self.path)
    }

    fn lock_path(&self) -> io::Result<PathBuf> {
        self.file().map(|file| with_suffix(&file, LOCK))
    }

    /// The lock of an append.
    fn lock_to_append(&self) -> Result<FileLock, EvidenceError> {
        let path = self.lock_path().map_err(self.write_error("open the lock"))?;
        let lock =
            FileLock::exclusive(&path, self.patience).map_err(|error| self.not_locked(error, &path))?;
        match hard_links(&self.path) {
            Ok(names) if names > 1 => {
                let several = format!(
                    "it has {names} names (hard links), and each has a lock of its own: remove the others, or name a copy"
                );
                Err(self.write_error("append to")(io::Error::other(several)))
            }
            // It need not be there yet.
            _ => Ok(lock),
        }
    }

    /// The lock of a reader, so that no half of an append is seen. Without a side file that can be read,
    /// nothing is being appended, or nothing can keep it from that.
    fn lock_to_read(&self) -> Result<Option<FileLock>, EvidenceError> {
        let path = self.lock_path().map_err(self.read_error("open the lock"))?;
        match FileLock::shared(&path, self.patience) {
            Ok(lock) => Ok(Some(lock)),
            Err(LockError::Open(_)) => Ok(None),
            Err(error) => Err(self.not_locked(error, &path)),
        }
    }

    fn not_locked(&self, error: LockError, path: &Path) -> EvidenceError {
        let place = path.display().to_string();
        let (action, source) = match error {
            LockError::Held => return EvidenceError::Busy { place, seconds: self.patience.as_secs() },
            LockError::Open(source) => ("open the lock", source),
            LockError::Refused(source) => ("lock", source),
        };
        EvidenceError::Write { action, place, source: source.into() }
    }

    /// Finds the last whole record, reading backwards.
    fn tail(&self, file: &mut File, length: u64) -> Result<Tail, EvidenceError> {
        let mut look = FIRST_LOOK;
        loop {
            let start = length.saturating_sub(look);
            let mut text = Vec::new();
            file.seek(SeekFrom::Start(start))
                .and_then(|_| file.read_to_end(&mut text))
                .map_err(self.read_error("read"))?;
            if let Some(tail) = self.tail_in(&text, start)? {
                return Ok(tail);
            }
            look *= 2;
        }
    }

    /// The tail of a log that ends with `text`, if its last record begins there.
    fn tail_in(&self, text: &[u8], start: u64) -> Result<Option<Tail>, EvidenceError> {
        let first = if start == 0 && text.starts_with(UTF_8_BOM) { UTF_8_BOM.len() } else { 0 };
        let length = match length_without_blank_end(&text[first..]) {
            Some(length) => first + length,
            None if start > 0 => return Ok(None),
            // Blank lines alone hold as little as an empty file.
            None => first,
        };
        let text = &text[..length];
        let length = start + length as u64;
        let is_ended = text.len() == first || text.ends_with(b"\n");
        let mut end = text.len() - usize::from(is_ended && text.len() > first);
        let mut is_first = text.len() == first;
        while !is_first {
            let line_start = text[..end].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            is_first = line_start == 0;
            if is_first && start > 0 {
                return Ok(None);
            }
            let line = &text[if is_first { first } else { line_start }..end];
            let record = without_cr(line);
            match serde_json::from_slice::<EvidenceRecord>(record) {
                Ok(EvidenceRecord { sequence: u64::MAX, .. }) => {
                    return Err(EvidenceError::NotEvidence {
                        place: self.place(),
                        offset: start + line_start as u64,
                        detail: format!(
                            "expected the number of a record that another can follow, found {}",
                            u64::MAX
                        ),
                    });
                }
                Ok(found) => {
                    let (sequence, hash) = (found.sequence, line_hash(record));
                    return Ok(Some(Tail { sequence, hash, is_ended, length }));
                }
                Err(_) if is_torn(line) => end = line_start.saturating_sub(1),
                Err(error) => {
                    return Err(EvidenceError::NotEvidence {
                        place: self.place(),
                        offset: start + line_start as u64,
                        detail: error.to_string(),
                    });
                }
            }
        }
        Ok(Some(Tail { sequence: 0, hash: NO_PREVIOUS.to_owned(), is_ended, length }))
    }

    /// Writes at the end, durably; what failed is taken back.
    fn write(&self, file: &mut File, length: u64, bytes: &[u8]) -> Result<(), EvidenceError> {
        // The name too: the process that created it may have been killed before it was durable.
        let sync_name = || sync_folder(self.file()?.parent().unwrap_or(Path::new("")));
        let appended = append_durably(file, length, bytes, sync_name);
        appended.map_err(|error| match error.rollback {
            None => self.write_error("append to")(error.source),
            // What is left of it is no record, or one that the next append goes on from.
            Some(rollback) => {
                let both = format!("{}; and it could not be taken back: {rollback}", error.source);
                self.write_error("append to")(io::Error::other(both))
            }
        })
    }
}

impl EvidenceLog for JsonlEvidenceLog {
    fn place(&self) -> String {
        self.path.display().to_string()
    }

    fn append(&self, evidence: &Evidence) -> Result<EvidenceRecord, EvidenceError> {
        // A link may lead to where the file will be. One that leads nowhere is not read as an empty log: the
        // evidence may lie on a disk that is not mounted.
        self.file().and_then(|file| Self::exists(&file)).map_err(self.write_error("append to"))?;
        let folder = self.path.parent().unwrap_or(Path::new(""));
        create_folders(folder).map_err(self.write_error("create the folder of"))?;
        let _lock = self.lock_to_append()?;
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(&self.path)
            .map_err(self.write_error("open"))?;
        let length = file.metadata().map_err(self.read_error("look at"))?.len();
        let tail = self.tail(&mut file, length)?;
        if tail.length < length {
            cut_back(&mut file, tail.length).map_err(self.write_error("take the blank lines off"))?;
        }
        let record =
            EvidenceRecord { sequence: tail.sequence + 1, previous: tail.hash, evidence: evidence.clone() };
        let mut bytes = if tail.is_ended { Vec::new() } else { vec![b'\n'] };
        serde_json::to_writer(&mut bytes, &record)
            .map_err(io::Error::from)
            .map_err(self.write_error("spell out a record for"))?;
        bytes.push(b'\n');
        self.write(&mut file, tail.length, &bytes)?;
        Ok(record)
    }

    fn lines(&self) -> Result<Option<Vec<Line>>, EvidenceError> {
        if !Self::exists(&self.path).map_err(self.read_error("read"))? {
            return Ok(None);
        }
        let _lock = self.lock_to_read()?;
        let text = fs::read(&self.path).map_err(self.read_error("read"))?;
        let mut lines: Vec<Line> = text.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        // What follows the last line end is no line.
        if lines.last().is_some_and(Vec::is_empty) {
            lines.pop();
        }
        Ok(Some(lines))
    }
}
