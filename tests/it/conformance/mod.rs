//! The conformance suite of the port, run over every backend of this crate. The clauses are in
//! `src/conformance/`.
//!
//! - A new backend is one store in `backends.rs`, and one line below.
//! - Each clause has to reject a store of `broken_stores/` that is broken in just its point.
#![deny(dead_code)]

mod backends;
mod broken_stores;

#[cfg(feature = "postgres")]
pub use backends::PostgresStore;
pub use backends::{ArchivedJsonlStore, JsonlStore, MemoryStore, SqliteStore, compress_days, move_days};
pub use broken_stores::{BrokenStore, panics_quietly};

use mission_events::conformance::CLAUSES;
use mission_events::conformance_tests;

conformance_tests!(memory, MemoryStore::create);
conformance_tests!(jsonl, JsonlStore::create);
conformance_tests!(sqlite, SqliteStore::create);
#[cfg(feature = "postgres")]
conformance_tests!(postgres, PostgresStore::create);
conformance_tests!(wrapped, BrokenStore::sound);

/// What archiving could break: positions, streams, and what a store knows when it is opened again.
const OF_ARCHIVED_DAYS: [&str; 4] = ["streams::", "durability::", "identity::", "order::"];

fn keep_the_clauses(create: fn(mission_events::Zone) -> ArchivedJsonlStore) {
    let clauses: Vec<_> = CLAUSES
        .iter()
        .filter(|clause| OF_ARCHIVED_DAYS.iter().any(|theme| clause.name().starts_with(theme)))
        .collect();
    assert!(clauses.iter().any(|clause| clause.name().contains("reading_goes_on_after_the_last_position")));
    for clause in clauses {
        clause.check(&create(clause.zone()));
    }
}

#[test]
fn days_that_are_compressed_after_each_save_are_streams_as_before() {
    keep_the_clauses(ArchivedJsonlStore::compressed);
}

#[test]
fn days_that_are_moved_by_hand_after_each_save_are_streams_as_before() {
    keep_the_clauses(ArchivedJsonlStore::moved);
}
