//! The events of both sides that have a key in common.

use crate::application::compare::clock::timed_event::TimedEvent;
use crate::application::compare::feed::CompareError;
use crate::application::compare::reading::packed_event::Side;

use super::two_pointer::{Paired, pair_sorted};

/// The events of both sides that have a key in common, each side in the order of
/// [`TimedEvent::compare_time`].
pub(crate) struct Group<'g, 'b> {
    pub control: &'g [TimedEvent<'b>],
    pub candidate: &'g [TimedEvent<'b>],
}

/// Which events of a group have a partner, control first.
pub(crate) type PairedFlags = [Vec<bool>; 2];

impl<'b> Group<'_, 'b> {
    pub fn side(&self, side: Side) -> &[TimedEvent<'b>] {
        match side {
            Side::Control => self.control,
            Side::Candidate => self.candidate,
        }
    }

    pub fn unpaired(&self) -> PairedFlags {
        [vec![false; self.control.len()], vec![false; self.candidate.len()]]
    }

    /// Pairs in the order of time what has no partner, at most `window` microseconds apart, where `accept`
    /// takes the pair.
    pub fn pair(
        &self,
        window: i64,
        paired: &mut PairedFlags,
        accept: &mut dyn FnMut(&TimedEvent<'b>, &TimedEvent<'b>) -> Result<bool, CompareError>,
    ) -> Result<(), CompareError> {
        let without_partner = |events: &[TimedEvent<'_>], paired: &[bool]| -> Vec<(usize, i128)> {
            let left = events.iter().enumerate().filter(|(index, _)| !paired[*index]);
            left.map(|(index, event)| (index, i128::from(event.at))).collect()
        };
        let control = without_partner(self.control, &paired[0]);
        let candidate = without_partner(self.candidate, &paired[1]);
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
