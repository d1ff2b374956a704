//! `import-legacy`: which logs, into which store.

mod render;

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, ValueEnum};

use super::error::CliError;
use super::exit_code::ExitCode;
use super::global::Context;
use crate::application::import::{
    ImportError, ImportLegacy, ImportOptions, ImportReport, ImportTarget, SkippedFile, SourceError,
    StoreReport,
};
use crate::cli::mapping::MappingArgs;
use crate::domain::local_clock::DstPolicy;
use crate::domain::mapping::Mapping;
use crate::infrastructure::config::{Backend, Source};
use crate::infrastructure::sources::{list_folder, open_log};
use crate::infrastructure::sqlite::{SqliteError, SqliteImport};

/// Replay events.json and daily JSONL into the SQLite store
///
/// Every record becomes an event of the store, is recognised as one that it has already, or is
/// rejected with its file, line, byte offset and reason; the counts add up, and nothing in the logs is
/// changed. Importing again adds only what is new: a second run imports 0, and an import that was
/// killed is finished by running it again.
///
/// Logs are JSON arrays or JSONL, plain or compressed, told apart by their content. Logs of other
/// systems are read with flags that say where id, type, time and aggregate stand. Naive timestamps are read in the
/// setting `timezone`.
///
/// Exit codes: 0 everything is in the store; 1 records were rejected; 4 a log could not be read or
/// the store not be written.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  mission-events import-legacy data/events.json data/events --into data/events.db"
)]
pub struct ImportLegacyArgs {
    /// Logs, or folders of logs, in the order in which they are read
    ///
    /// Of a folder its daily files events-*.jsonl and those in its archive/ are read, in the order of
    /// their days; where it has none, all its .json, .jsonl and .ndjson files. Each may be compressed,
    /// with gzip or zstd. Without PATH: the settings legacy.events_json
    /// and storage.jsonl_dir.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// The SQLite store to import into; made where there is none [default: storage.sqlite_path]
    #[arg(long, value_name = "DB")]
    into: Option<PathBuf>,

    /// What to do with local times that come twice or never when the clocks change
    #[arg(long, value_name = "HOW", value_enum, default_value_t)]
    dst: Dst,

    #[command(flatten)]
    mapping: MappingArgs,
}

/// What becomes of local times that come twice or never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Dst {
    /// Place them by rule, and count them: the earlier instant, or the later one once the log's time
    /// has stepped back; a missing hour moves forward
    #[default]
    Resolve,
    /// Reject their records
    Reject,
}

/// Runs the command.
pub fn run(args: ImportLegacyArgs, context: &Context) -> Result<ExitCode, CliError> {
    let started = Instant::now();
    let database = target(&args, context)?;
    let mapping = args.mapping.mapping(&context.config)?;
    let logs = Logs::find(&args, context, &mapping)?;
    let mut store = SqliteImport::open(&database)?;
    let options = ImportOptions {
        zone: context.config.timezone.value.clone(),
        dst: match args.dst {
            Dst::Resolve => DstPolicy::Resolve,
            Dst::Reject => DstPolicy::Reject,
        },
        mapping: mapping.clone(),
    };
    let mut import = ImportLegacy::new(options, &mut store);
    for log in &logs.files {
        import.import(open_log(log, &mapping).map_err(ImportError::from)?)?;
    }
    let imported = import.finish();
    let report = ImportReport {
        sources: imported.sources,
        total: imported.total,
        conflicts: imported.conflicts,
        flags: imported.flags,
        skipped_files: logs.skipped,
        rejects: imported.rejects,
        store: StoreReport { path: database.display().to_string(), events: store.count()? },
        elapsed_seconds: started.elapsed().as_secs_f64(),
    };
    render::warn(&report, &context.config, &database);
    render::report(&report, context.format)?;
    Ok(if report.total.rejected == 0 { ExitCode::Done } else { ExitCode::Negative })
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

/// What will be read.
struct Logs {
    files: Vec<PathBuf>,
    skipped: Vec<SkippedFile>,
}

impl Logs {
    /// Finds every log, and opens each once: a log that is missing or unreadable must show before
    /// the first record is imported.
    fn find(args: &ImportLegacyArgs, context: &Context, mapping: &Mapping) -> Result<Self, CliError> {
        let mut logs = Self { files: Vec::new(), skipped: Vec::new() };
        if args.paths.is_empty() {
            logs.add_configured(context)?;
        }
        for path in &args.paths {
            logs.add(path)?;
        }
        for log in &logs.files {
            open_log(log, mapping).map_err(ImportError::from)?;
        }
        Ok(logs)
    }

    fn add(&mut self, path: &Path) -> Result<(), CliError> {
        if !path.is_dir() {
            self.files.push(path.to_owned());
            return Ok(());
        }
        let listing = list_folder(path).map_err(ImportError::from)?;
        if listing.logs.is_empty() {
            tracing::warn!("there is no log in the folder {}", path.display());
        }
        for day in &listing.repeated_days {
            tracing::warn!(
                "more than one file in {} is of the day {day}: all of them are read, and what they have in common is stored once",
                path.display()
            );
        }
        self.files.extend(listing.logs);
        self.skipped.extend(listing.skipped);
        Ok(())
    }

    /// The configured logs. One that is only a default may be missing, but not both.
    fn add_configured(&mut self, context: &Context) -> Result<(), CliError> {
        let config = &context.config;
        let mut missing = Vec::new();
        for setting in [&config.legacy_events_json, &config.jsonl_dir] {
            let is_default = matches!(setting.source, Source::Default { .. });
            if is_default && !setting.value.exists() {
                missing.push(setting.value.display().to_string());
            } else {
                self.add(&setting.value)?;
            }
        }
        if missing.len() == 2 {
            let message = format!(
                "there is nothing to import: neither {} nor {} exists; name the logs, or set legacy.events_json and storage.jsonl_dir",
                missing[0], missing[1]
            );
            return Err(CliError::new(ExitCode::Storage, anyhow::Error::msg(message)));
        }
        for path in missing {
            self.skipped.push(SkippedFile { path, reason: "does not exist (a default path)".to_owned() });
        }
        Ok(())
    }
}

impl From<ImportError> for CliError {
    fn from(error: ImportError) -> Self {
        let code = match error {
            ImportError::Source(SourceError::Changing { .. }) => ExitCode::Negative,
            ImportError::Source(_) | ImportError::Store { .. } => ExitCode::Storage,
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
