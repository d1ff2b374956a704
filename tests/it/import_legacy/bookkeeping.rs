//! The same bytes give the same store, in however many steps they were imported.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use mission_events::import::{ImportReport, ImportSettings, ReadOptions, RecordCounts};
use mission_events::internals::application::export::{Export, ExportOptions};
use mission_events::internals::infrastructure::export_folder::FileFolder;
use mission_events::internals::infrastructure::sqlite::SqliteExport;
use proptest::collection::vec;
use proptest::prelude::*;
use rusqlite::Connection;

use crate::support::imports::{import_logs, import_settings};
use crate::support::test_dir::TestDir;
use crate::support::{cases, utc};

/// Records, whole and damaged; `#` stands for the number of the log, so that no two logs tell of one id.
const RECORDS: [&str; 13] = [
    r#"{"type": "A", "task_id": "T1", "timestamp": "2025-10-25T10:00:00Z"}"#,
    r#"{"type": "A", "task_id": "T1", "timestamp": "2025-10-25T10:00:00Z"}"#,
    r#"{"type": "A", "task_id": "T1", "timestamp": "2025-10-25T10:00:00Z"}"#,
    r#"{"type": "B", "timestamp": "2025-10-25T10:00:01Z"}"#,
    r##"{"event_id": "#a", "event_type": "A", "timestamp": "2030-10-25T10:00:00Z"}"##,
    r##"{"event_id":"#a", "event_type": "A", "timestamp": "2030-10-25T10:00:00Z"}"##,
    r##"{"event_id": "#a", "event_type": "B", "timestamp": "2030-10-25T10:00:00Z"}"##,
    r##"{"event_id": "#b", "event_type": "B", "timestamp": "2030-10-25T10:00:00Z"}"##,
    r#"{"type": "A", "timestamp": "25.10.2025"}"#,
    r#"{"type": "A"}"#,
    "42",
    r#"{"type": "C", "timestamp": "2025-10-25T10:00:02Z", "n": NaN}"#,
    r#"{"type": "C", "task_id": "", "timestamp": "2025-10-25T10:00:02Z"}"#,
];

#[derive(Debug, Clone)]
struct Log {
    is_array: bool,
    /// Indexes in `RECORDS`.
    records: Vec<usize>,
    /// The rest of a record that was never finished, in the last version.
    is_torn: bool,
    /// After which of its records each of four steps ends, in percent.
    cuts: [usize; 4],
}

impl Log {
    /// What the log holds when the step ends.
    fn after(&self, number: usize, step: usize, steps: usize) -> String {
        let all = self.records.len();
        let count = if step == steps {
            all
        } else {
            let mut cuts = self.cuts;
            cuts.sort_unstable();
            all * cuts[step - 1] / 100
        };
        let records: Vec<String> = self.records[..count]
            .iter()
            .map(|&index| RECORDS[index].replace('#', &number.to_string()))
            .collect();
        match self.is_array {
            true => format!("[\n  {}\n]\n", records.join(",\n  ")),
            false => {
                let tail = if self.is_torn && step == steps { "{\"type\": \"A\", \"tim" } else { "" };
                records.iter().map(|record| format!("{record}\n")).collect::<String>() + tail
            }
        }
    }

    fn path(&self, dir: &TestDir, number: usize) -> PathBuf {
        dir.join(&format!("log-{number}.{}", if self.is_array { "json" } else { "jsonl" }))
    }
}

fn log() -> impl Strategy<Value = Log> {
    // A file that holds no object at all is no log, and is refused: each log begins with one.
    let first = (0..RECORDS.len()).prop_filter("an object", |&index| RECORDS[index].starts_with('{'));
    let records =
        (first, vec(0..RECORDS.len(), 0..13)).prop_map(|(first, others)| [vec![first], others].concat());
    let cuts = [0..100_usize, 0..100, 0..100, 0..100];
    (any::<bool>(), records, any::<bool>(), cuts).prop_map(|(is_array, records, is_torn, cuts)| Log {
        is_array,
        records,
        is_torn,
        cuts,
    })
}

fn import(database: &Path, logs: &[PathBuf], parts: bool) -> ImportReport {
    import_logs(database, &ImportSettings { parts, ..import_settings(logs, ReadOptions::new(utc())) })
}

/// What a store says, whatever the order of its positions.
#[derive(Debug, PartialEq)]
struct Contents {
    events: BTreeSet<String>,
    rejects: BTreeSet<String>,
    counts: Vec<RecordCounts>,
    exported: Vec<String>,
}

