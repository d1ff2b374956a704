//! What is said of a comparison beside its counts, a sentence each: for the text and for the HTML report.

use super::super::output::visible;
use crate::application::compare::report::{
    BeginningKind, BeginningReport, CheckOutcome, Class, ClockReport, Comparison, OffsetMode, RuleKind,
    UnusedRule,
};
use crate::application::compare::settings::Settings;
use crate::application::duration::rounded;
use crate::domain::counted::counted;
use crate::domain::event::format_timestamp;

/// At most so many fields are named.
const SHOWN_FIELDS: usize = 20;
/// At most so many days are named.
const SHOWN_DAYS: usize = 20;

/// Which events were compared: of which types, and from when on.
pub fn range(comparison: &Comparison) -> Vec<String> {
    let types = types(comparison).into_iter();
    types.chain(beginning(&comparison.beginning)).collect()
}

/// Which types are compared, where not all are.
fn types(comparison: &Comparison) -> Option<String> {
    let Comparison { event_types, control, candidate, .. } = comparison;
    let names: Vec<_> = event_types.iter().map(|name| visible(name)).collect();
    (!event_types.is_empty()).then(|| {
        format!(
            "only events of type {} are compared; of other types: {} of the control, {} of the candidate",
            names.join(", "),
            counted(control.other_types, "event", "events"),
            candidate.other_types
        )
    })
}

/// Where the comparison begins, and how that is known.
fn beginning(beginning: &BeginningReport) -> Vec<String> {
    let Some(at) = beginning.at else { return Vec::new() };
    let known = match beginning.kind {
        BeginningKind::All | BeginningKind::Declared => "",
        BeginningKind::Recorded => ", the recorded start of the parallel run",
        BeginningKind::Inferred if beginning.is_paired => {
            ", the partner of the candidate's first event (inferred; --since TIME declares it)"
        }
        BeginningKind::Inferred => ", the candidate's first event (inferred; --since TIME declares it)",
    };
    let earlier = match beginning.earlier {
        0 => String::new(),
        1 => "; 1 event of the control is earlier".to_owned(),
        earlier => format!("; {earlier} events of the control are earlier"),
    };
    let mut told = vec![format!("from {} on{known}{earlier}", format_timestamp(at))];
    if let Some(day) = beginning.partial_day.filter(|_| beginning.kind != BeginningKind::Declared) {
        told.push(format!("{day} is compared in part, and does not count as a clean day"));
    }
    told
}

/// What was seen besides, and what was checked.
pub fn observations(comparison: &Comparison) -> Vec<String> {
    let mut told = Vec::new();
    if comparison.reordered > 0 || comparison.reordered_at_equal_times > 0 {
        told.push(format!(
            "order: {} in a different order within their aggregate, {} more among events of one time (for information)",
            counted(comparison.reordered, "event is", "events are"),
            comparison.reordered_at_equal_times
        ));
    }
    if comparison.representation > 0 {
        let pairs = counted(comparison.representation, "pair says", "pairs say");
        told.push(format!("spelling: {pairs} the same in another spelling"));
    }
    if comparison.repaired > 0 {
        let days = comparison.by_day.iter().filter(|day| day.counts.repaired > 0);
        let days: Vec<String> = days.map(|day| day.day.to_string()).collect();
        let shown = days.iter().take(SHOWN_DAYS).cloned().collect::<Vec<_>>().join(", ");
        let more = if days.len() > SHOWN_DAYS { ", ..." } else { "" };
        told.push(format!(
            "repaired: {}; these days do not count as clean: {shown}{more}",
            Class::Repaired.sentence(comparison.repaired)
        ));
    }
    for rule in &comparison.ignored {
        let hint = if rule.pairs == 0 { "; the rule matched nothing; remove it?" } else { "" };
        told.push(format!(
            "ignored: {} only without `{}` ({}){hint}",
            counted(rule.pairs, "pair agrees", "pairs agree"),
            visible(&rule.field),
            visible(&rule.reason)
        ));
    }
    told.extend(comparison.unused_rules.iter().map(unused_rule));
    if !comparison.undeclared_times.is_empty() {
        let fields: Vec<&String> = comparison.undeclared_times.iter().take(SHOWN_FIELDS).collect();
        let more = if comparison.undeclared_times.len() > SHOWN_FIELDS { ", and more" } else { "" };
        told.push(format!(
            "times: texts are the same instant in another spelling; a profile makes them equal: times = {}{more}",
            visible(&format!("{fields:?}"))
        ));
    }
    if let Some(history) = &comparison.history {
        let holds = if history.holds { "holds" } else { "does not hold" };
        let later = match history.not_imported {
            0 => String::new(),
            1 => ", 1 later one is not imported yet".to_owned(),
            later => format!(", {later} later ones are not imported yet"),
        };
        told.push(format!(
            "history: the import {holds}: {} of {} in the store ({} there){later}",
            history.matched,
            counted(history.control, "event of the legacy log is", "events of the legacy log are"),
            history.candidate
        ));
    }
    if let Some(test) = &comparison.self_test {
        told.push(format!(
            "self-test: {} checks passed on {} of this run and {} synthetic ones",
            test.checks.iter().filter(|check| check.outcome == CheckOutcome::Held).count(),
            counted(test.sampled as u64, "event", "events"),
            test.synthetic
        ));
    }
    told
}

/// That a part of the profile was not needed.
fn unused_rule(UnusedRule { kind, name }: &UnusedRule) -> String {
    let name = visible(name);
    match kind {
        RuleKind::OneSided => {
            format!("profile: no pair needed that `{name}` is one-sided; is the name right? else remove it")
        }
        RuleKind::Time => format!("profile: `{name}` holds no time in any event; is the name right?"),
        RuleKind::EventType => format!("profile: no event is of type `{name}`; is the name right?"),
    }
}

/// How far the clocks are apart.
pub fn clocks(clock: &ClockReport, settings: &Settings) -> Vec<String> {
    let mut told = Vec::new();
    if clock.anchors == 0 {
        told.push("clocks: no event occurs exactly once on each side; they are taken as equal".to_owned());
    } else {
        told.push(format!(
            "clocks: the {} is {} ahead (median of {}; half lie within {} of it, 99 of 100 within {}, all within {}); \
             tolerance {}",
            if clock.offset_us < 0 { "control" } else { "candidate" },
            rounded(clock.offset_us),
            counted(clock.anchors, "event", "events"),
            rounded(clock.spread.p50_us),
            rounded(clock.spread.p99_us),
            rounded(clock.spread.max_us),
            rounded(settings.tolerance.num_microseconds().unwrap_or_default())
        ));
    }
    let modes = clock.modes.iter().map(|OffsetMode { offset_us, percent, hint }| {
        format!("  {percent} % of the events are {} apart: {hint}", rounded(*offset_us))
    });
    told.extend(modes);
    told.extend(clock_changes(clock));
    told
}

/// How the offset of the clocks changes by more than the tolerance: by and by, and at once.
pub fn clock_changes(clock: &ClockReport) -> Vec<String> {
    let drift = clock.drift_us_per_day.filter(|_| clock.drifts()).map(|drift| {
        let faster = if drift < 0 { "control" } else { "candidate" };
        format!("  drift: the clock of the {faster} gains {} a day", rounded(drift))
    });
    let steps = clock.steps.iter().map(|step| format!("  step: {step}"));
    drift.into_iter().chain(steps).collect()
}
