//! The members of an object, as spans.

use super::span::Span;
use super::text::Text;

/// One member of the scanned object itself; what lies deeper is inside `value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub key: Text,
    /// Its value.
    pub value: MemberValue,
}

/// The value of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberValue {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// A number, as its characters.
    Number(Span),
    /// `NaN`, `Infinity` or `-Infinity`.
    NonFinite(Span),
    /// A string.
    String(Text),
    /// An array, from `[` to `]`.
    Array(Span),
    /// An object, from `{` to `}`.
    Object(Span),
}

impl MemberValue {
    /// As [`Span::moved_back`].
    #[inline]
    pub fn moved_back(self, by: usize) -> Self {
        match self {
            Self::Number(span) => Self::Number(span.moved_back(by)),
            Self::NonFinite(span) => Self::NonFinite(span.moved_back(by)),
            Self::String(text) => Self::String(text.moved_back(by)),
            Self::Array(span) => Self::Array(span.moved_back(by)),
            Self::Object(span) => Self::Object(span.moved_back(by)),
            Self::Null | Self::Boolean(_) => self,
        }
    }
}
