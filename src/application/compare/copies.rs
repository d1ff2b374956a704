//! Two sides that are the same bytes: nothing has to be matched, and one of them need not be read.
//!
//! Every event is its own partner, at the same time. What is left to be known of both sides is what one
//! of them holds, and whether all of it could be read.

use std::thread;

use super::Input;
use super::feed::{CompareError, Feed};
use super::report::{ClassCounts, FileReport, RejectedPlace};
use super::scan::Scan;
use super::scanned::Scanned;
use super::tally::Counts;

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
        let first = scope.spawn(|| scan.count(first));
        let second = scan.count(second);
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
