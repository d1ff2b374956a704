//! `cutover-check`, by the program: the evidence is what compare-logs has recorded, the rest is what dispatching and handlers have left.
//!
//! What each criterion decides is tested over facts in memory: `src/application/gate/tests/`.

mod html_report;
#[cfg(feature = "legacy")]
mod whole_life;

use std::fs;
use std::path::Path;
use std::time::Duration;

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use mission_events::compare::JsonlEvidenceLog;
use mission_events::compare::Verdict;
use mission_events::compare::evidence::{Rehearsal, RehearsalFindings, record_rehearsal};
use mission_events::dispatch::{FiguresLine, FiguresLog, JsonlDispatchFigures, Latencies, SystemClock};
use serde_json::Value;

use crate::support::cli::{Run, cli, write};
use crate::support::test_dir::TestDir;

/// Events of each day.
const EVENTS: u64 = 4;

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 10, day).unwrap()
}

/// Runs the program where nothing is to be warned of.
fn run(dir: &TestDir, line: &str) -> Run {
    cli(dir).env("MISSION_CONTROL_TIMEZONE", "UTC").run(line)
}

/// What the gate says as JSON, and its exit code.
fn gate(dir: &TestDir, flags: &str) -> (i32, Value) {
    let run = run(dir, &format!("--format json cutover-check {flags}"));
    (run.code, serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}")))
}

/// The criteria that came to this.
fn criteria(report: &Value, verdict: &str) -> Vec<String> {
    let criteria = report["criteria"].as_array().unwrap().iter();
    let found = criteria.filter(|criterion| criterion["verdict"] == verdict);
    found.map(|criterion| criterion["criterion"].as_str().unwrap().to_owned()).collect()
}

fn first_reason(report: &Value, name: &str) -> String {
    let mut criteria = report["criteria"].as_array().unwrap().iter();
    let criterion = criteria.find(|criterion| criterion["criterion"] == name).unwrap();
    criterion["reasons"][0].as_str().unwrap().to_owned()
}

/// Both logs have these days, each event by its own clock.
fn write_logs(dir: &TestDir, days: std::ops::RangeInclusive<u32>) {
    let mut legacy = Vec::new();
    for day in days {
        let mut new = String::new();
        for number in 0..EVENTS {
            let (task, time) = (format!("T{day}-{number}"), format!("2025-10-{day}T09:{number:02}"));
            legacy.push(format!(
                r#"{{"type": "TaskCreated", "task_id": "{task}", "title": "Task {task}", "timestamp": "{time}:00"}}"#
            ));
            new.push_str(&format!(
                r#"{{"event_id": "e-{task}", "event_type": "TaskCreated", "timestamp": "{time}:00.004000+00:00", "aggregate_id": "{task}", "task_id": "{task}", "title": "Task {task}", "priority": "P1", "metadata": {{}}}}"#
            ));
            new.push('\n');
        }
        write(dir, &format!("data/events/events-2025-10-{day}.jsonl"), new);
    }
    write(dir, "data/events.json", format!("[{}]", legacy.join(", ")));
}

/// As if so many events had been dispatched on each of these days, each within two milliseconds.
fn write_figures(dir: &TestDir, days: impl Iterator<Item = NaiveDate>, dispatches: u64) {
    let path = dir.join("data/dispatch-figures.jsonl");
    let _ = fs::remove_file(&path);
    let mut latencies = Latencies::default();
    (0..dispatches).for_each(|_| latencies.record(Duration::from_millis(2)));
    let line = |day: NaiveDate| {
        let from = day.and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(9);
        FiguresLine {
            day,
            from,
            to: from + TimeDelta::minutes(1),
            pid: 1,
            mode: "parallel_events".to_owned(),
            dispatches,
            over_10ms: 0,
            p50_us: latencies.quantile(0.5),
            p99_us: latencies.quantile(0.99),
            max_us: latencies.max(),
            mean_us: latencies.mean(),
            histogram: latencies.to_base64(),
            primary_failures: 0,
            secondary_failures: 0,
        }
    };
    JsonlDispatchFigures::new(&path).append(&days.map(line).collect::<Vec<_>>()).unwrap();
}

/// As if the rollback had been rehearsed.
fn rehearse_rollback(dir: &TestDir) {
    let absolute = |path: &str| fs::canonicalize(dir.join(path)).unwrap().display().to_string();
    let findings = RehearsalFindings {
        control: absolute("data/events.json"),
        candidate: absolute("data/events"),
        events: 3 * EVENTS,
        verdict: Verdict::Consistent,
        reasons: Vec::new(),
        elapsed_seconds: 0.1,
    };
    let log = JsonlEvidenceLog::new(&dir.join("data/evidence.jsonl"));
    record_rehearsal(Rehearsal::Rollback, findings, &log, &SystemClock::default()).unwrap();
}

/// A backup is made and verified.
fn back_up(dir: &TestDir) {
    for line in ["-q backup --to backups", "-q verify backups"] {
        assert_eq!(run(dir, line).code, 0, "{line}");
    }
}

/// Everything is as it is to be, for three days.
fn ready() -> TestDir {
    let dir = TestDir::new();
    write_logs(&dir, 20..=22);
    write_figures(&dir, (20..=22).map(day), EVENTS);
    assert_eq!(run(&dir, "compare-logs --since 2025-10-20").code, 0);
    assert_eq!(run(&dir, "handlers run").code, 0);
    rehearse_rollback(&dir);
    back_up(&dir);
    dir
}

/// Alters the title of a task in a file.
fn alter(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from} in {}", path.display());
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

