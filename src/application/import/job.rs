//! The whole import: which kind of store is there, a preview, the load, and waiting and looking again.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::error::ImportError;
use super::identity::load_order;
use super::import_totals::ImportTotals;
use super::options::ReadOptions;
use super::parts::without_copies;
use super::pass::ImportPass;
use super::progress::ImportProgress;
use super::report::{ImportReport, Refusal, StoreReport, TimeRange};
use super::seen_log::SeenLog;
use super::target::{
    BuildingSink, ImportPreview, ImportSink, ImportStore, ImportSurvey, IncrementalSink, OverlapView,
};
use super::twin_matching::matching_settings;
use crate::application::clock::Clock;
use crate::application::compare::feed::Scratch;
use crate::application::log_files::LogFiles;
use crate::application::log_source::{CONFLICT, LogList, OpenLog, SourceError};
use crate::domain::path_text::text_of;

/// The new system has recorded an event so long after the legacy one, if it records it at all.
const SETTLED: TimeDelta = TimeDelta::seconds(3);

/// How often an import is previewed whose logs or store change before they are loaded.
const MOST_PREVIEWS: u32 = 4;

/// What is imported, and how.
#[derive(Debug, Clone)]
pub struct ImportSettings {
    /// The logs, in the order in which they are read.
    pub logs: LogList,
    /// They are parts of one log, as a rotation leaves them: identical records are counted over all of them.
    pub parts: bool,
    /// How their records are read.
    pub options: ReadOptions,
    /// What becomes of records without identity in the time of events of the new system.
    pub overlap: OverlapPolicy,
    /// All records or none: nothing is written where one would be rejected.
    pub strict: bool,
    /// Nothing is written.
    pub dry_run: bool,
}

/// What becomes of records without identity in the time of events of the new system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OverlapPolicy {
    /// They are matched by the rules of a comparison: what is the same event is kept as its twin, and what
    /// has no partner is imported.
    #[default]
    Match,
    /// They are imported: both are events of their own.
    Keep,
    /// Nothing is written.
    Refuse,
}

/// What an import works with.
pub struct ImportPorts<'p, S> {
    /// The store.
    pub store: &'p S,
    /// Opens each log.
    pub open_log: &'p OpenLog<'p>,
    /// The files that the logs lie in.
    pub log_files: &'p dyn LogFiles,
    /// Makes room for what a comparison does not hold in memory.
    pub scratch: &'p dyn Fn() -> Box<dyn Scratch>,
    /// The clock.
    pub clock: &'p dyn Clock,
    /// Is told how far the import is.
    pub progress: &'p mut dyn ImportProgress,
}

/// Imports, where nothing speaks against it, and says what became of every record.
///
/// A store that does not exist yet is built whole and looked at before it is put into its place. For one
/// that exists a preview answers first what would become of the records, and then they are loaded: those that
/// it has seen. What a log has got since is left to the next import, and counted in the report. Where nothing can overlap
/// and nothing else is asked for, as a survey shows by the times of the records, there is nothing to preview.
///
/// # Errors
/// What could not be read or written. What was stored before is stored.
pub fn import<S: ImportStore>(
    settings: &ImportSettings,
    ports: ImportPorts<'_, S>,
) -> Result<ImportReport, ImportError> {
    let (clock, started) = (ports.clock, ports.clock.elapsed());
    let location = ports.store.location();
    let logs = match settings.parts {
        true => without_copies(&settings.logs, &settings.options, ports.open_log, ports.log_files)?,
        false => settings.logs.clone(),
    };
    let settings = &ImportSettings { logs, ..settings.clone() };
    let (totals, refused) = ImportJob { settings, ports }.run()?;
    let conflicts = totals.rejects.count(CONFLICT);
    let (reasons, rejects) = totals.rejects.into_parts();
    Ok(ImportReport {
        sources: totals.sources,
        total: totals.total,
        conflicts,
        twins: totals.twins,
        kept_apart: totals.overlap.kept_apart,
        flags: totals.flags,
        in_doubt: totals.in_doubt,
        skipped_files: settings.logs.skipped.clone(),
        reasons,
        rejects,
        shared_records: totals.shared_records,
        missing_parts: totals.missing_parts,
        replaced_parts: totals.replaced_parts,
        mapped_times: totals.mapped_times.and_then(TimeRange::of),
        dry_run: settings.dry_run,
        refused,
        store: StoreReport { path: location, events: totals.events },
        elapsed_seconds: clock.elapsed().saturating_sub(started).as_secs_f64(),
    })
}

/// What the logs came to, and what speaks against them.
type Loaded = (ImportTotals, Option<Refusal>);

