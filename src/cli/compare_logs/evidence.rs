//! A comparison of the configured logs as evidence.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use crate::application::compare::feed::FeedFacts;
use crate::application::compare::report::CheckOutcome;
use crate::application::compare::report::{ClassCounts, Comparison, DayDigest, PerSide, SideReport, Verdict};
use crate::application::evidence::{
    DayEvidence, DaySide, Evidence, EvidenceLog, FileEvidence, HistoryEvidence, LeftOutFile, Prefix, Profile,
    RuleEvidence, SelfTest, SelfTestCheck, SelfTestOutcome, Settings, SideEvidence, SideKind, StoreEvidence,
    Verdict as RecordedVerdict, Window,
};
use crate::cli::compare_logs::Pair;
use crate::cli::compare_logs::inputs::{Kind, Side};
use crate::cli::error::CliError;
use crate::cli::global::Context;
use crate::infrastructure::evidence::log::JsonlEvidenceLog;
use crate::wire::json::CANONICAL_FORM_VERSION;

/// Appends a comparison to the evidence, and says so.
pub fn record(comparison: &Comparison, pair: &Pair<'_>, context: &Context) -> Result<String, CliError> {
    let path = &context.config.evidence_path.value;
    let record = JsonlEvidenceLog::new(path).append(&evidence(comparison, pair))?;
    Ok(format!("recorded as number {} in {}", record.sequence, path.display()))
}

