//! The record of a switch: how far each side was.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::outbox_tail::tell_records_without_line;
use super::routed::RouteError;
use super::sides::{Sides, within};
use crate::application::mode_log::ModeChange;
use crate::domain::error_chain::error_chain;
use crate::domain::event_system_mode::{Routing, Side};
use crate::domain::value_objects::{Position, StreamId};

/// How long a primary may take to say how far it is.
const PATIENCE: Duration = Duration::from_secs(15);

type Heads = Vec<(StreamId, Position)>;

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Recorded {
    /// The last switch led there.
    Stands,
    /// The side that is no longer primary cannot say how far it is: it is recorded once it can. Until then it is given no events.
    Later,
}

/// Records that events go where `to` says from now on, if the last switch led anywhere else. No event is being routed meanwhile.
///
/// The primary has to answer how far it is. The other side is asked for at most `limit`: it may hang, or be gone, which keeps no mode
/// from being on.
pub(super) fn record(
    sides: &Arc<Sides>,
    to: &Routing,
    at: DateTime<Utc>,
    limit: Duration,
) -> Result<Recorded, RouteError> {
    let modes = &sides.ports.modes;
    let last = modes.changes()?.last().cloned();
    if let Some(last) = last.clone().filter(|last| last.to.mirrors_to_new()) {
        tell_tail(sides, last, limit);
    }
    let from = last.map(|last| last.to);
    if from.as_ref() == Some(to) {
        return Ok(Recorded::Stands);
    }
    let is_used = |side| to.uses(side) || from.as_ref().is_some_and(|from| from.uses(side));
    let heads = match (is_used(Side::New), to.answers(Side::New)) {
        (false, _) => Some(Vec::new()),
        (true, true) => Some(asked_of_primary(sides, Side::New, heads)?),
        (true, false) => asked(sides, limit, Side::New, heads),
    };
    let heads = match heads {
        Some(heads) => heads,
        // The end of what is to be mirrored is not known without.
        None if from.as_ref().is_some_and(Routing::mirrors_to_legacy) => return Ok(Recorded::Later),
        None => Vec::new(),
    };
    let legacy_end = match (is_used(Side::Legacy), to.answers(Side::Legacy)) {
        (false, _) => None,
        (true, true) => Some(asked_of_primary(sides, Side::Legacy, legacy_end)?),
        (true, false) => asked(sides, limit, Side::Legacy, legacy_end),
    };
    modes.add_change(&ModeChange { at, from, to: to.clone(), heads, legacy_end })?;
    Ok(Recorded::Stands)
}

fn heads(sides: &Sides) -> Result<Heads, RouteError> {
    let streams = sides.new_side()?.events.streams()?;
    Ok(streams.into_iter().map(|stream| (stream.id, stream.head)).collect())
}

fn legacy_end(sides: &Sides) -> Result<u64, RouteError> {
    let log = sides.legacy_log()?.lock();
    Ok(log.map_err(|source| RouteError::Side { side: Side::Legacy, source: Box::new(source) })?.end())
}

/// Asks a side that is primary for events, which has to answer.
fn asked_of_primary<T: Send + 'static>(
    sides: &Arc<Sides>,
    side: Side,
    ask: fn(&Sides) -> Result<T, RouteError>,
) -> Result<T, RouteError> {
    let shared = Arc::clone(sides);
    let answer = within(PATIENCE, move || ask(&shared));
    answer.unwrap_or(Err(RouteError::NoAnswer { side, waited: PATIENCE }))
}

/// Asks the side that is not primary.
fn asked<T: Send + 'static>(
    sides: &Arc<Sides>,
    limit: Duration,
    side: Side,
    ask: fn(&Sides) -> Result<T, RouteError>,
) -> Option<T> {
    let shared = Arc::clone(sides);
    match within(limit, move || ask(&shared)) {
        Some(Ok(answer)) => Some(answer),
        Some(Err(error)) => {
            tracing::warn!("the {side} side cannot say how far it is: {}", error_chain(&error));
            None
        }
        None => {
            tracing::warn!("the {side} side did not say within {limit:?} how far it is");
            None
        }
    }
}

/// It keeps no mode from being on.
fn tell_tail(sides: &Arc<Sides>, last: ModeChange, limit: Duration) {
    let shared = Arc::clone(sides);
    match within(limit, move || tell_records_without_line(&shared, &last)) {
        Some(Ok(())) => {}
        Some(Err(error)) => {
            tracing::warn!(
                "the end of the outbox could not be compared with the legacy log: {}",
                error_chain(&error)
            );
        }
        None => {
            tracing::warn!("the end of the outbox could not be compared with the legacy log within {limit:?}")
        }
    }
}
