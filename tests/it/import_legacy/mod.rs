//! `import-legacy`, run as an operator runs it: what is in the store then, and what was said.

mod bad_input;
mod bookkeeping;
mod both_paths;
mod clocks;
mod compressed;
#[cfg(unix)]
mod disk_full;
mod evidence;
mod grown;
mod identity;
mod killed;
mod layouts;
mod live;
mod meanwhile;
#[cfg(unix)]
mod missing_parts;
#[cfg(target_os = "linux")]
mod names;
#[cfg(unix)]
mod nothing_written;
mod origin;
mod overlaps;
mod parallel_run;
mod parts;
#[cfg(unix)]
mod permissions;
mod planted;
mod processes;
#[cfg(unix)]
mod publishing;
mod read_again;
mod refused;
mod replaced_parts;
mod sample_data;
mod steps;
mod twins;
mod unchanged;
mod unread_files;
mod values;
mod writers;
mod zero_bytes;

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde::Deserialize;
use serde_json::Value;

use crate::support::cli::{Cli, Run, cli};
use crate::support::test_dir::TestDir;

#[allow(dead_code, reason = "the generator serves benches and an example as well")]
#[path = "../../generate_logs/generator/mod.rs"]
mod generator;

const DATABASE: &str = "events.db";
/// How the name begins of the folder in which a new store is built.
const BUILD_FOLDER: &str = ".mission-events-import-";

/// What an import must count, for one log or for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
struct Counts {
    records: u64,
    imported: u64,
    already_present: u64,
    matched_existing: u64,
    duplicates: u64,
    rejected: u64,
    out_of_range: u64,
}

/// The JSON document of an import.
#[derive(Debug, Deserialize)]
struct Report {
    sources: Vec<Source>,
    #[serde(flatten)]
    total: Counts,
    conflicts: u64,
    twins: BTreeMap<String, u64>,
    flags: BTreeMap<String, u64>,
    skipped_files: Vec<Skipped>,
    rejects: Vec<Rejected>,
    store: Store,
}

#[derive(Debug, Deserialize)]
struct Source {
    path: String,
    format: String,
    #[serde(flatten)]
    counts: Counts,
}

#[derive(Debug, Deserialize)]
struct Skipped {
    path: String,
}

#[derive(Debug, Deserialize)]
struct Rejected {
    line: u64,
    offset: u64,
    reason: String,
    detail: String,
}

#[derive(Debug, Deserialize)]
struct Store {
    events: u64,
}

impl Report {
    /// The report of a run that came to its end, after what holds for every one of them: stderr is
    /// empty, the counts add up, and the exit code says whether anything was rejected.
    #[track_caller]
    fn of(run: Run) -> Self {
        assert_eq!(run.stderr, "");
        let report: Self = serde_json::from_str(&run.stdout).unwrap();
        for counts in report.sources.iter().map(|source| source.counts).chain([report.total]) {
            let Counts { imported, already_present, matched_existing, duplicates, rejected, .. } = counts;
            let became = imported + already_present + matched_existing + duplicates + rejected;
            assert_eq!((counts.records, counts.out_of_range), (became, 0), "{report:#?}");
        }
        let sum = |count: fn(&Counts) -> u64| report.sources.iter().map(|s| count(&s.counts)).sum::<u64>();
        assert_eq!(report.total.records, sum(|counts| counts.records));
        assert_eq!(report.total.imported, sum(|counts| counts.imported));
        assert_eq!(report.total.already_present, sum(|counts| counts.already_present));
        assert_eq!(report.total.matched_existing, sum(|counts| counts.matched_existing));
        assert_eq!(report.total.duplicates, sum(|counts| counts.duplicates));
        assert_eq!(report.total.rejected, sum(|counts| counts.rejected));
        assert_eq!(run.code, i32::from(report.total.rejected > 0), "{report:#?}");
        report
    }

    fn reasons(&self) -> Vec<&str> {
        self.rejects.iter().map(|reject| reject.reason.as_str()).collect()
    }
}

