//! The same type and aggregate with other content: near in time, or at least within the largest shift.

use crate::application::compare::feed::CompareError;
use crate::application::compare::report::Class;

use super::group::{Group, every};
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
        group: &mut dyn Group,
        matching: &Matching<'_>,
        output: &mut StageOutput<'_, '_>,
    ) -> Result<(), CompareError> {
        let rules = &matching.rules;
        let ids_are_shared = matching.ids_are_shared();
        if group.counts().contains(&0) {
            return output.leave_unpaired(group);
        }
        group.note_crowds(rules.tolerance)?;
        for window in rules.changed_windows() {
            group.pair(window, &mut every, &mut |one, other, ambiguous| {
                let is_pair = rules.may_have_changed(one, other, ids_are_shared);
                if is_pair {
                    output.pair(Class::Changed, one, other, ambiguous)?;
                }
                Ok(is_pair)
            })?;
        }
        output.leave_unpaired(group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::compare::tests::{Lived, classes_after, new, new_with_ids};

    fn titled(events: &[(&str, i64)]) -> Vec<Lived> {
        let event = |(title, at): &(&str, i64)| Lived {
            event_type: "A",
            task: "T1".into(),
            title: (*title).into(),
            at: *at,
        };
        events.iter().map(event).collect()
    }

    #[test]
    fn other_content_of_one_type_and_aggregate_is_one_event_within_the_largest_shift() {
        let control = new_with_ids("x", &titled(&[("a", 0)]));
        for (at, expected) in [
            (2000, vec![(Class::Changed, 1)]),
            (3_600_000, vec![(Class::Changed, 1)]),
            (3_600_001, vec![(Class::Missing, 1), (Class::Extra, 1)]),
        ] {
            assert_eq!(classes_after(&[&ChangedFields], &control, &new(&titled(&[("b", at)]))), expected);
        }
    }

    #[test]
    fn events_within_the_tolerance_are_paired_before_those_that_are_farther_apart() {
        let control = new_with_ids("x", &titled(&[("a", 0), ("b", 60_000)]));
        let candidate = new(&titled(&[("c", 59_000), ("d", 60_500)]));
        let found = classes_after(&[&ChangedFields], &control, &candidate);
        assert_eq!(found, [(Class::Changed, 2)]);
    }
}
