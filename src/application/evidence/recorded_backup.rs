//! Backups and verifications that are recorded as evidence.

use super::backup::{BackupEvidence, RecordedBackup, RecordedVerification, VerificationEvidence};
use super::log::{EvidenceError, EvidenceLog};
use super::recorded::EvidenceRecord;
use crate::application::clock::Clock;

/// Records that a backup was made.
///
/// # Errors
/// As [`EvidenceLog::append`].
pub fn record_backup(
    backup: RecordedBackup,
    log: &dyn EvidenceLog,
    clock: &dyn Clock,
) -> Result<EvidenceRecord, EvidenceError> {
    log.append(&BackupEvidence::new(backup, clock.now()).into())
}

/// Records a verification, whatever came of it.
///
/// # Errors
/// As [`EvidenceLog::append`].
pub fn record_verification(
    verified: RecordedVerification,
    log: &dyn EvidenceLog,
    clock: &dyn Clock,
) -> Result<EvidenceRecord, EvidenceError> {
    log.append(&VerificationEvidence::new(verified, clock.now()).into())
}
