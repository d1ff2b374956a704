//! The same content at the same time, under another type or aggregate.

use crate::application::compare::feed::CompareError;
use crate::application::compare::report::Class;

use super::group::Group;
use super::key::Key;
use super::stage::{Matching, Stage};
use super::stage_output::StageOutput;

pub(crate) struct AcrossKeys {
    /// What still is the same.
    pub key: Key,
    /// What such a pair is.
    pub class: Class,
}

impl Stage for AcrossKeys {
    fn key(&self) -> Key {
        self.key
    }

    fn pair(
        &self,
        group: &Group<'_, '_>,
        matching: &Matching<'_>,
        output: &mut StageOutput<'_, '_>,
    ) -> Result<(), CompareError> {
        let rules = &matching.rules;
        let mut paired = group.unpaired();
        group.pair(rules.tolerance, &mut paired, &mut |one, other| {
            let is_pair = rules.is_same_elsewhere(one, other);
            if is_pair {
                output.pair(self.class, one, other, false)?;
            }
            Ok(is_pair)
        })?;
        output.leave_unpaired(group, &paired)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::compare::tests::{Lived, classes_after, new, new_with_ids};

    const RETYPED: AcrossKeys = AcrossKeys { key: Key::AggregateAndContent, class: Class::Retyped };
    const MISFILED: AcrossKeys = AcrossKeys { key: Key::TypeAndContent, class: Class::Misfiled };

    fn one(event_type: &'static str, task: &str, at: i64) -> Vec<Lived> {
        vec![Lived { event_type, task: task.into(), title: "the same".into(), at }]
    }

    #[test]
    fn the_same_content_and_time_under_another_type_or_aggregate_is_one_event() {
        let control = new_with_ids("x", &one("A", "T1", 0));
        for (stage, event_type, task) in [(RETYPED, "B", "T1"), (MISFILED, "A", "T2")] {
            let class = stage.class;
            let near = classes_after(&[&stage], &control, &new(&one(event_type, task, 2000)));
            assert_eq!(near, [(class, 1)]);
            let far = classes_after(&[&stage], &control, &new(&one(event_type, task, 2001)));
            assert_eq!(far, [(Class::Missing, 1), (Class::Extra, 1)]);
        }
    }

    #[test]
    fn an_event_whose_type_and_aggregate_are_the_same_is_left_to_other_stages() {
        let found =
            classes_after(&[&RETYPED], &new_with_ids("x", &one("A", "T1", 0)), &new(&one("A", "T1", 0)));
        assert_eq!(found, [(Class::Missing, 1), (Class::Extra, 1)]);
    }
}
