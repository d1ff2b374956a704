//! What others do to a store between two steps of a move, each at that very moment.

use std::cell::Cell;
use std::fs::{File, TryLockError};
use std::ops::RangeInclusive;
use std::path::Path;

use mission_events::internals::application::compare::feed::{CompareError, Feed, Scratch};
use mission_events::internals::application::compare::parallel_run::Rows;
use mission_events::internals::application::compare::settings::Settings;
use mission_events::internals::application::evidence::{
    Evidence, EvidenceError, EvidenceLog, EvidenceRecord, Line,
};
use mission_events::internals::application::export::ExportStore;
use mission_events::internals::application::moving::{
    GiveRows, Keys, Move, MoveError, MovePorts, MoveReport, MovingStore, Standing, Table, TakeRow, undo,
};
use mission_events::internals::domain::repository::RepositoryError;
use mission_events::internals::infrastructure::compare_inputs::TempScratch;
use mission_events::internals::infrastructure::evidence::log::JsonlEvidenceLog;
use mission_events::internals::infrastructure::postgres::PostgresMovingStore;
use mission_events::internals::infrastructure::sqlite::SqliteMovingStore;
use mission_events::internals::infrastructure::system_clock::SystemClock;
use mission_events::internals::wire::zone::Zone;

use super::{STORE, all_rows, count, native, on_sqlite, save_native};
use crate::support::cli::write;
use crate::support::postgres::{address, server};
use crate::support::tamper;
use crate::support::test_dir::TestDir;

/// A step of a move at one of its stores.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Lock,
    StandAs(Standing),
    HoldImports,
    /// The first step of the proof that goes beyond rows, at the target.
    Export,
}

/// A store to which something happens before a step.
struct Disturbed<'d> {
    store: Box<dyn MovingStore>,
    before: Box<dyn FnMut(&Step) + 'd>,
}

impl<'d> Disturbed<'d> {
    fn sqlite(path: &Path, before: impl FnMut(&Step) + 'd) -> Self {
        Self {
            store: Box::new(SqliteMovingStore::open_or_make(path, Zone::utc()).unwrap()),
            before: Box::new(before),
        }
    }

    fn postgres(url: &str, before: impl FnMut(&Step) + 'd) -> Self {
        let store = PostgresMovingStore::open_or_make(address(url), Zone::utc()).unwrap();
        Self { store: Box::new(store), before: Box::new(before) }
    }
}

impl MovingStore for Disturbed<'_> {
    fn place(&self) -> String {
        self.store.place()
    }

    fn standing(&mut self) -> Result<Standing, RepositoryError> {
        self.store.standing()
    }

    fn lock(&mut self) -> Result<(), RepositoryError> {
        (self.before)(&Step::Lock);
        self.store.lock()
    }

    fn stand_as(
        &mut self,
        from: &Standing,
        to: &Standing,
        last: RangeInclusive<i64>,
    ) -> Result<i64, RepositoryError> {
        (self.before)(&Step::StandAs(to.clone()));
        self.store.stand_as(from, to, last)
    }

    fn hold_imports(&mut self) -> Result<(), RepositoryError> {
        (self.before)(&Step::HoldImports);
        self.store.hold_imports()
    }

    fn release_imports(&mut self) {
        self.store.release_imports();
    }

    fn complaints(&mut self) -> Result<Vec<String>, RepositoryError> {
        self.store.complaints()
    }

    fn begin_state(&mut self) -> Result<(), RepositoryError> {
        self.store.begin_state()
    }

    fn end_state(&mut self) -> Result<(), RepositoryError> {
        self.store.end_state()
    }

    fn last_key(&mut self, table: &Table) -> Result<i64, RepositoryError> {
        self.store.last_key(table)
    }

    fn each_row(&mut self, table: &Table, keys: Keys, take: TakeRow<'_>) -> Result<(), RepositoryError> {
        self.store.each_row(table, keys, take)
    }

    fn add_rows(&mut self, table: &Table, give: GiveRows<'_>) -> Result<(), RepositoryError> {
        self.store.add_rows(table, give)
    }

    fn replace_rows(&mut self, table: &Table, give: GiveRows<'_>) -> Result<(), RepositoryError> {
        self.store.replace_rows(table, give)
    }

    fn export(&mut self) -> Result<Box<dyn ExportStore>, RepositoryError> {
        (self.before)(&Step::Export);
        self.store.export()
    }

    fn feed(&self, rows: Rows, last: i64, last_twin: i64) -> Result<Box<dyn Feed>, CompareError> {
        self.store.feed(rows, last, last_twin)
    }
}

fn evidence(dir: &TestDir) -> JsonlEvidenceLog {
    std::fs::create_dir_all(dir.join("data")).unwrap();
    JsonlEvidenceLog::new(&dir.join("data/evidence.jsonl"))
}

