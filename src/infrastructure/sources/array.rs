//! A JSON array of records, streamed; and how reading goes on after damage.
//!
//! Where something is no record, everything up to the next place from which a whole object scans,
//! with a separator after it, is one reject. Such a place is after a comma that separates records
//! as far as brackets and quotes can still be counted. Where damage has upset the count (a quote or
//! bracket that never closes), it is any newline or comma after which a whole *event* stands: an
//! object without type or time could just as well be a part of the damaged record.

use std::path::Path;

use crate::application::log_source::{
    LogFormat, LogPiece, LogSource, PieceContent, Reject, ResumePoint, SourceDigest, SourceError,
};
use crate::wire::json::{ScanError, ScannedObject, is_blank};
use crate::wire::record::{RecordError, RecordReader};

use super::array_syntax::{NoRecord, unexpected, whole_value};
use super::limits::{LONGEST_PIECE, LONGEST_RECORD};
use super::nesting::Nesting;
use super::window::ByteWindow;
use super::wrapper_object::WrapperObject;

pub(super) struct ArraySource {
    window: ByteWindow,
    /// The object that holds the array, where it is not the log itself.
    wrapper: Option<WrapperObject>,
    expect: Expect,
    /// How much of the wrapper, from the window's beginning on, is to be given out as layout.
    held: usize,
    /// What is being given out is damage, and its end is not found yet.
    damage: Option<Nesting>,
    /// Bytes within damage that were scanned for a record and were none. Brackets that never close
    /// could have every byte scanned to the end of the log, again and again: what is wasted has to be
    /// earned by going on.
    wasted: usize,
}

/// How many bytes may be scanned in vain for each byte that damage goes on.
const EARNED_BY_A_BYTE: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    Opening,
    RecordOrEnd,
    Record,
    SeparatorOrEnd,
    RestOfWrapper,
    Nothing,
}

impl ArraySource {
    pub fn new(window: ByteWindow) -> Self {
        Self { window, wrapper: None, expect: Expect::Opening, held: 0, damage: None, wasted: 0 }
    }

    /// An array that begins at `start`, within an object.
    pub fn within(window: ByteWindow, wrapper: WrapperObject, start: usize) -> Self {
        Self { wrapper: Some(wrapper), held: start, ..Self::new(window) }
    }

    fn piece<'s>(&'s mut self, length: usize, content: PieceContent<'s>) -> LogPiece<'s> {
        // Damage, and the closing of the array, may look different in a grown log.
        let is_inside = matches!(self.expect, Expect::RecordOrEnd | Expect::Record | Expect::SeparatorOrEnd);
        let resumable = is_inside && matches!(content, PieceContent::Layout);
        self.window.give(length, resumable);
        LogPiece { place: self.window.place(), bytes: &self.window.bytes()[..length], content }
    }

    /// How many bytes come next of what stands around the array in its wrapper; 0 once all were given out.
    fn held_length(&mut self) -> Result<usize, SourceError> {
        let longest = self.held.min(LONGEST_PIECE);
        let Some(last) = longest.checked_sub(1) else { return Ok(0) };
        // The window is empty where it was moved on and back again, to see whether the log has grown.
        self.window.peek(last)?;
        // Fewer bytes are left of a log that was cut meanwhile, which shows at its end.
        let length = longest.min(self.window.bytes().len());
        self.held = if length < longest { 0 } else { self.held - length };
        Ok(length)
    }

    /// How many bytes of layout the window begins with. Brackets and commas are layout where they
    /// are expected.
    fn layout(&mut self) -> Result<usize, SourceError> {
        let expect = &mut self.expect;
        let after = if self.wrapper.is_some() { Expect::RestOfWrapper } else { Expect::Nothing };
        self.window.layout(|byte| {
            *expect = match (*expect, byte) {
                (same, byte) if is_blank(byte) => same,
                (Expect::Opening, b'[') => Expect::RecordOrEnd,
                (Expect::RecordOrEnd | Expect::SeparatorOrEnd, b']') => after,
                (Expect::SeparatorOrEnd, b',') => Expect::Record,
                _ => return false,
            };
            true
        })
    }

    /// The index of the first byte from `index` on that is not blank; after the end, the length.
    fn next_solid(&mut self, mut index: usize) -> Result<usize, SourceError> {
        while self.window.peek(index)?.is_some_and(is_blank) {
            index += 1;
        }
        Ok(index)
    }

