//! What an export came to.

use serde::Serialize;

/// The result of an export.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// Each file: logs in the order of their import, then live events.
    pub files: Vec<ExportedFile>,
    /// Logs that were not exported because a later import has their path, although the store has
    /// events that are in none of the files.
    pub left_out: Vec<LeftOutLog>,
    /// Records that the store had, and that another program has removed, or the log that they are of: they are in
    /// none of the files.
    pub missing_records: u64,
}

impl Exported {
    /// Whether everything that was asked for is in its file.
    pub fn is_whole(&self) -> bool {
        let is_whole = |file: &ExportedFile| file.written && (file.exact || file.source_id.is_none());
        self.missing_records == 0 && self.left_out.is_empty() && self.files.iter().all(is_whole)
    }
}

/// One file of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportedFile {
    /// Where it is, or would be.
    pub path: String,
    /// The log that it is; `None` for live events.
    pub source_path: Option<String>,
    /// The number of that log in the store.
    pub source_id: Option<i64>,
    /// How that log was compressed; the file is not.
    pub compression: Option<String>,
    /// Its size.
    pub bytes: u64,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// How many records it has; of live events, how many there are.
    pub records: u64,
    /// Whether it is in its place.
    pub written: bool,
    /// Whether it is what was imported or saved, byte for byte. A compressed log of which a part could not
    /// be decompressed is written without that part.
    pub exact: bool,
    /// Why it is not.
    pub reason: Option<String>,
}

/// A log that was not exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOutLog {
    /// Its number in the store.
    pub source_id: i64,
    /// Where it was.
    pub path: String,
    /// How many events of it are in no file.
    pub events: u64,
}
