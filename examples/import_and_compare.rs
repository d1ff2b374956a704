//! Imports the legacy log of the sample data into a new store, and compares it with the daily log.
//!
//! ```sh
//! cargo run --example import_and_compare
//! ```

use std::error::Error;
use std::path::{Path, PathBuf};

use chrono::{TimeZone, Utc};
use mission_events::compare::{Input, LogFeed, Settings, TempScratch, Verdict, compare};
use mission_events::import::{
    FileSystem, ImportPorts, ImportSettings, LogList, Mapping, OverlapPolicy, ReadOptions, SqliteImport,
    SystemClock, import, open_log,
};
use mission_events::{EventRepository, EventRepositoryExt, SqliteEventRepository, Zone};

fn main() -> Result<(), Box<dyn Error>> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    import_log(&data.join("events.json"))?;
    compare_logs(&data)
}

/// Replays one log into a store that does not exist yet.
fn import_log(log: &Path) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let database = folder.path().join("events.db");
    let settings = ImportSettings {
        logs: LogList { files: vec![log.to_owned()], skipped: Vec::new() },
        parts: false,
        options: ReadOptions::new(Zone::utc()),
        overlap: OverlapPolicy::Match,
        strict: false,
        dry_run: false,
    };
    let ports = ImportPorts {
        store: &SqliteImport::new(&database, log.metadata()?.len()),
        open_log: &open_log,
        log_files: &FileSystem,
        scratch: &|| Box::new(TempScratch::default()),
        clock: &SystemClock::default(),
        progress: &mut (),
    };
    let total = import(&settings, ports)?.total;
    println!("{} records: {} imported, {} rejected", total.records, total.imported, total.rejected);

    let store = SqliteEventRepository::open(&database, Zone::utc())?;
    assert_eq!(store.summary()?.events, total.imported);
    for newest in store.get_recent_events(3)? {
        println!("{} {}", newest.event.timestamp(), newest.event.event_type());
    }
    Ok(())
}

/// Compares the legacy log with the daily log, for the week in which both systems ran.
fn compare_logs(data: &Path) -> Result<(), Box<dyn Error>> {
    let mut days: Vec<PathBuf> = Vec::new();
    for entry in data.join("events").read_dir()? {
        let path = entry?.path();
        days.extend(path.extension().is_some_and(|extension| extension == "jsonl").then_some(path));
    }
    days.sort();
    let side = |path: PathBuf, files: Vec<PathBuf>| Input {
        path,
        mapping: Mapping::BuiltIn,
        feeds: files.into_iter().map(|file| Box::new(LogFeed::new(file, Mapping::BuiltIn)) as _).collect(),
        skipped: Vec::new(),
    };
    let settings = Settings {
        since: Utc.with_ymd_and_hms(2025, 10, 20, 0, 0, 0).single(),
        ..Settings::new(Zone::utc(), Utc::now())
    };
    let control = side(data.join("events.json"), vec![data.join("events.json")]);
    let candidate = side(data.join("events"), days);
    let comparison = compare(&settings, control, candidate, Box::new(TempScratch::default()))?;
    assert_eq!(comparison.verdict, Verdict::Different);
    println!("{} events are the same on both sides", comparison.matched);
    for reason in &comparison.reasons {
        println!("- {reason}");
    }
    Ok(())
}
