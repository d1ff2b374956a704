//! `backup`: a copy of the store that is proved.

mod earlier;
mod render;

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;

use super::answer::Answer;
use super::compare_logs::absolute;
use super::error::CliError;
use super::exit_code::ExitCode;
use super::given_path::ensure_path;
use super::global::Context;
use super::output::{self, Format};
use super::progress::Progress;
use super::store::{configured_path, tell_where_moved};
use crate::application::backup::{
    BackupError, BackupReport, BackupSettings, ShelfError, StoreSnapshot, back_up,
};
use crate::application::evidence::{RecordedBackup, record_backup};
use crate::domain::path_text::text_of;
use crate::durable::links::file_identity;
use crate::infrastructure::backup_folder::{FolderShelf, OtherPlaces};
use crate::infrastructure::config::{Backend, Config, Source};
use crate::infrastructure::evidence::log::JsonlEvidenceLog;
use crate::infrastructure::jsonl::JsonlSnapshot;
use crate::infrastructure::sqlite::SqliteSnapshot;
use crate::infrastructure::system_clock::SystemClock;
use earlier::StandingBackups;
use render::BackedUp;

/// Make a backup of the store that is proved to be whole
///
/// PATH is a folder, on another disk where there is one; it is made where it is not there. Each backup is a folder in it, named by its moment
/// in UTC: a SQLite store as one file, a JSONL store as its day files; what handlers have done (`handlers.path`), unless --store names another
/// store than the settings; `manifest.json` with counts, digests and SHA-256, and `SHA256SUMS`, which `sha256sum --check` reads.
///
/// It is the store of one moment, and writers do not wait for it. What handlers have done is copied first, so that they are never ahead of
/// their events. The write-ahead log of a SQLite store cannot begin anew before the copy is there: by how much it grew is told, and the copy is
/// given up where that is more than --max-log-growth. `archive` waits for a backup of a JSONL store.
///
/// The copy is checked (SQLite's integrity check, with indexes and foreign keys), counted and hashed, made durable, and only then gets its
/// name. Killed at any moment, or on a full disk, it leaves earlier backups as they are; what it leaves beside them is removed by the
/// next one. Without --keep no earlier backup is removed. That it was made is recorded as evidence; `verify` looks at all of it again, and that is what the
/// gate asks for. What a disk does with a copy later, only a later `verify` shows.
///
/// An earlier backup is removed only where this one has all of it: events and where they came from, what imports have left, and what handlers have done that
/// cannot be built again. One that has more or other things, one of a later time and one whose manifest cannot be read are left and told. Without --keep, too, the last
/// backup before is held against this one: what the store has lost since is told. Where earlier ones are to go, this one is proved as `verify` does it,
/// and none goes where something is found.
///
/// Exit codes: 0 it is made; 1 the copy is not whole, and neither is the store then: nothing was kept of it; or it is made, and an earlier one was left that has what
/// it lacks, or of which nothing is known, or for which it is not whole enough; 2 PATH is no place for backups;
/// 4 something could not be read or written, or another process makes a backup there.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mission-events backup --to /mnt/backup/mission-control
  mission-events backup --to /mnt/backup/mission-control --keep 7")]
pub struct BackupArgs {
    /// The folder of backups
    #[arg(long, value_name = "PATH")]
    to: PathBuf,

    /// Remove earlier backups of this store, but for the last N, once this one is proved
    #[arg(long, value_name = "N")]
    keep: Option<usize>,

    /// Compress the day files of a JSONL store with zstd, as `archive` does; `restore` decompresses them
    #[arg(long)]
    compress: bool,

    /// By how much the write-ahead log may grow meanwhile, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 1_024)]
    max_log_growth: u64,
}

