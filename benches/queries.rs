//! The queries of the port against raw rusqlite on the same file, in one run: what the port costs.
//!
//! `cargo bench --bench queries`. The number of events is 1,000,000, or `BENCH_EVENTS`. Each query is asked in turn with
//! its partner for `BENCH_SECONDS` (3); of each are shown the median, and the middle half of the times.

// A bench that cannot go on has failed.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use mission_events::compare::TempScratch;
use mission_events::import::{
    FileSystem, ImportPorts, ImportSettings, LogList, Mapping, OverlapPolicy, ReadOptions, SqliteImport,
    SystemClock, import, open_log,
};
use mission_events::internals::infrastructure::sources::{Surroundings, list_folder};
use mission_events::{
    DEFAULT_LIMIT, EventId, EventRepository, EventRepositoryExt, SqliteEventRepository, StoredEvent,
    StreamId, Zone,
};
use rusqlite::{Connection, Params};

#[allow(dead_code, reason = "the generator serves tests and an example as well")]
#[path = "../tests/generate_logs/generator/mod.rs"]
mod generator;

/// What a program would write that talks to SQLite itself.
struct RawRow {
    _position: i64,
    _event_id: String,
    _event_type: String,
    _occurred_at: i64,
    _aggregate_id: Option<String>,
    _body: String,
}