#[test]
fn it_is_go_over_recorded_days_and_tells_more_with_explain() {
    let dir = ready();
    let (code, report) = gate(&dir, "--days 3");
    assert_eq!((code, &report["verdict"]), (0, &"go".into()), "{report:#}");
    assert_eq!((&report["clean_days"], &report["since"]), (&3.into(), &"2025-10-20".into()));
    assert_eq!(criteria(&report, "holds").len(), 18);

    let short = run(&dir, "cutover-check --days 3").result();
    assert!(short.ends_with("\n\nGO for the cutover: all 18 criteria hold\n"), "{short}");
    let explained = run(&dir, "cutover-check --days 3 --explain").result();
    for told in ["\nlatency: holds\n    A dispatch of this period took", "\n2025-10-22 ", "quiet"] {
        assert!(explained.contains(told), "{told}: {explained}");
    }

    let (code, report) = gate(&dir, "");
    assert_eq!(
        (code, criteria(&report, "not-enough-evidence")),
        (3, vec!["clean_days".to_owned()]),
        "{report:#}"
    );
    assert_eq!(
        first_reason(&report, "clean_days"),
        "4 more days with events have to be compared after they have ended"
    );
}

#[test]
fn an_edited_line_of_the_evidence_is_found_and_a_day_that_was_red_stays_red() {
    let dir = ready();
    let store = dir.join("data/events/events-2025-10-21.jsonl");
    alter(&store, "Task T21-2", "Task T21-X");
    assert_eq!(run(&dir, "compare-logs --since 2025-10-20").code, 1);
    alter(&store, "Task T21-X", "Task T21-2");
    assert_eq!(run(&dir, "compare-logs --since 2025-10-20").code, 0);
    let (code, report) = gate(&dir, "--days 3");
    assert_eq!((code, criteria(&report, "fails")), (1, vec!["clean_days".to_owned()]), "{report:#}");
    let red = "2025-10-21: 2 differences: 1 extra, 1 missing (record 5); a later comparison changes nothing";
    assert_eq!(first_reason(&report, "clean_days"), red);
    assert_eq!(gate(&dir, "--days 1").0, 0, "the days after it are clean");

    alter(&dir.join("data/evidence.jsonl"), r#""verdict":"different""#, r#""verdict":"consistent""#);
    let (code, report) = gate(&dir, "--days 3");
    assert_eq!((code, criteria(&report, "fails")), (1, vec!["evidence".to_owned()]), "{report:#}");
}

#[test]
fn a_backup_is_asked_for_unless_the_setting_says_that_none_is() {
    let dir = ready();
    write(&dir, "mission-events.toml", "timezone = 'UTC'\n[cutover]\nbackup_hours = 0\n");
    let (code, report) = gate(&dir, "--days 3");
    assert_eq!((code, criteria(&report, "holds").len()), (0, 17), "{report:#}");
    fs::remove_file(dir.join("mission-events.toml")).unwrap();
    assert_eq!(gate(&dir, "--days 3").0, 0);
    let database = fs::read_dir(dir.join("backups")).unwrap().find_map(|entry| {
        let path = entry.unwrap().path().join("handlers.db");
        path.exists().then_some(path)
    });
    let database = database.unwrap();
    let mut bytes = fs::read(&database).unwrap();
    bytes[1_000] ^= 1;
    fs::remove_file(&database).unwrap();
    fs::write(&database, bytes).unwrap();
    assert_eq!(run(&dir, "-q verify backups").code, 1);
    let (code, report) = gate(&dir, "--days 3");
    assert_eq!((code, criteria(&report, "fails")), (1, vec!["backup".to_owned()]), "{report:#}");
}

#[test]
fn comparisons_by_other_flags_begin_the_count_anew() {
    let dir = ready();
    assert_eq!(run(&dir, "compare-logs --since 2025-10-20 --tolerance 5s").code, 0);
    let (code, report) = gate(&dir, "--days 3");
    let lacking = criteria(&report, "not-enough-evidence");
    assert_eq!(
        (code, lacking),
        (3, vec!["clean_days".to_owned(), "rules_unchanged".to_owned()]),
        "{report:#}"
    );
    assert_eq!(report["clean_days"], 0);
}

#[test]
fn what_compare_logs_leaves_open_keeps_it_from_go() {
    let dir = ready();
    // A file that may hold events is left unread, and a task is known to the store alone.
    write(&dir, "data/events/old.json.txt", fs::read_to_string(dir.join("data/events.json")).unwrap());
    assert_eq!(run(&dir, "compare-logs --since 2025-10-20").code, 3);
    let (code, report) = gate(&dir, "--days 3");
    assert_eq!(
        (code, criteria(&report, "not-enough-evidence")),
        (3, vec!["differences".to_owned(), "files_read".to_owned()]),
        "{report:#}"
    );
    assert!(first_reason(&report, "files_read").contains("old.json.txt"));
    assert_eq!(report["clean_days"], 3, "the days were clean before, and inconclusive is neither");
}

#[test]
fn without_evidence_it_says_what_is_missing_and_an_unreadable_log_of_evidence_is_an_error() {
    let dir = TestDir::new();
    let (code, report) = gate(&dir, "");
    assert_eq!((code, &report["verdict"]), (3, &"not-enough-evidence".into()));
    assert_eq!(criteria(&report, "fails"), [] as [String; 0]);
    fs::create_dir_all(dir.join("data/evidence.jsonl")).unwrap();
    assert_eq!(run(&dir, "cutover-check").code, 4);
    assert_eq!(run(&dir, "cutover-check --days 0").code, 2);
}
