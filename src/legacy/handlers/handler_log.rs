//! The log of what handlers have done: one JSON object a line, appended durably and never deleted.
//!
//! Each append is under a lock, `<path>.lock`. A line that a killed process has torn stays where it is, and gets its
//! line end before the next entry; it is no entry.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::handler::HandlerResult;
use crate::durable::append::append_durably;
use crate::durable::directory::{create_folders, sync_folder};
use crate::durable::lock::{FileLock, LockError};
use crate::durable::plain_file::file_if_present;
use crate::legacy::path_text;

/// How long another process's append is waited for.
const PATIENCE: Duration = Duration::from_secs(15);

/// One handling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandlerLogEntry {
    /// Of the queue entry.
    pub event_id: String,
    /// Of the definition.
    pub definition_id: String,
    /// When the handler began: RFC 3339, with Z, to the millisecond.
    pub timestamp: String,
    /// Its dotted name.
    pub handler: String,
    /// `success` or `failure`.
    pub status: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// What it has said; `null` where it has failed.
    pub output: Option<String>,
    /// Why it has failed.
    pub error: Option<String>,
}

impl HandlerLogEntry {
    /// The entry of a handling.
    pub fn new(
        (event_id, definition_id): (&str, &str),
        handler: &str,
        began: DateTime<Utc>,
        took: Duration,
        result: &HandlerResult,
    ) -> Self {
        let (status, output, error) = match result {
            HandlerResult::Success { output } => ("success", Some(output.clone()), None),
            HandlerResult::Failure { error } => ("failure", None, Some(error.clone())),
        };
        Self {
            event_id: event_id.to_owned(),
            definition_id: definition_id.to_owned(),
            timestamp: began.trunc_subsecs(3).to_rfc3339_opts(SecondsFormat::AutoSi, true),
            handler: handler.to_owned(),
            status: status.to_owned(),
            duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            output,
            error,
        }
    }
}

/// Why the log was not written or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HandlerLogError {
    /// The system refused it.
    #[error("could not {action} the log of handlers {}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The log.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Another process held the lock for too long.
    #[error("another process has been writing to the log of handlers {} for {} s: is one stopped in the middle?", path.display(), PATIENCE.as_secs())]
    Busy {
        /// The log.
        path: PathBuf,
    },
}

/// More bytes of lines that could not be written are not kept for a later attempt.
const MOST_UNWRITTEN: usize = 1 << 20;

/// The log at a path. It need not exist yet, nor its folder.
#[derive(Debug)]
pub struct HandlerLog {
    path: PathBuf,
    /// Lines that could not be written yet, as on a full disk.
    unwritten: Mutex<Vec<u8>>,
}

impl HandlerLog {
    /// The log at `path`, usually `data/legacy/handlers.jsonl`.
    pub fn new(path: PathBuf) -> Self {
        Self { path, unwritten: Mutex::default() }
    }

    /// Appends an entry. It is on disk when this returns, and so are earlier ones that could not be written.
    ///
    /// # Errors
    /// It is not; what was written of it was taken back as far as that could be done. It is written with the next one that can be.
    pub fn append(&self, entry: &HandlerLogEntry) -> Result<(), HandlerLogError> {
        let line = serde_json::to_string(entry).map_err(|error| self.failed("write")(error.into()))?;
        let mut unwritten = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
        let earlier = unwritten.len();
        unwritten.extend_from_slice(path_text::escaped(&line).as_bytes());
        unwritten.push(b'\n');
        match self.write(&unwritten) {
            Ok(()) => unwritten.clear(),
            Err(error) => {
                if unwritten.len() > MOST_UNWRITTEN {
                    unwritten.truncate(earlier);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// Writes what could not be written before.
    ///
    /// # Errors
    /// It still cannot.
    pub fn write_rest(&self) -> Result<(), HandlerLogError> {
        let mut unwritten = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
        if !unwritten.is_empty() {
            self.write(&unwritten)?;
            unwritten.clear();
        }
        Ok(())
    }

    fn write(&self, lines: &[u8]) -> Result<(), HandlerLogError> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        create_folders(folder).map_err(self.failed("make the folder of"))?;
        file_if_present(&self.path).map_err(self.failed("open"))?;
        let _lock = self.lock()?;
        let mut file = File::options()
            .create(true)
            .read(true)
            .append(true)
            .open(&self.path)
            .map_err(self.failed("open"))?;
        let length = file.seek(SeekFrom::End(0)).map_err(self.failed("read"))?;
        let mut appended = Vec::new();
        if !ends_with_a_line(&mut file, length).map_err(self.failed("read"))? {
            tracing::warn!("[EventDispatcher] the last line of {} is torn: it stays", self.path.display());
            appended.push(b'\n');
        }
        appended.extend_from_slice(lines);
        let sync_name = || if length == 0 { sync_folder(folder) } else { Ok(()) };
        append_durably(&mut file, length, &appended, sync_name)
            .map_err(|error| self.failed("append to")(error.source))
    }

    /// The entries, the oldest first. Lines that are none are left out. Where there is no file, there are none.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn entries(&self) -> Result<Vec<HandlerLogEntry>, HandlerLogError> {
        if file_if_present(&self.path).map_err(self.failed("read"))?.is_none() {
            return Ok(Vec::new());
        }
        let text = fs::read(&self.path).map_err(self.failed("read"))?;
        let entry = |line| serde_json::from_slice(&path_text::unescaped(line)).ok();
        Ok(text.split(|&byte| byte == b'\n').filter_map(entry).collect())
    }

    fn lock(&self) -> Result<FileLock, HandlerLogError> {
        let mut lock = self.path.as_os_str().to_owned();
        lock.push(".lock");
        FileLock::exclusive(Path::new(&lock), PATIENCE).map_err(|error| match error {
            LockError::Held => HandlerLogError::Busy { path: self.path.clone() },
            LockError::Open(source) | LockError::Refused(source) => self.failed("lock")(source),
        })
    }

    fn failed(&self, action: &'static str) -> impl FnOnce(io::Error) -> HandlerLogError {
        let path = self.path.clone();
        move |source| HandlerLogError::File { action, path, source }
    }
}

/// Whether the file is empty, or its last byte is a line end.
fn ends_with_a_line(file: &mut File, length: u64) -> io::Result<bool> {
    if length == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::Start(length - 1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}
