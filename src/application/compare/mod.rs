//! The use case that proves two logs to hold the same events, or shows every difference.
//!
//! ```text
//! feeds --> scan --> entries in partitions --> matching, stage by stage --> tally --> report
//!             \--> anchors --> clock model ----^
//! ```
//!
//! Every event of each side ends in exactly one class, and the classes of a side add up to its total;
//! where they do not, there is no report but an error. The result does not depend on the order of
//! either input, order information and places apart.

mod agreement;
mod clock;
mod content;
mod copies;
mod corrector;
mod days;
mod digest;
mod entry;
mod explain;
pub mod feed;
mod group;
mod key;
mod listing;
mod matching;
mod order;
mod pairing;
mod pairs;
mod partitions;
pub mod profile;
mod record_text;
pub mod report;
mod scan;
pub mod selftest;
pub mod settings;
mod sink;
mod tally;
mod verdict;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::thread;

use crate::domain::json::canonical_form;
use crate::domain::mapping::Mapping;

use clock::ClockModel;
use content::Fields;
use days::Days;
use entry::Side;
use feed::{CompareError, Feed, Scratch};
use group::Windows;
use matching::Matcher;
use order::{OrderCount, reordered};
use pairs::FoundPairs;
use partitions::{Partitions, SharedScratch};
use report::{
    CauseCount, ClassCounts, Comparison, DayCounts, DayDigest, IgnoredByRule, PerSide, SideReport, TypeCounts,
};
use scan::{Scan, Scanned, Types};
use settings::Settings;
use tally::{Counts, Tally, add_counts};

pub use pairs::{ClocksApart, FoundPair, PlacedEvent, pairs};

/// One side of a comparison.
pub struct Input {
    /// As it was named.
    pub path: PathBuf,
    /// How its records are read.
    pub mapping: Mapping,
    /// What it is read from, in order.
    pub feeds: Vec<Box<dyn Feed>>,
    /// Files that belong to it but are not read, and why.
    pub skipped: Vec<(PathBuf, String)>,
}

/// Where the range begins, and who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// By [`Settings::since`] each side begins at that time, and pairs follow the control's.
    Declared,
    /// [`Settings::since`] is the time of the candidate's first event: the control begins with its partner.
    FirstOfCandidate,
}

/// How many records a self-test is made with at most.
const SAMPLE: usize = 2000;

/// Compares two sides.
///
/// # Errors
/// What could not be read; and [`CompareError::Conservation`], where the comparison caught itself being
/// wrong.
pub fn compare(
    settings: &Settings,
    control: Input,
    candidate: Input,
    scratch: Box<dyn Scratch>,
) -> Result<Comparison, CompareError> {
    compare_from(Beginning::Declared, settings, control, candidate, scratch)
}

/// As [`compare`], with a beginning.
///
/// # Errors
/// As [`compare`].
pub fn compare_from(
    beginning: Beginning,
    settings: &Settings,
    control: Input,
    candidate: Input,
    scratch: Box<dyn Scratch>,
) -> Result<Comparison, CompareError> {
    let mappings = [control.mapping.clone(), candidate.mapping.clone()];
    let run = Run { beginning, ..Run::new(settings, scratch, SAMPLE, 64)? };
    let (mut comparison, samples) = run.compare(control, candidate)?;
    let [one, other] = samples;
    let side = if one.is_empty() { (other, &mappings[1]) } else { (one, &mappings[0]) };
    // A thousandth of the records: the test stays a small part of the run.
    let events = comparison.control.events + comparison.candidate.events;
    let records = (events / 1000).clamp(20, SAMPLE as u64) as usize;
    let sample = side.0.into_values().take(records).collect();
    let tested = selftest::run(settings, side.1, sample)?;
    comparison.self_test = Some(tested);
    Ok(comparison)
}

/// One run of the comparison.
struct Run<'r> {
    settings: &'r Settings,
    fields: Fields,
    scratch: SharedScratch,
    sample: usize,
    hash_bits: u32,
    beginning: Beginning,
    /// Where every pair is noted, if anybody wants to know.
    found: Option<FoundPairs>,
}

/// A few records of each side, control first.
type Samples = [BTreeMap<u64, String>; 2];

