//! What a stage is.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::application::compare::feed::CompareError;
use crate::application::compare::rules::Rules;

use super::group::Group;
use super::key::Key;
use super::stage_output::StageOutput;

/// A way in which events find their partners: those that have a key in common are a group, and the events
/// of a group are paired by one rule. What finds no partner goes to the next stage.
pub(crate) trait Stage: Sync {
    /// What the events of a group have in common.
    fn key(&self) -> Key;

    /// Whether it can pair anything of these sides.
    fn applies(&self, to: &Sides) -> bool {
        let _ = to;
        true
    }

    /// Whether it looks at the neighbours of an event on its own side, and so has something to say of events
    /// whose other side is empty.
    fn looks_at_one_side(&self) -> bool {
        false
    }

    /// Gives every event of a group to `output`, in a pair or left without a partner.
    fn pair(
        &self,
        group: &mut dyn Group,
        matching: &Matching<'_>,
        output: &mut StageOutput<'_, '_>,
    ) -> Result<(), CompareError>;
}

/// What is known of both sides before their events are brought together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sides {
    /// Whether any event has an id, control first.
    pub with_id: [bool; 2],
    /// Whether a time that the profile declares is a local time that comes twice.
    pub with_repeated_times: bool,
}

/// What all stages of a comparison go by.
pub(crate) struct Matching<'m> {
    pub rules: Rules<'m>,
    ids_are_shared: AtomicBool,
}

impl<'m> Matching<'m> {
    /// `ids_are_shared` where pairs were found by their ids already.
    pub fn new(rules: Rules<'m>, ids_are_shared: bool) -> Self {
        Self { rules, ids_are_shared: AtomicBool::new(ids_are_shared) }
    }

    /// Some events were paired by their ids: both sides use the same ones.
    ///
    /// `Relaxed`, as this is written in one stage and read in a later one, and the threads of a stage are
    /// joined before the next one begins.
    pub fn ids_are_shared(&self) -> bool {
        self.ids_are_shared.load(Ordering::Relaxed)
    }

    pub fn note_shared_id(&self) {
        self.ids_are_shared.store(true, Ordering::Relaxed);
    }
}
