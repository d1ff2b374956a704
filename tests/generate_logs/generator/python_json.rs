//! JSON as Python's `json.dump` spells it, byte for byte.

use std::borrow::Cow;

/// The fields of an object, in the order in which they are written. Keys may repeat.
pub type Object<'a> = Vec<(&'static str, Value<'a>)>;

#[derive(Clone, Debug)]
pub enum Value<'a> {
    Null,
    Text(Cow<'a, str>),
    /// A token that is written as it stands, be it JSON or not.
    Token(&'static str),
    List(Vec<Value<'a>>),
    Object(Object<'a>),
}

impl<'a> Value<'a> {
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Python's default: `", "` and `": "`, all on one line.
    Compact,
    /// `separators=(",", ":")`.
    Tight,
    /// `indent=n`: every element on a line of its own.
    Indented(usize),
}

#[derive(Clone, Copy, Debug)]
pub struct Spelling {
    pub layout: Layout,
    /// Python's `ensure_ascii`: everything beyond printable ASCII becomes a `\u` escape.
    pub ascii: bool,
}

/// Appends an object that stands at the top of a line, or of an array whose layout is not indented.
/// With an indented layout it is laid out as an element of an array.
pub fn write_object(out: &mut Vec<u8>, object: &Object<'_>, spelling: Spelling) {
    let depth = 1;
    write_fields(out, object, spelling, depth);
}

fn write_value(out: &mut Vec<u8>, value: &Value<'_>, spelling: Spelling, depth: usize) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Text(text) => write_string(out, text, spelling.ascii),
        Value::Token(token) => out.extend_from_slice(token.as_bytes()),
        Value::List(items) => {
            write_elements(out, (b'[', b']'), items, spelling.layout, depth, |out, item| {
                write_value(out, item, spelling, depth + 1);
            });
        }
        Value::Object(fields) => write_fields(out, fields, spelling, depth),
    }
}

fn write_fields(out: &mut Vec<u8>, fields: &Object<'_>, spelling: Spelling, depth: usize) {
    let colon: &[u8] = match spelling.layout {
        Layout::Tight => b":",
        Layout::Compact | Layout::Indented(_) => b": ",
    };
    write_elements(out, (b'{', b'}'), fields, spelling.layout, depth, |out, (key, value)| {
        write_string(out, key, spelling.ascii);
        out.extend_from_slice(colon);
        write_value(out, value, spelling, depth + 1);
    });
}

fn write_elements<T>(
    out: &mut Vec<u8>,
    (open, close): (u8, u8),
    elements: &[T],
    layout: Layout,
    depth: usize,
    mut write: impl FnMut(&mut Vec<u8>, &T),
) {
    out.push(open);
    for (index, element) in elements.iter().enumerate() {
        write_separator(out, layout, index == 0, depth + 1);
        write(out, element);
    }
    if !elements.is_empty() {
        write_line_break(out, layout, depth);
    }
    out.push(close);
}

/// What Python writes before an element that stands at `depth`.
pub fn write_separator(out: &mut Vec<u8>, layout: Layout, first: bool, depth: usize) {
    match (first, layout) {
        (true, _) => {}
        (false, Layout::Compact) => out.extend_from_slice(b", "),
        (false, Layout::Tight | Layout::Indented(_)) => out.push(b','),
    }
    write_line_break(out, layout, depth);
}

/// A new line at `depth`, where the layout has lines.
pub fn write_line_break(out: &mut Vec<u8>, layout: Layout, depth: usize) {
    if let Layout::Indented(width) = layout {
        out.push(b'\n');
        out.resize(out.len() + width * depth, b' ');
    }
}

fn write_string(out: &mut Vec<u8>, text: &str, ascii: bool) {
    out.push(b'"');
    // Most text is plain, so runs of it are copied whole.
    let mut plain_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let plain = match byte {
            b'"' | b'\\' | 0..=0x1f => false,
            0x7f.. => !ascii,
            _ => true,
        };
        if !plain {
            out.extend_from_slice(&text.as_bytes()[plain_from..at]);
            plain_from = at + 1;
            // A character beyond ASCII is written at its first byte.
            if byte < 0x80 {
                write_escape(out, u16::from(byte));
            } else if let Some(character) = text.get(at..).and_then(|rest| rest.chars().next()) {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write_escape(out, *unit);
                }
            }
        }
    }
    out.extend_from_slice(&text.as_bytes()[plain_from..]);
    out.push(b'"');
}

fn write_escape(out: &mut Vec<u8>, unit: u16) {
    let short = match unit {
        0x22 => b'"',
        0x5c => b'\\',
        0x08 => b'b',
        0x09 => b't',
        0x0a => b'n',
        0x0c => b'f',
        0x0d => b'r',
        _ => {
            out.extend_from_slice(b"\\u");
            for shift in [12, 8, 4, 0] {
                out.push(b"0123456789abcdef"[usize::from(unit >> shift & 0xf)]);
            }
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}
