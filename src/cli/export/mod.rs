//! `export`: the store, written back into files.

mod render;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;
use clap::Args;

use super::answer::Answer;
use super::error::CliError;
use super::event_system::mode_changes;
use super::exit_code::ExitCode;
use super::global::Context;
use super::store::{StoreError, tell_where_moved};
use crate::application::export::{Export, ExportError, ExportOptions, ExportStore};
use crate::application::mode_log::OnlyOnNewSide;
use crate::domain::counted::counted;
use crate::domain::value_objects::StreamId;
use crate::durable::presence::metadata_if_present;
use crate::infrastructure::config::Backend;
#[cfg(feature = "postgres")]
use crate::infrastructure::config::PostgresUrl;
use crate::infrastructure::export_folder::FileFolder;
#[cfg(feature = "postgres")]
use crate::infrastructure::postgres::{PostgresAddress, PostgresError, PostgresExport};
use crate::infrastructure::sqlite::SqliteExport;
use crate::wire::zone::Zone;

/// Write the SQLite store back: imported logs byte for byte, other events as daily JSONL
///
/// Each log that was imported becomes a file again, from its byte order mark to its torn tail, with
/// every rejected record in its place. It is put there only where its size and SHA-256 are those of
/// the import; otherwise it is named with the reason. What could not be decompressed of a compressed log
/// is in no store: the log is written without it, and named. A log whose path was imported several times is
/// written as it was the last time; --source names another.
///
/// Events that were saved live become files events-YYYY-MM-DD.jsonl, by their day in the setting
/// `timezone`, in the order in which they were saved; with --legacy one array events.json.
///
/// PATH is a folder, made where there is none. A log keeps its name, without .gz or .zst: its content
/// is written decompressed. Logs of the same name lie in folders named after those that they came
/// from (north/events.json, south/events.json), or after their number in the store (source-3/...)
/// where these are no different. Live events that would take the name of a log lie in live/.
///
/// --legacy: event_type becomes `type`, aggregate_id becomes `task_id`, the timestamp loses its offset
/// (it is the time in `timezone`), and all other fields stay as they are spelled. event_id and metadata
/// have no place in that shape and are left out, as is a field `type`, or `task_id` beside an
/// aggregate_id. An event that has the legacy shape is written as it is.
///
/// The store is read once as a whole, and once more log by log; memory does not grow with it.
///
/// `--format json` prints {"to", "files": [{"path", "source_path", "source_id", "compression", "bytes",
/// "sha256", "records", "written", "exact", "reason"}], "left_out": [{"source_id", "path", "events"}], "missing_records",
/// "store": {"path"}, "elapsed_seconds"}.
///
/// Exit codes: 0 every file is in its place; 1 one is not, or is not whole, or an earlier import of a path has
/// events that are in no file; 2 files would be written over, and nothing was written; 4 something could not be
/// read or written, or another process has held a folder for 15 s.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mission-events export --to exported")]
pub struct ExportArgs {
    /// The folder to write into
    #[arg(long, value_name = "PATH")]
    to: PathBuf,

    /// Write this one log alone, by its number in the store
    ///
    /// It is the key `source_id` in the result of an export, and in the table `sources`.
    #[arg(long, value_name = "ID")]
    source: Option<i64>,

    /// Write live events as one legacy array events.json, instead of daily JSONL
    #[arg(long, conflicts_with = "source")]
    legacy: bool,

    /// With --legacy: write the live events alone that the new system alone has received, and no log
    ///
    /// These are the ones that were dispatched while the mode was new_events, or of a type in new_event_types while it was
    /// legacy_events. `legacy append` appends them to the legacy log, for a rollback.
    #[arg(long, requires = "legacy")]
    only_new: bool,

    /// Replace files that exist, where nothing is lost with them
    #[arg(long)]
    force: bool,
}

/// Runs the command.
pub fn run(args: ExportArgs, context: &Context) -> Result<Answer, CliError> {
    let started = Instant::now();
    let there = metadata_if_present(&args.to)
        .with_context(|| format!("could not look at {}", args.to.display()))
        .map_err(|error| CliError::new(ExitCode::Storage, error))?;
    if there.is_some_and(|entry| !entry.is_dir()) {
        let message = format!("--to names a file, {}: expected a folder, or nothing yet", args.to.display());
        return Err(CliError::usage(message));
    }
    let database = context.sqlite_path("export")?;
    if args.only_new && context.config.storage_backend.value == Backend::Jsonl {
        return Err(CliError::usage(format!(
            "export --only-new reads a SQLite store, and events are dispatched to the daily files in {} (storage.backend = jsonl): \
             give what `events between START END --raw` prints to `dispatch -`, with use_new_event_system = false and parallel_run = false",
            context.config.jsonl_dir.value.display()
        )));
    }
    let zone = context.config.timezone.value.clone();
    let only = match args.only_new {
        true => Some(OnlyOnNewSide::of_stream(&StreamId::single(), &mode_changes(&context.config)?)),
        false => None,
    };
    let backend = match context.config.storage_backend.value {
        Backend::Jsonl => Backend::Sqlite,
        backend => backend,
    };
    tell_where_moved(backend, &context.config);
    let mut store = open_store(database, &zone)?;
    let mut folder = FileFolder::new(&args.to, args.force)
        .keep_store(database)
        .keep_evidence(&context.config.evidence_path.value)
        .with_jsonl_store(&context.config.jsonl_dir.value);
    let options =
        ExportOptions { source_id: args.source, legacy: args.legacy, only, force: args.force, zone };
    let exported = Export::new(&mut *store, &mut folder, options).run()?;
    let code = if exported.is_whole() { ExitCode::Done } else { ExitCode::Negative };
    let written = exported.files.iter().filter(|file| file.written).count();
    let summary = format!(
        "{written} of {} written to {}",
        counted(exported.files.len() as u64, "file was", "files were"),
        args.to.display()
    );
    let (to, database, elapsed, format) = (args.to, database.to_owned(), started.elapsed(), context.format);
    Ok(Answer::new(code, Some(summary), move |out| {
        render::report(&exported, &to, &database, elapsed, format, out)
    }))
}

fn open_store(place: &Path, zone: &Zone) -> Result<Box<dyn ExportStore>, CliError> {
    #[cfg(feature = "postgres")]
    if PostgresUrl::is_meant(&place.to_string_lossy()) {
        let address =
            PostgresAddress::of_path(place).map_err(PostgresError::from).map_err(StoreError::from)?;
        return Ok(Box::new(PostgresExport::open(&address, zone.clone()).map_err(StoreError::from)?));
    }
    Ok(Box::new(SqliteExport::open(place, zone.clone()).map_err(StoreError::from)?))
}

impl From<ExportError> for CliError {
    fn from(error: ExportError) -> Self {
        let code = match error {
            ExportError::Taken { .. } | ExportError::NoSuchLog { .. } => ExitCode::Usage,
            ExportError::Store { .. }
            | ExportError::Write { .. }
            | ExportError::Read { .. }
            | ExportError::Locked { .. } => ExitCode::Storage,
        };
        Self::new(code, error)
    }
}
