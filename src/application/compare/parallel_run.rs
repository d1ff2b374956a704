//! A parallel run: the legacy system and the new one record the same events, the new one in a store that
//! may hold what was imported from the legacy log as well.
//!
//! Two proofs are made. What the new system wrote is compared with the legacy log, from the first event of
//! the new system on; and what was imported is compared with the legacy log up to there. Imported rows
//! would prove nothing but themselves, so they take no part in the first one. What a repair has put into a store
//! takes part, and is counted apart.

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use crate::application::compare::compare_from;
use crate::application::compare::feed::{CompareError, Scratch};
use crate::application::compare::history;
use crate::application::compare::input::{Beginning, Input};
use crate::application::compare::report::{Comparison, HistoryReport, Verdict};
use crate::application::compare::settings::{Settings, Start};
use crate::application::log_source::SkippedFile;
use crate::domain::path_text::text_of;
use crate::wire::mapping::Mapping;
use crate::wire::zone::Zone;

/// Which rows of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// Those that the new system wrote.
    Native,
    /// Those that were imported from the legacy log.
    History,
    /// Those that a repair has added, or accepted, in the place of what the new system did not write.
    Repaired,
}

/// What a store holds, by the system that wrote it: events and twins together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowCounts {
    /// How many events the new system wrote.
    pub native: u64,
    /// How many were imported from the legacy log.
    pub history: u64,
    /// How many count as repaired: they were added by a repair, or are of the history and were accepted by one.
    pub repaired: u64,
    /// When the earliest event of the new system occurred.
    pub first_native: Option<DateTime<Utc>>,
    /// When the latest event of the legacy log occurred.
    pub last_history: Option<DateTime<Utc>>,
    /// How many are not there any more that were stored: another program has removed them. `None` where the store does
    /// not say how many were stored.
    pub missing: Option<u64>,
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

/// What the first records of a side show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstRecords {
    /// It is a log of the legacy system: they have no identity.
    pub is_legacy: bool,
    /// When the earliest event of the side occurred. An earlier one of a log that stands far from its beginning
    /// is found when all of it is read.
    pub earliest: DateTime<Utc>,
}

/// The port to a side of a parallel run. It can be opened more than once.
pub trait ParallelSide {
    /// How its records are read.
    fn mapping(&self) -> &Mapping;

    /// What it is read from.
    fn medium(&self) -> Medium;

    /// What its first records show, their local times being those of `zone`; of a store, those that the new
    /// system wrote. `None` where there are none.
    fn first_records(&self, zone: &Zone) -> Option<FirstRecords>;

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
    /// How both proofs are made. Without [`Settings::since`], [`Settings::start`] says where the comparison of a
    /// legacy log with one of the new system begins.
    pub settings: &'r Settings,
    /// The reference log.
    pub control: &'r dyn ParallelSide,
    /// The log that is checked against it.
    pub candidate: &'r dyn ParallelSide,
    /// Gives an empty scratch for each proof.
    pub new_scratch: &'r dyn Fn() -> Box<dyn Scratch>,
}

/// What the beginning of the comparison is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BeginsBy {
    /// It was declared, or both sides are compared from their first events on.
    Declaration,
    /// The recorded start.
    Record(DateTime<Utc>),
    /// The first event that the new system wrote, and when that occurred.
    FirstNative(DateTime<Utc>),
    /// Nothing: the store holds only what was imported, and the new system has not begun to write.
    NotYet,
}

