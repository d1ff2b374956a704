use super::selftest::{MemoryFeed, MemoryScratch};
use super::settings::Settings;
use super::*;
use crate::application::compare::profile::Profile;
use crate::application::compare::report::Verdict;
use crate::domain::zone::Zone;
use chrono::{TimeDelta, Utc};

fn settings() -> Settings {
    Settings {
        zone: Zone::utc(),
        profile: Profile::default(),
        tolerance: TimeDelta::seconds(2),
        max_shift: TimeDelta::hours(1),
        max_offset: TimeDelta::minutes(5),
        settle: TimeDelta::seconds(60),
        as_of: "2026-01-01T00:00:00Z".parse::<chrono::DateTime<Utc>>().unwrap(),
        as_of_is_declared: true,
        since: None,
        until: None,
        memory: 64 << 20,
        limit: 100,
    }
}

fn input(records: &[String]) -> Input {
    Input {
        path: PathBuf::from("memory"),
        mapping: Mapping::BuiltIn,
        feeds: vec![Box::new(MemoryFeed::new(records.to_vec()))],
        skipped: Vec::new(),
    }
}

fn compared(control: &[String], candidate: &[String]) -> Comparison {
    compare(&settings(), input(control), input(candidate), Box::new(MemoryScratch::default())).unwrap()
}

fn legacy(second: u32, task: &str, title: &str) -> String {
    format!(
        r#"{{"type": "TaskCreated", "task_id": "{task}", "title": "{title}", "timestamp": "2025-10-20T10:00:{second:02}"}}"#
    )
}

fn new(second: u32, task: &str, title: &str) -> String {
    format!(
        r#"{{"event_id": "{task}-{second}-{title}", "event_type": "TaskCreated", "timestamp": "2025-10-20T10:00:{second:02}.004+00:00", "aggregate_id": "{task}", "task_id": "{task}", "title": "{title}", "priority": "P1", "status": "NOT_STARTED", "metadata": {{}}}}"#
    )
}

#[test]
fn a_legacy_log_and_a_new_log_of_the_same_life_are_consistent() {
    let control = [legacy(1, "T1", "a"), legacy(20, "T2", "b"), legacy(40, "T3", "c")];
    let candidate = [new(40, "T3", "c"), new(1, "T1", "a"), new(20, "T2", "b")];
    let found = compared(&control, &candidate);
    assert_eq!((found.verdict, found.matched), (Verdict::Consistent, 3), "{:?}", found.reasons);
}

#[test]
fn each_class_of_difference_is_named() {
    let same =
        |record: fn(u32, &str, &str) -> String| (0..6).map(move |i| record(i, &format!("S{i}"), "same"));
    let control = [
        legacy(1, "T1", "a"),
        legacy(10, "T2", "b"),
        legacy(20, "T3", "c"),
        legacy(30, "T4", "d"),
        legacy(40, "T5", "e"),
    ];
    let control: Vec<String> = control.into_iter().chain(same(legacy)).collect();
    let candidate = [
        new(1, "T1", "a"),
        new(1, "T1", "a").replace("T1-1", "T1-x"),
        new(10, "T2", "x"),
        new(20, "T3", "c").replace("TaskCreated", "TaskUpdated"),
        new(30, "T9", "d"),
        new(40, "T5", "e").replace("10:00:40", "10:30:40"),
        new(50, "T7", "z"),
    ];
    let candidate: Vec<String> = candidate.into_iter().chain(same(new)).collect();
    let found = compared(&control, &candidate);
    let counts = (
        found.matched,
        found.duplicated.candidate,
        found.changed,
        found.retyped,
        found.misfiled,
        found.time_shifted,
        found.extra,
        found.missing,
    );
    assert_eq!(counts, (7, 1, 1, 1, 1, 1, 1, 0), "{:#?}", found.differences);
    assert_eq!(found.verdict, Verdict::Different);
}
