//! What each step came to, from what its use case answers.

use super::site::{Copied, Replayed, RolledBack};
use super::step::{Step, StepName, StepOutcome};
use crate::application::compare::report::{Class, Comparison, Verdict};
use crate::application::gate::{ComparedStates, StateDifference};
use crate::application::import::ImportReport;
use crate::domain::counted::counted;

/// So many differences of states are named; all are counted.
const NAMED: usize = 10;

pub(super) fn copied(copied: &Copied) -> Step {
    let store = match copied.store_events {
        Some(events) => format!(" and the store with {}", counted(events, "event", "events")),
        None => String::new(),
    };
    let summary = format!("{}{store}, {} bytes", counted(copied.files, "log", "logs"), copied.bytes);
    let figures = [
        ("files", copied.files),
        ("store_events", copied.store_events.unwrap_or_default()),
        ("bytes", copied.bytes),
    ];
    let step = Step::new(StepName::Copy, summary, &figures);
    match copied.has_new_side {
        true => step,
        // What is built of the legacy log alone agrees with it, whatever the new system would have written.
        false => step.because(
            StepOutcome::Inconclusive,
            "there is no store and no log of the new system, so that nothing can be said of it: `storage.backend`, \
             `storage.sqlite_path` and `storage.jsonl_dir` name it",
        ),
    }
}

pub(super) fn imported(report: &ImportReport) -> Step {
    let total = &report.total;
    let summary = format!(
        "{} of {} imported, {} matched, {} there already, {} rejected; the store holds {}",
        total.imported,
        counted(total.records, "record", "records"),
        total.matched_existing,
        total.already_present,
        total.rejected,
        counted(report.store.events, "event", "events")
    );
    let figures = [
        ("records", total.records),
        ("imported", total.imported),
        ("matched_existing", total.matched_existing),
        ("already_present", total.already_present),
        ("duplicates", total.duplicates),
        ("rejected", total.rejected),
        ("naive", report.flags.get("naive").copied().unwrap_or_default()),
        ("events", report.store.events),
    ];
    let mut step = Step::new(StepName::Import, summary, &figures);
    if report.refused.is_some() {
        // Without a store there is nothing to compare.
        step = step.because(
            StepOutcome::Fails,
            "the import is refused: `import-legacy --dry-run` says why, mostly a wrong `timezone`",
        );
        step.is_last = true;
    }
    if let Some(first) = report.rejects.first() {
        step = step.because(
            StepOutcome::Fails,
            format!(
                "{} would be rejected, the first in {}, line {}, byte {}: {}",
                counted(total.rejected, "record", "records"),
                first.path,
                first.place.line,
                first.place.offset,
                first.detail
            ),
        );
    }
    for file in report.skipped_files.iter().filter(|file| file.may_hold_events()) {
        step = step.because(StepOutcome::Fails, format!("{} would not be read: {}", file.path, file.reason));
    }
    step
}

pub(super) fn compared(comparison: &Comparison) -> Step {
    let total = comparison.total();
    let summary = format!(
        "{} the same on both sides, {} not, {} too young",
        counted(comparison.matched, "event is", "events are"),
        counted(total.differences(), "is", "are"),
        counted(total.pending.control + total.pending.candidate, "is", "are")
    );
    let figures = [
        ("control", comparison.control.events),
        ("candidate", comparison.candidate.events),
        ("matched", comparison.matched),
        ("repaired", comparison.repaired),
        ("differences", total.differences()),
        ("missing", comparison.missing),
        ("extra", comparison.extra),
        ("changed", comparison.changed),
        ("pending", total.pending.control + total.pending.candidate),
    ];
    with_verdict(Step::new(StepName::Compare, summary, &figures), comparison)
}

/// The same step no better than a comparison.
fn with_verdict(step: Step, comparison: &Comparison) -> Step {
    let outcome = match comparison.verdict {
        Verdict::Consistent => return step,
        Verdict::Different => StepOutcome::Fails,
        Verdict::Inconclusive => StepOutcome::Inconclusive,
    };
    comparison.reasons.iter().fold(step, |step, reason| step.because(outcome, reason))
}

