//! `dispatch`: events come in, are stored, and are handled.

mod answer_line;
mod input;
mod stream;

use std::io;

use clap::Args;

use super::answer::Answer;
use super::error::CliError;
use super::event_system::{EventSystem, signals_refused};
use super::exit_code::ExitCode;
use super::global::Context;
use super::output::{self, Format};
use super::termination::Termination;
use crate::domain::event_system_mode::EventSystemMode;
use answer_line::AnswerLine;

const EXAMPLES: &str = "\
Examples:
  mission-events dispatch '{\"event_type\": \"TaskCreated\", \"task_id\": \"T1\", \"title\": \"My Task\"}'
  mission-events dispatch -

Exit codes: 0 every event is stored, and handled or to be handled; 1 an event was refused, a handler failed (the
event is stored, and is tried again), or the answers were not read to their end; 2 the new event system is not switched on; 4 an event could
not be stored.";

/// Dispatch new events: store them, then handle them
///
/// An event without `event_id` or `timestamp` gets one. What is answered is on disk. Handlers are waited for during
/// `handlers.wait_ms`; what is not handled then is handled later, by this or the next process that runs handlers.
///
/// With `-`, each line of standard input is an event, and each gets one line of JSON as its answer, at once and in the same
/// order: {"line", "event_id", "position", "already_stored", "succeeded", "handlers": [{"handler", "outcome",
/// "error", "next_attempt", "behind"}], "waited_ms", "stored_ms", "handled_ms"}, or {"line", "error"} for a line that
/// is refused, or {"line", "blank"}. A refused line does not stop the others. SIGTERM and SIGINT end the input: what was
/// taken is stored and answered.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, verbatim_doc_comment)]
pub struct DispatchArgs {
    /// The event, as a JSON object; or - for one event a line on standard input
    #[arg(value_name = "EVENT_JSON")]
    event: String,

    /// With -: how many events are taken before the first of them is answered
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = clap::value_parser!(u16).range(1..))]
    max_in_flight: u16,
}

/// Runs the command.
pub fn run(args: DispatchArgs, context: Context) -> Result<Answer, CliError> {
    ensure_switched_on(context.config.mode)?;
    let Context { config, format, .. } = context;
    let system = EventSystem::open(&config)?;
    if args.event == "-" {
        let termination = Termination::watch().map_err(signals_refused)?;
        let max_in_flight = usize::from(args.max_in_flight);
        return Ok(Answer::streamed(move |lines| {
            stream::dispatch_lines(system, io::stdin(), max_in_flight, &termination, lines)
        }));
    }
    let event = system.event_of(&args.event).map_err(|error| CliError::new(ExitCode::Negative, error))?;
    let dispatched = system.dispatcher().dispatch(event);
    system.shut_down();
    let dispatched = dispatched.map_err(|error| CliError::new(answer_line::code_of(&error), error))?;
    let code = if dispatched.succeeded() || answer_line::is_only_behind(&dispatched) {
        ExitCode::Done
    } else {
        ExitCode::Negative
    };
    let summary = format!("event {} is stored at position {}", dispatched.event_id, dispatched.position);
    Ok(Answer::new(code, Some(summary), move |out| match format {
        Format::Human => answer_line::print_for_people(&dispatched, out),
        Format::Json => output::json_document(out, &AnswerLine::of(None, &dispatched)),
        Format::Jsonl => output::json_line(out, &AnswerLine::of(None, &dispatched)),
    }))
}

fn ensure_switched_on(mode: EventSystemMode) -> Result<(), CliError> {
    let reason = match mode {
        EventSystemMode::NewEvents => return Ok(()),
        EventSystemMode::LegacyEvents => "use_new_event_system is false",
        EventSystemMode::ParallelEvents => "parallel_run is true, and this version writes to one side alone",
    };
    Err(CliError::usage(format!("dispatch runs the new event system, and {reason}")).with_details([
        "set use_new_event_system = true and parallel_run = false in mission-events.toml,".to_owned(),
        "or MISSION_CONTROL_USE_NEW_EVENT_SYSTEM=true in the environment; `mission-events status` shows what is set and where"
            .to_owned(),
    ]))
}
