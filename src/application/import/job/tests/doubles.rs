//! Doubles of the ports of an import: a store that answers as it is told to, and a clock that is not waited for.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::fake_logs::{FakeFiles, Growth};
use crate::application::clock::Clock;
use crate::application::compare::feed::{CompareError, Scratch};
use crate::application::import::error::ImportError;
use crate::application::import::job::{ImportPorts, ImportSettings, OverlapPolicy, import};
use crate::application::import::options::ReadOptions;
use crate::application::import::outcome::{Correction, Outcome};
use crate::application::import::overlap::{Overlap, OverlapFeeds, SystemTimes, TwinPair};
use crate::application::import::report::ImportReport;
use crate::application::import::target::{
    Batch, BuildingSink, ImportPreview, ImportSink, ImportStore, ImportSurvey, ImportedLog, IncrementalSink,
    KnownPart, KnownSource, OverlapView, SharedCounts, SourceHeader, StoreError,
};
use crate::application::log_source::{LogList, LogSource, SourceDigest, SourceError};
use crate::domain::repository::RepositoryError;
use crate::domain::value_objects::{EventId, Position};
use crate::wire::local_time::DstPolicy;
use crate::wire::mapping::Mapping;
use crate::wire::zone::Zone;

/// What a store shows of an import before it is loaded.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    pub has_conflict: bool,
    pub has_overlap: bool,
    pub youngest: Option<DateTime<Utc>>,
}

/// How a load of one log into a store that exists ends, if not well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadEnd {
    Outdated,
    Broken,
    Conflict,
}

/// A store that answers as it is told to, and writes down what it is asked.
#[derive(Default)]
pub struct FakeStore {
    exists: bool,
    /// It is made by another process while it is built.
    pub is_overtaken: bool,
    /// By their times, no record can overlap.
    pub is_apart: bool,
    pub has_twins: bool,
    calls: RefCell<Vec<String>>,
    seen: RefCell<VecDeque<Seen>>,
    ends: RefCell<VecDeque<LoadEnd>>,
    /// What it has of every log, from the last import.
    imported: RefCell<Option<ImportedLog>>,
}

pub struct FakeSink {
    store: Rc<FakeStore>,
    role: &'static str,
    seen: Seen,
    is_outdated: bool,
    shared: SharedCounts,
}

impl FakeSink {
    fn new(store: &Rc<FakeStore>, role: &'static str) -> Self {
        let seen =
            if ["load", "survey"].contains(&role) { None } else { store.seen.borrow_mut().pop_front() };
        Self {
            store: Rc::clone(store),
            role,
            seen: seen.unwrap_or_default(),
            is_outdated: false,
            shared: SharedCounts::new(),
        }
    }

    fn call(&self, call: &str) {
        self.store.calls.borrow_mut().push(format!("{} {call}", self.role));
    }
}

impl ImportSink for FakeSink {
    fn last_import(&mut self, _: &str, _: &str) -> Result<Option<ImportedLog>, RepositoryError> {
        Ok(self.store.imported.borrow().clone())
    }

    fn begin_parts(&mut self, _: &[KnownPart]) -> Result<SharedCounts, RepositoryError> {
        self.call("parts");
        Ok(SharedCounts::new())
    }

    fn known(&mut self, _: &SourceHeader) -> Result<Option<KnownSource>, RepositoryError> {
        Ok(None)
    }

    fn begin_source(
        &mut self,
        header: &SourceHeader,
        _: Option<&KnownSource>,
    ) -> Result<i64, RepositoryError> {
        self.call(&header.path);
        Ok(1)
    }

    fn store(&mut self, batch: &Batch) -> Result<Vec<Outcome>, RepositoryError> {
        let end = if self.role == "load" { self.store.ends.borrow_mut().pop_front() } else { None };
        self.is_outdated = end == Some(LoadEnd::Outdated);
        if matches!(end, Some(LoadEnd::Outdated | LoadEnd::Broken)) {
            return Err(RepositoryError::storage("import records", "it was told to fail"));
        }
        let has_conflict = self.seen.has_conflict || end == Some(LoadEnd::Conflict);
        let outcome = || match has_conflict {
            true => Outcome::Conflict { event_id: EventId::new("e1").unwrap(), position: Position::new(1) },
            false => Outcome::Imported,
        };
        Ok(batch.records.iter().map(|_| outcome()).collect())
    }

    fn end_source(&mut self, digest: Option<&SourceDigest>) -> Result<(), RepositoryError> {
        if digest.is_none() {
            self.call("leave");
        }
        Ok(())
    }

    fn shared_records(&self) -> &SharedCounts {
        &self.shared
    }

    fn finish(&mut self, _: &mut dyn FnMut(Correction)) -> Result<u64, RepositoryError> {
        Ok(7)
    }

    fn publish(&mut self) -> Result<(), RepositoryError> {
        self.call("publish");
        match self.is_overtaken() {
            true => Err(RepositoryError::storage("publish", "it was told to fail")),
            false => Ok(()),
        }
    }
}

impl BuildingSink for FakeSink {
    fn is_overtaken(&self) -> bool {
        self.role == "build" && self.store.is_overtaken
    }
}

impl OverlapView for FakeSink {
    fn overlap(&mut self) -> Result<Option<Overlap>, RepositoryError> {
        let at = start();
        let overlap = Overlap { records: 1, first: at, last: at, native_first: at, native_last: at };
        Ok(self.seen.has_overlap.then_some(overlap))
    }

    fn feeds(&mut self) -> Result<Option<OverlapFeeds>, RepositoryError> {
        let feeds = OverlapFeeds { history: Vec::new(), native: Vec::new(), stored_feeds: 1 };
        Ok(self.seen.has_overlap.then_some(feeds))
    }

