//! A set of ranks: a bit each, so that one of a hundred million events takes 13 MB.

/// How many bits a word has.
const BITS: usize = u64::BITS as usize;

/// Numbers from 0 on. Finding the next one takes a step for each 64-fold of the largest.
#[derive(Default)]
pub(crate) struct RankSet {
    /// A bit for each number; above that, a bit for each word below that has any.
    levels: Vec<Vec<u64>>,
    /// How many numbers there are.
    len: u64,
}

impl RankSet {
    /// The numbers below `ranks` can be in it.
    pub fn of(ranks: u64) -> Self {
        let mut levels = Vec::new();
        let mut words = ranks as usize;
        loop {
            words = words.div_ceil(BITS).max(1);
            levels.push(vec![0; words]);
            if words == 1 {
                return Self { levels, len: 0 };
            }
        }
    }

    pub fn len(&self) -> u64 {
        self.len
    }

    /// Takes all numbers out: a step for each.
    pub fn clear(&mut self) {
        while let Some(first) = self.first() {
            self.remove(first);
        }
    }

    fn first(&self) -> Option<u64> {
        if self.levels[0][0] & 1 == 1 { Some(0) } else { self.after(0) }
    }

    /// Adds a number that is not in it.
    pub fn insert(&mut self, rank: u64) {
        let mut at = rank as usize;
        for level in &mut self.levels {
            level[at / BITS] |= 1 << (at % BITS);
            at /= BITS;
        }
        self.len += 1;
    }

    /// Takes a number out that is in it.
    pub fn remove(&mut self, rank: u64) {
        let mut at = rank as usize;
        for level in &mut self.levels {
            level[at / BITS] &= !(1 << (at % BITS));
            if level[at / BITS] != 0 {
                break;
            }
            at /= BITS;
        }
        self.len -= 1;
    }

    /// The smallest number that is larger.
    pub fn after(&self, rank: u64) -> Option<u64> {
        let mut at = rank as usize + 1;
        for (height, level) in self.levels.iter().enumerate() {
            let rest = level.get(at / BITS).map_or(0, |word| word & (u64::MAX << (at % BITS)));
            if rest != 0 {
                let found = at / BITS * BITS + rest.trailing_zeros() as usize;
                // Down again to the first number below.
                let first = self.levels[..height]
                    .iter()
                    .rev()
                    .fold(found, |word, level| word * BITS + level[word].trailing_zeros() as usize);
                return Some(first as u64);
            }
            at = at / BITS + 1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_holds_what_a_tree_of_numbers_holds(
            ranks in prop_oneof![Just(1_u64), Just(64), Just(65), Just(5_000), Just(300_000)],
            numbers in proptest::collection::vec(any::<u64>(), 0..200),
        ) {
            let (mut set, mut expected) = (RankSet::of(ranks), BTreeSet::new());
            for number in numbers {
                let number = number % ranks;
                prop_assert_eq!(set.after(number), expected.range(number + 1..).next().copied());
                if expected.remove(&number) {
                    set.remove(number);
                } else {
                    expected.insert(number);
                    set.insert(number);
                }
                prop_assert_eq!(set.len(), expected.len() as u64);
            }
            set.clear();
            prop_assert_eq!((set.len(), set.first()), (0, None));
        }
    }
}
