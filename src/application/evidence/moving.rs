//! What is recorded of a move of a store to another backend.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::record::Verdict;
use super::timestamp;

pub(super) const MOVE: &str = "move";

/// A move, as it is recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MoveEvidence {
    pub(super) kind: String,
    /// When it was recorded.
    #[serde(with = "timestamp")]
    pub recorded_at: DateTime<Utc>,
    /// The version of the program.
    pub tool_version: String,
    /// What was moved, and what was found.
    #[serde(flatten)]
    pub moved: RecordedMove,
}

/// What was moved, and what the proof has found. A move that has found a difference has moved nothing for good.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordedMove {
    /// Where the store was: a path, absolute, or a URL.
    pub source: String,
    /// Where it was moved to.
    pub target: String,
    /// Whether the target is the store from then on; else it is a copy.
    pub cut_over: bool,
    /// How many events both have.
    pub events: u64,
    /// The position of the last one, 0 in an empty store.
    pub last_position: i64,
    /// The events, by ranges of positions, in their order.
    pub ranges: Vec<MovedRange>,
    /// The other tables.
    pub tables: Vec<MovedTable>,
    /// How many imported logs the target gives back as the source does.
    pub logs: u64,
    /// How many more there are whose import did not come to its end: their rows are the same.
    #[serde(default)]
    pub unfinished_logs: u64,
    /// What compare-logs says of the two, by the system that wrote the events.
    pub comparisons: Vec<MovedRows>,
    /// [`Verdict::Consistent`]: everything is the same on both sides.
    pub verdict: Verdict,
    /// What is not, sentences for people.
    pub reasons: Vec<String>,
    /// How long it took.
    pub elapsed_seconds: f64,
}

/// Events of a range of positions, read back from both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedRange {
    /// Its first position.
    pub first: i64,
    /// Its last.
    pub last: i64,
    /// How many events are there.
    pub events: u64,
    /// Of all columns of their rows.
    pub digest: String,
}

/// A table, read back from both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedTable {
    /// Its name.
    pub table: String,
    /// How many rows it has.
    pub rows: u64,
    /// Of all columns of these rows: that of the same table in a backup.
    pub digest: String,
}

/// The events of one system, compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedRows {
    /// `native`, `history` or `repaired`.
    pub rows: String,
    /// How many there are on either side.
    pub events: u64,
    /// What the comparison says.
    pub verdict: Verdict,
}

impl MoveEvidence {
    /// One that was recorded at that time.
    pub fn new(moved: RecordedMove, recorded_at: DateTime<Utc>) -> Self {
        let (kind, tool_version) = (MOVE.to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        Self { kind, recorded_at, tool_version, moved }
    }
}
