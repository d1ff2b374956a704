//! Two sides that are the same bytes: nothing has to be matched, and one of them need not be read.
//!
//! Every event is its own partner, at the same time. What is left to be known of both sides is what one
//! of them holds, and whether all of it could be read.

use std::collections::BTreeMap;
use std::thread;

use super::feed::{CompareError, Feed};
use super::order::OrderCount;
use super::report::{ClassCounts, Comparison, FileReport, RejectedPlace};
use super::scan::{Scan, Scanned, Types};
use super::tally::Counts;
use super::{Input, Run, Samples};

/// Whether the candidate's files are, one by one, copies of the control's, read in the same way.
pub(super) fn are_copies(control: &Input, candidate: &mut Input) -> Result<bool, CompareError> {
    if control.mapping != candidate.mapping || control.feeds.len() != candidate.feeds.len() {
        return Ok(false);
    }
    for (original, copy) in control.feeds.iter().zip(&mut candidate.feeds) {
        if !copy.is_copy_of(original.path())? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Reads a side by two threads, without keeping its events.
pub(super) fn count(scan: &Scan<'_>, feeds: &mut [Box<dyn Feed>]) -> Result<Scanned, CompareError> {
    let (first, second) = feeds.split_at_mut(feeds.len() / 2);
    let (first, second) = thread::scope(|scope| {
        let first = scope.spawn(|| scan.side(first));
        let second = scan.side(second);
        (first.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), second)
    });
    let mut side = first?;
    side.add(second?, scan.sample);
    Ok(side)
}

/// What the copy holds, seen from the original.
pub(super) fn copied(original: &Scanned, control: &Input, candidate: &Input) -> Scanned {
    let path = |path: &std::path::Path| {
        let feeds = control.feeds.iter().zip(&candidate.feeds);
        let found = feeds.into_iter().find(|(original, _)| original.path() == path);
        found.map_or(path, |(_, copy)| copy.path()).to_owned()
    };
    let file = |file: &FileReport| FileReport { path: path(&file.path), ..file.clone() };
    let reject = |place: &RejectedPlace| RejectedPlace { path: path(&place.path), ..place.clone() };
    Scanned {
        files: original.files.iter().map(file).collect(),
        rejects: original.rejects.iter().map(reject).collect(),
        ..original.counted()
    }
}

/// What the events of both sides came to.
pub(super) fn counts(side: &Scanned) -> Counts {
    let mut counts = Counts::default();
    for (day, sum) in &side.days {
        for (event_type, &events) in &sum.types {
            let of_type = counts.by.entry((*day, *event_type)).or_default();
            *of_type = ClassCounts { control: events, candidate: events, matched: events, ..*of_type };
        }
    }
    counts.beyond.control = side.margin;
    counts.beyond.candidate = side.margin;
    counts
}

impl Run<'_> {
    /// The report on two sides of which one was read.
    pub(super) fn report_copies(
        &self,
        control: Input,
        mut one: Scanned,
        candidate: Input,
        types: &Types,
    ) -> Result<(Comparison, Samples), CompareError> {
        let (names, ranks) = types.ranked();
        one.rank_types(&ranks);
        let other = copied(&one, &control, &candidate);
        let clock = self.clock(&one, &other);
        let counts = counts(&one);
        let samples = [std::mem::take(&mut one.sample), BTreeMap::new()];
        let (control, candidate) = ((control, one), (candidate, other));
        let order = OrderCount::default();
        let report = self.report(control, candidate, &clock, counts, &names, order, Vec::new())?;
        Ok((report, samples))
    }
}
