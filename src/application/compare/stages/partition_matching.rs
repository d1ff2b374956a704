//! Runs the stages: partition by partition, group by group, by several threads.

use std::sync::{Mutex, PoisonError};

use crate::application::compare::clock::correction::ClockCorrection;
use crate::application::compare::clock::timed_event::TimedEvent;
use crate::application::compare::context::Context;
use crate::application::compare::feed::CompareError;
use crate::application::compare::outcome::tally::Tally;
use crate::application::compare::reading::both_sides::BothSides;
use crate::application::compare::reading::packed_event::{PackedEvent, Side};
use crate::application::compare::rules::Rules;
use crate::application::compare::spill::partitions::{PartitionSet, Partitions, share};

use super::key::{Key, Keyed, compare};
use super::memory_group::MemoryGroup;
use super::spilled_partition::SpilledPartition;
use super::stage::{Matching, Sides, Stage};
use super::stage_output::{Leftovers, StageOutput};

/// Events of both sides that have no partner yet, control first.
pub(crate) type UnmatchedEvents = [Partitions; 2];

/// Runs `stages` over the events, and counts what they come to: a tally for each thread.
///
/// `ids_are_shared` where pairs were found by their ids already.
pub(crate) fn match_events<'m>(
    stages: &[&dyn Stage],
    context: &'m Context<'m>,
    sides: &'m BothSides,
    mut events: UnmatchedEvents,
    ids_are_shared: bool,
) -> Result<Vec<Tally<'m>>, CompareError> {
    let rules = Rules::new(context.settings, &context.fields, &sides.clock);
    let matching = Matching::new(rules, ids_are_shared);
    let run = StageRun { context, sides, matching: &matching };
    let workers = 0..context.budget.workers();
    let mut tallies: Vec<Tally<'m>> =
        workers.map(|_| Tally::new(context, sides, context.budget.order())).collect();
    let with_id = [sides.control.with_id > 0, sides.candidate.with_id > 0];
    let with_repeated_times = sides.control.has_repeated_times || sides.candidate.has_repeated_times;
    let known = Sides { with_id, with_repeated_times };
    let stages: Vec<&dyn Stage> = stages.iter().copied().filter(|stage| stage.applies(&known)).collect();
    for (number, stage) in stages.iter().enumerate() {
        // What is left of one side alone has no partner, whatever it is brought together by.
        let is_one_sided = events.iter().any(|side| side.total() == 0);
        if is_one_sided && !stages[number..].iter().any(|stage| stage.looks_at_one_side()) {
            break;
        }
        if number == 0 {
            events = run.route(events, with_id, stage.key())?;
        }
        let next_key = stages.get(number + 1).map_or(stage.key(), |next| next.key());
        events = run.stage(*stage, next_key, &events, &mut tallies)?;
    }
    run.count_unmatched(&events, &mut tallies)?;
    Ok(tallies)
}

/// What the stages of one run have in common.
struct StageRun<'r, 'm> {
    context: &'m Context<'m>,
    sides: &'m BothSides,
    matching: &'r Matching<'m>,
}

impl<'r, 'm> StageRun<'r, 'm> {
    /// Brings events together by the key of the first stage. As they were read, those with an id are together
    /// by that, and those without one by type, aggregate and content.
    fn route(
        &self,
        mut events: UnmatchedEvents,
        with_id: [bool; 2],
        key: Key,
    ) -> Result<UnmatchedEvents, CompareError> {
        let scratch = &self.context.scratch;
        for (side, has_ids) in events.iter_mut().zip(with_id) {
            let read_by = if has_ids { Key::Id } else { Key::TypeAggregateAndContent };
            if key == read_by {
                continue;
            }
            let mut routed = Partitions::new(self.context.budget.stage_leftovers());
            for partition in PartitionSet::of([&*side]).iter() {
                side.blocks(partition, scratch, &mut |block| {
                    PackedEvent::all(block).try_for_each(|event| {
                        let partition = Partitions::of(key.hash(&event), 0);
                        routed.push(partition, scratch, |out| out.extend_from_slice(event.packed))
                    })
                })?;
            }
            *side = routed;
        }
        Ok(events)
    }

