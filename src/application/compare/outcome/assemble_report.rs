//! The report on a comparison.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::application::compare::context::Context;
use crate::application::compare::feed::CompareError;
use crate::application::compare::input::{Beginning, Input};
use crate::application::compare::reading::both_sides::BothSides;
use crate::application::compare::reading::side_summary::SideSummary;
use crate::application::compare::report::{
    BeginningKind, BeginningReport, Cause, CauseCount, ClassCounts, Comparison, DayCounts, DayDigest,
    Difference, IgnoredByRule, PerSide, SideReport, TypeCounts,
};

use super::counts::Counts;
use super::order_count::OrderCount;
use super::range::SettledBeginning;
use super::unused_rules::{UsedRules, unused_rules};
use super::verdict;

/// What became of the events of both sides.
pub(crate) struct Outcome {
    pub counts: Counts,
    pub order: OrderCount,
    pub differences: Vec<Difference>,
    /// Those that follow, for a report.
    pub more_differences: Vec<Difference>,
    /// Where the range begins by the control's clock, where that is told by the candidate's.
    pub beginning: Option<SettledBeginning>,
}

/// The report on both sides.
pub(crate) fn assemble_report(
    context: &Context<'_>,
    inputs: [Input; 2],
    sides: BothSides,
    outcome: Outcome,
) -> Result<Comparison, CompareError> {
    let settings = context.settings;
    let BothSides { control: one, candidate: other, clock, type_names: names, since, .. } = sides;
    let mut times = one.times_read.clone();
    times.add(&other.times_read);
    let Outcome { counts, order, differences, more_differences, beginning } = outcome;
    let [control, candidate] = inputs;
    let (control, candidate) = ((control, one), (candidate, other));
    let earlier = control.1.out_of_range + counts.beyond.control - control.1.after_range;
    let mut total = ClassCounts::default();
    let mut by_day: BTreeMap<NaiveDate, ClassCounts> = BTreeMap::new();
    let mut by_type: BTreeMap<&str, ClassCounts> = BTreeMap::new();
    for ((day, event_type), counts) in &counts.by {
        total += *counts;
        *by_day.entry(*day).or_default() += *counts;
        *by_type.entry(&names[*event_type as usize]).or_default() += *counts;
    }
    for (side, summary, classes, beyond) in [
        ("control", &control.1, total.control, counts.beyond.control),
        ("candidate", &candidate.1, total.candidate, counts.beyond.candidate),
    ] {
        let read = summary.events + summary.near_boundary;
        if classes + beyond != read {
            return Err(CompareError::Conservation { side, read, classes: classes + beyond });
        }
    }
    let quarantined = PerSide { control: control.1.quarantined, candidate: candidate.1.quarantined };
    let verdict::Judged { verdict, reasons, doubts } = verdict::judge(&verdict::VerdictInput {
        control: &control,
        candidate: &candidate,
        total: &total,
        clock: &clock,
        same_in_a_reading: counts.same_in_a_reading,
    })?;
    let listed = differences.len() as u64;
    let by_cause = counts.causes.iter().map(|((cause, class, day, event_type), count)| CauseCount {
        cause: *cause,
        class: *class,
        day: *day,
        event_type: names[*event_type as usize].clone(),
        count: *count,
    });
    let rules = settings.profile.ignore.iter().enumerate().map(|(number, rule)| {
        let of_rule = counts.rules.iter().filter(|((needed, _), _)| *needed == number);
        let by_day: BTreeMap<_, _> = of_rule.map(|((_, day), pairs)| (*day, *pairs)).collect();
        let (field, reason) = (rule.field.clone(), rule.reason.clone());
        IgnoredByRule { field, reason, pairs: by_day.values().sum(), by_day }
    });
    let unused_rules = unused_rules(
        context,
        &UsedRules { one_sided: &counts.one_sided, times, event_types: &|name| by_type.contains_key(name) },
    );
    let undeclared_times = undeclared_times(differences.iter().chain(&more_differences));
    let report = Comparison {
        verdict,
        reasons,
        doubts,
        since: settings.since.and(since.and_then(DateTime::from_timestamp_micros)),
        beginning: beginning_report(context, beginning, earlier),
        event_types: settings.profile.event_types.clone(),
        matched: total.matched,
        representation: counts.representation,
        repaired: total.repaired,
        time_shifted: total.time_shifted,
        changed: total.changed,
        ambiguous: counts.ambiguous,
        retyped: total.retyped,
        misfiled: total.misfiled,
        missing: total.missing,
        extra: total.extra,
        duplicated: total.duplicated,
        pending: total.pending,
        quarantined,
        ignored: rules.collect(),
        unused_rules,
        undeclared_times,
        history: None,
        reordered: order.moved,
        reordered_at_equal_times: order.moved_at_equal_times,
        clock: clock.report,
        by_day: by_day.into_iter().map(|(day, counts)| DayCounts { day, counts }).collect(),
        by_type: by_type
            .into_iter()
            .map(|(name, counts)| TypeCounts { event_type: name.to_owned(), counts })
            .collect(),
        by_cause: by_cause.collect(),
        differences_truncated: total.differences() > listed,
        differences,
        more_differences,
        self_test: None,
        elapsed_seconds: 0.0,
        control: side_report(control, total.control, counts.beyond.control, &names),
        candidate: side_report(candidate, total.candidate, counts.beyond.candidate, &names),
    };
    Ok(report)
}

