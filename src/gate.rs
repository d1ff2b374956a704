//! The gate before a cutover: GO, NO-GO or not enough evidence.
//!
//! [`check`] looks at everything that [`GateSources`] names, and judges it; [`judge`] judges what was gathered. The answer is a
//! [`GateReport`], whose JSON form is the document of the command `cutover-check`. Nothing is changed.

pub use crate::application::doctor::handlers::MirrorFacts;
pub use crate::application::evidence::{
    Chain, ChainedRecord, CheckedInput, EvidenceInputs, FileContent, StoreContent,
};
pub use crate::application::gate::{
    ComparedStates, Criterion, CriterionName, CriterionVerdict, DayState, Fact, Gate, GateDay, GateFacts,
    GateReport, GateSettings, GateSources, GateVerdict, HandlerFacts, LogFacts, LogReading, StateDifference,
    StateRules, TaskStates, check, judge,
};
pub use crate::application::handling::{HandlerOperations, HandlerStatus};
pub use crate::application::mode_log::{ModeChange, UndecidedRecord};
pub use crate::domain::event_system_mode::Routing;
pub use crate::infrastructure::evidence::inputs::StoredInputs;