    /// Scans the object at `index` and looks at what follows it.
    fn scan_object(
        &mut self,
        reader: &mut RecordReader<'_>,
        index: usize,
    ) -> Result<Result<ScannedObject, NoRecord>, SourceError> {
        let object = loop {
            let bytes = &self.window.bytes()[index..];
            match reader.scan(bytes, 0) {
                Ok(object) => break object,
                Err(ScanError::Incomplete { .. }) if bytes.len() > LONGEST_RECORD => {
                    return Ok(Err(NoRecord::TooLong));
                }
                Err(error @ ScanError::Incomplete { .. }) => {
                    if !self.window.grow()? {
                        return Ok(Err(NoRecord::Syntax(error)));
                    }
                }
                Err(error) => return Ok(Err(NoRecord::Syntax(error))),
            }
        };
        let at = self.next_solid(index + object.span.end)?;
        Ok(match self.window.peek(at)? {
            // A record right after a record: the comma is missing, the records are whole.
            None | Some(b',' | b']' | b'{') => Ok(object),
            Some(by) => Err(NoRecord::Followed { at: at - index, by }),
        })
    }

    /// The length of a whole value at the window's beginning that is not an object, with a
    /// separator after it.
    fn scan_other_value(&mut self) -> Result<Option<usize>, SourceError> {
        let length = loop {
            match whole_value(self.window.bytes()) {
                Ok(length) if length < self.window.bytes().len() => break length,
                Ok(_) | Err(ScanError::Incomplete { .. }) if self.window.bytes().len() <= LONGEST_RECORD => {
                    if !self.window.grow()? {
                        return Ok(None);
                    }
                }
                _ => return Ok(None),
            }
        };
        let at = self.next_solid(length)?;
        Ok(self.window.peek(at)?.is_some_and(|byte| matches!(byte, b',' | b']')).then_some(length))
    }

    /// How far the damage at the window's beginning goes: to the next record, to the array's end, to
    /// the end of the log, or on after the longest piece.
    fn damage(&mut self, reader: &mut RecordReader<'_>, mut nesting: Nesting) -> Result<usize, SourceError> {
        let mut index = 0;
        self.expect = Expect::Nothing;
        while let Some(byte) = self.window.peek(index)? {
            let between_records = nesting.step(byte);
            self.wasted = self.wasted.saturating_sub(EARNED_BY_A_BYTE);
            if byte == b']' && between_records && self.is_end(index + 1)? {
                self.expect = Expect::SeparatorOrEnd;
                return Ok(index);
            }
            index += 1;
            if matches!(byte, b',' | b'\n') {
                let candidate = self.next_solid(index)?;
                if self.window.peek(candidate)? == Some(b'{')
                    && self.wasted < LONGEST_RECORD
                    && self.is_record(reader, candidate, byte == b',' && between_records)?
                {
                    self.expect = Expect::Record;
                    return Ok(candidate);
                }
            }
            if index >= LONGEST_PIECE {
                self.damage = Some(nesting);
                return Ok(index);
            }
        }
        Ok(index)
    }

    /// Whether a `]` before `index` closes the array: nothing follows but the rest of its wrapper.
    fn is_end(&mut self, index: usize) -> Result<bool, SourceError> {
        let mut end = index;
        if let Some(wrapper) = &self.wrapper {
            match wrapper.rest(&mut self.window, index)? {
                Ok(length) => end += length,
                Err(_) => return Ok(false),
            }
        }
        let solid = self.next_solid(end)?;
        Ok(self.window.peek(solid)?.is_none())
    }

    /// The length of the rest of the wrapper, at the window's beginning.
    fn rest_of_wrapper(&mut self) -> Result<Result<usize, Reject>, SourceError> {
        let Some(wrapper) = &self.wrapper else {
            return Ok(Ok(0));
        };
        Ok(wrapper.rest(&mut self.window, 0)?.map_err(|error| match error {
            RecordError::Syntax(ScanError::Incomplete { .. }) => {
                Reject::TornTail { expected: "the end of the object that holds the records" }
            }
            error => Reject::Record(error),
        }))
    }

    fn is_record(
        &mut self,
        reader: &mut RecordReader<'_>,
        index: usize,
        any_object: bool,
    ) -> Result<bool, SourceError> {
        Ok(match self.scan_object(reader, index)? {
            Ok(object) => any_object || reader.is_event(&self.window.bytes()[index..], object),
            Err(no_record) => {
                self.wasted += no_record.scanned();
                false
            }
        })
    }

