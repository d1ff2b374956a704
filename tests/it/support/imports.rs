//! Imports without the command line; and a sink for an import, for tests that read logs into it themselves.

use std::path::{Path, PathBuf};

use mission_events::SqliteError;
use mission_events::compare::TempScratch;
use mission_events::import::{
    FileSystem, ImportPorts, ImportReport, ImportSettings, LogList, OverlapPolicy, ReadOptions, SqliteImport,
    SystemClock, import, open_log,
};
use mission_events::internals::application::import::ImportSink;
use mission_events::internals::infrastructure::sqlite::import::bulk::BulkLoad;
use mission_events::internals::infrastructure::sqlite::import::incremental_load::IncrementalLoad;

/// What imports these logs, and matches what both systems wrote.
pub fn import_settings(logs: &[PathBuf], options: ReadOptions) -> ImportSettings {
    ImportSettings {
        logs: LogList { files: logs.to_vec(), skipped: Vec::new() },
        parts: false,
        options,
        overlap: OverlapPolicy::Match,
        strict: false,
        dry_run: false,
    }
}

/// Imports into the store at `database`.
#[track_caller]
pub fn import_logs(database: &Path, settings: &ImportSettings) -> ImportReport {
    let ports = ImportPorts {
        store: &SqliteImport::new(database, 0),
        open_log: &open_log,
        log_files: &FileSystem,
        scratch: &|| Box::new(TempScratch::default()),
        clock: &SystemClock::default(),
        progress: &mut (),
    };
    import(settings, ports).unwrap()
}

/// A sink into the store at `path`: a new store is built whole, one that exists is added to.
pub fn open_import(path: &Path, expected_bytes: u64) -> Result<Box<dyn ImportSink>, SqliteError> {
    Ok(match BulkLoad::begin(path, expected_bytes)? {
        Some(load) => Box::new(load),
        None => Box::new(IncrementalLoad::open(path)?),
    })
}