impl<'r> Run<'r> {
    fn new(
        settings: &'r Settings,
        scratch: Box<dyn Scratch>,
        sample: usize,
        hash_bits: u32,
    ) -> Result<Self, CompareError> {
        for expected in &settings.profile.one_sided {
            if let Some(default) = &expected.default {
                canonical_form(default.as_bytes())
                    .map_err(|source| CompareError::Default { field: expected.field.clone(), source })?;
            }
        }
        let fields = Fields::new(&settings.profile)
            .map_err(|source| CompareError::Default { field: settings.profile.name.clone(), source })?;
        Ok(Self {
            settings,
            fields,
            scratch: Mutex::new(scratch),
            sample,
            hash_bits,
            beginning: Beginning::Declared,
            found: None,
        })
    }

    fn compare(
        &self,
        mut control: Input,
        mut candidate: Input,
    ) -> Result<(Comparison, Samples), CompareError> {
        let types = Types::default();
        let mappings = [control.mapping.clone(), candidate.mapping.clone()];
        let scan = |side: Side, keeps_entries| Scan {
            settings: self.settings,
            mapping: &mappings[side as usize],
            fields: &self.fields,
            types: &types,
            scratch: &self.scratch,
            budget: self.settings.memory / 8,
            sample: self.sample,
            keeps_entries,
        };
        if self.found.is_none() && copies::are_copies(&control, &mut candidate)? {
            let one = copies::count(&scan(Side::Control, false), &mut control.feeds)?;
            // They could have been written to meanwhile.
            if one.changing.is_none() && copies::are_copies(&control, &mut candidate)? {
                return self.report_copies(control, one, candidate, &types);
            }
        }
        let (one, other) = thread::scope(|scope| {
            let control = scope.spawn(|| scan(Side::Control, true).side(&mut control.feeds));
            let candidate = scan(Side::Candidate, true).side(&mut candidate.feeds);
            let control = control.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            (control, candidate)
        });
        let (mut one, mut other) = (one?, other?);
        let tolerance = micros(self.settings.tolerance);
        let clock = self.clock(&one, &other);
        let matcher = Matcher {
            settings: self.settings,
            fields: &self.fields,
            clock: &clock,
            windows: Windows { tolerance, max_shift: micros(self.settings.max_shift).max(tolerance) },
            scratch: &self.scratch,
            budget: self.settings.memory / 16,
            load: self.settings.memory / 8,
            hash_bits: self.hash_bits,
            ids_are_shared: AtomicBool::new(false),
        };
        let workers = thread::available_parallelism().map_or(1, |threads| threads.get().min(4));
        let (names, ranks) = types.ranked();
        one.rank_types(&ranks);
        other.rank_types(&ranks);
        let since = self.settings.since.map(|since| since.timestamp_micros());
        let beginning = since
            .filter(|_| self.beginning == Beginning::FirstOfCandidate)
            .map(|since| since - clock.offset_on(Days::new(&self.settings.zone).of(since)));
        let tally = || {
            Tally::new(
                self.settings,
                &self.fields,
                &self.scratch,
                &ranks,
                self.found.as_ref(),
                self.settings.memory / 32 / workers,
                beginning,
            )
        };
        let mut tallies: Vec<Tally<'_>> = (0..workers).map(|_| tally()).collect();
        let by_id = [one.with_id > 0, other.with_id > 0];
        let sides =
            [&mut one, &mut other].map(|side| std::mem::replace(&mut side.partitions, Partitions::new(0)));
        matcher.run(sides, by_id, &mut tallies)?;
        if let Some(found) = &self.found {
            found.note_clock(&clock);
        }
        let mut total = tally();
        let mut orders = Vec::new();
        for tally in tallies {
            let (counts, listed, order) = tally.into_parts();
            total.add(counts, listed);
            orders.push(order);
        }
        let beginning = total.settle_beginning();
        let order = reordered(&orders, &self.scratch)?;
        let (counts, listed, _) = total.into_parts();
        let differences =
            listing::differences(listed.into_sorted_vec(), &names, &mut control.feeds, &mut candidate.feeds)?;
        let samples = [std::mem::take(&mut one.sample), std::mem::take(&mut other.sample)];
        let mut report =
            self.report((control, one), (candidate, other), &clock, counts, &names, order, differences)?;
        report.beginning = beginning.and_then(chrono::DateTime::from_timestamp_micros);
        Ok((report, samples))
    }

    fn clock(&self, one: &Scanned, other: &Scanned) -> ClockModel {
        let mut days = Days::new(&self.settings.zone);
        ClockModel::estimate(
            &one.anchors,
            &other.anchors,
            &mut |at| days.of(at),
            micros(self.settings.tolerance),
            micros(self.settings.max_offset),
        )
    }

