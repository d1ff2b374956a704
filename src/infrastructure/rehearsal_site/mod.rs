//! Where a rehearsal takes place: a temporary folder with copies of the logs and of the store.
//!
//! ```text
//! legacy/     the legacy log, as it was copied
//! new/        the daily log of the new system, where that is its store
//! events.db   the store: a copy, or built of both logs
//! exported/   what the store gives back
//! handlers.db what handlers make of it
//! ```

mod copies;
mod plan;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;
use thiserror::Error;

use crate::application::clock::Clock;
use crate::application::compare::feed::{Feed, Scratch};
use crate::application::compare::parallel_run::{Medium, ParallelRun, ParallelSide, native_and_repaired};
use crate::application::compare::report::Comparison;
use crate::application::compare::settings::Settings;
use crate::application::compare::{Input, compare};
use crate::application::export::{Export, ExportOptions, Exported, ExportedFile};
use crate::application::gate::{ComparedStates, LogReading, StateRules};
use crate::application::handling::store::OpenFailures;
use crate::application::handling::{HandlerOperations, RunnerSettings};
use crate::application::import::{
    self, ImportPorts, ImportReport, ImportSettings, OverlapPolicy, ReadOptions,
};
use crate::application::log_source::LogList;
use crate::application::rehearsal::{Copied, RehearsalSite, Replayed, RolledBack, SiteError};
use crate::application::task_handlers::default_registrations;
use crate::domain::counted::counted;
use crate::domain::error_chain::error_chain;
use crate::domain::path_text::{path_of, text_of};
use crate::infrastructure::compare_inputs::{FoundSide, LogFeed, TempScratch};
use crate::infrastructure::export_folder::FileFolder;
use crate::infrastructure::handler_store::SqliteHandlerStore;
use crate::infrastructure::sources::{FileSystem, Surroundings};
use crate::infrastructure::sqlite::{
    Database, SqliteEventRepository, SqliteExport, SqliteImport, integrity, row_counts,
};
use crate::infrastructure::system_clock::SystemClock;

pub use plan::RehearsalPlan;

use copies::{Copies, Originals};

const PREFIX: &str = "mission-events-rehearsal-";

/// A rehearsal could not be begun, or what it left could not be taken away.
#[derive(Debug, Error)]
#[error("could not {action} the folder of the rehearsal; it is made in the folder of TMPDIR")]
pub struct RehearsalFolderError {
    action: &'static str,
    #[source]
    source: std::io::Error,
}

/// A temporary folder in which a migration is rehearsed. The originals are only read.
pub struct TemporarySite {
    plan: RehearsalPlan,
    clock: Arc<SystemClock>,
    folder: TempDir,
    copies: Copies,
    /// The clock of the new system minus that of the legacy one, once both were compared.
    clock_offset: Option<TimeDelta>,
}

impl TemporarySite {
    /// An empty folder for that.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn new(plan: RehearsalPlan, clock: Arc<SystemClock>) -> Result<Self, RehearsalFolderError> {
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir();
        let folder = folder.map_err(|source| RehearsalFolderError { action: "make", source })?;
        Ok(Self { plan, clock, folder, copies: Copies::default(), clock_offset: None })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves the folder where it is, or takes it away; answers where it was left.
    ///
    /// # Errors
    /// It could not be taken away.
    pub fn end(self, keep: bool) -> Result<Option<PathBuf>, RehearsalFolderError> {
        if keep {
            return Ok(Some(self.folder.keep()));
        }
        self.folder.close().map_err(|source| RehearsalFolderError { action: "remove", source })?;
        Ok(None)
    }

    /// Where a path in the folder was copied from; other paths as they are.
    pub fn original(&self, path: &Path) -> PathBuf {
        self.copies.original(path)
    }

    fn database(&self) -> PathBuf {
        self.path().join("events.db")
    }

    fn legacy_copy(&self) -> &Path {
        &self.copies.legacy_log
    }

