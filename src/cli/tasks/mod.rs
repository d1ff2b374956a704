//! `tasks`: what the read models of tasks answer.

mod render;

use chrono::NaiveDate;
use clap::{Args, Subcommand};

use super::answer::Answer;
use super::error::CliError;
use super::event_system::{self, HandlerAccess};
use super::exit_code::ExitCode;
use super::global::Context;
use super::handlers::HandlerList;
use crate::application::read_models::{ReadModelError, TaskReports};
use crate::infrastructure::config::Config;
use crate::infrastructure::handler_store::{SqliteHandlerStore, SqliteTaskReports};
use crate::infrastructure::sqlite::SqliteError;

const EXAMPLES: &str = "\
Examples:
  mission-events tasks stats --since 2025-10-20 --until 2025-10-26
  mission-events tasks show T198
  mission-events tasks show T198 --format json | jq .state.status

The answers are as far as the handlers have come: `mission-events handlers list` shows how far, and
`mission-events handlers run` handles what is left.

Exit codes: 0 also where nothing was counted; 1 where `show` finds no event about that task; 4 where there
is no database of handlers, or it cannot be read.";

/// Ask what happened to tasks: counts, times to completion, and the state and history of each
///
/// The answers are read from the database that the setting `handlers.path` names. Handlers make its tables
/// from the stored events; `sqlite3` and Datasette can read them as well.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct TasksArgs {
    #[command(subcommand)]
    command: TasksCommand,
}

#[derive(Debug, Subcommand)]
enum TasksCommand {
    /// Count events by day, type and priority, and show how long completed tasks took
    ///
    /// Days are days in UTC. An event counts under the priority that its task has after it, `unknown` where no
    /// event says one. A completed task took as long as from the last creation before its completion; times are
    /// left out where that is not known.
    ///
    /// `--format json` prints {"since", "until", "events", "activity": [{"day", "event_type", "priority",
    /// "events"}], "completed": {"completed", "average_seconds", "median_seconds", "longest_seconds"},
    /// "completions": [the same with "day"]}; `--format jsonl` prints each row on a line, with "row" being
    /// "activity" or "completions".
    #[command(after_help = "Example: mission-events tasks stats --since 2025-10-20 --until 2025-10-26")]
    Stats(StatsArgs),
    /// Show the state of a task, its links, its completions and its changes
    ///
    /// `--format json` prints {"task_id", "state": {"title", "priority", "status", "created_at", "completed_at",
    /// "deleted_at", "updated_at", "last_position"}|null, "deletion": {"deleted_at", "reason"}|null, "links":
    /// [{"kind", "target"}], "completions": [{"position", "created_at", "completed_at", "seconds", "notes"}],
    /// "changes": [{"position", "changed_at", "field", "old_value", "new_value"}]}, `--format jsonl` the same on
    /// one line. Values of changes are JSON texts. Of a deleted task "state" is null.
    ///
    /// Exit code 1 where no event is about the task.
    #[command(after_help = "Example: mission-events tasks show T198")]
    Show {
        /// The exact id of the task
        #[arg(value_name = "ID")]
        task_id: String,
    },
}

#[derive(Debug, Args)]
struct StatsArgs {
    /// The first day, such as 2025-10-20 [default: the first that has events]
    #[arg(long, value_name = "DAY", value_parser = day)]
    since: Option<NaiveDate>,

    /// The last day, included [default: the last that has events]
    #[arg(long, value_name = "DAY", value_parser = day)]
    until: Option<NaiveDate>,
}

fn day(text: &str) -> Result<NaiveDate, String> {
    let is_padded = text.len() == "YYYY-MM-DD".len();
    let day = text.parse().ok().filter(|_| is_padded);
    day.ok_or_else(|| "expected a day of the calendar, written as 2025-10-20".to_owned())
}

/// Runs the command.
pub fn run(args: TasksArgs, context: &Context) -> Result<Answer, CliError> {
    let reports = open_reports(context)?;
    warn_of_what_is_missing(&context.config);
    let format = context.format;
    match args.command {
        TasksCommand::Stats(StatsArgs { since, until }) => {
            if let (Some(since), Some(until)) = (since, until)
                && until < since
            {
                return Err(CliError::usage(format!(
                    "expected --until at or after --since, got {until} before {since}: exchange them"
                )));
            }
            let statistics = reports.statistics(since, until)?;
            Ok(Answer::new(ExitCode::Done, None, move |out| {
                render::statistics(since, until, &statistics, format, out)
            }))
        }
        TasksCommand::Show { task_id } => {
            let Some(task) = reports.task(&task_id)? else {
                return Err(CliError::not_found(format!(
                    "no event about a task {task_id} was handled: `mission-events handlers run` handles what is left"
                )));
            };
            Ok(Answer::new(ExitCode::Done, None, move |out| render::task(&task, format, out)))
        }
    }
}

/// What is answered is as far as the handlers have come.
fn warn_of_what_is_missing(config: &Config) {
    // Without a store of events there is nothing to compare with: the read models are all that there is.
    let Ok(operations) = event_system::operations(config, HandlerAccess::Reading) else { return };
    let Ok(statuses) = operations.list() else { return };
    for finding in HandlerList::of(&statuses).findings(0) {
        tracing::warn!("{finding}");
    }
}

fn open_reports(context: &Context) -> Result<SqliteTaskReports, CliError> {
    let path = &context.config.handlers_path.value;
    let Some(store) = SqliteHandlerStore::open_existing(path).map_err(not_opened)? else {
        let error = anyhow::anyhow!(
            "there is no database of handlers at {}: `mission-events handlers run` makes it from the stored \
             events; `handlers.path` can name another file",
            path.display()
        );
        return Err(CliError::new(ExitCode::Storage, error));
    };
    Ok(SqliteTaskReports::new(store.reading_connection().map_err(not_opened)?))
}

fn not_opened(error: SqliteError) -> CliError {
    CliError::new(ExitCode::Storage, error)
}

impl From<ReadModelError> for CliError {
    fn from(error: ReadModelError) -> Self {
        Self::new(ExitCode::Storage, error)
    }
}
