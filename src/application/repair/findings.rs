//! What else than single differences keeps a comparison from being clean, and what makes it uncertain what is missing.

use super::line::{LineKind, RepairLine};
use crate::application::compare::parallel_run::{Medium, ParallelRun, RowCounts};
use crate::application::compare::report::{BeginningKind, Comparison, Verdict};
use crate::application::duration;
use crate::domain::counted::counted;

/// The findings of the comparison of a run; a mirror is still to bring `unmirrored` events to the candidate.
pub(super) fn of(
    comparison: &Comparison,
    run: &ParallelRun<'_>,
    unmirrored: &Result<u64, String>,
) -> Vec<RepairLine> {
    let mut found = Vec::new();
    let mut add = |kind, reason: String, remedy: &str| {
        found.push(RepairLine::of_finding(kind, reason, remedy));
    };
    let clock = &comparison.clock;
    if let Some(day) = clock.days_over_max_offset.first() {
        add(
            LineKind::Obstacle,
            format!(
                "the clocks are more than {} apart (first on {day}): an event that seems to be missing may stand at another time",
                duration::rounded(clock.max_offset_us)
            ),
            "look at the setting `timezone` and at the clocks; --max-offset allows more",
        );
    }
    for (name, side) in [("control", &comparison.control), ("candidate", &comparison.candidate)] {
        if side.events == 0 {
            add(
                LineKind::Obstacle,
                format!("the {name} holds no event in the range, or changed each time it was read"),
                "look at its path, at --since and --until, and repair again when it is not being rewritten",
            );
        }
    }
    let agreeing = comparison.total();
    if agreeing.matched + agreeing.ignored + agreeing.repaired == 0 && comparison.missing > 0 {
        add(
            LineKind::Obstacle,
            "not one event agrees on both sides: these may be logs of different systems".to_owned(),
            "look at the paths, at `timezone` and at the mapping of both sides",
        );
    }
    let beginning = &comparison.beginning;
    if beginning.kind == BeginningKind::Inferred && !beginning.is_paired && comparison.missing > 0 {
        add(
            LineKind::Obstacle,
            "the comparison begins with the candidate's first event, which has no partner: that may have been written before \
             the parallel run, and all that follows would be taken for missing"
                .to_owned(),
            "say where the parallel run began: --since TIME",
        );
    }
    if let Medium::Store(RowCounts { missing, .. }) = run.candidate.medium()
        && missing != Some(0)
    {
        add(
            LineKind::Obstacle,
            "another program has removed rows from the store: what is missing may be among them".to_owned(),
            "import the logs again (import-legacy), or go back to a copy of the store",
        );
    }
    if comparison.missing > 0 {
        // It would be stored twice, under two ids, and could not be taken back.
        match unmirrored {
            Ok(0) => {}
            Ok(behind) => add(
                LineKind::Obstacle,
                format!(
                    "the mirror `new_mirror` has not brought everything yet: it is {} behind, and what is missing may be \
                     among them",
                    counted(*behind, "event", "events")
                ),
                "let it catch up (`handlers run`; `handlers list` says what it waits for), and repair again",
            ),
            Err(reason) => add(
                LineKind::Obstacle,
                format!("whether a mirror is still to bring what is missing is not known: {reason}"),
                "see that what it names can be read",
            ),
        }
    }
    for (kind, quarantined, side) in [
        (LineKind::Finding, comparison.quarantined.control, &comparison.control),
        // What the candidate lacks may be in what is damaged of it.
        (LineKind::Obstacle, comparison.quarantined.candidate, &comparison.candidate),
    ] {
        if quarantined > 0 {
            let place = side.rejects.first();
            let first = place.map_or_else(String::new, |reject| {
                format!(": {}, {}: {}", reject.path.display(), reject.location, reject.detail)
            });
            add(
                kind,
                format!(
                    "{}{first}",
                    counted(
                        quarantined,
                        "record could not be read as an event",
                        "records could not be read as events"
                    )
                ),
                "mend the log, or set `timezone` and the mapping by which it can be read",
            );
        }
    }
    for (kind, side) in [(LineKind::Finding, run.control), (LineKind::Obstacle, run.candidate)] {
        for (path, reason) in side.skipped() {
            add(
                kind,
                format!("{} was not read: {reason}", path.display()),
                "see that it is read, or move it away",
            );
        }
    }
    if comparison.history.as_ref().is_some_and(|history| !history.holds || history.not_imported_before > 0) {
        add(
            LineKind::Finding,
            "the imported history is not that of the legacy log".to_owned(),
            "import the legacy log again (import-legacy), which adds what is missing of it",
        );
    }
    if found.is_empty() && comparison.verdict == Verdict::Inconclusive {
        found.extend(comparison.reasons.iter().map(|reason| {
            let remedy = "see the reasons of `compare-logs`";
            RepairLine::of_finding(LineKind::Finding, reason.clone(), remedy)
        }));
    }
    found
}
