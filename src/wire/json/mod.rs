//! JSON as Python writes it, read without changing it.
//!
//! Every reader here works on the bytes of a log and answers with byte spans into them, so that what
//! is stored is what was written. The grammar is RFC 8259 and, because Python's `json.dump` writes
//! them, the three literals `NaN`, `Infinity` and `-Infinity`. Nothing recurses: depth costs one
//! byte of heap a level and no stack.

mod canonical;
mod error;
mod member;
mod object;
mod padded_bytes;
mod segment;
mod shape_cache;
mod span;
mod string_scan;
mod text;
mod tokens;

pub use self::canonical::{
    CANONICAL_FORM_VERSION, Canonicalizer, FormPiece, canonical_form, same_value, write_head,
    write_plain_string, write_tagged,
};
pub use self::error::ScanError;
pub use self::member::{Member, MemberValue};
pub use self::object::{
    Excess, MOST_DEPTH, MOST_NAMES, MOST_VALUES, ObjectScanner, ScannedObject, is_blank, utf8,
};
pub use self::padded_bytes::PaddedBytes;
pub use self::shape_cache::{ShapeId, ShapeTable};
pub use self::span::Span;
pub use self::text::Text;
pub use self::tokens::{Token, Tokens};
