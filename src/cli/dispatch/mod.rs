//! `dispatch`: events come in, are stored, and are handled.
//!
//! What stores them is an `ActiveSystem`: in a program with the legacy system that of `cli::legacy`, which routes by mode, and otherwise
//! the new system alone.

pub mod answer_line;
pub mod figures;
pub mod input;
#[cfg(not(feature = "legacy"))]
mod new_system;
pub mod not_stored;
mod stream;

use std::io;

use clap::Args;

use super::answer::Answer;
use super::error::CliError;
use super::event_system::signals_refused;
use super::exit_code::ExitCode;
use super::global::Context;
use super::hang_ups::HangUps;
#[cfg(feature = "legacy")]
use super::legacy::routed_system::ActiveSystem;
use super::output::{self, Format};
use super::termination::Termination;
#[cfg(not(feature = "legacy"))]
use new_system::ActiveSystem;
use not_stored::NotStored;

const EXAMPLES: &str = "\
Examples:
  mission-events dispatch '{\"event_type\": \"TaskCreated\", \"task_id\": \"T1\", \"title\": \"My Task\"}'
  mission-events dispatch -

Exit codes: 0 every event is stored by the primary side, and handled or to be handled; 1 an event was refused, a handler failed (the
event is stored, and is tried again), or the answers were not read to their end; 2 the settings exclude each other; 4 an event could
not be stored.";

/// Dispatch new events: store them, then handle them
///
/// The mode says where an event goes (`use_new_event_system`, `parallel_run`, `new_event_types`): to the store and its handlers, to the
/// legacy log in the legacy shape, or to both. In a parallel run the answer of the primary side is the answer; the other side is waited
/// for during `parallel.secondary_timeout_ms`, and otherwise receives the event later, in the same order.
///
/// An event without `event_id` or `timestamp` gets one. What is answered is on disk. Handlers are waited for during
/// `handlers.wait_ms`; what is not handled then is handled later, by this or the next process that runs handlers.
///
/// With `-`, each line of standard input is an event, and each gets one line of JSON as its answer, at once and in the same
/// order: {"line", "event_id", "mode", "primary", "position", "already_stored", "succeeded", "handlers": [{"handler",
/// "outcome", "error", "next_attempt", "behind"}], "waited_ms", "stored_ms", "handled_ms"}, where it applies with "legacy":
/// {"offset", "length"} (the record of an event that the legacy log has as primary, whose position is null) and "mirror": {"mirror",
/// "outcome", "behind", "error"}; or {"line", "error"} for a line that is refused, or {"line", "blank"}. A refused line does not
/// stop the others. SIGTERM and SIGINT end the input: what was taken is stored and answered. SIGHUP has the settings read again,
/// and switches the mode.
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

impl DispatchArgs {
    /// Listens to requests to read the settings again, where the command heeds them.
    pub fn listen(&self) -> Result<Option<HangUps>, CliError> {
        (self.event == "-").then(HangUps::listen).transpose().map_err(signals_refused)
    }
}

/// Runs the command.
pub fn run(args: DispatchArgs, context: Context, hang_ups: Option<HangUps>) -> Result<Answer, CliError> {
    let format = context.format;
    let system = ActiveSystem::open(&context.config)?;
    if let Some(hang_ups) = hang_ups {
        let termination = Termination::watch().map_err(signals_refused)?;
        let max_in_flight = usize::from(args.max_in_flight);
        return Ok(Answer::streamed(move |lines| {
            stream::dispatch_lines(
                system,
                (context, hang_ups),
                io::stdin(),
                max_in_flight,
                &termination,
                lines,
            )
        }));
    }
    let event = system.event_of(&args.event).map_err(|error| CliError::new(ExitCode::Negative, error))?;
    let answered = system.dispatch(event);
    system.shut_down();
    let answered = answered.map_err(|NotStored { error, code }| CliError::new(code, error))?;
    let code = if answered.is_handled() { ExitCode::Done } else { ExitCode::Negative };
    Ok(Answer::new(code, Some(answered.said()), move |out| match format {
        Format::Human => answered.print_for_people(out),
        Format::Json => output::json_document(out, &answered.line()),
        Format::Jsonl => output::json_line(out, &answered.line()),
    }))
}
