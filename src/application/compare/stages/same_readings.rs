//! The same type, aggregate and content, where a local time that comes twice is written without an offset on one side and
//! with one on the other.

use crate::application::compare::feed::CompareError;
use crate::application::compare::rules::repeated_times::{have_same_content, write_near};

use super::group::Group;
use super::key::Key;
use super::stage::{Matching, Sides, Stage};
use super::stage_output::StageOutput;

pub(crate) struct SameReadings;

/// Whether the other reading of the event's own time is taken, control first: the second choice.
const READINGS: [[bool; 2]; 4] = [[false, false], [true, false], [false, true], [true, true]];

impl Stage for SameReadings {
    fn key(&self) -> Key {
        Key::TypeAndAggregate
    }

    fn applies(&self, to: &Sides) -> bool {
        to.with_repeated_times
    }

    fn pair(
        &self,
        group: &mut dyn Group,
        matching: &Matching<'_>,
        output: &mut StageOutput<'_, '_>,
    ) -> Result<(), CompareError> {
        let rules = &matching.rules;
        if group.counts().contains(&0) {
            return output.leave_unpaired(group);
        }
        for window in rules.changed_windows() {
            for other_reading in READINGS {
                group.pair(
                    window,
                    &mut |side, event, key| {
                        let at = match other_reading[side as usize] {
                            true => event.other_reading?,
                            false => event.at,
                        };
                        write_near(event.entry.shared_content, event.own_time(at), key);
                        Some(at)
                    },
                    &mut |one, other, _| {
                        let same = Some((one, other)).filter(|(one, other)| have_same_content(one, other));
                        let ruling = same.and_then(|(one, other)| rules.of_same_content(one, other));
                        let is_pair = ruling.is_some();
                        ruling.map(|ruling| output.pair(ruling, one, other, false)).transpose()?;
                        Ok(is_pair)
                    },
                )?;
            }
        }
        output.leave_unpaired(group)
    }
}
