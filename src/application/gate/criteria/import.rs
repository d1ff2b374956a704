//! Whether the whole legacy log was imported.

use super::known::{COMPARE, Known, counted};
use crate::application::evidence::InputState;
use crate::application::evidence::record::{ComparisonEvidence, FileEvidence, SideKind, Verdict};
use crate::application::gate::criterion::Criterion;
use crate::application::gate::name::CriterionName;

/// What was imported is what the whole legacy log holds, and nothing of it is not imported yet. A store of daily files has no
/// history: then nothing may be earlier than what was compared.
pub fn holds(known: &Known<'_>) -> Criterion {
    let (name, threshold) = (CriterionName::Import, "the whole legacy log, without differences");
    let Some(last) = known.comparisons.last() else {
        return Criterion::new(name, "no comparison", threshold).lacks("no comparison is recorded", COMPARE);
    };
    let ComparisonEvidence { history, control, candidate, window, .. } = last.comparison;
    let import = format!("`mission-events import-legacy`, then {COMPARE}");
    let Some(history) = history else {
        let earlier = window.beginning.map_or(0, |beginning| beginning.earlier);
        if candidate.kind != SideKind::Store && earlier == 0 {
            return Criterion::new(name, "nothing is earlier than what was compared", threshold);
        }
        let (value, reason, remedy) = match candidate.kind {
            SideKind::Store => {
                ("nothing is imported", "the store has no history of the legacy log".to_owned(), import)
            }
            SideKind::File | SideKind::Folder => (
                "nothing can be imported",
                format!(
                    "{} of the legacy log are earlier than what was compared, and the store of daily files holds no history",
                    counted(earlier, "event", "events")
                ),
                format!("make the SQLite store the active one (`storage.backend`), then {import}"),
            ),
        };
        return Criterion::new(name, value, threshold).lacks(reason, remedy);
    };
    let value =
        format!("{} of {} of the legacy log", history.matched, counted(history.control, "event", "events"));
    let mut criterion = Criterion::new(name, value, threshold)
        .figure("legacy_events", history.control)
        .figure("imported", history.matched)
        .figure("differences", history.differences)
        .figure("not_imported", history.not_imported.unwrap_or(0));
    if history.differences > 0 || history.verdict == Verdict::Different {
        let reason = format!("the history has {}", counted(history.differences, "difference", "differences"));
        criterion = criterion.fails(reason, format!("{COMPARE} shows them under `history`; import into a new store, or go back to a copy of this one"));
    }
    let grown = |file: &&FileEvidence| {
        known.facts.inputs.iter().any(|input| input.path == file.path && input.state == InputState::Grown)
    };
    for file in control.files.iter().filter(grown) {
        let reason =
            format!("{} has grown since: whether what was added is imported is not known", file.path);
        criterion = criterion.lacks(reason, format!("let nothing be dispatched; {import}"));
    }
    match history.not_imported {
        None => {
            criterion.lacks("an earlier version has recorded it without saying what is not imported", COMPARE)
        }
        Some(0) => criterion,
        Some(count) => {
            criterion.lacks(format!("{} are not imported yet", counted(count, "event", "events")), import)
        }
    }
}
