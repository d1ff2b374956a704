//! `import-legacy`: which logs, into which store.

mod logs;
mod render;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, ValueEnum};

use super::error::CliError;
use super::events::parse_bound;
use super::exit_code::ExitCode;
use super::global::Context;
use crate::application::compare::feed::CompareError;
use crate::application::import::{
    ImportError, ImportLegacy, ImportReport, ImportTarget, Imported, Reading, Refusal, StoreReport,
    pairing_settings,
};
use crate::application::log_source::SourceError;
use crate::cli::mapping::MappingArgs;
use crate::cli::progress::Progress;
use crate::infrastructure::compare_inputs::TempScratch;
use crate::infrastructure::config::{Backend, Source};
use crate::infrastructure::sources::open_log;
use crate::infrastructure::sqlite::{BatchLoad, BulkLoad, SqliteError, Survey};
use crate::wire::local_time::DstPolicy;
use logs::Logs;

/// Replay events.json and daily JSONL into the SQLite store
///
/// Every record becomes an event of the store, is recognised as one that it has already, or is
/// rejected with its file, line, byte offset and reason; the counts add up, and nothing in the logs is
/// changed. Importing again adds only what is new: a second run imports 0, and an import that was
/// killed is finished by running it again.
///
/// During a parallel run both systems record the same life. A legacy record that is an event which the
/// new system wrote too is kept as its twin, and not counted again (see --overlap): the growing legacy
/// log can be imported every day.
///
/// Logs are JSON arrays or JSONL, plain or compressed, told apart by their content. Logs of other
/// systems are read with flags that say where id, type, time and aggregate stand. Naive timestamps are
/// read in the setting `timezone`.
///
/// Exit codes: 0 everything is in the store; 1 records were rejected, the import was refused, or a log
/// did not stop changing; 4 a log could not be read or the store not be written.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  mission-events import-legacy data/events.json data/events --into data/events.db"
)]
pub struct ImportLegacyArgs {
    /// Logs, or folders of logs, in the order in which they are read
    ///
    /// Of a folder its daily files events-*.jsonl and those in its archive/ are read, in the order of
    /// their days; where it has none, all its .json, .jsonl and .ndjson files. Each may be compressed,
    /// with gzip or zstd. Without PATH: the settings legacy.events_json and storage.jsonl_dir.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// The SQLite store to import into; made where there is none [default: --store, or storage.sqlite_path]
    #[arg(long, value_name = "DB")]
    into: Option<PathBuf>,

    /// What to do with local times that come twice or never when the clocks change
    #[arg(long, value_name = "HOW", value_enum, default_value_t)]
    dst: Dst,

    /// What to do with records without identity that lie in the time of events of the new system
    ///
    /// During a parallel run both systems record the same life: importing the legacy log beside the
    /// new one must not count it twice.
    #[arg(long, value_name = "HOW", value_enum, default_value_t)]
    overlap: OverlapPolicy,

    /// Import all records or none: write nothing where one would be rejected
    ///
    /// Into a store that exists they are written in one transaction: other writers wait meanwhile.
    #[arg(long)]
    strict: bool,

    /// Say what would be imported, and write nothing
    #[arg(long)]
    dry_run: bool,

    /// Leave out records before TIME; every timestamp of a log is taken, a date alone is its beginning
    #[arg(long, value_name = "TIME")]
    since: Option<String>,

    /// Leave out records behind TIME; a date alone is its whole day
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    #[command(flatten)]
    mapping: MappingArgs,
}

/// What becomes of local times that come twice or never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Dst {
    /// Place them by rule, and count them: the earlier instant, or the later one once the log's time
    /// has stepped back; a missing hour moves forward
    #[default]
    Resolve,
    /// Reject their records
    Reject,
}

impl Dst {
    /// The same in the words of the domain.
    pub fn policy(self) -> DstPolicy {
        match self {
            Self::Resolve => DstPolicy::Resolve,
            Self::Reject => DstPolicy::Reject,
        }
    }
}

