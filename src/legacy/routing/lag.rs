//! How many events the mirrors have still to bring to the other side.

use std::collections::BTreeMap;

use super::intervals::Intervals;
use super::legacy_pages::LegacyPage;
use super::log_progress::{LEGACY_MIRROR, LogProgress};
use super::mirror_error::MirrorError;
use super::mirror_store::MirrorStore;
use super::outbox_progress::{BroughtEvents, NEW_MIRROR, OutboxProgress};
use super::ports::Outbox;
use crate::application::handling::Behind;
use crate::application::handling::store::HandlerStore;
use crate::application::mode_log::ModeLog;
use crate::domain::repository::{EventRepository, Stream};
use crate::domain::value_objects::{Position, StreamId};

/// So many events are read to count those that are to be mirrored.
const READ: usize = 10_000;

/// How far each mirror is behind, by its name: events of the new side that the legacy one is to have, and lines of the outbox.
///
/// # Errors
/// One of these cannot be read.
pub fn mirror_lags(
    events: &dyn EventRepository,
    handlers: &dyn HandlerStore,
    modes: &dyn ModeLog,
    outbox: &dyn Outbox,
) -> Result<[(&'static str, Behind); 2], MirrorError> {
    let mut store = MirrorStore::new(LEGACY_MIRROR);
    let mut progress = store.progress(handlers)?;
    LogProgress::take(&mut progress)?;
    let passed = OutboxProgress::of(&store.progress_of(handlers, NEW_MIRROR)?)?;
    let legacy = LegacyLag {
        events,
        intervals: &Intervals::of(&modes.changes()?),
        brought: &passed.brought,
        streams: &events.streams()?,
        mirrored: &progress.into_iter().map(|row| (row.stream, row.position)).collect(),
    };
    let lines = passed.left(outbox.head()?);
    Ok([(LEGACY_MIRROR, legacy.count()?), (NEW_MIRROR, Behind { events: lines, ..Behind::default() })])
}

/// What the mirror to the legacy side has still to bring there.
pub(super) struct LegacyLag<'m> {
    pub events: &'m dyn EventRepository,
    pub intervals: &'m Intervals,
    pub brought: &'m BroughtEvents,
    pub streams: &'m [Stream],
    pub mirrored: &'m BTreeMap<StreamId, Position>,
}

impl LegacyLag<'_> {
    /// Counts it by reading: neither imported events are counted nor those that came from the legacy side.
    pub fn count(&self) -> Result<Behind, MirrorError> {
        let (mut behind, mut read) = (Behind::default(), 0);
        for stream in self.streams {
            let mut mirrored = self.mirrored.get(&stream.id).copied();
            while let Some(mut page) = LegacyPage::read(self.events, self.intervals, stream, mirrored)? {
                if read >= READ {
                    return Ok(Behind { is_at_least: true, ..behind });
                }
                read += page.events.len();
                mirrored = Some(page.read.0);
                page.keep_mirrored(self.brought);
                behind.events += page.events.len() as u64;
            }
        }
        Ok(behind)
    }
}
