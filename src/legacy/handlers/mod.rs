//! Handlers by dotted names, and the log of what they have done.

pub mod examples;
pub mod handler;
pub mod handler_log;
pub mod handler_table;

pub use examples::{ExamplePlaces, example_handlers};
pub use handler::{HandlerContext, HandlerResult, LegacyHandler};
pub use handler_log::{HandlerLog, HandlerLogEntry, HandlerLogError};
pub use handler_table::HandlerTable;