fn contents(database: &Path, logs: &[PathBuf], parts: bool, out: &Path) -> Contents {
    let counts = import(database, logs, parts).sources.iter().map(|source| source.counts).collect();
    let connection = Connection::open(database).unwrap();
    let rows = |sql: &str| -> BTreeSet<String> {
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let events = rows(
        "SELECT printf('%s|%s|%d|%s|%s|%s', event_id, event_type, occurred_at, aggregate_id, body, origin)
         FROM events",
    );
    let rejects = rows(
        "SELECT printf('%s|%d|%d|%s|%s|%s', path, offset, line, reason,
                iif(reason = 'conflict', '', detail),
                (SELECT group_concat(CAST(text AS TEXT), '') FROM reject_texts WHERE reject_id = rejects.reject_id))
         FROM rejects JOIN sources USING (source_id) WHERE current = 1 AND superseded_by IS NULL",
    );
    let stored = rows(
        "SELECT printf('%d, %d', records = (SELECT count(*) FROM events) + (SELECT count(*) FROM twins),
             NOT EXISTS (SELECT 1 FROM sources WHERE superseded_by IS NULL AND (
                 imported > (SELECT count(*) FROM events WHERE events.source_id = sources.source_id)
                 OR rejected > (SELECT count(*) FROM rejects WHERE rejects.source_id = sources.source_id
                     AND current = 1 AND retried_position IS NULL))))
         FROM stored_rows",
    );
    assert_eq!(stored, BTreeSet::from(["1, 1".to_owned()]), "every row is there that was counted");
    drop(connection);
    let mut store = SqliteExport::open(database, utc()).unwrap();
    let options = ExportOptions { source_id: None, legacy: false, only: None, force: false, zone: utc() };
    let exported = Export::new(&mut store, &mut FileFolder::new(out, false), options).run().unwrap();
    assert!(exported.is_whole(), "{exported:#?}");
    let exported = logs.iter().map(|log| {
        fs::read_to_string(out.join(log.file_name().unwrap())).unwrap_or_else(|error| error.to_string())
    });
    Contents { events, rejects, counts, exported: exported.collect() }
}

/// How a log is rotated.
#[derive(Debug, Clone, Copy)]
enum Rotation {
    Renaming,
    /// The file that is written to stays the same.
    CopyingAndCutting,
    /// No file moves: each is written with the bytes of the one before it.
    WritingAnew,
}

impl Rotation {
    /// Moves so many parts on by one number, whose first one is written to.
    fn make_room(self, dir: &TestDir, parts: usize) {
        let part = |number: usize| dir.join(&format!("app.jsonl.{number}"));
        let renamed = match self {
            Self::Renaming => 0,
            Self::CopyingAndCutting => 1,
            Self::WritingAnew => return,
        };
        for number in (renamed..parts).rev() {
            fs::rename(part(number), part(number + 1)).unwrap();
        }
        if renamed == 1 {
            fs::copy(part(0), part(1)).unwrap();
        }
    }
}

/// Makes the content of a file that one, by appending where it begins with what is there.
fn write_on(file: &Path, content: &str) {
    let there = fs::read_to_string(file).unwrap_or_default();
    match content.strip_prefix(&there).filter(|_| !there.is_empty()) {
        Some(rest) => File::options().append(true).open(file).unwrap().write_all(rest.as_bytes()).unwrap(),
        None => fs::write(file, content).unwrap(),
    }
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn logs_that_grow_between_imports_come_to_the_store_of_one_import(
        logs in vec(log(), 1..4), parts in any::<bool>(), repeats in 0..3_usize,
    ) {
        let dir = TestDir::new();
        let paths: Vec<PathBuf> =
            logs.iter().enumerate().map(|(number, log)| log.path(&dir, number)).collect();
        let mut expected: Option<Contents> = None;
        for steps in [1, 2, 5] {
            let database = dir.join(&format!("{steps}.db"));
            for step in 1..=steps {
                for (number, (log, path)) in logs.iter().zip(&paths).enumerate() {
                    fs::write(path, log.after(number, step, steps)).unwrap();
                }
                for _ in 0..=repeats {
                    import(&database, &paths, parts);
                }
            }
            let found = contents(&database, &paths, parts, &dir.join(&format!("out-{steps}")));
            for (path, exported) in paths.iter().zip(&found.exported) {
                prop_assert_eq!(exported, &fs::read_to_string(path).unwrap());
            }
            match &expected {
                None => expected = Some(found),
                Some(expected) => prop_assert_eq!(&found, expected, "in {} steps", steps),
            }
        }
    }

    #[test]
    fn parts_that_are_rotated_between_imports_come_to_the_events_of_the_whole_log(
        records in vec(0..4_usize, 1..16), rotations in vec((0..100_usize, any::<bool>()), 1..5),
        rotation in prop::sample::select(vec![Rotation::Renaming, Rotation::CopyingAndCutting, Rotation::WritingAnew]),
    ) {
        let dir = TestDir::new();
        let lines: Vec<String> = records.iter().map(|&index| format!("{}\n", RECORDS[index])).collect();
        let mut parts: Vec<String> = vec![String::new()];
        let (database, mut written) = (dir.join("parts.db"), 0);
        let mut cuts: Vec<(usize, bool)> =
            rotations.iter().map(|&(percent, rotates)| (lines.len() * percent / 100, rotates)).collect();
        cuts.sort_unstable();
        for (to, rotates) in cuts.into_iter().chain([(lines.len(), false)]) {
            parts[0].push_str(&lines[written.min(to)..to].concat());
            written = written.max(to);
            let files: Vec<PathBuf> =
                (0..parts.len()).rev().map(|number| dir.join(&format!("app.jsonl.{number}"))).collect();
            for (file, part) in files.iter().rev().zip(&parts) {
                write_on(file, part);
            }
            import(&database, &files, true);
            if rotates {
                rotation.make_room(&dir, parts.len());
                parts.insert(0, String::new());
            }
        }
        fs::write(dir.join("whole.jsonl"), lines.concat()).unwrap();
        import(&dir.join("whole.db"), &[dir.join("whole.jsonl")], false);
        let ids = |database: &str| -> BTreeSet<String> {
            let connection = Connection::open(dir.join(database)).unwrap();
            let mut statement = connection.prepare("SELECT event_id FROM events").unwrap();
            let ids = statement.query_map([], |row| row.get(0)).unwrap();
            ids.map(Result::unwrap).collect()
        };
        prop_assert_eq!(ids("parts.db"), ids("whole.db"));
    }
}
