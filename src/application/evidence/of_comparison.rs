//! The record of a comparison.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use super::log::EvidenceError;
use super::record::{
    BeginningEvidence, BeginningKind, ComparisonEvidence, DayEvidence, DaySide, FileEvidence,
    HistoryEvidence, LeftOutFile, Prefix, ProfileEvidence, RuleEvidence, SelfTestCheck, SelfTestEvidence,
    SelfTestOutcome, SettingsEvidence, SideEvidence, SideKind, StoreEvidence, Verdict, Window,
};
use crate::application::compare::feed::FeedFacts;
use crate::application::compare::parallel_run::{Medium, ParallelRun, ParallelSide};
use crate::application::compare::report::CheckOutcome;
use crate::application::compare::report::{
    self, Class, ClassCounts, Comparison, DayDigest, Side, SideReport,
};
use crate::application::compare::settings;
use crate::wire::json::CANONICAL_FORM_VERSION;

/// The record of what `run` came to, made at `recorded_at`. `absolute` gives the absolute form of a path.
///
/// # Errors
/// [`EvidenceError::Form`]: a part of it cannot be written as JSON.
pub fn of_comparison(
    comparison: &Comparison,
    run: &ParallelRun<'_>,
    recorded_at: DateTime<Utc>,
    absolute: &dyn Fn(&Path) -> String,
) -> Result<ComparisonEvidence, EvidenceError> {
    let settings = run.settings;
    let total = comparison.total();
    let side = |which| side(which, comparison, &total, run, absolute);
    Ok(ComparisonEvidence {
        recorded_at,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        canonical_form: CANONICAL_FORM_VERSION,
        profile: ProfileEvidence {
            name: settings.profile.name.clone(),
            sha256: sha256_of(&settings.profile)?,
            event_types: settings.profile.event_types.clone(),
            one_sided: settings.profile.one_sided.iter().map(|rule| rule.field.clone()).collect(),
        },
        rules: comparison
            .ignored
            .iter()
            .map(|rule| RuleEvidence {
                name: rule.field.clone(),
                reason: rule.reason.clone(),
                ignored: rule.pairs,
            })
            .collect(),
        rules_sha256: sha256_of(&settings.profile.ignore)?,
        zone: settings.zone.name().to_owned(),
        settings: SettingsEvidence {
            tolerance_us: micros(settings.tolerance),
            max_offset_us: micros(settings.max_offset),
            max_shift_us: micros(settings.max_shift),
            settle_us: micros(settings.settle),
        },
        window: Window {
            since: comparison.since,
            beginning: Some(beginning(&comparison.beginning)),
            until: settings.until,
            as_of: settings.as_of,
        },
        control: side(Side::Control),
        candidate: side(Side::Candidate),
        days: days(comparison, settings),
        clock: (&comparison.clock).into(),
        matched: comparison.matched,
        differences: total.differences(),
        classes: classes(&total),
        history: comparison.history.as_ref().map(history),
        self_test: self_test(comparison),
        verdict: comparison.verdict,
        reasons: comparison.reasons.clone(),
        doubts: Some(comparison.doubts.clone()),
    })
}

fn side(
    which: Side,
    comparison: &Comparison,
    total: &ClassCounts,
    run: &ParallelRun<'_>,
    absolute: &dyn Fn(&Path) -> String,
) -> SideEvidence {
    let (report, side, quarantined): (&SideReport, &dyn ParallelSide, u64) = match which {
        Side::Control => (&comparison.control, run.control, comparison.quarantined.control),
        Side::Candidate => (&comparison.candidate, run.candidate, comparison.quarantined.candidate),
    };
    let mut files = Vec::new();
    let mut store = None;
    for file in &report.files {
        let path = absolute(&file.path);
        match &file.facts {
            FeedFacts::File { bytes, sha256, prefix, .. } => files.push(FileEvidence {
                path,
                bytes: *bytes,
                sha256: sha256.clone(),
                prefix: prefix.clone().map(|(bytes, sha256)| Prefix { bytes, sha256 }),
                events: file.events,
            }),
            FeedFacts::Store { events, last_position } => {
                let last_position = i64::try_from(*last_position).unwrap_or(i64::MAX);
                store = Some(StoreEvidence { path, events: *events, last_position });
            }
        }
    }
    let of_side = Class::ALL.into_iter().filter(|class| class.is_of(which));
    SideEvidence {
        path: absolute(&report.path),
        kind: match side.medium() {
            Medium::File => SideKind::File,
            Medium::Folder => SideKind::Folder,
            Medium::Store(_) => SideKind::Store,
        },
        files,
        left_out: side
            .skipped()
            .iter()
            .map(|(path, reason)| LeftOutFile { path: absolute(path), reason: reason.clone() })
            .collect(),
        store,
        mapping: side.mapping().to_string(),
        events: report.events,
        quarantined,
        digest: report.digest.clone(),
        classes: of_side.map(|class| (class.as_str().to_owned(), total.of_side(class, which))).collect(),
    }
}

