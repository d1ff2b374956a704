//! The command line: the composition root, and the only place besides `main.rs` that prints.
//!
//! Here settings and flags become concrete stores, one use case is called, and its answer is
//! rendered. A command is a file: its arguments, its `run`, its rendering. Its `run` prints nothing: it
//! returns an [`Answer`], which is printed here.

mod answer;
mod archive;
mod backup;
mod compare_logs;
mod completions;
mod cutover_check;
pub mod dispatch;
mod doctor;
mod error;
mod event_system;
mod events;
mod evidence;
mod exit_code;
mod export;
mod given_path;
mod global;
mod handlers;
mod hang_ups;
mod import_legacy;
#[cfg(feature = "legacy")]
mod legacy;
mod logging;
mod mapping;
mod mirrors;
mod mode_records;
#[cfg(feature = "postgres")]
mod moving;
mod outbox;
mod output;
#[cfg(feature = "postgres")]
mod postgres;
mod progress;
mod rehearse;
mod rejected;
mod rejects;
mod repair;
mod report;
mod restore;
mod status;
mod store;
mod table;
mod tasks;
mod termination;
mod verify;
mod visible_text;

use std::ffi::OsString;
use std::time::SystemTime;

use clap::{CommandFactory, Parser, Subcommand};
use tracing::level_filters::LevelFilter;

use answer::Answer;
use archive::ArchiveArgs;
use backup::BackupArgs;
use dispatch::DispatchArgs;
use error::CliError;
pub use exit_code::ExitCode;

use compare_logs::CompareLogsArgs;
use completions::CompletionsArgs;
use cutover_check::CutoverCheckArgs;
use doctor::DoctorArgs;
use events::EventsArgs;
use evidence::EvidenceArgs;
use export::ExportArgs;
use global::{ColorWhen, GlobalOptions, MissingStore, StartupLines};
use handlers::HandlersArgs;
use import_legacy::ImportLegacyArgs;
#[cfg(feature = "legacy")]
use legacy::LegacyArgs;
use output::visible;
use rehearse::RehearseArgs;
use rejects::RejectsArgs;
use repair::RepairArgs;
use restore::RestoreArgs;
use tasks::TasksArgs;
use verify::VerifyArgs;

use crate::infrastructure::system_clock;

/// A SQLite-backed event store, and the proven migration of JSON event logs into it
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true, after_long_help = exit_code::help())]
struct Cli {
    #[command(subcommand)]
    command: Command,

    #[command(flatten)]
    global: GlobalOptions,
}

#[derive(Debug, Subcommand)]
enum Command {
    Rehearse(Box<RehearseArgs>),
    ImportLegacy(ImportLegacyArgs),
    CompareLogs(Box<CompareLogsArgs>),
    Repair(Box<RepairArgs>),
    Rejects(RejectsArgs),
    Export(ExportArgs),
    Archive(ArchiveArgs),
    Backup(BackupArgs),
    Verify(VerifyArgs),
    Restore(RestoreArgs),
    Evidence(EvidenceArgs),
    CutoverCheck(CutoverCheckArgs),
    Events(EventsArgs),
    Dispatch(DispatchArgs),
    Handlers(HandlersArgs),
    Tasks(TasksArgs),
    #[cfg(feature = "legacy")]
    Legacy(LegacyArgs),
    /// Show what is configured, where each setting came from, and what the stores hold
    #[command(after_help = status::EXAMPLES)]
    Status,
    Doctor(DoctorArgs),
    #[cfg(feature = "postgres")]
    Move(moving::MoveArgs),
    #[cfg(feature = "postgres")]
    Postgres(postgres::PostgresArgs),
    Completions(CompletionsArgs),
}

impl Command {
    /// What is shown of the log where neither -q nor -v is given.
    fn log_level(&self) -> LevelFilter {
        match self {
            #[cfg(feature = "legacy")]
            Self::Legacy(args) => args.log_level(),
            // The lines of the legacy system show that it is at work.
            Self::Dispatch(_) => LevelFilter::INFO,
            _ => LevelFilter::WARN,
        }
    }
}