/// How far logs were read by a pass before.
type Seen = HashMap<PathBuf, SeenLog>;

/// What has become of logs that were surveyed.
enum Surveyed {
    Loaded(Box<Loaded>),
    /// A preview is needed, which reads them as far as they were seen.
    NotLoaded(Seen),
}

struct ImportJob<'s, 'p, S> {
    settings: &'s ImportSettings,
    ports: ImportPorts<'p, S>,
}

impl<S: ImportStore> ImportJob<'_, '_, S> {
    fn run(&mut self) -> Result<Loaded, ImportError> {
        let logs = self.settings.logs.files.as_slice();
        let is_dry_run = self.settings.dry_run;
        if let Some(mut new) = self.ports.store.build(is_dry_run).map_err(ImportError::Open)? {
            let (totals, refused) = self.load_with_overlap(&mut new, logs, Seen::new())?;
            if is_dry_run || refused.is_some() {
                return Ok((totals, refused));
            }
            match new.publish() {
                // The logs are added to the store that is there now.
                Err(_) if new.is_overtaken() => {}
                published => return Ok(published.map(|()| (totals, refused))?),
            }
        }
        if is_dry_run {
            let mut preview = self.ports.store.preview().map_err(ImportError::Open)?;
            return self.load_with_overlap(&mut preview, logs, Seen::new());
        }
        let mut existing = self.ports.store.open().map_err(ImportError::Open)?;
        if self.settings.overlap == OverlapPolicy::Keep && !self.settings.strict {
            return self.load(&mut existing, logs, Seen::new());
        }
        let mut seen = Seen::new();
        if self.settings.overlap == OverlapPolicy::Match && !self.settings.strict {
            match self.load_as_surveyed(&mut existing)? {
                Surveyed::Loaded(loaded) => return Ok(*loaded),
                Surveyed::NotLoaded(surveyed) => seen = surveyed,
            }
        }
        self.load_as_previewed(&mut existing, seen)
    }

    /// Loads logs in which nothing can overlap. What was stored before a log turned out to have changed is stored.
    fn load_as_surveyed(&mut self, existing: &mut S::ExistingStore) -> Result<Surveyed, ImportError> {
        let logs = self.settings.logs.files.as_slice();
        let Some(mut survey) = existing.survey().map_err(ImportError::Finish)? else {
            return Ok(Surveyed::NotLoaded(Seen::new()));
        };
        let surveyed = self.pass(&mut survey, logs, Seen::new())?.finish()?;
        if survey.may_overlap().map_err(ImportError::Finish)? {
            return Ok(Surveyed::NotLoaded(surveyed.seen));
        }
        existing.follow_survey(survey.times());
        drop(survey);
        match self.load(existing, logs, surveyed.seen) {
            Err(ImportError::Source(SourceError::Changing { .. })) => Ok(Surveyed::NotLoaded(Seen::new())),
            Err(_) if existing.is_outdated() => Ok(Surveyed::NotLoaded(Seen::new())),
            loaded => loaded.map(|loaded| Surveyed::Loaded(Box::new(loaded))),
        }
    }

