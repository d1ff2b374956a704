//! `handlers`: what the handlers have handled, what they have not, and the ways out.

mod answer;
mod render;

use std::cell::Cell;
use std::ops::ControlFlow;

use clap::{Args, Subcommand};

use self::answer::Changed;
pub use self::answer::{FailureList, HandlerEntry, HandlerList, events};
pub use self::render::table as handlers_table;
use super::answer::Answer;
use super::error::CliError;
use super::event_system::{self, HandlerAccess, failed, follow};
use super::exit_code::ExitCode;
use super::global::Context;
use super::mirrors::{RunningMirrors, statuses};
use super::output::{self, Format};
use super::termination::Termination;
use crate::application::handling::HandlerOperations;
use crate::domain::counted::counted;
use crate::domain::error_chain::error_chain;
use crate::domain::value_objects::{EventId, InvalidValue};
use crate::infrastructure::config::Config;

const EXAMPLES: &str = "\
Examples:
  mission-events handlers list --check
  mission-events handlers run --follow
  mission-events handlers failures task_state
  mission-events handlers retry task_state
  mission-events handlers replay task_analytics

Exit codes: 1 where --check finds something, where an event is still not handled after `retry` or `run`, and where there is no
handler of that name; 4 where a store cannot be read or written.";

/// Show the handlers of events, run them, and care for what they have not handled
///
/// Each stored event is handled by each handler of its type, once it is stored, in the order of the store. An event that
/// fails is tried again after 1, 10 and 60 seconds, then parked: only later events of its aggregate wait for it.
/// These commands work whatever `use_new_event_system` says.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct HandlersArgs {
    #[command(subcommand)]
    command: HandlersCommand,
}

#[derive(Debug, Subcommand)]
enum HandlersCommand {
    /// List the handlers: what each has handled, how far it is behind, and what has failed
    ///
    /// `--format json` prints {"handlers": [{"handler", "kind", "event_types", "handled", "behind", "behind_is_at_least", "retrying", "parked",
    /// "waiting", "state", "reason", "next_attempt", "error"}]}, `--format jsonl` one such object a line.
    List {
        /// Exit with 1 where an event is parked, a handler does not run, or is further behind than `handlers.behind_warn`
        #[arg(long)]
        check: bool,
    },
    /// List the events that a handler has not handled, in the order of the store
    ///
    /// `--format json` prints {"handler", "failures": [{"position", "stream", "event_id", "event_type", "aggregate_id", "state",
    /// "attempts", "next_attempt", "first_failed_at", "last_failed_at", "error", "resolved_at", "resolved_by"}]}.
    Failures {
        /// The handler
        name: String,
        /// Those that are resolved as well
        #[arg(long)]
        all: bool,
    },
    /// Try the events that failed again, now, and after each the events that wait for it
    Retry {
        /// The handler
        name: String,
        /// This event alone, and what waits for it
        #[arg(long, value_name = "EVENT_ID", value_parser = event_id)]
        event: Option<EventId>,
    },
    /// Leave an event out, for a reason that is kept; the events that wait for it are handled
    Skip {
        /// The handler
        name: String,
        /// The event
        #[arg(long, value_name = "EVENT_ID", value_parser = event_id)]
        event: EventId,
        /// Why; it is kept, and listed with the event
        #[arg(long)]
        reason: String,
    },
    /// Make the read models of a projection anew, from the first event on
    ///
    /// Readers see the old ones until the new ones are complete; killed in the middle, the old ones stay. An effect would act on
    /// the world again: it is replayed with --effects-again alone.
    Replay {
        /// The handler
        name: String,
        /// Give an effect every event again, which are N: the refusal without this flag tells the number
        #[arg(long, value_name = "N")]
        effects_again: Option<u64>,
    },
    /// Handle what is not handled yet, and end; or go on with what is stored later
    ///
    /// The mirrors of a parallel run bring what is left to the other side first, or meanwhile. No mode is switched by that.
    Run {
        /// Go on until SIGTERM or SIGINT
        #[arg(long)]
        follow: bool,
    },
    /// Let a handler rest; its events wait in the store
    Pause {
        /// The handler
        name: String,
    },
    /// Let a handler that is paused or stopped go on
    Resume {
        /// The handler
        name: String,
        /// Pass by everything that is stored already, and what has failed
        #[arg(long)]
        from_now: bool,
    },
}

fn event_id(text: &str) -> Result<EventId, InvalidValue> {
    EventId::new(text)
}

