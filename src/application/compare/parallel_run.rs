//! A parallel run: the legacy system and the new one record the same events, the new one in a store that
//! may hold what was imported from the legacy log as well.
//!
//! Two proofs are made. What the new system wrote is compared with the legacy log, from the first event of
//! the new system on; and what was imported is compared with the legacy log up to there. Imported rows
//! would prove nothing but themselves, so they take no part in the first one.

use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};

use crate::application::compare::compare_from;
use crate::application::compare::feed::{CompareError, Scratch};
use crate::application::compare::input::{Beginning, Input};
use crate::application::compare::profile::Profile;
use crate::application::compare::report::{Comparison, HistoryReport, Verdict};
use crate::application::compare::settings::Settings;
use crate::application::log_source::SkippedFile;
use crate::wire::mapping::Mapping;

/// Which rows of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// Those that the new system wrote.
    Native,
    /// Those that were imported from the legacy log.
    History,
}

/// What a store holds, by the system that wrote it: events and twins together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowCounts {
    /// How many events the new system wrote.
    pub native: u64,
    /// How many were imported from the legacy log.
    pub history: u64,
    /// When the earliest event of the new system occurred.
    pub first_native: Option<DateTime<Utc>>,
    /// When the latest event of the legacy log occurred.
    pub last_history: Option<DateTime<Utc>>,
}

/// What a side is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    /// One log file.
    File,
    /// The log files of a folder.
    Folder,
    /// A store.
    Store(RowCounts),
}

/// The port to a side of a parallel run. It can be opened more than once.
pub trait ParallelSide {
    /// How its records are read.
    fn mapping(&self) -> &Mapping;

    /// What it is read from.
    fn medium(&self) -> Medium;

    /// Whether it is a log of the legacy system: its first record has no identity.
    fn is_legacy(&self) -> bool;

    /// What belongs to it and is not read, and why.
    fn skipped(&self) -> &[(PathBuf, String)];

    /// What lies in its folder and is no part of it, and why.
    fn left_out(&self) -> &[SkippedFile];

    /// Everything that is read of it; of a store, these rows.
    ///
    /// # Errors
    /// It cannot be opened.
    fn input(&self, rows: Rows) -> Result<Input, CompareError>;
}

/// A parallel run, and how it is compared.
pub struct ParallelRun<'r> {
    /// How both proofs are made. Without [`Settings::since`], a legacy log and a store are compared from
    /// the first event of the new system on.
    pub settings: &'r Settings,
    /// The reference log.
    pub control: &'r dyn ParallelSide,
    /// The log that is checked against it.
    pub candidate: &'r dyn ParallelSide,
    /// Gives an empty scratch for each proof.
    pub new_scratch: &'r dyn Fn() -> Box<dyn Scratch>,
}

/// How the beginning of the parallel run is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    /// It was declared, or both logs are compared from their first event on.
    Declared,
    /// By the first event that the new system wrote.
    FirstNative(DateTime<Utc>),
    /// The store holds nothing but what was imported: the new system has not begun to write.
    NotYet,
}

