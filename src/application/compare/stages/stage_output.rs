//! What a stage decides, and what it hands on to the next one.

use std::sync::{Mutex, PoisonError};

use crate::application::compare::clock::model::ClockModel;
use crate::application::compare::feed::CompareError;
use crate::application::compare::outcome::tally::Tally;
use crate::application::compare::reading::packed_event::{EventHead, Side};
use crate::application::compare::report::Class;
use crate::application::compare::spill::partitions::{Partitions, SharedScratch};
use crate::application::compare::stages::group::{GroupOutput, Timed};
use crate::application::compare::stages::key::Key;
use crate::application::compare::stages::two_pointer::{Paired, pair_sorted};

/// What a stage hands on, control first.
pub(crate) type Leftovers = [Mutex<Partitions>; 2];

/// The events of both sides that have a key in common, each by time.
pub(crate) struct Group<'g, 'b> {
    pub control: &'g [Timed<'b>],
    pub candidate: &'g [Timed<'b>],
}

impl<'b> Group<'_, 'b> {
    pub fn unpaired(&self) -> [Vec<bool>; 2] {
        [vec![false; self.control.len()], vec![false; self.candidate.len()]]
    }

    /// Pairs in the order of time what is left and what `accept` takes.
    pub fn pair(
        &self,
        window: i64,
        paired: &mut [Vec<bool>; 2],
        accept: &mut dyn FnMut(&Timed<'b>, &Timed<'b>) -> Result<bool, CompareError>,
    ) -> Result<(), CompareError> {
        let left = |events: &[Timed<'_>], paired: &[bool]| -> Vec<(usize, i128)> {
            let left = events.iter().enumerate().filter(|(index, _)| !paired[*index]);
            left.map(|(index, event)| (index, i128::from(event.at))).collect()
        };
        let control = left(self.control, &paired[0]);
        let candidate = left(self.candidate, &paired[1]);
        let times = |left: &[(usize, i128)]| left.iter().map(|(_, at)| *at).collect::<Vec<_>>();
        let mut pairs = Vec::new();
        pair_sorted(&times(&control), &times(&candidate), i128::from(window), &mut |found| {
            if let Paired::Both { control, candidate } = found {
                pairs.push((control, candidate));
            }
        });
        for (one, other) in pairs {
            let (one, other) = (control[one].0, candidate[other].0);
            if accept(&self.control[one], &self.candidate[other])? {
                paired[0][one] = true;
                paired[1][other] = true;
            }
        }
        Ok(())
    }
}

/// Where a stage puts what it has decided, and what it has not.
pub(crate) struct StageOutput<'s, 'm> {
    pub clock: &'s ClockModel,
    pub scratch: &'s SharedScratch,
    pub tally: &'s mut Tally<'m>,
    pub leftovers: &'s Leftovers,
    /// By which key the next stage brings events together.
    pub next_key: Key,
    pub failed: Option<CompareError>,
}

impl StageOutput<'_, '_> {
    pub fn paired(
        &mut self,
        class: Class,
        one: &Timed<'_>,
        other: &Timed<'_>,
        ignoring: u64,
        ambiguous: bool,
    ) -> Result<(), CompareError> {
        let class = match class {
            // The clocks of that day are farther apart than clocks may be.
            Class::Matched | Class::Ignored if self.clock.exceeds_on(self.tally.day(one.entry.head.at)) => {
                Class::TimeShifted
            }
            class => class,
        };
        self.tally.pair(class, one, other, ignoring, ambiguous)
    }

    fn leave(&mut self, side: Side, event: &Timed<'_>, has_sibling: bool) -> Result<(), CompareError> {
        let entry = &event.entry;
        let flags = entry.head.flags | if has_sibling { EventHead::SIBLING } else { 0 };
        let partition = Partitions::of(self.next_key.hash(entry), 0);
        let mut leftovers = self.leftovers[side as usize].lock().unwrap_or_else(PoisonError::into_inner);
        leftovers.push(partition, self.scratch, |out| entry.repack(flags, out))
    }

    pub fn leave_group(&mut self, group: &Group<'_, '_>) -> Result<(), CompareError> {
        group.control.iter().try_for_each(|event| self.leave(Side::Control, event, false))?;
        group.candidate.iter().try_for_each(|event| self.leave(Side::Candidate, event, false))
    }

    pub fn leave_unpaired(
        &mut self,
        group: &Group<'_, '_>,
        paired: &[Vec<bool>; 2],
    ) -> Result<(), CompareError> {
        for (side, events) in [(Side::Control, group.control), (Side::Candidate, group.candidate)] {
            for (event, _) in events.iter().zip(&paired[side as usize]).filter(|(_, is_paired)| !**is_paired)
            {
                self.leave(side, event, false)?;
            }
        }
        Ok(())
    }
}

impl<'b> GroupOutput<'b> for StageOutput<'_, '_> {
    fn pair(&mut self, class: Class, control: &Timed<'b>, candidate: &Timed<'b>, ignoring: u64) {
        if let Err(error) = self.paired(class, control, candidate, ignoring, false) {
            self.failed.get_or_insert(error);
        }
    }

    fn left(&mut self, side: Side, event: &Timed<'b>, has_sibling: bool) {
        if let Err(error) = self.leave(side, event, has_sibling) {
            self.failed.get_or_insert(error);
        }
    }
}
