//! Why an import stopped.

use thiserror::Error;

use super::report::RecordCounts;
use super::target::StoreError;
use crate::application::compare::feed::CompareError;
use crate::application::log_source::SourceError;
use crate::domain::repository::RepositoryError;

/// Why an import stopped. What was stored before is stored; the same import again goes on from there.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ImportError {
    /// A log could not be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The store could not be written.
    #[error("could not import {path}")]
    Store {
        /// The log that was being imported.
        path: String,
        /// What the store said.
        #[source]
        source: RepositoryError,
    },
    /// The store could not be opened.
    #[error(transparent)]
    Open(StoreError),
    /// The store could not be written between two passes, or not be published.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// What both systems wrote could not be matched.
    #[error("could not find out which records both systems wrote")]
    Matching(#[source] CompareError),
    /// The load could not be brought to its end.
    #[error("could not finish the import")]
    Finish(#[source] RepositoryError),
    /// The system gave no thread to read with.
    #[error("could not start a thread: the number of processes or threads is limited, or memory is short")]
    Thread(#[source] std::io::Error),
    /// The counts do not add up: this program is wrong, and says so.
    #[error(
        "the counts of {path} do not add up ({counts:?}): this is a fault of this program, please report it"
    )]
    NotConserved {
        /// The log.
        path: String,
        /// Its counts.
        counts: RecordCounts,
    },
    /// The reading thread ended without a word.
    #[error("the reader of {path} stopped unexpectedly: this is a fault of this program, please report it")]
    ReaderStopped {
        /// The log.
        path: String,
    },
}
