//! Sorting more records than memory holds: parts are sorted in memory, written as runs to the temporary file,
//! and merged. O(n log n), whatever the memory; what comes in order is one run, and not merged.

use std::cmp::Ordering;

use crate::application::compare::feed::CompareError;

use super::partitions::SharedScratch;
use super::run::{Run, RunReader, RunWriter};

/// The order of two records.
pub(crate) type RecordOrder<'o> = dyn Fn(&[u8], &[u8]) -> Ordering + 'o;

/// How many bytes one sort may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SortShare {
    /// While records are added.
    pub adding: usize,
    /// While they are merged.
    pub merging: usize,
}

impl SortShare {
    /// With less than this for a run, a merge mostly waits for the temporary file.
    const LEAST_OF_RUN: usize = 4 << 10;

    /// How many runs are merged at once whose longest record has so many bytes.
    fn fan_in(&self, longest: usize) -> usize {
        (self.merging / Self::LEAST_OF_RUN.max(longest)).max(2)
    }
}

/// Sorts records.
pub(crate) struct Sorter<'s> {
    scratch: &'s SharedScratch,
    order: &'s RecordOrder<'s>,
    share: SortShare,
    held: Vec<u8>,
    /// Where each record that is held begins and ends.
    records: Vec<(usize, usize)>,
    /// The run that is being written, and its last record: what comes in order goes on with it.
    open: Option<(RunWriter<'s>, Vec<u8>)>,
    runs: Vec<Run>,
}

impl<'s> Sorter<'s> {
    pub fn new(scratch: &'s SharedScratch, order: &'s RecordOrder<'s>, share: SortShare) -> Self {
        Self { scratch, order, share, held: Vec::new(), records: Vec::new(), open: None, runs: Vec::new() }
    }

    /// Adds the record that `write` appends.
    pub fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), CompareError> {
        let start = self.held.len();
        write(&mut self.held);
        self.records.push((start, self.held.len()));
        // A vector that grows holds what it has twice.
        let references = self.records.len() * size_of::<(usize, usize)>();
        if 2 * (self.held.len() + references) > self.share.adding {
            self.write_held()?;
        }
        Ok(())
    }

    /// Writes what is held, sorted.
    fn write_held(&mut self) -> Result<(), CompareError> {
        let Self { held, records, order, .. } = self;
        records.sort_unstable_by(|one, other| order(&held[one.0..one.1], &held[other.0..other.1]));
        let (Some(&(start, end)), Some(last)) = (records.first(), records.last()) else { return Ok(()) };
        let goes_on = |(_, before): &mut (_, Vec<u8>)| order(before, &held[start..end]).is_le();
        let last = held[last.0..last.1].to_vec();
        let mut writer = match self.open.take_if(goes_on) {
            Some((writer, _)) => writer,
            None => {
                if let Some((writer, _)) = self.open.take() {
                    self.runs.push(writer.finish()?);
                }
                RunWriter::new(self.scratch, self.share.merging)
            }
        };
        for &(start, end) in records.iter() {
            writer.push(&held[start..end])?;
        }
        self.open = Some((writer, last));
        records.clear();
        held.clear();
        // What one long record has grown is not kept.
        held.shrink_to(self.share.adding);
        Ok(())
    }

    /// The records in their order.
    pub fn finish(mut self) -> Result<Sorted<'s>, CompareError> {
        self.write_held()?;
        let Self { scratch, order, share, open, mut runs, .. } = self;
        if let Some((writer, _)) = open {
            runs.push(writer.finish()?);
        }
        let longest = runs.iter().map(|run| run.longest).max().unwrap_or(0);
        let fan_in = share.fan_in(longest);
        while runs.len() > fan_in {
            let mut merged = Vec::with_capacity(runs.len() / fan_in + 1);
            let mut rest = runs.into_iter();
            loop {
                let some: Vec<Run> = rest.by_ref().take(fan_in).collect();
                if some.is_empty() {
                    break;
                }
                let mut sorted = Sorted::new(some, scratch, order, share.merging / 2)?;
                let mut writer = RunWriter::new(scratch, share.merging / 2);
                while let Some(record) = sorted.current() {
                    writer.push(record)?;
                    sorted.advance()?;
                }
                merged.push(writer.finish()?);
            }
            runs = merged;
        }
        Sorted::new(runs, scratch, order, share.merging)
    }
}

