//! An id that is unique on both sides makes a pair, whatever its events say.

use crate::application::compare::clock::timed_event::TimedEvent;
use crate::application::compare::feed::CompareError;

use super::group::{Group, every};
use super::key::Key;
use super::stage::{Matching, Sides, Stage};
use super::stage_output::StageOutput;

pub(crate) struct ById;

impl Stage for ById {
    fn key(&self) -> Key {
        Key::Id
    }

    fn applies(&self, to: &Sides) -> bool {
        to.with_id == [true, true]
    }

    fn pair(
        &self,
        group: &mut dyn Group,
        matching: &Matching<'_>,
        output: &mut StageOutput<'_, '_>,
    ) -> Result<(), CompareError> {
        let mut pair = |one: &TimedEvent<'_>, other: &TimedEvent<'_>| {
            let is_pair = !one.entry.id.is_empty();
            if is_pair {
                matching.note_shared_id();
                output.pair(matching.rules.of_same_id(one, other), one, other, false)?;
            }
            Ok(is_pair)
        };
        match group.single_pair() {
            Some([one, other]) if pair(one, other)? => return Ok(()),
            None if group.counts() == [1, 1] => {
                // Whatever their times are.
                group.pair(i64::MAX, &mut every, &mut |one, other, _| pair(one, other))?;
            }
            _ => {}
        }
        output.leave_unpaired(group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::compare::report::Class;
    use crate::application::compare::tests::{classes_after, day, new};

    #[test]
    fn events_with_one_id_are_a_pair_whatever_they_say() {
        let control = new(&day()[..3]);
        let mut candidate = control.clone();
        candidate[0] = candidate[0].replace("title 0", "another title");
        candidate[1] = candidate[1].replace("TaskCreated", "TaskMoved");
        let found = classes_after(&[&ById], &control, &candidate);
        assert_eq!(found, [(Class::Changed, 1), (Class::Retyped, 1), (Class::Matched, 1)]);
    }

    #[test]
    fn an_id_that_comes_twice_on_one_side_pairs_nothing() {
        let control = new(&day()[..2]);
        let mut candidate = control.clone();
        candidate.push(candidate[0].clone());
        let found = classes_after(&[&ById], &control, &candidate);
        assert_eq!(found, [(Class::Missing, 1), (Class::Extra, 2), (Class::Matched, 1)]);
    }

    #[test]
    fn it_runs_only_where_both_sides_have_ids() {
        assert_eq!(
            [[true, true], [true, false], [false, true]]
                .map(|with_id| ById.applies(&Sides { with_id, with_repeated_times: false })),
            [true, false, false]
        );
    }
}