    fn record<'s>(&'s mut self, reader: &mut RecordReader<'_>) -> Result<LogPiece<'s>, SourceError> {
        self.expect = Expect::SeparatorOrEnd;
        let no_record = match self.scan_object(reader, 0)? {
            Ok(object) => {
                self.window.give(object.span.end, true);
                let bytes = &self.window.bytes()[..object.span.end];
                let content = match reader.interpret(bytes, object) {
                    Ok(record) => PieceContent::Record(record),
                    Err(error) => PieceContent::Reject(Reject::Record(error)),
                };
                return Ok(LogPiece { place: self.window.place(), bytes, content });
            }
            Err(no_record) => no_record,
        };
        if let NoRecord::Syntax(error) = &no_record
            && let Some(length) = self.scan_other_value()?
        {
            let reject = Reject::Record((*error).into());
            return Ok(self.piece(length, PieceContent::Reject(reject)));
        }
        let length = self.damage(reader, Nesting::default())?;
        let is_rest = self.expect == Expect::Nothing && self.damage.is_none();
        let reject = match no_record {
            NoRecord::Syntax(ScanError::Incomplete { .. }) if is_rest => {
                Reject::TornTail { expected: "the end of the record" }
            }
            NoRecord::Syntax(error) => Reject::Record(error.into()),
            NoRecord::TooLong => Reject::TooLong { limit: LONGEST_RECORD },
            NoRecord::Followed { at, by } => unexpected(at, "`,` or `]` after the record", by),
        };
        Ok(self.piece(length, PieceContent::Reject(reject)))
    }
}

impl LogSource for ArraySource {
    fn path(&self) -> &Path {
        self.window.path()
    }

    fn location(&self) -> &Path {
        self.window.location()
    }

    fn format(&self) -> LogFormat {
        LogFormat::JsonArray
    }

    fn compression(&self) -> Option<&'static str> {
        self.window.compression()
    }

    fn resume_at(&mut self, point: &ResumePoint) -> Result<bool, SourceError> {
        let Some(last_solid) = self.window.skip_to(point)? else {
            return Ok(false);
        };
        if point.offset > 0 {
            // Points are given after records and layout within the array, and nowhere else.
            self.held = 0;
            self.expect = match last_solid {
                Some(b'[') => Expect::RecordOrEnd,
                Some(b',') => Expect::Record,
                _ => Expect::SeparatorOrEnd,
            };
        }
        Ok(true)
    }

    fn next_piece<'s>(
        &'s mut self,
        reader: &mut RecordReader<'_>,
    ) -> Result<Option<LogPiece<'s>>, SourceError> {
        self.window.pass();
        let held = self.held_length()?;
        if held > 0 {
            return Ok(Some(self.piece(held, PieceContent::Layout)));
        }
        if let Some(nesting) = self.damage.take() {
            let length = self.damage(reader, nesting)?;
            if length > 0 {
                return Ok(Some(self.piece(length, PieceContent::RejectContinued)));
            }
        }
        let layout = self.layout()?;
        if layout > 0 {
            return Ok(Some(self.piece(layout, PieceContent::Layout)));
        }
        let (length, reject) = match (self.expect, self.window.peek(0)?) {
            (Expect::Nothing, None) => match self.window.end(false)? {
                Some(damage) => (0, damage),
                None => return Ok(None),
            },
            (Expect::RestOfWrapper, Some(_)) => match self.rest_of_wrapper()? {
                Ok(length) => {
                    (self.expect, self.held) = (Expect::Nothing, length);
                    let held = self.held_length()?;
                    return Ok(Some(self.piece(held, PieceContent::Layout)));
                }
                Err(reject) => (self.damage(reader, Nesting::default())?, reject),
            },
            (Expect::RecordOrEnd | Expect::Record, Some(_)) => return self.record(reader).map(Some),
            (Expect::SeparatorOrEnd, Some(found)) => {
                self.expect = Expect::Record;
                (0, unexpected(0, "`,` between two records", found))
            }
            (Expect::Opening | Expect::Nothing, Some(found)) => {
                let end = if self.wrapper.is_some() {
                    "nothing after the closing `}`"
                } else {
                    "nothing after the closing `]`"
                };
                // What was appended after an array that was closed is whole all the same.
                let length = if found == b'{' && self.is_record(reader, 0, false)? {
                    self.expect = Expect::Record;
                    0
                } else {
                    self.damage(reader, Nesting::default())?
                };
                (length, unexpected(0, end, found))
            }
            (expect, None) => {
                self.expect = Expect::Nothing;
                let expected = match expect {
                    Expect::Opening => "the opening `[`",
                    Expect::Record => "a record",
                    Expect::RecordOrEnd => "a record or the closing `]`",
                    Expect::RestOfWrapper => "the closing `}`",
                    _ => "`,` or the closing `]`",
                };
                (0, self.window.take_damage().unwrap_or(Reject::TornTail { expected }))
            }
        };
        Ok(Some(self.piece(length, PieceContent::Reject(reject))))
    }

    fn resume_point(&mut self) -> ResumePoint {
        self.window.resume_point()
    }

    fn digest(&self) -> SourceDigest {
        self.window.digest()
    }
}
