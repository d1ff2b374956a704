//! `doctor`: what is wrong, each finding with its remedy, and nothing changed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rusqlite::Connection;
use serde_json::Value;

#[cfg(unix)]
use crate::support::cli::cli_without_privileges;
use crate::support::cli::{Cli, Run, cli, write};
use crate::support::test_dir::TestDir;

const CREATED: &str = r#"{"event_id": "e1", "event_type": "TaskCreated", "timestamp": "2025-10-25T10:00:00Z", "aggregate_id": "T1", "task_id": "T1", "title": "x"}"#;
const DAY: &str = "data/events/events-2025-10-25.jsonl";

fn doctor(dir: &TestDir) -> Cli {
    with_settings(cli(dir))
}

fn with_settings(cli: Cli) -> Cli {
    cli.env("MISSION_CONTROL_TIMEZONE", "UTC").env("MISSION_CONTROL_USE_NEW_EVENT_SYSTEM", "true")
}

fn document(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {} {}", run.stdout, run.stderr))
}

/// The findings of a check: subject, detail and remedy of each. Notes are none.
fn findings_of(run: &Run, check: &str) -> Vec<[String; 3]> {
    let document = document(run);
    let findings = document["findings"].as_array().unwrap().iter();
    findings
        .filter(|finding| finding["check"] == check && finding["severity"] == "finding")
        .map(|finding| ["subject", "detail", "remedy"].map(|key| finding[key].as_str().unwrap().to_owned()))
        .collect()
}

/// Runs it on what `prepare` has made, and demands one finding of the check, which it answers, and exit code 1. The disk of a test
/// machine may be slow at the moment, which is another check's finding.
#[track_caller]
fn found(check: &str, prepare: impl FnOnce(&TestDir)) -> [String; 3] {
    let dir = TestDir::new();
    prepare(&dir);
    let run = doctor(&dir).run("-q doctor --format json");
    let mut found = findings_of(&run, check);
    assert_eq!((found.len(), run.code), (1, 1), "{check}: {}", run.stdout);
    found.remove(0)
}

/// Everything below a folder, with its content.
fn content(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(content(&path));
        } else {
            all.insert(path.display().to_string(), fs::read(&path).unwrap());
        }
    }
    all
}

/// A store, handlers that have handled it, an evidence log and a legacy log.
fn sound(dir: &TestDir) {
    write(dir, DAY, format!("{CREATED}\n"));
    write(dir, "data/events.json", "[]");
    assert_eq!(doctor(dir).run("-q handlers run").code, 0);
}

