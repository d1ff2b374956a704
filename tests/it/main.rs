//! The one integration binary: one link, one process, and one place to look.
//!
//! A new test goes into the module whose question it answers.

// A test that cannot go on has failed, and a panic is how a test says so.
#![allow(clippy::unwrap_used, clippy::expect_used)]

/// What tests build on: event builders, queries as values, `TestDir`.
mod support;

/// Does a backend keep the port's "# Contract"? One clause a function, run over every backend, and
/// over stores that are broken on purpose.
mod conformance;

/// What does the SQLite store promise beyond the port: its file, its schema, which processes may open it?
mod sqlite_store;

/// What does the PostgreSQL store promise beyond the port, and what does it outlive?
#[cfg(feature = "postgres")]
mod postgres_store;

/// Is an archived day the day that it was, for everything that reads and writes the store, whatever was interrupted?
mod archive;

/// Is a backup the store of one moment, is every change of it found, and does a store come back from it, whatever is interrupted?
mod backup;

/// What does the SQLite store of what handlers have done promise: its file, its sessions, its transactions?
mod handler_store;

/// Do handlers handle what is stored, over real stores: at the next start, late, anew, and not of another store?
mod handling;

/// Does a dispatcher lose nothing and keep the order, whatever else writes to its store?
mod dispatcher;

/// Is foreign input read as it should be, whatever it is: on what fuzzing has found and kept?
mod fuzz_inputs;

/// Is it seen what another program has changed in a store?
mod changed_schema;

/// Is it seen that another program has removed rows from a store, and do their logs bring them back?
mod removed_rows;

/// Is a store that an earlier version wrote brought to the current schema, with everything it has?
mod migrations;

/// Does a backend answer any sequence of operations as the in-memory model does?
mod model;

/// Does the program answer, fail and exit as docs/contract.md says? One file a command.
mod cli;

/// Does the legacy system work as a whole: from a definition to the log of handlers, killed and started again, beside the
/// tools that read what it writes?
#[cfg(feature = "legacy")]
mod legacy;

/// Does an event go where the mode says, through every switch, and is there a way back?
#[cfg(feature = "legacy")]
mod modes;

/// Does an import lose nothing, invent nothing and say what it did? One file a theme.
mod import_legacy;

/// Does an export give back what was imported, byte for byte, or say that it does not?
mod export;

/// Does compare-logs prove what it says, whatever stands on either side, and say so as agreed?
mod compare_logs;

/// Does a rehearsal try everything that a cutover needs, on copies alone, and say what one would say?
mod rehearse;

/// Does a repair add what is missing, once and apart from the rest, and leave everything else as it is?
mod repair;

/// Is what was rejected listed with its bytes, and does a retry make events of it?
mod rejects;

/// Does recorded evidence show what was done to it, and what became of what was compared?
mod evidence;

/// Does the gate say GO, NO-GO or too little evidence for the right reason?
mod cutover_check;

/// Is the legacy system's array whole, and each acknowledged event in it once, whatever happens to it?
#[cfg(feature = "legacy")]
mod legacy_events_json;

/// Is each event on both sides once in a parallel run, over real files and stores, also after a kill?
#[cfg(feature = "legacy")]
mod routing;

/// Does the source keep the invariants of the architecture: layers, purity, length of files?
mod tidy;

/// Do the manual pages say what the program is, and does a forge run what is run here?
mod packaging;

/// Do README, help, settings and exit codes say the same, and does the README show what is printed?
mod dispatch;
mod docs;
