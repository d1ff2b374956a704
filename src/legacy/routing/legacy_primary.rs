//! The legacy side as primary: an event is appended to the legacy log, after a line in the outbox where it is mirrored.

use super::legacy_records::record_of;
use super::outbox_progress::NEW_MIRROR;
use super::ports::{LegacyLog, LegacyPlace, LegacySideError};
use super::routed::RouteError;
use super::sides::Sides;
use super::undecided::tell;
use crate::domain::error_chain::error_chain;
use crate::domain::event::DomainEvent;

/// A record that was appended.
pub(super) struct AppendedRecord {
    pub place: LegacyPlace,
    pub line: Line,
}

/// Its line in the outbox.
pub(super) enum Line {
    /// It needs none.
    None,
    /// It has this one.
    Number(u64),
    /// It has none, for this reason: the mirror will not bring it to the new side.
    NotNoted(String),
}

/// Appends an event, durably. The outbox never keeps it from that: where a line cannot be written, that is told.
pub(super) fn append(
    sides: &Sides,
    event: &DomainEvent,
    is_mirrored: bool,
) -> Result<AppendedRecord, RouteError> {
    let record = [record_of(event, &sides.ports.zone).map_err(|error| RouteError::Shape(Box::new(error)))?];
    let legacy = &**sides.legacy_log()?;
    let mut log = legacy.lock().map_err(RouteError::Legacy)?;
    let place = log.plan(&record).and_then(|places| places.first().copied().ok_or_else(no_place));
    let place = place.map_err(|error| RouteError::Shape(Box::new(error)))?;
    let line = if is_mirrored {
        match sides.ports.outbox.append(event.body(), &place) {
            Ok(number) => Line::Number(number),
            Err(error) => Line::NotNoted(error_chain(&error)),
        }
    } else {
        Line::None
    };
    if let Err(error) = log.write() {
        if let Line::Number(number) = line {
            cross_out(sides, legacy, number, &place);
        }
        return Err(RouteError::Legacy(error));
    }
    if let Line::NotNoted(reason) = &line {
        let detail = format!(
            "it was written to the legacy log, and could not be noted in the outbox ({reason}): the mirror does not bring it to the new \
             side; dispatch it again with its id once the new side is primary, or import the legacy log"
        );
        let event_id = Some(event.event_id().as_str());
        if let Err(error) = tell(&sides.ports, NEW_MIRROR, event_id, Some(place.offset), detail) {
            tracing::error!("that could not be recorded: {}", error_chain(&error));
        }
    }
    Ok(AppendedRecord { place, line })
}

/// Crosses out the line of a record that was not written. Where that fails, or is not known, the mirror looks whether the record
/// stands there.
fn cross_out(sides: &Sides, legacy: &dyn LegacyLog, number: u64, place: &LegacyPlace) {
    let crossed_out = legacy
        .lock()
        .and_then(|log| if log.holds(place)? { Ok(()) } else { sides.ports.outbox.cross_out(number) });
    if let Err(error) = crossed_out {
        tracing::debug!("line {number} of the outbox could not be crossed out: {}", error_chain(&error));
    }
}

fn no_place() -> LegacySideError {
    LegacySideError(Box::from("the legacy log planned no place for a record"))
}
