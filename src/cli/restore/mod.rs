//! `restore`: a backup becomes a store.

mod render;

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;

use super::answer::Answer;
use super::compare_logs::absolute;
use super::error::CliError;
use super::event_system::{HandlerAccess, operations};
use super::exit_code::ExitCode;
use super::given_path::ensure_path;
use super::global::Context;
use super::mode_records::recorded_modes;
use super::output::{self, Format};
use super::progress::Progress;
use super::store::configured_path;
use crate::application::backup::{Findings, RestoreError, RestorePlace, restore};
use crate::domain::path_text::text_of;
use crate::infrastructure::backup_folder::{BackupFolder, FoundBackup, HANDLERS_FILE, find_backup};
use crate::infrastructure::config::{Backend, Config, Source};
use crate::infrastructure::restoring::{JsonlRestorePlace, SqliteRestorePlace, remove_staged_handlers};
use crate::infrastructure::running::is_running;
use crate::infrastructure::system_clock::present_time;
use render::{AheadHandler, Restored};

/// Make a store of a backup
///
/// PATH is a backup, or a folder of backups, of which the latest is taken. Its files are held against their SHA-256, copied beside the place of the store,
/// counted and hashed again, and put there as a whole. The place is that of the settings, or --into; what handlers have done is restored with it into
/// `handlers.path`, unless --into names another place.
///
/// A store that stands there is never removed: it is called `<store>.set-aside-<moment>` from then on. One that has events which the backup lacks, or others, is
/// left as it is, and told (exit code 1); so is a SQLite store that knows of imports, records that were no events or repairs of which the backup has
/// nothing, or something else. One that holds the same already stays in place. What is put there gets the mode of what it replaces and, where root restores, its owner.
///
/// End every process that uses the store first. Told (4) are one that has a SQLite store open, and one that dispatches to the store of
/// the settings. Killed at any moment, a SQLite store or what it was is there as a whole. The days of a JSONL store are replaced one by one: until the last
/// is in place, every command refuses the store (4), also after the restoration was killed, and this command, run again, finishes it.
///
/// What was stored after the backup was made is lost, and so is what handlers have done since: an effect of an event that is in the backup can be repeated (its
/// idempotency key is the same). `handlers.path` is of the store that the settings name: with a backup of the other backend it stays as it
/// is, and that is told. With --keep-handlers the database of handlers stays as it is. Handlers that are then ahead of the store
/// stand still, and are told with what helps.
///
/// Exit codes: 0 restored; 1 the store that stands there has more or others, or the backup is not whole: nothing was changed; 2 usage; 4 there
/// is no backup, something could not be read or written, a process uses the store, or the restoration of another backup is not finished there.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mission-events restore --from /mnt/backup/mission-control
  mission-events restore --from /mnt/backup/mission-control --into restored.db")]
pub struct RestoreArgs {
    /// A backup, or a folder of backups
    #[arg(long, value_name = "PATH")]
    from: PathBuf,

    /// Where the store will be [default: the place of the settings]
    #[arg(long, value_name = "STORE")]
    into: Option<PathBuf>,

    /// Leave the database of handlers as it is
    #[arg(long, conflicts_with = "into")]
    keep_handlers: bool,
}

