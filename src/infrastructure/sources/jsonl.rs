//! JSONL: a record a line. A damaged line is one reject, and never touches its neighbours.

use std::path::Path;

use crate::application::log_source::{
    LogFormat, LogPiece, LogSource, PieceContent, Reject, ResumePoint, SourceDigest, SourceError,
};
use crate::wire::json::{ScanError, is_blank};
use crate::wire::record::{RecordError, RecordReader};

use super::limits::{LONGEST_PIECE, LONGEST_RECORD};
use super::window::ByteWindow;

pub(super) struct JsonlSource {
    window: ByteWindow,
    /// What is being given out is a line that is too long to be held.
    in_long_line: bool,
    /// The line that is being given out has no newline, or its end is not found yet: a grown log
    /// could make it another line.
    in_open_line: bool,
    /// A line is passed with its end.
    omits_line_ends: bool,
}

impl JsonlSource {
    pub fn new(window: ByteWindow) -> Self {
        Self { window, in_long_line: false, in_open_line: false, omits_line_ends: false }
    }

    /// The length of the line that the window begins with, without its newline, and whether it has
    /// one; `None` where the line is longer than `limit`.
    fn line(&mut self, limit: usize) -> Result<Option<(usize, bool)>, SourceError> {
        let mut searched = 0;
        loop {
            let bytes = self.window.bytes();
            if let Some(at) = memchr::memchr(b'\n', &bytes[searched..]) {
                return Ok(Some((searched + at, true)));
            }
            searched = bytes.len();
            if searched > limit {
                return Ok(None);
            }
            if !self.window.grow()? {
                return Ok(Some((searched, false)));
            }
        }
    }

    fn piece<'s>(&'s mut self, length: usize, content: PieceContent<'s>) -> LogPiece<'s> {
        self.window.give(length, !self.in_open_line);
        LogPiece { place: self.window.place(), bytes: &self.window.bytes()[..length], content }
    }
}

impl LogSource for JsonlSource {
    fn path(&self) -> &Path {
        self.window.path()
    }

    fn location(&self) -> &Path {
        self.window.location()
    }

    fn format(&self) -> LogFormat {
        LogFormat::Jsonl
    }

    fn compression(&self) -> Option<&'static str> {
        self.window.compression()
    }

    fn resume_at(&mut self, point: &ResumePoint) -> Result<bool, SourceError> {
        self.window.skip_to(point).map(|skipped| skipped.is_some())
    }

    fn next_piece<'s>(
        &'s mut self,
        reader: &mut RecordReader<'_>,
    ) -> Result<Option<LogPiece<'s>>, SourceError> {
        self.window.pass();
        if self.in_long_line {
            let end = self.line(LONGEST_PIECE)?;
            self.in_long_line = end.is_none();
            self.in_open_line = !end.is_some_and(|(_, has_newline)| has_newline);
            let length = end.map_or(LONGEST_PIECE, |(length, _)| length);
            if length > 0 {
                return Ok(Some(self.piece(length, PieceContent::RejectContinued)));
            }
        }
        let layout = self.window.layout(is_blank)?;
        if layout > 0 {
            return Ok(Some(self.piece(layout, PieceContent::Layout)));
        }
        let Some((line, has_newline)) = self.line(LONGEST_RECORD)? else {
            self.in_long_line = true;
            self.in_open_line = true;
            let reject = Reject::TooLong { limit: LONGEST_RECORD };
            return Ok(Some(self.piece(LONGEST_PIECE, PieceContent::Reject(reject))));
        };
        if line == 0 {
            // What was appended since the log was opened was not read, and is for the next time.
            let damage = self.window.end(true)?;
            return Ok(damage.map(|reject| self.piece(0, PieceContent::Reject(reject))));
        }
        let bytes = &self.window.bytes()[..line];
        let length = bytes.iter().rposition(|byte| !is_blank(*byte)).map_or(line, |last| last + 1);
        // A line without its end can still become a record, but a record cannot become another one.
        self.in_open_line = !has_newline && reader.read_whole(&bytes[..length]).is_err();
        if has_newline && self.omits_line_ends {
            self.window.give_line(line + 1);
        } else {
            self.window.give_of_line(length, !self.in_open_line);
        }
        let bytes = &self.window.bytes()[..length];
        let content = match reader.read_whole(bytes) {
            Ok(record) => PieceContent::Record(record),
            Err(RecordError::Syntax(ScanError::Incomplete { .. })) if !has_newline => {
                PieceContent::Reject(Reject::TornTail { expected: "the end of the record" })
            }
            Err(error) => PieceContent::Reject(Reject::Record(error)),
        };
        Ok(Some(LogPiece { place: self.window.place(), bytes, content }))
    }

    fn omit_line_ends(&mut self) {
        self.omits_line_ends = true;
    }

    fn resume_point(&mut self) -> ResumePoint {
        self.window.resume_point()
    }

    fn digest(&self) -> SourceDigest {
        self.window.digest()
    }
}
