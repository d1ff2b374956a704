//! The stages in which events find their partners, each over partitions that fit into memory.

use std::cmp::Ordering;
use std::sync::atomic::{AtomicBool, Ordering as Atomic};
use std::sync::{Mutex, PoisonError};

use crate::application::compare::clock::correction::ClockCorrection;
use crate::application::compare::clock::model::ClockModel;
use crate::application::compare::feed::CompareError;
use crate::application::compare::outcome::tally::Tally;
use crate::application::compare::reading::content::Fields;
use crate::application::compare::reading::packed_event::{PackedEvent, Side};
use crate::application::compare::report::Class;
use crate::application::compare::rules::optional_fields::{Agreement, agreement};
use crate::application::compare::settings::Settings;
use crate::application::compare::spill::partitions::{PARTITIONS, Partitions, SharedScratch, share};
use crate::application::compare::stages::group::{Timed, Windows, pair_group};
use crate::application::compare::stages::key::{Key, Keyed, compare, next_key};
use crate::application::compare::stages::stage_output::{Group, Leftovers, StageOutput};

/// The entries of both sides, control first.
pub(crate) type BothSides = [Partitions; 2];

/// What the stages have in common.
pub(crate) struct Matcher<'m> {
    pub settings: &'m Settings,
    pub fields: &'m Fields,
    pub clock: &'m ClockModel,
    pub windows: Windows,
    pub scratch: &'m SharedScratch,
    /// Bytes that leftovers of one side may hold in memory.
    pub budget: usize,
    /// Bytes of a partition that one worker may hold at once.
    pub load: usize,
    /// How many bits of the grouping hash are used; fewer ones only make groups larger to sort.
    pub hash_bits: u32,
    /// Some events were paired by their ids: both sides use the same ones.
    pub ids_are_shared: AtomicBool,
}

