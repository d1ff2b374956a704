//! Queries of the port, against the same SQL through the bare client.

use std::hint::black_box;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use mission_events::{DEFAULT_LIMIT, EventRepository, EventRepositoryExt, Position, StoredEvent, StreamId};
use postgres::types::ToSql;
use postgres::{Client, NoTls, Statement};

use crate::support::postgres::Server;
use crate::{Extent, filled};

const MUST: f64 = 1.3;

/// What a program would write that talks to the server itself.
struct RawRow {
    _position: i64,
    _event_id: String,
    _event_type: String,
    _occurred_at: DateTime<Utc>,
    _aggregate_id: Option<String>,
    _body: String,
}

struct Raw {
    client: Client,
    statement: Statement,
}

impl Raw {
    fn new(url: &str, clause: &str) -> Self {
        let mut client = Client::connect(url, NoTls).unwrap();
        let sql = format!(
            "SELECT position, event_id, event_type, occurred_at, aggregate_id, body FROM queried.events {clause}"
        );
        let statement = client.prepare(&sql).unwrap();
        Self { client, statement }
    }

    fn ask(&mut self, parameters: &[&(dyn ToSql + Sync)]) -> usize {
        let rows = self.client.query(&self.statement, parameters).unwrap();
        let rows: Vec<RawRow> = rows
            .iter()
            .map(|row| RawRow {
                _position: row.get(0),
                _event_id: row.get(1),
                _event_type: row.get(2),
                _occurred_at: row.get(3),
                _aggregate_id: row.get(4),
                _body: row.get(5),
            })
            .collect();
        black_box(rows).len()
    }
}

/// Asks both in turn, and prints the medians.
fn pair(name: &str, limit: Duration, mut raw: impl FnMut() -> usize, mut port: impl FnMut() -> usize) {
    assert_eq!(raw(), port(), "both answer the same question");
    let (mut of_raw, mut of_port) = (Vec::new(), Vec::new());
    let began = Instant::now();
    while began.elapsed() < limit || of_raw.is_empty() {
        of_raw.push(time(&mut raw));
        of_port.push(time(&mut port));
    }
    let [raw, port] = [of_raw, of_port].map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64() * 1e6
    });
    println!("{name:<26} {raw:>12.1} {port:>12.1} {:>6.2}  (at most {MUST})", port / raw);
}

fn time(ask: &mut impl FnMut() -> usize) -> Duration {
    let began = Instant::now();
    black_box(ask());
    began.elapsed()
}

/// Measures and prints.
pub fn measure_all(server: &Server, extent: &Extent) {
    let store = filled(&server.url("&schema=queried"), extent.queried);
    server.psql("VACUUM ANALYZE");
    let (url, limit) = (server.url(""), DEFAULT_LIMIT as i64);
    let count = extent.queried.min(1_000);
    let page = |number: u64| {
        let before = Position::new((number * (extent.queried / count)) as i64);
        store.read_stream(&StreamId::single(), Some(before), 1).unwrap()
    };
    let sample: Vec<StoredEvent> = (0..count).flat_map(page).collect();
    let [start, end] = [sample.len() / 2, sample.len() - 1].map(|index| sample[index].event.timestamp());
    // Both sides of a pair ask for the same events, in the same order.
    let walks = || {
        let walk = || {
            let mut walk = sample.iter().cycle();
            move || walk.next().unwrap()
        };
        (walk(), walk())
    };
    println!("\n{} events", extent.queried);
    println!("{:<26} {:>12} {:>12} {:>6}", "microseconds", "bare client", "the port", "ratio");

    let (mut of_raw, mut of_port) = walks();
    let mut raw = Raw::new(&url, "WHERE event_id = $1");
    pair(
        "by id",
        extent.time,
        || raw.ask(&[&of_raw().event.event_id().as_str()]),
        || store.find_by_id(of_port().event.event_id()).unwrap().into_iter().count(),
    );
    let mut raw = Raw::new(&url, "WHERE event_type = $1 ORDER BY occurred_at DESC, position DESC LIMIT $2");
    pair(
        "100 newest of a type",
        extent.time,
        || raw.ask(&[&"TaskCreated", &limit]),
        || store.find_by_type("TaskCreated", DEFAULT_LIMIT).unwrap().len(),
    );
    let mut raw =
        Raw::new(&url, "WHERE occurred_at BETWEEN $1 AND $2 ORDER BY occurred_at, position LIMIT $3");
    pair(
        "100 of a range",
        extent.time,
        || raw.ask(&[&start, &end, &limit]),
        || store.find_by_date_range(start, end, DEFAULT_LIMIT).unwrap().len(),
    );
    let mut raw = Raw::new(&url, "ORDER BY occurred_at DESC, position DESC LIMIT $1");
    pair(
        "100 most recent",
        extent.time,
        || raw.ask(&[&limit]),
        || store.get_recent_events(DEFAULT_LIMIT).unwrap().len(),
    );
    let aggregate = |event: &StoredEvent| event.event.aggregate_id().unwrap().as_str().to_owned();
    let (mut of_raw, mut of_port) = walks();
    let mut raw = Raw::new(&url, "WHERE aggregate_id = $1 ORDER BY occurred_at, position LIMIT $2");
    pair(
        "an aggregate",
        extent.time,
        || raw.ask(&[&aggregate(of_raw()), &limit]),
        || store.find_by_aggregate(&aggregate(of_port()), DEFAULT_LIMIT).unwrap().len(),
    );
    let (mut of_raw, mut of_port) = walks();
    let mut raw = Raw::new(&url, "WHERE position > $1 ORDER BY position LIMIT $2");
    pair(
        "a page of 100 by position",
        extent.time,
        || raw.ask(&[&of_raw().position.get(), &limit]),
        || {
            let after = Some(of_port().position);
            store.read_stream(&StreamId::single(), after, DEFAULT_LIMIT).unwrap().len()
        },
    );
}
