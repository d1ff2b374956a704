//! Where an object ends, whatever its values are.

use crate::application::log_source::SourceError;
use crate::wire::json::is_blank;

use super::limits::LONGEST_RECORD;
use super::window::ByteWindow;

/// The brackets, names and separators of one object, byte by byte.
///
/// How a number, a word or an escape is spelled is not looked at, so that a record with a value that
/// is not JSON has an end all the same. Every JSON object ends here where it ends in JSON. A newline
/// within quotes breaks the object: a string that is open there never closes.
#[derive(Default)]
pub(super) struct Structure {
    /// The open containers; true is an object.
    open: Vec<bool>,
    /// Where the open objects begin.
    starts: Vec<u64>,
    expect: Expect,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Expect {
    Name,
    Colon,
    #[default]
    Value,
    Separator,
    /// More of a number or a word, or what follows it.
    Scalar,
    Text {
        is_name: bool,
        is_escaped: bool,
    },
}

/// What a byte means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Within,
    /// It is the last one of the object.
    Closed,
    /// It cannot stand there, in no object.
    Broken,
}

impl Structure {
    /// Takes the byte at `offset`; the first one is the opening `{`.
    pub fn step(&mut self, byte: u8, offset: u64) -> Step {
        use Expect::{Colon, Name, Scalar, Separator, Text, Value};
        self.expect = match (self.expect, byte) {
            (Text { .. }, b'\n') => return Step::Broken,
            (Text { is_name, is_escaped: true }, _) => Text { is_name, is_escaped: false },
            (Text { is_name, .. }, b'\\') => Text { is_name, is_escaped: true },
            (Text { is_name, .. }, b'"') => {
                if is_name {
                    Colon
                } else {
                    Separator
                }
            }
            (text @ Text { .. }, _) => text,
            (Scalar, byte) if is_blank(byte) => Separator,
            (same, byte) if is_blank(byte) => same,
            (Name | Value, b'"') => Text { is_name: self.expect == Name, is_escaped: false },
            (Value, b'{' | b'[') => {
                self.open.push(byte == b'{');
                if byte == b'{' {
                    self.starts.push(offset);
                    Name
                } else {
                    Value
                }
            }
            (_, b'}' | b']') => {
                if self.open.pop() != Some(byte == b'}') {
                    return Step::Broken;
                }
                if byte == b'}' {
                    self.starts.pop();
                }
                if self.open.is_empty() {
                    return Step::Closed;
                }
                Separator
            }
            (Colon, b':') => Value,
            (Separator | Scalar, b',') => {
                if self.open.last() == Some(&true) {
                    Name
                } else {
                    Value
                }
            }
            (Value | Scalar, b'"' | b'{' | b'[' | b':' | b',') => return Step::Broken,
            (Value | Scalar, _) => Scalar,
            (Name | Colon | Separator, _) => return Step::Broken,
        };
        Step::Within
    }
}

/// What begins at a `{`.
pub(super) struct Extent {
    /// One past the last byte that was looked at, as an index of the window.
    pub end: usize,
    pub object: ObjectEnd,
}

pub(super) enum ObjectEnd {
    /// It is an object, or would be one but for some of its values.
    Closed,
    /// It is none.
    Broken(BrokenObject),
    /// It goes on for longer than a record may.
    TooFar,
    /// The log ends within it: more could still make an object of it.
    Unfinished,
}

/// What cannot become an object.
pub(super) struct BrokenObject {
    /// The offset of the byte that cannot stand where it stands.
    pub end: u64,
    /// Where the objects begin that are open there: none of them can be one either.
    starts: Vec<u64>,
}

impl BrokenObject {
    pub fn has_within(&self, start: u64) -> bool {
        self.starts.binary_search(&start).is_ok()
    }
}

/// How far what begins at `index` goes. `in_line`: a newline ends it.
pub(super) fn extent(window: &mut ByteWindow, index: usize, in_line: bool) -> Result<Extent, SourceError> {
    let mut structure = Structure::default();
    let mut end = index;
    while end - index < LONGEST_RECORD {
        let Some(byte) = window.peek(end)? else {
            return Ok(Extent { end, object: ObjectEnd::Unfinished });
        };
        let offset = window.offset_at(end);
        let is_line_end = in_line && byte == b'\n';
        let step = if is_line_end { Step::Broken } else { structure.step(byte, offset) };
        end += usize::from(!is_line_end);
        match step {
            Step::Within => {}
            Step::Closed => return Ok(Extent { end, object: ObjectEnd::Closed }),
            Step::Broken => {
                let broken = BrokenObject { end: offset, starts: structure.starts };
                return Ok(Extent { end, object: ObjectEnd::Broken(broken) });
            }
        }
    }
    Ok(Extent { end, object: ObjectEnd::TooFar })
}
