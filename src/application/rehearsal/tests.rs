use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::*;
use crate::application::compare::memory_side::{MemorySide, compare_in_memory, event, settings};
use crate::application::compare::report::{Comparison, Verdict};
use crate::application::evidence::Rehearsal;
use crate::application::export::{Exported, ExportedFile};
use crate::application::gate::{ComparedStates, StateDifference};
use crate::application::import::report::StoreReport;
use crate::application::import::{ImportReport, RecordCounts};

/// A clock that is a second further each time that it is looked at.
#[derive(Default)]
struct StepClock(Cell<u64>);

impl Clock for StepClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }

    fn elapsed(&self) -> Duration {
        self.0.set(self.0.get() + 1);
        Duration::from_secs(self.0.get())
    }

    fn wait(&self, _: Duration) {}
}

/// A site whose steps come to what is set, and which notes what was made.
struct MemorySite {
    made: Vec<StepName>,
    copied: Copied,
    import: ImportReport,
    comparison: Comparison,
    rolled_back: RolledBack,
    replayed: Replayed,
    states: ComparedStates,
    complaints: Vec<String>,
    broken: Option<StepName>,
}

fn comparison(native: std::ops::Range<u32>) -> Comparison {
    let control = MemorySide::legacy("events.json", (0..20).map(event));
    let candidate = MemorySide::store("events.db", native.map(event), [].into_iter());
    compare_in_memory(&settings(), &control, &candidate, |_, found| found.clone())
}

fn file() -> ExportedFile {
    ExportedFile {
        path: "exported/events.json".to_owned(),
        source_path: Some("events.json".to_owned()),
        source_id: Some(1),
        compression: None,
        bytes: 10,
        sha256: "aa".to_owned(),
        records: 20,
        written: true,
        exact: true,
        reason: None,
    }
}

fn imported(total: RecordCounts) -> ImportReport {
    ImportReport {
        sources: Vec::new(),
        total,
        conflicts: 0,
        twins: BTreeMap::new(),
        kept_apart: 0,
        flags: BTreeMap::new(),
        in_doubt: 0,
        skipped_files: Vec::new(),
        reasons: BTreeMap::new(),
        rejects: Vec::new(),
        shared_records: Vec::new(),
        missing_parts: Vec::new(),
        replaced_parts: Vec::new(),
        mapped_times: None,
        dry_run: false,
        refused: None,
        store: StoreReport { path: "events.db".to_owned(), events: 20 },
        elapsed_seconds: 0.0,
    }
}

impl MemorySite {
    /// Everything holds.
    fn new() -> Self {
        let total =
            RecordCounts { records: 40, imported: 20, matched_existing: 20, ..RecordCounts::default() };
        Self {
            made: Vec::new(),
            copied: Copied { files: 2, bytes: 100, has_new_side: true, ..Copied::default() },
            import: imported(total),
            comparison: comparison(0..20),
            rolled_back: RolledBack {
                exported: Exported { files: vec![file()], ..Exported::default() },
                comparison: Some(comparison(0..20)),
                repeated: 0,
            },
            replayed: Replayed { handled: 80, ..Replayed::default() },
            states: ComparedStates { tasks: 20, ..ComparedStates::default() },
            complaints: Vec::new(),
            broken: None,
        }
    }

    fn make<T>(&mut self, step: StepName, result: T) -> Result<T, SiteError> {
        self.made.push(step);
        match self.broken == Some(step) {
            true => Err(SiteError { action: "make the step", source: "the disk is full".into() }),
            false => Ok(result),
        }
    }
}

impl RehearsalSite for MemorySite {
    fn copy(&mut self) -> Result<Copied, SiteError> {
        self.make(StepName::Copy, self.copied)
    }

    fn import(&mut self) -> Result<ImportReport, SiteError> {
        let report = self.import.clone();
        self.make(StepName::Import, report)
    }

    fn compare(&mut self) -> Result<Comparison, SiteError> {
        let comparison = self.comparison.clone();
        self.make(StepName::Compare, comparison)
    }

