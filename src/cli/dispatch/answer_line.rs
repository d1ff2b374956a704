//! The answer to one event, for programs and for people.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

use crate::application::dispatch::{DispatchError, Dispatched, Timing};
use crate::application::handling::Outcome;
use crate::cli::exit_code::ExitCode;
use crate::cli::output::visible;
use crate::domain::error_chain::error_chain;
use crate::domain::event::format_timestamp;
use crate::domain::event_system_mode::{EventSystemMode, Side};
use crate::domain::repository::RepositoryError;
use crate::domain::value_objects::EventId;

/// The answer to an event that is stored. Its keys are stable.
#[derive(Debug, Serialize)]
pub struct AnswerLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    event_id: &'a str,
    mode: String,
    primary: String,
    position: Option<i64>,
    already_stored: bool,
    succeeded: bool,
    handlers: Vec<HandlerLine<'a>>,
    waited_ms: f64,
    stored_ms: f64,
    handled_ms: f64,
    #[cfg(feature = "legacy")]
    #[serde(skip_serializing_if = "Option::is_none")]
    legacy: Option<LegacyLine>,
    #[cfg(feature = "legacy")]
    #[serde(skip_serializing_if = "Option::is_none")]
    mirror: Option<MirrorLine<'a>>,
}

/// Where the record of the event stands in the legacy log, in bytes.
#[cfg(feature = "legacy")]
#[derive(Debug, Serialize)]
pub struct LegacyLine {
    pub offset: u64,
    pub length: u64,
}

/// What has become of the event on the other side.
#[cfg(feature = "legacy")]
#[derive(Debug, Serialize)]
pub struct MirrorLine<'a> {
    pub mirror: &'static str,
    pub outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub behind: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'a str>,
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
    /// The answer to an event that the primary side has.
    fn new(event_id: &'a EventId, mode: EventSystemMode, primary: Side, timing: &Timing) -> Self {
        let milliseconds = |time: Duration| (time.as_secs_f64() * 1e6).round() / 1e3;
        Self {
            line: None,
            event_id: event_id.as_str(),
            mode: mode.to_string(),
            primary: primary.to_string(),
            position: None,
            already_stored: false,
            succeeded: true,
            handlers: Vec::new(),
            waited_ms: milliseconds(timing.waited),
            stored_ms: milliseconds(timing.stored),
            handled_ms: milliseconds(timing.handled),
            #[cfg(feature = "legacy")]
            legacy: None,
            #[cfg(feature = "legacy")]
            mirror: None,
        }
    }

    /// The answer to an event that the new side has, as primary.
    pub fn of_dispatched(mode: EventSystemMode, dispatched: &'a Dispatched) -> Self {
        let handlers = dispatched.handlers.iter().map(|(name, outcome)| HandlerLine::of(name, outcome));
        Self {
            position: Some(dispatched.position.get()),
            already_stored: dispatched.already_stored,
            succeeded: dispatched.succeeded(),
            handlers: handlers.collect(),
            ..Self::new(&dispatched.event_id, mode, Side::New, &dispatched.timing)
        }
    }

    /// The answer to an event that the legacy side has, as primary.
    #[cfg(feature = "legacy")]
    pub fn of_record(
        mode: EventSystemMode,
        event_id: &'a EventId,
        record: LegacyLine,
        timing: &Timing,
    ) -> Self {
        Self { legacy: Some(record), ..Self::new(event_id, mode, Side::Legacy, timing) }
    }

    /// The same, with what has become of the event on the other side.
    #[cfg(feature = "legacy")]
    #[must_use]
    pub fn mirrored(self, mirror: Option<MirrorLine<'a>>) -> Self {
        Self { mirror, ..self }
    }

    /// The same, as the answer to that line of the input.
    #[must_use]
    pub fn for_line(self, line: u64) -> Self {
        Self { line: Some(line), ..self }
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

/// The answer for people to an event that the new side has.
pub fn print_dispatched(dispatched: &Dispatched, out: &mut dyn Write) -> io::Result<()> {
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
