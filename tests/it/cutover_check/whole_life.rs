//! A whole parallel run, day by day, and what the gate says each night.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use mission_events::legacy_system::routing::Routing;

use super::{EVENTS, back_up, criteria, day, first_reason, gate, rehearse_rollback, run, write_figures};
use crate::support::simulated_run::{Fault, NewStore, SimulatedRun};
use crate::support::test_dir::TestDir;

/// A run in a folder, up to the last day so far.
struct Life {
    dir: TestDir,
    run: SimulatedRun,
    routing: Routing,
}

impl Life {
    fn new() -> Self {
        let dir = TestDir::new();
        let run = SimulatedRun::in_folder(dir.path(), NewStore::Jsonl);
        Self { dir, run, routing: Routing::of(false, true, BTreeSet::new()) }
    }

    /// A day, and the comparison of the night after it.
    fn day(&mut self, date: NaiveDate, faults: &[Fault]) {
        self.run.day(date, &self.routing, EVENTS as usize, faults);
        self.run.compare(None, date);
    }

    /// What the gate says where three days are needed: its exit code, and what does not hold.
    fn gate(&self) -> (i32, Vec<String>) {
        // Faults were planted beside the router, without handlers and figures.
        write_figures(&self.dir, (13..=20).map(day), 2 * EVENTS);
        assert_eq!(run(&self.dir, "handlers run").code, 0);
        let (code, report) = gate(&self.dir, "--days 3");
        (code, [criteria(&report, "fails"), criteria(&report, "not-enough-evidence")].concat())
    }
}

#[test]
fn a_parallel_run_with_faults_on_one_day_is_no_go_until_enough_clean_days_have_followed() {
    let mut life = Life::new();
    // The run is started in the course of its first day, which is therefore not whole.
    life.day(day(13), &[]);
    life.day(day(14), &[]);
    life.day(day(15), &[Fault::Changed, Fault::Doubled]);
    rehearse_rollback(&life.dir);
    back_up(&life.dir);
    let no_go = (1, ["clean_days", "differences"].map(str::to_owned).to_vec());
    assert_eq!(life.gate(), no_go);

    // The 16th is quiet; the 17th and the 18th are clean, and the 15th is no better for that.
    life.day(day(17), &[]);
    life.day(day(18), &[]);
    let (code, report) = gate(&life.dir, "--days 3");
    assert_eq!((code, &report["clean_days"]), (1, &2.into()), "{report:#}");
    let red = first_reason(&report, "clean_days");
    assert!(red.starts_with("2025-10-15: 2 differences: 1 changed, 1 duplicated (record 3)"), "{red}");

    life.day(day(19), &[]);
    assert_eq!(life.gate(), (0, Vec::new()));
}
