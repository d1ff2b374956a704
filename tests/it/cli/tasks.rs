//! `tasks`: what is answered from the read models, and what is said where there are none.

use std::path::Path;

use mission_events::internals::infrastructure::handler_store::SqliteHandlerStore;
use rusqlite::Connection;
use serde_json::json;

use crate::support::cli::{Cli, cli};
use crate::support::test_dir::TestDir;

/// A database of handlers that have handled the life of two tasks: T1 was completed after 90 seconds, T2 was deleted.
pub fn write_read_models(path: &Path) {
    SqliteHandlerStore::open(path).unwrap();
    Connection::open(path)
        .unwrap()
        .execute_batch(
            r#"INSERT INTO task_activity_by_day VALUES
                   ('2025-10-25', 'TaskCreated', 'P1', 2),
                   ('2025-10-25', 'TaskCompleted', 'P1', 1),
                   ('2025-10-26', 'TaskDeleted', 'unknown', 1);
               INSERT INTO created_tasks VALUES ('T1', unixepoch('2025-10-25T10:00:00Z') * 1000000, 1);
               INSERT INTO completed_tasks VALUES
                   ('T1', unixepoch('2025-10-25T10:01:30Z') * 1000000, 3,
                    unixepoch('2025-10-25T10:01:30Z') * 1000000, 'on time');
               INSERT INTO task_states (task_id, title, priority, status, goal, created_micros, created_position,
                                        last_micros, last_position) VALUES
                   ('T1', 'Call ' || char(27) || '[2J', 'P1', 'COMPLETED', 'G1',
                    unixepoch('2025-10-25T10:00:00Z') * 1000000, 1,
                    unixepoch('2025-10-25T10:01:30Z') * 1000000 + 5, 3);
               INSERT INTO task_states (task_id, deletion_reason, deleted_micros, deleted_position, last_micros,
                                        last_position) VALUES
                   ('T2', 'duplicate', unixepoch('2025-10-26T10:00:00Z') * 1000000, 4, 0, 4);
               INSERT INTO task_changes VALUES
                   ('T1', 2, '2025-10-25T10:01:00+00:00', 'title', '"Call"', NULL);"#,
        )
        .unwrap();
}

fn program(dir: &TestDir) -> Cli {
    cli(dir).env("MISSION_CONTROL_HANDLERS", "handlers.db")
}

fn with_read_models() -> TestDir {
    let dir = TestDir::new();
    write_read_models(&dir.join("handlers.db"));
    dir
}

#[test]
fn statistics_are_shown_by_day_with_their_sums() {
    let run = program(&with_read_models()).run("tasks stats");
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_eq!(
        run.stdout,
        "DAY (UTC)   EVENT          PRIORITY  EVENTS
2025-10-25  TaskCompleted  P1        1
2025-10-25  TaskCreated    P1        2
2025-10-26  TaskDeleted    unknown   1
all                                  4

DAY (UTC)   COMPLETED  AVERAGE  MEDIAN  LONGEST
2025-10-25  1          1m 30s   1m 30s  1m 30s
all         1          1m 30s   1m 30s  1m 30s
"
    );
}

#[test]
fn statistics_have_stable_keys() {
    let dir = with_read_models();
    let document = program(&dir).run("tasks stats --until 2025-10-25 --format json").result();
    let figures = json!({
        "completed": 1, "average_seconds": 90.0, "median_seconds": 90.0, "longest_seconds": 90.0
    });
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&document).unwrap(),
        json!({
            "since": null, "until": "2025-10-25", "events": 3,
            "activity": [
                {"day": "2025-10-25", "event_type": "TaskCompleted", "priority": "P1", "events": 1},
                {"day": "2025-10-25", "event_type": "TaskCreated", "priority": "P1", "events": 2},
            ],
            "completed": figures,
            "completions": [{
                "day": "2025-10-25",
                "completed": 1, "average_seconds": 90.0, "median_seconds": 90.0, "longest_seconds": 90.0
            }],
        })
    );
    let lines = program(&dir).run("tasks stats --format jsonl").result();
    let rows: Vec<&str> = lines.lines().filter_map(|line| line.get(..20)).collect();
    assert_eq!(
        rows,
        [
            r#"{"row":"activity","d"#,
            r#"{"row":"activity","d"#,
            r#"{"row":"activity","d"#,
            r#"{"row":"completions""#
        ]
    );
}

#[test]
fn days_without_events_are_no_error() {
    let run = program(&with_read_models()).run("tasks stats --since 2026-01-01");
    assert_eq!((run.code, run.stdout.as_str()), (0, "no event about a task was counted on these days\n"));
}

#[test]
fn days_that_are_none_or_exchanged_are_refused() {
    for (line, message) in [
        ("tasks stats --since 2025-02-30", "expected a day of the calendar, written as 2025-10-20"),
        ("tasks stats --until 2025-1-1", "expected a day of the calendar, written as 2025-10-20"),
        (
            "tasks stats --since 2025-10-26 --until 2025-10-25",
            "expected --until at or after --since, got 2025-10-25 before 2025-10-26: exchange them",
        ),
    ] {
        let run = program(&with_read_models()).run(line);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{line}");
        assert!(run.stderr.contains(message), "{}", run.stderr);
    }
}

#[test]
fn a_task_is_shown_with_its_state_links_completions_and_changes() {
    let run = program(&with_read_models()).run("tasks show T1");
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_eq!(
        run.stdout,
        "task       T1
title      Call \\u{1b}[2J
priority   P1
status     COMPLETED
created    2025-10-25T10:00:00+00:00
updated    2025-10-25T10:01:30.000005+00:00
link       goal G1

COMPLETED                  AFTER   NOTES
2025-10-25T10:01:30+00:00  1m 30s  on time

CHANGED                    FIELD  BEFORE  AFTER
2025-10-25T10:01:00+00:00  title  \"Call\"
"
    );
}

#[test]
fn a_deleted_task_is_shown_as_one() {
    let dir = with_read_models();
    let expected = "task       T2\ndeleted    2025-10-26T10:00:00+00:00\nreason     duplicate\n";
    assert_eq!(program(&dir).run("tasks show T2").result(), expected);
    let line = program(&dir).run("tasks show T2 --format jsonl").result();
    assert_eq!(
        line,
        "{\"task_id\":\"T2\",\"state\":null,\
         \"deletion\":{\"deleted_at\":\"2025-10-26T10:00:00+00:00\",\"reason\":\"duplicate\"},\
         \"links\":[],\"completions\":[],\"changes\":[]}\n"
    );
}

#[test]
fn a_task_that_is_not_known_is_told_with_the_way_out() {
    let run = program(&with_read_models()).run("tasks show T9");
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
    assert_eq!(
        run.stderr,
        "error: no event about a task T9 was handled: `mission-events handlers run` handles what is left\n"
    );
}

#[test]
fn without_a_database_of_handlers_the_way_to_one_is_told_and_none_is_made() {
    let dir = TestDir::new();
    for line in ["tasks stats", "tasks show T1"] {
        let run = program(&dir).run(line);
        assert_eq!((run.code, run.stdout.as_str()), (4, ""), "{line}");
        assert_eq!(
            run.stderr,
            "error: there is no database of handlers at handlers.db: `mission-events handlers run` makes it from \
             the stored events; `handlers.path` can name another file\n"
        );
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}