impl ParallelRun<'_> {
    /// Makes both proofs. The comparison is that of the native rows, with the other proof as
    /// [`Comparison::history`] and the verdict over both; [`Comparison::elapsed_seconds`] is left 0.
    ///
    /// # Errors
    /// As [`compare`](crate::application::compare::compare).
    pub fn compare(&self) -> Result<Comparison, CompareError> {
        let start = self.start();
        let (since, beginning) = match start {
            Start::Declared => (self.settings.since, Beginning::Declared),
            Start::FirstNative(first) => (Some(first), Beginning::FirstOfCandidate),
            Start::NotYet => (Some(DateTime::<Utc>::MAX_UTC), Beginning::FirstOfCandidate),
        };
        let settings = Settings { since, ..self.settings.clone() };
        let mut comparison = self.compare_rows(&settings, Rows::Native, beginning)?;
        comparison.control.left_out = self.control.left_out().to_vec();
        comparison.candidate.left_out = self.candidate.left_out().to_vec();
        comparison.history = self.history(comparison.beginning)?;
        judge(&mut comparison, start);
        Ok(comparison)
    }

    /// Where a legacy log is compared with a store, the parallel run begins with the first event that the
    /// new system wrote there.
    fn start(&self) -> Start {
        match self.candidate.medium() {
            Medium::Store(rows) if self.settings.since.is_none() && self.control.is_legacy() => {
                match rows.first_native {
                    Some(first) => Start::FirstNative(first),
                    None if rows.history > 0 => Start::NotYet,
                    None => Start::Declared,
                }
            }
            _ => Start::Declared,
        }
    }

    /// Compares the sides, of a store these rows.
    fn compare_rows(
        &self,
        settings: &Settings,
        rows: Rows,
        beginning: Beginning,
    ) -> Result<Comparison, CompareError> {
        let (control, candidate) = (self.control.input(rows)?, self.candidate.input(rows)?);
        compare_from(beginning, settings, control, candidate, (self.new_scratch)())
    }

    /// Whether what was imported from the legacy log is what that log holds, as far as it was imported, and
    /// at least up to the beginning of the parallel run by the clock of that log.
    fn history(&self, beginning: Option<DateTime<Utc>>) -> Result<Option<HistoryReport>, CompareError> {
        let stores = [self.control, self.candidate].map(|side| match side.medium() {
            Medium::Store(rows) => Some(rows),
            Medium::File | Medium::Folder => None,
        });
        if stores.iter().flatten().all(|rows| rows.history == 0) {
            return Ok(None);
        }
        let last_history = stores.into_iter().flatten().filter_map(|rows| rows.last_history).max();
        let until = match beginning {
            // What was imported of the parallel run is history as well. Of the moment in which it ends,
            // the legacy log may hold more by now.
            Some(beginning) => {
                let last = last_history.map_or(beginning, |last| last.max(beginning));
                Some(last - TimeDelta::microseconds(1))
            }
            None => self.settings.until,
        };
        // Copies have the times and the fields of the original.
        let exact = Settings {
            profile: Profile { one_sided: Vec::new(), ignore: Vec::new(), ..self.settings.profile.clone() },
            tolerance: TimeDelta::zero(),
            max_offset: TimeDelta::zero(),
            until,
            as_of: DateTime::<Utc>::MAX_UTC,
            as_of_is_declared: true,
            settle: TimeDelta::zero(),
            limit: 0,
            ..self.settings.clone()
        };
        let found = self.compare_rows(&exact, Rows::History, Beginning::Declared)?;
        let differences = found.total().differences();
        Ok(Some(HistoryReport {
            holds: differences == 0,
            control: found.control.events,
            candidate: found.candidate.events,
            matched: found.matched,
            missing: found.missing,
            extra: found.extra,
            different: differences - found.missing - found.extra,
        }))
    }
}