/// Runs the command.
pub fn run(args: &BackupArgs, context: &Context) -> Result<Answer, CliError> {
    let started = Instant::now();
    ensure_path(&args.to)?;
    let config = &context.config;
    config.refuse_postgres(
        "backup",
        "pg_dump makes a copy of the schema, and pg_basebackup one of the server",
    )?;
    let clock = SystemClock::default();
    let settings = BackupSettings { keep: args.keep, zone: config.timezone.value.clone() };
    tell_where_moved(config.storage_backend.value, config);
    let mut store = snapshot(args, config)?;
    let path = configured_path(config.storage_backend.value, config);
    let others = OtherPlaces {
        databases: vec![
            &config.sqlite_path.value,
            &config.handlers_path.value,
            &config.legacy_events_json.value,
        ],
        folders: vec![&config.jsonl_dir.value, path],
    };
    // Before anything is made for it.
    store.bytes()?;
    let mut shelf = FolderShelf::open(&args.to, &others)?;
    let progress = Progress::of_parts(context.is_quiet);
    let mut part = progress.part(path);
    let backups = StandingBackups::of(config);
    let report = back_up(&settings, &mut *store, &mut shelf, &backups, &clock, &mut |done| part.at(done));
    progress.finish();
    let report = report?;
    let recorded = record(&report, started.elapsed().as_secs_f64(), config, &clock);
    let is_on_same_disk = is_on_same_disk(path, &args.to);
    if is_on_same_disk {
        tracing::warn!(
            "{} is on the disk of the store: it does not outlive that disk; name a folder on another one, or copy the backup there",
            args.to.display()
        );
    }
    let recorded_as = recorded.as_ref().ok().copied();
    let backed_up = BackedUp { report, recorded_as, elapsed_seconds: started.elapsed().as_secs_f64() };
    let (summary, format) = (backed_up.summary(), context.format);
    let code = if backed_up.report.left.is_empty() { ExitCode::Done } else { ExitCode::Negative };
    let answer = Answer::new(code, Some(summary), move |out| match format {
        Format::Human => render::human(&backed_up, out),
        Format::Json => output::json_document(out, &backed_up),
        Format::Jsonl => output::json_line(out, &backed_up),
    });
    Ok(match recorded {
        Ok(_) => answer,
        Err(error) => answer.but_failed(error),
    })
}

fn snapshot(args: &BackupArgs, config: &Config) -> Result<Box<dyn StoreSnapshot>, CliError> {
    let zone = config.timezone.value.clone();
    let backend = config.storage_backend.value;
    let path = configured_path(backend, config);
    // What handlers have done is of the store of the settings.
    let is_other = matches!(config.storage_backend.source, Source::Flag { .. });
    let handlers = if is_other { None } else { Some(config.handlers_path.value.as_path()) };
    let most = args.max_log_growth.saturating_mul(1 << 20);
    Ok(match backend {
        Backend::Jsonl => Box::new(JsonlSnapshot::new(path, handlers, zone, most).compressing(args.compress)),
        _ if args.compress => {
            return Err(CliError::usage(
                "--compress is for the day files of a JSONL store, and the store is of sqlite: its backup is a database that is read as it is",
            ));
        }
        _ => Box::new(SqliteSnapshot::new(path, handlers, zone, most)),
    })
}

/// Whether both are on one device, where the system says so.
fn is_on_same_disk(store: &Path, backups: &Path) -> bool {
    let device = |path: &Path| file_identity(&path.metadata().ok()?).map(|(device, _)| device);
    device(store).is_some_and(|one| device(backups) == Some(one))
}

fn record(
    report: &BackupReport,
    elapsed_seconds: f64,
    config: &Config,
    clock: &SystemClock,
) -> Result<u64, CliError> {
    let log = JsonlEvidenceLog::new(&config.evidence_path.value);
    let backup = RecordedBackup {
        store: report.store.clone(),
        backend: report.backend.clone(),
        backup: text_of(&absolute(Path::new(&report.backup))),
        made_at: report.moment,
        events: report.events,
        last_position: report.last_position,
        digest: report.digest.clone(),
        manifest_sha256: report.manifest_sha256.clone(),
        elapsed_seconds,
    };
    Ok(record_backup(backup, &log, clock)?.sequence)
}

impl From<BackupError> for CliError {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Shelf(error) => error.into(),
            BackupError::Store(error) => error.into(),
            error @ BackupError::NotProved { .. } => Self::new(ExitCode::Negative, error),
        }
    }
}

impl From<ShelfError> for CliError {
    fn from(error: ShelfError) -> Self {
        let code =
            if matches!(error, ShelfError::Refused { .. }) { ExitCode::Usage } else { ExitCode::Storage };
        Self::new(code, error)
    }
}
