//! Where a handler begins: its row and first progress in the handler store.

use chrono::{DateTime, Utc};

use super::anchor::Anchor;
use super::error::HandlingError;
use super::parts::HandlingParts;
use super::registration::{HandlerKind, Registration, StartFrom};
use super::store::{HandlerRow, HandlerSession, HandlerState, HandlerTransaction, StreamProgress};
use crate::domain::value_objects::StreamId;

/// Makes a handler known to the handler store, and checks that its progress is of this event store.
///
/// # Errors
/// A store cannot be read or written, the name is of a handler of the other kind, or the handler is ahead.
pub(super) fn enter(
    parts: &HandlingParts,
    session: &mut dyn HandlerSession,
    registration: &Registration,
) -> Result<(), HandlingError> {
    let name = registration.handler.name();
    // Known handlers need no transaction that writes: another process may hold the only one for long.
    let known = session.snapshot()?.handler(name)?;
    if known.is_none_or(|row| row.version != registration.version || row.kind != registration.kind) {
        let mut transaction = session.begin()?;
        put(parts, &mut *transaction, registration)?;
        transaction.commit()?;
    }
    let mut view = session.snapshot()?;
    if view.handler(name)?.is_some_and(|row| row.state == HandlerState::ReplayNeeded) {
        // Its progress is made anew as well.
        return Ok(());
    }
    let progress: Vec<(StreamId, Anchor)> =
        view.progress(name)?.into_iter().map(|found| (found.stream.clone(), Anchor::from(found))).collect();
    drop(view);
    let read: Vec<_> = progress.iter().map(|(stream, anchor)| (stream, anchor)).collect();
    parts.check_not_ahead(registration, &read, &parts.events.streams()?)
}

fn put(
    parts: &HandlingParts,
    transaction: &mut dyn HandlerTransaction,
    registration: &Registration,
) -> Result<(), HandlingError> {
    let name = registration.handler.name();
    let now = parts.clock.now();
    let row = match transaction.handler(name)? {
        None => {
            put_start(parts, transaction, registration, now)?;
            return Ok(());
        }
        Some(row) if row.kind != registration.kind => {
            return Err(HandlingError::NameTaken { name: name.to_owned(), taken_by: known_as(row.kind) });
        }
        Some(row) if row.version == registration.version => return Ok(()),
        Some(row) => row,
    };
    let row = match (registration.kind, row.state) {
        // It has no read models that could be of another version.
        (HandlerKind::Effect, _) => HandlerRow { version: registration.version, ..row },
        // It is replayed when it is resumed.
        (HandlerKind::Projection, HandlerState::Paused) => row,
        (HandlerKind::Projection, _) => {
            let reason = other_version(&row, registration);
            tracing::info!("{name} needs a replay: {reason}");
            HandlerRow { state: HandlerState::ReplayNeeded, state_reason: Some(reason), ..row }
        }
    };
    Ok(transaction.put_handler(&row)?)
}

fn put_start(
    parts: &HandlingParts,
    transaction: &mut dyn HandlerTransaction,
    registration: &Registration,
    now: DateTime<Utc>,
) -> Result<(), HandlingError> {
    let name = registration.handler.name();
    transaction.put_handler(&HandlerRow {
        name: name.to_owned(),
        kind: registration.kind,
        version: registration.version,
        state: HandlerState::Running,
        state_reason: None,
        created_at: now,
    })?;
    put_progress_up_to(parts, transaction, name, registration.start, now)
}

fn known_as(kind: HandlerKind) -> &'static str {
    match kind {
        HandlerKind::Projection => "known as a projection",
        HandlerKind::Effect => "known as an effect",
    }
}

/// Why read models of another version need a replay.
pub(super) fn other_version(row: &HandlerRow, registration: &Registration) -> String {
    format!(
        "its read models are of version {}, and the program's of version {}",
        row.version, registration.version
    )
}

/// Sets the progress so that the handler goes on from `start`.
pub(super) fn put_progress_up_to(
    parts: &HandlingParts,
    transaction: &mut dyn HandlerTransaction,
    name: &str,
    start: StartFrom,
    now: DateTime<Utc>,
) -> Result<(), HandlingError> {
    if start == StartFrom::Beginning {
        return Ok(());
    }
    for stream in parts.events.streams()? {
        let up_to = match start {
            StartFrom::After(position) => stream.head.min(position),
            StartFrom::Beginning | StartFrom::Now => stream.head,
        };
        if let Some(Anchor { position, event_id }) = parts.events.last_up_to(&stream.id, up_to, parts.page)? {
            let progress =
                StreamProgress { stream: stream.id, position, event_id, updated_at: now, detail: None };
            transaction.put_progress(name, &progress)?;
        }
    }
    Ok(())
}
