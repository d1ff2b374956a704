//! `export`: what was imported comes back byte for byte, or the program says that it does not.

mod compressed;
mod damage;
mod files;
mod grown;
mod kept;
mod layouts;
mod live;
mod random;
mod replaced;

use std::path::PathBuf;

use serde::Deserialize;

use crate::support::cli::{Cli, Run, cli};
use crate::support::test_dir::TestDir;

const DATABASE: &str = "events.db";

/// The JSON document of an export.
#[derive(Debug, Deserialize)]
struct Report {
    files: Vec<File>,
    left_out: Vec<LeftOut>,
}

#[derive(Debug, Deserialize)]
struct File {
    path: PathBuf,
    source_path: Option<PathBuf>,
    source_id: Option<i64>,
    bytes: u64,
    sha256: String,
    records: u64,
    written: bool,
    exact: bool,
    reason: Option<String>,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
struct LeftOut {
    source_id: i64,
    events: u64,
}

/// The program, set up so that it has nothing to warn of.
fn quiet(dir: &TestDir) -> Cli {
    cli(dir).env("MISSION_CONTROL_STORAGE_BACKEND", "sqlite").env("MISSION_CONTROL_TIMEZONE", "UTC")
}

/// Imports logs, named as on the command line, into [`DATABASE`]; some records may be rejected.
#[track_caller]
fn import(dir: &TestDir, logs: &str) {
    // Logs that share records are warned of.
    let run = quiet(dir).run(&format!("-q import-legacy {logs} --overlap keep --into {DATABASE}"));
    assert!(run.code <= 1 && run.stderr.is_empty(), "{run:?}");
}

fn run_export(dir: &TestDir, arguments: &str) -> Run {
    quiet(dir).run(&format!("--store {DATABASE} --format json export --to out {arguments}"))
}

/// Whether nothing else is said than that rows are missing which the store had.
fn tells_of_missing_rows(stderr: &str) -> bool {
    stderr.lines().all(|line| line.starts_with("warning: ") && line.contains("another program has removed"))
}

/// Exports into `out`, after what holds for every export: the exit code says whether all is there,
/// what is written is exact or says why not, and what is not written is not there.
#[track_caller]
fn export(dir: &TestDir, arguments: &str) -> Report {
    let run = run_export(dir, arguments);
    assert!(run.stderr.is_empty() || tells_of_missing_rows(&run.stderr), "{}", run.stderr);
    let report: Report = serde_json::from_str(&run.stdout).unwrap();
    let is_whole = report.left_out.is_empty() && report.files.iter().all(|file| file.written);
    assert_eq!(run.code, i32::from(!is_whole), "{report:#?}");
    for file in &report.files {
        assert_eq!(file.exact, file.reason.is_none(), "{file:#?}");
        let content = std::fs::read(dir.path().join(&file.path));
        assert_eq!(
            content.as_ref().map_or(0, |bytes| bytes.len() as u64),
            file.bytes * u64::from(file.written)
        );
        assert_eq!(content.is_ok(), file.written, "{file:#?}");
    }
    report
}

/// Exports, and demands that every log is what it was.
#[track_caller]
fn comes_back(dir: &TestDir) -> Report {
    let report = export(dir, "");
    for file in &report.files {
        let Some(source) = &file.source_path else { continue };
        let (original, exported) =
            (std::fs::read(source).unwrap(), std::fs::read(dir.path().join(&file.path)));
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(shown(&exported.unwrap()), shown(&original), "{file:#?}");
    }
    report
}

/// Changes rows of the store by other means than the program's.
#[track_caller]
fn tamper(dir: &TestDir, sql: &str) {
    crate::support::tamper(&dir.join(DATABASE), sql);
}
