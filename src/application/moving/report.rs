//! What a move answers.

use serde::Serialize;

use crate::application::evidence::RecordedMove;

/// What a move would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MovePlan {
    /// The position of the last event of the source.
    pub last_position: i64,
    /// Up to which position the target has events already.
    pub copied_to: i64,
    /// The other tables of the source, with their rows.
    pub tables: Vec<(&'static str, u64)>,
    /// What the target stands as: `nothing`, `copy` or `moved`.
    pub target_is: &'static str,
}

/// What a move has done.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MoveReport {
    /// What was proved, as it is recorded.
    #[serde(flatten)]
    pub proved: RecordedMove,
    /// How many events were copied by this run.
    pub copied_events: u64,
    /// For how long writers were refused by both, in milliseconds; `None` without a cut-over.
    pub pause_ms: Option<u64>,
    /// It had been cut over before, and nothing was done.
    pub was_done: bool,
    /// The number of its record.
    pub recorded_as: Option<u64>,
}
