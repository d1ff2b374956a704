//! A digest of many events that does not depend on their order.

use std::fmt;

/// The sum, modulo 2^256, of 256-bit hashes. Unlike an exclusive or, an event that comes twice counts twice.
///
/// It shows that two sides differ, or that one has changed since; it is no signature: for very many
/// events whose contents can be chosen, others with the same sum could be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MultisetDigest([u64; 4]);

impl MultisetDigest {
    /// Adds the hash of one event.
    pub fn add(&mut self, hash: &[u8; 32]) {
        let mut parts = [0; 4];
        for (part, bytes) in parts.iter_mut().zip(hash.as_chunks::<8>().0) {
            *part = u64::from_le_bytes(*bytes);
        }
        self.add_digest(Self(parts));
    }

    /// Adds the events of another digest.
    pub fn add_digest(&mut self, other: Self) {
        let mut carry = false;
        for (sum, part) in self.0.iter_mut().zip(other.0) {
            let (with_carry, first) = sum.overflowing_add(u64::from(carry));
            let (added, second) = with_carry.overflowing_add(part);
            *sum = added;
            carry = first || second;
        }
    }
}

/// In hexadecimal.
impl fmt::Display for MultisetDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().rev().try_for_each(|part| write!(f, "{part:016x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn digest(hashes: &[[u8; 32]]) -> MultisetDigest {
        let mut digest = MultisetDigest::default();
        hashes.iter().for_each(|hash| digest.add(hash));
        digest
    }

    #[test]
    fn what_comes_twice_counts_twice() {
        let hash = [7; 32];
        assert_ne!(digest(&[hash, hash]), digest(&[]));
        assert_ne!(digest(&[hash, hash]), digest(&[hash, hash, hash]));
    }

    #[test]
    fn a_carry_goes_through_all_parts() {
        let mut one = [0; 32];
        one[0] = 1;
        assert_eq!(digest(&[[0xff; 32], one]), MultisetDigest::default());
        assert_eq!(digest(&[one]).to_string(), format!("{:064x}", 1));
    }

    proptest! {
        #[test]
        fn the_order_does_not_count(
            hashes in proptest::collection::vec(any::<[u8; 32]>(), 0..8).prop_flat_map(|hashes| {
                (Just(hashes.clone()), Just(hashes).prop_shuffle())
            }),
        ) {
            prop_assert_eq!(digest(&hashes.0), digest(&hashes.1));
        }
    }
}
