//! `status`: what is configured, and what lies there.

use mission_events::internals::domain::repository::EventRepository;
use mission_events::internals::infrastructure::sqlite::SqliteEventRepository;
use serde_json::{Value, json};

#[cfg(feature = "legacy")]
use super::CONFIG_LINES;
use super::{seed, two_tasks};
use crate::support::test_dir::TestDir;
use crate::support::{cli, utc, write};

#[cfg(feature = "legacy")]
#[test]
fn in_an_empty_folder_everything_is_default_and_nothing_exists() {
    let run = cli(&TestDir::new()).without_flag().run("status");
    assert_eq!((run.code, run.stderr.as_str()), (0, CONFIG_LINES));
    assert_eq!(
        run.stdout,
        "mode     legacy_events
backend  jsonl
why      use_new_event_system = False, by Default (False)
sides    legacy is primary

SETTING                           VALUE                        SOURCE
use_new_event_system              False                        Default (False)
parallel_run                      False                        Default (False)
new_event_types                                                Default ()
parallel.secondary_timeout_ms     250                          Default (250)
parallel.behind_warn              1000                         Default (1000)
storage.backend                   jsonl                        Default (jsonl)
storage.jsonl_dir                 data/events                  Default (data/events)
storage.sqlite_path               data/events.db               Default (data/events.db)
storage.postgres_url                                           Default ()
storage.postgres_schema           mission_events               Default (mission_events)
storage.postgres_require_standby  False                        Default (False)
legacy.events_json                data/events.json             Default (data/events.json)
legacy.writer                     this                         Default (this)
legacy.watcher                    native                       Default (native)
legacy.max_retries                3                            Default (3)
legacy.retry_delay_seconds        300                          Default (300)
evidence.path                     data/evidence.jsonl          Default (data/evidence.jsonl)
evidence.dispatch_figures         data/dispatch-figures.jsonl  Default (data/dispatch-figures.jsonl)
handlers.path                     data/handlers.db             Default (data/handlers.db)
handlers.wait_ms                  1000                         Default (1000)
handlers.shutdown_ms              5000                         Default (5000)
handlers.behind_warn              1000                         Default (1000)
cutover.backup_hours              24                           Default (24)
timezone                          UTC                          Default (UTC)

active store: jsonl at data/events
  does not exist yet

other store: sqlite at data/events.db
  does not exist yet

legacy log: data/events.json
  does not exist

handlers: data/handlers.db
  no handler was ever run
"
    );
}