fn days(comparison: &Comparison, settings: &settings::Settings) -> Vec<DayEvidence> {
    let day_of = |time: DateTime<Utc>| settings.zone.day_of(time);
    let mut differing_types: BTreeMap<NaiveDate, BTreeMap<String, u64>> = BTreeMap::new();
    for cause in &comparison.by_cause {
        let of_day = differing_types.entry(cause.day).or_default();
        *of_day.entry(cause.event_type.clone()).or_default() += cause.count;
    }
    comparison
        .by_day
        .iter()
        .map(|day| {
            let counts = &day.counts;
            let side = |report: &SideReport, events: u64, pending: u64| {
                let digest = report.days.get(&day.day).cloned().unwrap_or_default();
                let DayDigest { digest, event_types, .. } = digest;
                // A record that is no event has no time: it is counted on no day.
                DaySide { events, digest, event_types, pending, quarantined: 0 }
            };
            let rules = comparison
                .ignored
                .iter()
                .filter_map(|rule| rule.by_day.get(&day.day).map(|pairs| (rule.field.clone(), *pairs)));
            DayEvidence {
                day: day.day,
                ended: day_of(settings.as_of - settings.settle) > day.day,
                whole: is_whole(day.day, &comparison.beginning, settings.until, &day_of),
                control: side(&comparison.control, counts.control, counts.pending.control),
                candidate: side(&comparison.candidate, counts.candidate, counts.pending.candidate),
                matched: counts.matched,
                differences: counts.differences(),
                classes: classes(counts),
                ignored: rules.collect(),
                differing_types: differing_types.remove(&day.day).unwrap_or_default(),
            }
        })
        .collect()
}

/// Whether all of a day of the control lies in the range.
fn is_whole(
    day: NaiveDate,
    beginning: &report::BeginningReport,
    until: Option<DateTime<Utc>>,
    day_of: &dyn Fn(DateTime<Utc>) -> NaiveDate,
) -> bool {
    let microsecond = TimeDelta::microseconds(1);
    let is_of_range = beginning.at.is_none_or(|at| day_of(at) <= day);
    let begins_before = is_of_range && beginning.partial_day != Some(day);
    begins_before && until.is_none_or(|until| day_of(until + microsecond) > day)
}

fn classes(counts: &ClassCounts) -> BTreeMap<String, u64> {
    Class::ALL.into_iter().map(|class| (class.as_str().to_owned(), counts.of(class))).collect()
}

fn beginning(beginning: &report::BeginningReport) -> BeginningEvidence {
    let report::BeginningReport { kind, at, earlier, .. } = *beginning;
    let kind = match kind {
        report::BeginningKind::All => BeginningKind::All,
        report::BeginningKind::Declared => BeginningKind::Declared,
        report::BeginningKind::Recorded => BeginningKind::Recorded,
        report::BeginningKind::Inferred => BeginningKind::Inferred,
    };
    BeginningEvidence { kind, at, earlier }
}

fn history(history: &report::HistoryReport) -> HistoryEvidence {
    HistoryEvidence {
        control: history.control,
        candidate: history.candidate,
        matched: history.matched,
        differences: history.missing + history.extra + history.different,
        classes: [("missing", history.missing), ("extra", history.extra), ("other", history.different)]
            .map(|(class, count)| (class.to_owned(), count))
            .into(),
        not_imported: Some(history.not_imported),
        not_imported_before: Some(history.not_imported_before),
        verdict: match history {
            report::HistoryReport { holds: false, .. } => Verdict::Different,
            report::HistoryReport { not_imported_before: 1.., .. } => Verdict::Inconclusive,
            _ => Verdict::Consistent,
        },
    }
}

fn self_test(comparison: &Comparison) -> SelfTestEvidence {
    let Some(test) = &comparison.self_test else {
        return SelfTestEvidence { passed: false, checks: Vec::new() };
    };
    let checks = test.checks.iter().map(|check| SelfTestCheck {
        name: check.name.to_owned(),
        outcome: match check.outcome {
            CheckOutcome::Held => SelfTestOutcome::Passed,
            CheckOutcome::NotApplicable(_) => SelfTestOutcome::NotApplicable,
        },
        detail: check.outcome.to_string(),
    });
    SelfTestEvidence { passed: test.passed, checks: checks.collect() }
}

