//! What the last comparison says of the period.

use super::known::{COMPARE, Known, TOLD, counted};
use crate::application::evidence::record::ComparisonEvidence;
use crate::application::gate::comparisons::RecordedRun;
use crate::application::gate::criterion::Criterion;
use crate::application::gate::days::types_since;
use crate::application::gate::name::CriterionName;
use crate::application::gate::report::{DayState, GateDay};

/// Judges by the last comparison; without one there is no evidence.
fn by_last<'f>(
    known: &Known<'f>,
    name: CriterionName,
    threshold: &str,
    judge: impl FnOnce(&RecordedRun<'f>) -> Criterion,
) -> Criterion {
    match known.comparisons.last() {
        Some(last) => judge(last),
        None => Criterion::new(name, "no comparison", threshold).lacks("no comparison is recorded", COMPARE),
    }
}

/// No difference without a named rule in the period, in a comparison that says something, nor earlier on a day that has not ended.
pub fn differences(known: &Known<'_>) -> Criterion {
    let (name, threshold) = (CriterionName::Differences, "0, conclusively");
    by_last(known, name, threshold, |last| {
        let days = last.comparison.days.iter().filter(|day| known.is_in_period(day.day));
        let different: Vec<_> = days.clone().filter(|day| day.differences > 0).collect();
        let count = different.iter().map(|day| day.differences).sum();
        let ignored = days.flat_map(|day| day.ignored.values()).sum();
        let mut criterion = Criterion::new(
            name,
            format!("{} (record {})", counted(count, "difference", "differences"), last.sequence),
            threshold,
        )
        .figure("differences", count)
        .figure("ignored_by_rules", ignored);
        for day in different.iter().take(TOLD) {
            let reason = format!("{}: {}", day.day, counted(day.differences, "difference", "differences"));
            criterion = criterion.fails(reason, format!("{COMPARE} shows each of them with its cause"));
        }
        for day in last.comparison.clock.days_over_max_offset.iter().filter(|day| known.is_in_period(**day)) {
            criterion = criterion.fails(
                format!("{day}: the clocks are farther apart than they may be"),
                "set the clocks of both systems",
            );
        }
        // A day that has not ended breaks no count yet: what earlier comparisons have found on it is told here.
        let is_spoilt = |day: &&GateDay| matches!(day.state, DayState::Different | DayState::Repaired);
        let is_told = |day: &&GateDay| different.iter().any(|told| told.day == day.day);
        for day in known.days.not_ended().filter(is_spoilt).filter(|day| !is_told(day)) {
            let reason = format!("{}: {}", day.day, day.reason.as_deref().unwrap_or_default());
            criterion = criterion
                .fails(reason, "mend what has caused it; clean days are counted after that day alone");
        }
        match last.doubt() {
            Some(doubt) => criterion.lacks(
                format!("the last comparison is inconclusive: {doubt}"),
                format!("see to it, then {COMPARE}"),
            ),
            None => criterion,
        }
    })
}

/// Nothing that was read is no event.
pub fn quarantined(known: &Known<'_>) -> Criterion {
    let (name, threshold) = (CriterionName::Quarantined, "0");
    by_last(known, name, threshold, |last| {
        let ComparisonEvidence { control, candidate, .. } = last.comparison;
        let count = control.quarantined + candidate.quarantined;
        let mut criterion =
            Criterion::new(name, counted(count, "record", "records"), threshold).figure("quarantined", count);
        for (side, path) in [(control, &control.path), (candidate, &candidate.path)] {
            if side.quarantined > 0 {
                let reason =
                    format!("{} of {path} are no events", counted(side.quarantined, "record", "records"));
                criterion =
                    criterion.fails(reason, format!("{COMPARE} shows where; mend them, then compare again"));
            }
        }
        criterion
    })
}

/// Nothing is too young to be judged.
pub fn pending(known: &Known<'_>) -> Criterion {
    let (name, threshold) = (CriterionName::Pending, "0");
    by_last(known, name, threshold, |last| {
        let days = last.comparison.days.iter();
        let count = days.map(|day| day.control.pending + day.candidate.pending).sum();
        let criterion =
            Criterion::new(name, counted(count, "event", "events"), threshold).figure("pending", count);
        if count == 0 {
            return criterion;
        }
        let reason =
            format!("{} were too young to be judged when it was made", counted(count, "event", "events"));
        criterion.lacks(
            reason,
            format!("let nothing be dispatched for longer than the settle delay, then {COMPARE}"),
        )
    })
}

/// No file that may hold events was left unread.
pub fn files_read(known: &Known<'_>) -> Criterion {
    let (name, threshold) = (CriterionName::FilesRead, "0 files unread");
    by_last(known, name, threshold, |last| {
        let ComparisonEvidence { control, candidate, .. } = last.comparison;
        let read = (control.files.len() + candidate.files.len()) as u64;
        let unread: Vec<_> = control.left_out.iter().chain(&candidate.left_out).collect();
        let count = unread.len() as u64;
        let mut criterion = Criterion::new(name, format!("{read} read, {count} unread"), threshold)
            .figure("read", read)
            .figure("unread", count);
        for file in unread.iter().take(TOLD) {
            let reason = format!("{} was not read: {}", file.path, file.reason);
            criterion = criterion.lacks(reason, format!("move it, or make it readable; then {COMPARE}"));
        }
        criterion
    })
}

/// Every type of event of the period was seen on both sides.
pub fn event_types(known: &Known<'_>) -> Criterion {
    let (name, threshold) = (CriterionName::EventTypes, "the same types on both sides, at least one");
    by_last(known, name, threshold, |last| {
        let [control, candidate] = types_since(known.comparisons, known.since);
        let both: Vec<&str> = control.intersection(&candidate).map(String::as_str).collect();
        let all = control.union(&candidate).count() as u64;
        let value = format!("{} of {all} on both sides ({})", both.len(), both.join(", "));
        let mut criterion = Criterion::new(name, value, threshold)
            .figure("types", all)
            .figure("on_both_sides", both.len() as u64);
        for (types, others, side) in [(&control, &candidate, "legacy"), (&candidate, &control, "new")] {
            for only in types.difference(others) {
                let reason = format!("{only} was seen on the {side} side alone");
                criterion = criterion.fails(reason, "find out why the other system does not write it");
            }
        }
        if all == 0 {
            criterion = criterion.lacks(
                "no event was compared in this period",
                format!("dispatch in parallel, then {COMPARE}"),
            );
        }
        for (log, side) in [(&known.facts.control, "legacy"), (&known.facts.candidate, "new")] {
            let left_out = log.iter().flat_map(|log| &log.left_out);
            for (event_type, _) in left_out.filter(|(_, last)| known.is_in_period(**last)) {
                criterion = criterion.lacks(
                    format!("{event_type} is on the {side} side, and was not compared"),
                    format!("let events of all types go to both sides (`new_event_types`), and {COMPARE} of all of them"),
                );
            }
        }
        if last.comparison.profile.event_types.is_empty() {
            return criterion;
        }
        let named: Vec<&str> = last.comparison.profile.event_types.iter().map(String::as_str).collect();
        criterion.note(format!("the comparison is of the types {} alone", named.join(", ")))
    })
}
