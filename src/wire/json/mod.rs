//! JSON as Python writes it, read without changing it.
//!
//! Every reader here works on the bytes of a log and answers with byte spans into them, so that what
//! is stored is what was written. The grammar is RFC 8259 and, because Python's `json.dump` writes
//! them, the three literals `NaN`, `Infinity` and `-Infinity`. Nothing recurses: depth costs one
//! byte of heap a level and no stack.

mod canonical;
mod object;
mod padded_bytes;
mod segment;
mod shape_cache;
mod string_scan;
mod text;
mod tokens;

pub use crate::wire::json::canonical::{
    CANONICAL_FORM_VERSION, Canonicalizer, FormPiece, canonical_form, same_value, write_plain_string,
    write_tagged,
};
pub use crate::wire::json::object::{Member, MemberValue, ObjectScanner, ScannedObject, is_blank, utf8};
pub use crate::wire::json::padded_bytes::PaddedBytes;
pub use crate::wire::json::shape_cache::{ShapeId, ShapeTable};
pub use crate::wire::json::text::Text;
pub use crate::wire::json::tokens::{ScanError, Token, Tokens};

/// A half-open range of bytes in the text that was scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The bytes of the span in the text that it was made from.
    pub fn of(self, text: &[u8]) -> &[u8] {
        &text[self.start..self.end]
    }

    /// The same bytes in a text that begins `by` bytes further on.
    #[inline]
    pub fn moved_back(self, by: usize) -> Self {
        Self { start: self.start - by, end: self.end - by }
    }
}
