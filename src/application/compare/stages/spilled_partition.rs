//! The groups of a partition that is too large for memory, and that further bits of the hash do not divide:
//! most of its events have one key in common. They are sorted by key and time in the temporary file.

use std::cmp::Ordering;

use crate::application::compare::clock::correction::ClockCorrection;
use crate::application::compare::clock::timed_event::TimedEvent;
use crate::application::compare::context::Context;
use crate::application::compare::feed::CompareError;
use crate::application::compare::reading::packed_event::{PackedEvent, Side};
use crate::application::compare::spill::partitions::Partitions;
use crate::application::compare::spill::run::RunWriter;
use crate::application::compare::spill::sorter::{Sorted, Sorter};

use super::group::Group;
use super::key::Key;
use super::member_record::{Member, Ranked, compare_ranked};
use super::memory_group::MemoryGroup;
use super::spilled_group::SpilledGroup;

/// A partition on disk.
pub(super) struct SpilledPartition<'p> {
    pub context: &'p Context<'p>,
    /// Control first.
    pub events: &'p [Partitions; 2],
    pub partition: usize,
    pub key: Key,
    /// Whether the stage asks for neighbours: those that have a partner are kept then.
    pub keeps_paired: bool,
}

impl SpilledPartition<'_> {
    /// Gives each of its groups.
    pub fn groups(
        &self,
        correction: &mut ClockCorrection<'_>,
        give: &mut dyn FnMut(&mut dyn Group) -> Result<(), CompareError>,
    ) -> Result<(), CompareError> {
        let Context { scratch, budget, .. } = self.context;
        let share = budget.group();
        let order = |one: &[u8], other: &[u8]| compare_ranked(Some(self.key), one, other);
        let mut sorted = |side: Side| {
            let mut sorter = Sorter::new(scratch, &order, share.sort);
            let mask = self.context.hash_mask();
            self.events[side as usize].blocks(self.partition, scratch, &mut |block| {
                PackedEvent::all(block).try_for_each(|event| {
                    let hash = (self.key.hash(&event) & mask).to_be_bytes();
                    let event = correction.timed(side, event);
                    sorter.push(|out| Ranked::write(&hash, event.at, 0, &event, out))
                })
            })?;
            sorter.finish()
        };
        let mut sides = [sorted(Side::Control)?, sorted(Side::Candidate)?];
        while let Some(first) = self.first(&sides) {
            let mut members = [(); 2].map(|()| RunWriter::new(scratch, share.held));
            for (side, into) in sides.iter_mut().zip(&mut members) {
                while let Some(record) = side.current()
                    && self.compare_groups(record, &first).is_eq()
                {
                    Ranked::read(record).map_or(Ok(()), |ranked| into.push(ranked.member_record))?;
                    side.advance()?;
                }
            }
            self.group(members, &mut *give)?;
        }
        Ok(())
    }

    /// A record of the group that comes next.
    fn first(&self, [control, candidate]: &[Sorted<'_>; 2]) -> Option<Vec<u8>> {
        let first = match (control.current(), candidate.current()) {
            (Some(one), Some(other)) if self.compare_groups(one, other).is_gt() => other,
            (one, other) => one.or(other)?,
        };
        Some(first.to_vec())
    }

    fn compare_groups(&self, one: &[u8], other: &[u8]) -> Ordering {
        let (Some(one), Some(other)) = (Ranked::read(one), Ranked::read(other)) else {
            return Ordering::Equal;
        };
        one.key.cmp(other.key).then_with(|| match (one.member(), other.member()) {
            (Some(one), Some(other)) => self.key.compare(&one.event.entry, &other.event.entry),
            _ => Ordering::Equal,
        })
    }

    /// Gives a group of these members: in memory, where none of them had to be written.
    fn group(
        &self,
        members: [RunWriter<'_>; 2],
        give: &mut dyn FnMut(&mut dyn Group) -> Result<(), CompareError>,
    ) -> Result<(), CompareError> {
        let Context { scratch, budget, .. } = self.context;
        if members.iter().all(RunWriter::is_held) {
            let events = members.each_ref().map(|members| {
                let events = members.held().filter_map(Member::read).map(|member| member.event);
                events.collect::<Vec<TimedEvent<'_>>>()
            });
            return give(&mut MemoryGroup::new(events.each_ref().map(Vec::as_slice)));
        }
        let [control, candidate] = members;
        let members = [control.finish()?, candidate.finish()?];
        give(&mut SpilledGroup::new(members, self.keeps_paired, scratch, budget.group()))
    }
}
