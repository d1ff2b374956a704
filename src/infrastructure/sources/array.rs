//! A JSON array of records, streamed; and how reading goes on behind damage.
//!
//! Where something is no record, everything up to the next place from which a whole object scans,
//! with a separator behind it, is one reject. Such a place is behind a comma that separates records
//! as far as brackets and quotes can still be counted. Where damage has upset the count (a quote or
//! bracket that never closes), it is any newline or comma behind which a whole *event* stands: an
//! object without type or time could just as well be a part of the damaged record.

use std::path::Path;

use crate::application::import::{LogFormat, LogItem, LogSource, Place, Reject, SourceDigest, SourceError};
use crate::domain::json::{ScanError, ScannedObject, Token, Tokens, is_blank};
use crate::domain::record::{RecordError, RecordReader};

use super::LONGEST_RECORD;
use super::window::ByteWindow;

/// While looking for the end of damage, this much of it is kept in memory.
const DAMAGE_HELD: usize = 1 << 20;

pub(super) struct ArraySource {
    window: ByteWindow,
    expect: Expect,
    /// The length of what was given out last.
    taken: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    Opening,
    RecordOrEnd,
    Record,
    SeparatorOrEnd,
    Nothing,
}

/// Why no record could be scanned.
enum NoRecord {
    Syntax(ScanError),
    TooLong,
    /// The object is whole, and something follows it that separates nothing.
    Followed {
        at: usize,
        by: u8,
    },
}

impl ArraySource {
    pub fn new(window: ByteWindow) -> Self {
        Self { window, expect: Expect::Opening, taken: 0 }
    }

    /// Moves to the next byte that is not blank, and gives it.
    fn skip_blanks(&mut self) -> Result<Option<u8>, SourceError> {
        let index = self.next_solid(0)?;
        self.window.advance(index);
        self.window.peek(0)
    }

    /// The index of the first byte from `index` on that is not blank; behind the end, the length.
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
            // A record right behind a record: the comma is missing, the records are whole.
            None | Some(b',' | b']' | b'{') => Ok(object),
            Some(by) => Err(NoRecord::Followed { at: at - index, by }),
        })
    }

    /// The length of a whole value at the window's beginning that is not an object, with a
    /// separator behind it.
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

    /// Moves behind damage at the window's beginning: to the next record, to the array's end, or to
    /// the end of the log.
    fn skip_damage(&mut self, reader: &mut RecordReader<'_>) -> Result<(), SourceError> {
        let mut nesting = Nesting::default();
        let mut index = 0;
        self.expect = Expect::Nothing;
        while let Some(byte) = self.window.peek(index)? {
            let between_records = nesting.step(byte);
            index += 1;
            if byte == b']' && between_records {
                let behind = self.next_solid(index)?;
                if self.window.peek(behind)?.is_none() {
                    self.window.advance(index - 1);
                    self.expect = Expect::SeparatorOrEnd;
                    return Ok(());
                }
            }
            if matches!(byte, b',' | b'\n') {
                let candidate = self.next_solid(index)?;
                if self.window.peek(candidate)? == Some(b'{')
                    && self.is_record(reader, candidate, byte == b',' && between_records)?
                {
                    self.window.advance(candidate);
                    self.expect = Expect::Record;
                    return Ok(());
                }
            }
            if index >= DAMAGE_HELD {
                self.window.advance(index);
                index = 0;
            }
        }
        self.window.advance(index);
        Ok(())
    }

    fn is_record(
        &mut self,
        reader: &mut RecordReader<'_>,
        index: usize,
        any_object: bool,
    ) -> Result<bool, SourceError> {
        Ok(match self.scan_object(reader, index)? {
            Ok(object) => any_object || reader.is_event(&self.window.bytes()[index..], object),
            Err(_) => false,
        })
    }

    /// Gives damage at the window's beginning as one reject.
    fn damage(
        &mut self,
        reader: &mut RecordReader<'_>,
        reject: Reject,
    ) -> Result<Option<LogItem<'_>>, SourceError> {
        let place = self.window.place();
        self.skip_damage(reader)?;
        Ok(Some(LogItem { place, content: Err(reject) }))
    }

    /// The end of the log, where it may not be.
    fn torn(&mut self, expected: &'static str) -> LogItem<'_> {
        self.expect = Expect::Nothing;
        LogItem { place: self.window.place(), content: Err(Reject::TornTail { expected }) }
    }

    fn record(
        &mut self,
        reader: &mut RecordReader<'_>,
        place: Place,
    ) -> Result<Option<LogItem<'_>>, SourceError> {
        self.expect = Expect::SeparatorOrEnd;
        match self.scan_object(reader, 0)? {
            Ok(object) => {
                self.taken = object.span.end;
                let content = reader.interpret(self.window.bytes(), object).map_err(Reject::Record);
                Ok(Some(LogItem { place, content }))
            }
            Err(NoRecord::TooLong) => self.damage(reader, Reject::TooLong { limit: LONGEST_RECORD }),
            Err(NoRecord::Followed { at, by }) => {
                let error = ScanError::Unexpected { at, expected: "`,` or `]` behind the record", found: by };
                self.damage(reader, Reject::Record(error.into()))
            }
            Err(NoRecord::Syntax(error)) => {
                if let Some(length) = self.scan_other_value()? {
                    self.taken = length;
                    return Ok(Some(LogItem { place, content: Err(Reject::Record(error.into())) }));
                }
                self.skip_damage(reader)?;
                let content = Err(match error {
                    ScanError::Incomplete { .. } if self.expect == Expect::Nothing => {
                        Reject::TornTail { expected: "the end of the record" }
                    }
                    _ => Reject::Record(RecordError::Syntax(error)),
                });
                Ok(Some(LogItem { place, content }))
            }
        }
    }
}

