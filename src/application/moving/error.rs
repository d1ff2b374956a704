//! Why a store was not moved.

use thiserror::Error;

use super::difference::TableDifference;
use crate::application::compare::feed::CompareError;
use crate::application::evidence::EvidenceError;
use crate::domain::repository::RepositoryError;

/// Why a store was not moved. The source is the store, as before, and takes events.
#[derive(Debug, Error)]
pub enum MoveError {
    /// The two cannot be source and target of a move.
    #[error("{0}")]
    Refused(String),
    /// The answer is no.
    #[error("{0}")]
    Negative(String),
    /// The target is not what the source is.
    #[error(
        "the target is not what the source is: {difference}. Nothing was cut over, and the source is the store as before; remove the target \
         (DROP SCHEMA ... CASCADE, or its file) and move again"
    )]
    Different {
        /// The first difference.
        difference: TableDifference,
    },
    /// The source got rows while the target became the store.
    #[error(
        "{target} is the store now, and {old} has got events or logs from an import of an earlier version since, which {target} does not \
         have: take the cut-over back with `move --undo` before anything is appended to {target}, and cut over again"
    )]
    Late {
        /// Where they are.
        old: String,
        /// Where they are not.
        target: String,
    },
    /// The digests say that both are the same, and another part of the proof that they are not.
    #[error("the digests of all rows are the same, and {0}: one of the two is wrong; nothing was cut over")]
    Contradiction(String),
    /// A store could not be read or written.
    #[error(transparent)]
    Store(#[from] RepositoryError),
    /// The two could not be compared.
    #[error(transparent)]
    Compare(#[from] CompareError),
    /// What was found could not be recorded; nothing was cut over.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// A cut-over was taken back, and that could not be recorded.
    #[error(
        "{store} is the store again, and that could not be recorded: run the same command again, which records it where a cut-over was"
    )]
    UndoUnrecorded {
        /// Where the store is.
        store: String,
        /// Why not.
        source: EvidenceError,
    },
    /// What was done could not be recorded.
    #[error(
        "{target} is the store now, and that could not be recorded: run the same command again, which records it"
    )]
    Unrecorded {
        /// Where the store is.
        target: String,
        /// Why not.
        source: EvidenceError,
    },
}