    fn roll_back(&mut self) -> Result<RolledBack, SiteError> {
        let rolled_back = self.rolled_back.clone();
        self.make(StepName::Rollback, rolled_back)
    }

    fn replay(&mut self) -> Result<Replayed, SiteError> {
        let replayed = self.replayed.clone();
        self.make(StepName::Replay, replayed)
    }

    fn compare_states(&mut self) -> Result<ComparedStates, SiteError> {
        let states = self.states.clone();
        self.make(StepName::State, states)
    }

    fn integrity(&mut self) -> Result<Vec<String>, SiteError> {
        let complaints = self.complaints.clone();
        self.make(StepName::Integrity, complaints)
    }
}

fn rehearsed(site: &mut MemorySite) -> RehearsalReport {
    rehearse(RehearsalScope::Migration, site, &StepClock::default())
}

fn outcome(report: &RehearsalReport, name: StepName) -> StepOutcome {
    report.steps.iter().find(|step| step.step == name).unwrap().outcome
}

#[test]
fn a_migration_whose_steps_all_hold_holds_and_each_step_says_how_long_it_took() {
    let mut site = MemorySite::new();
    let report = rehearsed(&mut site);
    assert_eq!((report.verdict, report.reasons.len()), (RehearsalVerdict::Holds, 0), "{:?}", report.reasons);
    assert_eq!(site.made, RehearsalScope::Migration.steps());
    assert!(report.steps.iter().all(|step| step.elapsed_seconds == 1.0 && !step.summary.is_empty()));
    assert_eq!(report.elapsed_seconds, 15.0);
}

#[test]
fn a_step_that_does_not_hold_is_enough_and_the_later_ones_are_made_all_the_same() {
    type Spoil = fn(&mut MemorySite);
    let cases: [(StepName, Spoil, &str); 8] = [
        (
            StepName::Import,
            |site| {
                site.import.skipped_files.push(crate::application::log_source::SkippedFile {
                    path: "more.json".to_owned(),
                    reason: "its name".to_owned(),
                    holds_events: Some(true),
                })
            },
            "more.json would not be read",
        ),
        (StepName::Compare, |site| site.comparison = comparison(0..19), "1 event is missing"),
        (
            StepName::Rollback,
            |site| site.rolled_back.comparison = Some(comparison(0..19)),
            "1 event is missing",
        ),
        (StepName::Rollback, |site| site.rolled_back.exported.missing_records = 3, "3 records of the store"),
        (
            StepName::Rollback,
            |site| {
                let file = &mut site.rolled_back.exported.files[0];
                (file.written, file.exact, file.reason) = (false, false, Some("another hash".to_owned()));
            },
            "another hash",
        ),
        (
            StepName::Replay,
            |site| site.replayed.complaints.push("task_state has failed".to_owned()),
            "task_state",
        ),
        (
            StepName::State,
            |site| {
                site.states.differences.push(StateDifference {
                    task_id: "T1".to_owned(),
                    field: "title",
                    control: Some("a".to_owned()),
                    candidate: None,
                })
            },
            "task T1: title is a by the legacy log, nothing by the store",
        ),
        (StepName::Integrity, |site| site.complaints.push("row 3 missing from index".to_owned()), "row 3"),
    ];
    for (name, spoil, reason) in cases {
        let mut site = MemorySite::new();
        spoil(&mut site);
        let report = rehearsed(&mut site);
        assert_eq!(
            (report.verdict, outcome(&report, name)),
            (RehearsalVerdict::Fails, StepOutcome::Fails),
            "{name:?}"
        );
        assert!(report.reasons.iter().any(|said| said.contains(reason)), "{:?}", report.reasons);
        assert_eq!(site.made.len(), 7, "{name:?}");
        let others = report.steps.iter().filter(|step| step.step != name);
        assert!(others.clone().all(|step| step.outcome == StepOutcome::Holds), "{name:?}");
    }
}

