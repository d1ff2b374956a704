//! Where a string may end: quotes, backslashes and control characters, many bytes at a time.

use wide::u8x32;

/// How many bytes are looked at in one step. Most strings of an event end within the first one.
pub(super) const STEP: usize = 32;

/// The delimiters among the bytes of a step: a bit each, the lowest for the first byte.
#[derive(Debug, Clone, Copy)]
pub(super) struct DelimiterMask(u32);

impl DelimiterMask {
    #[inline(always)]
    pub fn of(bytes: &[u8; STEP]) -> Self {
        let bytes = u8x32::new(*bytes);
        let is = |byte: u8| bytes.simd_eq(u8x32::splat(byte));
        let is_control = bytes.min(u8x32::splat(0x1f)).simd_eq(bytes);
        Self((is(b'"') | is(b'\\') | is_control).to_bitmask())
    }

    /// How many bytes stand before the first one; `None` where there is none.
    #[inline(always)]
    pub fn first(self) -> Option<usize> {
        (self.0 != 0).then_some(self.0.trailing_zeros() as usize)
    }

    /// The same without those among the first `count` bytes.
    #[inline(always)]
    pub fn after(self, count: usize) -> Self {
        Self(self.0 & u32::MAX.checked_shl(count as u32).unwrap_or(0))
    }
}

#[inline(always)]
pub(super) fn is_delimiter(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn stops_are_found_as_byte_by_byte(
            bytes in proptest::collection::vec(prop_oneof![
                12 => b'a'..=b'z',
                1 => any::<u8>(),
                1 => prop_oneof![0x1e_u8..0x24, 0x5b_u8..0x5e, Just(0x9f_u8), Just(0xa2), Just(0xdc)],
            ], STEP),
            skipped in 0..=STEP,
        ) {
            let expected = (skipped..STEP).find(|at| is_delimiter(bytes[*at]));
            let step = bytes.first_chunk().unwrap();
            prop_assert_eq!(DelimiterMask::of(step).after(skipped).first(), expected);
        }
    }
}
