//! Logs that have grown since they were imported: what the import goes on from is still the log.

use std::fs;

use crate::support::imports::open_import;
use mission_events::internals::application::export::{Export, ExportOptions};
use mission_events::internals::application::import::pass::ImportPass;
use mission_events::internals::application::import::{ReadOptions, RecordCounts};
use mission_events::internals::application::rejects::{RetryRejects, RetryReport};
use mission_events::internals::infrastructure::export_folder::FileFolder;
use mission_events::internals::infrastructure::sources::holds_whole_record;
use mission_events::internals::infrastructure::sources::{FileSystem, open_log};
use mission_events::internals::infrastructure::sqlite::{RejectFilter, SqliteExport, SqliteRejects};
use mission_events::internals::infrastructure::system_clock::SystemClock;
use mission_events::internals::wire::local_time::DstPolicy;
use mission_events::internals::wire::mapping::Mapping;
use rusqlite::Connection;

use crate::support::berlin;
use crate::support::test_dir::TestDir;

fn reading(dst: DstPolicy) -> ReadOptions {
    ReadOptions { zone: berlin(), dst, mapping: Mapping::BuiltIn, since: None, until: None }
}

/// Imports the log as it is now, and demands that an export gives it back.
#[track_caller]
fn import(dir: &TestDir, content: &str) -> RecordCounts {
    let log = dir.join("log.jsonl");
    fs::write(&log, content).unwrap();
    let mut target = open_import(&dir.join("events.db"), 0).unwrap();
    let (clock, mut progress) = (SystemClock::default(), ());
    let mut import = ImportPass::new(reading(DstPolicy::Reject), target.as_mut(), &clock, &mut progress);
    import.import(&log, &FileSystem, &|| open_log(&log, &Mapping::BuiltIn)).unwrap();
    let imported = import.finish().unwrap();
    target.publish().unwrap();
    comes_back(dir, content);
    imported.total
}

fn retry(dir: &TestDir) -> RetryReport {
    let mut store =
        SqliteRejects::open_for_retry(&dir.join("events.db"), RejectFilter::default(), false).unwrap();
    RetryRejects::new(reading(DstPolicy::Resolve), &mut store, &holds_whole_record).run().unwrap()
}

#[track_caller]
fn comes_back(dir: &TestDir, content: &str) {
    let mut store = SqliteExport::open(&dir.join("events.db"), berlin()).unwrap();
    let options = ExportOptions { source_id: None, legacy: false, only: None, force: true, zone: berlin() };
    let exported =
        Export::new(&mut store, &mut FileFolder::new(&dir.join("out"), true), options).run().unwrap();
    assert!(exported.is_whole(), "{exported:#?}");
    assert_eq!(fs::read_to_string(dir.join("out/log.jsonl")).unwrap(), content);
}

fn sources(dir: &TestDir) -> String {
    let counts =
        "SELECT json_group_array(json_array(records, imported, already_present, duplicates, rejected))
                  FROM sources";
    Connection::open(dir.join("events.db")).unwrap().query_row(counts, [], |row| row.get(0)).unwrap()
}

fn a(time: &str) -> String {
    format!("{{\"type\": \"A\", \"timestamp\": \"2025-10-26T{time}\"}}")
}

#[test]
fn a_log_that_goes_on_with_other_line_ends_comes_back() {
    let dir = TestDir::new();
    let old = format!("{}\n{}\n{}\n", a("04:00"), a("04:01"), a("04:02"));
    let grown = format!("{old}{}\r\n{}\r\n{}\r\n", a("04:03"), a("04:04"), a("04:05"));
    import(&dir, &old);
    assert_eq!(import(&dir, &grown).imported, 3);
    assert_eq!(sources(&dir), "[[6,6,0,0,0]]", "it is one log");
    import(&dir, &format!("{grown}{}", a("04:06")));
    import(&dir, &format!("{grown}{}", a("04:06")));
}

#[test]
fn the_end_of_a_log_that_was_rejected_and_retried_is_counted_once_when_the_log_grows() {
    let dir = TestDir::new();
    // An object that is whole is a record, whatever follows it: it is not read again.
    let old = format!("{}\n{}", a("04:00"), a("02:30"));
    let grown = format!("{old}\n{}\n", a("04:01"));
    assert_eq!(import(&dir, &old).rejected, 1);
    assert_eq!(retry(&dir).imported, 1);
    comes_back(&dir, &old);
    assert_eq!(sources(&dir), "[[2,2,0,0,0]]");

    let counts = import(&dir, &grown);
    assert_eq!((counts.records, counts.imported, counts.already_present, counts.rejected), (3, 1, 2, 0));
    assert_eq!(sources(&dir), "[[3,3,0,0,0]]");
    assert_eq!(retry(&dir).tried, 0);
    comes_back(&dir, &grown);
    let counts = import(&dir, &format!("{grown}{}\n", a("04:02")));
    assert_eq!((counts.records, counts.already_present, counts.imported, counts.rejected), (4, 3, 1, 0));
}

#[test]
fn a_torn_tail_that_was_completed_since_is_no_longer_part_of_the_log() {
    let dir = TestDir::new();
    let (first, second) = (a("04:00"), a("04:01"));
    let counts = import(&dir, &format!("{first}\n{}", &second[..20]));
    assert_eq!((counts.imported, counts.rejected), (1, 1));
    let counts = import(&dir, &format!("{first}\n{second}\n"));
    assert_eq!((counts.records, counts.imported, counts.rejected), (2, 1, 0));
    assert_eq!(retry(&dir).tried, 0, "its place is taken");
}

#[test]
fn damage_that_goes_on_over_batches_is_not_mixed_up_with_a_conflict() {
    let dir = TestDir::new();
    let conflicting = |n: usize| {
        format!(
            "{{\"event_id\": \"x\", \"event_type\": \"A\", \"timestamp\": \"2025-10-26T04:00\", \"n\": {n}}}"
        )
    };
    let log = dir.join("long.json");
    let long = format!("{{\"long\": \"{}\n", "x".repeat(5 << 20));
    fs::write(&log, format!("[{}, {}, {long}", conflicting(1), conflicting(2))).unwrap();
    fs::write(dir.join("seed.jsonl"), conflicting(0)).unwrap();
    for log in [dir.join("seed.jsonl"), log] {
        let mut target = open_import(&dir.join("events.db"), 0).unwrap();
        let (clock, mut progress) = (SystemClock::default(), ());
        let mut import = ImportPass::new(reading(DstPolicy::Reject), target.as_mut(), &clock, &mut progress);
        import.import(&log, &FileSystem, &|| open_log(&log, &Mapping::BuiltIn)).unwrap();
        import.finish().unwrap();
        target.publish().unwrap();
    }
    let lengths = "SELECT json_group_array(bytes) FROM (
        SELECT sum(length(text)) AS bytes FROM reject_texts GROUP BY reject_id ORDER BY reject_id)";
    let lengths: String =
        Connection::open(dir.join("events.db")).unwrap().query_row(lengths, [], |row| row.get(0)).unwrap();
    let [first, second] = [1, 2].map(|n| conflicting(n).len());
    // Rejects are written before the conflicts of their batch.
    assert_eq!(lengths, format!("[{},{first},{second}]", long.len()));
}
