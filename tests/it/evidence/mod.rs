//! Evidence: what is recorded stays as it is, or shows that it did not.

mod appending;
mod chain;
mod commands;
mod converted;
mod earlier_versions;
mod inputs;

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};
use mission_events::internals::application::evidence::record::{
    ClockEvidence, ComparisonEvidence, DayEvidence, DaySide, ProfileEvidence, RuleEvidence, SelfTestCheck,
    SelfTestEvidence, SelfTestOutcome, SettingsEvidence, SideEvidence, SideKind, Verdict, Window,
};
use mission_events::internals::application::evidence::{Chain, Evidence, EvidenceLog, Line};
use mission_events::internals::infrastructure::evidence::log::JsonlEvidenceLog;

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A side that was compared without having a file or a store.
fn side(path: &Path) -> SideEvidence {
    SideEvidence {
        path: path.display().to_string(),
        kind: SideKind::File,
        files: Vec::new(),
        left_out: Vec::new(),
        store: None,
        mapping: String::new(),
        events: 2,
        quarantined: 0,
        digest: "0f".repeat(32),
        classes: BTreeMap::from([("matched".to_owned(), 2)]),
    }
}

/// The evidence of a small comparison; `number` tells one from another.
pub fn evidence(number: u64) -> Evidence {
    comparison(number).into()
}

fn comparison(number: u64) -> ComparisonEvidence {
    let day_side = || DaySide {
        events: 2,
        digest: "0f".repeat(32),
        event_types: vec!["TaskCreated".to_owned()],
        pending: 0,
        quarantined: 0,
    };
    let classes = BTreeMap::from([("matched".to_owned(), 2)]);
    ComparisonEvidence {
        recorded_at: time("2025-10-26T01:02:03.25Z"),
        tool_version: "0.1.0".to_owned(),
        canonical_form: 1,
        profile: ProfileEvidence {
            name: "mission-control".to_owned(),
            sha256: "ab".repeat(32),
            event_types: Default::default(),
            one_sided: ["metadata".to_owned()].into(),
        },
        rules: vec![RuleEvidence {
            name: "cost".to_owned(),
            reason: "\"new\" only\n".to_owned(),
            ignored: 0,
        }],
        rules_sha256: "cd".repeat(32),
        zone: "Europe/Berlin".to_owned(),
        settings: SettingsEvidence {
            tolerance_us: 2_000_000,
            max_offset_us: 300_000_000,
            max_shift_us: 3_600_000_000,
            settle_us: 60_000_000,
        },
        window: Window {
            since: Some(time("2025-10-20T00:00:00Z")),
            beginning: None,
            until: None,
            as_of: time("2025-10-26T01:02:00Z"),
        },
        control: side(Path::new("/logs/events.json")),
        candidate: side(Path::new("/logs/days")),
        days: vec![DayEvidence {
            day: "2025-10-25".parse().unwrap(),
            ended: true,
            whole: true,
            control: day_side(),
            candidate: day_side(),
            matched: 2,
            differences: 0,
            classes: classes.clone(),
            ignored: BTreeMap::new(),
            differing_types: BTreeMap::new(),
        }],
        clock: ClockEvidence {
            anchors: number,
            spread: Some(Default::default()),
            histogram: Some(Vec::new()),
            ..ClockEvidence::default()
        },
        matched: 2,
        differences: 0,
        classes,
        history: None,
        self_test: SelfTestEvidence {
            passed: true,
            checks: vec![SelfTestCheck {
                name: "drop".to_owned(),
                outcome: SelfTestOutcome::NotApplicable,
                detail: "Zürich".to_owned(),
            }],
        },
        verdict: Verdict::Consistent,
        reasons: Vec::new(),
        doubts: Some(Vec::new()),
    }
}

fn record(path: &Path, count: u64) {
    let log = JsonlEvidenceLog::new(path);
    for number in 1..=count {
        log.append(&evidence(number)).unwrap();
    }
}

fn lines(path: &Path) -> Vec<Line> {
    JsonlEvidenceLog::new(path).lines().unwrap().unwrap()
}

fn chain(path: &Path) -> Chain {
    Chain::of(&lines(path))
}

/// The lines of a log with that many records.
fn recorded_lines(count: u64) -> Vec<Line> {
    let dir = crate::support::test_dir::TestDir::new();
    let path = dir.join("evidence.jsonl");
    record(&path, count);
    lines(&path)
}
