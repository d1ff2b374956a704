//! The same content at the same time, under another type of its aggregate or another aggregate with its type.

use crate::application::compare::feed::CompareError;

use super::group::{Group, every};
use super::key::Key;
use super::stage::{Matching, Stage};
use super::stage_output::StageOutput;

/// By what still is the same.
pub(crate) struct AcrossKeys(pub Key);

impl Stage for AcrossKeys {
    fn key(&self) -> Key {
        self.0
    }

    fn pair(
        &self,
        group: &mut dyn Group,
        matching: &Matching<'_>,
        output: &mut StageOutput<'_, '_>,
    ) -> Result<(), CompareError> {
        let rules = &matching.rules;
        group.pair(rules.tolerance, &mut every, &mut |one, other, _| {
            let class = rules.of_content_elsewhere(one, other);
            class.map(|class| output.pair(class, one, other, false)).transpose()?;
            Ok(class.is_some())
        })?;
        output.leave_unpaired(group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::compare::report::Class;
    use crate::application::compare::tests::{Lived, classes_after, new, new_with_ids};

    fn one(event_type: &'static str, task: &str, at: i64) -> Vec<Lived> {
        vec![Lived { event_type, task: task.into(), title: "the same".into(), at }]
    }

    #[test]
    fn the_same_content_and_time_under_another_type_or_aggregate_is_one_event() {
        let control = new_with_ids("x", &one("A", "T1", 0));
        for (key, event_type, task, class) in [
            (Key::AggregateAndContent, "B", "T1", Class::Retyped),
            (Key::TypeAndContent, "A", "T2", Class::Misfiled),
        ] {
            let stage = AcrossKeys(key);
            let near = classes_after(&[&stage], &control, &new(&one(event_type, task, 2000)));
            assert_eq!(near, [(class, 1)]);
            let far = classes_after(&[&stage], &control, &new(&one(event_type, task, 2001)));
            assert_eq!(far, [(Class::Missing, 1), (Class::Extra, 1)]);
        }
    }

    #[test]
    fn an_event_whose_type_and_aggregate_are_the_same_is_left_to_other_stages() {
        let found = classes_after(
            &[&AcrossKeys(Key::AggregateAndContent)],
            &new_with_ids("x", &one("A", "T1", 0)),
            &new(&one("A", "T1", 0)),
        );
        assert_eq!(found, [(Class::Missing, 1), (Class::Extra, 1)]);
    }
}
