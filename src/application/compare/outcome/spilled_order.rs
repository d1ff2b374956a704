//! The analysis of order where the pairs of a partition are too many for memory: most of them are of one
//! aggregate.
//!
//! Pairs are sorted in the temporary file. Of an aggregate, the place of an event of the candidate is its rank
//! among those of all pairs: a longest increasing subsequence of ranks is found with one bit for each.

use crate::application::compare::feed::CompareError;
use crate::application::compare::spill::partitions::SharedScratch;
use crate::application::compare::spill::sorter::{RecordOrder, SortShare, Sorted, Sorter};

use super::order_count::OrderCount;
use super::placed_pair::PlacedPair;
use super::rank_set::RankSet;

/// Numbers, the first of which weigh most: records are in their order.
type Record = [u64; 4];

const RECORD: usize = size_of::<Record>();

const BY_BYTES: &RecordOrder<'static> = &|one, other| one.cmp(other);

/// Pairs that are sorted on disk.
pub(crate) struct SpilledOrder<'s> {
    scratch: &'s SharedScratch,
    share: SortShare,
    by_candidate: Sorter<'s>,
}

impl<'s> SpilledOrder<'s> {
    pub fn new(scratch: &'s SharedScratch, share: SortShare) -> Self {
        Self { scratch, share, by_candidate: Sorter::new(scratch, BY_BYTES, share) }
    }

    pub fn push(&mut self, pair: &PlacedPair) -> Result<(), CompareError> {
        push(&mut self.by_candidate, [pair.aggregate, pair.candidate, pair.control, pair.at as u64])
    }

    /// How many events must be moved, aggregate by aggregate.
    pub fn count(self) -> Result<OrderCount, CompareError> {
        let Self { scratch, share, by_candidate } = self;
        let sorter = || Sorter::new(scratch, BY_BYTES, share);
        let mut by_control = sorter();
        let mut ranks = Ranks::default();
        each(by_candidate.finish()?, &mut |[aggregate, _, control, at]| {
            push(&mut by_control, [aggregate, control, ranks.next(aggregate), at])
        })?;
        // The pairs of one time get one number, and are sorted by the candidate within it.
        let mut by_time = sorter();
        let (mut strict, mut moment, mut number) = (Moves::new(&ranks), None, 0);
        each(by_control.finish()?, &mut |[aggregate, _, rank, at]| {
            if moment.replace((aggregate, at)) != Some((aggregate, at)) {
                number += 1;
            }
            strict.next(aggregate, rank);
            push(&mut by_time, [aggregate, number, rank, 0])
        })?;
        let strict = strict.end();
        if strict == 0 {
            return Ok(OrderCount::default());
        }
        let mut moves = Moves::new(&ranks);
        each(by_time.finish()?, &mut |[aggregate, _, rank, _]| {
            moves.next(aggregate, rank);
            Ok(())
        })?;
        let moved = moves.end();
        // To sort pairs of one time never makes a subsequence shorter.
        Ok(OrderCount { moved, moved_at_equal_times: strict.saturating_sub(moved) })
    }
}

fn push(sorter: &mut Sorter<'_>, record: Record) -> Result<(), CompareError> {
    sorter.push(|out| record.iter().for_each(|number| out.extend_from_slice(&number.to_be_bytes())))
}

fn each(
    mut sorted: Sorted<'_>,
    take: &mut dyn FnMut(Record) -> Result<(), CompareError>,
) -> Result<(), CompareError> {
    while let Some(record) = sorted.current() {
        if let Some(record) = record.first_chunk::<RECORD>() {
            let (numbers, _) = record.as_chunks::<8>();
            take(std::array::from_fn(|index| u64::from_be_bytes(numbers[index])))?;
        }
        sorted.advance()?;
    }
    Ok(())
}

/// Ranks within each aggregate.
#[derive(Default)]
struct Ranks {
    aggregate: Option<u64>,
    next: u64,
    /// The most that one has.
    most: u64,
}

impl Ranks {
    fn next(&mut self, aggregate: u64) -> u64 {
        if self.aggregate.replace(aggregate) != Some(aggregate) {
            self.next = 0;
        }
        self.next += 1;
        self.most = self.most.max(self.next);
        self.next - 1
    }
}

/// How many events must be moved, aggregate by aggregate: all but a longest increasing subsequence.
struct Moves {
    aggregate: Option<u64>,
    /// The smallest last rank of an increasing subsequence of each length.
    ends: RankSet,
    /// How many ranks of the aggregate there were.
    ranks: u64,
    moved: u64,
}

impl Moves {
    fn new(ranks: &Ranks) -> Self {
        Self { aggregate: None, ends: RankSet::of(ranks.most), ranks: 0, moved: 0 }
    }

    fn next(&mut self, aggregate: u64, rank: u64) {
        if self.aggregate.replace(aggregate) != Some(aggregate) {
            self.end_aggregate();
        }
        self.ranks += 1;
        if let Some(end) = self.ends.after(rank) {
            self.ends.remove(end);
        }
        self.ends.insert(rank);
    }

    fn end_aggregate(&mut self) {
        self.moved += self.ranks - self.ends.len();
        self.ranks = 0;
        self.ends.clear();
    }

    fn end(mut self) -> u64 {
        self.end_aggregate();
        self.moved
    }
}
