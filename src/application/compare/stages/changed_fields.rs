//! The same type and aggregate with other content: near in time, or at least within the largest shift.

use crate::application::compare::clock::timed_event::TimedEvent;
use crate::application::compare::feed::CompareError;
use crate::application::compare::report::Class;

use super::group::Group;
use super::key::Key;
use super::stage::{Matching, Stage};
use super::stage_output::StageOutput;

pub(crate) struct ChangedFields;

impl Stage for ChangedFields {
    fn key(&self) -> Key {
        Key::TypeAndAggregate
    }

    fn pair(
        &self,
        group: &Group<'_, '_>,
        matching: &Matching<'_>,
        output: &mut StageOutput<'_, '_>,
    ) -> Result<(), CompareError> {
        let rules = &matching.rules;
        let ids_are_shared = matching.ids_are_shared();
        let tolerance = rules.tolerance;
        let near = |events: &[TimedEvent<'_>], at: i64| {
            let first = events.partition_point(|event| event.at < at - tolerance);
            events[first..].iter().take_while(|event| event.at <= at + tolerance).take(2).count()
        };
        let mut paired = group.unpaired();
        for window in [tolerance, rules.max_shift] {
            group.pair(window, &mut paired, &mut |one, other| {
                let is_pair = rules.may_have_changed(one, other, ids_are_shared);
                if is_pair {
                    let ambiguous = near(group.candidate, one.at) > 1 || near(group.control, other.at) > 1;
                    output.pair(Class::Changed, one, other, ambiguous)?;
                }
                Ok(is_pair)
            })?;
        }
        output.leave_unpaired(group, &paired)
    }
}
