//! How far a pass has read a log, where the pass that follows it is to read no further.

use super::target::{ImportedLog, SourceText};
use crate::application::log_source::{ResumePoint, SourceDigest};

/// What a pass has seen of a log.
#[derive(Debug, Clone)]
pub(super) enum SeenLog {
    /// It is what was imported last. It is not read.
    Unchanged(ImportedLog),
    /// It was read.
    Read(ReadTo),
}

/// How far a log was read.
#[derive(Debug, Clone, Default)]
pub(super) struct ReadTo {
    /// How many bytes of the file that are.
    pub bytes: u64,
    /// Up to here, a log that has grown has the same records.
    pub resume: ResumePoint,
    /// The end of the log; `None` where it was not read to its end, or something after `resume` was rejected:
    /// a log that has grown has other records there.
    pub end: Option<LogEnd>,
    /// New records of the legacy system are in it.
    pub has_history: bool,
}

/// The end of a log that is no record: the closing of an array, or nothing.
#[derive(Debug, Clone)]
pub(super) struct LogEnd {
    /// What stands there.
    pub texts: Vec<SourceText>,
    /// Size and hash of the log.
    pub digest: SourceDigest,
}