    #[expect(clippy::too_many_arguments, reason = "everything that a report is made of")]
    fn report(
        &self,
        control: (Input, Scanned),
        candidate: (Input, Scanned),
        clock: &ClockModel,
        counts: Counts,
        names: &[String],
        order: OrderCount,
        differences: Vec<report::Difference>,
    ) -> Result<Comparison, CompareError> {
        let mut total = ClassCounts::default();
        let mut by_day: BTreeMap<chrono::NaiveDate, ClassCounts> = BTreeMap::new();
        let mut by_type: BTreeMap<&str, ClassCounts> = BTreeMap::new();
        for ((day, event_type), counts) in &counts.by {
            add_counts(&mut total, counts);
            add_counts(by_day.entry(*day).or_default(), counts);
            add_counts(by_type.entry(&names[*event_type as usize]).or_default(), counts);
        }
        for (side, scanned, classes, beyond) in [
            ("control", &control.1, total.control, counts.beyond.control),
            ("candidate", &candidate.1, total.candidate, counts.beyond.candidate),
        ] {
            let read = scanned.events + scanned.margin;
            if classes + beyond != read {
                return Err(CompareError::Conservation { side, read, classes: classes + beyond });
            }
        }
        let quarantined = PerSide { control: control.1.quarantined, candidate: candidate.1.quarantined };
        let (verdict, reasons) = verdict::judge(&verdict::Evidence {
            control: &control,
            candidate: &candidate,
            total: &total,
            clock,
        })?;
        let listed = differences.len() as u64;
        let by_cause = counts.causes.iter().map(|((cause, class, day, event_type), count)| CauseCount {
            cause,
            class: *class,
            day: *day,
            event_type: names[*event_type as usize].clone(),
            count: *count,
        });
        let rules = self.settings.profile.ignore.iter().enumerate().map(|(number, rule)| {
            let of_rule = counts.rules.iter().filter(|((needed, _), _)| *needed == number);
            let by_day: BTreeMap<_, _> = of_rule.map(|((_, day), pairs)| (*day, *pairs)).collect();
            let (field, reason) = (rule.field.clone(), rule.reason.clone());
            IgnoredByRule { field, reason, pairs: by_day.values().sum(), by_day }
        });
        Ok(Comparison {
            verdict,
            reasons,
            since: self.settings.since,
            beginning: None,
            matched: total.matched,
            representation: counts.representation,
            time_shifted: total.time_shifted,
            changed: total.changed,
            ambiguous: counts.ambiguous,
            retyped: total.retyped,
            misfiled: total.misfiled,
            missing: total.missing,
            extra: total.extra,
            duplicated: total.duplicated,
            pending: total.pending,
            quarantined,
            ignored: rules.collect(),
            history: None,
            reordered: order.moved,
            reordered_at_equal_times: order.moved_at_equal_times,
            clock: serde_json::to_value(clock).unwrap_or_default(),
            by_day: by_day.into_iter().map(|(day, counts)| DayCounts { day, counts }).collect(),
            by_type: by_type
                .into_iter()
                .map(|(name, counts)| TypeCounts { event_type: name.to_owned(), counts })
                .collect(),
            by_cause: by_cause.collect(),
            differences_truncated: total.differences() > listed,
            differences,
            self_test: None,
            elapsed_seconds: 0.0,
            control: side_report(control, total.control, counts.beyond.control, names),
            candidate: side_report(candidate, total.candidate, counts.beyond.candidate, names),
        })
    }
}

fn side_report((input, scanned): (Input, Scanned), events: u64, beyond: u64, names: &[String]) -> SideReport {
    let days = scanned.days.into_iter().map(|(day, sum)| {
        let event_types = sum.types.keys().map(|rank| names[*rank as usize].clone()).collect();
        (day, DayDigest { events: sum.events, digest: sum.digest.to_string(), event_types })
    });
    SideReport {
        path: input.path,
        events,
        out_of_range: scanned.out_of_range + beyond,
        naive: scanned.naive,
        files: scanned.files,
        digest: scanned.digest.to_string(),
        days: days.collect(),
        rejects: scanned.rejects,
        left_out: Vec::new(),
    }
}

fn micros(duration: chrono::TimeDelta) -> i64 {
    duration.num_microseconds().unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests;
