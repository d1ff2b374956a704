//! Moves that are recorded as evidence.

use super::line::without_cr;
use super::log::{EvidenceError, EvidenceLog};
use super::moving::{MOVE, MoveEvidence, RecordedMove};
use super::recorded::EvidenceRecord;
use crate::application::clock::Clock;

/// Records a move, whatever its proof has found.
///
/// # Errors
/// As [`EvidenceLog::append`].
pub fn record_move(
    moved: RecordedMove,
    log: &dyn EvidenceLog,
    clock: &dyn Clock,
) -> Result<EvidenceRecord, EvidenceError> {
    log.append(&MoveEvidence::new(moved, clock.now()).into())
}

/// What was recorded last of a move of these two.
///
/// # Errors
/// The log could not be read.
pub fn last_move(
    log: &dyn EvidenceLog,
    source: &str,
    target: &str,
) -> Result<Option<RecordedMove>, EvidenceError> {
    let lines = log.lines()?.unwrap_or_default();
    let moves = lines.iter().rev().filter_map(|line| {
        let made: MoveEvidence = serde_json::from_slice(without_cr(line)).ok()?;
        (made.kind == MOVE).then_some(made.moved)
    });
    Ok(moves.into_iter().find(|moved| moved.source == source && moved.target == target))
}
