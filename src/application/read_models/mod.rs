//! The read models of tasks: what their handlers write, and what is asked of them.
//!
//! Events of several streams can be handled in different orders: live, an event that arrives late for an earlier day
//! is handled after those of later days, and a replay handles it in its day. The read models come out equal all the
//! same, since what they hold depends on the events alone: a row is of one event, or the latest event by
//! [`Occurrence`] decides, whichever was handled last.

pub mod memory;
pub mod occurrence;
pub mod port;
pub mod reports;
pub mod task_state;

pub use occurrence::Occurrence;
pub use port::{ReadModelError, TaskActivity, TaskChange, TaskCompletion, TaskReadModels};
pub use reports::TaskReports;
pub use task_state::{StateChange, TaskField, TaskState, Transition};

/// The priority of a task of which no event says one.
pub const UNKNOWN_PRIORITY: &str = "unknown";

/// The name of the handler that counts events by day.
pub const TASK_ANALYTICS: &str = "task_analytics";
/// The name of the handler that measures how long tasks took.
pub const TASK_COMPLETIONS: &str = "task_completions";
/// The name of the handler that keeps the state of each task.
pub const TASK_STATE: &str = "task_state";
/// The name of the handler that keeps what was changed.
pub const TASK_HISTORY: &str = "task_history";
