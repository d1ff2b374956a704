//! What is not decided is told.

use super::mirror_error::MirrorError;
use super::sides::RouterPorts;
use crate::application::mode_log::UndecidedRecord;

/// Records and logs something that only a power cut or another program can have made unknown.
pub(super) fn tell(
    ports: &RouterPorts,
    mirror: &str,
    event_id: Option<&str>,
    legacy_offset: Option<u64>,
    detail: String,
) -> Result<(), MirrorError> {
    match event_id {
        Some(event_id) => tracing::warn!("{mirror}: event {event_id}: {detail}"),
        None => tracing::warn!("{mirror}: {detail}"),
    }
    let record = UndecidedRecord {
        mirror: mirror.to_owned(),
        found_at: ports.clock.now(),
        event_id: event_id.map(str::to_owned),
        legacy_offset,
        detail,
    };
    Ok(ports.modes.add_undecided(&record)?)
}
