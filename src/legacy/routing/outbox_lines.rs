//! Which lines of the outbox were written to the legacy log.

use super::mirror_error::MirrorError;
use super::ports::{LegacyLog, LegacyPlace, LockedLegacyLog, OutboxLine};

/// So many records are read to find what stands in the place of a line's.
const WALK: usize = 1_024;

/// What is known of the record of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineState {
    /// It stands there.
    Written,
    /// It was never written: the append failed, or the process was killed before it.
    NotWritten,
    /// Another program has changed the log since.
    Undecided,
}

/// What is known of the records of these lines, which come one after the other; `ends` are ends of records of the log. Under the lock no
/// line is in between: each was written or not.
pub(super) fn states_of(
    legacy: &dyn LegacyLog,
    lines: &[OutboxLine],
    mut ends: Vec<u64>,
) -> Result<Vec<LineState>, MirrorError> {
    let log = legacy.lock()?;
    let mut states = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        let (place, next) = (&line.place, lines.get(index + 1).map(|next| &next.place));
        // What stands there was planned later, be it of the same text.
        let is_planned_again = next.is_some_and(|next| next.offset == place.offset);
        // Where a line follows, the log was shortened by another program since.
        let ends_before = next.is_none() && log.end() <= place.offset;
        let state = if line.is_crossed_out || is_planned_again {
            LineState::NotWritten
        } else if log.holds(place)? {
            ends.push(place.end());
            LineState::Written
        } else if ends_before || stands_in_its_place(&*log, place, &ends)? {
            LineState::NotWritten
        } else {
            LineState::Undecided
        };
        states.push(state);
    }
    Ok(states)
}

/// Whether another record begins where that of a line was to begin: it was appended there, after the line's own was not.
fn stands_in_its_place(
    log: &dyn LockedLegacyLog,
    place: &LegacyPlace,
    ends: &[u64],
) -> Result<bool, MirrorError> {
    let Some(end) = ends.iter().copied().filter(|end| *end <= place.offset).max() else { return Ok(false) };
    let records = log.records_after(end, WALK)?.unwrap_or_default();
    Ok(records.iter().any(|record| record.place.offset == place.offset))
}
