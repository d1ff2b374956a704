//! JSONL: a record a line. A damaged line never touches its neighbours; within it, each object is a
//! record of its own, and what stands between is rejected.

use std::path::Path;

use crate::application::log_source::{
    LogFormat, LogPiece, LogSource, PieceContent, Reject, ResumePoint, SourceDigest, SourceError,
};
use crate::wire::json::{ScannedObject, is_blank};
use crate::wire::record::RecordReader;

use super::array_syntax::{RECORD_SEPARATOR, unexpected};
use super::damage::{Beginning, Damage, DamageEnd, Surroundings, beginning, described};
use super::limits::LONGEST_RECORD;
use super::window::ByteWindow;

pub(super) struct JsonlSource {
    window: ByteWindow,
    /// What is being given out is damage, and its end is not found yet.
    damage: Option<Damage>,
    /// The line is not one record: what is left of it is read piece by piece.
    in_damaged_line: bool,
    /// The last byte that is not blank closed an object: a comma may follow it.
    after_object: bool,
    /// What was given out last has no end but that of the log: a grown log could make it something else.
    is_open: bool,
    /// A line is passed with its end.
    omits_line_ends: bool,
}

impl JsonlSource {
    pub fn new(window: ByteWindow) -> Self {
        Self {
            window,
            damage: None,
            in_damaged_line: false,
            after_object: false,
            is_open: false,
            omits_line_ends: false,
        }
    }

    /// How many bytes of layout the window begins with. Besides white space, that is a comma after an
    /// object, and what RFC 7464 separates records with.
    fn layout(&mut self) -> Result<usize, SourceError> {
        let after_object = &mut self.after_object;
        let length = self.window.layout(|byte| {
            is_blank(byte)
                || match byte {
                    b',' => std::mem::take(after_object),
                    RECORD_SEPARATOR => {
                        *after_object = false;
                        true
                    }
                    _ => false,
                }
        })?;
        if self.in_damaged_line {
            self.in_damaged_line = !self.window.bytes()[..length].contains(&b'\n');
        }
        Ok(length)
    }

    /// The length of the line that the window begins with, without its newline, and whether it has
    /// one; `None` where it is longer than a record.
    fn line(&mut self) -> Result<Option<(usize, bool)>, SourceError> {
        let mut searched = 0;
        loop {
            let bytes = self.window.bytes();
            if let Some(at) = memchr::memchr(b'\n', &bytes[searched..]) {
                let length = searched + at;
                return Ok((length <= LONGEST_RECORD).then_some((length, true)));
            }
            searched = bytes.len();
            if searched > LONGEST_RECORD {
                return Ok(None);
            }
            if !self.window.grow()? {
                return Ok(Some((searched, false)));
            }
        }
    }

    fn record<'s>(
        &'s mut self,
        reader: &mut RecordReader<'_>,
        object: ScannedObject,
        line_end: Option<usize>,
    ) -> LogPiece<'s> {
        let length = object.span.end;
        self.after_object = true;
        match line_end {
            Some(end) => self.window.give_line(end + 1),
            None => self.window.give_of_line(length, true),
        }
        let bytes = &self.window.bytes()[..length];
        let content = match reader.interpret(bytes, object) {
            Ok(record) => PieceContent::Record(record),
            Err(error) => PieceContent::Reject(Reject::Record(error)),
        };
        LogPiece { place: self.window.place(), bytes, content }
    }

    /// What the window begins with, which is not a whole line.
    fn piece_of_line<'s>(
        &'s mut self,
        reader: &mut RecordReader<'_>,
    ) -> Result<Option<LogPiece<'s>>, SourceError> {
        let (mut damage, reject) = match self.window.peek(0)? {
            Some(b'{') => match beginning(&mut self.window, reader, Surroundings::Line)? {
                Beginning::Object(object) => return Ok(Some(self.record(reader, object, None))),
                Beginning::DamagedObject(length, reject) => {
                    self.after_object = true;
                    return Ok(Some(self.piece(length, PieceContent::Reject(reject))));
                }
                Beginning::Damage(damage, reject) => (damage, reject),
            },
            Some(found) => (Damage::new(Surroundings::Line), unexpected(0, "an object", found)),
            // What was appended since the log was opened was not read, and is for the next time.
            None => {
                let damage = self.window.end(true)?;
                return Ok(damage.map(|reject| self.piece(0, PieceContent::Reject(reject))));
            }
        };
        damage.expect_wide_line_ends(&mut self.window)?;
        let length = self.go_on(damage, reader)?;
        let reject = described(reject, &self.window.bytes()[..length], self.window.place().offset);
        Ok(Some(self.piece(length, PieceContent::Reject(reject))))
    }

    /// How many bytes of the window are damage. White space at its end is layout.
    fn go_on(&mut self, mut damage: Damage, reader: &mut RecordReader<'_>) -> Result<usize, SourceError> {
        let (length, end) = damage.next(&mut self.window, reader, None)?;
        self.is_open = matches!(end, DamageEnd::Log | DamageEnd::NotYet);
        let last_solid = self.window.bytes()[..length].iter().rposition(|byte| !is_blank(*byte));
        if let Some(last) = last_solid {
            self.after_object = self.window.bytes()[last] == b'}';
        }
        if end == DamageEnd::NotYet {
            self.damage = Some(damage);
            return Ok(length);
        }
        Ok(last_solid.map_or(0, |last| last + 1))
    }

    fn piece<'s>(&'s mut self, length: usize, content: PieceContent<'s>) -> LogPiece<'s> {
        // What a log begins with says how it is written: before it, nothing is known.
        let is_beginning = matches!(content, PieceContent::Layout) && self.window.place().offset == 0;
        self.window.give(length, !self.is_open && !is_beginning);
        LogPiece { place: self.window.place(), bytes: &self.window.bytes()[..length], content }
    }
}

impl LogSource for JsonlSource {
    fn path(&self) -> &Path {
        self.window.path()
    }

    fn format(&self) -> LogFormat {
        LogFormat::Jsonl
    }

    fn compression(&self) -> Option<&'static str> {
        self.window.compression()
    }

    fn resume_at(&mut self, point: &ResumePoint) -> Result<bool, SourceError> {
        let Some(last_solid) = self.window.skip_to(point)? else {
            return Ok(false);
        };
        self.after_object = last_solid == Some(b'}');
        Ok(true)
    }

    fn next_piece<'s>(
        &'s mut self,
        reader: &mut RecordReader<'_>,
    ) -> Result<Option<LogPiece<'s>>, SourceError> {
        self.window.pass();
        if let Some(damage) = self.damage.take() {
            let length = self.go_on(damage, reader)?;
            if length > 0 {
                return Ok(Some(self.piece(length, PieceContent::RejectContinued)));
            }
        }
        let layout = self.layout()?;
        if layout > 0 {
            return Ok(Some(self.piece(layout, PieceContent::Layout)));
        }
        if !self.in_damaged_line {
            if let Some((line, has_newline)) = self.line()? {
                let text = &self.window.bytes()[..line];
                let length = text.iter().rposition(|byte| !is_blank(*byte)).map_or(0, |last| last + 1);
                if let Ok(object) = reader.extent(&text[..length], 0)
                    && object.span.end == length
                {
                    let line_end = (has_newline && self.omits_line_ends).then_some(line);
                    return Ok(Some(self.record(reader, object, line_end)));
                }
            }
            self.in_damaged_line = true;
        }
        self.piece_of_line(reader)
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
