//! The classes in which events end, and counts of them.

use std::ops::AddAssign;

use serde::Serialize;

use crate::application::compare::input::Side;

/// The class in which an event ends; each ends in exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The same on both sides.
    Matched,
    /// The same, but for fields that a rule disregards.
    Ignored,
    /// The same, because a repair has put it into a store: the new system did not write it.
    Repaired,
    /// The same at another time than the tolerance allows.
    TimeShifted,
    /// The same event with other content.
    Changed,
    /// The same event under another type: it has the same id, or the same content and time.
    Retyped,
    /// The same event under another aggregate, likewise.
    Misfiled,
    /// On the control side only.
    Missing,
    /// On the candidate side only.
    Extra,
    /// Written twice on its side.
    Duplicated,
    /// Too young to be judged, and on one side only.
    Pending,
}

impl Class {
    /// Every class, in the order of its weight among the reasons of a verdict: the differences come in
    /// the order in which they are told.
    pub const ALL: [Self; 11] = [
        Self::Matched,
        Self::Ignored,
        Self::Repaired,
        Self::Missing,
        Self::Extra,
        Self::Changed,
        Self::Retyped,
        Self::Misfiled,
        Self::TimeShifted,
        Self::Duplicated,
        Self::Pending,
    ];

    /// The name, as reports and stores write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::Ignored => "ignored",
            Self::Repaired => "repaired",
            Self::TimeShifted => "time_shifted",
            Self::Changed => "changed",
            Self::Retyped => "retyped",
            Self::Misfiled => "misfiled",
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Duplicated => "duplicated",
            Self::Pending => "pending",
        }
    }

    /// The class that has this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == name)
    }

    /// A few words for tables and headings.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::Ignored => "ignored",
            Self::Repaired => "repaired",
            Self::TimeShifted => "at another time",
            Self::Changed => "changed",
            Self::Retyped => "under another type",
            Self::Misfiled => "under another aggregate",
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Duplicated => "written twice",
            Self::Pending => "pending",
        }
    }

    /// What is said of so many events or pairs, as in `2 events have changed`.
    pub fn sentence(self, count: u64) -> String {
        let (singular, plural) = match self {
            Self::Matched => ("event is the same on both sides", "events are the same on both sides"),
            Self::Ignored => ("event agrees only because of a rule", "events agree only because of a rule"),
            Self::Repaired => ("event was added by a repair", "events were added by a repair"),
            Self::TimeShifted => ("event has another time", "events have another time"),
            Self::Changed => ("event has changed", "events have changed"),
            Self::Retyped => ("event has another type", "events have another type"),
            Self::Misfiled => ("event belongs to another aggregate", "events belong to another aggregate"),
            Self::Missing => ("event is missing from the candidate", "events are missing from the candidate"),
            Self::Extra => ("event is in the candidate only", "events are in the candidate only"),
            Self::Duplicated => ("event was written twice", "events were written twice"),
            Self::Pending => ("event is too young to be judged", "events are too young to be judged"),
        };
        format!("{count} {}", if count == 1 { singular } else { plural })
    }

    /// Whether an event of this class makes the verdict different.
    pub const fn is_difference(self) -> bool {
        !matches!(self, Self::Matched | Self::Ignored | Self::Repaired | Self::Pending)
    }

    /// Whether events of a side can be in this class.
    pub const fn is_of(self, side: Side) -> bool {
        !matches!((self, side), (Self::Missing, Side::Candidate) | (Self::Extra, Side::Control))
    }

    /// Whether each side has events of its own in this class, so that both are counted apart.
    const fn is_counted_by_side(self) -> bool {
        matches!(self, Self::Duplicated | Self::Pending)
    }
}

/// Counts of both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct PerSide {
    /// Of the control.
    pub control: u64,
    /// Of the candidate.
    pub candidate: u64,
}

impl PerSide {
    /// The count of a side.
    pub const fn of_mut(&mut self, side: Side) -> &mut u64 {
        match side {
            Side::Control => &mut self.control,
            Side::Candidate => &mut self.candidate,
        }
    }
}

