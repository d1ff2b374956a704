//! Dispatch, acknowledged on disk, against what bounds it and what would be written without it, in one run.
//!
//! `cargo bench --bench dispatch`. The store has 1,000,000 events before, or `BENCH_EVENTS`; each figure is measured
//! `BENCH_ROUNDS` times (5) for `BENCH_SECONDS` (2) seconds, after as long without being measured, all figures of a round before the next round, so that what
//! else the machine does meets all of them. `BENCH_FOLDER` is where the stores are made: the disk that is measured; the
//! folder for temporary files, where that is not set, often is memory, which tells nothing.
//!
//! - *limit*: one thread appends the same bytes to a file, with an `fdatasync` after each event;
//! - *naive*: 8 threads with a connection each commit one event at a time, with random ids, and look every
//!   millisecond whether the database is free; on JSONL, 8 stores that save one event at a time;
//! - *dispatch*: threads that share a dispatcher, each of which waits for its answer before the next event.
//!
//! Rates are events in a second; latencies are of single events. `must` says what the project has set itself.

// A bench that cannot go on has failed.
#![allow(clippy::unwrap_used, missing_docs)]

mod handlers;
mod measure;
mod processes;
mod stores;
mod table;
mod workload;

use std::time::Duration;

use measure::{Figures, measure};
use processes::together;
use stores::{Backend, Place, limit};
use table::{Must, Table};

const P99: Duration = Duration::from_millis(5);

/// How much is measured.
struct Extent {
    events: u64,
    rounds: u64,
    time: Duration,
}

impl Extent {
    /// As the environment says. A run that only shows that the bench works, by `cargo test --benches`, is short.
    fn of_this_run() -> Self {
        let is_measured = std::env::args().any(|argument| argument == "--bench");
        let [events, rounds, milliseconds] = if is_measured { [1_000_000, 5, 2_000] } else { [1_000, 1, 50] };
        let setting = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
        Self {
            events: setting("BENCH_EVENTS").unwrap_or(events),
            rounds: setting("BENCH_ROUNDS").unwrap_or(rounds),
            time: setting("BENCH_SECONDS").map_or(Duration::from_millis(milliseconds), Duration::from_secs),
        }
    }
}

fn main() {
    if processes::is_child() {
        return processes::child();
    }
    let extent = Extent::of_this_run();
    let place = Place::create();
    Backend::ALL.into_iter().for_each(|backend| backend.fill(&place, extent.events));
    let mut table = Table::default();
    for _ in 0..extent.rounds {
        for backend in Backend::ALL {
            round(backend, &place, extent.time, &mut table);
        }
    }
    table.print();
}

/// Measures each figure once.
fn round(backend: Backend, place: &Place, time: Duration, table: &mut Table) {
    let (name, path) = (backend.name(), backend.path(place));
    let (limit_name, naive_name) = names_of_bases(backend);
    let bare = measure(limit(place.join("limit")), time);
    table.add(limit_name.to_owned(), &bare, None, None);
    let naive = measure(backend.naive(&path, 8), time);
    table.add(naive_name.to_owned(), &naive, None, None);

    let dispatch = |threads| -> Figures {
        measure(backend.dispatching(path.clone(), threads, true, &handlers::none), time)
    };
    let must = |to: &str, at_least| Some(Must { to: to.to_owned(), at_least });
    for (threads, must, p99) in [
        (1, must(limit_name, 0.7), None),
        (8, must(naive_name, 3.0), None),
        (32, must(naive_name, 4.5), Some(P99)),
    ] {
        table.add(format!("{name}: dispatch, {threads} threads"), &dispatch(threads), must, p99);
    }
    // A handler store of its own each time: what other figures have dispatched in between is not waited for.
    let handled = place.handler_store(backend);
    let projecting = |events| handlers::four_projections(events, &handled);
    let waited_for = measure(backend.dispatching(path.clone(), 8, true, &projecting), time);
    let without = format!("{name}: dispatch, 8 threads");
    let must = Some(Must { to: without, at_least: 0.7 });
    table.add(format!("{name}: dispatch, 8 threads, 4 projections"), &waited_for, must, None);

    for (processes, with_turns) in [(2, false), (2, true), (4, false), (4, true)] {
        let shares = together(backend, place, processes, with_turns, time);
        let turns = if with_turns { "turns" } else { "no turns" };
        table.add_shares(format!("{name}: {processes} processes, {turns}"), shares);
    }
}

fn names_of_bases(backend: Backend) -> (&'static str, &'static str) {
    match backend {
        Backend::Sqlite => ("sqlite: limit", "sqlite: naive, 8 threads"),
        Backend::Jsonl => ("jsonl: limit", "jsonl: naive, 8 threads"),
    }
}