#[test]
fn what_an_imported_log_has_twice_and_the_store_once_is_no_loss_on_the_way_back() {
    let control = MemorySide::legacy("events.json", (0..20).chain([3]).map(event));
    let candidate = MemorySide::store("events.db", (0..20).map(event), [].into_iter());
    let found = compare_in_memory(&settings(), &control, &candidate, |_, found| found.clone());
    assert_eq!(found.duplicated.control, 1);
    for (repeated, expected) in [(1, RehearsalVerdict::Holds), (0, RehearsalVerdict::Fails)] {
        let mut site = MemorySite::new();
        (site.rolled_back.comparison, site.rolled_back.repeated) = (Some(found.clone()), repeated);
        assert_eq!(rehearsed(&mut site).verdict, expected);
    }
}

#[test]
fn what_cannot_be_said_is_inconclusive_unless_something_else_fails() {
    let mut site = MemorySite::new();
    site.states = ComparedStates::default();
    assert_eq!(rehearsed(&mut site).verdict, RehearsalVerdict::Inconclusive);
    site.complaints.push("damaged".to_owned());
    assert_eq!(rehearsed(&mut site).verdict, RehearsalVerdict::Fails);
}

#[test]
fn what_was_built_of_the_legacy_log_alone_or_of_nothing_proves_nothing() {
    type Spoil = fn(&mut MemorySite);
    let cases: [(StepName, Spoil); 2] = [
        (StepName::Copy, |site| site.copied.has_new_side = false),
        (StepName::Rollback, |site| site.rolled_back.exported.files[0].records = 0),
    ];
    for (name, spoil) in cases {
        let mut site = MemorySite::new();
        spoil(&mut site);
        let report = rehearse(RehearsalScope::Rollback, &mut site, &StepClock::default());
        assert_eq!(outcome(&report, name), StepOutcome::Inconclusive);
        let (_, findings) = report.evidence(String::new(), String::new()).unwrap();
        assert_eq!(findings.verdict, Verdict::Inconclusive, "{name:?}");
    }
}

#[test]
fn after_a_step_that_cannot_be_made_nothing_is_made() {
    let mut site = MemorySite { broken: Some(StepName::Compare), ..MemorySite::new() };
    let report = rehearsed(&mut site);
    assert_eq!(report.verdict, RehearsalVerdict::Broken);
    assert_eq!(site.made, [StepName::Copy, StepName::Import, StepName::Compare]);
    assert_eq!(outcome(&report, StepName::Integrity), StepOutcome::NotMade);
    assert_eq!(report.reasons, ["could not make the step: the disk is full"]);
}

#[test]
fn after_a_refused_import_there_is_nothing_to_compare_and_a_cutover_is_refused() {
    let mut site = MemorySite::new();
    site.import.refused = Some(crate::application::import::Refusal::Strict);
    let report = rehearsed(&mut site);
    assert_eq!((report.verdict, site.made.len()), (RehearsalVerdict::Fails, 2));
}

#[test]
fn the_way_back_and_the_states_are_rehearsed_alone_by_fewer_steps() {
    for (scope, left_out) in [
        (RehearsalScope::Rollback, [StepName::Compare, StepName::Replay, StepName::State].as_slice()),
        (RehearsalScope::State, [StepName::Compare, StepName::Rollback].as_slice()),
    ] {
        let mut site = MemorySite::new();
        let report = rehearse(scope, &mut site, &StepClock::default());
        assert_eq!(report.verdict, RehearsalVerdict::Holds);
        assert!(site.made.iter().all(|step| !left_out.contains(step)), "{:?}", site.made);
        assert_eq!(site.made.len() + left_out.len(), 7);
        let (rehearsal, findings) =
            report.evidence("/events.json".to_owned(), "/events.db".to_owned()).unwrap();
        assert_eq!(rehearsal == Rehearsal::Rollback, scope == RehearsalScope::Rollback);
        assert_eq!((findings.verdict, findings.events), (Verdict::Consistent, 20));
    }
    let is_evidence = |report: &RehearsalReport| report.evidence(String::new(), String::new()).is_some();
    assert!(!is_evidence(&rehearsed(&mut MemorySite::new())), "the whole migration is none");
    let mut broken = MemorySite { broken: Some(StepName::Rollback), ..MemorySite::new() };
    assert!(!is_evidence(&rehearse(RehearsalScope::Rollback, &mut broken, &StepClock::default())));
}
