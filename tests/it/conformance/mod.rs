//! The conformance suite of the port, run over every backend of this crate. The clauses are in
//! `src/conformance/`.
//!
//! - A new backend is one store in `backends.rs`, and one line below.
//! - Each clause has to reject a store of `broken_stores/` that is broken in just its point.
#![deny(dead_code)]

mod backends;
mod broken_stores;

pub use backends::{JsonlStore, MemoryStore, SqliteStore};
pub use broken_stores::{BrokenStore, panics_quietly};

use mission_events::conformance_tests;

conformance_tests!(memory, MemoryStore::create);
conformance_tests!(jsonl, JsonlStore::create);
conformance_tests!(sqlite, SqliteStore::create);
conformance_tests!(wrapped, BrokenStore::sound);