fn run(
    dir: &TestDir,
    [mut source, mut target]: [Disturbed<'_>; 2],
    cut_over: bool,
) -> Result<MoveReport, MoveError> {
    let ports = MovePorts {
        settings: &Settings::new(Zone::utc(), "2026-01-01T00:00:00Z".parse().unwrap()),
        new_scratch: &|| Box::new(TempScratch::default()) as Box<dyn Scratch>,
        evidence: &evidence(dir),
        clock: &SystemClock::default(),
        tell: &mut |_| {},
    };
    Move::new(&mut source, &mut target, ports).run(cut_over)
}

fn nothing(_: &Step) {}

fn moved(step: &Step) -> bool {
    matches!(step, Step::StandAs(Standing::Moved { .. }))
}

/// What an import of an earlier version adds, which looks for the fence before it waits for its turn alone.
fn add_behind_the_fence(dir: &TestDir, id: &str) {
    tamper(
        &dir.join(STORE),
        &format!(
            "INSERT INTO events SELECT (SELECT max(position) + 1 FROM events), '{id}', event_type, occurred_at, aggregate_id, body, origin,
                recorded_at, id_derived, source_id, source_offset, source_line FROM events WHERE position = 1"
        ),
    );
    tamper(
        &dir.join(STORE),
        "UPDATE stored_rows SET records = records + 1, last_position = last_position + 1",
    );
}

#[test]
fn an_import_between_the_copy_and_the_comparison_is_copied_too_and_contradicts_nothing() {
    let (dir, url) = (TestDir::new(), server().new_store());
    save_native(&dir.join(STORE), 10..13);
    save_native(&dir.join(STORE), 14..20);
    let records: Vec<String> = (10..20).map(super::legacy).collect();
    write(&dir, "legacy.json", format!("[{}]", records.join(",\n")));
    let repaired = on_sqlite(&dir).run(&format!("-q repair legacy.json {STORE} --apply"));
    assert_eq!(count(&dir.join(STORE), "repairs"), 1, "{} {}", repaired.stdout, repaired.stderr);
    // From its import on, the event that was repaired is one of the history as well.
    let mut imports = 0;
    let import = |step: &Step| {
        if *step == Step::Export && imports == 0 {
            imports += 1;
            let run = on_sqlite(&dir).run("-q import-legacy legacy.json");
            assert_eq!(run.code, 0, "{}", run.stderr);
        }
    };
    let stores = [Disturbed::sqlite(&dir.join(STORE), nothing), Disturbed::postgres(&url, import)];
    let report = run(&dir, stores, false).unwrap();
    assert_eq!((imports, report.proved.logs), (1, 1));
    on_sqlite(&dir).run(&format!("-q move --from {url} --to back.db --cut-over")).code_is(2, "is a copy of");
    on_sqlite(&dir).run(&format!("-q move --to {url} --cut-over")).result();
    on_sqlite(&dir).run(&format!("-q move --from {url} --to back.db --cut-over")).result();
    assert_eq!(all_rows(&dir.join("back.db")), all_rows(&dir.join(STORE)));
}

#[test]
fn what_an_import_adds_behind_the_fence_before_it_is_looked_at_is_moved() {
    let (dir, url) = (TestDir::new(), server().new_store());
    save_native(&dir.join(STORE), 10..13);
    let mut is_fenced = false;
    let late = |step: &Step| {
        is_fenced |= moved(step);
        if is_fenced && *step == Step::HoldImports && count(&dir.join(STORE), "events") == 3 {
            add_behind_the_fence(&dir, "late");
        }
    };
    let stores = [Disturbed::sqlite(&dir.join(STORE), late), Disturbed::postgres(&url, nothing)];
    assert_eq!(run(&dir, stores, true).unwrap().proved.events, 4);
}

#[test]
fn a_source_that_ends_before_its_fence_is_a_contradiction_and_the_store_again() {
    let (dir, url) = (TestDir::new(), server().new_store());
    save_native(&dir.join(STORE), 10..13);
    let mut steps = 0;
    let lose = |step: &Step| {
        if moved(step) {
            save_native(&dir.join(STORE), 13..14);
        }
        steps += usize::from(*step == Step::HoldImports);
        if *step == Step::HoldImports && steps == 1 {
            tamper(&dir.join(STORE), "DELETE FROM events WHERE position = 4");
        }
    };
    let stores = [Disturbed::sqlite(&dir.join(STORE), lose), Disturbed::postgres(&url, nothing)];
    let found = run(&dir, stores, true).unwrap_err();
    assert!(
        matches!(&found, MoveError::Contradiction(said) if said.contains("ends with position 3, where writers were refused after 4")),
        "{found:?}"
    );
    let source = SqliteMovingStore::open(&dir.join(STORE), Zone::utc()).unwrap().standing().unwrap();
    assert_eq!(source, Standing::Own);
}

#[test]
fn what_an_import_adds_to_a_store_that_was_moved_is_told_and_comes_along_once_the_cut_over_is_taken_back() {
    for event in [true, false] {
        let (dir, url) = (TestDir::new(), server().new_store());
        super::store_with_everything(&dir);
        let late = |step: &Step| match step {
            Step::StandAs(Standing::Own) if event => add_behind_the_fence(&dir, "late"),
            Step::StandAs(Standing::Own) => tamper(&dir.join(STORE), "UPDATE sources SET resume_line = 7"),
            _ => {}
        };
        let stores = [Disturbed::sqlite(&dir.join(STORE), nothing), Disturbed::postgres(&url, late)];
        let found = run(&dir, stores, true).unwrap_err();
        assert!(matches!(found, MoveError::Late { .. }), "{found:?}");
        let cut_over = || on_sqlite(&dir).run(&format!("-q move --to {url} --cut-over"));
        cut_over().code_is(
            1,
            if event { "does not have its last event" } else { "from an import of an earlier version" },
        );
        on_sqlite(&dir).run(&format!("-q move --to {url} --undo")).result();
        cut_over().result();
        on_sqlite(&dir).run(&format!("-q move --from {url} --to back.db --cut-over")).result();
        assert_eq!(all_rows(&dir.join("back.db")), all_rows(&dir.join(STORE)));
    }
}

#[test]
fn nothing_is_imported_into_a_target_between_the_look_at_what_it_has_and_the_moment_when_it_is_a_copy() {
    let (dir, url) = (TestDir::new(), server().new_store());
    save_native(&dir.join(STORE), 10..13);
    on_sqlite(&dir).run(&format!("-q move --to {url} --cut-over")).result();
    on_sqlite(&dir).run(&format!("-q move --from {url} --to back.db --cut-over")).result();
    let looked = Cell::new(false);
    let look = |step: &Step| {
        if matches!(step, Step::StandAs(Standing::Copy { .. })) {
            let lock = File::open(dir.join("back.db.import.lock")).unwrap();
            assert!(matches!(lock.try_lock(), Err(TryLockError::WouldBlock)), "an import would go on");
            looked.set(true);
        }
    };
    let (mut source, mut target) =
        (Disturbed::postgres(&url, nothing), Disturbed::sqlite(&dir.join("back.db"), look));
    undo(&mut source, &mut target, &evidence(&dir), &SystemClock::default()).unwrap();
    assert!(looked.get());
    on_sqlite(&dir).run_with(["-q", "--store", &url, "dispatch", &native(20)]).result();
}

/// A log of evidence on a full disk.
struct Full(JsonlEvidenceLog);

impl EvidenceLog for Full {
    fn place(&self) -> String {
        self.0.place()
    }

    fn append(&self, _: &Evidence) -> Result<EvidenceRecord, EvidenceError> {
        let source = std::io::Error::from(std::io::ErrorKind::StorageFull);
        Err(EvidenceError::Write { action: "write", place: self.place(), source: Box::new(source) })
    }

    fn lines(&self) -> Result<Option<Vec<Line>>, EvidenceError> {
        self.0.lines()
    }
}

#[test]
fn a_cut_over_that_was_taken_back_and_not_recorded_is_recorded_by_the_same_command_again() {
    let (dir, url) = (TestDir::new(), server().new_store());
    save_native(&dir.join(STORE), 10..13);
    on_sqlite(&dir).run(&format!("-q move --to {url} --cut-over")).result();
    let (mut source, mut target) =
        (Disturbed::sqlite(&dir.join(STORE), nothing), Disturbed::postgres(&url, nothing));
    let found = undo(&mut source, &mut target, &Full(evidence(&dir)), &SystemClock::default()).unwrap_err();
    drop((source, target));
    let said = found.to_string();
    assert!(
        said.contains("events.db is the store again") && said.contains("run the same command again"),
        "{said}"
    );
    on_sqlite(&dir).run_with(["-q", "dispatch", &native(20)]).result();
    let undo = || on_sqlite(&dir).run(&format!("-q move --to {url} --undo"));
    undo().result();
    let lines = std::fs::read_to_string(dir.join("data/evidence.jsonl")).unwrap();
    assert!(lines.lines().last().unwrap().contains("taken back"), "{lines}");
    undo().code_is(2, "there is nothing to take back");
}

#[test]
fn a_log_whose_import_did_not_come_to_its_end_is_told_apart_from_those_that_are_proved() {
    let (dir, url) = (TestDir::new(), server().new_store());
    super::store_with_everything(&dir);
    tamper(&dir.join(STORE), "UPDATE sources SET finished_at = NULL WHERE source_id = 3");
    let moved = on_sqlite(&dir).run(&format!("-q --format json move --to {url}")).json();
    assert_eq!((&moved["logs"], &moved["unfinished_logs"]), (&2.into(), &1.into()), "{moved}");
    let said = on_sqlite(&dir).run(&format!("-q move --to {url}")).result();
    assert!(said.contains("1 more log was not imported to the end"), "{said}");
}
