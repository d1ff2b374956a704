//! Comparisons that are ended in the middle: nothing is left of them, and the next one is right.

use std::time::{Duration, Instant};

use super::{array, jsonl, quiet};
use crate::support::cli::{Running, write};
use crate::support::test_dir::TestDir;

/// Long enough for a machine with much else to do; nothing waits that long where all is well.
const PATIENCE: Duration = Duration::from_secs(120);
/// What the least memory cannot hold.
const EVENTS: usize = 12_000;

/// Configured logs that go to the temporary file, with one event that is missing.
fn write_long_logs(dir: &TestDir, events: usize) {
    let title = "long ".repeat(60);
    let time = |number: usize| {
        format!("2025-10-20T{:02}:{:02}:{:02}", number / 3600 % 24, number / 60 % 60, number % 60)
    };
    let legacy = |number: usize| {
        let at = time(number);
        format!(r#"{{"type": "A", "task_id": "T{number}", "title": "{title}", "timestamp": "{at}"}}"#)
    };
    let new = |number: usize| {
        let at = time(number);
        format!(
            r#"{{"event_id": "e{number}", "event_type": "A", "timestamp": "{at}+00:00", "aggregate_id": "T{number}", "task_id": "T{number}", "title": "{title}"}}"#
        )
    };
    write(dir, "data/events.json", array(&(0..events).map(legacy).collect::<Vec<_>>()));
    let records: Vec<String> = (0..events).filter(|number| *number != 777).map(new).collect();
    write(dir, "data/events/events-2025-10-20.jsonl", jsonl(&records));
}

const COMPARE: &str = "compare-logs --memory 16MiB";

/// Ends comparisons of ever longer logs by `end`, until one of them was in the middle: it had put
/// something into the temporary file, and was not done.
fn end_in_the_middle(dir: &TestDir, end: impl Fn(Running)) {
    std::fs::create_dir(dir.join("tmp")).unwrap();
    let tmp = dir.join("tmp").canonicalize().unwrap();
    let temporary = || quiet(dir).env("TMPDIR", tmp.to_str().unwrap());
    for events in [EVENTS, 2 * EVENTS, 4 * EVENTS, 8 * EVENTS] {
        write_long_logs(dir, events);
        let mut running = temporary().start(COMPARE);
        let deadline = Instant::now() + PATIENCE;
        while !running.has_open_in(&tmp) && !running.has_ended() {
            assert!(Instant::now() < deadline, "it never goes to the temporary file");
            std::thread::yield_now();
        }
        if running.has_ended() {
            // It was faster than the look at it.
            std::fs::remove_file(dir.join("data/evidence.jsonl")).unwrap();
            continue;
        }
        end(running);
        assert_eq!(std::fs::read_dir(&tmp).unwrap().count(), 0, "a temporary file is left");
        assert!(!dir.join("data/evidence.jsonl").exists(), "what did not end is recorded");
        let run = temporary().run(&format!("--format json {COMPARE}"));
        let found = super::document(run);
        assert_eq!(super::differences(&found), [("missing", 1)]);
        assert_eq!(found["matched"], events - 1);
        assert_eq!(std::fs::read_dir(&tmp).unwrap().count(), 0, "a temporary file is left");
        let evidence = std::fs::read_to_string(dir.join("data/evidence.jsonl")).unwrap();
        assert_eq!(evidence.lines().count(), 1);
        return;
    }
    panic!("every comparison was faster than the look at it");
}

#[test]
fn a_comparison_that_is_interrupted_leaves_nothing_and_the_next_one_is_right() {
    end_in_the_middle(&TestDir::new(), |running| assert!(running.interrupt().is_some()));
}

#[test]
fn a_comparison_that_is_killed_leaves_nothing_and_the_next_one_is_right() {
    end_in_the_middle(&TestDir::new(), Running::kill);
}
