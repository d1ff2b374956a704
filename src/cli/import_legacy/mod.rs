//! `import-legacy`: flags to settings, one import, its report.

mod logs;
mod progress;
mod render;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::answer::Answer;
use super::error::CliError;
use super::events::parse_bound;
use super::exit_code::ExitCode;
use super::given_path::ensure_path;
use super::global::Context;
use crate::application::compare::feed::CompareError;
use crate::application::import::{self, ImportError, ImportPorts, ImportSettings, ReadOptions};
use crate::application::log_source::{OpenLog, SkippedFile, SourceError};
use crate::cli::mapping::MappingArgs;
use crate::infrastructure::compare_inputs::TempScratch;
use crate::infrastructure::config::{Backend, Source};
use crate::infrastructure::sources::{FileSystem, open_log, open_log_of_any_size};
use crate::infrastructure::sqlite::SqliteImport;
use crate::infrastructure::system_clock::SystemClock;
use crate::wire::local_time::DstPolicy;
use progress::PassProgress;

/// Replay events.json and daily JSONL into the SQLite store
///
/// Every record becomes an event of the store, is recognised as one that it has already, or is
/// rejected with its file, line, byte offset and reason; the counts add up, and nothing in the logs is
/// changed. Importing again adds only what is new: a second run imports 0, and an import that was
/// killed is finished by running it again. Of an unchanged log nothing is written; one that grows meanwhile is
/// imported as far as it was looked at, and the rest is left to the next import.
///
/// During a parallel run both systems record the same events. A legacy record that is an event which the
/// new system wrote too is kept as its twin, and not counted again (see --overlap): the growing legacy
/// log can be imported every day.
///
/// Logs are JSON arrays or JSONL, plain or compressed, told apart by their content. Logs of other
/// systems are read with flags that say where id, type, time and aggregate stand. Naive timestamps are
/// read in the setting `timezone`. Of compressed data no record becomes an event before its checksum was
/// seen: records of what is cut off and has none are kept as rejects, and flagged as unverified.
///
/// Exit codes: 0 everything is in the store; 1 records were rejected, the import was refused, a log did not
/// stop changing, a part (--parts) is missing that was imported before, or a file of a folder was not read though it holds events, or may hold some; 4 a log could
/// not be read or the store not be written.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  mission-events import-legacy data/events.json data/events --into data/events.db"
)]
pub struct ImportLegacyArgs {
    /// Logs, or folders of logs, in the order in which they are read
    ///
    /// Of a folder its daily files events-*.jsonl and those in its archive/ are read, in the order of
    /// their days; where it has none, all its .json, .jsonl and .ndjson files. Each may be compressed,
    /// with gzip or zstd. Everything else in the folder, at any depth, is named, and those files that hold
    /// events: name them as well, or move them away. Without PATH: the settings legacy.events_json and
    /// storage.jsonl_dir.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// The SQLite store to import into; made where there is none [default: --store, or storage.sqlite_path]
    #[arg(long, value_name = "DB")]
    into: Option<PathBuf>,

    /// The logs are parts of one log, as a rotation leaves them: count identical records over all of them
    ///
    /// Records without id that are equal are told apart by their number in their log. Two parts that each have
    /// such a record have two of it; two logs that have it, as a log and its copy do, have one. Name all parts
    /// that are there each time, in any order, or their folder. A compressed copy beside its part, and another name
    /// of it, is left out.
    /// Daily files need no --parts: an event is of one day.
    #[arg(long, requires = "paths")]
    parts: bool,

    /// What to do with local times that come twice or never when the clocks change
    #[arg(long, value_name = "HOW", value_enum, default_value_t)]
    dst: Dst,

    /// What to do with records without identity that lie in the time of events of the new system
    ///
    /// During a parallel run both systems record the same events: importing the legacy log beside the
    /// new one must not count them twice.
    #[arg(long, value_name = "HOW", value_enum, default_value_t)]
    overlap: OverlapPolicy,

    /// Read compressed logs also where they decode to more than 1 GiB and 200 times their size
    #[arg(long)]
    allow_expansion: bool,