/// The hash of a part of the settings, by its JSON form.
fn sha256_of(settings: &impl serde::Serialize) -> Result<String, EvidenceError> {
    let bytes = serde_json::to_vec(settings).map_err(EvidenceError::Form)?;
    Ok(data_encoding::HEXLOWER.encode(&Sha256::digest(&bytes)))
}

fn micros(span: TimeDelta) -> u64 {
    span.num_microseconds().unwrap_or(i64::MAX).unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::compare::memory_side::{MemorySide, compare_in_memory, event, settings};

    fn evidence(
        control: &MemorySide,
        candidate: &MemorySide,
        settings: &settings::Settings,
    ) -> ComparisonEvidence {
        compare_in_memory(settings, control, candidate, |run, comparison| {
            let recorded_at = "2025-10-26T01:02:03Z".parse().unwrap();
            of_comparison(comparison, run, recorded_at, &|path| format!("/logs/{}", path.display())).unwrap()
        })
    }

    #[test]
    fn a_record_says_what_was_compared_when_and_what_it_came_to() {
        let control = MemorySide::file("events.json", (0..4).map(event));
        let candidate = MemorySide::file("new.jsonl", (0..3).map(event));
        let found = evidence(&control, &candidate, &settings());
        assert_eq!(found.recorded_at.to_rfc3339(), "2025-10-26T01:02:03+00:00");
        assert_eq!((found.control.path.as_str(), found.control.kind), ("/logs/events.json", SideKind::File));
        assert_eq!((found.control.events, found.candidate.events), (4, 3));
        assert_eq!((found.verdict, found.matched, found.differences), (Verdict::Different, 3, 1));
        assert_eq!(found.reasons, ["1 event is missing from the candidate"]);
        assert!(found.self_test.passed && !found.self_test.checks.is_empty());
        assert_eq!(found.profile.sha256.len(), 64);
        assert_eq!(found.clock.anchors, 3);
    }

    #[test]
    fn the_classes_of_a_side_add_up_to_its_events_and_those_of_the_days_to_all() {
        let control = MemorySide::file("events.json", (0..40).map(event));
        let candidate = MemorySide::file("new.jsonl", (5..41).map(event));
        let found = evidence(&control, &candidate, &settings());
        for side in [&found.control, &found.candidate] {
            assert_eq!(side.classes.values().sum::<u64>(), side.events);
        }
        assert_eq!(
            (found.control.classes.get("extra"), found.candidate.classes.get("missing")),
            (None, None)
        );
        assert!(found.days.len() > 1);
        for class in Class::ALL {
            let of_days: u64 = found.days.iter().map(|day| day.classes[class.as_str()]).sum();
            assert_eq!(of_days, found.classes[class.as_str()], "{class:?}");
        }
        assert_eq!(found.differences, found.days.iter().map(|day| day.differences).sum::<u64>());
        for day in &found.days {
            assert_eq!(day.differing_types.values().sum::<u64>(), day.differences, "{}", day.day);
        }
    }

    #[test]
    fn a_day_that_a_bound_cuts_is_not_whole_and_one_that_has_not_settled_has_not_ended() {
        let sides = || MemorySide::file("log", (0..40).map(event));
        let settings = settings::Settings {
            since: Some("2025-10-20T03:00:00Z".parse().unwrap()),
            as_of: "2025-10-22T00:00:30Z".parse().unwrap(),
            ..settings()
        };
        let found = evidence(&sides(), &sides(), &settings);
        let told: Vec<_> = found.days.iter().map(|day| (day.day.to_string(), day.whole, day.ended)).collect();
        let expected = [("2025-10-20", false, true), ("2025-10-21", true, false)];
        assert_eq!(told, expected.map(|(day, whole, ended)| (day.to_owned(), whole, ended)));
    }

    #[test]
    fn the_history_of_a_store_and_the_files_that_were_not_read_are_recorded() {
        let control = MemorySide::legacy("events.json", (0..6).map(event));
        let mut candidate = MemorySide::store("events.db", (2..6).map(event), (0..2).map(event));
        candidate.skipped.push(("day.bz2".into(), "its compression is not supported".to_owned()));
        let found = evidence(&control, &candidate, &settings());
        let history = found.history.unwrap();
        assert_eq!((history.matched, history.verdict), (2, Verdict::Consistent));
        assert_eq!(history.classes["other"], 0);
        assert_eq!(found.candidate.kind, SideKind::Store);
        assert_eq!(found.candidate.left_out[0].path, "/logs/day.bz2");
        assert_eq!(found.verdict, Verdict::Inconclusive);
    }
}
