//! What is compared.

use std::path::PathBuf;

use crate::wire::mapping::Mapping;

use super::feed::Feed;

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

/// Where the range begins, and what says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// By [`Settings::since`](super::settings::Settings::since) each side begins at that time, and pairs follow the control's.
    Declared,
    /// [`Settings::since`](super::settings::Settings::since) is the time of the candidate's first event: the control begins with its partner.
    FirstOfCandidate,
}
