//! Whether both logs come to the same state of every task.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::known::{COMPARE, Known, TOLD, counted};
use crate::application::gate::criterion::Criterion;
use crate::application::gate::name::CriterionName;
use crate::application::gate::task_states::{StateDifference, StateRules};

/// The events of both logs, replayed, leave every task in the same state.
pub fn equivalent(known: &Known<'_>) -> Criterion {
    let (name, threshold) = (CriterionName::StateEquivalence, "every task");
    let (control, candidate) = match (&known.facts.control, &known.facts.candidate) {
        (Ok(control), Ok(candidate)) => (control, candidate),
        (Err(why), _) | (_, Err(why)) => return Criterion::unread(name, threshold, why),
    };
    let Some(last) = known.comparisons.last().filter(|last| last.comparison.doubts.is_some()) else {
        return Criterion::new(name, "not known", threshold)
            .lacks("no comparison of this version says which fields only one side has", COMPARE);
    };
    let micros = |span: u64| TimeDelta::microseconds(i64::try_from(span).unwrap_or(i64::MAX));
    let ignored: BTreeSet<String> = last.comparison.rules.iter().map(|rule| rule.name.clone()).collect();
    let rules = StateRules {
        one_sided: &last.comparison.profile.one_sided,
        ignored: &ignored,
        offset: TimeDelta::microseconds(last.comparison.clock.offset_us),
        tolerance: micros(last.comparison.settings.tolerance_us),
        settled: known.facts.now - micros(last.comparison.settings.settle_us),
    };
    let compared = control.tasks.compare(&candidate.tasks, &rules);
    let different: BTreeSet<&str> = compared.differences.iter().map(|found| found.task_id.as_str()).collect();
    let same = compared.tasks - different.len() as u64;
    let mut criterion =
        Criterion::new(name, format!("{same} of {}", counted(compared.tasks, "task", "tasks")), threshold)
            .figure("tasks", compared.tasks)
            .figure("different", different.len() as u64)
            .figure("young", compared.young);
    for found in compared.differences.iter().take(TOLD) {
        criterion = criterion.fails(sentence(found), remedy(found));
    }
    if let Some(more) = compared.differences.len().checked_sub(TOLD).filter(|more| *more > 0) {
        criterion = criterion.note(format!(
            "{} not listed",
            counted(more as u64, "more difference is", "more differences are")
        ));
    }
    if compared.young > 0 {
        let young = counted(compared.young, "task has", "tasks have");
        criterion = criterion.note(format!("{young} an event within the settle delay, and took no part"));
    }
    if compared.tasks == 0 {
        criterion =
            criterion.lacks("no event of either log is about a task", "compare logs with events of tasks");
    }
    criterion
}

fn sentence(found: &StateDifference) -> String {
    let StateDifference { task_id, field, control, candidate } = found;
    let said = |value: &Option<String>| {
        value.as_ref().map_or_else(|| "nothing".to_owned(), |value| format!("{value:?}"))
    };
    match (*field, control) {
        ("task", Some(_)) => format!("task {task_id} is known to the legacy log alone"),
        ("task", None) => format!("task {task_id} is known to the store alone"),
        _ => format!(
            "task {task_id}: {field} is {} by the legacy log, {} by the store",
            said(control),
            said(candidate)
        ),
    }
}

/// What helps with a difference.
fn remedy(found: &StateDifference) -> &'static str {
    match found.field {
        "task" => {
            "`mission-events import-legacy` where its events are earlier than the parallel run, else `mission-events compare-logs` shows what is missing"
        }
        _ => "`mission-events tasks show TASK` shows what the store says of it",
    }
}
