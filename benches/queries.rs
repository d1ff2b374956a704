//! The queries of the port against raw rusqlite on the same file, in one run: what the port costs; how that grows with the
//! store; and the same queries of a JSONL store with the same events, against those of SQLite.
//!
//! `cargo bench --bench queries`. The number of events is 1,000,000, or `BENCH_EVENTS`: several with commas between them,
//! as in `1000000,10000000`, of which the JSONL store has the first. Each query is asked in turn with its partner for
//! `BENCH_SECONDS` (3); of each are shown the median, and the middle half of the times.

// A bench that cannot go on has failed.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use mission_events::compare::TempScratch;
use mission_events::import::{
    FileSystem, ImportPorts, ImportSettings, LogList, Mapping, OverlapPolicy, ReadOptions, SqliteImport,
    SystemClock, import, open_log,
};
use mission_events::internals::infrastructure::sources::{Surroundings, list_folder};
use mission_events::{
    DEFAULT_LIMIT, EventId, EventRepository, EventRepositoryExt, JsonlEventRepository, Position,
    SqliteEventRepository, StoredEvent, StreamId, Zone,
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

/// `measured`, or `tested` where `cargo test` only tries the bench out.
fn usual(measured: u64, tested: u64) -> u64 {
    if std::env::args().any(|argument| argument == "--bench") { measured } else { tested }
}

/// How long a query is asked.
fn patience() -> Duration {
    let seconds = std::env::var("BENCH_SECONDS").map_or_else(|_| usual(3, 0), |text| text.parse().unwrap());
    Duration::from_secs(seconds)
}

/// A folder of daily JSONL.
fn make_logs(folder: &Path, events: u64) -> PathBuf {
    let plan = generator::Plan { events, ..generator::Plan::default() };
    let logs = folder.join("logs");
    generator::write_daily(&plan, &logs).unwrap();
    logs
}

fn make_store(folder: &Path, logs: &Path) -> SqliteEventRepository {
    let database = folder.join("events.db");
    let settings = ImportSettings {
        logs: LogList {
            files: list_folder(logs, (&Mapping::BuiltIn, &open_log), &Surroundings::default()).unwrap().logs,
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
    SqliteEventRepository::open(database, Zone::utc()).unwrap()
}

/// How long one call took, that answers with so many events.
fn time<T>(ask: &mut impl FnMut() -> Vec<T>) -> Duration {
    let began = Instant::now();
    black_box(ask());
    began.elapsed()
}

/// A query, and how long it took, in microseconds.
type Figure = (&'static str, f64);

/// Asks both in turn, and prints how long that took, and how many times as long the second took, which is answered.
fn pair<A, B>(
    name: &'static str,
    mut first: impl FnMut() -> Vec<A>,
    mut second: impl FnMut() -> Vec<B>,
) -> Figure {
    assert_eq!(first().len(), second().len(), "both answer the same question");
    let (began, limit) = (Instant::now(), patience());
    let (mut of_first, mut of_second) = (Vec::new(), Vec::new());
    while began.elapsed() < limit || of_first.is_empty() {
        of_first.push(time(&mut first));
        of_second.push(time(&mut second));
    }
    let [first, second] = [of_first, of_second].map(quartiles);
    let shown = |[low, median, high]: [f64; 3]| format!("{median:.1} ({low:.1} to {high:.1})");
    println!("{name:<26} {:>30} {:>30} {:>6.2}", shown(first), shown(second), second[1] / first[1]);
    (name, second[1])
}

fn print_heads(first: &str, second: &str) {
    println!("{:<26} {first:>30} {second:>30} {:>6}", "microseconds", "ratio");
}

/// The quartiles of durations, in microseconds.
fn quartiles(mut times: Vec<Duration>) -> [f64; 3] {
    times.sort_unstable();
    [1, 2, 3].map(|quarter| times[(times.len() - 1) * quarter / 4].as_secs_f64() * 1e6)
}

/// A thousand events, spread over a store, which each query walks over.
fn sample_of(store: &dyn EventRepository, events: u64) -> Vec<StoredEvent> {
    let count = events.min(1_000);
    let page = |number: u64| {
        let before = Position::new((number * (events / count)) as i64);
        store.read_stream(&StreamId::single(), Some(before), 1).unwrap()
    };
    (0..count).flat_map(page).collect()
}

/// The second half of the time of a sample.
fn half_of(sample: &[StoredEvent]) -> [DateTime<Utc>; 2] {
    [sample.len() / 2, sample.len() - 1].map(|index| sample[index].event.timestamp())
}

fn against_raw(store: &SqliteEventRepository, sample: &[StoredEvent]) -> Vec<Figure> {
    let connection = Connection::open(store.path()).unwrap();
    let limit = DEFAULT_LIMIT as i64;
    let [start, end] = half_of(sample);
    // Both sides of a pair ask for the same events, in the same order.
    let walk = || {
        let mut walk = sample.iter().cycle();
        move || walk.next().unwrap()
    };
    let [mut id_of_raw, mut id, mut aggregate_of_raw, mut aggregate, mut position_of_raw, mut position] =
        [(); 6].map(|()| walk());
    print_heads("raw rusqlite", "the port");
    vec![
        pair(
            "by id",
            || raw(&connection, "WHERE event_id = ?1", [id_of_raw().event.event_id().as_str()]),
            || {
                let id: &EventId = id().event.event_id();
                store.find_by_id(id).unwrap().into_iter().collect()
            },
        ),
        pair(
            "100 newest of a type",
            || {
                let clause = "WHERE event_type = ?1 ORDER BY occurred_at DESC, position DESC LIMIT ?2";
                raw(&connection, clause, ("TaskCreated", limit))
            },
            || store.find_by_type("TaskCreated", DEFAULT_LIMIT).unwrap(),
        ),
        pair(
            "100 of a range",
            || {
                let clause = "WHERE occurred_at BETWEEN ?1 AND ?2 ORDER BY occurred_at, position LIMIT ?3";
                raw(&connection, clause, (start.timestamp_micros(), end.timestamp_micros(), limit))
            },
            || store.find_by_date_range(start, end, DEFAULT_LIMIT).unwrap(),
        ),
        pair(
            "100 most recent",
            || raw(&connection, "ORDER BY occurred_at DESC, position DESC LIMIT ?1", [limit]),
            || store.get_recent_events(DEFAULT_LIMIT).unwrap(),
        ),
        pair(
            "an aggregate",
            || {
                let clause = "WHERE aggregate_id = ?1 ORDER BY occurred_at, position LIMIT ?2";
                raw(&connection, clause, (aggregate_of(aggregate_of_raw()), limit))
            },
            || store.find_by_aggregate(aggregate_of(aggregate()), DEFAULT_LIMIT).unwrap(),
        ),
        pair(
            "a page of 100 by position",
            || {
                let clause = "WHERE position > ?1 ORDER BY position LIMIT ?2";
                raw(&connection, clause, (position_of_raw().position.get(), limit))
            },
            || {
                let after = Some(position().position);
                store.read_stream(&StreamId::single(), after, DEFAULT_LIMIT).unwrap()
            },
        ),
    ]
}

/// The same questions to two stores with the same events, whose positions differ.
fn against_each_other(first: &dyn EventRepository, second: &dyn EventRepository, sample: &[StoredEvent]) {
    let [start, end] = half_of(sample);
    print_heads("SQLite", "JSONL");
    let by_id = |store: &dyn EventRepository, event: &StoredEvent| -> Vec<StoredEvent> {
        store.find_by_id(event.event.event_id()).unwrap().into_iter().collect()
    };
    let [mut of_first, mut of_second] = [(); 2].map(|()| sample.iter().cycle());
    pair("by id", || by_id(first, of_first.next().unwrap()), || by_id(second, of_second.next().unwrap()));
    let by_type = |store: &dyn EventRepository| store.find_by_type("TaskCreated", DEFAULT_LIMIT).unwrap();
    pair("100 newest of a type", || by_type(first), || by_type(second));
    let by_range = |store: &dyn EventRepository| store.find_by_date_range(start, end, DEFAULT_LIMIT).unwrap();
    pair("100 of a range", || by_range(first), || by_range(second));
    let recent = |store: &dyn EventRepository| store.get_recent_events(DEFAULT_LIMIT).unwrap();
    pair("100 most recent", || recent(first), || recent(second));
    let aggregate = aggregate_of(&sample[0]);
    let by_aggregate =
        |store: &dyn EventRepository| store.find_by_aggregate(aggregate, DEFAULT_LIMIT).unwrap();
    pair("an aggregate", || by_aggregate(first), || by_aggregate(second));
}

fn aggregate_of(event: &StoredEvent) -> &str {
    event.event.aggregate_id().unwrap().as_str()
}

fn main() {
    let sizes = std::env::var("BENCH_EVENTS").unwrap_or_default();
    let mut sizes: Vec<u64> =
        sizes.split(',').filter(|text| !text.is_empty()).map(|text| text.parse().unwrap()).collect();
    if sizes.is_empty() {
        sizes = vec![usual(1_000_000, 1_000)];
    }
    let mut smallest: Vec<Figure> = Vec::new();
    for (number, &events) in sizes.iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let logs = make_logs(folder.path(), events);
        let store = make_store(folder.path(), &logs);
        let sample = sample_of(&store, events);
        println!("\n{events} events");
        let figures = against_raw(&store, &sample);
        if number > 0 {
            println!("\nthe port with {events} events against it with {}", sizes[0]);
            for ((name, before), (_, now)) in smallest.iter().zip(&figures) {
                println!("{name:<26} {:>6.2}", now / before);
            }
            continue;
        }
        smallest = figures;
        println!();
        let jsonl = JsonlEventRepository::open(&logs, Zone::utc()).unwrap();
        against_each_other(&store, &jsonl, &sample);
    }
}
