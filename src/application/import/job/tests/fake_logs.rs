//! Logs that are as they are told to be, and grow whenever they are opened.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::application::log_files::{FileMark, LogFiles};
use crate::application::log_source::{
    LogFormat, LogPiece, LogSource, PieceContent, Place, Reject, ResumePoint, SourceDigest, SourceError,
};
use crate::wire::record::RecordReader;

const LEGACY: &str = r#"{"type": "A", "task_id": "T1", "timestamp": "2025-10-25T10:00:00"}"#;
/// As long as [`LEGACY`].
const REWRITTEN: &str = r#"{"type": "B", "task_id": "T1", "timestamp": "2025-10-25T10:00:00"}"#;
const NATIVE: &str = r#"{"event_id": "e1", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z"}"#;

/// A log that repeats a record; one that is changing says so when it was read.
pub struct FakeLog {
    path: PathBuf,
    text: &'static str,
    records: usize,
    read: usize,
    changing: Option<SourceError>,
}

impl FakeLog {
    fn offset(&self, records: usize) -> u64 {
        (self.text.len() * records) as u64
    }
}

impl LogSource for FakeLog {
    fn path(&self) -> &Path {
        &self.path
    }

    fn format(&self) -> LogFormat {
        LogFormat::Jsonl
    }

    fn compression(&self) -> Option<&'static str> {
        None
    }

    fn resume_at(&mut self, _: &ResumePoint) -> Result<bool, SourceError> {
        Ok(false)
    }

    fn next_piece<'s>(
        &'s mut self,
        reader: &mut RecordReader<'_>,
    ) -> Result<Option<LogPiece<'s>>, SourceError> {
        if self.read == self.records {
            return self.changing.take().map_or(Ok(None), Err);
        }
        let place = Place { line: 1 + self.read as u64, offset: self.offset(self.read) };
        self.read += 1;
        let bytes = self.text.as_bytes();
        let content = match reader.read_whole(bytes) {
            Ok(record) => PieceContent::Record(record),
            Err(error) => PieceContent::Reject(Reject::Record(error)),
        };
        Ok(Some(LogPiece { place, bytes, content }))
    }

    fn resume_point(&mut self) -> ResumePoint {
        let offset = self.offset(self.read);
        ResumePoint { offset, line: 1 + self.read as u64, sha256: format!("{} {offset}", self.text) }
    }

    fn digest(&self) -> SourceDigest {
        let (bytes, sha256) = (self.offset(self.read), String::new());
        SourceDigest { bytes, sha256, content_bytes: bytes, content_sha256: String::new() }
    }
}

/// What logs have to be like.
#[derive(Debug, Clone, Copy, Default)]
pub struct Growth {
    /// So many records are added to a log whenever it was opened.
    pub records: usize,
    /// From this opening on a log begins with other records.
    pub rewritten_at: Option<usize>,
    /// The first of the readings that find a log changing.
    pub changing: usize,
    /// Whether such a log has grown by its end.
    pub has_grown: bool,
    /// The files are what was imported last.
    pub is_unchanged: bool,
}

/// The files of the logs, and how often each was opened.
pub struct FakeFiles {
    growth: Growth,
    openings: RefCell<BTreeMap<PathBuf, usize>>,
    readings: Cell<usize>,
}

impl FakeFiles {
    pub fn new(growth: Growth) -> Self {
        Self { growth, openings: RefCell::default(), readings: Cell::new(0) }
    }

    fn text(&self, log: &Path) -> &'static str {
        let openings = self.openings.borrow().get(log).copied().unwrap_or(0);
        let is_rewritten = self.growth.rewritten_at.is_some_and(|at| openings >= at);
        match log.starts_with("new.log") {
            true => NATIVE,
            false if is_rewritten => REWRITTEN,
            false => LEGACY,
        }
    }

    fn records(&self, log: &Path) -> usize {
        1 + self.growth.records * self.openings.borrow().get(log).copied().unwrap_or(0)
    }

    pub fn open(&self, log: &Path) -> FakeLog {
        let (text, records) = (self.text(log), self.records(log));
        *self.openings.borrow_mut().entry(log.to_owned()).or_default() += 1;
        self.readings.set(self.readings.get() + 1);
        let ended = if self.growth.has_grown { 2 } else { 1 };
        let changing = SourceError::Changing { path: log.to_owned(), opened: 1, ended };
        let is_changing = self.readings.get() <= self.growth.changing;
        FakeLog { path: log.to_owned(), text, records, read: 0, changing: is_changing.then_some(changing) }
    }
}

impl LogFiles for FakeFiles {
    fn location(&self, log: &Path) -> PathBuf {
        log.to_owned()
    }

    fn identity(&self, _: &Path) -> Option<(u64, u64)> {
        None
    }

    fn mark(&self, _: &Path) -> Option<FileMark> {
        None
    }

    fn bytes(&self, log: &Path) -> Result<u64, SourceError> {
        Ok((self.records(log) * self.text(log).len()) as u64)
    }

    fn sha256(&self, _: &Path, _: u64) -> Result<Option<String>, SourceError> {
        Ok(self.growth.is_unchanged.then(|| "the same".to_owned()))
    }
}
