//! Rejected records: how many there are of each reason, and the first of them.

use std::collections::BTreeMap;

/// What is listed.
pub trait HasReason {
    /// Why it was rejected, in one word.
    fn reason(&self) -> &str;
}

/// Rejected records. All are counted; `ROOM` of them are listed, and where one reason has more than
/// there is room for, it leaves some of it to each other one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectList<R, const ROOM: usize> {
    reasons: BTreeMap<String, u64>,
    rejects: Vec<R>,
    /// How many of each reason are listed.
    listed: BTreeMap<String, usize>,
}

impl<R, const ROOM: usize> Default for RejectList<R, ROOM> {
    fn default() -> Self {
        Self { reasons: BTreeMap::new(), rejects: Vec::new(), listed: BTreeMap::new() }
    }
}

impl<R: HasReason, const ROOM: usize> RejectList<R, ROOM> {
    /// Rejected records of which so many have each reason; `first` are some of them.
    pub fn of(reasons: BTreeMap<String, u64>, first: impl IntoIterator<Item = R>) -> Self {
        let mut list = Self { reasons, ..Self::default() };
        first.into_iter().for_each(|reject| list.list(reject));
        list
    }

    /// Counts one, and lists it where there is room.
    pub fn add(&mut self, reject: R) {
        add(&mut self.reasons, reject.reason(), 1);
        self.list(reject);
    }

    /// Counts one, which is only made where there is room to list it.
    pub fn add_with(&mut self, reason: &str, reject: impl FnOnce() -> R) {
        add(&mut self.reasons, reason, 1);
        if self.has_room(reason) {
            add(&mut self.listed, reason, 1);
            self.rejects.push(reject());
        }
    }

    /// Adds others.
    pub fn append(&mut self, others: Self) {
        for (reason, count) in &others.reasons {
            add(&mut self.reasons, reason, *count);
        }
        others.rejects.into_iter().for_each(|reject| self.list(reject));
    }

    /// How many have that reason.
    pub fn count(&self, reason: &str) -> u64 {
        self.reasons.get(reason).copied().unwrap_or(0)
    }

    /// Sorts those that are listed.
    pub fn sort_by_key<K: Ord>(&mut self, key: impl FnMut(&R) -> K) {
        self.rejects.sort_by_key(key);
    }

    /// Those that are listed, to be changed but for their reasons.
    pub fn listed_mut(&mut self) -> &mut [R] {
        &mut self.rejects
    }

    /// How many have each reason, and the first of them.
    pub fn into_parts(self) -> (BTreeMap<String, u64>, Vec<R>) {
        (self.reasons, self.rejects)
    }

    fn list(&mut self, reject: R) {
        if self.has_room(reject.reason()) {
            add(&mut self.listed, reject.reason(), 1);
            self.rejects.push(reject);
        }
    }

    fn has_room(&mut self, reason: &str) -> bool {
        self.rejects.len() < ROOM || self.make_room(reason)
    }

    /// Takes the last one of the reason that most are listed of from the list, where that leaves it no fewer than
    /// `reason` has with one more.
    fn make_room(&mut self, reason: &str) -> bool {
        let own = self.listed.get(reason).copied().unwrap_or(0);
        let Some((most, listed)) = self.listed.iter_mut().max_by_key(|(_, listed)| **listed) else {
            return false;
        };
        let last = self.rejects.iter().rposition(|reject| reject.reason() == most);
        match last {
            Some(last) if *listed > own + 1 => {
                *listed -= 1;
                self.rejects.remove(last);
                true
            }
            _ => false,
        }
    }
}

/// Adds to the count of a reason, which mostly has one.
fn add<N: Default + std::ops::AddAssign>(counts: &mut BTreeMap<String, N>, reason: &str, count: N) {
    match counts.get_mut(reason) {
        Some(sum) => *sum += count,
        None => drop(counts.insert(reason.to_owned(), count)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTED_REJECTS: usize = 1_000;

    type RejectList = super::RejectList<Rejected, LISTED_REJECTS>;

    #[derive(Debug, Clone)]
    struct Rejected {
        path: &'static str,
        reason: String,
        offset: u64,
    }

    impl HasReason for Rejected {
        fn reason(&self) -> &str {
            &self.reason
        }
    }

    fn rejected(reason: &str, offset: u64) -> Rejected {
        Rejected { path: "log", reason: reason.to_owned(), offset }
    }

    /// How many of each reason are listed.
    fn listed(list: &RejectList) -> Vec<(&str, usize)> {
        list.listed.iter().map(|(reason, listed)| (reason.as_str(), *listed)).collect()
    }

    #[test]
    fn reasons_that_come_late_are_counted_and_listed() {
        let mut list = RejectList::default();
        (0..3_000).for_each(|offset| list.add(rejected("no_type", offset)));
        list.add(rejected("conflict", 3_000));
        list.add(rejected("torn_tail", 3_001));
        assert_eq!(listed(&list), [("conflict", 1), ("no_type", LISTED_REJECTS - 2), ("torn_tail", 1)]);
        (0..3_000).for_each(|offset| list.add(rejected("syntax", 4_000 + offset)));
        assert_eq!(list.count("syntax"), 3_000);
        let (reasons, rejects) = list.clone().into_parts();
        assert_eq!(reasons["no_type"], 3_000);
        assert_eq!(rejects.len(), LISTED_REJECTS);
        let of = |reason| list.listed[reason];
        assert!(of("syntax").abs_diff(of("no_type")) <= 1, "{:?}", listed(&list));
        let offsets = |reason: &str| {
            let these = rejects.iter().filter(|reject| reject.reason == reason);
            these.map(|reject| reject.offset).collect::<Vec<_>>()
        };
        assert_eq!(offsets("no_type"), (0..of("no_type") as u64).collect::<Vec<_>>(), "the first ones");
        assert_eq!(offsets("syntax")[0], 4_000);
    }

    #[test]
    fn lists_are_counted_together_and_share_the_room() {
        let mut one = RejectList::default();
        (0..2_000).for_each(|offset| one.add(rejected("syntax", offset)));
        let mut other = RejectList::of([("conflict".to_owned(), 7)].into(), [rejected("conflict", 1)]);
        other.listed_mut()[0].path = "other";
        one.append(other);
        assert_eq!((one.count("syntax"), one.count("conflict")), (2_000, 7));
        assert_eq!(listed(&one), [("conflict", 1), ("syntax", LISTED_REJECTS - 1)]);
        one.sort_by_key(|reject| reject.reason.clone());
        assert_eq!(one.into_parts().1[0].path, "other");
    }
}
