//! Damaged logs that are imported in several steps, while they grow, and at once: one store.

use std::fs;
use std::path::Path;

use mission_events::internals::application::export::{Export, ExportOptions};
use mission_events::internals::application::import::{
    ImportReport, ImportSettings, OverlapPolicy, ReadOptions,
};
use mission_events::internals::infrastructure::export_folder::FileFolder;
use mission_events::internals::infrastructure::sources::open_log;
use mission_events::internals::infrastructure::sqlite::SqliteExport;
use mission_events::internals::wire::mapping::{DeclaredMapping, Mapping};
use mission_events::internals::wire::zone::Zone;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use rusqlite::Connection;
use rusqlite::types::Value;

use crate::support::cases;
use crate::support::imports::{import_logs, import_settings};
use crate::support::test_dir::TestDir;

#[path = "../../damaged_logs/mod.rs"]
mod damaged_logs;

use damaged_logs::damaged_log;

/// What the new system wrote of some of the records that a damaged log is made of.
const NATIVE: &str = concat!(
    r#"{"event_id": "n1", "event_type": "A", "timestamp": "2025-10-25T10:00:00.2Z", "aggregate_id": "T1"}"#,
    "\n",
    r#"{"event_id": "n2", "event_type": "C", "timestamp": "2025-10-25T10:00:01Z", "aggregate_id": "T1"}"#,
    "\n",
);

/// What a store says of a log and its events, whenever they came into it.
const CONTENT: [&str; 6] = [
    "SELECT event_id, event_type, occurred_at, aggregate_id, body, source_offset, source_line
     FROM events ORDER BY event_id",
    "SELECT offset, line, reason, detail, (SELECT group_concat(hex(text), '') FROM
         (SELECT text FROM reject_texts WHERE reject_texts.reject_id = rejects.reject_id ORDER BY offset))
     FROM rejects WHERE current = 1 ORDER BY offset, detail",
    "SELECT offset, line, kind, text, (SELECT event_id FROM events WHERE events.position = source_repeats.position)
     FROM source_repeats ORDER BY source_id, offset",
    "SELECT event_id, class, body, source_offset FROM twins ORDER BY event_id",
    "SELECT records, imported, already_present, matched_existing, duplicates, rejected, content_sha256
     FROM sources WHERE records > 0 OR content_bytes > 0 ORDER BY path",
    "SELECT count(*), (SELECT count(*) FROM rejects WHERE current = 1) FROM events",
];

fn content(database: &Path) -> Vec<Vec<Value>> {
    let connection = Connection::open(database).unwrap();
    let mut content = Vec::new();
    for sql in CONTENT {
        let mut statement = connection.prepare(sql).unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| (0..columns).map(|at| row.get(at)).collect()).unwrap();
        content.extend(rows.map(|row: rusqlite::Result<Vec<Value>>| row.unwrap()));
    }
    content
}

/// Imports a log as it is now; `None` where it is no log (yet).
fn import_into(
    database: &Path,
    log: &Path,
    mapping: &Mapping,
    overlap: OverlapPolicy,
) -> Option<ImportReport> {
    open_log(log, mapping).ok()?;
    let options = ReadOptions { mapping: mapping.clone(), ..ReadOptions::new(Zone::utc()) };
    let settings = ImportSettings { overlap, ..import_settings(&[log.to_owned()], options) };
    Some(import_logs(database, &settings))
}

/// Demands that the store gives the log back.
fn comes_back(database: &Path, log: &[u8], out: &Path, name: &str) {
    let mut store = SqliteExport::open(database, Zone::utc()).unwrap();
    let options =
        ExportOptions { source_id: None, legacy: false, only: None, force: false, zone: Zone::utc() };
    let exported = Export::new(&mut store, &mut FileFolder::new(out, false), options).run().unwrap();
    assert!(exported.is_whole(), "{exported:#?}");
    assert!(fs::read(out.join(name)).unwrap() == log, "it came back otherwise");
}

