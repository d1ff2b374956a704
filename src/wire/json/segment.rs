//! What stands between the values of a record.

use wide::u8x32;

/// Bytes that stand between values. There are few of them, so that a call to compare them would cost more
/// than the comparison: they are looked at in one step of fixed length.
#[derive(Default)]
pub(super) struct PaddedLiteral {
    pub bytes: Box<[u8]>,
    /// Its first bytes, and which bytes of a step they are: all bits of those.
    head: u8x32,
    mask: u8x32,
}

const LITERAL_STEP: usize = 32;

impl PaddedLiteral {
    pub fn new(bytes: &[u8]) -> Self {
        let step = |byte: &dyn Fn(usize) -> u8| u8x32::new(std::array::from_fn(byte));
        Self {
            bytes: bytes.into(),
            head: step(&|at| bytes.get(at).copied().unwrap_or(0)),
            mask: step(&|at| if at < bytes.len() { u8::MAX } else { 0 }),
        }
    }

    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether a text begins with it.
    #[inline]
    pub fn begins(&self, text: &[u8]) -> bool {
        match text.first_chunk::<LITERAL_STEP>() {
            Some(step) => {
                let same = (u8x32::new(*step) & self.mask).simd_eq(self.head).all();
                same && (self.len() <= LITERAL_STEP || text.starts_with(&self.bytes))
            }
            None => text.starts_with(&self.bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_begins_what_it_is_the_beginning_of() {
        let text: Vec<u8> = (1..=100).collect();
        for length in 0..=70 {
            let literal = PaddedLiteral::new(&text[..length]);
            for end in 0..text.len() {
                assert_eq!(literal.begins(&text[..end]), end >= length, "{length} bytes in {end}");
            }
            for changed in 0..80 {
                let mut text = text.clone();
                text[changed] = 0;
                assert_eq!(
                    literal.begins(&text),
                    changed >= length,
                    "{length} bytes, byte {changed} changed"
                );
            }
        }
    }
}
