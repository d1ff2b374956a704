//! What is measured: each figure by its name, with what the project has set itself.

use std::time::Duration;

use crate::handlers;
use crate::measure::measure;
use crate::processes::together;
use crate::stores::{Backend, Place, limit};
use crate::table::{Must, Table};

const P99: Duration = Duration::from_millis(5);

/// Which figures are measured.
pub struct Cells {
    /// Parts of their names; the empty one is part of all.
    parts: Vec<String>,
}

/// A figure.
pub struct Cell {
    name: String,
    work: Work,
    must: Option<Must>,
    p99: Option<Duration>,
}

#[derive(Clone, Copy)]
enum Work {
    /// One thread appends and syncs.
    Limit,
    /// Threads that write without a dispatcher.
    Naive { threads: u64 },
    /// Threads that share a dispatcher.
    Dispatch { threads: u64, with_projections: bool },
    /// Processes of 8 threads.
    Processes { count: usize, with_turns: bool },
}

impl Cells {
    /// As the environment says.
    pub fn of_this_run() -> Self {
        let parts = std::env::var("BENCH_CELLS").unwrap_or_default();
        Self { parts: parts.split(';').map(str::to_owned).collect() }
    }

    /// Those of a backend, in the order in which they are measured.
    pub fn of(&self, backend: Backend) -> Vec<Cell> {
        let is_wanted = |cell: &Cell| self.parts.iter().any(|part| cell.name.contains(part));
        all(backend).into_iter().filter(is_wanted).collect()
    }
}

fn all(backend: Backend) -> Vec<Cell> {
    let named = |name: &str| format!("{}: {name}", backend.name());
    let cell = |name: &str, work| Cell { name: named(name), work, must: None, p99: None };
    let must = |to: &str, at_least| Some(Must { to: named(to), at_least });
    let dispatch = |threads, must, p99| {
        let work = Work::Dispatch { threads, with_projections: false };
        Cell { must, p99, ..cell(&format!("dispatch, {threads} threads"), work) }
    };
    let projecting = Work::Dispatch { threads: 8, with_projections: true };
    let mut cells = vec![
        cell("limit", Work::Limit),
        cell("naive, 8 threads", Work::Naive { threads: 8 }),
        dispatch(1, must("limit", 0.7), None),
        dispatch(8, must("naive, 8 threads", 3.0), None),
        dispatch(32, must("naive, 8 threads", 4.5), Some(P99)),
        Cell {
            must: must("dispatch, 8 threads", 0.7),
            ..cell("dispatch, 8 threads, 4 projections", projecting)
        },
    ];
    for (count, with_turns) in [(2, false), (2, true), (4, false), (4, true)] {
        let turns = if with_turns { "turns" } else { "no turns" };
        cells.push(cell(&format!("{count} processes, {turns}"), Work::Processes { count, with_turns }));
    }
    cells
}

impl Cell {
    /// Measures it once.
    pub fn measure(&self, backend: Backend, place: &Place, time: Duration, table: &mut Table) {
        let path = backend.path(place);
        let workers = match self.work {
            Work::Limit => limit(place.join("limit")),
            Work::Naive { threads } => backend.naive(&path, threads),
            Work::Dispatch { threads, with_projections: false } => {
                backend.dispatching(path, threads, true, &handlers::none)
            }
            Work::Dispatch { threads, with_projections: true } => {
                // A handler store of its own each time: what other figures have dispatched in between is not waited for.
                let handled = place.handler_store(backend);
                backend
                    .dispatching(path, threads, true, &|events| handlers::four_projections(events, &handled))
            }
            Work::Processes { count, with_turns } => {
                let shares = together(backend, place, count, with_turns, time);
                return table.add_shares(self.name.clone(), shares);
            }
        };
        table.add(self.name.clone(), &measure(workers, time), self.must.clone(), self.p99);
    }
}