impl ParallelRun<'_> {
    /// Makes both proofs. The comparison is that of the native rows, with the other proof as
    /// [`Comparison::history`] and the verdict over both; [`Comparison::elapsed_seconds`] is left 0.
    ///
    /// # Errors
    /// As [`compare`](crate::application::compare::compare).
    pub fn compare(&self) -> Result<Comparison, CompareError> {
        let begins_by = self.begins_by();
        let (since, beginning) = match begins_by {
            BeginsBy::Declaration => (self.settings.since, Beginning::Declared),
            BeginsBy::Record(start) => (Some(start), Beginning::ByCandidate),
            BeginsBy::FirstNative(first) => (Some(first), Beginning::FirstOfCandidate),
            BeginsBy::NotYet => (Some(DateTime::<Utc>::MAX_UTC), Beginning::FirstOfCandidate),
        };
        let settings = Settings { since, ..self.settings.clone() };
        let (control, candidate) = (native_and_repaired(self.control)?, native_and_repaired(self.candidate)?);
        let mut comparison = compare_from(beginning, &settings, control, candidate, (self.new_scratch)())?;
        comparison.control.left_out = self.control.left_out().to_vec();
        comparison.candidate.left_out = self.candidate.left_out().to_vec();
        comparison.history = self.history(comparison.beginning.at)?;
        judge(&mut comparison, begins_by, self.candidate.medium());
        judge_missing_rows(&mut comparison, [self.control, self.candidate].map(ParallelSide::medium));
        Ok(comparison)
    }

    /// Whether what was imported from the legacy log is what that log holds; `None` where nothing was. The
    /// comparison begins at `begins` by the clock of that log.
    fn history(&self, begins: Option<DateTime<Utc>>) -> Result<Option<HistoryReport>, CompareError> {
        let [control, candidate] = [self.control, self.candidate].map(|side| match side.medium() {
            Medium::Store(rows) => Some(rows),
            Medium::File | Medium::Folder => None,
        });
        if [control, candidate].iter().flatten().all(|rows| rows.history == 0) {
            return Ok(None);
        }
        let (one, other) = (self.control.input(Rows::History)?, self.candidate.input(Rows::History)?);
        let (settings, scratch) = (self.settings, (self.new_scratch)());
        let report = match (control, candidate) {
            (None, Some(rows)) => {
                history::against_log(settings, one, other, scratch, rows.last_history, begins)
            }
            (Some(rows), None) => {
                history::against_log(settings, other, one, scratch, rows.last_history, begins)
            }
            _ => history::of_two_stores(settings, one, other, scratch),
        };
        report.map(Some)
    }

    /// Logs of one kind begin together. Where a legacy log is compared with one of the new system, the latter
    /// begins with the parallel run.
    fn begins_by(&self) -> BeginsBy {
        let Settings { since: None, zone, start, .. } = self.settings else { return BeginsBy::Declaration };
        let is_legacy = self.control.first_records(zone).is_some_and(|first| first.is_legacy);
        if *start == Start::FirstEvents || !is_legacy {
            return BeginsBy::Declaration;
        }
        let has_history = matches!(self.candidate.medium(), Medium::Store(RowCounts { history: 1.., .. }));
        match (self.candidate.first_records(zone), *start) {
            (Some(first), _) if first.is_legacy => BeginsBy::Declaration,
            (_, Start::Recorded(start)) => BeginsBy::Record(start),
            (Some(first), _) => BeginsBy::FirstNative(first.earliest),
            (None, _) if has_history => BeginsBy::NotYet,
            (None, _) => BeginsBy::Declaration,
        }
    }
}

/// What the new system wrote, and apart from it what a repair has added.
pub(crate) fn native_and_repaired(side: &dyn ParallelSide) -> Result<Input, CompareError> {
    let mut input = side.input(Rows::Native)?;
    if matches!(side.medium(), Medium::Store(RowCounts { repaired: 1.., .. })) {
        input.feeds.extend(side.input(Rows::Repaired)?.feeds);
    }
    Ok(input)
}