#[test]
fn where_nothing_is_wrong_there_are_notes_at_most() {
    let dir = TestDir::new();
    sound(&dir);
    let run = doctor(&dir).run("-q doctor --format json");
    let wrong: Vec<Value> = document(&run)["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["severity"] == "finding" && finding["check"] != "dispatch_time")
        .cloned()
        .collect();
    assert_eq!(wrong, [] as [Value; 0]);
}

#[test]
fn nothing_is_changed_or_made() {
    let dir = TestDir::new();
    doctor(&dir).run("-q doctor");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    sound(&dir);
    let before = content(dir.path());
    doctor(&dir).run("-q doctor --thorough");
    assert_eq!(content(dir.path()), before);
}

#[test]
fn each_check_is_told_also_where_it_finds_nothing() {
    let document = document(&doctor(&TestDir::new()).run("-q doctor --format json"));
    let mut expected = vec![
        "write_ahead_logs",
        "event_system",
        "processes",
        "undecided_records",
        "event_types",
        "handlers",
        "mirrors",
        "handler_store",
        "daily_files",
        "dispatch_time",
        "integrity",
        "torn_tails",
        "naive_times",
        "hard_links",
        "clock",
        "disk_space",
    ];
    if cfg!(feature = "legacy") {
        expected.extend(["events_json", "watched_folders", "inotify"]);
    }
    assert_eq!(document["checked"], serde_json::json!(expected));
}

#[cfg(feature = "legacy")]
#[test]
fn a_new_system_that_is_not_active_is_noted_with_what_set_the_flag() {
    let dir = TestDir::new();
    write(&dir, ".env", "MISSION_CONTROL_USE_NEW_EVENT_SYSTEM=false\n");
    let run = cli(&dir).without_flag().env("MISSION_CONTROL_TIMEZONE", "UTC").run("-q doctor --format json");
    let document = document(&run);
    let note = document["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["check"] == "event_system")
        .unwrap();
    assert_eq!(note["severity"], "note");
    let detail = note["detail"].as_str().unwrap();
    assert!(detail.contains(".env file (MISSION_CONTROL_USE_NEW_EVENT_SYSTEM=false at .env:1)"), "{detail}");
    assert!(note["remedy"].as_str().unwrap().contains("MISSION_CONTROL_USE_NEW_EVENT_SYSTEM=true"));
}

#[test]
fn a_type_without_a_handler_is_found() {
    let [subject, detail, _] =
        found("event_types", |dir| write(dir, DAY, format!("{}\n", CREATED.replace("TaskCreated", "Sold"))));
    assert_eq!((subject.as_str(), detail.starts_with("1 event of this type")), ("Sold", true));
}

#[test]
fn a_handler_that_has_parked_an_event_is_found_with_the_way_out() {
    let [subject, detail, remedy] = found("handlers", |dir| {
        sound(dir);
        let handlers = Connection::open(dir.join("data/handlers.db")).unwrap();
        let parked = "INSERT INTO handler_failures (handler, stream, position, event_id, event_type, state, attempts, error)
            VALUES ('task_state', '2025-10-25', 1, 'e1', 'TaskCreated', 'parked', 4, 'it failed')";
        handlers.execute(parked, []).unwrap();
    });
    assert_eq!((subject.as_str(), detail.as_str()), ("task_state", "it has parked 1 event"));
    assert!(remedy.contains("`handlers retry task_state`"), "{remedy}");
}

#[test]
fn a_handler_that_is_stopped_or_ahead_is_found() {
    let [subject, detail, _] = found("handlers", |dir| {
        sound(dir);
        assert_eq!(doctor(dir).run("handlers pause task_history").code, 0);
    });
    assert_eq!(
        (subject.as_str(), detail.starts_with("it does not run, it is paused")),
        ("task_history", true)
    );
    let dir = TestDir::new();
    sound(&dir);
    // As a backup from before would be.
    write(&dir, DAY, "");
    let run = doctor(&dir).run("-q doctor --format json");
    let ahead = findings_of(&run, "handlers");
    assert!(
        !ahead.is_empty() && ahead.iter().all(|[_, detail, _]| detail.contains("ahead of the store")),
        "{ahead:?}"
    );
}

#[test]
fn a_large_daily_file_of_a_store_that_is_not_the_active_one_is_found_too() {
    let dir = TestDir::new();
    write(&dir, DAY, "");
    fs::File::options().write(true).open(dir.join(DAY)).unwrap().set_len(100_000_001).unwrap();
    let run = doctor(&dir).env("MISSION_CONTROL_STORAGE_BACKEND", "sqlite").run("-q doctor --format json");
    let [[subject, _, remedy]] = &findings_of(&run, "daily_files")[..] else { panic!("{}", run.stdout) };
    assert_eq!((subject.as_str(), remedy.contains("archive --before")), (DAY, true));
}

#[test]
fn torn_ends_of_every_file_of_lines_are_found_by_byte() {
    let dir = TestDir::new();
    write(&dir, DAY, format!("{CREATED}\n{{\"event_id\": \"e"));
    for file in ["data/evidence.jsonl", "data/dispatch-figures.jsonl", "data/parallel/outbox.jsonl"] {
        write(&dir, file, "{\"torn");
    }
    let run = doctor(&dir).run("-q doctor --format json");
    let subjects: Vec<String> =
        findings_of(&run, "torn_tails").into_iter().map(|[subject, ..]| subject).collect();
    assert_eq!(
        subjects,
        [DAY, "data/evidence.jsonl", "data/dispatch-figures.jsonl", "data/parallel/outbox.jsonl"]
    );
    let [_, detail, _] = &findings_of(&run, "torn_tails")[0];
    assert!(detail.contains(&format!("from byte {} on", CREATED.len() + 1)), "{detail}");
}

#[test]
fn naive_times_are_found_in_store_and_legacy_log_while_no_zone_is_set() {
    let dir = TestDir::new();
    write(&dir, DAY, format!("{}\n", CREATED.replace("00Z", "00")));
    write(
        &dir,
        "data/events.json",
        r#"[{"type": "TaskCreated", "task_id": "T1", "timestamp": "2025-10-25T10:00:00"}]"#,
    );
    let run = cli(&dir).run("-q doctor --format json");
    let subjects: Vec<String> =
        findings_of(&run, "naive_times").into_iter().map(|[subject, ..]| subject).collect();
    assert_eq!(subjects, ["data/events", "data/events.json"]);
    let run = doctor(&dir).run("-q doctor --format json");
    assert_eq!(findings_of(&run, "naive_times"), [] as [[String; 3]; 0]);
}

#[test]
fn a_damaged_database_is_found_and_one_of_another_kind_cannot_be_looked_at() {
    let dir = TestDir::new();
    let events: String = (0..400)
        .map(|number| format!("{}\n", CREATED.replace("\"e1\"", &format!("\"{number:0>900}\""))))
        .collect();
    write(&dir, "log.jsonl", events);
    assert_eq!(doctor(&dir).run("-q import-legacy log.jsonl").code, 0);
    let database = dir.join("data/events.db");
    let mut bytes = fs::read(&database).unwrap();
    let page = 4_096;
    // The header of a page in the middle of the events.
    let at = bytes.len() / page / 2 * page;
    bytes[at..at + 8].fill(0xEE);
    fs::write(&database, bytes).unwrap();
    let run = doctor(&dir).run("-q doctor --format json");
    let [[subject, detail, remedy]] = &findings_of(&run, "integrity")[..] else { panic!("{}", run.stdout) };
    assert_eq!(subject, "data/events.db");
    assert!(detail.contains("damaged") && remedy.contains("backup"), "{detail} {remedy}");

    write(
        &dir,
        "data/events.db",
        "no database, but a text that is longer than the header of one, which has a hundred bytes at least",
    );
    let run = doctor(&dir).run("-q doctor --format json");
    assert_eq!(run.code, 4);
    let [[_, detail, _]] = &findings_of(&run, "integrity")[..] else { panic!("{}", run.stdout) };
    assert!(
        detail.starts_with("it could not be looked at: data/events.db is not a SQLite database"),
        "{detail}"
    );
}

#[test]
fn a_long_write_ahead_log_is_found_before_a_connection_takes_it_away() {
    let [subject, detail, _] = found("write_ahead_logs", |dir| {
        sound(dir);
        write(dir, "data/handlers.db-wal", "");
        fs::File::options()
            .write(true)
            .open(dir.join("data/handlers.db-wal"))
            .unwrap()
            .set_len(70 << 20)
            .unwrap();
    });
    assert_eq!(subject, "data/handlers.db");
    assert!(detail.contains("has 73400320 bytes"), "{detail}");
}

#[cfg(unix)]
#[test]
fn a_file_with_a_second_name_is_found() {
    let [subject, detail, _] = found("hard_links", |dir| {
        write(dir, "data/events.json", "[]");
        fs::hard_link(dir.join("data/events.json"), dir.join("data/copy.json")).unwrap();
    });
    assert_eq!((subject.as_str(), detail.starts_with("it has 2 names")), ("data/events.json", true));
}

#[test]
fn an_event_of_the_future_is_found() {
    let [_, detail, _] = found("clock", |dir| {
        write(
            dir,
            "data/events/events-2999-01-01.jsonl",
            format!("{}\n", CREATED.replace("2025-10-25", "2999-01-01")),
        );
    });
    assert!(detail.starts_with("the latest event is of 2999-01-01T10:00:00+00:00"), "{detail}");
}

#[test]
fn a_handler_store_that_is_missing_beside_recorded_comparisons_is_found() {
    let [subject, ..] = found("handler_store", |dir| write(dir, "data/evidence.jsonl", "{}\n"));
    assert_eq!(subject, "data/handlers.db");
}

#[test]
fn slow_days_and_failures_are_found_in_the_figures_and_damage_of_them_too() {
    let dir = TestDir::new();
    let failed = r#"{"day": "2025-10-25", "from": "2025-10-25T10:00:01+00:00", "to": "2025-10-25T10:01:00+00:00", "pid": 1, "mode": "new_events", "dispatches": 0, "over_10ms": 0, "p50_us": null, "p99_us": null, "max_us": null, "mean_us": null, "histogram": null, "primary_failures": 2, "secondary_failures": 0}"#;
    write(&dir, "data/dispatch-figures.jsonl", format!("{failed}\noops\n"));
    let run = doctor(&dir).run("-q doctor --format json");
    let found = findings_of(&run, "dispatch_time");
    let detail = |text: &str| found.iter().any(|[_, detail, _]| detail.contains(text));
    assert!(
        detail("could not take an event 2 times") && detail("1 line is no figure, the first is line 2"),
        "{found:?}"
    );
    assert_eq!(run.code, 1);
}

#[test]
fn a_folder_in_the_place_of_the_figures_cannot_be_looked_at() {
    let dir = TestDir::new();
    fs::create_dir_all(dir.join("data/dispatch-figures.jsonl")).unwrap();
    let run = doctor(&dir).run("-q doctor --format json");
    assert_eq!(run.code, 4);
    let [_, detail, _] = &findings_of(&run, "dispatch_time")[0];
    assert!(detail.ends_with("expected a file, found something else"), "{detail}");
}

#[test]
fn a_sync_of_the_disk_is_measured_where_the_store_is() {
    let document = document(&doctor(&TestDir::new()).run("-q doctor --format json"));
    let findings = document["findings"].as_array().unwrap();
    let sync = findings.iter().find(|finding| finding["check"] == "dispatch_time").unwrap();
    assert_eq!(sync["subject"], ".");
    let detail = sync["detail"].as_str().unwrap();
    assert!(detail.starts_with("a sync took ") && detail.ends_with(" of 20"), "{detail}");
}

#[cfg(unix)]
#[test]
fn what_may_not_be_read_is_a_finding_and_the_rest_is_told_all_the_same() {
    use std::os::unix::fs::PermissionsExt;
    let dir = TestDir::new();
    write(&dir, "evidence.jsonl", "{}\n");
    write(&dir, "figures.jsonl", "{}\n");
    write(&dir, "daily/events-2025-10-25.jsonl", format!("{}\n", CREATED.replace("TaskCreated", "Sold")));
    let program = || {
        with_settings(cli_without_privileges(&dir))
            .env("MISSION_CONTROL_EVENTS_DIR", "daily")
            .env("MISSION_CONTROL_EVIDENCE", "evidence.jsonl")
            .env("MISSION_CONTROL_DISPATCH_FIGURES", "figures.jsonl")
    };
    for (file, mode) in [("evidence.jsonl", 0o000), ("figures.jsonl", 0o000), ("daily", 0o755)] {
        fs::set_permissions(dir.join(file), fs::Permissions::from_mode(mode)).unwrap();
    }
    let run = program().run("-q doctor --format json");
    assert_eq!(run.code, 4, "{}", run.stdout);
    let unread: Vec<_> = findings_of(&run, "torn_tails").into_iter().map(|[subject, ..]| subject).collect();
    assert_eq!(unread, ["evidence.jsonl", "figures.jsonl"]);
    assert_eq!(findings_of(&run, "event_types").len(), 1, "the store is looked at");
}

#[cfg(feature = "legacy")]
mod legacy {
    use super::*;

    #[test]
    fn a_legacy_log_that_another_program_has_written_is_found() {
        let dir = TestDir::new();
        write(&dir, "data/events.json", "[]");
        let definition = r#"{"id": "a", "type": "file_system", "source": {"path": "none/here", "events": ["created"]}, "handler": "handlers.health_check.run"}"#;
        assert_eq!(doctor(&dir).run_with(["-q", "legacy", "definitions", "add", definition]).code, 0);
        let note = fs::read_dir(dir.join("data"))
            .unwrap()
            .any(|entry| entry.unwrap().file_name() == "events.json.end");
        if !note {
            use mission_events::internals::legacy::events_json::{EventsJson, LegacyWriter};
            EventsJson::open(dir.join("data/events.json"), LegacyWriter::This).unwrap();
        }
        write(&dir, "data/events.json", "[ ]");
        let run = doctor(&dir).run("-q doctor --format json");
        let [[subject, _, remedy]] = &findings_of(&run, "events_json")[..] else { panic!("{}", run.stdout) };
        assert_eq!((subject.as_str(), remedy.contains("legacy.writer")), ("data/events.json", true));
        let [[subject, detail, _]] = &findings_of(&run, "watched_folders")[..] else {
            panic!("{}", run.stdout)
        };
        assert_eq!((subject.as_str(), detail.starts_with("none/here does not exist")), ("a", true));
        let run = doctor(&dir).env("MISSION_CONTROL_LEGACY_WRITER", "other").run("-q doctor --format json");
        assert_eq!(findings_of(&run, "events_json"), [] as [[String; 3]; 0]);
    }

    #[test]
    fn a_torn_legacy_log_is_found_and_stays_as_it_is() {
        let [_, detail, _] = found("events_json", |dir| write(dir, "data/events.json", "[{\"type\": \"A"));
        assert!(detail.starts_with("the array is sound up to byte 1"), "{detail}");
    }

    #[test]
    fn definitions_that_cannot_be_read_are_a_finding() {
        let dir = TestDir::new();
        write(&dir, "data/events/event_definitions.json", "oops");
        let run = doctor(&dir).run("-q doctor --format json");
        assert_eq!((run.code, findings_of(&run, "watched_folders").len()), (4, 1));
    }
}

#[test]
fn people_see_findings_before_notes_and_a_last_sentence() {
    let dir = TestDir::new();
    write(&dir, DAY, format!("{}\n", CREATED.replace("TaskCreated", "Sold")));
    let run = cli(&dir).env("MISSION_CONTROL_TIMEZONE", "UTC").run("-q doctor");
    assert_eq!(run.code, 1, "{}", run.stdout);
    let at = |text: &str| run.stdout.find(text).unwrap_or_else(|| panic!("{text}: {}", run.stdout));
    assert!(at("finding") < at("Sold"), "{}", run.stdout);
    let last = run.stdout.lines().last().unwrap();
    assert!(last.contains("checks found") && last.ends_with("to be looked after"), "{last}");
}

#[test]
fn findings_can_be_read_line_by_line() {
    let dir = TestDir::new();
    write(&dir, DAY, format!("{}\n", CREATED.replace("TaskCreated", "Sold")));
    let run = doctor(&dir).run("-q doctor --format jsonl");
    let lines: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["check"] == "event_types"), "{}", run.stdout);
}