    /// Runs one stage over all partitions, and gives what it leaves.
    fn stage(
        &self,
        stage: &dyn Stage,
        next_key: Key,
        events: &UnmatchedEvents,
        tallies: &mut [Tally<'m>],
    ) -> Result<UnmatchedEvents, CompareError> {
        let leftovers: Leftovers =
            [(); 2].map(|()| Mutex::new(Partitions::new(self.context.budget.stage_leftovers())));
        if events.iter().any(|side| side.total() > 0) {
            let mut workers: Vec<StageWorker<'_, 'm>> = tallies
                .iter_mut()
                .map(|tally| StageWorker {
                    stage,
                    context: self.context,
                    matching: self.matching,
                    correction: ClockCorrection::new(self.context.settings, &self.sides.clock),
                    output: StageOutput {
                        rules: &self.matching.rules,
                        scratch: &self.context.scratch,
                        tally,
                        leftovers: &leftovers,
                        next_key,
                    },
                })
                .collect();
            let total = events.iter().map(Partitions::total).sum();
            share(&mut workers, &PartitionSet::of(events), &|worker, partition| {
                worker.partition(events, total, partition, 0)
            })?;
        }
        Ok(leftovers.map(|side| side.into_inner().unwrap_or_else(PoisonError::into_inner)))
    }

    fn count_unmatched(
        &self,
        events: &UnmatchedEvents,
        tallies: &mut [Tally<'m>],
    ) -> Result<(), CompareError> {
        let Some(tally) = tallies.first_mut() else { return Ok(()) };
        let mut correction = ClockCorrection::new(self.context.settings, &self.sides.clock);
        for (side, partitions) in [Side::Control, Side::Candidate].into_iter().zip(events) {
            for partition in PartitionSet::of([partitions]).iter() {
                partitions.blocks(partition, &self.context.scratch, &mut |block| {
                    for event in PackedEvent::all(block) {
                        let at = correction.time(side, &event);
                        tally.unmatched(side, &event, at)?;
                    }
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}

/// One thread of a stage.
struct StageWorker<'w, 'm> {
    stage: &'w dyn Stage,
    context: &'w Context<'m>,
    matching: &'w Matching<'m>,
    correction: ClockCorrection<'w>,
    output: StageOutput<'w, 'm>,
}

impl<'m> StageWorker<'_, 'm> {
    /// Groups one partition of events that have `total` bytes. One that is too large for memory is divided by
    /// further bits of the hash first; or sorted on disk, where these would not divide it.
    fn partition(
        &mut self,
        sides: &UnmatchedEvents,
        total: usize,
        partition: usize,
        depth: u32,
    ) -> Result<(), CompareError> {
        // The hash has no more bits.
        const DEEPEST: u32 = 5;
        let sizes = sides.each_ref().map(|side| side.size(partition));
        let size = sizes.iter().sum::<usize>();
        if size == 0 {
            return Ok(());
        }
        if size > self.context.budget.partition_load() {
            if size > total / 2 || depth == DEEPEST {
                return self.sorted_on_disk(sides, partition);
            }
            let divided = self.divided(sides, partition, depth)?;
            let parts = PartitionSet::of(&divided);
            return parts.iter().try_for_each(|part| self.partition(&divided, size, part, depth + 1));
        }
        let mut bytes = sizes.map(Vec::with_capacity);
        for (side, bytes) in sides.iter().zip(&mut bytes) {
            side.load(partition, &self.context.scratch, bytes)?;
        }
        let events = bytes.each_ref().map(|bytes| PackedEvent::all(bytes).collect::<Vec<_>>());
        let sorted = events.each_ref().map(|events| self.sorted(events));
        self.groups(sorted.each_ref().map(Vec::as_slice))
    }

    fn sorted_on_disk(&mut self, sides: &UnmatchedEvents, partition: usize) -> Result<(), CompareError> {
        let Self { stage, context, matching, correction, output } = self;
        let (key, keeps_paired) = (stage.key(), stage.looks_at_one_side());
        let partition = SpilledPartition { context, events: sides, partition, key, keeps_paired };
        partition.groups(correction, &mut |group| stage.pair(group, matching, output))
    }

    fn divided(
        &self,
        sides: &UnmatchedEvents,
        partition: usize,
        depth: u32,
    ) -> Result<UnmatchedEvents, CompareError> {
        let (key, scratch) = (self.stage.key(), &self.context.scratch);
        let budget = self.context.budget.partition_division(depth);
        let mut divided = [(); 2].map(|()| Partitions::new(budget));
        for (side, into) in sides.iter().zip(&mut divided) {
            side.blocks(partition, scratch, &mut |block| {
                PackedEvent::all(block).try_for_each(|event| {
                    let part = Partitions::of(key.hash(&event), depth + 1);
                    into.push(part, scratch, |out| out.extend_from_slice(event.packed))
                })
            })?;
        }
        Ok(divided)
    }

    fn sorted<'e, 'b>(&self, events: &'e [PackedEvent<'b>]) -> Vec<Keyed<'e, 'b>> {
        let (key, mask) = (self.stage.key(), self.context.hash_mask());
        let mut sorted: Vec<Keyed<'e, 'b>> =
            events.iter().map(|entry| Keyed { hash: key.hash(entry) & mask, entry }).collect();
        sorted.sort_unstable_by(|one, other| compare(key, one, other));
        sorted
    }

    /// Gives the stage every group of both sides, which are sorted by its key.
    fn groups(&mut self, mut rest: [&[Keyed<'_, '_>]; 2]) -> Result<(), CompareError> {
        let key = self.stage.key();
        let (mut control, mut candidate) = (Vec::new(), Vec::new());
        loop {
            let wanted = match rest.map(<[Keyed<'_, '_>]>::first) {
                [None, None] => return Ok(()),
                [Some(one), Some(other)] if compare(key, one, other).is_le() => *one,
                [_, Some(other)] => *other,
                [Some(one), None] => *one,
            };
            for (side, into) in [(Side::Control, &mut control), (Side::Candidate, &mut candidate)] {
                let from = rest[side as usize];
                let count = from.iter().take_while(|one| compare(key, one, &wanted).is_eq()).count();
                let (group, after) = from.split_at(count);
                into.clear();
                into.extend(group.iter().map(|keyed| self.correction.timed(side, *keyed.entry)));
                into.sort_by(TimedEvent::compare_time);
                rest[side as usize] = after;
            }
            let mut group = MemoryGroup::new([&control, &candidate]);
            self.stage.pair(&mut group, self.matching, &mut self.output)?;
        }
    }
}