impl LogSource for ArraySource {
    fn path(&self) -> &Path {
        self.window.path()
    }

    fn format(&self) -> LogFormat {
        LogFormat::JsonArray
    }

    fn next_item<'s>(
        &'s mut self,
        reader: &mut RecordReader<'_>,
    ) -> Result<Option<LogItem<'s>>, SourceError> {
        self.window.advance(std::mem::take(&mut self.taken));
        loop {
            let byte = self.skip_blanks()?;
            let place = self.window.place();
            self.expect = match (self.expect, byte) {
                (Expect::Nothing, None) => return Ok(None),
                (Expect::Nothing, Some(found)) => {
                    let expected = "nothing behind the closing `]`";
                    let error = ScanError::Unexpected { at: 0, expected, found };
                    return self.damage(reader, Reject::Record(error.into()));
                }
                (Expect::Opening, None) => return Ok(Some(self.torn("the opening `[`"))),
                (Expect::RecordOrEnd, None) => return Ok(Some(self.torn("a record or the closing `]`"))),
                (Expect::Record, None) => return Ok(Some(self.torn("a record"))),
                (Expect::SeparatorOrEnd, None) => return Ok(Some(self.torn("`,` or the closing `]`"))),
                (Expect::RecordOrEnd | Expect::SeparatorOrEnd, Some(b']')) => Expect::Nothing,
                (Expect::SeparatorOrEnd, Some(b',')) => Expect::Record,
                (Expect::SeparatorOrEnd, Some(found)) => {
                    self.expect = Expect::Record;
                    let expected = "`,` between two records";
                    let error = ScanError::Unexpected { at: 0, expected, found };
                    return Ok(Some(LogItem { place, content: Err(Reject::Record(error.into())) }));
                }
                (Expect::RecordOrEnd | Expect::Record, Some(_)) => return self.record(reader, place),
                // How the log begins was looked at when it was opened.
                (Expect::Opening, Some(_)) => {
                    self.window.advance(1);
                    Expect::RecordOrEnd
                }
            };
            if matches!(self.expect, Expect::Nothing | Expect::Record) {
                self.window.advance(1);
            }
        }
    }

    fn digest(&self) -> SourceDigest {
        self.window.digest()
    }
}

/// The length of the whole value, of any kind, that `text` begins with.
fn whole_value(text: &[u8]) -> Result<usize, ScanError> {
    let mut tokens = Tokens::new(text, 0);
    while let Some(token) = tokens.next_token()? {
        if token == Token::ObjectStart && tokens.depth() == 1 {
            // An object is a record; whoever asks has found it broken.
            return Err(ScanError::Unexpected { at: 0, expected: "another value", found: b'{' });
        }
    }
    Ok(tokens.offset())
}

/// Counts brackets and quotes through damage, as well as they can be counted.
#[derive(Default)]
struct Nesting {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Nesting {
    /// Takes one byte; true where it stands outside of every record.
    fn step(&mut self, byte: u8) -> bool {
        if byte == b'\n' {
            // No string spans lines: one that is open here never closes.
            self.in_string = false;
            self.escaped = false;
        } else if self.in_string {
            self.in_string = self.escaped || byte != b'"';
            self.escaped = !self.escaped && byte == b'\\';
            return false;
        } else {
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' if self.depth > 0 => {
                    self.depth -= 1;
                    return false;
                }
                _ => {}
            }
        }
        self.depth == 0
    }
}