fn raw(connection: &Connection, clause: &str, parameters: impl Params) -> Vec<RawRow> {
    let sql = format!(
        "SELECT position, event_id, event_type, occurred_at, aggregate_id, body FROM events {clause}"
    );
    let mut statement = connection.prepare_cached(&sql).unwrap();
    let rows = statement.query_map(parameters, |row| {
        Ok(RawRow {
            _position: row.get(0)?,
            _event_id: row.get(1)?,
            _event_type: row.get(2)?,
            _occurred_at: row.get(3)?,
            _aggregate_id: row.get(4)?,
            _body: row.get(5)?,
        })
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// What the environment says; otherwise `usual`, and `tested` where `cargo test` only tries the bench out.
fn setting(name: &str, usual: u64, tested: u64) -> u64 {
    let is_measured = std::env::args().any(|argument| argument == "--bench");
    let default = if is_measured { usual } else { tested };
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

fn make_store(folder: &Path) -> SqliteEventRepository {
    let events = setting("BENCH_EVENTS", 1_000_000, 1_000);
    let plan = generator::Plan { events, ..generator::Plan::default() };
    let logs = folder.join("logs");
    generator::write_daily(&plan, &logs).unwrap();
    let database = folder.join("events.db");
    let settings = ImportSettings {
        logs: LogList {
            files: list_folder(&logs, (&Mapping::BuiltIn, &open_log), &Surroundings::default()).unwrap().logs,
            skipped: Vec::new(),
        },
        parts: false,
        options: ReadOptions::new(Zone::utc()),
        overlap: OverlapPolicy::Keep,
        strict: true,
        dry_run: false,
    };
    let ports = ImportPorts {
        store: &SqliteImport::new(&database, 0),
        open_log: &open_log,
        log_files: &FileSystem,
        scratch: &|| Box::new(TempScratch::default()),
        clock: &SystemClock::default(),
        progress: &mut (),
    };
    import(&settings, ports).unwrap();
    std::fs::remove_dir_all(logs).unwrap();
    SqliteEventRepository::open(database, Zone::utc()).unwrap()
}

/// How long one call took, that answers with so many events.
fn time<T>(ask: &mut impl FnMut() -> Vec<T>) -> Duration {
    let began = Instant::now();
    black_box(ask());
    began.elapsed()
}

/// Asks both in turn, and prints how long that took, and how many times as long the port took.
fn pair(name: &str, mut raw: impl FnMut() -> Vec<RawRow>, mut port: impl FnMut() -> Vec<StoredEvent>) {
    assert_eq!(raw().len(), port().len(), "both answer the same question");
    let (began, limit) = (Instant::now(), Duration::from_secs(setting("BENCH_SECONDS", 3, 0)));
    let (mut of_raw, mut of_port) = (Vec::new(), Vec::new());
    while began.elapsed() < limit || of_raw.is_empty() {
        of_raw.push(time(&mut raw));
        of_port.push(time(&mut port));
    }
    let [raw, port] = [of_raw, of_port].map(quartiles);
    let shown = |[low, median, high]: [f64; 3]| format!("{median:.1} ({low:.1} to {high:.1})");
    println!("{name:<26} {:>30} {:>30} {:>6.2}", shown(raw), shown(port), port[1] / raw[1]);
}

/// The quartiles of durations, in microseconds.
fn quartiles(mut times: Vec<Duration>) -> [f64; 3] {
    times.sort_unstable();
    [1, 2, 3].map(|quarter| times[(times.len() - 1) * quarter / 4].as_secs_f64() * 1e6)
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let store = make_store(folder.path());
    let connection = Connection::open(store.path()).unwrap();
    let sample = store.read_stream(&StreamId::single(), None, usize::MAX).unwrap();
    let step = (sample.len() / 1_000).max(1);
    let chosen: Vec<StoredEvent> = sample.into_iter().step_by(step).collect();
    let limit = DEFAULT_LIMIT as i64;
    // Each query walks over the same thousand events, spread over the store.
    let next = |at: &mut usize| {
        *at = (*at + 1) % chosen.len();
        &chosen[*at].event
    };

    println!("{:<26} {:>30} {:>30} {:>6}", "microseconds", "raw rusqlite", "the port", "ratio");
    let (mut a, mut b) = (0, 0);
    pair(
        "by id",
        || raw(&connection, "WHERE event_id = ?1", [next(&mut a).event_id().as_str()]),
        || {
            let id: &EventId = next(&mut b).event_id();
            store.find_by_id(id).unwrap().into_iter().collect()
        },
    );
    pair(
        "100 newest of a type",
        || {
            let clause = "WHERE event_type = ?1 ORDER BY occurred_at DESC, position DESC LIMIT ?2";
            raw(&connection, clause, ("TaskCreated", limit))
        },
        || store.find_by_type("TaskCreated", DEFAULT_LIMIT).unwrap(),
    );

    let (start, end) =
        (chosen[chosen.len() / 2].event.timestamp(), chosen[chosen.len() - 1].event.timestamp());
    pair(
        "100 of a range",
        || {
            let clause = "WHERE occurred_at BETWEEN ?1 AND ?2 ORDER BY occurred_at, position LIMIT ?3";
            raw(&connection, clause, (start.timestamp_micros(), end.timestamp_micros(), limit))
        },
        || store.find_by_date_range(start, end, DEFAULT_LIMIT).unwrap(),
    );
    pair(
        "100 most recent",
        || raw(&connection, "ORDER BY occurred_at DESC, position DESC LIMIT ?1", [limit]),
        || store.get_recent_events(DEFAULT_LIMIT).unwrap(),
    );

    let (mut a, mut b) = (0, 0);
    pair(
        "an aggregate",
        || {
            let clause = "WHERE aggregate_id = ?1 ORDER BY occurred_at, position LIMIT ?2";
            raw(&connection, clause, (next(&mut a).aggregate_id().unwrap().as_str(), limit))
        },
        || store.find_by_aggregate(next(&mut b).aggregate_id().unwrap().as_str(), DEFAULT_LIMIT).unwrap(),
    );

    let (mut a, mut b) = (0, 0);
    let next_position = |at: &mut usize| {
        *at = (*at + 1) % (chosen.len() - 1);
        chosen[*at].position
    };
    pair(
        "a page of 100 by position",
        || {
            raw(
                &connection,
                "WHERE position > ?1 ORDER BY position LIMIT ?2",
                (next_position(&mut a).get(), limit),
            )
        },
        || store.read_stream(&StreamId::single(), Some(next_position(&mut b)), DEFAULT_LIMIT).unwrap(),
    );
}