/// Counts of each class. Pairs count once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct ClassCounts {
    /// Events of the control, in whatever class.
    pub control: u64,
    /// Events of the candidate.
    pub candidate: u64,
    /// Pairs.
    pub matched: u64,
    /// Pairs.
    pub ignored: u64,
    /// Pairs of which one event was repaired.
    pub repaired: u64,
    /// Pairs.
    pub time_shifted: u64,
    /// Pairs.
    pub changed: u64,
    /// Pairs.
    pub retyped: u64,
    /// Pairs.
    pub misfiled: u64,
    /// Events of the control.
    pub missing: u64,
    /// Events of the candidate.
    pub extra: u64,
    /// Events of each side.
    pub duplicated: PerSide,
    /// Events of each side.
    pub pending: PerSide,
}

impl ClassCounts {
    /// The count of a class, of both sides together.
    pub fn of(&self, class: Class) -> u64 {
        match class.is_counted_by_side() {
            true => self.of_side(class, Side::Control) + self.of_side(class, Side::Candidate),
            false => self.of_side(class, Side::Control),
        }
    }

    /// The count of a class; where sides are counted apart, that of the side.
    pub fn of_side(&self, class: Class, side: Side) -> u64 {
        let mut counts = *self;
        *counts.of_mut(class, side)
    }

    /// As [`of_side`](Self::of_side), to be changed.
    pub const fn of_mut(&mut self, class: Class, side: Side) -> &mut u64 {
        match class {
            Class::Matched => &mut self.matched,
            Class::Ignored => &mut self.ignored,
            Class::Repaired => &mut self.repaired,
            Class::TimeShifted => &mut self.time_shifted,
            Class::Changed => &mut self.changed,
            Class::Retyped => &mut self.retyped,
            Class::Misfiled => &mut self.misfiled,
            Class::Missing => &mut self.missing,
            Class::Extra => &mut self.extra,
            Class::Duplicated => self.duplicated.of_mut(side),
            Class::Pending => self.pending.of_mut(side),
        }
    }

    /// Everything that makes a verdict different.
    pub fn differences(&self) -> u64 {
        Class::ALL.into_iter().filter(|class| class.is_difference()).map(|class| self.of(class)).sum()
    }
}

impl AddAssign for ClassCounts {
    fn add_assign(&mut self, mut other: Self) {
        self.control += other.control;
        self.candidate += other.candidate;
        for class in Class::ALL {
            for side in [Side::Control, Side::Candidate] {
                // What is counted for both sides together must be added once.
                *self.of_mut(class, side) += std::mem::take(other.of_mut(class, side));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_class_is_listed_once_and_found_by_the_name_that_reports_write() {
        assert_eq!(BTreeSet::from(Class::ALL).len(), Class::ALL.len());
        for class in Class::ALL {
            assert_eq!(Class::named(class.as_str()), Some(class));
            assert_eq!(serde_json::to_value(class).unwrap(), class.as_str());
        }
        assert_eq!(Class::named("no class"), None);
    }

    #[test]
    fn a_count_is_found_under_its_class_and_sums_keep_classes_and_sides_apart() {
        let mut counts = ClassCounts::default();
        for (number, class) in (1..).zip(Class::ALL) {
            *counts.of_mut(class, Side::Control) += number;
            if class.is_counted_by_side() {
                *counts.of_mut(class, Side::Candidate) += 100;
            }
        }
        let mut sum = counts;
        sum += counts;
        let written = serde_json::to_value(sum).unwrap();
        for (number, class) in (1..).zip(Class::ALL) {
            let (one, other) = (2 * number, if class.is_counted_by_side() { 200 } else { 0 });
            assert_eq!(sum.of(class), one + other, "{class:?}");
            let key = &written[class.as_str()];
            assert_eq!(key.get("control").unwrap_or(key), one, "{class:?}");
        }
    }

    #[test]
    fn what_agrees_was_repaired_or_is_pending_is_no_difference() {
        let mut counts = ClassCounts { matched: 1, ignored: 2, repaired: 8, ..ClassCounts::default() };
        counts.pending = PerSide { control: 3, candidate: 4 };
        assert_eq!(counts.differences(), 0);
        counts.duplicated = PerSide { control: 5, candidate: 6 };
        counts.extra = 7;
        assert_eq!(counts.differences(), 18);
    }

    #[test]
    fn one_event_is_and_several_are() {
        assert_eq!(Class::Missing.sentence(1), "1 event is missing from the candidate");
        assert_eq!(Class::Missing.sentence(0), "0 events are missing from the candidate");
        assert_eq!(Class::Duplicated.sentence(2), "2 events were written twice");
    }
}
