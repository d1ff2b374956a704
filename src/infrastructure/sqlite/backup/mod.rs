//! Copies of databases under one snapshot, the proof of a database, and a copy that takes the place of a store.

mod events;
mod lacking;
mod proof;
mod replacement;
mod snapshot;

pub use lacking::{OtherTables, rows_only_in};
pub use replacement::{HeldDatabase, make_writable};
pub use snapshot::{
    SqliteSnapshot, copied_handlers, copy_handlers, handler_bytes, store_name, subject_of_events,
    subject_of_handlers,
};