    /// Import all records or none: write nothing where one would be rejected
    ///
    /// Into a store that exists they are written in one transaction: other writers wait meanwhile.
    #[arg(long)]
    strict: bool,

    /// Say what would be imported, and write nothing
    ///
    /// A store that does not exist yet is built in the folder for temporary files (TMPDIR), which has to have room.
    #[arg(long)]
    dry_run: bool,

    /// Ignore records before TIME; every timestamp of a log is taken, a date alone is its beginning
    #[arg(long, value_name = "TIME")]
    since: Option<String>,

    /// Ignore records after TIME; a date alone is its whole day
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
    /// The same as the readers of records take it.
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
    /// Match them by the rules of compare-logs: what is the same event is kept as its twin, and what has
    /// no partner is imported
    #[default]
    Match,
    /// Import them: both are events of their own
    Keep,
    /// Stop before anything is written, and say where they lie
    Refuse,
}

impl From<OverlapPolicy> for import::OverlapPolicy {
    fn from(policy: OverlapPolicy) -> Self {
        match policy {
            OverlapPolicy::Match => Self::Match,
            OverlapPolicy::Keep => Self::Keep,
            OverlapPolicy::Refuse => Self::Refuse,
        }
    }
}

/// Runs the command.
pub fn run(args: ImportLegacyArgs, context: &Context) -> Result<Answer, CliError> {
    let database = target(&args, context)?;
    let options = options(&args, context)?;
    let open: &OpenLog = if args.allow_expansion { &open_log_of_any_size } else { &open_log };
    let settings = ImportSettings {
        logs: logs::find(&args.paths, &database, context, (&options.mapping, open))?,
        parts: args.parts,
        options,
        overlap: args.overlap.into(),
        strict: args.strict,
        dry_run: args.dry_run,
    };
    let ports = ImportPorts {
        store: &SqliteImport::new(&database, logs::total_size(&settings.logs)),
        open_log: open,
        log_files: &FileSystem,
        scratch: &|| Box::new(TempScratch::default()),
        clock: &SystemClock::default(),
        progress: &mut PassProgress::new(context.is_quiet),
    };
    let report = import::import(&settings, ports)?;
    render::warn(&report, &settings.options.mapping, &context.config, &database);
    let is_whole = report.total.rejected == 0
        && report.refused.is_none()
        && report.missing_parts.is_empty()
        && !report.skipped_files.iter().any(SkippedFile::may_hold_events);
    let code = if is_whole { ExitCode::Done } else { ExitCode::Negative };
    let format = context.format;
    Ok(Answer::new(code, Some(render::summary(&report)), move |out| render::report(&report, format, out)))
}

fn options(args: &ImportLegacyArgs, context: &Context) -> Result<ReadOptions, CliError> {
    let zone = context.config.timezone.value.clone();
    let bound = |name, text: &Option<String>, is_end| {
        text.as_deref().map(|text| parse_bound(name, text, is_end, &zone)).transpose()
    };
    Ok(ReadOptions {
        since: bound("--since", &args.since, false)?,
        until: bound("--until", &args.until, true)?,
        dst: args.dst.policy(),
        mapping: args.mapping.mapping(&context.config)?,
        zone,
    })
}

fn target(args: &ImportLegacyArgs, context: &Context) -> Result<PathBuf, CliError> {
    if let Some(into) = &args.into {
        ensure_path(into)?;
        return Ok(into.clone());
    }
    context
        .config
        .refuse_postgres("import-legacy", "it imports into a SQLite store: name one with --into")?;
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
            ImportError::Matching(
                CompareError::Conservation { .. }
                | CompareError::Digests { .. }
                | CompareError::SelfTest { .. },
            ) => ExitCode::SelfCheck,
            ImportError::Source(_)
            | ImportError::Open(_)
            | ImportError::Store { .. }
            | ImportError::Repository(_)
            | ImportError::Matching(_)
            | ImportError::Finish(_)
            | ImportError::Thread(_) => ExitCode::Storage,
            ImportError::NotConserved { .. } | ImportError::ReaderStopped { .. } => ExitCode::SelfCheck,
        };
        Self::new(code, error)
    }
}
