//! Pairs that were joined while both sides were being read: their events are the same, under one id.
//!
//! Two things can only be told when everything was read: whether another event has that id, and whether
//! the times are near enough by both clocks. Pairs of which both is true are matched. The events of the
//! others are read again, and go through the stages as all others do.

use std::collections::HashSet;

use foldhash::fast::RandomState;

use crate::application::compare::clock::correction::ClockCorrection;
use crate::application::compare::clock::local_day_cache::LocalDayCache;
use crate::application::compare::context::Context;
use crate::application::compare::feed::CompareError;
use crate::application::compare::outcome::counts::Counts;
use crate::application::compare::outcome::placed_pair::PlacedPair;
use crate::application::compare::reading::both_sides::BothSides;
use crate::application::compare::reading::packed_event::Side;
use crate::application::compare::report::Class;
use crate::application::compare::rules::Rules;
use crate::application::compare::spill::memory_budget::MemoryBudget;
use crate::application::compare::spill::partitions::{PartitionSet, Partitions, SharedScratch, share};

use super::joined_pair::{JoinedPair, RereadEvent};

/// All pairs that were joined.
pub(crate) struct JoinedPairs {
    /// By their aggregates, as the order analysis needs them.
    pairs: Partitions,
    /// The hashes of their ids.
    ids: Partitions,
    /// The hashes of the ids of all events that were not joined, control first.
    other_ids: [Partitions; 2],
    /// Pairs that are none until everything was compared, by the ordinal of the control's event.
    rejected: HashSet<u64, RandomState>,
}

/// What became of the pairs.
pub(crate) struct Confirmation {
    /// What those that are matched came to.
    pub counts: Counts,
    /// How many were matched.
    pub matched: u64,
    /// The events of the others, control first, in the order of their places.
    pub rejected: [Vec<RereadEvent>; 2],
}

/// What one thread confirms.
struct ConfirmationWorker<'w> {
    correction: ClockCorrection<'w>,
    days: LocalDayCache<'w>,
    counts: Counts,
    matched: u64,
    rejected: Vec<JoinedPair>,
}

impl JoinedPairs {
    /// How many bytes of memory a rejected pair takes, at most.
    const REJECTED: usize = 256;

    pub fn new(budget: &MemoryBudget) -> Self {
        Self {
            pairs: Partitions::new(budget.joined_pairs()),
            ids: Partitions::new(budget.joined_ids()),
            other_ids: [(); 2].map(|()| Partitions::new(0)),
            rejected: HashSet::default(),
        }
    }

    pub fn push(&mut self, pair: &JoinedPair, scratch: &SharedScratch) -> Result<(), CompareError> {
        let by = pair.aggregate.unwrap_or(pair.id);
        self.pairs.push(Partitions::of(by, 0), scratch, |out| out.extend_from_slice(&pair.packed()))?;
        push_id(&mut self.ids, pair.id, scratch)
    }

    /// Takes over the hashes of the ids of all events that were not joined, control first.
    pub fn set_other_ids(&mut self, ids: [Partitions; 2]) {
        self.other_ids = ids;
    }

    /// Counts the pairs that are matched, and says which events are to be read again; `None` where those are
    /// more than there is memory for, counted thread by thread.
    pub fn confirm(
        &mut self,
        context: &Context<'_>,
        sides: &BothSides,
    ) -> Result<Option<Confirmation>, CompareError> {
        let most = context.budget.rejected_pairs() / Self::REJECTED / context.budget.workers();
        let Some(repeated) = self.repeated(context, most)? else { return Ok(None) };
        let rules = Rules::new(context.settings, &context.fields, &sides.clock);
        let worker = |_| ConfirmationWorker {
            correction: ClockCorrection::new(context.settings, &sides.clock),
            days: LocalDayCache::new(&context.settings.zone),
            counts: Counts::default(),
            matched: 0,
            rejected: Vec::new(),
        };
        let mut workers: Vec<ConfirmationWorker<'_>> = (0..context.budget.workers()).map(worker).collect();
        share(&mut workers, &PartitionSet::of([&self.pairs]), &|worker, partition| {
            self.pairs.blocks(partition, &context.scratch, &mut |block| {
                for pair in block.as_chunks().0.iter().map(JoinedPair::unpacked) {
                    let at = pair.control.at;
                    let candidate_at = worker.correction.by_the_control(Side::Candidate, pair.candidate.at);
                    let day = worker.days.of(at);
                    if rules.is_matched_in_time(at, candidate_at, day) && !repeated.contains(&pair.id) {
                        worker.matched += 1;
                        worker.counts.note_pair_in_time(at, pair.candidate.at);
                        worker.counts.pair(Class::Matched, day, sides.ranks[pair.event_type as usize]);
                        worker.counts.representation += u64::from(pair.is_respelled);
                    } else if worker.rejected.len() <= most {
                        worker.rejected.push(pair);
                    }
                }
                Ok(())
            })
        })?;
        let (mut counts, mut matched, mut rejected) = (Counts::default(), 0, Vec::new());
        for worker in workers {
            if worker.rejected.len() > most {
                return Ok(None);
            }
            counts.add(worker.counts);
            matched += worker.matched;
            rejected.extend(worker.rejected);
        }
        self.rejected = rejected.iter().map(|pair| pair.control.ordinal).collect();
        let rejected =
            [|pair: &JoinedPair| pair.control, |pair: &JoinedPair| pair.candidate].map(|of_side| {
                let events = rejected.iter().map(|pair| RereadEvent::new(of_side(pair), pair));
                let mut events: Vec<RereadEvent> = events.collect();
                events.sort_unstable_by_key(|reread| reread.event.ordinal);
                events
            });
        Ok(Some(Confirmation { counts, matched, rejected }))
    }

