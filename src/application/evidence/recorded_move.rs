//! Moves that are recorded as evidence.

use super::log::{EvidenceError, EvidenceLog};
use super::moving::{MoveEvidence, RecordedMove};
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
