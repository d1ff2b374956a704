//! What is recorded of modes: each switch, the mode of each process that dispatches, and what a mirror could not decide. The port to it.

use chrono::{DateTime, Utc};

use crate::application::handling::store::HandlerStoreError;
use crate::domain::event_system_mode::Routing;
use crate::domain::value_objects::{Position, StreamId};

/// A switch: from then on, events went where `to` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModeChange {
    /// When.
    pub at: DateTime<Utc>,
    /// As it was before; `None` for the first.
    pub from: Option<Routing>,
    /// As it is from then on.
    pub to: Routing,
    /// The last position of each stream of the new side at that moment; empty where it had no store, or an empty one.
    pub heads: Vec<(StreamId, Position)>,
    /// Where the last record of the legacy log ended, in bytes; `None` where there was no log.
    pub legacy_end: Option<u64>,
}

/// A process that dispatches, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessMode {
    /// Its number.
    pub pid: u32,
    /// Where its events go.
    pub routing: Routing,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When it said so last; a process that was killed says nothing any more.
    pub seen_at: DateTime<Utc>,
}

/// Something about a record that only a power cut or another program can have made unknown. It is told, and never decided by a guess.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndecidedRecord {
    /// The mirror that found it.
    pub mirror: String,
    /// When.
    pub found_at: DateTime<Utc>,
    /// The event of the new side that it is about, where one is known.
    pub event_id: Option<String>,
    /// Where it stands, or would stand, in the legacy log, in bytes.
    pub legacy_offset: Option<u64>,
    /// What is not known, and why, in words for people.
    pub detail: String,
}

/// The port to what is recorded of modes. Any number of threads and processes may use one at a time.
pub trait ModeLog: Send + Sync {
    /// Every switch, the earliest first.
    ///
    /// # Errors
    /// The store cannot be read; the same holds for the other questions.
    fn changes(&self) -> Result<Vec<ModeChange>, HandlerStoreError>;

    /// Adds a switch, if the last one led anywhere else than to `change.to`; answers whether it was added.
    /// `change.from` is what the last one led to: what is given there is not looked at.
    ///
    /// # Errors
    /// The store cannot be written; the same holds for the other changes.
    fn add_change(&self, change: &ModeChange) -> Result<bool, HandlerStoreError>;

    /// The processes that have said how they dispatch and not that they ended, by number.
    fn processes(&self) -> Result<Vec<ProcessMode>, HandlerStoreError>;

    /// Says how a process dispatches now.
    fn put_process(&self, process: &ProcessMode) -> Result<(), HandlerStoreError>;

    /// Says that it has ended.
    fn remove_process(&self, pid: u32) -> Result<(), HandlerStoreError>;

    /// What was not decided, the earliest first.
    fn undecided(&self) -> Result<Vec<UndecidedRecord>, HandlerStoreError>;

    /// Adds something that was not decided; the same one is added once.
    fn add_undecided(&self, record: &UndecidedRecord) -> Result<(), HandlerStoreError>;
}
