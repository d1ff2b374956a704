//! A store in PostgreSQL against what would be written without it, on one server, in one run.
//!
//! `cargo bench --features postgres --bench postgres`. Servers are started for it, in the folder for temporary files, and what is
//! acknowledged is on their disk. The store has 200,000 events before, or `BENCH_EVENTS`; each figure is measured `BENCH_ROUNDS` times (5)
//! for `BENCH_SECONDS` (2) seconds, after as long without being measured, all figures of a round before the next round.
//!
//! - *naive*: each thread has a connection, and commits one event with one statement, into a table with the same columns and
//!   indexes whose positions come from a sequence: followers can miss events of it;
//! - *dispatch*: threads that share a dispatcher, each of which waits for its answer before the next event;
//! - *far standby*: commits wait for a standby, which 5 ms lie before and 5 ms back; *ungrouped*: each thread has a store of its own,
//!   and saves one event at a time.
//!
//! Then the queries of the port against the same SQL through the bare client, in a store of 1,000,000 events, or `BENCH_QUERIED`.

// A bench that cannot go on has failed.
#![allow(clippy::unwrap_used, missing_docs)]

mod appending;
#[path = "../dispatch/measure.rs"]
mod measure;
mod queries;
mod support;
#[allow(dead_code, reason = "it serves the bench of dispatch as well")]
#[path = "../dispatch/table.rs"]
mod table;
#[allow(dead_code, reason = "it serves the bench of dispatch as well")]
#[path = "../dispatch/workload.rs"]
mod workload;

use std::time::Duration;

use mission_events::{DomainEvent, EventRepository, PostgresEventRepository, Zone};

use support::postgres::{Server, address};

/// How many events are saved together where a store is filled.
const PAGE: usize = 5_000;

/// How much is measured.
pub struct Extent {
    events: u64,
    queried: u64,
    rounds: u64,
    time: Duration,
}

impl Extent {
    /// As the environment says. A run that only shows that the bench works, by `cargo test --benches`, is short.
    fn of_this_run() -> Self {
        let is_measured = std::env::args().any(|argument| argument == "--bench");
        let usual = if is_measured { [200_000, 1_000_000, 5, 2_000] } else { [1_000, 1_000, 1, 50] };
        let [events, queried, rounds, milliseconds] = usual;
        let setting = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
        Self {
            events: setting("BENCH_EVENTS").unwrap_or(events),
            queried: setting("BENCH_QUERIED").unwrap_or(queried),
            rounds: setting("BENCH_ROUNDS").unwrap_or(rounds),
            time: setting("BENCH_SECONDS").map_or(Duration::from_millis(milliseconds), Duration::from_secs),
        }
    }
}

/// A store on that server.
fn open(url: &str) -> PostgresEventRepository {
    PostgresEventRepository::open(address(url), Zone::utc(), false).unwrap()
}

/// A store with so many events of the past.
fn filled(url: &str, events: u64) -> PostgresEventRepository {
    let store = open(url);
    let past: Vec<DomainEvent> = workload::past(events)
        .map(|(_, text)| DomainEvent::from_json(&text, &Zone::utc()).unwrap())
        .collect();
    past.chunks(PAGE).for_each(|page| drop(store.save_events(page).unwrap()));
    store
}

fn main() {
    let extent = Extent::of_this_run();
    let server = Server::start();
    println!("{}", server.psql("SELECT version()").trim());
    appending::measure_all(&server, &extent);
    queries::measure_all(&server, &extent);
}
