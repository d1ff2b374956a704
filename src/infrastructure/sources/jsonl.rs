//! JSONL: a record a line. A damaged line is one reject, and never touches its neighbours.

use std::path::Path;

use crate::application::import::{LogFormat, LogItem, LogSource, Reject, SourceDigest, SourceError};
use crate::domain::json::{ScanError, is_blank};
use crate::domain::record::{RecordError, RecordReader};

use super::LONGEST_RECORD;
use super::window::ByteWindow;

pub(super) struct JsonlSource {
    window: ByteWindow,
    /// The length of the line that was given out last, with its newline.
    taken: usize,
}

/// A line in the window.
struct Line {
    /// Without the newline.
    length: usize,
    has_newline: bool,
}

impl JsonlSource {
    pub fn new(window: ByteWindow) -> Self {
        Self { window, taken: 0 }
    }

    /// Finds the line that the window begins with; `None` where it is too long to be held.
    fn find_line(&mut self) -> Result<Option<Line>, SourceError> {
        let mut searched = 0;
        loop {
            let bytes = self.window.bytes();
            if let Some(at) = memchr::memchr(b'\n', &bytes[searched..]) {
                return Ok(Some(Line { length: searched + at, has_newline: true }));
            }
            searched = bytes.len();
            if searched > LONGEST_RECORD {
                return Ok(None);
            }
            if !self.window.grow()? {
                return Ok(Some(Line { length: searched, has_newline: false }));
            }
        }
    }

    /// Moves to the newline of a line that is too long.
    fn skip_line(&mut self) -> Result<(), SourceError> {
        loop {
            let newline = memchr::memchr(b'\n', self.window.bytes());
            self.window.advance(newline.unwrap_or(self.window.bytes().len()));
            if newline.is_some() || !self.window.grow()? {
                return Ok(());
            }
        }
    }
}

impl LogSource for JsonlSource {
    fn path(&self) -> &Path {
        self.window.path()
    }

    fn format(&self) -> LogFormat {
        LogFormat::Jsonl
    }

    fn next_item<'s>(
        &'s mut self,
        reader: &mut RecordReader<'_>,
    ) -> Result<Option<LogItem<'s>>, SourceError> {
        let line = loop {
            self.window.advance(std::mem::take(&mut self.taken));
            let Some(line) = self.find_line()? else {
                let place = self.window.place();
                self.skip_line()?;
                let content = Err(Reject::TooLong { limit: LONGEST_RECORD });
                return Ok(Some(LogItem { place, content }));
            };
            self.taken = line.length + usize::from(line.has_newline);
            if !self.window.bytes()[..line.length].iter().all(|&byte| is_blank(byte)) {
                break line;
            }
            if !line.has_newline {
                return Ok(None);
            }
        };
        let place = self.window.place();
        let content = match reader.read_whole(&self.window.bytes()[..line.length]) {
            Ok(record) => Ok(record),
            Err(RecordError::Syntax(ScanError::Incomplete { .. })) if !line.has_newline => {
                Err(Reject::TornTail { expected: "the end of the record" })
            }
            Err(error) => Err(Reject::Record(error)),
        };
        Ok(Some(LogItem { place, content }))
    }

    fn digest(&self) -> SourceDigest {
        self.window.digest()
    }
}