    /// Loads what a preview has found nothing against; again, where it is out of date by then.
    /// Logs are read no further than they were `seen`.
    fn load_as_previewed(
        &mut self,
        existing: &mut S::ExistingStore,
        mut seen: Seen,
    ) -> Result<Loaded, ImportError> {
        let (mut previews, mut has_waited) = (0, false);
        loop {
            previews += 1;
            let mut preview = existing.preview().map_err(ImportError::Open)?;
            let looked = self.load_with_overlap(&mut preview, &self.settings.logs.files, seen.clone());
            let (mut previewed, refused) = match looked {
                // A log is not the one any more that was seen before: it is looked at as it is now.
                Err(ImportError::Source(SourceError::Changing { .. })) if !seen.is_empty() => {
                    seen.clear();
                    continue;
                }
                looked => looked?,
            };
            if refused.is_some() {
                return Ok((previewed, refused));
            }
            if previewed.overlap.overlap
                && !has_waited
                && let Some(recorded) = preview.youngest_unmatched()?
                && let Some(left) = until_settled(recorded, self.ports.clock.now())
            {
                // What is saved live later is an event of its own: it must be there before. What the legacy
                // system records meanwhile is as young again, and is left to the next import.
                self.ports.clock.wait(left);
                has_waited = true;
                seen = previewed.seen;
                seen.retain(|_, log| matches!(log, SeenLog::Read(to) if to.has_history));
                continue;
            }
            drop(preview);
            let logs = self.in_load_order(&previewed);
            existing.follow_preview();
            if self.settings.strict {
                existing.begin_transaction()?;
            }
            let may_look_again = previews < MOST_PREVIEWS;
            let loaded = self.load(existing, &logs, std::mem::take(&mut previewed.seen));
            let is_outdated = existing.is_outdated()
                || matches!(loaded, Err(ImportError::Source(SourceError::Changing { .. })));
            match loaded {
                // What was stored is stored, and what a log says instead of what was seen is looked at.
                Err(_) if is_outdated && may_look_again => {
                    existing.roll_back()?;
                    seen.clear();
                }
                // The store or a log has got since what speaks against it: the next preview shows what.
                Ok((_, Some(_))) if self.settings.strict && may_look_again => existing.roll_back()?,
                Ok((totals, refused)) => {
                    if refused.is_none() {
                        existing.publish()?;
                    }
                    let paths = self.settings.logs.files.iter().map(|log| text_of(log));
                    let mut totals = totals.in_order_of(&paths.collect::<Vec<_>>());
                    totals.overlap = previewed.overlap;
                    return Ok((totals, refused));
                }
                Err(ImportError::Store { path, .. }) if existing.is_outdated() => {
                    return Err(self.changing(path).into());
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// A log has other records at each look.
    fn changing(&self, path: String) -> SourceError {
        let path = PathBuf::from(path);
        let bytes = self.ports.log_files.bytes(&path).unwrap_or(0);
        SourceError::Changing { path, opened: bytes, ended: bytes }
    }

    fn in_load_order(&self, previewed: &ImportTotals) -> Vec<PathBuf> {
        let mut logs: Vec<(usize, &PathBuf)> = self.settings.logs.files.iter().enumerate().collect();
        if previewed.overlap.overlap {
            logs.sort_by_key(|&(number, _)| load_order(previewed.with_native.contains(&number), number));
        }
        logs.into_iter().map(|(_, log)| log.clone()).collect()
    }

    /// One pass into a sink that shows what both systems recorded.
    fn load_with_overlap(
        &mut self,
        sink: &mut (impl ImportSink + OverlapView),
        logs: &[PathBuf],
        seen: Seen,
    ) -> Result<Loaded, ImportError> {
        let (settings, scratch) = (self.settings, self.ports.scratch);
        let mut overlap = None;
        let mut pass = self.pass(sink, logs, seen)?;
        match settings.overlap {
            OverlapPolicy::Match => {
                pass.match_twins(&matching_settings(settings.options.zone.clone()), scratch())?;
            }
            OverlapPolicy::Refuse => overlap = pass.overlap()?.map(Refusal::Overlap),
            OverlapPolicy::Keep => {}
        }
        let totals = pass.finish()?;
        let refused = overlap.or_else(|| refusal(&totals, settings.strict));
        Ok((totals, refused))
    }

    /// One pass into a store that follows a preview, or needs none.
    fn load(
        &mut self,
        sink: &mut S::ExistingStore,
        logs: &[PathBuf],
        seen: Seen,
    ) -> Result<Loaded, ImportError> {
        let totals = self.pass(sink, logs, seen)?.finish()?;
        let refused = refusal(&totals, self.settings.strict);
        Ok((totals, refused))
    }

    fn pass<'s, T: ImportSink>(
        &'s mut self,
        sink: &'s mut T,
        logs: &[PathBuf],
        seen: Seen,
    ) -> Result<ImportPass<'s, T>, ImportError> {
        let ImportPorts { open_log, log_files, clock, progress, .. } = &mut self.ports;
        let ImportSettings { options, parts, .. } = self.settings;
        let pass = ImportPass::new(options.clone(), sink, *clock, *progress);
        let mut pass = pass.of_parts(*parts).following(seen);
        pass.import_all(logs, *open_log, *log_files)?;
        Ok(pass)
    }
}

/// What speaks against what a pass came to, apart from an overlap.
fn refusal(totals: &ImportTotals, strict: bool) -> Option<Refusal> {
    let clocks = totals.overlap.refused.clone().map(Refusal::Clocks);
    clocks.or((strict && totals.total.rejected > 0).then_some(Refusal::Strict))
}

/// How long the new system may still take to record what the legacy one recorded at that time.
fn until_settled(recorded: DateTime<Utc>, now: DateTime<Utc>) -> Option<Duration> {
    let age = now - recorded;
    let is_young = -SETTLED < age && age < SETTLED;
    if is_young { (SETTLED - age.max(TimeDelta::zero())).to_std().ok() } else { None }
}

#[cfg(test)]
mod tests;