/// Runs the program on the arguments of this process. The result of the command is on stdout when this
/// returns, or the error and its causes are on stderr.
pub fn run_program() -> ExitCode {
    ColorWhen::asked_for_by(std::env::args_os()).apply();
    let answer = match parsed(std::env::args_os().collect()) {
        Ok(cli) => run(cli),
        Err(error) if error.use_stderr() => Err(error.into()),
        // Help and the version are answers too; the parser writes them by itself.
        Err(asked) => Ok(Answer::new(ExitCode::Done, None, move |_| asked.print())),
    };
    answer.and_then(Answer::deliver).unwrap_or_else(|error| {
        error.report();
        error.exit_code()
    })
}

/// The command line. What is wrong with one is told with its arguments as they may be shown.
fn parsed(arguments: Vec<OsString>) -> Result<Cli, clap::Error> {
    let failed = match Cli::try_parse_from(&arguments) {
        Err(error) if error.use_stderr() => error,
        parsed => return parsed,
    };
    let shown: Vec<OsString> =
        arguments.iter().map(|text| visible(&text.to_string_lossy()).into_owned().into()).collect();
    let again = if shown == arguments { None } else { Cli::try_parse_from(shown).err() };
    Err(again.filter(clap::Error::use_stderr).unwrap_or(failed))
}

/// The whole command line as clap knows it, for documentation and its tests.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs one command, up to its answer.
///
/// # Errors
/// The command has no answer; the error knows the exit code.
fn run(cli: Cli) -> Result<Answer, CliError> {
    let Cli { command, global } = cli;
    global.check()?;
    system_clock::ensure_set(SystemTime::now()).map_err(|error| CliError::new(ExitCode::Storage, error))?;
    logging::start(global.log_level(command.log_level()));
    match command {
        Command::ImportLegacy(args) => {
            let context = global.context_where(StartupLines::WhenVerbose, MissingStore::WillBeMade)?;
            import_legacy::run(args, &context)
        }
        Command::Rehearse(args) => rehearse::run(*args, &global.context(StartupLines::WhenVerbose)?),
        Command::CompareLogs(args) => compare_logs::run(*args, &global.context(StartupLines::WhenVerbose)?),
        Command::Repair(args) => repair::run(*args, &global.context(StartupLines::WhenVerbose)?),
        Command::Rejects(args) => rejects::run(args, &global.context(StartupLines::WhenVerbose)?),
        Command::Export(args) => export::run(args, &global.context(StartupLines::WhenVerbose)?),
        Command::Archive(args) => archive::run(&args, &global.context(StartupLines::WhenVerbose)?),
        Command::Backup(args) => backup::run(&args, &global.context(StartupLines::WhenVerbose)?),
        Command::Verify(args) => verify::run(&args, &global.context(StartupLines::WhenVerbose)?),
        Command::Restore(args) => {
            let context = global.context_where(StartupLines::WhenVerbose, MissingStore::WillBeMade)?;
            restore::run(&args, &context)
        }
        Command::CutoverCheck(args) => cutover_check::run(&args, &global.context(StartupLines::WhenVerbose)?),
        Command::Evidence(args) => evidence::run(args, &global.context(StartupLines::WhenVerbose)?),
        Command::Events(args) => events::run(args, &global.context(StartupLines::WhenVerbose)?),
        Command::Dispatch(args) => {
            // Before the settings are read: one that is sent now has them read again.
            let hang_ups = args.listen()?;
            let context = global.context_where(StartupLines::Always, MissingStore::WillBeMade)?;
            dispatch::run(args, context, hang_ups)
        }
        Command::Handlers(args) => handlers::run(args, &global.context(StartupLines::WhenVerbose)?),
        Command::Tasks(args) => tasks::run(args, &global.context(StartupLines::WhenVerbose)?),
        #[cfg(feature = "legacy")]
        Command::Legacy(args) => {
            let context = global.context(args.startup_lines())?;
            legacy::run(args, &context)
        }
        Command::Status => status::run(&global.context(StartupLines::Always)?),
        Command::Doctor(args) => doctor::run(&args, &global.context(StartupLines::Always)?),
        #[cfg(feature = "postgres")]
        Command::Move(args) => moving::run(&args, &global.context(StartupLines::WhenVerbose)?),
        #[cfg(feature = "postgres")]
        Command::Postgres(args) => postgres::run(args, &global.context(StartupLines::WhenVerbose)?),
        Command::Completions(args) => completions::run(args, self::command()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent_in_itself() {
        command().debug_assert();
    }
}
