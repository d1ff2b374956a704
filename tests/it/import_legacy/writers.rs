//! Imports beside writers that never pause.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mission_events::internals::domain::repository::EventRepository;
use mission_events::internals::infrastructure::sqlite::SqliteEventRepository;
use serde_json::Value;

use super::{DATABASE, Report, import, quiet, rows};
use crate::support::cli::write;
use crate::support::test_dir::TestDir;
use crate::support::{event, events_to_last, utc};

const IMPORTS: usize = 3;
/// On a busy machine the writer has a turn in one of many.
const MOST_IMPORTS: usize = 100;
const AT_FIRST: u64 = events_to_last(500, 3_000);

fn legacy(number: u64) -> String {
    format!("{{\"type\": \"Legacy\", \"task_id\": \"T{number}\", \"timestamp\": \"2025-10-25T10:00:00Z\"}}")
}

fn native(number: u64) -> String {
    format!(
        "{{\"event_id\": \"e{number}\", \"event_type\": \"Native\", \"timestamp\": \"2030-10-25T10:00:00Z\"}}"
    )
}

fn array(records: u64) -> String {
    let records: Vec<String> = (1..=records).map(legacy).collect();
    format!("[\n{}\n]\n", records.join(",\n"))
}

/// Runs imports while `write` adds the record of each number, again and again; answers how many it added.
fn beside(write: impl Fn(u64) + Sync, mut imports: impl FnMut()) -> u64 {
    let (done, mut added) = (AtomicBool::new(false), 0);
    let outcome = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut number = AT_FIRST;
            while !done.load(Ordering::Relaxed) {
                number += 1;
                write(number);
                std::thread::sleep(Duration::from_millis(2));
            }
            number
        });
        // Not even a panic may leave the other thread to write for ever.
        let outcome = catch_unwind(AssertUnwindSafe(&mut imports));
        done.store(true, Ordering::Relaxed);
        added = writer.join().unwrap();
        outcome
    });
    outcome.unwrap_or_else(|panic| resume_unwind(panic));
    added
}

/// Imports, which must succeed, and makes progress; again, until something came while it was imported, where that is waited for.
#[track_caller]
fn imports(dir: &TestDir, logs: &str, how: &str, waits_for_more: bool) {
    let mut left = 0;
    let mut before = rows(dir, DATABASE).len();
    for number in 1..=MOST_IMPORTS {
        let run = quiet(dir).run(&format!("--format json import-legacy {logs} {how} --into {DATABASE}"));
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", run.stdout);
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        let sources = report["sources"].as_array().unwrap();
        left += sources.iter().map(|source| source["left_bytes"].as_u64().unwrap()).sum::<u64>();
        let now = rows(dir, DATABASE).len();
        assert!(now > before, "nothing was stored");
        before = now;
        if number >= IMPORTS && (left > 0 || !waits_for_more) {
            return;
        }
    }
    panic!("{how}: nothing came while it was imported");
}

#[test]
fn logs_that_are_appended_to_all_the_time_are_imported_as_far_as_they_were_looked_at() {
    for how in ["", "--strict", "--overlap keep"] {
        let dir = TestDir::new();
        write(&dir, "old.json", array(AT_FIRST));
        write(&dir, "new.jsonl", native(0) + "\n");
        import(&dir, "new.jsonl");
        let written = beside(
            |number| {
                let mut log = File::options().append(true).open(dir.join("new.jsonl")).unwrap();
                log.write_all((native(number) + "\n").as_bytes()).unwrap();
                // A program that keeps the array a valid one: its closing is written over.
                let mut log = File::options().write(true).open(dir.join("old.json")).unwrap();
                log.seek(SeekFrom::End(-3)).unwrap();
                log.write_all(format!(",\n{}\n]\n", legacy(number)).as_bytes()).unwrap();
            },
            || imports(&dir, "old.json new.jsonl", how, how != "--overlap keep"),
        );
        let last = Report::of(
            quiet(&dir).run(&format!("--format json import-legacy old.json new.jsonl --into {DATABASE}")),
        );
        assert_eq!(last.total.records, 1 + written + (written - AT_FIRST), "{how}");
        assert_eq!(rows(&dir, DATABASE).len() as u64, last.total.records, "{how}");
        quiet(&dir).run(&format!("--store {DATABASE} export --to out")).result();
        for log in ["old.json", "new.jsonl"] {
            let [log, copy] =
                [dir.join(log), dir.join("out").join(log)].map(|path| std::fs::read(path).unwrap());
            assert!(log == copy, "{how}");
        }
    }
}

#[test]
fn new_daily_files_and_blank_lines_that_appear_all_the_time_are_imported_later() {
    let dir = TestDir::new();
    write(&dir, "days/events-2000-01-01.jsonl", native(0) + "\n");
    import(&dir, "days");
    let written = beside(
        |number| {
            let day = dir.join("days").join(format!("events-{:04}-01-01.jsonl", 2000 + number / 50));
            let mut log = File::options().create(true).append(true).open(day).unwrap();
            log.write_all(format!("\n{}\n", native(number)).as_bytes()).unwrap();
        },
        // What is left of a day is seldom seen: it is read in no time.
        || imports(&dir, "days", "", false),
    );
    import(&dir, "days");
    assert_eq!(rows(&dir, DATABASE).len() as u64, 1 + written - AT_FIRST);
}

#[test]
fn events_that_are_saved_live_meanwhile_are_there_once() {
    let dir = TestDir::new();
    write(&dir, "old.json", array(AT_FIRST));
    let store = SqliteEventRepository::open(dir.join(DATABASE), utc()).unwrap();
    let live = |number: u64| event(&format!("live-{number}")).at("2040-01-01T00:00:00Z").build();
    let written = beside(
        |number| {
            store.save_event(&live(number)).unwrap();
            let mut log = File::options().write(true).open(dir.join("old.json")).unwrap();
            log.seek(SeekFrom::End(-3)).unwrap();
            log.write_all(format!(",\n{}\n]\n", legacy(number)).as_bytes()).unwrap();
        },
        || imports(&dir, "old.json", "", true),
    );
    import(&dir, "old.json");
    assert_eq!(rows(&dir, DATABASE).len() as u64, written + (written - AT_FIRST));
}