    fn side(&self, path: &Path) -> Result<FoundSide<'static>, SiteError> {
        let RehearsalPlan { mapping, allow_expansion, .. } = &self.plan;
        FoundSide::find_beside(&Surroundings::default(), path, mapping.clone(), *allow_expansion)
            .map_err(SiteError::during("look at a copy"))
    }

    /// The exported files of events that the new system wrote: all but the legacy logs.
    fn new_files<'e>(&self, exported: &'e Exported) -> Result<Vec<&'e ExportedFile>, SiteError> {
        let mut new: Vec<&ExportedFile> = Vec::new();
        for file in exported.files.iter().filter(|file| file.written) {
            let path = Path::new(&file.path);
            let is_legacy = file.source_id.is_some()
                && self
                    .side(path)?
                    .first_records(&self.plan.comparison.zone)
                    .is_none_or(|first| first.is_legacy);
            // A copy of a log that was imported from two places has its events once.
            if !is_legacy && new.iter().all(|other| other.sha256 != file.sha256) {
                new.push(file);
            }
        }
        Ok(new)
    }

    fn compare_back(&self, files: &[&ExportedFile]) -> Result<Option<Comparison>, SiteError> {
        let store = self.side(&self.database())?;
        let has_some = matches!(store.medium(), Medium::Store(rows) if rows.native + rows.repaired > 0);
        if files.is_empty() && !has_some {
            return Ok(None);
        }
        let failed = || SiteError::during("compare what was exported with the store");
        let feed = |file: &&ExportedFile| -> Box<dyn Feed> {
            Box::new(LogFeed::new(PathBuf::from(&file.path), self.plan.mapping.clone()))
        };
        let control = Input {
            path: self.path().join("exported"),
            mapping: self.plan.mapping.clone(),
            feeds: files.iter().map(feed).collect(),
            skipped: Vec::new(),
        };
        let candidate = native_and_repaired(&store).map_err(failed())?;
        // What may differ between the systems may not between a store and its export.
        let Settings { zone, memory, .. } = &self.plan.comparison;
        let settings = Settings {
            as_of_is_declared: true,
            tolerance: TimeDelta::zero(),
            max_offset: TimeDelta::zero(),
            settle: TimeDelta::zero(),
            memory: *memory,
            limit: 0,
            ..Settings::new(zone.clone(), DateTime::<Utc>::MAX_UTC)
        };
        compare(&settings, control, candidate, Box::new(TempScratch::default())).map(Some).map_err(failed())
    }
}

impl RehearsalSite for TemporarySite {
    fn copy(&mut self) -> Result<Copied, SiteError> {
        let failed = SiteError::during("copy the logs and the store");
        let originals = Originals::find(&self.plan).map_err(&failed)?;
        let (copies, copied) = originals.copy_into(self.folder.path(), &self.database()).map_err(failed)?;
        self.copies = copies;
        Ok(copied)
    }

    fn import(&mut self) -> Result<ImportReport, SiteError> {
        let zone = self.plan.comparison.zone.clone();
        let settings = ImportSettings {
            logs: LogList { files: self.copies.logs.clone(), skipped: self.copies.skipped.clone() },
            parts: false,
            options: ReadOptions { mapping: self.plan.mapping.clone(), ..ReadOptions::new(zone) },
            overlap: OverlapPolicy::Match,
            strict: false,
            dry_run: false,
        };
        let bytes = settings.logs.files.iter().filter_map(|log| log.metadata().ok());
        let ports = ImportPorts {
            store: &SqliteImport::new(self.database(), bytes.map(|log| log.len()).sum()),
            open_log: self.plan.open_log(),
            log_files: &FileSystem,
            scratch: &|| Box::new(TempScratch::default()),
            clock: &*self.clock,
            progress: &mut (),
        };
        let mut report = import::import(&settings, ports).map_err(SiteError::during("import the copies"))?;
        for reject in &mut report.rejects {
            reject.path = text_of(&self.original(&path_of(&reject.path)));
        }
        Ok(report)
    }

    fn compare(&mut self) -> Result<Comparison, SiteError> {
        let (control, candidate) = (self.side(self.legacy_copy())?, self.side(&self.database())?);
        let new_scratch = || Box::new(TempScratch::default()) as Box<dyn Scratch>;
        let run = ParallelRun {
            settings: &self.plan.comparison,
            control: &control,
            candidate: &candidate,
            new_scratch: &new_scratch,
        };
        let comparison = run.compare().map_err(SiteError::during("compare the legacy log with the store"))?;
        self.clock_offset = Some(TimeDelta::microseconds(comparison.clock.offset_us));
        Ok(comparison)
    }