pub(super) fn rolled_back(rolled_back: &RolledBack) -> Step {
    let RolledBack { exported, comparison, repeated } = rolled_back;
    let exact = exported.files.iter().filter(|file| file.exact).count() as u64;
    let matched = comparison.as_ref().map_or(0, |comparison| comparison.matched + comparison.repaired);
    let summary = format!(
        "{exact} of {} byte for byte what was imported or saved, {} the same in them",
        counted(exported.files.len() as u64, "file is", "files are"),
        counted(matched, "event of the new system is", "events of the new system are")
    );
    let figures = [("files", exported.files.len() as u64), ("exact", exact), ("matched", matched)];
    let mut step = Step::new(StepName::Rollback, summary, &figures);
    if exported.files.iter().all(|file| file.records == 0) {
        step = step.because(StepOutcome::Inconclusive, "the store has no event that could be exported");
    }
    if exported.missing_records > 0 {
        let records = exported.missing_records;
        step = step.because(
            StepOutcome::Fails,
            format!("{} in no file", counted(records, "record of the store is", "records of the store are")),
        );
    }
    for log in &exported.left_out {
        let reason = format!(
            "of an earlier version of {} {} in no file",
            log.path,
            counted(log.events, "event is", "events are")
        );
        step = step.because(StepOutcome::Fails, reason);
    }
    // Live events are exact only where the file has their shape; that they say the same is compared.
    for file in exported.files.iter().filter(|file| !file.written || !file.exact && file.source_id.is_some())
    {
        let reason = file.reason.as_deref().unwrap_or("it is not what was imported");
        step = step.because(StepOutcome::Fails, format!("{}: {reason}", file.path));
    }
    let Some(comparison) = comparison else { return step };
    let mut total = comparison.total();
    total.duplicated.control = total.duplicated.control.saturating_sub(*repeated);
    for class in Class::ALL.into_iter().filter(|class| class.is_difference()) {
        match total.of(class) {
            0 => {}
            count => {
                step = step.because(StepOutcome::Fails, format!("of the export: {}", class.sentence(count)))
            }
        }
    }
    // A record of the export that is no event was rejected, and came back byte for byte. In the store there is none.
    match comparison.quarantined.candidate {
        0 => step,
        rows => step.because(
            StepOutcome::Inconclusive,
            format!("{} of the store", counted(rows, "row is no event", "rows are no events")),
        ),
    }
}

pub(super) fn replayed(replayed: &Replayed) -> Step {
    let summary = format!("events were handled {} times, {} failed", replayed.handled, replayed.failed);
    let figures = [("handled", replayed.handled), ("failed", replayed.failed)];
    let step = Step::new(StepName::Replay, summary, &figures);
    replayed.complaints.iter().fold(step, |step, complaint| step.because(StepOutcome::Fails, complaint))
}

pub(super) fn states(states: &ComparedStates) -> Step {
    let differing = states.differences.len() as u64;
    let summary = match differing {
        0 => format!("{} the same state by both logs", counted(states.tasks, "task has", "tasks have")),
        _ => format!(
            "{} compared, and the states disagree in {}",
            counted(states.tasks, "task", "tasks"),
            counted(differing, "place", "places")
        ),
    };
    let figures = [("tasks", states.tasks), ("young", states.young), ("differences", differing)];
    let mut step = Step::new(StepName::State, summary, &figures);
    for difference in states.differences.iter().take(NAMED) {
        let StateDifference { task_id, field, control, candidate } = difference;
        let said = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
        step = step.because(
            StepOutcome::Fails,
            format!(
                "task {task_id}: {field} is {} by the legacy log, {} by the store",
                said(control),
                said(candidate)
            ),
        );
    }
    if states.differences.len() > NAMED {
        let more = states.differences.len() - NAMED;
        step = step.because(
            StepOutcome::Fails,
            format!("and {} of states", counted(more as u64, "more difference", "more differences")),
        );
    }
    if states.tasks == 0 {
        step = step.because(StepOutcome::Inconclusive, "there is no task whose state could be compared");
    }
    step
}

pub(super) fn integrity(complaints: &[String]) -> Step {
    let summary = match complaints.len() {
        0 => "the databases are whole".to_owned(),
        count => format!("{count} complaints about the databases"),
    };
    let step = Step::new(StepName::Integrity, summary, &[("complaints", complaints.len() as u64)]);
    complaints.iter().fold(step, |step, complaint| step.because(StepOutcome::Fails, complaint))
}
