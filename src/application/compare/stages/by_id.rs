//! An id that is unique on both sides makes a pair, whatever its events say.

use crate::application::compare::feed::CompareError;

use super::group::Group;
use super::key::Key;
use super::stage::{Matching, Stage};
use super::stage_output::StageOutput;

pub(crate) struct ById;

impl Stage for ById {
    fn key(&self) -> Key {
        Key::Id
    }

    fn applies(&self, with_id: [bool; 2]) -> bool {
        with_id == [true, true]
    }

    fn pair(
        &self,
        group: &Group<'_, '_>,
        matching: &Matching<'_>,
        output: &mut StageOutput<'_, '_>,
    ) -> Result<(), CompareError> {
        match (group.control, group.candidate) {
            ([one], [other]) if !one.entry.id.is_empty() => {
                matching.note_shared_id();
                output.pair(matching.rules.of_same_id(one, other), one, other, false)
            }
            _ => output.leave_group(group),
        }
    }
}