/// What becomes of records without identity in the time of events of the new system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum OverlapPolicy {
    /// Pair them by the rules of compare-logs: what is the same event is kept as its twin, and what has
    /// no partner is imported
    #[default]
    Match,
    /// Import them: both are events of their own
    Keep,
    /// Stop before anything is written, and say where they lie
    Refuse,
}

/// Runs the command.
pub fn run(args: ImportLegacyArgs, context: &Context) -> Result<ExitCode, CliError> {
    let started = Instant::now();
    let database = target(&args, context)?;
    let reading = reading(&args, context)?;
    let logs = Logs::find(&args, context, &reading.mapping)?;
    let is_quiet = context.is_quiet;
    let job = Job { reading, is_quiet, logs: &logs.files, args: &args, database: &database };
    let (imported, refused) = job.run()?;
    let report = ImportReport {
        sources: imported.sources,
        total: imported.total,
        conflicts: imported.conflicts,
        twins: imported.twins,
        kept_apart: imported.paired.kept_apart,
        flags: imported.flags,
        skipped_files: logs.skipped,
        rejects: imported.rejects,
        dry_run: args.dry_run,
        refused,
        store: StoreReport { path: database.display().to_string(), events: imported.events },
        elapsed_seconds: started.elapsed().as_secs_f64(),
    };
    render::warn(&report, &context.config, &database);
    render::report(&report, context.format)?;
    let is_whole = report.total.rejected == 0 && report.refused.is_none();
    Ok(if is_whole { ExitCode::Done } else { ExitCode::Negative })
}

fn reading(args: &ImportLegacyArgs, context: &Context) -> Result<Reading, CliError> {
    let zone = context.config.timezone.value.clone();
    let bound = |name, text: &Option<String>, is_end| {
        text.as_deref().map(|text| parse_bound(name, text, is_end, &zone)).transpose()
    };
    Ok(Reading {
        since: bound("--since", &args.since, false)?,
        until: bound("--until", &args.until, true)?,
        dst: args.dst.policy(),
        mapping: args.mapping.mapping(&context.config)?,
        zone,
    })
}

/// One import: which logs, how, and where to.
struct Job<'a> {
    reading: Reading,
    logs: &'a [PathBuf],
    args: &'a ImportLegacyArgs,
    database: &'a Path,
    is_quiet: bool,
}

/// So long after the legacy system has the new one recorded an event too, if it records it at all.
const SETTLED: TimeDelta = TimeDelta::seconds(3);

/// How often a log is looked at that grows before it is loaded.
const MOST_SURVEYS: u32 = 4;

