//! `legacy`: the legacy event system, run and inspected. Part of the cargo feature `legacy`.

mod append;
mod definitions;
pub mod doctor;
mod escaped;
pub mod mirrors;
mod queue;
pub mod routed_system;
mod router_ports;
mod settings_reload;
mod system;
mod watch;

use clap::{Args, Subcommand};
use tracing::level_filters::LevelFilter;

use super::answer::Answer;
use super::error::CliError;
use super::global::{Context, StartupLines};

const EXAMPLES: &str = "\
Examples:
  mission-events legacy definitions list
  mission-events legacy definitions add '{\"id\": \"morning\", \"type\": \"time_based\", \"source\": {\"time\": \"09:00\"}, \"handler\": \"handlers.health_check.run\"}'
  mission-events legacy definitions disable morning
  mission-events legacy watch
  mission-events legacy queue --format json

Exit codes: 1 where there is no definition of that id, or one is refused; 4 where a file cannot be read or written, the queue is
damaged, or another process watches already.";

/// Run and inspect the legacy event system: its definitions, watchers and queue
///
/// Definitions say which files or times are watched, and which handler an event is for. They are in `event_definitions.json` in the folder of
/// the setting `storage.jsonl_dir`; the queue and the log of handlers are in the folder `legacy` beside `legacy.events_json`.
/// These commands work whatever `use_new_event_system` says.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct LegacyArgs {
    #[command(subcommand)]
    command: LegacyCommand,
}

#[derive(Debug, Subcommand)]
enum LegacyCommand {
    Definitions(definitions::DefinitionsArgs),
    /// Watch what the enabled definitions say, and handle what is noticed, until SIGTERM or SIGINT
    ///
    /// What is noticed is gathered and limited as its definition says, queued on disk, and given to its handler; a handler that fails is given
    /// the event again (`legacy.max_retries`, `legacy.retry_delay_seconds`). Definitions that are changed meanwhile are
    /// watched as they are then. What is done is said on stderr, in lines with [EventDispatcher].
    ///
    /// At the end, `--format json` prints {"watched", "not_watched": [{"id", "error"}], "handled", "failed", "left", "lost", "damage"}: ids
    /// of definitions, and numbers of events. What is left is in the queue, and handled next time. What was lost, as the disk was full to
    /// the end, or was damaged in the queue when this began, makes the exit code 4.
    #[command(after_help = "Example: mission-events legacy watch")]
    Watch,
    Queue(queue::QueueArgs),
    Append(append::AppendArgs),
}

impl LegacyArgs {
    /// What is shown of the log where neither -q nor -v is given.
    pub fn log_level(&self) -> LevelFilter {
        match self.command {
            // What it does is all that it shows while it runs.
            LegacyCommand::Watch => LevelFilter::INFO,
            _ => LevelFilter::WARN,
        }
    }

    /// Whether the command runs the event system.
    pub fn startup_lines(&self) -> StartupLines {
        match self.command {
            LegacyCommand::Watch => StartupLines::Always,
            _ => StartupLines::WhenVerbose,
        }
    }
}

/// Runs the command.
pub fn run(args: LegacyArgs, context: &Context) -> Result<Answer, CliError> {
    match args.command {
        LegacyCommand::Definitions(args) => definitions::run(args, context),
        LegacyCommand::Watch => watch::run(context),
        LegacyCommand::Queue(args) => queue::run(&args, context),
        LegacyCommand::Append(args) => append::run(&args, context),
    }
}