#[test]
fn looking_makes_nothing() {
    let dir = TestDir::new();
    cli(&dir).run("-q status").result();
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn both_stores_and_the_legacy_log_are_measured() {
    let dir = seed(&two_tasks());
    write(&dir, "data/events.json", "[]");
    write(&dir, "daily/notes.jsonl", "not an event file");
    let lengths = |names: &[&str]| -> u64 {
        names.iter().map(|name| std::fs::metadata(dir.join(name)).unwrap().len()).sum()
    };
    let daily = lengths(&[
        "daily/events-2025-10-20.jsonl",
        "daily/events-2025-10-21.jsonl",
        "daily/events-2025-10-22.jsonl",
    ]);
    let status = cli(&dir)
        .env("MISSION_CONTROL_SQLITE_PATH", "events.db")
        .run("-q --store daily status --format json")
        .json();
    let store = |backend: &str, path: &str, bytes: u64| {
        json!({
            "backend": backend,
            "path": path,
            "exists": true,
            "events": 4,
            "bytes": bytes,
            "log_bytes": (backend == "sqlite").then_some(0),
            "first_timestamp": "2025-10-20T08:00:00+00:00",
            "last_timestamp": "2025-10-22T00:00:00+00:00",
            "last_import": null,
            "error": null,
        })
    };
    assert_eq!(status["store"], store("jsonl", "daily", daily));
    assert_eq!(status["other_store"], store("sqlite", "events.db", lengths(&["events.db"])));
    let log = json!({"path": "data/events.json", "exists": true, "bytes": 2, "error": null});
    assert_eq!(status["legacy_log"], log);
    assert_eq!(status["backend"], "jsonl");
}

#[test]
fn what_is_still_in_the_write_ahead_log_counts() {
    let dir = TestDir::new();
    // Its log is folded into the database only when the last connection closes.
    let open = SqliteEventRepository::open(dir.join("events.db"), utc()).unwrap();
    open.save_events(&two_tasks()).unwrap();
    let length = |name: &str| std::fs::metadata(dir.join(name)).unwrap().len();
    let bytes = length("events.db") + length("events.db-wal");
    assert!(length("events.db-wal") > 0);
    let status = cli(&dir).run("-q --store events.db status --format json").json();
    assert_eq!((&status["store"]["bytes"], &status["store"]["events"]), (&json!(bytes), &json!(4)));
    drop(open);
}

#[test]
fn an_unusable_store_is_reported_beside_the_rest_and_exits_with_4() {
    let dir = seed(&two_tasks());
    write(&dir, "notes.txt", "remember the milk, and to water the plants");
    let run = |form: &str| {
        cli(&dir)
            .env("MISSION_CONTROL_SQLITE_PATH", "notes.txt")
            .env("MISSION_CONTROL_EVENTS_DIR", "daily")
            .run(&format!("-q status {form}"))
    };
    let human = run("");
    assert_eq!((human.code, human.stderr.as_str()), (4, ""));
    assert!(human.stdout.contains("active store: jsonl at daily\n  events  4\n"), "{}", human.stdout);
    assert!(
        human.stdout.contains(
            "other store: sqlite at notes.txt\n  error   notes.txt is not a SQLite database: name \
             another file, or move this one away\n"
        ),
        "{}",
        human.stdout
    );
    let machine = run("--format json");
    assert_eq!(machine.code, 4);
    let status: Value = serde_json::from_str(&machine.stdout).unwrap();
    assert_eq!(status["store"]["events"], 4);
    assert_eq!(
        (&status["other_store"]["exists"], &status["other_store"]["events"]),
        (&json!(true), &Value::Null)
    );
    assert!(
        status["other_store"]["error"].as_str().unwrap().starts_with("notes.txt is not a SQLite database")
    );
}

#[test]
fn a_damaged_daily_file_is_an_unusable_store() {
    let dir = seed(&two_tasks());
    write(&dir, "daily/events-2025-10-21.jsonl", "oops\n");
    let run = cli(&dir).run("-q --store daily status");
    assert_eq!(run.code, 4);
    let error = run.stdout.lines().find(|line| line.starts_with("  error ")).unwrap();
    assert!(error.contains("events-2025-10-21.jsonl"), "{error}");
}

#[test]
fn a_legacy_log_that_is_no_file_is_reported_too() {
    let dir = TestDir::new();
    std::fs::create_dir_all(dir.join("data/events.json")).unwrap();
    let run = cli(&dir).run("-q status");
    assert_eq!(run.code, 4);
    assert!(run.stdout.ends_with(
        "legacy log: data/events.json\n  error   expected a file, found something else\n\n\
                        handlers: data/handlers.db\n  no handler was ever run\n"
    ));
}

#[test]
fn status_is_no_list() {
    cli(&TestDir::new())
        .run("-q status --format jsonl")
        .fails(2, "error: status is one document and no list: use --format json\n");
}

#[test]
fn the_last_import_is_named_with_its_time() {
    let dir = TestDir::new();
    write(&dir, "log.jsonl", "{\"type\": \"A\", \"timestamp\": \"2025-10-25T10:00:00Z\"}\n");
    assert_eq!(cli(&dir).run("-q import-legacy log.jsonl --into events.db").code, 0);
    let status = cli(&dir).run("-q --store events.db --format json status").json();
    let last = status["store"]["last_import"].as_str().unwrap();
    assert!(
        last.ends_with(&format!(" of {}", dir.join("log.jsonl").canonicalize().unwrap().display())),
        "{last}"
    );
}
