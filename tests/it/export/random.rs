//! Random logs, with every trap in random layout: what goes in comes out.

use std::fs;
use std::path::Path;

use crate::support::imports::open_import;
use mission_events::internals::application::export::{Export, ExportOptions, Exported};
use mission_events::internals::application::import::pass::ImportPass;
use mission_events::internals::application::import::{ReadOptions, RecordCounts};
use mission_events::internals::infrastructure::export_folder::FileFolder;
use mission_events::internals::infrastructure::sources::{FileSystem, open_log};
use mission_events::internals::infrastructure::sqlite::SqliteExport;
use mission_events::internals::infrastructure::system_clock::SystemClock;
use mission_events::internals::wire::local_time::DstPolicy;
use mission_events::internals::wire::mapping::Mapping;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rusqlite::Connection;

use crate::support::test_dir::TestDir;
use crate::support::{berlin, cases};

/// Records, damaged ones among them, and what may stand around them. Few ids, so that several records have the same.
const RECORDS: [&[u8]; 22] = [
    br#"{"type": "A", "task_id": "T1", "timestamp": "2025-10-25T10:00:00"}"#,
    br#"{"timestamp":"2025-10-25T10:00:00","task_id":"T1","type":"\u0041"}"#,
    br#"{"type": "A", "timestamp": "2025-10-26T02:30:00"}"#,
    b"{\n  \"type\": \"A\",\r\n  \"timestamp\": \"2025-10-25\"\n}",
    br#"{"event_id": "a", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z"}"#,
    br#"{"event_id": "a","event_type": "A", "timestamp": "2025-10-25T10:00:00Z"}"#,
    br#"{"event_id": "a", "event_type": "B", "timestamp": "2025-10-25T10:00:00Z"}"#,
    br#"{"event_id": "b", "event_type": "B", "timestamp": "2025-10-25T10:00:00Z", "n": [NaN, -Infinity]}"#,
    br#"{"event_id": "c", "event_type": "C", "timestamp": "2025-10-25T10:00:00Z", "s": "\ud800", "s": "]"}"#,
    br#"{"event_id": "d", "event_type": "D", "timestamp": "2025-10-25T10:00:00Z", "n": 123456789012345678901.10}"#,
    br#"{"event_id": "", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z"}"#,
    br#"{"type": "A", "type": "B", "timestamp": "2025-10-25T10:00:00Z"}"#,
    br#"{"type": "A", "timestamp": "25.10.2025"}"#,
    br#"{"type": "A"}"#,
    b"{}",
    b"42",
    b"\"text, [{\"",
    b"{\"type\": \"A, \"timestamp\": 1}",
    b"{\"a\": [1, 2}",
    b"\xfe{\xff}",
    b"{\"type\": \"\xff\", \"timestamp\": \"2025-10-25\"}",
    b"}]",
];
const BETWEEN_LINES: [&str; 8] = ["\n", "\n", "\n", "\r\n", "\n\n", " \n\t", "", "\n  "];
const BETWEEN_ELEMENTS: [&str; 10] = [", ", ", ", ",", ",\n  ", " ,", ",,", " ", "", "\n", ",\r\n"];

fn log(
    between: &'static [&'static str],
    ends: [&'static [&'static str]; 2],
) -> impl Strategy<Value = Vec<u8>> {
    let [beginnings, endings] = ends;
    let records = vec((select(&RECORDS[..]), select(between), any::<bool>()), 0..12);
    (select(beginnings), records, select(between), select(endings), 0..20_usize).prop_map(
        |(beginning, records, usual, ending, torn)| {
            let mut log = beginning.as_bytes().to_vec();
            for (record, between, is_unusual) in records {
                log.extend_from_slice(record);
                log.extend_from_slice(if is_unusual { between } else { usual }.as_bytes());
            }
            log.extend_from_slice(ending.as_bytes());
            // Now and then the end is lost.
            log.truncate(log.len().saturating_sub(if torn < 15 { 0 } else { torn }));
            log
        },
    )
}

