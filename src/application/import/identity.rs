//! What a record is to the events that a store has already: the rules of identity, apart from any store.
//!
//! - A record that carries an id has that id. A record without one has an id that is derived from its
//!   content and its number: the k-th identical record of a log has the number k, so that logs which
//!   repeat each other come to the same events, and a log that repeats itself to as many as it has.
//! - The first record of an id is the event. A later one of the same value is there already, or, where
//!   both are of one log, a duplicate. One of another value is a conflict, and rejected.
//!
//! [`repetition`] is the second rule. [`OccurrenceNumbering`] is both, for a store that takes rows first
//! and numbers them afterwards; a store that numbers records as they come counts them itself, and takes
//! [`next_number`] for the next one. The parts of a rotated log can be counted as one log.

use std::collections::HashMap;

use super::outcome::Outcome;
use crate::domain::value_objects::{EventId, Position};
use crate::wire::json::same_value;

/// What a record is whose id an earlier record has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repetition {
    /// The same value, from elsewhere than the record's log.
    AlreadyPresent,
    /// The same value, from the same log.
    Duplicate,
    /// Another value.
    Conflict,
}

/// What a record with the text `body` is, where `first` is the text of the event that has its id;
/// `is_of_same_log`: that event was made of an earlier record of the same log.
pub fn repetition(first: &str, body: &str, is_of_same_log: bool) -> Repetition {
    match same_value(first, body) {
        true if is_of_same_log => Repetition::Duplicate,
        true => Repetition::AlreadyPresent,
        false => Repetition::Conflict,
    }
}

/// Whether an event that is saved again may be: it has the value of the first event with its id.
pub fn is_saved_already(first: &str, body: &str) -> bool {
    repetition(first, body, false) != Repetition::Conflict
}

impl Repetition {
    const ALL: [Self; 3] = [Self::AlreadyPresent, Self::Duplicate, Self::Conflict];

    /// The name, as stores write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AlreadyPresent => "already_present",
            Self::Duplicate => "duplicate",
            Self::Conflict => "conflict",
        }
    }

    /// The repetition of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|repetition| repetition.as_str() == name)
    }

    /// What becomes of the record: `position` is where the event is that has its id.
    pub fn outcome(self, event_id: &EventId, position: Position) -> Outcome {
        match self {
            Self::AlreadyPresent => Outcome::AlreadyPresent,
            Self::Duplicate => Outcome::Duplicate,
            Self::Conflict => Outcome::Conflict { event_id: event_id.clone(), position },
        }
    }
}

/// The number of a record whose identical records have had the numbers up to `last`. `is_known` says of a number
/// whether the record that has it was read by an earlier import, and is not read again: that number is taken.
/// Identical records stand for each other, so which of them has which number does not matter.
///
/// # Errors
/// Those of `is_known`.
pub fn next_number<E>(last: u64, mut is_known: impl FnMut(u64) -> Result<bool, E>) -> Result<u64, E> {
    let mut number = last + 1;
    while is_known(number)? {
        number += 1;
    }
    Ok(number)
}

/// A row that was stored before its id was looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadedRow {
    /// Where it is.
    pub position: i64,
    /// The number of its log.
    pub source_id: i64,
    /// What its occurrences are counted in: its log, or the log that its log is a part of.
    pub counted_in: i64,
    /// The number of the occurrence whose derived id it carries; `None` where it has no id of its own, and
    /// gets a number.
    pub carried: Option<u64>,
}

/// What a row turns out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowRole {
    /// The event that has the derived id of this number.
    Event {
        /// From 1.
        number: u64,
    },
    /// The id is that of the row `first`, and so is the content: both were numbered, by different logs.
    SameContent {
        /// The event.
        first: LoadedRow,
    },
    /// The id is that of the row `first`: [`repetition`] says what this one is.
    SameId {
        /// The event.
        first: LoadedRow,
    },
}

/// Numbers the rows of one content, and finds the event of each number.
///
/// Rows come by position.
#[derive(Debug, Default)]
pub struct OccurrenceNumbering {
    /// The events, by their numbers from 1.
    firsts: Vec<Option<LoadedRow>>,
    /// Records so far, by what they are counted in.
    occurrences: HashMap<i64, u64>,
}

impl OccurrenceNumbering {
    /// Takes the next row. One that carries an id of a repaired log is another content under a derived id:
    /// of it and the numbered row, whichever comes first is the event.
    pub fn take(&mut self, row: LoadedRow) -> RowRole {
        let number = row.carried.unwrap_or_else(|| {
            let occurrences = self.occurrences.entry(row.counted_in).or_default();
            *occurrences += 1;
            *occurrences
        });
        let index = usize::try_from(number - 1).unwrap_or(usize::MAX);
        if self.firsts.len() <= index {
            self.firsts.resize(index + 1, None);
        }
        match self.firsts[index] {
            Some(first) if first.carried.is_none() && row.carried.is_none() => RowRole::SameContent { first },
            Some(first) => RowRole::SameId { first },
            None => {
                self.firsts[index] = Some(row);
                RowRole::Event { number }
            }
        }
    }
}

