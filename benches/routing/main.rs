//! What a parallel run costs, and what a secondary that is in trouble does to the primary: all in one run.
//!
//! `cargo bench --bench routing`. Threads share a router, and each waits for its answer before the next event; what is answered is on
//! disk. Each figure is measured `BENCH_ROUNDS` times (3) for `BENCH_MILLISECONDS` (1000), after as long without being measured, all
//! figures of a round before the next round, so that what else the machine does meets all of them. `BENCH_BACKEND` is the store of the
//! new side (`sqlite` or `jsonl`). `BENCH_FOLDER` is where the files are made: the disk that is measured; the folder for temporary
//! files, where that is not set, often is memory, which tells nothing.
//!
//! - *modes*: each mode with 1, 8 and 32 threads. Of a parallel run, the rate is told as a part of that of the slower of its sides, and
//!   the p99 as a multiple of the larger one;
//! - *secondary*: a parallel run of 8 threads whose secondary hangs, fails at once, or has no room on its disk. The rate and p99 are told as a
//!   part of those of the primary alone and of those with a sound one, and how long the mirror then takes to bring what is left.

// A bench that cannot go on has failed.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../dispatch/measure.rs"]
mod measure;
mod sides;
mod table;
#[allow(dead_code, reason = "some of it is for the bench `dispatch`")]
#[path = "../dispatch/workload.rs"]
mod workload;

use std::time::Duration;

use measure::measure;
use sides::{Backend, Place, Run, Trouble};
use table::{Base, Table};

const THREADS: [u64; 3] = [1, 8, 32];
/// With so many is a secondary in trouble.
const THREADS_IN_TROUBLE: u64 = 8;

/// The modes: their names, the flag, and whether both sides run.
const LEGACY: (&str, bool, bool) = ("legacy", false, false);
const NEW: (&str, bool, bool) = ("new", true, false);
const PARALLEL_LEGACY: (&str, bool, bool) = ("parallel, legacy primary", false, true);
const PARALLEL_NEW: (&str, bool, bool) = ("parallel, new primary", true, true);

/// How much is measured.
struct Extent {
    rounds: u64,
    time: Duration,
}

impl Extent {
    /// As the environment says. A run that only shows that the bench works, by `cargo test --benches`, is short.
    fn of_this_run() -> Self {
        let is_measured = std::env::args().any(|argument| argument == "--bench");
        let [rounds, milliseconds] = if is_measured { [3, 1_000] } else { [1, 20] };
        let setting = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
        Self {
            rounds: setting("BENCH_ROUNDS").unwrap_or(rounds),
            time: Duration::from_millis(setting("BENCH_MILLISECONDS").unwrap_or(milliseconds)),
        }
    }
}

fn main() {
    let (extent, backend, place) = (Extent::of_this_run(), Backend::of_this_run(), Place::create());
    let mut table = Table::default();
    for _ in 0..extent.rounds {
        for threads in THREADS {
            modes(&place, backend, threads, extent.time, &mut table);
        }
        for mode in [PARALLEL_NEW, PARALLEL_LEGACY] {
            secondaries(&place, backend, mode, extent.time, &mut table);
        }
    }
    println!("new side: {backend:?}");
    table.print();
}

fn modes(place: &Place, backend: Backend, threads: u64, time: Duration, table: &mut Table) {
    let name = |mode: &str| format!("{mode}, {threads} threads");
    let sides = [name(LEGACY.0), name(NEW.0)];
    for (mode, use_new, parallel) in [LEGACY, NEW, PARALLEL_LEGACY, PARALLEL_NEW] {
        let run = Run::begin(place, backend, use_new, parallel);
        let figures = measure(run.workers(threads), time);
        run.end();
        let slower = Base { called: "the slower side", rows: sides.to_vec() };
        table.add(name(mode), &figures, if parallel { vec![slower] } else { Vec::new() });
    }
}

fn secondaries(
    place: &Place,
    backend: Backend,
    (mode, use_new, parallel): (&str, bool, bool),
    time: Duration,
    table: &mut Table,
) {
    let sound = format!("{mode}, a sound secondary");
    for (trouble, name) in [
        (Trouble::None, sound.clone()),
        (Trouble::Hangs, format!("{mode}, one that hangs")),
        (Trouble::Fails, format!("{mode}, one that fails")),
        (Trouble::DiskFull, format!("{mode}, one without room")),
    ] {
        let run = Run::begin(place, backend, use_new, parallel);
        run.set(trouble);
        let figures = measure(run.workers(THREADS_IN_TROUBLE), time);
        run.set(Trouble::None);
        let (left, caught_up) = run.catch_up();
        run.end();
        let alone = if use_new { NEW.0 } else { LEGACY.0 };
        let mut to = vec![Base {
            called: "the primary alone",
            rows: vec![format!("{alone}, {THREADS_IN_TROUBLE} threads")],
        }];
        if trouble != Trouble::None {
            to.push(Base { called: "a sound secondary", rows: vec![sound.clone()] });
        }
        table.add(name.clone(), &figures, to);
        table
            .note(&name, format!("{left} events were left, and brought in {:.1} s", caught_up.as_secs_f64()));
    }
}
