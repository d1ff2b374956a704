//! Records of the legacy log after the last line of the outbox: a power cut can have taken their lines.

use super::legacy_records::{Next, RecordsAfter};
use super::log_progress::{IntendedRecord, LEGACY_MIRROR, LogProgress};
use super::mirror_error::MirrorError;
use super::mirror_store::MirrorStore;
use super::outbox_progress::NEW_MIRROR;
use super::ports::LegacyLog;
use super::sides::Sides;
use super::undecided::tell;
use crate::application::mode_log::ModeChange;
use crate::domain::event_system_mode::Routing;
use crate::domain::recorded_fields::RecordedFields;

/// So many records are told at most.
const TOLD: usize = 256;

const DETAIL: &str = "it stands in the legacy log and has no line in the outbox, which a power cut can have taken; or queue_event, or another \
                      program, has written it: it is not brought to the new side, and compare-logs shows whether it is missing there";

/// Tells the records that were appended in the mode of the last switch, in which each has a line, after the last line. It is asked
/// before anything is appended: a line that comes later hides them.
pub(super) fn tell_records_without_line(sides: &Sides, last_change: &ModeChange) -> Result<(), MirrorError> {
    let legacy = &**sides.legacy_log()?;
    let Some(tail) = Tail::of(sides, legacy)? else { return Ok(()) };
    let Some(from) = tail.line_end.max(last_change.legacy_end).max(tail.mirrored_end) else { return Ok(()) };
    let mut records = RecordsAfter::new(legacy, from);
    for _ in 0..TOLD {
        let Next::Record(record) = records.next()? else { break };
        // What has been appended since has its line.
        if record.place.offset >= tail.end {
            break;
        }
        let is_intended = tail.intended.iter().any(|intended| intended.is(&record.place));
        if !is_intended && is_mirrored(&last_change.to, &record.text) {
            tell(&sides.ports, NEW_MIRROR, None, Some(record.place.offset), DETAIL.to_owned())?;
        }
    }
    Ok(())
}

/// The end of the legacy log and what is known of it, at one moment.
struct Tail {
    end: u64,
    /// Where the record of the last line ends, where there is a line.
    line_end: Option<u64>,
    /// A record that the mirror to the legacy side has written, or was about to write, needs no line.
    mirrored_end: Option<u64>,
    intended: Vec<IntendedRecord>,
}

impl Tail {
    /// `None` where the record of the last line was never written: nothing is known then. All of it is read under the lock, under which both
    /// mirrors and the primary write: this is asked in a thread of its own, which may come to it late.
    fn of(sides: &Sides, legacy: &dyn LegacyLog) -> Result<Option<Self>, MirrorError> {
        let log = legacy.lock()?;
        let line_end = match sides.ports.outbox.last()? {
            None => None,
            Some(line) if log.holds(&line.place)? => Some(line.place.end()),
            Some(_) => return Ok(None),
        };
        let mut progress = MirrorStore::new(LEGACY_MIRROR).progress(&*sides.ports.handlers)?;
        let mirrored = LogProgress::take(&mut progress)?;
        let mirrored_end = mirrored.as_ref().map(|log| log.end);
        let intended = mirrored.and_then(|log| log.intent).map(|intent| intent.records).unwrap_or_default();
        Ok(Some(Self { end: log.end(), line_end, mirrored_end, intended }))
    }
}

fn is_mirrored(routing: &Routing, record: &str) -> bool {
    let event_type = RecordedFields::of_json(record).text("type").unwrap_or_default().into_owned();
    routing.route(&event_type).is_mirrored
}
