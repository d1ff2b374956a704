//! Two sides that are the same bytes: nothing has to be matched, and one of them need not be read.
//!
//! Every event is its own partner, at the same time. What is left to be known of both sides is what one
//! of them holds, and whether all of it could be read.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::application::compare::feed::{CompareError, Feed};
use crate::application::compare::input::Input;
use crate::application::compare::outcome::counts::Counts;
use crate::application::compare::reading::both_sides::BothSides;
use crate::application::compare::reading::side_reader::SideReader;
use crate::application::compare::reading::side_summary::SideSummary;
use crate::application::compare::report::{ClassCounts, FileReport};
use crate::application::compare::spill::threads::in_parallel;

/// Whether the candidate's files are, one by one, copies of the control's, read in the same way. Two threads look at them.
pub(crate) fn are_copies(inputs: &mut [Input; 2]) -> Result<bool, CompareError> {
    let [control, candidate] = inputs;
    if control.mapping != candidate.mapping || control.feeds.len() != candidate.feeds.len() {
        return Ok(false);
    }
    let originals: Vec<&Path> = control.feeds.iter().map(|original| original.path()).collect();
    let (first, second) = candidate.feeds.split_at_mut(originals.len() / 2);
    let (of_first, of_second) = originals.split_at(first.len());
    // Relaxed: it spares work, and nothing else depends on it.
    let is_refuted = AtomicBool::new(false);
    let (one, other) = in_parallel(
        || are_copies_of(of_first, first, &is_refuted),
        || are_copies_of(of_second, second, &is_refuted),
    )?;
    Ok(one && other)
}

/// Whether these are copies, as far as it is not `is_refuted` elsewhere.
fn are_copies_of(
    originals: &[&Path],
    copies: &mut [Box<dyn Feed>],
    is_refuted: &AtomicBool,
) -> Result<bool, CompareError> {
    for (original, copy) in originals.iter().zip(copies) {
        if is_refuted.load(Ordering::Relaxed) || !copy.is_copy_of(original)? {
            is_refuted.store(true, Ordering::Relaxed);
            return Ok(false);
        }
    }
    Ok(true)
}

/// Reads a side by two threads, without keeping its events.
pub(crate) fn count(
    reader: &SideReader<'_>,
    feeds: &mut [Box<dyn Feed>],
) -> Result<SideSummary, CompareError> {
    let (first, second) = feeds.split_at_mut(feeds.len() / 2);
    let (mut side, second) = in_parallel(|| reader.count(first), || reader.count(second))?;
    side.add(second, reader.context.sample);
    Ok(side)
}

/// What the copy holds, seen from the original.
pub(crate) fn as_copy(original: &SideSummary, [control, candidate]: &[Input; 2]) -> SideSummary {
    let feeds = control.feeds.iter().zip(&candidate.feeds);
    let copies: HashMap<&Path, &Path> =
        feeds.map(|(original, copy)| (original.path(), copy.path())).collect();
    let path = |path: &Path| copies.get(path).copied().unwrap_or(path).to_owned();
    let file = |file: &FileReport| FileReport { path: path(&file.path), ..file.clone() };
    let mut copy = SideSummary { files: original.files.iter().map(file).collect(), ..original.clone() };
    for reject in copy.rejects.listed_mut() {
        reject.path = path(&reject.path);
    }
    copy
}

/// What the events of both sides came to.
pub(crate) fn counts(sides: &BothSides) -> Counts {
    let side = &sides.control;
    let mut counts = Counts::default();
    // The first event is its own partner.
    if let Some(first) = side.first.filter(|_| side.first == sides.since) {
        counts.note_pair_in_time(first, first);
    }
    for (day, sum) in &side.days {
        for (event_type, &events) in &sum.types {
            let of_type = counts.by.entry((*day, *event_type)).or_default();
            *of_type = ClassCounts { control: events, candidate: events, matched: events, ..*of_type };
        }
    }
    counts.beyond.control = side.near_boundary;
    counts.beyond.candidate = side.near_boundary;
    counts
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::application::compare::feed::{Fed, FeedFacts};
    use crate::wire::mapping::Mapping;
    use crate::wire::record::RecordReader;

    /// A file that is a copy of one file.
    struct CopyOf(PathBuf);

    impl Feed for CopyOf {
        fn path(&self) -> &Path {
            &self.0
        }

        fn read(
            &mut self,
            _: &mut RecordReader<'_>,
            _: &mut dyn FnMut(Fed<'_>, &RecordReader<'_>) -> Result<(), CompareError>,
        ) -> Result<FeedFacts, CompareError> {
            panic!("to tell whether it is a copy, no record is read")
        }

        fn is_copy_of(&mut self, original: &Path) -> Result<bool, CompareError> {
            Ok(original == self.0)
        }

        fn texts(&mut self, _: &[u64], _: &mut dyn FnMut(u64, &[u8])) -> Result<(), CompareError> {
            panic!("to tell whether it is a copy, no text is read")
        }
    }

    #[test]
    fn sides_are_copies_where_each_file_is_one_of_the_file_in_its_place() {
        let side = |files: &[usize]| {
            let feed = |number: &usize| Box::new(CopyOf(PathBuf::from(number.to_string()))) as Box<dyn Feed>;
            let (path, mapping, skipped) = (PathBuf::new(), Mapping::BuiltIn, Vec::new());
            Input { path, mapping, feeds: files.iter().map(feed).collect(), skipped }
        };
        let are_copies = |one: &[usize], other: &[usize]| are_copies(&mut [side(one), side(other)]).unwrap();
        for files in 0..6 {
            let files: Vec<usize> = (0..files).collect();
            assert!(are_copies(&files, &files), "{files:?}");
            for another in 0..files.len() {
                let mut others = files.clone();
                others[another] = 99;
                assert!(!are_copies(&files, &others), "{others:?}");
                assert!(!are_copies(&files, &files[..another]), "{another} of {files:?}");
            }
        }
    }
}
