//! Whether enough days are clean, under rules that did not change.

use super::known::{COMPARE, Known};
use crate::application::gate::criterion::Criterion;
use crate::application::gate::name::CriterionName;
use crate::application::gate::report::DayState;

/// Enough days were compared after their end and are clean, counted backwards from the last one that has ended.
pub fn clean(known: &Known<'_>) -> Criterion {
    let (days, needed) = (known.days, known.settings.days);
    let counted: Vec<_> = days.days.iter().filter(|day| day.is_counted).collect();
    let value = match (counted.first(), counted.last()) {
        (Some(first), Some(last)) => format!("{} clean ({} to {})", days.clean, first.day, last.day),
        _ => "0 clean".to_owned(),
    };
    let mut criterion = Criterion::new(CriterionName::CleanDays, value, format!("{needed} at least"))
        .figure("clean_days", days.clean.into())
        .figure("days_needed", needed.into());
    for (log, side) in [(&known.facts.control, "legacy log"), (&known.facts.candidate, "store")] {
        if let Err(why) = log {
            let reason = format!("which days have events is not known, as the {side} cannot be read: {why}");
            criterion = criterion.lacks(reason, "see what the reason says");
        }
    }
    if days.clean >= needed {
        return criterion;
    }
    let Some(day) = days.broken_by.and_then(|day| days.day(day)) else {
        let wanting = needed - days.clean;
        let reason = format!("{wanting} more days with events have to be compared after they have ended");
        return criterion.lacks(reason, format!("{COMPARE}, each day after it has ended"));
    };
    let reason = format!("{}: {}", day.day, day.reason.as_deref().unwrap_or_default());
    let again = format!("{needed} clean days after it, each compared after it has ended ({COMPARE})");
    match day.state {
        DayState::Different => {
            criterion.fails(reason, format!("mend what has caused the differences; then {again}"))
        }
        DayState::Repaired => criterion.fails(reason, again),
        DayState::NotCompared => {
            criterion.lacks(reason, format!("{COMPARE}, which judges all days of the run"))
        }
        DayState::BeforeRules | DayState::Clean | DayState::Quiet | DayState::Open => {
            criterion.lacks(reason, again)
        }
    }
}

/// Rules, profile and zone are the same since the first of the days, and the zone is that of the settings.
pub fn rules_unchanged(known: &Known<'_>) -> Criterion {
    let threshold = match known.since {
        Some(since) => format!("unchanged since {since}"),
        None => "unchanged".to_owned(),
    };
    let name = CriterionName::RulesUnchanged;
    let Some(last) = known.comparisons.last() else {
        return Criterion::new(name, "no comparison", threshold)
            .lacks("no comparison says by which rules it was made", COMPARE);
    };
    let rules = last.rules();
    let changed = known.comparisons.last_of_other_rules();
    let value = match changed {
        None => "never changed".to_owned(),
        Some(run) => {
            let what = run.rules().differing(&rules).join(", ");
            format!(
                "changed after {} (record {}): {what}",
                known.day_of(run.comparison.recorded_at),
                run.sequence
            )
        }
    };
    let mut criterion = Criterion::new(name, value, threshold);
    let recorded = &last.comparison.zone;
    if recorded != known.settings.zone.name() {
        let reason = format!(
            "the last comparison counted days in {recorded}, the program does in {}",
            known.settings.zone.name()
        );
        criterion = criterion
            .lacks(reason, format!("set `timezone` to {recorded}, or {COMPARE} and begin to count anew"));
    }
    match changed.filter(|run| known.is_in_period(known.day_of(run.comparison.recorded_at))) {
        None => criterion,
        Some(run) => {
            let reason =
                format!("record {} was made by other rules: the count of days begins after it", run.sequence);
            let remedy = format!("{} clean days by the same rules, profile and flags", known.settings.days);
            criterion.lacks(reason, remedy)
        }
    }
}
