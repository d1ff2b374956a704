//! A rehearsal that is recorded as evidence.

use super::log::{EvidenceError, EvidenceLog};
use super::recorded::EvidenceRecord;
use super::rehearsal::{Rehearsal, RehearsalEvidence, RehearsalFindings};
use crate::application::clock::Clock;

/// Records what a rehearsal came to, whatever that is. It ended now, by `clock`.
///
/// # Errors
/// As [`EvidenceLog::append`].
pub fn record_rehearsal(
    rehearsal: Rehearsal,
    findings: RehearsalFindings,
    log: &dyn EvidenceLog,
    clock: &dyn Clock,
) -> Result<EvidenceRecord, EvidenceError> {
    let tool_version = env!("CARGO_PKG_VERSION").to_owned();
    log.append(&RehearsalEvidence { rehearsal, recorded_at: clock.now(), tool_version, findings }.into())
}
