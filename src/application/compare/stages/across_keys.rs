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
