//! `status`: why the mode is what it is, growth, dispatching, and the last comparison.

use std::fs;
use std::time::Duration;

use chrono::{Days, Utc};
use mission_events::dispatch::{
    DispatchOutcome, DispatchRecorder, EventSystemMode, JsonlDispatchFigures, SqliteHandlerStore, SystemClock,
};
use serde_json::{Value, json};

use crate::support::cli::{cli, write};
use crate::support::test_dir::TestDir;
use crate::support::utc;

fn status(dir: &TestDir, settings: &[(&str, &str)]) -> Value {
    let cli = settings.iter().fold(cli(dir).without_flag(), |cli, (name, value)| {
        cli.env(&format!("MISSION_CONTROL_{name}"), value)
    });
    cli.run("-q status --format json").json()
}

fn event(id: &str, day: &str) -> String {
    format!(r#"{{"event_id": "{id}", "event_type": "A", "timestamp": "{day}T10:00:00Z"}}"#)
}

#[cfg(feature = "legacy")]
#[test]
fn the_mode_is_told_with_the_settings_that_select_it_and_the_sides() {
    let dir = TestDir::new();
    let settings = [("PARALLEL_RUN", "true"), ("NEW_EVENT_TYPES", "B,A")];
    let found = status(&dir, &settings);
    assert_eq!(
        found["why"],
        "use_new_event_system = False, by Default (False); \
         parallel_run = True, by Environment (MISSION_CONTROL_PARALLEL_RUN=true); \
         new_event_types = A, B, by Environment (MISSION_CONTROL_NEW_EVENT_TYPES=B,A)"
    );
    assert_eq!(
        found["sides"],
        json!({"primary": "legacy", "secondary": "new", "new_event_types": ["A", "B"]})
    );
    let human =
        cli(&dir).without_flag().env("MISSION_CONTROL_PARALLEL_RUN", "true").run("-q status").result();
    assert!(human.contains("\nsides    legacy is primary, new is secondary\n"), "{human}");
}

#[test]
fn with_the_new_system_alone_there_is_no_other_side() {
    let found = status(&TestDir::new(), &[("USE_NEW_EVENT_SYSTEM", "true")]);
    assert_eq!(found["sides"], json!({"primary": "new", "secondary": null, "new_event_types": []}));
}

#[test]
fn growth_is_told_of_both_stores_by_the_days_of_the_last_two_weeks() {
    let dir = TestDir::new();
    let today = Utc::now().date_naive();
    let day = |ago: u64| (today - Days::new(ago)).to_string();
    let (recent, last, before) = (day(1), day(13), day(14));
    let mut all = String::new();
    for (id, day) in [("e1", &recent), ("e2", &recent), ("e3", &last), ("e4", &before)] {
        let path = format!("data/events/events-{day}.jsonl");
        let line = format!("{}\n", event(id, day));
        let earlier = fs::read_to_string(dir.join(&path)).unwrap_or_default();
        write(&dir, &path, earlier + &line);
        all.push_str(&line);
    }
    write(&dir, "log.jsonl", all);
    assert_eq!(cli(&dir).run("-q import-legacy log.jsonl").code, 0);
    let bytes = event("e1", &recent).len();
    let days = json!([
        {"day": last, "events": 1, "bytes": bytes},
        {"day": recent, "events": 2, "bytes": 2 * bytes},
    ]);
    let found = status(&dir, &[]);
    assert_eq!(
        found["growth"],
        json!([{"backend": "jsonl", "days": days}, {"backend": "sqlite", "days": days}])
    );
}

#[test]
fn what_was_dispatched_is_told_by_day() {
    let dir = TestDir::new();
    let log = JsonlDispatchFigures::new(&dir.join("data/dispatch-figures.jsonl"));
    let recorder =
        DispatchRecorder::start(Box::new(log), std::sync::Arc::new(SystemClock::default()), utc(), 1);
    let before = Utc::now().date_naive().to_string();
    for (millis, outcome) in
        [(1, DispatchOutcome::Taken), (20, DispatchOutcome::Taken), (9, DispatchOutcome::PrimaryFailed)]
    {
        recorder.record(EventSystemMode::NewEvents, Duration::from_millis(millis), outcome);
    }
    recorder.shut_down();
    let found = status(&dir, &[]);
    let days = found["dispatching"].as_array().unwrap();
    assert!(days[0]["day"].as_str().unwrap() >= before.as_str());
    // A midnight may have come in between.
    let sum = |key: &str| days.iter().map(|day| day[key].as_u64().unwrap()).sum::<u64>();
    assert_eq!([sum("dispatches"), sum("over_10ms"), sum("primary_failures")], [2, 1, 1]);
}

#[test]
fn the_last_comparison_is_told_whatever_came_before_it() {
    let dir = TestDir::new();
    assert_eq!(status(&dir, &[])["last_comparison"], Value::Null);
    let day = "2025-10-25";
    write(&dir, "data/events.json", format!("[{}]", event("e1", day)));
    write(&dir, "data/events/events-2025-10-25.jsonl", format!("{}\n", event("e2", day)));
    let settings = [("TIMEZONE", "UTC")];
    cli(&dir).run("-q compare-logs");
    write(&dir, "data/events/events-2025-10-25.jsonl", format!("{}\n", event("e1", day)));
    let second = cli(&dir).run("-q compare-logs");
    let last = &status(&dir, &settings)["last_comparison"];
    assert_eq!((&last["sequence"], &last["verdict"]), (&json!(2), &json!("consistent")), "{}", second.stdout);
}

#[test]
fn a_handler_store_that_knows_no_handler_needs_no_store_of_events() {
    let dir = TestDir::new();
    SqliteHandlerStore::open(dir.join("data/handlers.db")).unwrap();
    // As the legacy system alone has it.
    assert_eq!(status(&dir, &[])["handlers"]["handlers"], json!([]));
    let run = cli(&dir).env("MISSION_CONTROL_TIMEZONE", "UTC").run("-q doctor --format json");
    assert!(!run.stdout.contains("\"could_not_look\": true"), "{}", run.stdout);
}

#[test]
fn a_part_that_cannot_be_looked_at_is_told_beside_the_rest_and_exits_with_4() {
    for name in ["data/evidence.jsonl", "data/dispatch-figures.jsonl"] {
        let dir = TestDir::new();
        fs::create_dir_all(dir.join(name)).unwrap();
        let run = cli(&dir).run("-q status --format json");
        assert_eq!(run.code, 4, "{name}");
        let found: Value = serde_json::from_str(&run.stdout).unwrap();
        let problem = found["problems"][0].as_str().unwrap();
        assert!(problem.contains(name) && problem.contains("expected a file"), "{problem}");
    }
}
