//! Where a string may end: quotes, backslashes and control characters, sixteen bytes at a time.

/// How many bytes are looked at in one step.
pub(super) const STEP: usize = 16;

/// The stops among the bytes of a step: each has all bits of its own byte.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stops(u64, u64);

impl Stops {
    /// Every byte is looked at, with no branch between them, so that the compiler does it in a few
    /// vector instructions.
    #[inline(always)]
    pub fn of(bytes: &[u8; STEP]) -> Self {
        let stops = bytes.map(|byte| 0_u8.wrapping_sub(u8::from(is_stop(byte))));
        let word = |at: usize| u64::from_le_bytes(std::array::from_fn(|byte| stops[at + byte]));
        Self(word(0), word(8))
    }

    /// How many bytes stand before the first one; `None` where there is none.
    #[inline(always)]
    pub fn first(self) -> Option<usize> {
        let bits = if self.0 != 0 { self.0.trailing_zeros() } else { 64 + self.1.trailing_zeros() };
        (self.0 | self.1 != 0).then_some((bits / 8) as usize)
    }

    /// The same without those among the first `count` bytes.
    #[inline(always)]
    pub fn behind(self, count: usize) -> Self {
        let masked = |word: u64, count: usize| word & u64::MAX.checked_shl(8 * count as u32).unwrap_or(0);
        Self(masked(self.0, count), masked(self.1, count.saturating_sub(8)))
    }
}

#[inline(always)]
pub(super) fn is_stop(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn stops_are_found_as_byte_by_byte(
            bytes in proptest::array::uniform16(prop_oneof![
                6 => b'a'..=b'z',
                1 => any::<u8>(),
                1 => prop_oneof![0x1e_u8..0x24, 0x5b_u8..0x5e, Just(0x9f_u8), Just(0xa2), Just(0xdc)],
            ]),
            skipped in 0..=STEP,
        ) {
            let expected = (skipped..STEP).find(|at| matches!(bytes[*at], 0..0x20 | b'"' | b'\\'));
            prop_assert_eq!(Stops::of(&bytes).behind(skipped).first(), expected);
        }
    }
}