/// Runs the command.
pub fn run(args: HandlersArgs, context: &Context) -> Result<Answer, CliError> {
    let (config, format) = (&context.config, context.format);
    match args.command {
        HandlersCommand::List { check } => list(check, context),
        HandlersCommand::Failures { name, all } => {
            let failures =
                event_system::operations(config, HandlerAccess::Reading)?.failures(&name).map_err(failed)?;
            let shown = failures.iter().filter(|failure| all || failure.state.is_open());
            let list = FailureList { handler: name, failures: shown.map(Into::into).collect() };
            Ok(Answer::new(ExitCode::Done, None, move |out| render::failures(&list, format, out)))
        }
        HandlersCommand::Retry { name, event } => {
            let retried = changing(config)?.retry(&name, event.as_ref()).map_err(failed)?;
            let is_any_open = retried.open.retrying + retried.open.parked + retried.open.waiting > 0;
            let code = if is_any_open || retried.is_left { ExitCode::Negative } else { ExitCode::Done };
            Ok(told(Changed::of_retry(name, retried), code, format))
        }
        HandlersCommand::Skip { name, event, reason } => {
            if reason.trim().is_empty() {
                return Err(CliError::usage("--reason is empty: say why the event is left out"));
            }
            let retried = changing(config)?.skip(&name, &event, &reason).map_err(failed)?;
            Ok(told(Changed::of_skip(name, &event, retried), ExitCode::Done, format))
        }
        HandlersCommand::Replay { name, effects_again } => replay(name, effects_again, context),
        HandlersCommand::Run { follow: true } => {
            let termination = Termination::watch().map_err(event_system::signals_refused)?;
            let mirrors = RunningMirrors::start(config)?;
            let is_to_end = || {
                mirrors.look();
                termination.is_requested()
            };
            let said = follow(config, &is_to_end)?;
            mirrors.end();
            Ok(told(Changed { said, ..Changed::default() }, ExitCode::Done, format))
        }
        HandlersCommand::Run { follow: false } => run_to_end(context),
        HandlersCommand::Pause { name } => {
            changing(config)?.pause(&name).map_err(failed)?;
            let said = format!("{name} is paused: `handlers resume {name}` lets it go on");
            Ok(told(Changed { said, handler: Some(name), ..Changed::default() }, ExitCode::Done, format))
        }
        HandlersCommand::Resume { name, from_now } => {
            changing(config)?.resume(&name, from_now).map_err(failed)?;
            let said =
                format!("{name} goes on{}", if from_now { " with what is stored from now on" } else { "" });
            Ok(told(Changed { said, handler: Some(name), ..Changed::default() }, ExitCode::Done, format))
        }
    }
}

fn changing(config: &Config) -> Result<HandlerOperations, CliError> {
    event_system::operations(config, HandlerAccess::Changing)
}

fn told(changed: Changed, code: ExitCode, format: Format) -> Answer {
    let summary = changed.said.clone();
    Answer::new(code, Some(summary), move |out| match format {
        Format::Human => writeln!(out, "{}", output::visible(&changed.said)),
        Format::Json => output::json_document(out, &changed),
        Format::Jsonl => output::json_line(out, &changed),
    })
}

fn list(check: bool, context: &Context) -> Result<Answer, CliError> {
    let operations = event_system::operations(&context.config, HandlerAccess::Reading)?;
    let list = HandlerList::of(&statuses(&context.config, &operations)?);
    let findings = if check { list.findings(context.config.handlers_behind_warn.value) } else { Vec::new() };
    let code = if findings.is_empty() { ExitCode::Done } else { ExitCode::Negative };
    let format = context.format;
    Ok(Answer::new(code, None, move |out| {
        render::handlers(&list, format, out)?;
        out.flush()?;
        for finding in findings {
            tracing::warn!("{finding}");
        }
        std::io::Result::Ok(())
    }))
}

fn replay(name: String, effects_again: Option<u64>, context: &Context) -> Result<Answer, CliError> {
    let operations = changing(&context.config)?;
    if let Some(confirmed) = effects_again {
        operations.effects_again(&name, confirmed).map_err(failed)?;
        let said = format!(
            "{name} begins anew: it is given {} again when it runs",
            counted(confirmed, "event", "events")
        );
        return Ok(told(
            Changed { said, handler: Some(name), ..Changed::default() },
            ExitCode::Done,
            context.format,
        ));
    }
    // Before anything is said of it: whether there is such a handler.
    operations.failures(&name).map_err(failed)?;
    let events = operations.events_to_replay().map_err(failed)?;
    if !context.is_quiet {
        output::log_line(&format!(
            "{name}: {} read again, about {} s; readers see the old read models meanwhile",
            counted(events, "event is", "events are"),
            events.div_ceil(event_system::EVENTS_REPLAYED_A_SECOND)
        ));
    }
    let termination = Termination::watch().map_err(event_system::signals_refused)?;
    let is_given_up = Cell::new(false);
    let replayed = operations.replay(&name, &mut |_| {
        if termination.is_requested() {
            is_given_up.set(true);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    let replayed = replayed.map_err(failed)?;
    let code = if replayed.failed == 0 && !is_given_up.get() { ExitCode::Done } else { ExitCode::Negative };
    Ok(told(Changed::of_replay(name, replayed, is_given_up.get()), code, context.format))
}

fn run_to_end(context: &Context) -> Result<Answer, CliError> {
    let operations = changing(&context.config)?;
    let termination = Termination::watch().map_err(event_system::signals_refused)?;
    let goes_on = || !termination.is_requested();
    // First: what they bring to the new side is handled.
    let mirrors = RunningMirrors::start(&context.config)?;
    mirrors.catch_up(&goes_on);
    mirrors.end();
    let not_run = operations.run_to_end(&goes_on).map_err(failed)?;
    for not_run in &not_run {
        tracing::warn!("{} was not run to its end: {}", not_run.handler, error_chain(&not_run.error));
    }
    let list = HandlerList::of(&statuses(&context.config, &operations)?);
    let is_anything_left =
        list.handlers.iter().any(|handler| handler.behind + handler.parked + handler.retrying > 0);
    let code = if not_run.is_empty() && !is_anything_left { ExitCode::Done } else { ExitCode::Negative };
    let format = context.format;
    Ok(Answer::new(code, None, move |out| render::handlers(&list, format, out)))
}
