//! Which handler a dotted name is.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError, RwLock};

use super::handler::{HandlerContext, HandlerResult, LegacyHandler};
use crate::application::handling::panic_message;

/// Handlers by their dotted names.
#[derive(Default)]
pub struct HandlerTable {
    handlers: RwLock<BTreeMap<String, Arc<dyn LegacyHandler>>>,
}

impl HandlerTable {
    /// Makes a name mean this handler, from now on, also where it meant another one.
    pub fn register(&self, name: &str, handler: Arc<dyn LegacyHandler>) {
        self.handlers.write().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), handler);
    }

    /// The names, sorted.
    pub fn names(&self) -> Vec<String> {
        self.handlers.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// Runs the handler of that name. A name without a handler, and a panic, are failures.
    ///
    /// A handler is run again after a panic: what it has left half done is its own to mend. That is what
    /// `AssertUnwindSafe` asserts here.
    pub fn run(&self, name: &str, context: &HandlerContext) -> HandlerResult {
        let found = self.handlers.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        let Some(handler) = found else {
            let known = self.names();
            let known = if known.is_empty() { "there are none".to_owned() } else { known.join(", ") };
            return HandlerResult::Failure {
                error: format!("there is no handler {name:?}; known handlers: {known}"),
            };
        };
        catch_unwind(AssertUnwindSafe(|| handler.run(context))).unwrap_or_else(|panic| {
            HandlerResult::Failure { error: format!("panicked: {}", panic_message(&*panic)) }
        })
    }
}
