//! A JSON array of records, streamed; and how reading goes on after damage.
//!
//! An object is a record wherever a record can stand, whatever follows it. What is no object is
//! rejected up to the next event, or as far as [`damage`](super::damage) says. A bracket that is one
//! too many, or opens another array after the log's own, is rejected alone: the records in it are read.

use std::path::Path;

use crate::application::log_source::{
    LogFormat, LogPiece, LogSource, PieceContent, Reject, ResumePoint, SourceDigest, SourceError,
};
use crate::wire::json::{ScanError, ScannedObject, is_blank};
use crate::wire::record::{RecordError, RecordReader};

use super::array_syntax::{unexpected, whole_scalar};
use super::damage::{Beginning, Damage, DamageEnd, Surroundings, beginning, described};
use super::limits::{LONGEST_PIECE, LONGEST_RECORD};
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
    damage: Option<Damage>,
}

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
        Self { window, wrapper: None, expect: Expect::Opening, held: 0, damage: None }
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

    /// The object at the window's beginning, if it is one.
    fn object(&mut self, reader: &mut RecordReader<'_>) -> Result<Option<ScannedObject>, SourceError> {
        loop {
            let bytes = self.window.bytes();
            let text = &bytes[..bytes.len().min(LONGEST_RECORD)];
            match reader.extent(text, 0) {
                Ok(object) => return Ok(Some(object)),
                Err(ScanError::Incomplete { .. }) if text.len() < LONGEST_RECORD => {
                    if !self.window.grow()? {
                        return Ok(None);
                    }
                }
                Err(_) => return Ok(None),
            }
        }
    }

    /// What begins with the `{` at the window's beginning.
    fn record<'s>(&'s mut self, reader: &mut RecordReader<'_>) -> Result<LogPiece<'s>, SourceError> {
        let beginning = match self.object(reader)? {
            Some(object) => Beginning::Object(object),
            None => beginning(&mut self.window, reader, Surroundings::Array)?,
        };
        let before = std::mem::replace(&mut self.expect, Expect::SeparatorOrEnd);
        let (length, reject) = match beginning {
            Beginning::Object(_) if before == Expect::SeparatorOrEnd => {
                self.expect = Expect::Record;
                (0, unexpected(0, "`,` between two records", b'{'))
            }
            Beginning::Object(object) => {
                self.window.give(object.span.end, true);
                let bytes = &self.window.bytes()[..object.span.end];
                let content = match reader.interpret(bytes, object) {
                    Ok(record) => PieceContent::Record(record),
                    Err(error) => PieceContent::Reject(Reject::Record(error)),
                };
                return Ok(LogPiece { place: self.window.place(), bytes, content });
            }
            Beginning::DamagedObject(length, reject) => (length, reject),
            Beginning::Damage(damage, reject) => {
                let length = self.go_on(damage, reader)?;
                (length, self.described(reject, length))
            }
        };
        Ok(self.piece(length, PieceContent::Reject(reject)))
    }

    /// The length of a whole value at the window's beginning that is no object, with a separator after
    /// it.
    fn scalar(&mut self) -> Result<Option<usize>, SourceError> {
        let length = loop {
            let bytes = self.window.bytes();
            let text = &bytes[..bytes.len().min(LONGEST_RECORD)];
            match whole_scalar(text) {
                Ok(length) if length < text.len() => break length,
                Ok(_) | Err(ScanError::Incomplete { .. }) if text.len() < LONGEST_RECORD => {
                    if !self.window.grow()? {
                        return Ok(None);
                    }
                }
                _ => return Ok(None),
            }
        };
        let next = self.window.next_solid(length)?;
        Ok(self.window.peek(next)?.is_some_and(|byte| matches!(byte, b',' | b']')).then_some(length))
    }

    /// How many bytes of the window are damage; and what is expected after it.
    fn go_on(&mut self, mut damage: Damage, reader: &mut RecordReader<'_>) -> Result<usize, SourceError> {
        let (length, end) = damage.next(&mut self.window, reader, self.wrapper.as_ref())?;
        self.expect = match end {
            DamageEnd::Event => Expect::Record,
            DamageEnd::Separator => Expect::SeparatorOrEnd,
            DamageEnd::Wrapper | DamageEnd::Log | DamageEnd::Line | DamageEnd::NotYet => Expect::Nothing,
        };
        if end == DamageEnd::NotYet {
            self.damage = Some(damage);
        }
        Ok(length)
    }

    /// What is no object, where a record or a separator is expected.
    fn no_record(
        &mut self,
        reader: &mut RecordReader<'_>,
        found: u8,
    ) -> Result<(usize, Reject), SourceError> {
        let expected = match (self.expect, found) {
            (Expect::Record, b']') => {
                self.expect = Expect::SeparatorOrEnd;
                return Ok((0, unexpected(0, "an object", found)));
            }
            (Expect::SeparatorOrEnd, _) => "`,` or `]` after the record",
            _ => {
                if let Some(length) = self.scalar()? {
                    self.expect = Expect::SeparatorOrEnd;
                    return Ok((length, unexpected(0, "an object", found)));
                }
                "an object"
            }
        };
        let length = self.go_on(Damage::new(Surroundings::Array), reader)?;
        Ok((length, self.described(unexpected(0, expected, found), length)))
    }

    /// What is said of the damage of that length that the window begins with.
    fn described(&self, found: Reject, length: usize) -> Reject {
        described(found, &self.window.bytes()[..length], self.window.place().offset)
    }

    /// What stands outside of the array.
    fn outside(&mut self, reader: &mut RecordReader<'_>, found: u8) -> Result<(usize, Reject), SourceError> {
        let is_held = self.wrapper.is_some();
        let expected =
            if is_held { "nothing after the closing `}`" } else { "nothing after the closing `]`" };
        let opening = match &self.wrapper {
            _ if found == b'[' => Some(0),
            Some(wrapper) if found == b'{' => wrapper.array_at(&mut self.window, 0)?,
            _ => None,
        };
        let length = match opening {
            Some(bracket) => {
                self.expect = Expect::RecordOrEnd;
                bracket + 1
            }
            None => self.go_on(Damage::new(Surroundings::Outside), reader)?,
        };
        Ok((length, self.described(unexpected(0, expected, found), length)))
    }

    /// The rest of the wrapper, at the window's beginning: its length, or what is wrong with it.
    fn rest_of_wrapper(
        &mut self,
        reader: &mut RecordReader<'_>,
    ) -> Result<(usize, Option<Reject>), SourceError> {
        let Some(wrapper) = &self.wrapper else {
            return Ok((0, None));
        };
        let (damage, reject) = match wrapper.rest(&mut self.window)? {
            Ok(length) => {
                (self.expect, self.held) = (Expect::Nothing, length);
                return Ok((self.held_length()?, None));
            }
            Err(RecordError::Syntax(ScanError::Incomplete { at, .. })) if at < LONGEST_RECORD => {
                let expected = "the end of the object that holds the records";
                (Damage::unfinished(), Reject::TornTail { expected })
            }
            Err(error) => (Damage::new(Surroundings::Outside), Reject::Record(error)),
        };
        Ok((self.go_on(damage, reader)?, Some(reject)))
    }
}

impl LogSource for ArraySource {
    fn path(&self) -> &Path {
        self.window.path()
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
        let (length, reject) = match (self.expect, self.window.peek(0)?) {
            (Expect::Nothing, None) => match self.window.end(false)? {
                Some(damage) => (0, damage),
                None => return Ok(None),
            },
            (Expect::RestOfWrapper, Some(_)) => match self.rest_of_wrapper(reader)? {
                (length, Some(reject)) => (length, reject),
                (length, None) => return Ok(Some(self.piece(length, PieceContent::Layout))),
            },
            (Expect::Record | Expect::RecordOrEnd | Expect::SeparatorOrEnd, Some(b'{')) => {
                return self.record(reader).map(Some);
            }
            (Expect::Record | Expect::RecordOrEnd | Expect::SeparatorOrEnd, Some(found)) => {
                self.no_record(reader, found)?
            }
            (Expect::Opening | Expect::Nothing, Some(found)) => self.outside(reader, found)?,
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