    /// The hashes of ids that more than one pair has, or a pair and another event; `None` where a
    /// thread finds more than `most`.
    fn repeated(
        &self,
        context: &Context<'_>,
        most: usize,
    ) -> Result<Option<HashSet<u64, RandomState>>, CompareError> {
        let mut found = vec![HashSet::default(); context.budget.workers()];
        let partitions = PartitionSet::of([&self.ids]);
        share(&mut found, &partitions, &|found: &mut HashSet<u64, RandomState>, partition| {
            if found.len() > most {
                return Ok(());
            }
            let mut pairs = ids_of(&self.ids, partition, &context.scratch)?;
            pairs.sort_unstable();
            found.extend(pairs.windows(2).filter(|two| two[0] == two[1]).map(|two| two[0]));
            for others in &self.other_ids {
                others.blocks(partition, &context.scratch, &mut |block| {
                    let others = block.as_chunks().0.iter().map(|id| u64::from_le_bytes(*id));
                    found.extend(others.filter(|id| pairs.binary_search(id).is_ok()));
                    Ok(())
                })?;
            }
            Ok(())
        })?;
        if found.iter().any(|found| found.len() > most) {
            return Ok(None);
        }
        Ok(Some(found.into_iter().flatten().collect()))
    }

    /// All pairs that were joined, as they are packed.
    pub fn pairs(&self) -> &Partitions {
        &self.pairs
    }

    /// How many pairs of a partition were joined.
    pub fn count(&self, partition: usize) -> usize {
        self.pairs.size(partition) / JoinedPair::PACKED
    }

    /// Gives the pairs of a partition that were matched, as the order analysis needs them.
    pub fn placed(
        &self,
        partition: usize,
        scratch: &SharedScratch,
        take: &mut dyn FnMut(PlacedPair) -> Result<(), CompareError>,
    ) -> Result<(), CompareError> {
        self.pairs.blocks(partition, scratch, &mut |block| {
            let pairs = block.as_chunks().0.iter().map(JoinedPair::unpacked);
            let matched = pairs.filter(|pair| !self.rejected.contains(&pair.control.ordinal));
            let placed = matched.filter_map(|pair| {
                Some(PlacedPair {
                    aggregate: pair.aggregate?,
                    control: pair.control.ordinal,
                    candidate: pair.candidate.ordinal,
                    at: pair.control.at,
                })
            });
            placed.into_iter().try_for_each(&mut *take)
        })
    }
}

/// Takes note of the hash of an id.
pub(crate) fn push_id(ids: &mut Partitions, id: u64, scratch: &SharedScratch) -> Result<(), CompareError> {
    ids.push(Partitions::of(id, 0), scratch, |out| out.extend_from_slice(&id.to_le_bytes()))
}

fn ids_of(ids: &Partitions, partition: usize, scratch: &SharedScratch) -> Result<Vec<u64>, CompareError> {
    let mut bytes = Vec::with_capacity(ids.size(partition));
    ids.load(partition, scratch, &mut bytes)?;
    Ok(bytes.as_chunks().0.iter().map(|id| u64::from_le_bytes(*id)).collect())
}