impl Job<'_> {
    /// Imports, where nothing speaks against it. A store that does not exist yet is built whole and
    /// looked at before it is put in its place; one that exists is surveyed first.
    fn run(&self) -> Result<(Imported, Option<Refusal>), CliError> {
        if let Some(mut built) = BulkLoad::begin(self.database, self.size_of_logs())? {
            let (imported, refused) = self.load(&mut built, self.logs)?;
            if !self.args.dry_run && refused.is_none() {
                built.publish()?;
            }
            return Ok((imported, refused));
        }
        if self.args.dry_run {
            return self.load(&mut Survey::open(self.database)?, self.logs);
        }
        // An older store is brought to the current version here, and an empty file becomes a store.
        let mut target = BatchLoad::open(self.database)?;
        if self.args.overlap == OverlapPolicy::Keep && !self.args.strict {
            return self.load(&mut target, self.logs);
        }
        let (mut surveys, mut has_waited) = (0, false);
        loop {
            surveys += 1;
            let mut survey = target.survey()?;
            let (surveyed, refused) = self.load(&mut survey, self.logs)?;
            if refused.is_some() {
                return Ok((surveyed, refused));
            }
            if surveyed.paired.overlap
                && !has_waited
                && let Some(left) = survey.youngest_alone()?.and_then(until_settled)
            {
                // What is saved live later is an event of its own: it must be there before.
                std::thread::sleep(left);
                has_waited = true;
                continue;
            }
            let mut logs = self.logs.to_owned();
            target.follow_plan();
            if surveyed.paired.overlap {
                // Of two records that are one event, that of the new system is to be the event.
                let (first, then): (Vec<_>, Vec<_>) =
                    self.logs.iter().enumerate().partition(|(log, _)| surveyed.with_native.contains(log));
                logs = first.into_iter().chain(then).map(|(_, log)| log.clone()).collect();
            }
            if self.args.strict {
                target.begin_whole()?;
            }
            match self.load(&mut target, &logs) {
                // What was stored is stored, and what came since is looked at.
                Err(_) if target.is_outdated() && surveys < MOST_SURVEYS => target.roll_back()?,
                // The store or a log has got since what speaks against it: the next look shows what.
                Ok((_, Some(_))) if self.args.strict && surveys < MOST_SURVEYS => target.roll_back()?,
                Ok((imported, refused)) => {
                    if refused.is_none() {
                        target.publish()?;
                    }
                    let paths: Vec<String> = self.logs.iter().map(|log| log.display().to_string()).collect();
                    let mut imported = imported.in_order_of(&paths);
                    imported.paired = surveyed.paired;
                    return Ok((imported, refused));
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn load(
        &self,
        target: &mut dyn ImportTarget,
        logs: &[PathBuf],
    ) -> Result<(Imported, Option<Refusal>), CliError> {
        let progress = Progress::over(logs, self.is_quiet);
        let tell = |log: &str, stored| progress.show(log, stored);
        let mut import = ImportLegacy::new(self.reading.clone(), target, &tell);
        for log in logs {
            import.import(&|| open_log(log, &self.reading.mapping))?;
            progress.pass(log);
        }
        progress.finish();
        let mut overlap = None;
        match self.args.overlap {
            OverlapPolicy::Match => {
                let settings = pairing_settings(self.reading.zone.clone());
                import.pair(&settings, Box::new(TempScratch::default()))?;
            }
            OverlapPolicy::Refuse => overlap = import.overlap()?.map(Refusal::Overlap),
            OverlapPolicy::Keep => {}
        }
        let imported = import.finish()?;
        let clocks = imported.paired.refused.clone().map(Refusal::Clocks);
        let strict = (self.args.strict && imported.total.rejected > 0).then_some(Refusal::Strict);
        Ok((imported, overlap.or(clocks).or(strict)))
    }

    fn size_of_logs(&self) -> u64 {
        self.logs.iter().filter_map(|log| log.metadata().ok()).map(|metadata| metadata.len()).sum()
    }
}

/// How long the new system may still take to record what the legacy one has recorded then.
fn until_settled(recorded: DateTime<Utc>) -> Option<Duration> {
    let age = Utc::now() - recorded;
    let is_young = -SETTLED < age && age < SETTLED;
    if is_young { (SETTLED - age.max(TimeDelta::zero())).to_std().ok() } else { None }
}

fn target(args: &ImportLegacyArgs, context: &Context) -> Result<PathBuf, CliError> {
    if let Some(into) = &args.into {
        return Ok(into.clone());
    }
    let backend = &context.config.storage_backend;
    if backend.value == Backend::Jsonl && matches!(backend.source, Source::Flag { .. }) {
        return Err(CliError::usage(
            "import-legacy imports into a SQLite store, and --store names a JSONL folder: name the database with --into",
        ));
    }
    Ok(context.config.sqlite_path.value.clone())
}

impl From<ImportError> for CliError {
    fn from(error: ImportError) -> Self {
        let code = match error {
            ImportError::Source(SourceError::Changing { .. }) => ExitCode::Negative,
            ImportError::Pairing(
                CompareError::Conservation { .. }
                | CompareError::Digests { .. }
                | CompareError::SelfTest { .. },
            ) => ExitCode::SelfCheck,
            ImportError::Source(_)
            | ImportError::Store { .. }
            | ImportError::Pairing(_)
            | ImportError::Finish(_) => ExitCode::Storage,
            ImportError::NotConserved { .. } | ImportError::ReaderStopped { .. } => ExitCode::SelfCheck,
        };
        Self::new(code, error)
    }
}

impl From<SqliteError> for CliError {
    fn from(error: SqliteError) -> Self {
        Self::new(ExitCode::Storage, error)
    }
}
