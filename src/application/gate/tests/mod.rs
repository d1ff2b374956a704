//! The criteria, over facts in memory.

mod backups;
mod cases;
mod days;
mod each_alone;
mod finalised;
mod mirrors;
mod not_known;
mod rules;
mod states;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::*;
use crate::application::evidence::record::{
    BeginningEvidence, BeginningKind, ClockEvidence, ComparisonEvidence, DayEvidence, DaySide,
    HistoryEvidence, ProfileEvidence, SelfTestEvidence, SettingsEvidence, SideEvidence, SideKind, Verdict,
    Window,
};
use crate::application::evidence::{
    Chain, Evidence, EvidenceRecord, NO_PREVIOUS, RecordedVerification, Rehearsal, RehearsalEvidence,
    RehearsalFindings, VerificationEvidence, VerifiedBackup, line_hash,
};
use crate::application::figures::{FiguresLine, Latencies, RecordedFigures};
use crate::application::handling::store::{HandlerState, OpenFailures};
use crate::application::handling::{HandlerKind, HandlerStatus};
use crate::application::mode_log::ModeChange;
use crate::domain::event::DomainEvent;
use crate::domain::event_system_mode::Routing;
use crate::domain::repository::{EventOrigin, StoredEvent};
use crate::domain::value_objects::Position;
use crate::wire::zone::Zone;

const CONTROL: &str = "/data/events.json";
const CANDIDATE: &str = "/data/events.db";
/// Events of each day.
const EVENTS: u64 = 10;

/// A day of October 2025.
fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 10, day).unwrap()
}

/// A time of a day.
fn at(date: NaiveDate, hour: u32, minute: u32) -> DateTime<Utc> {
    date.and_time(NaiveTime::from_hms_opt(hour, minute, 0).unwrap()).and_utc()
}

/// What the gate is given: seven clean days from the 21st to the 27th, judged on the 28th at noon.
struct Case {
    settings: GateSettings,
    facts: GateFacts,
    /// One a night, each over all days before.
    comparisons: Vec<ComparisonEvidence>,
    rehearsals: Vec<RehearsalEvidence>,
    verifications: Vec<VerificationEvidence>,
}

impl Case {
    fn new() -> Self {
        Self::of_days(21..=27)
    }

    fn of_days(days: std::ops::RangeInclusive<u32>) -> Self {
        let dates: Vec<NaiveDate> = days.clone().map(day).collect();
        let now = at(*dates.last().unwrap() + Days::new(1), 12, 0);
        let last_night = at(*dates.last().unwrap() + Days::new(1), 0, 10);
        let log = LogFacts {
            days: dates.iter().map(|day| (*day, EVENTS)).collect(),
            left_out: BTreeMap::new(),
            tasks: tasks(&[created("T1", 1, "Pack")]),
        };
        let figures = RecordedFigures {
            lines: dates.iter().map(|day| figures(*day, EVENTS, 2)).collect(),
            damage: Vec::new(),
        };
        Self {
            settings: GateSettings {
                gate: Gate::Cutover,
                days: 7,
                zone: Zone::utc(),
                control: CONTROL.to_owned(),
                candidate: CANDIDATE.to_owned(),
                routing: Routing::of(false, true, BTreeSet::new()),
                backup_hours: 24,
            },
            facts: GateFacts {
                now,
                zone: Zone::utc(),
                evidence: Chain::default(),
                backups: BTreeSet::from([("/backups/2025".to_owned(), Some("ab".repeat(32)))]),
                inputs: Vec::new(),
                control: Ok(log.clone()),
                candidate: Ok(log),
                handlers: Ok(Some(vec![HandlerFacts {
                    status: running("task_state"),
                    failures: Vec::new(),
                }])),
                mirrors: Ok(Vec::new()),
                undecided: Ok(Vec::new()),
                figures: Ok(Some(figures)),
                mode_changes: Ok(Vec::new()),
                complaints: Ok(Vec::new()),
            },
            comparisons: days
                .map(|last| comparison(&dates[0..=(last as usize - 21).min(dates.len() - 1)]))
                .collect(),
            rehearsals: vec![rehearsal(Rehearsal::Rollback, Verdict::Consistent, last_night)],
            verifications: vec![verification(Verdict::Consistent, last_night)],
        }
    }