/// The fields whose texts are the same instant, as a profile declares times.
fn undeclared_times<'d>(differences: impl Iterator<Item = &'d Difference>) -> BTreeSet<String> {
    let fields = differences.flat_map(|difference| &difference.fields);
    fields
        .filter(|field| field.cause == Cause::TimeSpelling)
        .map(|field| without_places(&field.path))
        .collect()
}

/// A path without the places in lists: `a[2].b` becomes `a.b`.
fn without_places(path: &str) -> String {
    let mut kept = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('[') {
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        kept.push_str(before);
        match after[digits..].strip_prefix(']') {
            Some(next) if digits > 0 => rest = next,
            _ => {
                kept.push('[');
                rest = after;
            }
        }
    }
    kept + rest
}

fn beginning_report(
    context: &Context<'_>,
    settled: Option<SettledBeginning>,
    earlier: u64,
) -> BeginningReport {
    let settings = context.settings;
    let kind = match context.beginning {
        Beginning::Declared if settings.since.is_none() => BeginningKind::All,
        Beginning::Declared => BeginningKind::Declared,
        Beginning::ByCandidate => BeginningKind::Recorded,
        Beginning::FirstOfCandidate => BeginningKind::Inferred,
    };
    let at = match settled {
        Some(settled) => DateTime::from_timestamp_micros(settled.at),
        None => settings.since,
    };
    let day_of = |at| settings.zone.day_of(at);
    // What is inferred may be wrong by the events that the candidate has lost, though it be midnight.
    let cuts_its_day = |at: &DateTime<Utc>| {
        kind == BeginningKind::Inferred || day_of(*at - TimeDelta::microseconds(1)) == day_of(*at)
    };
    let partial_day = at.filter(cuts_its_day).map(day_of);
    let is_paired = kind != BeginningKind::Inferred || settled.is_some_and(|settled| settled.is_paired);
    BeginningReport { kind, at, partial_day, earlier, is_paired }
}

fn side_report(
    (input, summary): (Input, SideSummary),
    events: u64,
    beyond: u64,
    names: &[String],
) -> SideReport {
    let days = summary.days.into_iter().map(|(day, sum)| {
        let event_types = sum.types.keys().map(|rank| names[*rank as usize].clone()).collect();
        (day, DayDigest { events: sum.events, digest: sum.digest.to_string(), event_types })
    });
    let (reasons, rejects) = summary.rejects.into_parts();
    SideReport {
        path: input.path,
        events,
        out_of_range: summary.out_of_range + beyond,
        other_types: summary.other_types,
        naive: summary.naive,
        files: summary.files,
        digest: summary.digest.to_string(),
        days: days.collect(),
        reasons,
        rejects,
        left_out: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_in_a_list_is_declared_without_its_places() {
        for (path, expected) in
            [("due", "due"), ("a[0].b[12]", "a.b"), ("a[0][1]", "a"), ("a[b].c[]", "a[b].c[]"), ("a[", "a[")]
        {
            assert_eq!(without_places(path), expected);
        }
    }
}
