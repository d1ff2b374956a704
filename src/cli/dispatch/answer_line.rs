//! The answer to one event, for programs and for people.

use std::io::{self, Write};

use serde::Serialize;

use crate::application::dispatch::{DispatchError, Dispatched};
use crate::application::handling::Outcome;
use crate::cli::exit_code::ExitCode;
use crate::cli::output::visible;
use crate::domain::error_chain::error_chain;
use crate::domain::event::format_timestamp;
use crate::domain::repository::RepositoryError;

/// The answer to an event that is stored. Its keys are stable.
#[derive(Debug, Serialize)]
pub struct AnswerLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    event_id: &'a str,
    position: i64,
    already_stored: bool,
    succeeded: bool,
    handlers: Vec<HandlerLine<'a>>,
    waited_ms: f64,
    stored_ms: f64,
    handled_ms: f64,
}

#[derive(Debug, Serialize)]
struct HandlerLine<'a> {
    handler: &'a str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_attempt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    behind: Option<u64>,
}

/// The answer to a line that is refused.
#[derive(Debug, Serialize)]
pub struct RefusedLine {
    line: u64,
    error: String,
}

/// The answer to a line that holds nothing.
#[derive(Debug, Serialize)]
pub struct BlankLine {
    line: u64,
    blank: bool,
}

impl<'a> AnswerLine<'a> {
    /// The answer to the event of that line of the input.
    pub fn of(line: Option<u64>, dispatched: &'a Dispatched) -> Self {
        let milliseconds = |time: std::time::Duration| (time.as_secs_f64() * 1e6).round() / 1e3;
        Self {
            line,
            event_id: dispatched.event_id.as_str(),
            position: dispatched.position.get(),
            already_stored: dispatched.already_stored,
            succeeded: dispatched.succeeded(),
            handlers: dispatched
                .handlers
                .iter()
                .map(|(name, outcome)| HandlerLine::of(name, outcome))
                .collect(),
            waited_ms: milliseconds(dispatched.timing.waited),
            stored_ms: milliseconds(dispatched.timing.stored),
            handled_ms: milliseconds(dispatched.timing.handled),
        }
    }
}

impl<'a> HandlerLine<'a> {
    fn of(handler: &'a str, outcome: &'a Outcome) -> Self {
        let line =
            Self { handler, outcome: word_for(outcome), error: None, next_attempt: None, behind: None };
        match outcome {
            Outcome::Failed { error, next_attempt } => {
                Self { error: Some(error), next_attempt: Some(format_timestamp(*next_attempt)), ..line }
            }
            Outcome::Parked { error } => Self { error: Some(error), ..line },
            Outcome::Behind { events } => Self { behind: Some(*events), ..line },
            Outcome::Done | Outcome::Waiting => line,
        }
    }
}

impl RefusedLine {
    /// The answer to a line that is refused for this reason.
    pub fn new(line: u64, error: &(dyn std::error::Error + 'static)) -> Self {
        Self { line, error: error_chain(error) }
    }
}

impl BlankLine {
    /// The answer to the line of that number.
    pub fn new(line: u64) -> Self {
        Self { line, blank: true }
    }
}

fn word_for(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Failed { .. } => "failed",
        Outcome::Parked { .. } => "parked",
        Outcome::Waiting => "waiting",
        Outcome::Behind { .. } => "behind",
    }
}

/// Whether no handler failed: the event was handled, or is still to be.
pub fn is_only_behind(dispatched: &Dispatched) -> bool {
    dispatched.handlers.iter().all(|(_, outcome)| matches!(outcome, Outcome::Done | Outcome::Behind { .. }))
}

/// What scripts are told of an event that is not stored.
pub fn code_of(error: &DispatchError) -> ExitCode {
    match error {
        DispatchError::Repository(RepositoryError::Conflict { .. } | RepositoryError::NotLive { .. }) => {
            ExitCode::Negative
        }
        _ => ExitCode::Storage,
    }
}

/// The answer for people.
pub fn print_for_people(dispatched: &Dispatched, out: &mut dyn Write) -> io::Result<()> {
    let Dispatched { event_id, position, .. } = dispatched;
    let stored = if dispatched.already_stored { "was stored already, at" } else { "is stored at" };
    writeln!(out, "event {} {stored} position {position}", visible(event_id.as_str()))?;
    for (handler, outcome) in &dispatched.handlers {
        let said = match outcome {
            Outcome::Done => "done".to_owned(),
            Outcome::Failed { error, next_attempt } => {
                format!("failed, tried again at {}: {}", format_timestamp(*next_attempt), visible(error))
            }
            Outcome::Parked { error } => format!("parked: {}", visible(error)),
            Outcome::Waiting => "waits for an earlier event of the same aggregate".to_owned(),
            Outcome::Behind { events } => format!("{} behind", crate::cli::handlers::events(*events)),
        };
        writeln!(out, "  {}: {said}", visible(handler))?;
    }
    Ok(())
}
