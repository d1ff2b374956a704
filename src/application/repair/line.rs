//! One line of what a repair says.

use serde::Serialize;

use super::store::Disposition;
use crate::application::compare::report::{Class, Difference};
use crate::domain::value_objects::{EventId, Position};

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// One difference of the comparison.
    Difference,
    /// Something that makes what is missing uncertain: nothing is added while it stands.
    Obstacle,
    /// Something else that keeps the comparison from being consistent.
    Finding,
}

/// What a repair does about a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The event is added to the store.
    Add,
    /// The event that was imported is accepted in the place of the one that the new system did not write.
    AcceptImported,
    /// Nothing: people decide.
    None,
}

/// One thing that keeps the next comparison from being clean, and what is done about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RepairLine {
    /// What it is about.
    pub kind: LineKind,
    /// What a repair does.
    pub action: Action,
    /// It was done.
    pub applied: bool,
    /// The id that the event has in the store, or gets there.
    pub event_id: Option<String>,
    /// Where the store has what the reason speaks of.
    pub position: Option<i64>,
    /// Why this is done, or why nothing is.
    pub reason: String,
    /// What people can do, where nothing is done.
    pub remedy: Option<String>,
    /// The difference, with its places; a finding has none.
    #[serde(flatten)]
    pub difference: Option<Difference>,
}

impl RepairLine {
    /// A line that is no difference.
    pub(super) fn of_finding(kind: LineKind, reason: String, remedy: &str) -> Self {
        Self {
            kind,
            action: Action::None,
            applied: false,
            event_id: None,
            position: None,
            reason,
            remedy: Some(remedy.to_owned()),
            difference: None,
        }
    }

    /// The line of a difference about which nothing is done.
    fn left(difference: Difference, reason: &str, remedy: &str) -> Self {
        let line = Self::of_finding(LineKind::Difference, reason.to_owned(), remedy);
        Self { difference: Some(difference), ..line }
    }

    /// The line of a missing event; `applies` where what can be done was done.
    pub(super) fn of_missing(
        difference: Difference,
        event_id: &EventId,
        disposition: Disposition,
        applies: bool,
    ) -> Self {
        let (action, position, reason, remedy) = of_disposition(disposition);
        Self {
            kind: LineKind::Difference,
            action,
            applied: applies && action != Action::None,
            event_id: Some(event_id.as_str().to_owned()),
            position: position.map(Position::get),
            reason: reason.to_owned(),
            remedy: remedy.map(str::to_owned),
            difference: Some(difference),
        }
    }

    /// The line of a missing event that is not where it was compared.
    pub(super) fn of_moved(difference: Difference) -> Self {
        Self::left(
            difference,
            "another record stands at its place in the control by now: the log was changed while it was compared",
            "repair again when the log is not being rewritten",
        )
    }

    /// The line of a difference that nothing is added for.
    pub(super) fn of_difference(difference: Difference) -> Self {
        let (reason, remedy) = why_left(&difference);
        Self::left(difference, reason, remedy)
    }
}

fn of_disposition(
    disposition: Disposition,
) -> (Action, Option<Position>, &'static str, Option<&'static str>) {
    match disposition {
        Disposition::Add => (
            Action::Add,
            None,
            "the control has it and the new system did not write it: it is added with the text of the control",
            None,
        ),
        Disposition::AcceptImported(position) => (
            Action::AcceptImported,
            Some(position),
            "the new system did not write it, and an import has brought it: that event is accepted in its place, and \
             nothing is stored twice",
            None,
        ),
        Disposition::AlreadyRepaired(position) => {
            (Action::None, Some(position), "another repair has added it meanwhile", None)
        }
        Disposition::SavedMeanwhile(position) => (
            Action::None,
            Some(position),
            "the store has got an event of its type and aggregate since it was compared, which may be it",
            Some("repair again once both systems are at rest, or the mirror has caught up"),
        ),
        Disposition::Twin(position) => (
            Action::None,
            Some(position),
            "an import has paired it with the event at that position, and the comparison does not",
            Some(
                "look at both with `events show`: the comparison has another range or other rules than the import",
            ),
        ),
        Disposition::Native(position) => (
            Action::None,
            Some(position),
            "the new system has saved an event under its id, which the comparison does not pair with it",
            Some("look at both: the store was compared in part, or by other rules"),
        ),
        Disposition::Conflict(position) => (
            Action::None,
            Some(position),
            "its id belongs to an event with other content, and nothing is overwritten",
            Some("look at the event at that position: one of the two carries a wrong id"),
        ),
        Disposition::NoStore => (
            Action::None,
            None,
            "the candidate is no SQLite store: a line of JSONL has no place for the origin of an event, and would count \
             as written by the new system, whose effects act on it",
            Some(
                "import both logs into a SQLite store (import-legacy), make it the store (storage.backend) and repair that",
            ),
        ),
    }
}

/// Why nothing is added for a difference, and what people can do.
fn why_left(difference: &Difference) -> (&'static str, &'static str) {
    match difference.class {
        Class::Extra => (
            "the candidate alone has it: a repair adds to the candidate, and removes nothing",
            "where it happened and the legacy log lacks it, append it there (`legacy append` after `export --legacy --only-new`); \
             where it did not, or a repair has added it before, dispatch an event that corrects it",
        ),
        Class::Changed => (
            "both systems recorded it and say different things: which is right cannot be told from the logs",
            "where the difference is expected, name its fields in a rule with a reason (--ignore, or a profile); where the new \
             system is wrong, mend it and dispatch an event that corrects this one",
        ),
        Class::TimeShifted => (
            "both systems recorded it, at times that are further apart than the tolerance",
            "look at the clock and the `timezone` of the systems; a wider --tolerance counts as another rule",
        ),
        Class::Retyped => (
            "both systems recorded it, under two types: adding it would store it twice",
            "mend the system that writes the wrong type, and dispatch an event that corrects this one",
        ),
        Class::Misfiled => (
            "both systems recorded it, for two aggregates: adding it would store it twice",
            "mend the system that writes the wrong aggregate, and dispatch events that correct both",
        ),
        Class::Duplicated if difference.control.is_some() => (
            "the control has it twice within the tolerance: a retry, most likely, which the new system did not write again",
            "nothing, where it was a retry of one event; a day on which that happened is not clean",
        ),
        Class::Duplicated => (
            "the candidate has it twice within the tolerance: a retry, most likely, and nothing is removed",
            "look at why the new system wrote it twice; where its effect on tasks is wrong, dispatch an event that corrects it",
        ),
        // The others are no differences that are listed.
        Class::Missing | Class::Pending | Class::Matched | Class::Ignored | Class::Repaired => {
            ("nothing is added for it", "compare again")
        }
    }
}