    /// The last comparison.
    fn last(&mut self) -> &mut ComparisonEvidence {
        self.comparisons.last_mut().unwrap()
    }

    /// What the last comparison says of a day.
    fn entry(&mut self, day: NaiveDate) -> &mut DayEvidence {
        self.last().days.iter_mut().find(|entry| entry.day == day).unwrap()
    }

    /// Judges it, with the evidence in a log.
    fn judged(mut self) -> GateReport {
        let comparisons = self.comparisons.into_iter().map(Evidence::from);
        let rehearsals = self.rehearsals.into_iter().map(Evidence::from);
        let verifications = self.verifications.into_iter().map(Evidence::from);
        let lines = lines(comparisons.chain(rehearsals).chain(verifications));
        if self.facts.evidence.faults.is_empty() {
            self.facts.evidence = Chain::of(&lines);
        }
        judge(&self.settings, &self.facts, "evidence.jsonl".to_owned())
    }
}

/// What the gate says after a change to the case.
fn judged(change: impl FnOnce(&mut Case)) -> GateReport {
    let mut case = Case::new();
    change(&mut case);
    case.judged()
}

/// The criteria that do not hold.
fn not_held(report: &GateReport) -> Vec<(CriterionName, CriterionVerdict)> {
    let criteria = report.criteria.iter().filter(|criterion| criterion.verdict != CriterionVerdict::Holds);
    criteria.map(|criterion| (criterion.name, criterion.verdict)).collect()
}

fn criterion(report: &GateReport, name: CriterionName) -> &Criterion {
    report.criteria.iter().find(|criterion| criterion.name == name).unwrap()
}

/// The lines of an evidence log.
fn lines(evidence: impl Iterator<Item = Evidence>) -> Vec<Vec<u8>> {
    let mut previous = NO_PREVIOUS.to_owned();
    let line = |(sequence, evidence)| {
        let record = EvidenceRecord { sequence, previous: previous.clone(), evidence };
        let line = serde_json::to_vec(&record).unwrap();
        previous = line_hash(&line);
        line
    };
    (1..).zip(evidence).map(line).collect()
}

/// A comparison in the night after the last of these days.
fn comparison(days: &[NaiveDate]) -> ComparisonEvidence {
    let night = at(*days.last().unwrap() + Days::new(1), 0, 5);
    let side = |path: &str, kind| SideEvidence {
        path: path.to_owned(),
        kind,
        files: Vec::new(),
        left_out: Vec::new(),
        store: None,
        mapping: "built-in".to_owned(),
        events: EVENTS * days.len() as u64,
        quarantined: 0,
        digest: "0f".repeat(32),
        classes: BTreeMap::new(),
    };
    ComparisonEvidence {
        recorded_at: night,
        tool_version: "0.1.0".to_owned(),
        canonical_form: 1,
        profile: ProfileEvidence {
            name: "mission-control".to_owned(),
            sha256: "ab".repeat(32),
            event_types: BTreeSet::new(),
            one_sided: ["metadata", "priority", "status"].map(str::to_owned).into(),
        },
        rules: Vec::new(),
        rules_sha256: "cd".repeat(32),
        zone: "UTC".to_owned(),
        settings: SettingsEvidence {
            tolerance_us: 2_000_000,
            max_offset_us: 300_000_000,
            max_shift_us: 3_600_000_000,
            settle_us: 60_000_000,
        },
        window: Window {
            since: Some(at(days[0], 0, 0)),
            beginning: Some(BeginningEvidence {
                kind: BeginningKind::Recorded,
                at: Some(at(days[0], 0, 0) - TimeDelta::hours(6)),
                earlier: 0,
            }),
            until: None,
            as_of: night,
        },
        control: side(CONTROL, SideKind::File),
        candidate: side(CANDIDATE, SideKind::Store),
        days: days.iter().map(|day| entry(*day)).collect(),
        clock: ClockEvidence::default(),
        matched: EVENTS * days.len() as u64,
        differences: 0,
        classes: BTreeMap::new(),
        history: Some(HistoryEvidence {
            control: 70,
            candidate: 70,
            matched: 70,
            differences: 0,
            classes: BTreeMap::new(),
            not_imported: Some(0),
            not_imported_before: Some(0),
            verdict: Verdict::Consistent,
        }),
        self_test: SelfTestEvidence { passed: true, checks: Vec::new() },
        verdict: Verdict::Consistent,
        reasons: Vec::new(),
        doubts: Some(Vec::new()),
    }
}

