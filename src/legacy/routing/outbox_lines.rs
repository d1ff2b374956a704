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

/// What is known of the records of these lines. All records up to `known_end` are known, which is then that of the last line that
/// was written. Under the lock no line is in between: each was written or not.
pub(super) fn states_of(
    legacy: &dyn LegacyLog,
    lines: &[OutboxLine],
    known_end: &mut u64,
) -> Result<Vec<LineState>, MirrorError> {
    let log = legacy.lock()?;
    let mut states = Vec::with_capacity(lines.len());
    for line in lines {
        let state = if line.is_crossed_out {
            LineState::NotWritten
        } else if log.holds(&line.place)? {
            *known_end = line.place.end().max(*known_end);
            LineState::Written
        } else if log.end() <= line.place.offset || stands_in_its_place(&*log, &line.place, *known_end)? {
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
    known_end: u64,
) -> Result<bool, MirrorError> {
    let records = log.records_after(known_end, WALK)?.unwrap_or_default();
    Ok(records.iter().any(|record| record.place.offset == place.offset))
}