/// The verdict over both proofs, and over what neither of them covers.
fn judge(comparison: &mut Comparison, start: Start) {
    if start == Start::NotYet {
        comparison.since = None;
        let reason = "the store holds no event that the new system wrote, only such as were imported from \
                      the legacy log: the parallel run has not begun";
        comparison.reasons.insert(0, reason.to_owned());
    }
    if let Some(history) = &comparison.history
        && !history.holds
    {
        comparison.verdict = Verdict::Different;
        comparison.reasons.push(format!(
            "the history of the store is not that of the legacy log: {} missing, {} extra, {} different",
            history.missing, history.extra, history.different
        ));
    }
    let before = comparison.control.out_of_range;
    if start != Start::Declared && before > 0 && comparison.history.is_none() {
        comparison.reasons.push(format!(
            "{before} events of the control lie before the first event that the new system wrote, and no \
             history was imported to compare them with; --since says where to begin"
        ));
        if comparison.verdict == Verdict::Consistent {
            comparison.verdict = Verdict::Inconclusive;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::compare::memory_side::{MemorySide, compare_in_memory, event, settings};

    fn compared(control: &MemorySide, candidate: &MemorySide) -> Comparison {
        compared_with(&settings(), control, candidate)
    }

    fn compared_with(settings: &Settings, control: &MemorySide, candidate: &MemorySide) -> Comparison {
        compare_in_memory(settings, control, candidate, |_, found| found.clone())
    }

    fn legacy(events: std::ops::Range<u32>) -> MemorySide {
        MemorySide::legacy("events.json", events.map(event))
    }

    fn store(native: std::ops::Range<u32>, history: std::ops::Range<u32>) -> MemorySide {
        MemorySide::store("events.db", native.map(event), history.map(event))
    }

    #[test]
    fn what_the_new_system_wrote_and_what_was_imported_are_proved_apart() {
        let found = compared(&legacy(0..20), &store(8..20, 0..8));
        assert_eq!((found.verdict, found.matched), (Verdict::Consistent, 12), "{:?}", found.reasons);
        assert_eq!(found.since, Some("2025-10-20T08:00:00Z".parse().unwrap()));
        let history = found.history.unwrap();
        assert_eq!((history.holds, history.matched, history.control), (true, 8, 8));
    }

    #[test]
    fn an_imported_row_never_stands_in_for_a_native_one() {
        let lost = MemorySide::store(
            "events.db",
            (8..20).filter(|n| *n != 12).map(event),
            (0..8).chain([12]).map(event),
        );
        let found = compared(&legacy(0..20), &lost);
        assert_eq!((found.verdict, found.missing), (Verdict::Different, 1), "{:?}", found.reasons);
    }

    #[test]
    fn a_history_that_is_not_that_of_the_legacy_log_is_different_though_the_rest_agrees() {
        let found = compared(&legacy(0..20), &store(8..20, 0..7));
        assert_eq!((found.verdict, found.missing, found.matched), (Verdict::Different, 0, 12));
        assert_eq!(
            found.reasons,
            ["the history of the store is not that of the legacy log: 1 missing, 0 extra, 0 different"]
        );
    }

    #[test]
    fn a_store_with_nothing_but_history_is_inconclusive_whatever_the_history_proves() {
        let found = compared(&legacy(0..8), &store(0..0, 0..8));
        assert_eq!((found.verdict, found.since), (Verdict::Inconclusive, None));
        assert!(found.reasons[0].ends_with("the parallel run has not begun"), "{:?}", found.reasons);
        assert!(found.history.unwrap().holds);
    }

    #[test]
    fn a_legacy_log_that_begins_before_the_store_is_inconclusive_unless_a_beginning_is_declared() {
        let found = compared(&legacy(0..20), &store(8..20, 0..0));
        assert_eq!((found.verdict, found.matched, found.history), (Verdict::Inconclusive, 12, None));
        assert!(found.reasons[0].starts_with("8 events of the control lie before"), "{:?}", found.reasons);
        let since = Settings { since: Some("2025-10-20T08:00:00Z".parse().unwrap()), ..settings() };
        let found = compared_with(&since, &legacy(0..20), &store(8..20, 0..0));
        assert_eq!(found.verdict, Verdict::Consistent, "{:?}", found.reasons);
    }

    #[test]
    fn two_logs_are_compared_from_their_first_events_on_and_have_no_history() {
        let found = compared(&legacy(0..20), &MemorySide::file("new.jsonl", (2..20).map(event)));
        assert_eq!((found.verdict, found.missing), (Verdict::Different, 2));
        assert_eq!((found.since, found.history), (None, None));
    }

    #[test]
    fn what_lies_in_the_folder_of_a_side_is_told_with_that_side() {
        let mut candidate = store(0..20, 0..0);
        let notes = SkippedFile {
            path: "notes.md".to_owned(),
            reason: "its name is not that of a log".to_owned(),
            holds_events: Some(false),
        };
        candidate.left_out.push(notes.clone());
        let found = compared(&legacy(0..20), &candidate);
        assert_eq!((found.control.left_out, found.candidate.left_out), (Vec::new(), vec![notes]));
    }
}
