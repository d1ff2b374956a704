//! The port to the figures file.

use thiserror::Error;

use super::latencies::Latencies;
use super::line::FiguresLine;

/// The figures file. Any number of threads and processes may use one at a time.
pub trait FiguresLog: Send + Sync {
    /// Appends lines: all of them durable, or none of them there.
    ///
    /// # Errors
    /// None was appended.
    fn append(&self, lines: &[FiguresLine]) -> Result<(), FiguresError>;

    /// Everything that it holds; `None` where there is no file.
    ///
    /// # Errors
    /// It cannot be read.
    fn read(&self) -> Result<Option<RecordedFigures>, FiguresError>;
}

/// What a figures file holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RecordedFigures {
    /// Its lines with their latencies, as they stand there.
    pub lines: Vec<(FiguresLine, Latencies)>,
    /// What is no line of it.
    pub damage: Vec<DamagedLine>,
}

/// Bytes of the figures file that are no line of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedLine {
    /// From 1.
    pub line: u64,
    /// Where it begins, in bytes.
    pub offset: u64,
    /// Whether it is the end of the file, without a line end: what was being written when a process was killed, or the power cut.
    pub is_torn: bool,
    /// What is wrong with it.
    pub detail: String,
}

/// Why figures were not written or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FiguresError {
    /// Another process holds the file.
    #[error("{place} is in use by another process, for more than {seconds} s")]
    Busy {
        /// The file.
        place: String,
        /// For how long was waited.
        seconds: u64,
    },
    /// The system failed.
    #[error("could not {action} {place}; `evidence.dispatch_figures` names the file")]
    Storage {
        /// What was tried.
        action: &'static str,
        /// The file.
        place: String,
        /// What the system said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