/// The verdict over both proofs, and over what neither of them covers.
fn judge(comparison: &mut Comparison, begins_by: BeginsBy, candidate: Medium) {
    if begins_by == BeginsBy::NotYet {
        comparison.since = None;
        comparison.beginning.at = None;
        comparison.beginning.partial_day = None;
        let reason = "the store holds no event that the new system wrote, only such as were imported from \
                      the legacy log: the parallel run has not begun";
        comparison.reasons.insert(0, reason.to_owned());
        comparison.doubts.insert(0, reason.to_owned());
    } else if !comparison.beginning.is_paired && comparison.verdict == Verdict::Different {
        let reason = "the comparison begins with the first event of the candidate, which has no partner at its \
                      time: if it was written before the parallel run, as a test perhaps, --since TIME says \
                      where that began";
        comparison.reasons.push(reason.to_owned());
    }
    match comparison.history.clone() {
        Some(history) => judge_history(comparison, &history),
        None => judge_earlier(comparison, begins_by, candidate),
    }
}

fn judge_history(comparison: &mut Comparison, history: &HistoryReport) {
    if !history.holds {
        comparison.verdict = Verdict::Different;
        comparison.reasons.push(format!(
            "the history of the store is not that of the legacy log: {} missing, {} extra, {} different",
            history.missing, history.extra, history.different
        ));
    }
    let reason = match history.not_imported_before {
        0 => return,
        1 => "1 event of the legacy log lies before the beginning of the comparison and is".to_owned(),
        events => {
            format!("{events} events of the legacy log lie before the beginning of the comparison and are")
        }
    };
    doubt(comparison, format!("{reason} not imported yet: import the log again (import-legacy)"));
}

/// Without a history, nothing proves what is earlier than a beginning that was not declared.
fn judge_earlier(comparison: &mut Comparison, begins_by: BeginsBy, candidate: Medium) {
    let beginning = match begins_by {
        BeginsBy::Declaration | BeginsBy::NotYet => return,
        BeginsBy::Record(_) => "the recorded start of the parallel run",
        BeginsBy::FirstNative(_) => "the first event that the new system wrote",
    };
    let (lie, them) = match comparison.beginning.earlier {
        0 => return,
        1 => ("1 event of the control lies".to_owned(), "it"),
        earlier => (format!("{earlier} events of the control lie"), "them"),
    };
    // Where that was is not offered: what is inferred may be later than what was lost.
    let or_declare =
        "or say where the parallel run began (--since TIME), or compare everything (--since all)";
    let reason = match candidate {
        Medium::Store(_) => format!(
            "{lie} before {beginning}, and no history was imported to compare {them} with: import the control into \
             the store (import-legacy), {or_declare}"
        ),
        // What is imported goes into a store, and this comparison reads none.
        Medium::File | Medium::Folder => format!(
            "{lie} before {beginning}, and the candidate is a log, which holds no history to compare {them} with: \
             import both logs into one SQLite store (import-legacy) and compare the control with that store, \
             {or_declare}"
        ),
    };
    doubt(comparison, reason);
}

/// What is not there any more proves nothing: the rest may agree, as where both sides have lost the same.
fn judge_missing_rows(comparison: &mut Comparison, media: [Medium; 2]) {
    let paths = [&comparison.control, &comparison.candidate].map(|side| text_of(&side.path));
    for (path, medium) in paths.into_iter().zip(media) {
        let Medium::Store(RowCounts { missing, .. }) = medium else { continue };
        match missing {
            Some(0) => {}
            Some(missing) => doubt(
                comparison,
                format!(
                    "{path} has {missing} events and twins less than were stored in it: another program has removed \
                     rows; import their logs again (import-legacy), or go back to a copy of the store"
                ),
            ),
            None => doubt(
                comparison,
                format!(
                    "{path} does not say how many rows were stored in it: another program has emptied `stored_rows`; \
                     import the logs again (import-legacy), which counts them anew, or go back to a copy of the store"
                ),
            ),
        }
    }
}

/// What keeps logs that do not differ from being consistent.
fn doubt(comparison: &mut Comparison, reason: String) {
    comparison.reasons.push(reason.clone());
    comparison.doubts.push(reason);
    if comparison.verdict == Verdict::Consistent {
        comparison.verdict = Verdict::Inconclusive;
    }
}

#[cfg(test)]
mod tests;
