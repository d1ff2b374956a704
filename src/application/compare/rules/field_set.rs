//! Sets of fields or rules of a profile, however many it declares.

use std::cmp::Ordering;

/// A set of indexes. Two sets are comparable whatever their sizes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FieldSet {
    /// A bit each; the last word is never zero, so that equal sets have equal words.
    words: Vec<u64>,
}

impl FieldSet {
    pub fn insert(&mut self, index: usize) {
        let word = index / 64;
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << (index % 64);
    }

    /// Adds the indexes of another set.
    pub fn add(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        self.words.iter_mut().zip(&other.words).for_each(|(word, more)| *word |= more);
    }

    pub fn contains(&self, index: usize) -> bool {
        self.words.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// How many indexes it has.
    pub fn len(&self) -> u32 {
        self.words.iter().map(|word| word.count_ones()).sum()
    }
}

impl PartialOrd for FieldSet {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By the largest index that only one of them has.
impl Ord for FieldSet {
    fn cmp(&self, other: &Self) -> Ordering {
        let words = self.words.len().cmp(&other.words.len());
        words.then_with(|| self.words.iter().rev().cmp(other.words.iter().rev()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use proptest::prelude::*;

    fn set(indexes: &BTreeSet<usize>) -> FieldSet {
        let mut set = FieldSet::default();
        indexes.iter().for_each(|index| set.insert(*index));
        set
    }

    proptest! {
        #[test]
        fn a_set_holds_what_a_tree_of_indexes_holds_and_orders_by_the_largest_that_differs(
            one in proptest::collection::btree_set(0_usize..200, 0..8),
            other in proptest::collection::btree_set(0_usize..200, 0..8),
        ) {
            let (left, right) = (set(&one), set(&other));
            prop_assert_eq!(left.len() as usize, one.len());
            prop_assert_eq!(left.is_empty(), one.is_empty());
            prop_assert!((0..300).all(|index| left.contains(index) == one.contains(&index)));
            prop_assert_eq!(left == right, one == other);
            prop_assert_eq!(left.cmp(&right), one.iter().rev().cmp(other.iter().rev()));
            let mut both = left.clone();
            both.add(&right);
            prop_assert_eq!(both, set(&one.union(&other).copied().collect()));
        }
    }
}