fn evidence(comparison: &Comparison, pair: &Pair<'_>) -> Evidence {
    let settings = &pair.settings;
    let profile = serde_json::to_vec(&settings.profile).unwrap_or_default();
    let rules = serde_json::to_vec(&settings.profile.ignore).unwrap_or_default();
    let total = comparison.by_day.iter().fold(BTreeMap::new(), |mut sum, day| {
        for (class, count) in classes(&day.counts) {
            *sum.entry(class).or_insert(0) += count;
        }
        sum
    });
    Evidence {
        recorded_at: Utc::now(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        canonical_form: CANONICAL_FORM_VERSION,
        profile: Profile { name: settings.profile.name.clone(), sha256: sha256(&profile) },
        rules: comparison
            .ignored
            .iter()
            .map(|rule| RuleEvidence {
                name: rule.field.clone(),
                reason: rule.reason.clone(),
                ignored: rule.pairs,
            })
            .collect(),
        rules_sha256: sha256(&rules),
        zone: settings.zone.name().to_owned(),
        settings: Settings {
            tolerance_us: micros(settings.tolerance),
            max_offset_us: micros(settings.max_offset),
            max_shift_us: micros(settings.max_shift),
            settle_us: micros(settings.settle),
        },
        window: Window { since: comparison.since, until: settings.until, as_of: settings.as_of },
        control: side(
            &comparison.control,
            pair.control,
            comparison.quarantined.control,
            comparison,
            Which::Control,
        ),
        candidate: side(
            &comparison.candidate,
            pair.candidate,
            comparison.quarantined.candidate,
            comparison,
            Which::Candidate,
        ),
        days: days(comparison, pair),
        clock: serde_json::to_value(&comparison.clock).unwrap_or_default(),
        matched: comparison.matched,
        differences: comparison.by_day.iter().map(|day| day.counts.differences()).sum(),
        classes: total,
        history: comparison.history.as_ref().map(|history| HistoryEvidence {
            control: history.control,
            candidate: history.candidate,
            matched: history.matched,
            differences: history.missing + history.extra + history.different,
            classes: [("missing", history.missing), ("extra", history.extra), ("other", history.different)]
                .map(|(class, count)| (class.to_owned(), count))
                .into(),
            verdict: if history.holds { RecordedVerdict::Consistent } else { RecordedVerdict::Different },
        }),
        self_test: self_test(comparison),
        verdict: match comparison.verdict {
            Verdict::Consistent => RecordedVerdict::Consistent,
            Verdict::Different => RecordedVerdict::Different,
            Verdict::Inconclusive => RecordedVerdict::Inconclusive,
        },
        reasons: comparison.reasons.clone(),
    }
}

#[derive(Clone, Copy)]
enum Which {
    Control,
    Candidate,
}

impl Which {
    fn of(self, counts: PerSide) -> u64 {
        match self {
            Self::Control => counts.control,
            Self::Candidate => counts.candidate,
        }
    }
}

fn side(
    report: &SideReport,
    side: &Side,
    quarantined: u64,
    comparison: &Comparison,
    which: Which,
) -> SideEvidence {
    let mut files = Vec::new();
    let mut store = None;
    for file in &report.files {
        let path = absolute(&file.path);
        match &file.facts {
            FeedFacts::File { bytes, sha256, prefix } => files.push(FileEvidence {
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
    let mut classes = BTreeMap::new();
    for day in &comparison.by_day {
        let both = [
            ("matched", day.counts.matched),
            ("ignored", day.counts.ignored),
            ("time_shifted", day.counts.time_shifted),
            ("changed", day.counts.changed),
            ("retyped", day.counts.retyped),
            ("misfiled", day.counts.misfiled),
            ("duplicated", which.of(day.counts.duplicated)),
            ("pending", which.of(day.counts.pending)),
            match which {
                Which::Control => ("missing", day.counts.missing),
                Which::Candidate => ("extra", day.counts.extra),
            },
        ];
        for (class, count) in both {
            *classes.entry(class.to_owned()).or_insert(0) += count;
        }
    }
    SideEvidence {
        path: absolute(&report.path),
        kind: match side.kind {
            Kind::File => SideKind::File,
            Kind::Folder(_) => SideKind::Folder,
            Kind::Store(_) => SideKind::Store,
        },
        files,
        left_out: side
            .skipped()
            .iter()
            .map(|(path, reason)| LeftOutFile { path: absolute(path), reason: reason.clone() })
            .collect(),
        store,
        mapping: side.mapping.to_string(),
        events: report.events,
        quarantined,
        digest: report.digest.clone(),
        classes,
    }
}

fn days(comparison: &Comparison, pair: &Pair<'_>) -> Vec<DayEvidence> {
    let settings = &pair.settings;
    let day_of = |time: DateTime<Utc>| settings.zone.day_of(time);
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
                whole: is_whole(day.day, comparison, settings.until, &day_of),
                control: side(&comparison.control, counts.control, counts.pending.control),
                candidate: side(&comparison.candidate, counts.candidate, counts.pending.candidate),
                matched: counts.matched,
                differences: counts.differences(),
                classes: classes(counts),
                ignored: rules.collect(),
            }
        })
        .collect()
}

/// Whether no bound of the range falls into a day.
fn is_whole(
    day: NaiveDate,
    comparison: &Comparison,
    until: Option<DateTime<Utc>>,
    day_of: &dyn Fn(DateTime<Utc>) -> NaiveDate,
) -> bool {
    let microsecond = TimeDelta::microseconds(1);
    let begins_before = comparison.since.is_none_or(|since| day_of(since - microsecond) < day);
    begins_before && until.is_none_or(|until| day_of(until + microsecond) > day)
}

fn classes(counts: &ClassCounts) -> BTreeMap<String, u64> {
    [
        ("matched", counts.matched),
        ("ignored", counts.ignored),
        ("time_shifted", counts.time_shifted),
        ("changed", counts.changed),
        ("retyped", counts.retyped),
        ("misfiled", counts.misfiled),
        ("missing", counts.missing),
        ("extra", counts.extra),
        ("duplicated", counts.duplicated.control + counts.duplicated.candidate),
        ("pending", counts.pending.control + counts.pending.candidate),
    ]
    .map(|(class, count)| (class.to_owned(), count))
    .into()
}

fn self_test(comparison: &Comparison) -> SelfTest {
    let Some(test) = &comparison.self_test else { return SelfTest { passed: false, checks: Vec::new() } };
    let checks = test.checks.iter().map(|check| SelfTestCheck {
        name: check.name.to_owned(),
        outcome: match check.outcome {
            CheckOutcome::Held => SelfTestOutcome::Passed,
            CheckOutcome::NotApplicable(_) => SelfTestOutcome::NotApplicable,
        },
        detail: check.outcome.to_string(),
    });
    SelfTest { passed: test.passed, checks: checks.collect() }
}

fn sha256(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}

fn micros(span: TimeDelta) -> u64 {
    span.num_microseconds().unwrap_or(i64::MAX).unsigned_abs()
}

fn absolute(path: &Path) -> String {
    let absolute: PathBuf = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    absolute.display().to_string()
}
