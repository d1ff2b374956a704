//! One attempt to handle an event.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::handler::{EventHandler, HandlerContext, HandlerError};
use super::store::HandlingFigures;
use crate::domain::error_chain::error_chain;

/// Why an attempt did not handle the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AttemptError {
    /// The error with its causes; `panicked: …` for a panic.
    pub error: String,
    /// Whether no later attempt can succeed.
    pub is_permanent: bool,
}

/// Gives the event of the context to the handler.
///
/// The handler is used again after a panic: it has no state of its own, and what it changed in the read models is
/// undone. That is what `AssertUnwindSafe` asserts here.
pub(super) fn attempt(
    handler: &dyn EventHandler,
    context: &mut HandlerContext<'_>,
) -> Result<(), AttemptError> {
    match catch_unwind(AssertUnwindSafe(|| handler.handle(context.event.stored, context))) {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => {
            let is_permanent = matches!(error, HandlerError::Permanent(_));
            Err(AttemptError { error: error_chain(&error), is_permanent })
        }
        Err(panic) => {
            Err(AttemptError { error: format!("panicked: {}", panic_message(&*panic)), is_permanent: false })
        }
    }
}

/// What a panic said.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (None, Some(text)) => text,
        (None, None) => "no message",
    }
}

impl HandlingFigures {
    /// Adds an attempt.
    pub(super) fn add_attempt(&mut self, is_handled: bool, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.handled += u64::from(is_handled);
        self.failed += u64::from(!is_handled);
        self.micros = self.micros.saturating_add(micros);
        self.slowest_micros = self.slowest_micros.max(micros);
    }

    /// Adds the figures of other attempts.
    pub(super) fn add(&mut self, other: &Self) {
        self.handled += other.handled;
        self.failed += other.failed;
        self.micros = self.micros.saturating_add(other.micros);
        self.slowest_micros = self.slowest_micros.max(other.slowest_micros);
    }
}