/// The program, set up so that it has nothing to warn of.
fn quiet(dir: &TestDir) -> Cli {
    cli(dir).env("MISSION_CONTROL_STORAGE_BACKEND", "sqlite").env("MISSION_CONTROL_TIMEZONE", "UTC")
}

/// Imports logs, named as on the command line, into [`DATABASE`].
#[track_caller]
fn import(dir: &TestDir, logs: &str) -> Report {
    import_into(dir, logs, DATABASE)
}

#[track_caller]
fn import_into(dir: &TestDir, logs: &str, database: &str) -> Report {
    Report::of(quiet(dir).run(&format!("--format json import-legacy {logs} --into {database}")))
}

/// A row of the store, read by other means than the program's.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    event_id: String,
    event_type: String,
    /// Microseconds since the Unix epoch.
    occurred_at: i64,
    aggregate_id: Option<String>,
    body: String,
}

impl Row {
    /// What the body says, however it is spelled.
    fn value(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// All rows by position, after the database was found sound and its positions without gaps.
fn rows(dir: &TestDir, database: &str) -> Vec<Row> {
    let connection =
        Connection::open_with_flags(dir.join(database), OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    let check: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    let mut statement = connection
        .prepare(
            "SELECT event_id, event_type, occurred_at, aggregate_id, body, position
             FROM events ORDER BY position",
        )
        .unwrap();
    let rows = statement.query_map([], |row| {
        let position: i64 = row.get(5)?;
        Ok((
            position,
            Row {
                event_id: row.get(0)?,
                event_type: row.get(1)?,
                occurred_at: row.get(2)?,
                aggregate_id: row.get(3)?,
                body: row.get(4)?,
            },
        ))
    });
    let (positions, rows): (Vec<i64>, Vec<Row>) = rows.unwrap().map(Result::unwrap).unzip();
    assert!(positions.into_iter().eq(1..=rows.len() as i64), "positions count from 1 without gaps");
    rows
}

/// The ids, by position.
fn ids(dir: &TestDir, database: &str) -> Vec<String> {
    rows(dir, database).into_iter().map(|row| row.event_id).collect()
}

/// Every table of a store, row by row; times of writing apart.
fn described(database: &Path) -> Vec<String> {
    let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    let mut described = Vec::new();
    for query in [
        "SELECT position, event_id, event_type, occurred_at, aggregate_id, body, origin, id_derived,
                source_id, source_offset, source_line FROM events ORDER BY position",
        "SELECT source_id, path, format, compression, settings, separator, bytes, sha256, content_bytes,
                content_sha256, resume_offset, resume_line, resume_sha256, records, imported, already_present,
                matched_existing, duplicates, rejected, out_of_range, has_repeated_hour,
                finished_at IS NOT NULL FROM sources ORDER BY source_id",
        "SELECT * FROM source_texts ORDER BY source_id, offset",
        "SELECT * FROM source_repeats ORDER BY source_id, offset",
        "SELECT position, event_id, event_type, occurred_at, aggregate_id, body, origin, id_derived,
                source_id, source_offset, source_line, class FROM twins ORDER BY position",
        "SELECT rejects.source_id, rejects.offset, line, reason, detail, current, reject_texts.offset, text
         FROM rejects LEFT JOIN reject_texts USING (reject_id)
         ORDER BY rejects.source_id, rejects.offset, reject_texts.offset",
        "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name",
    ] {
        let mut statement = connection.prepare(query).unwrap();
        let columns = statement.column_count();
        let mut found = statement.query([]).unwrap();
        while let Some(row) = found.next().unwrap() {
            let cells = (0..columns).map(|column| match row.get_ref(column).unwrap() {
                ValueRef::Text(text) | ValueRef::Blob(text) => String::from_utf8_lossy(text).into_owned(),
                other => format!("{other:?}"),
            });
            described.push(cells.collect::<Vec<_>>().join("|"));
        }
    }
    described
}
