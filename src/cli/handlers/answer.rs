//! What `handlers` answers to programs; the keys are stable.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::application::handling::failure::Failure;
use crate::application::handling::operations::Retried;
use crate::application::handling::replay::Replayed;
use crate::application::handling::{EventTypes, HandlerKind, HandlerStatus};
use crate::domain::counted::counted;
use crate::domain::event::format_timestamp;
use crate::domain::value_objects::EventId;

/// The handlers.
#[derive(Debug, Serialize)]
pub struct HandlerList {
    pub handlers: Vec<HandlerEntry>,
}

/// A handler.
#[derive(Debug, Serialize)]
pub struct HandlerEntry {
    pub handler: String,
    pub kind: &'static str,
    /// Names, or `["*"]` where it is given every type; `null` where it is not registered now.
    pub event_types: Option<Vec<String>>,
    pub handled: u64,
    /// How many events it is still to be given.
    pub behind: u64,
    /// Whether there may be more: no further ones were counted.
    pub behind_is_at_least: bool,
    pub retrying: u64,
    pub parked: u64,
    pub waiting: u64,
    pub state: String,
    pub reason: Option<String>,
    /// When the next event is tried again.
    pub next_attempt: Option<String>,
    /// The last error of that event.
    pub error: Option<String>,
}

impl HandlerList {
    /// The list in that order.
    pub fn of(statuses: &[HandlerStatus]) -> Self {
        Self { handlers: statuses.iter().map(HandlerEntry::from).collect() }
    }

    /// What an operator has to look after: a sentence each.
    pub fn findings(&self, behind_warn: u64) -> Vec<String> {
        let mut findings = Vec::new();
        for handler in &self.handlers {
            let name = &handler.handler;
            if handler.parked > 0 {
                let parked = events(handler.parked);
                findings.push(format!("{name} has parked {parked}: `handlers failures {name}` says why"));
            }
            if !matches!(handler.state.as_str(), "running" | "never run") {
                let state = &handler.state;
                let reason = handler.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
                findings.push(format!("{name} does not run, it is {state}{reason}"));
            }
            if handler.behind > behind_warn {
                let behind = events(handler.behind);
                findings.push(format!("{name} is {behind} behind: `handlers run` handles what is left"));
            }
        }
        findings
    }
}

impl From<&HandlerStatus> for HandlerEntry {
    fn from(status: &HandlerStatus) -> Self {
        let state = match status.state {
            _ if status.is_ahead => "ahead",
            Some(state) => state.as_str(),
            None => "never run",
        };
        let next = status.next_retry.as_ref();
        Self {
            handler: status.name.clone(),
            kind: match status.kind {
                HandlerKind::Projection => "projection",
                HandlerKind::Effect => "effect",
            },
            event_types: status.event_types.as_ref().map(|event_types| match event_types {
                EventTypes::All => vec!["*".to_owned()],
                EventTypes::Named(names) => names.iter().cloned().collect(),
            }),
            handled: status.handled,
            behind: status.behind.events,
            behind_is_at_least: status.behind.is_at_least,
            retrying: status.open.retrying,
            parked: status.open.parked,
            waiting: status.open.waiting,
            state: state.to_owned(),
            reason: status.reason.clone(),
            next_attempt: next.and_then(|failure| failure.next_attempt_at).map(format_timestamp),
            error: next.and_then(|failure| failure.error.clone()),
        }
    }
}

/// So many events, in words.
pub fn events(count: u64) -> String {
    counted(count, "event", "events")
}

/// What a command has changed.
#[derive(Debug, Default, Serialize)]
pub struct Changed {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handler: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handled: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<u64>,
    /// The same as a sentence.
    pub said: String,
}

impl Changed {
    /// After a retry.
    pub fn of_retry(handler: String, retried: Retried) -> Self {
        let open = retried.open.retrying + retried.open.parked + retried.open.waiting;
        let said = match retried {
            Retried { is_left: true, .. } => {
                format!("{handler} does not run here: what has failed is tried as soon as it runs")
            }
            Retried { handled, .. } => format!("{handler}: {handled} handled, {open} still open"),
        };
        Self { handler: Some(handler), handled: Some(retried.handled), open: Some(open), said, failed: None }
    }

    /// After an event was left out.
    pub fn of_skip(handler: String, event: &EventId, retried: Retried) -> Self {
        let open = retried.open.retrying + retried.open.parked + retried.open.waiting;
        let waited = retried.handled.saturating_sub(1);
        let said = format!(
            "{handler}: {event} is left out; {waited} that waited for it are handled, {open} still open"
        );
        Self { handler: Some(handler), handled: Some(waited), open: Some(open), said, failed: None }
    }

    /// After a replay, or the beginning of one.
    pub fn of_replay(handler: String, replayed: Replayed, is_given_up: bool) -> Self {
        let Replayed { events, handled, failed } = replayed;
        let said = if is_given_up {
            format!("{handler}: the replay was given up, and the read models are those of before")
        } else {
            format!(
                "{handler}: {} read, {handled} handled, {failed} failed",
                counted(events, "event", "events")
            )
        };
        Self { handler: Some(handler), handled: Some(handled), failed: Some(failed), said, open: None }
    }
}

/// The events that a handler has not handled.
#[derive(Debug, Serialize)]
pub struct FailureList {
    pub handler: String,
    pub failures: Vec<FailureEntry>,
}

/// An event that a handler has not handled, or had not.
#[derive(Debug, Serialize)]
pub struct FailureEntry {
    pub position: i64,
    pub stream: String,
    pub event_id: String,
    pub event_type: String,
    pub aggregate_id: Option<String>,
    pub state: &'static str,
    pub attempts: u32,
    pub next_attempt: Option<String>,
    pub first_failed_at: Option<String>,
    pub last_failed_at: Option<String>,
    pub error: Option<String>,
    pub resolved_at: Option<String>,
    pub resolved_by: Option<String>,
}

impl From<&Failure> for FailureEntry {
    fn from(failure: &Failure) -> Self {
        let time = |time: Option<DateTime<Utc>>| time.map(format_timestamp);
        Self {
            position: failure.position.get(),
            stream: failure.stream.to_string(),
            event_id: failure.event_id.to_string(),
            event_type: failure.event_type.clone(),
            aggregate_id: failure.aggregate_id.as_ref().map(ToString::to_string),
            state: failure.state.as_str(),
            attempts: failure.attempts,
            next_attempt: time(failure.next_attempt_at),
            first_failed_at: time(failure.first_failed_at),
            last_failed_at: time(failure.last_failed_at),
            error: failure.error.clone(),
            resolved_at: time(failure.resolved_at),
            resolved_by: failure.resolved_by.clone(),
        }
    }
}
