//! What is known of each handler, for a list of them.

use chrono::{DateTime, Utc};

use super::anchor::Anchor;
use super::error::HandlingError;
use super::failure::Failure;
use super::parts::HandlingParts;
use super::registration::{EventTypes, HandlerKind, Registration, StartFrom};
use super::start::other_version;
use super::store::{HandlerRow, HandlerState, HandlerView, OpenFailures, StreamProgress};
use crate::domain::repository::{RepositoryError, Stream};
use crate::domain::value_objects::StreamId;

/// So many events after the progress are read to count those that concern a handler.
const COUNTED: usize = 10_000;

/// A handler, and how it is.
#[derive(Debug, Clone, PartialEq)]
pub struct HandlerStatus {
    /// Its name.
    pub name: String,
    /// What it changes.
    pub kind: HandlerKind,
    /// The types of its events; `None` where only the handler store knows it: it is not registered now.
    pub event_types: Option<EventTypes>,
    /// How many events it has handled, those of replays included.
    pub handled: u64,
    /// How many events after its progress it is to be given.
    pub behind: Behind,
    /// Its open failures.
    pub open: OpenFailures,
    /// Whether it runs; `None` where it was never run.
    pub state: Option<HandlerState>,
    /// Why it is in that state, or why it cannot go on: that it is ahead of the event store.
    pub reason: Option<String>,
    /// Whether its progress is not of this event store.
    pub is_ahead: bool,
    /// The failure that is tried again first, and when.
    pub next_retry: Option<Failure>,
}

/// How many events a handler has not handled. Of a handler that is not registered now, events of all types count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Behind {
    /// So many.
    pub events: u64,
    /// Whether there may be more: after 10,000 events were read, no further ones are counted.
    pub is_at_least: bool,
    /// When the earliest of them occurred; not known of mirrors.
    pub earliest: Option<DateTime<Utc>>,
}

/// The status of a handler that is registered, known to the handler store, or both.
pub(super) fn status(
    parts: &HandlingParts,
    view: &mut dyn HandlerView,
    streams: &[Stream],
    name: &str,
    registration: Option<&Registration>,
) -> Result<Option<HandlerStatus>, HandlingError> {
    let row = view.handler(name)?;
    let Some(kind) = registration.map(|registration| registration.kind).or(row.as_ref().map(|row| row.kind))
    else {
        return Ok(None);
    };
    let progress = view.progress(name)?;
    let behind = match (&row, registration) {
        // It begins with the next event.
        (None, Some(registration)) if registration.start == StartFrom::Now => Behind::default(),
        _ => behind(parts, registration, &progress, streams)?,
    };
    let (state, mut reason) = state_and_reason(row, registration);
    let ahead = ahead(parts, registration, progress, streams)?;
    let is_ahead = ahead.is_some() && state != Some(HandlerState::ReplayNeeded);
    if is_ahead {
        reason = ahead;
    }
    Ok(Some(HandlerStatus {
        name: name.to_owned(),
        kind,
        event_types: registration.map(|registration| registration.event_types.clone()),
        handled: view.events_handled(name)?,
        behind,
        open: view.open_failures(name)?,
        state,
        reason,
        is_ahead,
        next_retry: view.next_retry(name)?,
    }))
}

fn state_and_reason(
    row: Option<HandlerRow>,
    registration: Option<&Registration>,
) -> (Option<HandlerState>, Option<String>) {
    let Some(row) = row else { return (None, None) };
    match registration {
        Some(registration)
            if row.state == HandlerState::Running
                && row.kind == HandlerKind::Projection
                && row.version != registration.version =>
        {
            (Some(HandlerState::ReplayNeeded), Some(other_version(&row, registration)))
        }
        _ => (Some(row.state), row.state_reason),
    }
}

fn ahead(
    parts: &HandlingParts,
    registration: Option<&Registration>,
    progress: Vec<StreamProgress>,
    streams: &[Stream],
) -> Result<Option<String>, RepositoryError> {
    let Some(registration) = registration else { return Ok(None) };
    let read: Vec<(StreamId, Anchor)> =
        progress.into_iter().map(|found| (found.stream.clone(), Anchor::from(found))).collect();
    let read: Vec<_> = read.iter().map(|(stream, anchor)| (stream, anchor)).collect();
    match parts.check_not_ahead(registration, &read, streams) {
        Ok(()) => Ok(None),
        Err(HandlingError::Events(error)) => Err(error),
        Err(error) => Ok(Some(error.to_string())),
    }
}

/// Counts by reading: positions say nothing of types, and in a store of files not even how many events there are. What has progress
/// elsewhere alone, as a mirror that reads an outbox, is not given events of the store.
fn behind(
    parts: &HandlingParts,
    registration: Option<&Registration>,
    progress: &[StreamProgress],
    streams: &[Stream],
) -> Result<Behind, RepositoryError> {
    let (mut behind, mut read) = (Behind::default(), 0);
    let is_known = |found: &StreamProgress| streams.iter().any(|stream| stream.id == found.stream);
    if registration.is_none() && !progress.is_empty() && !progress.iter().any(is_known) {
        return Ok(behind);
    }
    for stream in streams {
        let mut after = progress.iter().find(|found| found.stream == stream.id).map(|found| found.position);
        while after.is_none_or(|after| after < stream.head) {
            if read >= COUNTED {
                behind.is_at_least = true;
                return Ok(behind);
            }
            let page = parts.events.after(&stream.id, after, parts.page)?;
            let Some(last) = page.last() else { break };
            (read, after) = (read + page.len(), Some(last.position));
            let concerned = page
                .iter()
                .filter(|event| registration.is_none_or(|known| known.concerns(&stream.id, event)));
            for event in concerned {
                let at = event.event.timestamp();
                behind.events += 1;
                behind.earliest = Some(behind.earliest.map_or(at, |earliest| earliest.min(at)));
            }
        }
    }
    Ok(behind)
}
