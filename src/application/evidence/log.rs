//! The port to the evidence log.

use std::error::Error as StdError;

use thiserror::Error;

use super::line::Line;
use super::recorded::{Evidence, EvidenceRecord};

/// The log of what is recorded: appended to, never changed.
pub trait EvidenceLog {
    /// Where it is, as settings name it.
    fn place(&self) -> String;

    /// Records what was found as the next link of the chain, and answers the record. It is on disk when
    /// this returns `Ok`, and otherwise not there. Any number of processes may append at a time: the
    /// chain never forks.
    ///
    /// What an append that was killed has left is ended with a line end and stays: it is no record
    /// (`TornLine`), and the chain goes on from the last whole one. A last line
    /// that lacks nothing but its line end is a whole one. Blank lines that another program has put
    /// at the end are taken away.
    fn append(&self, evidence: &Evidence) -> Result<EvidenceRecord, EvidenceError>;

    /// Every line, with the CR of a line end CRLF and the blank ones at the end; `None` where there is no
    /// log yet.
    fn lines(&self) -> Result<Option<Vec<Line>>, EvidenceError>;
}

/// Why evidence was not recorded or not read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EvidenceError {
    /// A part of the record cannot be written as JSON.
    #[error("the record of what was found cannot be written as JSON: nothing was recorded")]
    Form(#[source] serde_json::Error),
    /// It could not be written.
    #[error(
        "could not {action} {place}: evidence needs a file that this user may write; `evidence.path` names it"
    )]
    Write {
        /// What was tried.
        action: &'static str,
        /// Where.
        place: String,
        /// What the system said.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// It could not be read.
    #[error("could not {action} {place}")]
    Read {
        /// What was tried.
        action: &'static str,
        /// Where.
        place: String,
        /// What the system said.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The log ends with a line to which no chain can be joined.
    #[error(
        "the line at byte {offset} of {place} is no evidence record ({detail}): nothing was appended; \
         `mission-events evidence verify` shows what is wrong, and `evidence.path` can name another file, which begins a new chain"
    )]
    NotEvidence {
        /// The log.
        place: String,
        /// Where the line begins.
        offset: u64,
        /// What was expected and what came.
        detail: String,
    },
    /// Another process is appending, for longer than is waited for.
    #[error("another process has held {place} for {seconds} s: record again when it is done")]
    Busy {
        /// The lock.
        place: String,
        /// How long was waited.
        seconds: u64,
    },
}