/// Sorted records, one after the other.
pub(crate) struct Sorted<'s> {
    order: &'s RecordOrder<'s>,
    /// A heap, that of the first record on top; none is at its end.
    readers: Vec<RunReader<'s>>,
}

impl<'s> Sorted<'s> {
    fn new(
        runs: Vec<Run>,
        scratch: &'s SharedScratch,
        order: &'s RecordOrder<'s>,
        room: usize,
    ) -> Result<Self, CompareError> {
        let room = room / runs.len().max(1);
        let readers = runs.into_iter().map(|run| RunReader::new(run, scratch, room));
        let readers =
            readers.filter(|reader| !reader.as_ref().is_ok_and(|reader| reader.current().is_none()));
        let mut sorted = Self { order, readers: readers.collect::<Result<_, _>>()? };
        (0..sorted.readers.len() / 2).rev().for_each(|index| sorted.sink(index));
        Ok(sorted)
    }

    /// The record that comes next; `None` after the last one.
    pub fn current(&self) -> Option<&[u8]> {
        self.readers.first()?.current()
    }

    /// Goes on to the next record.
    pub fn advance(&mut self) -> Result<(), CompareError> {
        let Some(first) = self.readers.first_mut() else { return Ok(()) };
        first.advance()?;
        if first.current().is_none() {
            self.readers.swap_remove(0);
        }
        self.sink(0);
        Ok(())
    }

    /// Moves a reader down to where the record of none below it comes before its own.
    fn sink(&mut self, mut index: usize) {
        loop {
            let below = (2 * index + 1..self.readers.len().min(2 * index + 3))
                .reduce(|one, other| if self.is_before(other, one) { other } else { one });
            match below {
                Some(below) if self.is_before(below, index) => self.readers.swap(index, below),
                _ => return,
            }
            index = below.unwrap_or(index);
        }
    }

    fn is_before(&self, one: usize, other: usize) -> bool {
        match (self.readers[one].current(), self.readers[other].current()) {
            (Some(one), Some(other)) => (self.order)(one, other).is_lt(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use proptest::prelude::*;

    use super::*;
    use crate::application::compare::memory_side::MemoryScratch;

    proptest! {
        #[test]
        fn records_are_sorted_whatever_memory_there_is(
            mut records in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..20), 0..200),
            share in prop_oneof![Just((0, 0)), Just((100, 20_000)), Just((1 << 20, 1 << 20))],
        ) {
            let scratch: SharedScratch = Mutex::new(Box::new(MemoryScratch::default()));
            let order = |one: &[u8], other: &[u8]| one.cmp(other);
            let share = SortShare { adding: share.0, merging: share.1 };
            let mut sorter = Sorter::new(&scratch, &order, share);
            for record in &records {
                sorter.push(|out| out.extend_from_slice(record)).unwrap();
            }
            let mut sorted = sorter.finish().unwrap();
            let mut found = Vec::new();
            while let Some(record) = sorted.current() {
                found.push(record.to_vec());
                sorted.advance().unwrap();
            }
            records.sort();
            prop_assert_eq!(found, records);
        }

        #[test]
        fn records_that_come_in_order_are_one_run(mut records in proptest::collection::vec(any::<[u8; 4]>(), 0..200)) {
            records.sort();
            let scratch: SharedScratch = Mutex::new(Box::new(MemoryScratch::default()));
            let order = |one: &[u8], other: &[u8]| one.cmp(other);
            let mut sorter = Sorter::new(&scratch, &order, SortShare { adding: 100, merging: 100 });
            for record in &records {
                sorter.push(|out| out.extend_from_slice(record)).unwrap();
            }
            prop_assert!(sorter.runs.is_empty());
        }
    }
}
