//! Backups, and the proof that a store or a backup of it is what it is to be.
//!
//! ```text
//! StoreSnapshot ──copy_into──> a folder ──prove──> Proof ──> Manifest ──publish──> BackupShelf
//!                                            │
//!         a store, a backup ───── verify ────┴──> Verification (against its manifest, or another store)
//!         a backup ── restore ──> a copy beside the store ──prove──> its place
//! ```
//! What was copied is proved before it is called a backup, and again before it becomes a store. A backup is never ahead of its
//! events: what handlers have done is copied first.

mod against;
mod contents;
mod earlier;
mod event_check;
mod event_digests;
mod findings;
mod job;
mod lacking;
mod manifest;
mod ports;
mod proof;
mod restore;
mod verify;

pub use against::{Against, Relation, hold_against};
pub use contents::{Contents, RowHash, TableDigest};
pub use earlier::LeftBackup;
pub use event_check::{HowRead, ProvedEvent, ReadLogs, Reading};
pub use findings::{Check, Findings};
pub use job::{BackupError, BackupReport, BackupSettings, back_up};
pub use lacking::LackingRows;
pub use manifest::{BackedUpFile, CompressedFile, MANIFEST, Manifest, SUMS, StoreName};
pub use ports::{
    BackupPlace, BackupShelf, CopiedStore, FoundBackups, HeldBackups, NewBackup, ProvableDatabase,
    ProvableEvents, ShelfError, StoreSnapshot, Subject, Tell,
};
#[cfg(feature = "internals")]
pub use proof::Proof;
pub use proof::{Depth, prove};
pub use restore::{Published, RestoreError, RestorePlace, RestoreReport, restore};
pub use verify::{Verification, verify_contents};