/// The order in which logs are read where both systems recorded the same events: those that bring events
/// of the new system first, so that of two records of one event that of the new system is the event, and
/// the legacy one its twin. Within both kinds, `number` decides.
pub fn load_order<N: Ord>(brings_native_events: bool, number: N) -> impl Ord {
    (!brings_native_events, number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_value_under_an_id_is_there_already_and_another_value_is_a_conflict() {
        let first = r#"{"event_id": "e1", "n": 1}"#;
        let spelled_otherwise = r#"{"n":1.0,"event_id":"e\u0031"}"#;
        let other = r#"{"event_id": "e1", "n": 2}"#;
        for (body, is_of_same_log, expected, may_be_saved) in [
            (first, false, Repetition::AlreadyPresent, true),
            (first, true, Repetition::Duplicate, true),
            (spelled_otherwise, false, Repetition::AlreadyPresent, true),
            (spelled_otherwise, true, Repetition::Duplicate, true),
            (other, false, Repetition::Conflict, false),
            (other, true, Repetition::Conflict, false),
        ] {
            assert_eq!(repetition(first, body, is_of_same_log), expected, "{body}, {is_of_same_log}");
            assert_eq!(is_saved_already(first, body), may_be_saved, "{body}");
        }
    }

    #[test]
    fn a_repetition_has_an_outcome_and_a_name_that_leads_back_to_it() {
        let (id, position) = (EventId::new("e1").unwrap(), Position::new(7));
        for (repetition, name, outcome) in [
            (Repetition::AlreadyPresent, "already_present", Outcome::AlreadyPresent),
            (Repetition::Duplicate, "duplicate", Outcome::Duplicate),
            (Repetition::Conflict, "conflict", Outcome::Conflict { event_id: id.clone(), position }),
        ] {
            assert_eq!(repetition.outcome(&id, position), outcome);
            assert_eq!((repetition.as_str(), Repetition::named(name)), (name, Some(repetition)));
        }
        assert_eq!(Repetition::named("matched"), None);
    }

    #[test]
    fn the_next_number_is_the_first_that_no_known_record_has() {
        for (last, known, expected) in [
            (0, &[][..], 1),
            (2, &[], 3),
            (0, &[1, 2, 3], 4),
            (0, &[1, 3], 2),
            (0, &[2], 1),
            (1, &[2], 3),
            (3, &[2], 4),
        ] {
            let number = next_number(last, |number| Ok::<_, ()>(known.contains(&number)));
            assert_eq!(number, Ok(expected), "{last}, {known:?}");
        }
        assert_eq!(next_number(0, |number| if number < 3 { Ok(true) } else { Err("broken") }), Err("broken"));
    }

    /// Rows of one content, as (log, carried number): what each is, as the number of its event, or the
    /// position of the row that is the event and whether both were numbered.
    fn roles(rows: &[(i64, Option<u64>)]) -> Vec<Result<u64, (i64, bool)>> {
        let mut numbering = OccurrenceNumbering::default();
        let mut role = |(position, &(source_id, carried)): (usize, &(i64, Option<u64>))| match numbering
            .take(LoadedRow { position: position as i64, source_id, counted_in: source_id, carried })
        {
            RowRole::Event { number } => Ok(number),
            RowRole::SameContent { first } => Err((first.position, true)),
            RowRole::SameId { first } => Err((first.position, false)),
        };
        rows.iter().enumerate().map(&mut role).collect()
    }

    #[test]
    fn a_store_has_as_many_identical_events_as_the_log_that_has_most_of_them() {
        let numbered = |log| (log, None);
        for (rows, expected) in [
            (vec![numbered(1)], vec![Ok(1)]),
            (vec![numbered(1), numbered(1)], vec![Ok(1), Ok(2)]),
            (vec![numbered(1), numbered(2)], vec![Ok(1), Err((0, true))]),
            (
                vec![numbered(1), numbered(1), numbered(2), numbered(2), numbered(2)],
                vec![Ok(1), Ok(2), Err((0, true)), Err((1, true)), Ok(3)],
            ),
        ] {
            assert_eq!(roles(&rows), expected, "{rows:?}");
        }
    }

    #[test]
    fn a_carried_id_that_is_a_derived_one_belongs_to_the_row_that_comes_first() {
        for (rows, expected) in [
            (vec![(1, Some(1)), (1, None)], vec![Ok(1), Err((0, false))]),
            (vec![(1, None), (1, Some(1))], vec![Ok(1), Err((0, false))]),
            (vec![(1, Some(2)), (1, None), (1, None)], vec![Ok(2), Ok(1), Err((0, false))]),
            (vec![(1, Some(1)), (2, Some(1))], vec![Ok(1), Err((0, false))]),
            (vec![(1, None), (2, Some(1)), (3, None)], vec![Ok(1), Err((0, false)), Err((0, true))]),
        ] {
            assert_eq!(roles(&rows), expected, "{rows:?}");
        }
    }

    #[test]
    fn logs_with_events_of_the_new_system_are_read_before_the_others() {
        let mut logs = [(false, 0), (true, 1), (false, 2), (true, 3)];
        logs.sort_by_key(|&(brings_native, number)| load_order(brings_native, number));
        assert_eq!(logs.map(|(_, number)| number), [1, 3, 0, 2]);
    }
}