/// A clean day.
fn entry(day: NaiveDate) -> DayEvidence {
    let side = || DaySide {
        events: EVENTS,
        digest: "0f".repeat(32),
        event_types: vec!["TaskCreated".to_owned()],
        pending: 0,
        quarantined: 0,
    };
    DayEvidence {
        day,
        ended: true,
        whole: true,
        control: side(),
        candidate: side(),
        matched: EVENTS,
        differences: 0,
        classes: BTreeMap::from([("matched".to_owned(), EVENTS)]),
        ignored: BTreeMap::new(),
        differing_types: BTreeMap::new(),
    }
}

fn rehearsal(rehearsal: Rehearsal, verdict: Verdict, recorded_at: DateTime<Utc>) -> RehearsalEvidence {
    let findings = RehearsalFindings {
        control: CONTROL.to_owned(),
        candidate: CANDIDATE.to_owned(),
        events: 70,
        verdict,
        reasons: Vec::new(),
        elapsed_seconds: 0.5,
    };
    RehearsalEvidence { rehearsal, recorded_at, tool_version: "0.1.0".to_owned(), findings }
}

/// Of a backup that was made at that time.
fn verification(verdict: Verdict, made_at: DateTime<Utc>) -> VerificationEvidence {
    let backup = VerifiedBackup {
        path: "/backups/2025".to_owned(),
        made_at: Some(made_at),
        manifest_sha256: Some("ab".repeat(32)),
    };
    let verified = RecordedVerification {
        store: CANDIDATE.to_owned(),
        backend: "sqlite".to_owned(),
        backup: Some(backup),
        events: 70,
        last_position: Some(70),
        digest: "0f".repeat(32),
        verdict,
        reasons: Vec::new(),
        elapsed_seconds: 0.5,
    };
    VerificationEvidence::new(verified, made_at + TimeDelta::minutes(1))
}

fn running(name: &str) -> HandlerStatus {
    HandlerStatus {
        name: name.to_owned(),
        kind: HandlerKind::Projection,
        event_types: None,
        handled: 70,
        behind: Default::default(),
        open: OpenFailures::default(),
        state: Some(HandlerState::Running),
        reason: None,
        is_ahead: false,
        next_retry: None,
    }
}

/// So many dispatches of a day, each of so many milliseconds.
fn figures(day: NaiveDate, dispatches: u64, ms: u64) -> (FiguresLine, Latencies) {
    let mut latencies = Latencies::default();
    (0..dispatches).for_each(|_| latencies.record(Duration::from_millis(ms)));
    let line = FiguresLine {
        day,
        from: at(day, 9, 0),
        to: at(day, 9, 1),
        pid: 1,
        mode: "parallel_events".to_owned(),
        dispatches,
        over_10ms: 0,
        p50_us: None,
        p99_us: None,
        max_us: None,
        mean_us: None,
        histogram: None,
        primary_failures: 0,
        secondary_failures: 0,
    };
    (line, latencies)
}

fn switched(at: DateTime<Utc>, use_new: bool, parallel: bool) -> ModeChange {
    let to = Routing::of(use_new, parallel, BTreeSet::new());
    ModeChange { at, from: None, to, heads: Vec::new(), legacy_end: None }
}

/// An event about a task, on the 21st at the given minute of nine o'clock.
fn event(position: i64, event_type: &str, task: &str, fields: &str) -> StoredEvent {
    let text = format!(
        r#"{{"event_id": "e{position}", "event_type": "{event_type}", "timestamp": "2025-10-21T09:{position:02}:00Z", "aggregate_id": "{task}", "task_id": "{task}"{fields}}}"#
    );
    let event = DomainEvent::from_json(&text, &Zone::utc()).unwrap();
    StoredEvent { position: Position::new(position), origin: EventOrigin::Saved, event }
}

fn created(task: &str, position: i64, title: &str) -> StoredEvent {
    event(position, "TaskCreated", task, &format!(r#", "title": "{title}""#))
}

fn tasks(events: &[StoredEvent]) -> TaskStates {
    let mut replay = task_states::TaskReplay::new(&Zone::utc());
    events.iter().for_each(|event| replay.apply(event).unwrap());
    replay.into_states()
}
