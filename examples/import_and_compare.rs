//! Imports the legacy log of the sample data into a new store, and compares it with the daily log.
//!
//! ```sh
//! cargo run --example import_and_compare
//! ```

use std::error::Error;
use std::path::{Path, PathBuf};

use chrono::{TimeDelta, TimeZone, Utc};
use mission_events::{
    CompareSettings, DstPolicy, EventRepository, ImportLegacy, Input, LogFeed, Mapping, Profile, Reading,
    SqliteEventRepository, TempScratch, Verdict, Zone, compare, open_import, open_log,
};

fn main() -> Result<(), Box<dyn Error>> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    import(&data.join("events.json"))?;
    compare_logs(&data)
}

/// Replays one log into a store that does not exist yet.
fn import(log: &Path) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let database = folder.path().join("events.db");
    let reading = Reading {
        since: None,
        until: None,
        dst: DstPolicy::Resolve,
        mapping: Mapping::BuiltIn,
        zone: Zone::utc(),
    };
    let mut target = open_import(&database, log.metadata()?.len())?;
    let mut import = ImportLegacy::new(reading, target.as_mut(), &|_, _| {});
    import.import(&|| open_log(log, &Mapping::BuiltIn))?;
    let imported = import.finish()?;
    target.publish()?;
    // It holds the lock of the store.
    drop(target);
    let total = imported.total;
    println!("{} records: {} imported, {} rejected", total.records, total.imported, total.rejected);

    let store = SqliteEventRepository::open(&database, Zone::utc())?;
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
    let settings = CompareSettings {
        zone: Zone::utc(),
        profile: Profile::default(),
        tolerance: TimeDelta::seconds(2),
        max_shift: TimeDelta::hours(1),
        max_offset: TimeDelta::minutes(5),
        settle: TimeDelta::seconds(60),
        as_of: Utc::now(),
        as_of_is_declared: false,
        since: Utc.with_ymd_and_hms(2025, 10, 20, 0, 0, 0).single(),
        until: None,
        memory: 256 << 20,
        limit: 100,
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
