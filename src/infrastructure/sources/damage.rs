//! Damage in a log, and where reading goes on after it: at the next event.
//!
//! Bytes are looked at from the left to the right, and what follows an event never changes what was
//! made of the bytes before it: a log that has grown reads as it would have been read at once.
//!
//! - An event is an event wherever its `{` stands, but within an object that breaks later on: there it
//!   is a part of that object, unless the break comes right after it, or after a comma, as where a record
//!   was cut off and the next one written.
//! - What could still become an object, were the log to go on, is not searched.
//! - An object that is too long to be held is passed as far as its brackets go, and not searched.
//!
//! Each byte is scanned a few times at most. Where an object breaks, so do all that are open there,
//! and they are not scanned again. Two objects can only break independently of each other in the same
//! bytes where one begins within the quotes of the other; a third would be within those of both.

use crate::application::log_source::{Reject, SourceError};
use crate::wire::json::{ScanError, ScannedObject, is_blank};
use crate::wire::record::{RecordError, RecordReader};

use super::encoding::Encoding;
use super::limits::{LONGEST_PIECE, LONGEST_RECORD};
use super::nesting::Nesting;
use super::structure::{BrokenObject, Extent, ObjectEnd, Step, Structure, extent};
use super::window::ByteWindow;
use super::wrapper_object::WrapperObject;

/// So many bytes tell an encoding that damage begins with.
const WIDE_BEGINNING: usize = 16;
/// How much of damage is looked at for another encoding.
const LONGEST_DESCRIBED: usize = 1 << 10;

/// What damage stands in, which says what ends it besides an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Surroundings {
    /// A newline.
    Line,
    /// As far as brackets and quotes can be counted: a comma between records, and the closing bracket.
    Array,
    /// What stands before or after an array: nothing.
    Outside,
}

/// Why damage ends where it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DamageEnd {
    /// An event follows.
    Event,
    /// An object follows that holds an array of records.
    Wrapper,
    /// A comma before another record follows, or the closing bracket of the array; or what stands where
    /// a record should is another array, and closed.
    Separator,
    /// The line ends.
    Line,
    /// The log ends.
    Log,
    /// It does not end yet: it is given out in pieces.
    NotYet,
}

/// What the window begins with, where that is a `{`.
pub(super) enum Beginning {
    Object(ScannedObject),
    /// An object but for some of its values, of this length.
    DamagedObject(usize, Reject),
    Damage(Damage, Reject),
}

/// Looks at the `{` that the window begins with.
pub(super) fn beginning(
    window: &mut ByteWindow,
    reader: &mut RecordReader<'_>,
    within: Surroundings,
) -> Result<Beginning, SourceError> {
    let Extent { end, object } = extent(window, 0, within == Surroundings::Line)?;
    let error = match reader.extent(&window.bytes()[..end], 0) {
        Ok(object) => return Ok(Beginning::Object(object)),
        Err(error) => error,
    };
    let is_incomplete = matches!(error, ScanError::Incomplete { .. });
    let mut damage = Damage::new(within);
    let reject = match object {
        ObjectEnd::Closed => return Ok(Beginning::DamagedObject(end, Reject::Record(error.into()))),
        ObjectEnd::Broken(object) => {
            damage.broken.push(object);
            let ends_between_values = || {
                let solid = window.bytes()[..end].iter().rev().find(|byte| !is_blank(**byte));
                matches!(solid, Some(b'{' | b'[' | b','))
            };
            if is_incomplete && within == Surroundings::Line && ends_between_values() {
                Reject::SeveralLines
            } else {
                Reject::Record(error.into())
            }
        }
        ObjectEnd::TooFar => {
            damage.rest = Rest::Passed(Structure::default());
            if is_incomplete {
                Reject::TooLong { limit: LONGEST_RECORD }
            } else {
                Reject::Record(error.into())
            }
        }
        ObjectEnd::Unfinished => {
            damage.rest = Rest::Unfinished;
            if is_incomplete {
                Reject::TornTail { expected: "the end of the record" }
            } else {
                Reject::Record(error.into())
            }
        }
    };
    Ok(Beginning::Damage(damage, reject))
}

/// Damage that is being given out.
pub(super) struct Damage {
    within: Surroundings,
    nesting: Nesting,
    /// The objects that break after the current place.
    broken: Vec<BrokenObject>,
    rest: Rest,
    is_begun: bool,
    /// It is an array within the array, and ends with it.
    is_bracketed: bool,
    /// It is UTF-16 or UTF-32, and a newline has zero bytes beside it.
    has_wide_line_ends: bool,
}

/// What is done with the bytes that come next.
enum Rest {
    /// They are searched for an event.
    Searched,
    /// They are passed as far as an object goes that is too long to be held.
    Passed(Structure),
    /// They belong to what could still become an object: all of them are passed.
    Unfinished,
}

impl Damage {
    /// What begins with something other than an object.
    pub fn new(within: Surroundings) -> Self {
        Self {
            within,
            nesting: Nesting::default(),
            broken: Vec::new(),
            rest: Rest::Searched,
            is_begun: false,
            is_bracketed: false,
            has_wide_line_ends: false,
        }
    }

    /// All that is left of the log, which lacks its end.
    pub fn unfinished() -> Self {
        Self { rest: Rest::Unfinished, ..Self::new(Surroundings::Outside) }
    }

