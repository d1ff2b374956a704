//! What a stage decides, and what it hands on to the next one.

use std::sync::Mutex;

use crate::application::compare::clock::timed_event::TimedEvent;
use crate::application::compare::feed::CompareError;
use crate::application::compare::outcome::tally::Tally;
use crate::application::compare::reading::packed_event::{EventHead, Side};
use crate::application::compare::rules::{Rules, Ruling};
use crate::application::compare::spill::partitions::{Partitions, SharedScratch};
use crate::application::compare::spill::threads::locked;

use super::group::Group;
use super::key::Key;

/// The events that a stage hands on, control first.
///
/// A thread locks one side at a time, for one event, and then the temporary file, if the side spills.
pub(crate) type Leftovers = [Mutex<Partitions>; 2];

/// Where one thread of a stage puts what it has decided, and what it has not.
pub(crate) struct StageOutput<'s, 'm> {
    pub rules: &'s Rules<'m>,
    pub scratch: &'s SharedScratch,
    pub tally: &'s mut Tally<'m>,
    pub leftovers: &'s Leftovers,
    /// By which key the next stage brings events together.
    pub next_key: Key,
}

impl StageOutput<'_, '_> {
    /// Two events are a pair; `ambiguous` where there was more than one possible partner.
    pub fn pair(
        &mut self,
        ruling: impl Into<Ruling>,
        one: &TimedEvent<'_>,
        other: &TimedEvent<'_>,
        ambiguous: bool,
    ) -> Result<(), CompareError> {
        let Ruling { class, ignoring } = ruling.into();
        let class = self.rules.on_day(class, self.tally.day(one.entry.head.at));
        self.tally.pair(&Ruling { class, ignoring }, one, other, ambiguous)
    }

    /// Two events resemble each other and are no pair: neither has a partner.
    pub fn keep_apart(&mut self, one: &TimedEvent<'_>, other: &TimedEvent<'_>) -> Result<(), CompareError> {
        self.tally.unmatched(Side::Control, &one.entry, one.at)?;
        self.tally.unmatched(Side::Candidate, &other.entry, other.at)?;
        self.tally.note_resemblance(one, other)
    }

    /// An event has found no partner; `has_sibling` where an identical one of its side lies within the
    /// tolerance.
    pub fn leave(
        &mut self,
        side: Side,
        event: &TimedEvent<'_>,
        has_sibling: bool,
    ) -> Result<(), CompareError> {
        let entry = &event.entry;
        let flags = entry.head.flags | if has_sibling { EventHead::SIBLING } else { 0 };
        let partition = Partitions::of(self.next_key.hash(entry), 0);
        let mut leftovers = locked(&self.leftovers[side as usize]);
        leftovers.push(partition, self.scratch, |out| entry.repack(flags, out))
    }

    /// The events of a group that have no partner.
    pub fn leave_unpaired(&mut self, group: &dyn Group) -> Result<(), CompareError> {
        group.unpaired(&mut |side, event| self.leave(side, event, false))
    }
}
