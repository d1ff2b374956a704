//! What an earlier state of a store has beside its events, and a later one lacks.

use std::fmt;

use serde::Serialize;

/// Rows of a table that an earlier state of a store has, and a later one lacks or has otherwise, though it can have gone on from there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LackingRows {
    /// The table.
    pub table: String,
    /// How many.
    pub rows: u64,
}

impl fmt::Display for LackingRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.table == "events" { " (where they came from)" } else { "" };
        write!(f, "{} of {}{what}", self.rows, self.table)
    }
}

/// How many rows of which tables, in words.
pub(super) fn in_words(rows: &[LackingRows]) -> String {
    rows.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