fn under_records() -> Mapping {
    Mapping::Declared(DeclaredMapping {
        event_id: None,
        event_type: "type".parse().unwrap(),
        timestamp: "timestamp".parse().unwrap(),
        timestamp_unit: Default::default(),
        aggregate: None,
        records: Some("Records".to_owned()),
    })
}

/// Imports a log when it has these lengths and when it is whole, and at once into another store, and
/// demands that the stores are the same.
#[track_caller]
fn makes_one_store(log: &[u8], lengths: &[usize], name: &str, mapping: &Mapping, has_native: bool) {
    let dir = TestDir::new();
    let (path, native) = (dir.join(name), dir.join("native.jsonl"));
    let databases = ["steps.db", "once.db"].map(|name| dir.join(name));
    fs::write(&path, log).unwrap();
    if open_log(&path, mapping).is_err() {
        return;
    }
    fs::write(&native, NATIVE).unwrap();
    if has_native {
        for database in &databases {
            import_into(database, &native, &Mapping::BuiltIn, OverlapPolicy::Keep);
        }
    }
    let overlap = if has_native { OverlapPolicy::Match } else { OverlapPolicy::Keep };
    for &length in lengths.iter().chain([&log.len()]) {
        fs::write(&path, &log[..length]).unwrap();
        import_into(&databases[0], &path, mapping, overlap);
    }
    let once = import_into(&databases[1], &path, mapping, overlap).unwrap();
    let [in_steps, at_once] = databases.each_ref().map(|database| content(database));
    assert_eq!(in_steps, at_once);
    for (database, out) in databases.iter().zip(["from-steps", "from-once"]) {
        comes_back(database, log, &dir.join(out), name);
    }
    // Imported again, it is what it was, and says the same of itself.
    let again = import_into(&databases[0], &path, mapping, overlap).unwrap();
    assert_eq!((again.total.records, again.total.rejected), (once.total.records, once.total.rejected));
}

const A: &str = r#"{"type": "A", "task_id": "T1", "timestamp": "2025-10-25T10:00:00"}"#;

#[test]
fn a_log_that_did_not_say_yet_how_it_is_written_is_one_log() {
    for (log, lengths) in [
        (format!("\u{feff}[{A}]"), vec![0, 1, 2, 3]),
        (format!("\u{feff}{A}\n"), vec![0, 1, 2, 3]),
        (format!("\n \n[{A}]"), vec![0, 1, 3]),
        (format!("\n \n{A}\n"), vec![0, 1, 3]),
    ] {
        for name in ["log.json", "log.jsonl"] {
            makes_one_store(log.as_bytes(), &lengths, name, &Mapping::BuiltIn, false);
        }
    }
}

#[test]
fn a_line_that_goes_on_after_its_record_has_one_more() {
    let b = A.replace("T1", "T2");
    for (log, length) in [
        (format!("{A}\n{A}{b}\n"), 2 * A.len() + 1),
        (format!("{A},\n{b},\n"), A.len()),
        (format!("{A} x{b}"), A.len() + 2),
        (format!("[{A},\n<<<<<<< HEAD\n{b}\n=======\n{A}\n>>>>>>> theirs\n]\n"), 2 * A.len() + 17),
        (format!("[{A}]\n[{b}]\n"), A.len() + 2),
    ] {
        makes_one_store(log.as_bytes(), &[length], "log", &Mapping::BuiltIn, false);
    }
}

proptest! {
    #![proptest_config(cases(32))]

    #[test]
    fn a_log_that_is_imported_while_it_grows_makes_the_store_that_it_makes_at_once(
        (log, is_held) in damaged_log(),
        steps in prop_oneof![vec(any::<Index>(), 1), vec(any::<Index>(), 2), vec(any::<Index>(), 5)],
        has_native in any::<bool>(),
        name in select(vec!["log", "log.json"]),
    ) {
        let mapping = if is_held { under_records() } else { Mapping::BuiltIn };
        let mut lengths: Vec<usize> = steps.iter().map(|step| step.index(log.len() + 1)).collect();
        lengths.sort_unstable();
        makes_one_store(&log, &lengths, name, &mapping, has_native);
    }
}
