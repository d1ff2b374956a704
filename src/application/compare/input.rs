//! What a comparison is given: its two sides, and where its range begins.

use std::path::PathBuf;

use crate::application::compare::feed::Feed;
use crate::wire::mapping::Mapping;

/// One side of a comparison.
pub struct Input {
    /// As it was named.
    pub path: PathBuf,
    /// How its records are read.
    pub mapping: Mapping,
    /// What it is read from, in order.
    pub feeds: Vec<Box<dyn Feed>>,
    /// Files that belong to it but are not read, and why.
    pub skipped: Vec<(PathBuf, String)>,
}

/// One of the two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The reference log.
    Control,
    /// The log that is checked against it.
    Candidate,
}

/// How the beginning of the range is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// By [`Settings::since`](super::settings::Settings::since) each side begins at that time, and pairs
    /// follow the control's.
    Declared,
    /// [`Settings::since`](super::settings::Settings::since) is a time of the candidate's clock, and the
    /// control begins at that moment.
    ByCandidate,
    /// The control begins with the partner of the candidate's first event.
    /// [`Settings::since`](super::settings::Settings::since) is when that is thought to have occurred: where it
    /// turns out to be another time, both sides are read again.
    FirstOfCandidate,
}