/// Runs the command.
pub fn run(args: &RestoreArgs, context: &Context) -> Result<Answer, CliError> {
    let started = Instant::now();
    args.into.iter().chain([&args.from]).try_for_each(|path| ensure_path(path))?;
    let config = &context.config;
    let backup = opened(&args.from)?;
    let backend = match backup.manifest.store.backend.as_str() {
        "jsonl" => Backend::Jsonl,
        _ => Backend::Sqlite,
    };
    let target = target(args, backend, config)?;
    let is_configured = absolute(&target) == absolute(configured_path(backend, config));
    if is_configured {
        refuse_while_dispatching(config)?;
    }
    let has_handlers = backup.file(HANDLERS_FILE).is_file();
    // What is at `handlers.path` is of the store that the settings name.
    let is_active = backend == config.storage_backend.value;
    let names_handlers = args.into.is_none() && !is_given(config) && is_active;
    let restores_handlers = has_handlers && names_handlers && !args.keep_handlers;
    let handlers = restores_handlers.then_some(config.handlers_path.value.as_path());
    let progress = Progress::of_parts(context.is_quiet);
    check_files(&backup, &progress)?;
    let (zone, moment) =
        (config.timezone.value.clone(), present_time().format("%Y%m%dT%H%M%S%.6fZ").to_string());
    let named = (text_of(&backup.path), backup.manifest.clone());
    let mut part = progress.part_of(&backup.path, backup.bytes());
    let mut place: Box<dyn RestorePlace> = match backend {
        Backend::Jsonl => Box::new(JsonlRestorePlace::new(backup, &target, handlers, zone.clone(), moment)?),
        _ => Box::new(SqliteRestorePlace::new(backup, &target, handlers, zone.clone(), moment)?),
    };
    if names_handlers && !restores_handlers {
        remove_staged_handlers(&config.handlers_path.value)?;
    }
    let report = restore((named.0, &named.1), &mut *place, &zone, &mut |done| part.at(done))?;
    drop(place);
    progress.finish();
    let (ahead, problem) = match ahead_handlers(config, is_configured && is_active) {
        Ok(ahead) => (ahead, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    let is_of_another = has_handlers && args.into.is_none() && !is_given(config) && !is_active;
    let handlers_left = is_of_another.then(|| {
        format!(
            "the settings name the {} store, and {} is of its handlers: it stays as it is",
            config.storage_backend.value,
            config.handlers_path.value.display()
        )
    });
    let restored =
        Restored { report, handlers_left, ahead, elapsed_seconds: started.elapsed().as_secs_f64() };
    let (summary, format) = (restored.summary(), context.format);
    let answer = Answer::new(ExitCode::Done, Some(summary), move |out| match format {
        Format::Human => render::human(&restored, out),
        Format::Json => output::json_document(out, &restored),
        Format::Jsonl => output::json_line(out, &restored),
    });
    Ok(match problem {
        None => answer,
        Some(error) => answer.but_failed(error.with_details(["the store is restored".to_owned()])),
    })
}

/// The backup at a path.
fn opened(path: &Path) -> Result<BackupFolder, CliError> {
    let failed = |error: std::io::Error| CliError::new(ExitCode::Storage, error);
    let found = find_backup(path, present_time());
    let FoundBackup::Backup(path) = found.map_err(|error| CliError::new(ExitCode::Storage, error))? else {
        let message = format!(
            "there is no backup at {}: expected the folder of one, or a folder of backups",
            path.display()
        );
        return Err(CliError::new(ExitCode::Storage, anyhow::anyhow!(message)));
    };
    let mut findings = Findings::default();
    match BackupFolder::open(&path, &mut findings).map_err(failed)? {
        Some(backup) if findings.is_empty() => Ok(backup),
        _ => Err(RestoreError::NotWhole { backup: text_of(&path), findings }.into()),
    }
}

fn check_files(backup: &BackupFolder, progress: &Progress) -> Result<(), CliError> {
    let mut findings = Findings::default();
    let mut part = progress.part_of(&backup.path, backup.bytes());
    let checked = backup.check_files(&mut findings, &mut |done| part.at(done));
    checked.map_err(|error| CliError::new(ExitCode::Storage, error))?;
    if findings.is_empty() {
        return Ok(());
    }
    Err(RestoreError::NotWhole { backup: text_of(&backup.path), findings }.into())
}

/// Whether --store names the store.
fn is_given(config: &Config) -> bool {
    matches!(config.storage_backend.source, Source::Flag { .. })
}

fn target(args: &RestoreArgs, backend: Backend, config: &Config) -> Result<PathBuf, CliError> {
    if let Some(into) = &args.into {
        return Ok(into.clone());
    }
    if is_given(config) && config.storage_backend.value != backend {
        return Err(CliError::usage(format!(
            "the backup is of a {backend} store, and --store names another one: name the place with --into"
        )));
    }
    Ok(configured_path(backend, config).to_owned())
}

/// A process that dispatches would go on with a store that is not there any more.
fn refuse_while_dispatching(config: &Config) -> Result<(), CliError> {
    // What cannot be read is about to be replaced.
    let processes = recorded_modes(config).map(|recorded| recorded.processes).unwrap_or_default();
    match processes.iter().find(|process| is_running(process.pid) == Some(true)) {
        None => Ok(()),
        Some(process) => Err(CliError::new(
            ExitCode::Storage,
            anyhow::anyhow!(
                "the process {} dispatches events to the store: end it first; nothing was changed",
                process.pid
            ),
        )),
    }
}

/// The handlers that have handled events which the store has not got.
fn ahead_handlers(config: &Config, is_configured: bool) -> Result<Vec<AheadHandler>, CliError> {
    if !is_configured || is_given(config) || !config.handlers_path.value.exists() {
        return Ok(Vec::new());
    }
    let statuses = operations(config, HandlerAccess::Reading)?.list().map_err(super::event_system::failed)?;
    let ahead = statuses.into_iter().filter(|status| status.is_ahead);
    Ok(ahead
        .map(|status| AheadHandler { handler: status.name, reason: status.reason.unwrap_or_default() })
        .collect())
}

impl From<RestoreError> for CliError {
    fn from(error: RestoreError) -> Self {
        match error {
            RestoreError::Store(error) => error.into(),
            error @ RestoreError::NotTheBackup { .. } => Self::new(ExitCode::SelfCheck, error),
            error => Self::new(ExitCode::Negative, error),
        }
    }
}
