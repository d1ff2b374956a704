//! Moving a store to another backend and back: every table, every position, with a proof.
//!
//! ```text
//!  source ──ranges of positions──> target      while writers go on, until little is left
//!         ──one state: the rest, and what is known of the logs──> target, a copy
//!                    proof: digests of ranges and tables of both, logs put together, compare-logs
//!  cut-over: the source refuses writers ──the rest──> target ──proof──> evidence ──> the target is the store
//! ```
//! What was copied never becomes wrong, as events never change: a move that was interrupted goes on behind the last range. A source
//! that refuses writers names the target to them; that is taken back where the proof finds a difference.

mod standing;

#[cfg(feature = "postgres")]
mod copying;
#[cfg(feature = "postgres")]
mod difference;
#[cfg(feature = "postgres")]
mod error;
#[cfg(feature = "postgres")]
mod job;
#[cfg(feature = "postgres")]
mod ports;
#[cfg(feature = "postgres")]
mod proof;
#[cfg(feature = "postgres")]
mod report;
#[cfg(feature = "postgres")]
mod row_digest;
#[cfg(feature = "postgres")]
mod stage;
#[cfg(feature = "postgres")]
mod tables;
#[cfg(feature = "postgres")]
mod undo;

#[cfg(feature = "postgres")]
pub use error::MoveError;
#[cfg(feature = "postgres")]
pub use job::{Move, MovePorts};
#[cfg(feature = "postgres")]
pub use ports::{GiveRows, Keys, MovingStore, TakeRow};
#[cfg(feature = "postgres")]
pub use report::{MovePlan, MoveReport};
#[cfg(feature = "postgres")]
pub use stage::plan;
pub use standing::Standing;
#[cfg(feature = "postgres")]
pub use tables::{EVENTS, Growth, Kind, STORED_ROWS, Table, Value};
#[cfg(feature = "postgres")]
pub use undo::undo;