    fn roll_back(&mut self) -> Result<RolledBack, SiteError> {
        let zone = self.plan.comparison.zone.clone();
        let mut store = SqliteExport::open(&self.database(), zone.clone())
            .map_err(SiteError::during("open the store to export it"))?;
        let mut folder = FileFolder::new(&self.path().join("exported"), false);
        let options = ExportOptions { source_id: None, legacy: true, only: None, force: false, zone };
        let mut exported = Export::new(&mut store, &mut folder, options)
            .run()
            .map_err(SiteError::during("export the store"))?;
        let files = self.new_files(&exported)?;
        let comparison = self.compare_back(&files)?;
        let logs: Vec<i64> = files.iter().filter_map(|file| file.source_id).collect();
        let repeated =
            store.repeated_records(&logs).map_err(SiteError::during("look at the exported logs"))?;
        for log in &mut exported.left_out {
            log.path = text_of(&self.original(&path_of(&log.path)));
        }
        Ok(RolledBack { exported, comparison, repeated })
    }

    fn replay(&mut self) -> Result<Replayed, SiteError> {
        let zone = &self.plan.comparison.zone;
        let opened = SiteError::during("open the store for its handlers");
        let events = SqliteEventRepository::open(self.database(), zone.clone()).map_err(&opened)?;
        let store = SqliteHandlerStore::open(self.path().join("handlers.db")).map_err(opened)?;
        let page = RunnerSettings::default().page;
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock + Send + Sync>;
        let registrations = default_registrations(zone);
        let operations =
            HandlerOperations::new(Arc::new(events), Arc::new(store), clock, page, registrations);
        let failed = || SiteError::during("replay the events");
        let not_run = operations.run_to_end(&|| true).map_err(failed())?;
        let mut replayed = Replayed::default();
        for status in operations.list().map_err(failed())? {
            let OpenFailures { retrying, parked, waiting } = status.open;
            replayed.handled += status.handled;
            replayed.failed += retrying + parked + waiting;
            if status.open.is_any() || status.behind.events > 0 {
                let complaint = format!(
                    "the handler {} has events that it has not handled: `handlers failures {}` says which",
                    status.name, status.name
                );
                replayed.complaints.push(complaint);
            }
        }
        replayed.complaints.extend(
            not_run
                .iter()
                .map(|not_run| format!("{} was not run: {}", not_run.handler, error_chain(&not_run.error))),
        );
        Ok(replayed)
    }

    fn compare_states(&mut self) -> Result<ComparedStates, SiteError> {
        let offset = match self.clock_offset {
            Some(offset) => offset,
            None => self.compare().map(|comparison| TimeDelta::microseconds(comparison.clock.offset_us))?,
        };
        let Settings { zone, profile, tolerance, settle, as_of, .. } = &self.plan.comparison;
        let failed = SiteError::during("replay the events of a log");
        let reading = LogReading { zone: zone.clone(), event_types: profile.event_types.clone() };
        let control = reading.legacy_log(&self.side(self.legacy_copy())?).map_err(&failed)?;
        let events = SqliteEventRepository::open_for_reading(self.database(), zone.clone())
            .map_err(SiteError::during("open the store to replay it"))?;
        let candidate = reading.store(&events).map_err(failed)?;
        let rules = StateRules {
            one_sided: &profile.one_sided.iter().map(|one_sided| one_sided.field.clone()).collect(),
            ignored: &profile.ignore.iter().map(|rule| rule.field.clone()).collect(),
            offset,
            tolerance: *tolerance,
            settled: *as_of - *settle,
        };
        Ok(control.tasks.compare(&candidate.tasks, &rules))
    }

    fn integrity(&mut self) -> Result<Vec<String>, SiteError> {
        const CHECK: &str = "check a database";
        let mut complaints =
            integrity(&self.database(), Database::Events, true).map_err(SiteError::during(CHECK))?;
        let handlers = self.path().join("handlers.db");
        if fs::exists(&handlers).map_err(SiteError::during(CHECK))? {
            complaints
                .extend(integrity(&handlers, Database::Handlers, true).map_err(SiteError::during(CHECK))?);
        }
        match row_counts(&self.database()).map_err(SiteError::during(CHECK))?.missing {
            Some(0) => {}
            Some(missing) => {
                let rows = counted(missing, "row that was stored is", "rows that were stored are");
                complaints.push(format!("{rows} not there any more"));
            }
            None => complaints.push("the store does not say how many rows were stored".to_owned()),
        }
        Ok(complaints)
    }
}

#[cfg(test)]
mod tests;
