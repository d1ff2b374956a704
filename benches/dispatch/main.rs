//! Dispatch, acknowledged on disk, against what bounds it and what would be written without it, in one run.
//!
//! `cargo bench --bench dispatch`. The store has 1,000,000 events before, or `BENCH_EVENTS`; each figure is measured
//! `BENCH_ROUNDS` times (5) for `BENCH_SECONDS` (2) seconds, after as long without being measured, all figures of a round before the next round, so that what
//! else the machine does meets all of them. `BENCH_FOLDER` is where the stores are made: the disk that is measured; the
//! folder for temporary files, where that is not set, often is memory, which tells nothing. `BENCH_CELLS` names the
//! figures that are measured, all where it is not set: those whose names hold one of its parts between semicolons, as in
//! `BENCH_CELLS="sqlite: limit;sqlite: dispatch, 1"`.
//!
//! - *limit*: one thread appends the same bytes to a file, with an `fdatasync` after each event;
//! - *naive*: 8 threads with a connection each commit one event at a time, with random ids, and look every
//!   millisecond whether the database is free; on JSONL, 8 stores that save one event at a time;
//! - *dispatch*: threads that share a dispatcher, each of which waits for its answer before the next event.
//!
//! Rates are events in a second; latencies are of single events. `must` says what the project has set itself.

// A bench that cannot go on has failed.
#![allow(clippy::unwrap_used, missing_docs)]

mod cells;
mod handlers;
mod measure;
mod processes;
mod stores;
mod table;
mod workload;

use std::time::Duration;

use cells::Cells;
use stores::{Backend, Place};
use table::Table;

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
    let (extent, cells) = (Extent::of_this_run(), Cells::of_this_run());
    let place = Place::create();
    let backends = Backend::ALL.map(|backend| (backend, cells.of(backend)));
    for (backend, _) in backends.iter().filter(|(_, cells)| !cells.is_empty()) {
        backend.fill(&place, extent.events);
    }
    let mut table = Table::default();
    for _ in 0..extent.rounds {
        for (backend, cells) in &backends {
            cells.iter().for_each(|cell| cell.measure(*backend, &place, extent.time, &mut table));
        }
    }
    table.print();
}