impl<'m> Matcher<'m> {
    /// Finds everybody's partner, and counts.
    pub fn run(
        &self,
        mut sides: BothSides,
        by_id: [bool; 2],
        tallies: &mut [Tally<'m>],
    ) -> Result<(), CompareError> {
        if by_id == [true, true] {
            sides = self.stage(&sides, tallies, Key::Id, &|group, sink| self.id_group(group, sink))?;
        } else {
            for (side, has_ids) in sides.iter_mut().zip(by_id) {
                if has_ids {
                    *side = self.route_by_content(side)?;
                }
            }
        }
        sides = self.stage(&sides, tallies, Key::Content, &|group, sink| self.content_group(group, sink))?;
        for (key, class) in [
            (Key::AggregateAndBase, Class::Retyped),
            (Key::TypeAndBase, Class::Misfiled),
            (Key::Base, Class::Retyped),
        ] {
            sides = self.stage(&sides, tallies, key, &|group, sink| self.cross_group(group, class, sink))?;
        }
        sides = self
            .stage(&sides, tallies, Key::TypeAndAggregate, &|group, sink| self.changed_group(group, sink))?;
        let Some(tally) = tallies.first_mut() else { return Ok(()) };
        let mut corrector = ClockCorrection::new(self.settings, self.clock);
        for (side, partitions) in [Side::Control, Side::Candidate].into_iter().zip(&sides) {
            for partition in 0..PARTITIONS {
                partitions.blocks(partition, self.scratch, &mut |block| {
                    for entry in PackedEvent::all(block) {
                        let at = corrector.time(side, &entry);
                        tally.single(side, &entry, at);
                    }
                    Ok(())
                })?;
            }
        }
        Ok(())
    }

    /// Brings events that were put aside by their ids together by their contents.
    fn route_by_content(&self, side: &Partitions) -> Result<Partitions, CompareError> {
        let mut routed = Partitions::new(self.budget);
        for partition in 0..PARTITIONS {
            side.blocks(partition, self.scratch, &mut |block| {
                PackedEvent::all(block).try_for_each(|entry| {
                    routed.push(Partitions::of(entry.head.hash, 0), self.scratch, |out| {
                        out.extend_from_slice(entry.packed);
                    })
                })
            })?;
        }
        Ok(routed)
    }

    /// Runs one stage over all partitions, by as many workers as there are tallies.
    fn stage(
        &self,
        sides: &BothSides,
        tallies: &mut [Tally<'m>],
        key: Key,
        act: &(dyn Fn(Group<'_, '_>, &mut StageOutput<'_, 'm>) -> Result<(), CompareError> + Sync),
    ) -> Result<BothSides, CompareError> {
        let leftovers: Leftovers = [(); 2].map(|()| Mutex::new(Partitions::new(self.budget)));
        if sides.iter().all(|side| side.total() == 0) {
            return Ok(sides.each_ref().map(|_| Partitions::new(self.budget)));
        }
        let mut workers: Vec<(StageOutput<'_, 'm>, ClockCorrection<'_>)> = tallies
            .iter_mut()
            .map(|tally| {
                let sink = StageOutput {
                    clock: self.clock,
                    scratch: self.scratch,
                    tally,
                    leftovers: &leftovers,
                    next_key: next_key(key),
                    failed: None,
                };
                (sink, ClockCorrection::new(self.settings, self.clock))
            })
            .collect();
        share(&mut workers, &|(sink, corrector), partition| {
            self.partition(sides, partition, 0, key, corrector, act, sink)
        })?;
        drop(workers);
        Ok(leftovers.map(|side| side.into_inner().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Groups one partition; one that is too large is divided by further bits of the hash first.
    #[expect(clippy::too_many_arguments, reason = "the state of one recursion")]
    fn partition(
        &self,
        sides: &BothSides,
        partition: usize,
        depth: u32,
        key: Key,
        corrector: &mut ClockCorrection<'_>,
        act: &(dyn Fn(Group<'_, '_>, &mut StageOutput<'_, 'm>) -> Result<(), CompareError> + Sync),
        sink: &mut StageOutput<'_, 'm>,
    ) -> Result<(), CompareError> {
        // The hash has no more bits.
        const DEEPEST: u32 = 5;
        let sizes = sides.each_ref().map(|side| side.size(partition));
        if sizes.iter().sum::<usize>() > self.load && depth < DEEPEST {
            let mut divided = [(); 2].map(|()| Partitions::new(self.load / 2));
            for (side, into) in sides.iter().zip(&mut divided) {
                side.blocks(partition, self.scratch, &mut |block| {
                    PackedEvent::all(block).try_for_each(|entry| {
                        into.push(Partitions::of(key.hash(&entry), depth + 1), self.scratch, |out| {
                            out.extend_from_slice(entry.packed);
                        })
                    })
                })?;
            }
            return (0..PARTITIONS).try_for_each(|partition| {
                self.partition(&divided, partition, depth + 1, key, corrector, act, sink)
            });
        }
        if sizes == [0, 0] {
            return Ok(());
        }
        let mut bytes = [Vec::with_capacity(sizes[0]), Vec::with_capacity(sizes[1])];
        for (side, bytes) in sides.iter().zip(&mut bytes) {
            side.load(partition, self.scratch, bytes)?;
        }
        let entries = bytes.each_ref().map(|bytes| PackedEvent::all(bytes).collect::<Vec<_>>());
        let mut sorted = entries.each_ref().map(|entries| self.sorted(entries, key));
        let mut rest = sorted.each_mut().map(|sorted| &mut sorted[..]);
        let (mut control, mut candidate) = (Vec::new(), Vec::new());
        loop {
            let [left, right] = &rest;
            let wanted = match (left.first(), right.first()) {
                (None, None) => return Ok(()),
                (Some(one), None) => *one,
                (None, Some(other)) => *other,
                (Some(one), Some(other)) if compare(key, one, other).is_le() => *one,
                (_, Some(other)) => *other,
            };
            let [left, right] = rest;
            let [left_rest, right_rest] =
                [(left, Side::Control, &mut control), (right, Side::Candidate, &mut candidate)].map(
                    |(from, side, into)| {
                        let count = from.iter().take_while(|one| compare(key, one, &wanted).is_eq()).count();
                        let (group, behind) = from.split_at_mut(count);
                        into.clear();
                        into.extend(group.iter().map(|keyed| corrector.timed(side, *keyed.entry)));
                        into.sort_by(by_time);
                        behind
                    },
                );
            rest = [left_rest, right_rest];
            act(Group { control: &control, candidate: &candidate }, sink)?;
            if let Some(error) = sink.failed.take() {
                return Err(error);
            }
        }
    }

    fn sorted<'e, 'b>(&self, entries: &'e [PackedEvent<'b>], key: Key) -> Vec<Keyed<'e, 'b>> {
        let mask = u64::MAX.checked_shl(64 - self.hash_bits).unwrap_or(u64::MAX);
        let mut sorted: Vec<Keyed<'e, 'b>> =
            entries.iter().map(|entry| Keyed { hash: key.hash(entry) & mask, entry }).collect();
        sorted.sort_unstable_by(|one, other| compare(key, one, other));
        sorted
    }

    /// Ids that are unique on both sides make pairs, whatever they say.
    fn id_group(&self, group: Group<'_, '_>, sink: &mut StageOutput<'_, 'm>) -> Result<(), CompareError> {
        match (group.control, group.candidate) {
            ([one], [other]) if !one.entry.id.is_empty() => {
                self.ids_are_shared.store(true, Atomic::Relaxed);
                let agreed = agreement(&one.entry, &other.entry, self.fields);
                let class = if one.entry.head.event_type != other.entry.head.event_type {
                    Class::Retyped
                } else if one.entry.aggregate != other.entry.aggregate {
                    Class::Misfiled
                } else if one.entry.shared_content != other.entry.shared_content
                    || agreed == Agreement::Differs
                {
                    Class::Changed
                } else if one.apart(other) > self.windows.tolerance {
                    Class::TimeShifted
                } else if let Agreement::Ignoring(rules) = agreed {
                    return sink.paired(Class::Ignored, one, other, rules, false);
                } else {
                    Class::Matched
                };
                sink.paired(class, one, other, 0, false)
            }
            _ => sink.leave_group(&group),
        }
    }

    /// The same type, aggregate and base.
    fn content_group(
        &self,
        group: Group<'_, '_>,
        sink: &mut StageOutput<'_, 'm>,
    ) -> Result<(), CompareError> {
        pair_group(group.control, group.candidate, self.fields, self.windows, sink);
        Ok(())
    }

    /// The same base under another type or aggregate, at the same time.
    fn cross_group(
        &self,
        group: Group<'_, '_>,
        class: Class,
        sink: &mut StageOutput<'_, 'm>,
    ) -> Result<(), CompareError> {
        let mut paired = group.unpaired();
        group.pair(self.windows.tolerance, &mut paired, &mut |one, other| {
            let elsewhere = one.entry.head.event_type != other.entry.head.event_type
                || one.entry.aggregate != other.entry.aggregate;
            let agrees = elsewhere && agreement(&one.entry, &other.entry, self.fields) != Agreement::Differs;
            if agrees {
                sink.paired(class, one, other, 0, false)?;
            }
            Ok(agrees)
        })?;
        sink.leave_unpaired(&group, &paired)
    }

    /// The same type and aggregate with other content: near in time, or at least within the largest shift.
    fn changed_group(
        &self,
        group: Group<'_, '_>,
        sink: &mut StageOutput<'_, 'm>,
    ) -> Result<(), CompareError> {
        let mut paired = group.unpaired();
        let ids_are_shared = self.ids_are_shared.load(Atomic::Relaxed);
        let near = |events: &[Timed<'_>], at: i64| {
            let first = events.partition_point(|event| event.at < at - self.windows.tolerance);
            events[first..].iter().take_while(|event| event.at <= at + self.windows.tolerance).take(2).count()
        };
        for window in [self.windows.tolerance, self.windows.max_shift] {
            group.pair(window, &mut paired, &mut |one, other| {
                // Two ids that both sides could have had in common are those of two events.
                if ids_are_shared && !one.entry.id.is_empty() && !other.entry.id.is_empty() {
                    return Ok(false);
                }
                let ambiguous = near(group.candidate, one.at) > 1 || near(group.control, other.at) > 1;
                sink.paired(Class::Changed, one, other, 0, ambiguous)?;
                Ok(true)
            })?;
        }
        sink.leave_unpaired(&group, &paired)
    }
}

/// By time; where that is the same, by what does not depend on the order of the input; and what is the
/// same in everything by its place, so that it does not matter who was put aside first.
fn by_time(one: &Timed<'_>, other: &Timed<'_>) -> Ordering {
    let (left, right) = (&one.entry, &other.entry);
    (one.at.cmp(&other.at))
        .then_with(|| left.head.lexical_fingerprint.cmp(&right.head.lexical_fingerprint))
        .then_with(|| left.id.cmp(right.id))
        .then_with(|| left.optional_fields.cmp(right.optional_fields))
        .then_with(|| left.aggregate.cmp(&right.aggregate))
        .then_with(|| left.shared_content.cmp(right.shared_content))
        .then_with(|| left.head.ordinal().cmp(&right.head.ordinal()))
}
