//! What has no partner, and yet resembles an event of the other side: an import tells of it. Such events stay
//! missing and extra.

use crate::application::compare::feed::CompareError;
use crate::application::compare::rules::evidence::says_something;

use super::group::{Group, every};
use super::key::Key;
use super::stage::{Matching, Stage};
use super::stage_output::StageOutput;

/// By what still is the same.
pub(crate) struct Resemblance(pub Key);

impl Stage for Resemblance {
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
        let ids_are_shared = matching.ids_are_shared();
        let window = if self.0 == Key::TypeAndAggregate { rules.max_shift } else { rules.tolerance };
        group.pair(window, &mut every, &mut |one, other, _| {
            // Of what has neither type nor aggregate in common, the content has to say something.
            let resemble = rules.resemble(one, other, ids_are_shared)
                && (self.0 != Key::Content || says_something(one.entry.shared_content));
            if resemble {
                output.keep_apart(one, other)?;
            }
            Ok(resemble)
        })?;
        output.leave_unpaired(group)
    }
}