    /// Whether the window begins with text in another encoding shows in what is left of its line: then a newline ends
    /// it where no zero byte follows.
    pub fn expect_wide_line_ends(&mut self, window: &mut ByteWindow) -> Result<(), SourceError> {
        window.peek(WIDE_BEGINNING)?;
        let beginning = &window.bytes()[..window.bytes().len().min(WIDE_BEGINNING)];
        let line = memchr::memchr(b'\n', beginning).unwrap_or(beginning.len());
        self.has_wide_line_ends = matches!(Encoding::find(&beginning[..line]), Some((0, _)));
        Ok(())
    }

    /// How many bytes of the window are damage, and what ends it there. `wrapper` is what the records
    /// of the log are held by.
    pub fn next(
        &mut self,
        window: &mut ByteWindow,
        reader: &mut RecordReader<'_>,
        wrapper: Option<&WrapperObject>,
    ) -> Result<(usize, DamageEnd), SourceError> {
        let mut index = 0;
        while index < LONGEST_PIECE {
            let Some(byte) = window.peek(index)? else { return Ok((index, DamageEnd::Log)) };
            if self.within == Surroundings::Line
                && byte == b'\n'
                && !(self.has_wide_line_ends && matches!(window.peek(index + 1)?, Some(0) | None))
            {
                return Ok((index, DamageEnd::Line));
            }
            let offset = window.offset_at(index);
            if let Rest::Passed(structure) = &mut self.rest {
                match structure.step(byte, offset) {
                    Step::Within => {}
                    Step::Closed => self.rest = Rest::Searched,
                    Step::Broken => {
                        self.rest = Rest::Searched;
                        continue;
                    }
                }
            } else if matches!(self.rest, Rest::Searched)
                && byte == b'{'
                && !self.broken.iter().any(|object| object.has_within(offset))
            {
                if let Some(wrapper) = wrapper
                    && let Some(bracket) = wrapper.array_at(window, index)?
                    && !self.is_within_broken(window.offset_at(bracket))
                {
                    return Ok((index, DamageEnd::Wrapper));
                }
                let Extent { end, object } = extent(window, index, self.within == Surroundings::Line)?;
                match object {
                    ObjectEnd::Closed if self.is_event(window, reader, index, end)? => {
                        return Ok((index, DamageEnd::Event));
                    }
                    ObjectEnd::Closed => {
                        index = end;
                        self.is_begun = true;
                        continue;
                    }
                    ObjectEnd::Broken(object) => {
                        self.broken.retain(|earlier| earlier.end > offset);
                        self.broken.push(object);
                    }
                    ObjectEnd::TooFar => {
                        self.rest = Rest::Passed(Structure::default());
                        continue;
                    }
                    ObjectEnd::Unfinished => self.rest = Rest::Unfinished,
                }
            }
            let is_between_records = self.nesting.step(byte);
            if self.within == Surroundings::Array && matches!(self.rest, Rest::Searched) {
                if self.is_begun && is_between_records && is_separator(window, index, byte)? {
                    return Ok((index, DamageEnd::Separator));
                }
                self.is_bracketed |= !self.is_begun && byte == b'[';
                if self.is_bracketed && self.nesting.is_closed() {
                    return Ok((index + 1, DamageEnd::Separator));
                }
            }
            self.is_begun = true;
            index += 1;
        }
        Ok((index, DamageEnd::NotYet))
    }

    /// Whether the byte at `offset` is a part of an object that breaks later on.
    fn is_within_broken(&self, offset: u64) -> bool {
        self.broken.iter().any(|object| offset < object.end)
    }

    /// Whether what stands there is an event, and no part of an object that breaks later on.
    fn is_event(
        &self,
        window: &mut ByteWindow,
        reader: &mut RecordReader<'_>,
        start: usize,
        end: usize,
    ) -> Result<bool, SourceError> {
        let mut next = window.next_solid(end)?;
        if window.peek(next)? == Some(b',') {
            // Where another record follows, or the line or the array ends, the comma stands after a record.
            let after = window.next_solid(next + 1)?;
            let ends_here = self.within == Surroundings::Line && window.bytes()[next..after].contains(&b'\n');
            if ends_here || matches!(window.peek(after)?, Some(b'{' | b']')) {
                next = after;
            }
        }
        if self.is_within_broken(window.offset_at(next)) {
            return Ok(false);
        }
        let text = &window.bytes()[start..end];
        Ok(reader.extent(text, 0).is_ok_and(|object| reader.is_event(text, object)))
    }
}

/// What is said of bytes that are no record, and stand at `offset`: another encoding, or zero bytes, or else as it was
/// found.
pub(super) fn described(found: Reject, bytes: &[u8], offset: u64) -> Reject {
    if !matches!(found, Reject::Record(RecordError::Syntax(_))) {
        return found;
    }
    match Encoding::find(&bytes[..bytes.len().min(LONGEST_DESCRIBED)]) {
        Some((at, encoding)) => Reject::Encoding { encoding: encoding.name(), at: offset + at as u64 },
        None if bytes.first() == Some(&0) => Reject::ZeroBytes,
        None => found,
    }
}

/// Whether the byte at `index` ends damage between two records: the closing bracket, or a comma before
/// what looks like a record.
fn is_separator(window: &mut ByteWindow, index: usize, byte: u8) -> Result<bool, SourceError> {
    Ok(match byte {
        b']' => true,
        b',' => {
            let next = window.next_solid(index + 1)?;
            window.peek(next)? == Some(b'{')
        }
        _ => false,
    })
}