fn any_log() -> impl Strategy<Value = Vec<u8>> {
    let lines: [&[&str]; 2] = [&["", "", "\u{feff}", "\n \n"], &["", "\n", "\n\n"]];
    let array: [&[&str]; 2] = [&["[", "[\n  ", "\u{feff}[", " [ "], &["]", "\n]\n", ",]", "", "] x"]];
    prop_oneof![log(&BETWEEN_LINES, lines), log(&BETWEEN_ELEMENTS, array)]
}

/// Imports logs in one go; each must have counts that add up.
fn import(database: &Path, logs: &[std::path::PathBuf]) -> Vec<RecordCounts> {
    let reading = ReadOptions {
        zone: berlin(),
        dst: DstPolicy::Reject,
        mapping: Mapping::BuiltIn,
        since: None,
        until: None,
    };
    let mut target = open_import(database, 0).unwrap();
    let (clock, mut progress) = (SystemClock::default(), ());
    let mut import = ImportPass::new(reading, target.as_mut(), &clock, &mut progress);
    for log in logs {
        import.import(log, &FileSystem, &|| open_log(log, &Mapping::BuiltIn)).unwrap();
    }
    let imported = import.finish().unwrap();
    target.publish().unwrap();
    imported.sources.iter().map(|source| source.counts).collect()
}

fn export(database: &Path, to: &Path) -> Exported {
    let mut store = SqliteExport::open(database, berlin()).unwrap();
    let options = ExportOptions { source_id: None, legacy: false, only: None, force: false, zone: berlin() };
    Export::new(&mut store, &mut FileFolder::new(to, false), options).run().unwrap()
}

/// What the store has written down of a log: events, repeats and rejects, each record once.
fn written_down(database: &Path, source_id: i64) -> (u64, u64, u64) {
    let connection = Connection::open(database).unwrap();
    let count = |sql: &str| connection.query_row(sql, [source_id], |row| row.get(0)).unwrap();
    (
        count("SELECT count(*) FROM events WHERE source_id = ?1"),
        count("SELECT count(*) FROM source_repeats WHERE source_id = ?1"),
        count("SELECT count(*) FROM rejects WHERE source_id = ?1 AND current = 1"),
    )
}

proptest! {
    #![proptest_config(cases(32))]

    #[test]
    fn logs_of_any_content_come_back_byte_for_byte(
        first in vec(any_log(), 1..3), second in vec(any_log(), 0..2),
    ) {
        let dir = TestDir::new();
        let database = dir.join("events.db");
        let mut paths = Vec::new();
        let mut counts = Vec::new();
        // The first ones into a new store, the others into a filled one.
        for logs in [&first, &second] {
            let mut these = Vec::new();
            for log in logs {
                let path = dir.join(&format!("{}.jsonl", paths.len() + these.len()));
                fs::write(&path, log).unwrap();
                // Of some, the lines together are objects: they are refused, and nothing is stored.
                prop_assume!(open_log(&path, &Mapping::BuiltIn).is_ok());
                these.push(path);
            }
            if !these.is_empty() {
                counts.extend(import(&database, &these));
            }
            paths.extend(these);
        }
        let exported = export(&database, &dir.join("out"));
        prop_assert!(exported.is_whole(), "{:#?}", exported);
        for (index, (path, counts)) in paths.iter().zip(counts).enumerate() {
            let original = fs::read(path).unwrap();
            let name = path.file_name().unwrap();
            let copy = fs::read(dir.join("out").join(name)).unwrap();
            prop_assert_eq!(String::from_utf8_lossy(&copy), String::from_utf8_lossy(&original));
            prop_assert_eq!(&copy, &original);
            prop_assert!(counts.are_conserved());
            let repeats = counts.already_present + counts.duplicates;
            let expected = (counts.imported, repeats, counts.rejected);
            prop_assert_eq!(written_down(&database, index as i64 + 1), expected, "{:?}", counts);
        }
    }
}
