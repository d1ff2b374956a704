//! Ranges of bytes.

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
