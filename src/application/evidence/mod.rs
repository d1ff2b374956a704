//! Recorded evidence: what comparisons, rehearsals and verifications found and which backups were made, in a log whose lines are chained by their hashes.
//!
//! One line is one JSON object ([`EvidenceRecord`]). It holds the SHA-256 of the line before it, so
//! that a line that was altered, removed, added or moved later shows ([`Chain`]). What a chain cannot
//! show is that its end was cut off, or that all of it was written anew: the hash of the last line,
//! noted elsewhere, shows both.

mod backup;
mod chain;
mod clock_evidence;
mod inputs;
mod line;
mod log;
mod moving;
mod of_comparison;
pub mod record;
mod recorded;
mod recorded_backup;
mod recorded_comparison;
#[cfg(feature = "postgres")]
mod recorded_move;
mod recorded_rehearsal;
mod rehearsal;
mod timestamp;
mod verification;

#[cfg(test)]
pub use backup::VerificationEvidence;
pub use backup::{RecordedBackup, RecordedVerification, VerifiedBackup};
#[cfg(any(test, feature = "internals"))]
pub use chain::FaultKind;
pub use chain::{Chain, ChainedRecord, Converted, Fault, NO_PREVIOUS, TornLine, is_torn, line_hash};
pub use inputs::{
    CheckedInput, EvidenceInputs, FileContent, InputKind, InputState, StoreContent, check_inputs,
};
pub use line::{Line, UTF_8_BOM, length_without_blank_end, without_cr};
pub use log::{EvidenceError, EvidenceLog};
pub use moving::RecordedMove;
#[cfg(feature = "postgres")]
pub use moving::{MovedRange, MovedRows, MovedTable};
pub use of_comparison::of_comparison;
pub use record::ComparisonEvidence;
pub use recorded::{Evidence, EvidenceRecord, UnknownEvidence};
pub use recorded_backup::{record_backup, record_verification};
pub use recorded_comparison::{EvidencePorts, RecordedComparison, Recording, compare_and_record};
#[cfg(feature = "postgres")]
pub use recorded_move::{last_move, record_move};
pub use recorded_rehearsal::record_rehearsal;
pub use rehearsal::{Rehearsal, RehearsalEvidence, RehearsalFindings};
pub use verification::Verification;