    fn note_twins(&mut self, _: &TwinPair) -> Result<(), RepositoryError> {
        Ok(())
    }
}

impl ImportPreview for FakeSink {
    fn youngest_unmatched(&mut self) -> Result<Option<DateTime<Utc>>, RepositoryError> {
        Ok(self.seen.youngest)
    }
}

impl ImportSurvey for FakeSink {
    fn times(&self) -> SystemTimes {
        SystemTimes::default()
    }

    fn may_overlap(&mut self) -> Result<bool, RepositoryError> {
        Ok(!self.store.is_apart)
    }
}

impl IncrementalSink for FakeSink {
    type Survey = FakeSink;
    type Preview = FakeSink;

    fn survey(&mut self) -> Result<Option<FakeSink>, RepositoryError> {
        Ok((!self.store.has_twins).then(|| FakeSink::new(&self.store, "survey")))
    }

    fn follow_survey(&mut self, _: SystemTimes) {
        self.call("follow survey");
    }

    fn preview(&mut self) -> Result<FakeSink, StoreError> {
        Ok(FakeSink::new(&self.store, "preview"))
    }

    fn follow_preview(&mut self) {
        self.call("follow");
    }

    fn is_outdated(&self) -> bool {
        self.is_outdated
    }

    fn begin_transaction(&mut self) -> Result<(), RepositoryError> {
        self.call("begin");
        Ok(())
    }

    fn roll_back(&mut self) -> Result<(), RepositoryError> {
        self.call("roll back");
        Ok(())
    }
}

impl ImportStore for Rc<FakeStore> {
    type NewStore = FakeSink;
    type Preview = FakeSink;
    type ExistingStore = FakeSink;

    fn location(&self) -> String {
        "events.db".to_owned()
    }

    fn build(&self, is_dry_run: bool) -> Result<Option<FakeSink>, StoreError> {
        let role = if is_dry_run { "dry run" } else { "build" };
        Ok((!self.exists).then(|| FakeSink::new(self, role)))
    }

    fn preview(&self) -> Result<FakeSink, StoreError> {
        Ok(FakeSink::new(self, "preview"))
    }

    fn open(&self) -> Result<FakeSink, StoreError> {
        Ok(FakeSink::new(self, "load"))
    }
}

/// A clock that runs on only where it is waited for.
pub struct FakeClock {
    now: Cell<DateTime<Utc>>,
    waits: RefCell<Vec<Duration>>,
}

pub fn start() -> DateTime<Utc> {
    "2025-10-25T12:00:00Z".parse().unwrap()
}

impl Clock for FakeClock {
    fn now(&self) -> DateTime<Utc> {
        self.now.get()
    }

    fn elapsed(&self) -> Duration {
        (self.now.get() - start()).to_std().unwrap()
    }

    fn wait(&self, duration: Duration) {
        self.now.set(self.now.get() + duration);
        self.waits.borrow_mut().push(duration);
    }
}

/// For comparisons that spill nothing.
pub struct NoScratch;

impl Scratch for NoScratch {
    fn append(&mut self, _: &[u8]) -> Result<u64, CompareError> {
        Ok(0)
    }

    fn read_at(&mut self, _: u64, _: &mut [u8]) -> Result<(), CompareError> {
        Ok(())
    }
}

/// An import of logs into a store that is told what to answer.
pub struct Import {
    pub store: FakeStore,
    pub settings: ImportSettings,
    pub growth: Growth,
}

pub struct Imported {
    pub result: Result<ImportReport, ImportError>,
    pub calls: Vec<String>,
    pub waits: Vec<Duration>,
}

pub fn into_store(exists: bool) -> Import {
    let options = ReadOptions {
        zone: Zone::utc(),
        dst: DstPolicy::Resolve,
        mapping: Mapping::default(),
        since: None,
        until: None,
    };
    let logs = LogList { files: vec!["old.log".into()], skipped: Vec::new() };
    let overlap = OverlapPolicy::Match;
    let settings = ImportSettings { logs, parts: false, options, overlap, strict: false, dry_run: false };
    let store = FakeStore { exists, ..FakeStore::default() };
    Import { store, settings, growth: Growth::default() }
}

impl Import {
    /// Changes the settings.
    pub fn set(mut self, change: impl FnOnce(&mut ImportSettings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// What each look at the import finds.
    pub fn seeing(self, seen: impl IntoIterator<Item = Seen>) -> Self {
        self.store.seen.borrow_mut().extend(seen);
        self
    }

    /// How the logs grow.
    pub fn growing(self, growth: Growth) -> Self {
        Self { growth, ..self }
    }

    /// What the store has of each log.
    pub fn having(self, imported: ImportedLog) -> Self {
        self.store.imported.replace(Some(imported));
        self
    }

    /// How the loads of logs end.
    pub fn ending(self, ends: impl IntoIterator<Item = LoadEnd>) -> Self {
        self.store.ends.borrow_mut().extend(ends);
        self
    }

    pub fn run(self) -> Imported {
        let store = Rc::new(self.store);
        let clock = FakeClock { now: Cell::new(start()), waits: RefCell::default() };
        let files = FakeFiles::new(self.growth);
        let open_log =
            |path: &Path, _: &Mapping| Ok::<Box<dyn LogSource>, SourceError>(Box::new(files.open(path)));
        let ports = ImportPorts {
            store: &store,
            open_log: &open_log,
            log_files: &files,
            scratch: &|| Box::new(NoScratch),
            clock: &clock,
            progress: &mut (),
        };
        let result = import(&self.settings, ports);
        Imported { result, calls: store.calls.take(), waits: clock.waits.take() }
    }
}
