//! Routing: each event goes to the side, or sides, that the mode asks for, and is on each of them exactly once.
//!
//! ```text
//! on_task_*, dispatch ──event──> router ──primary──> its answer is the answer
//!                                  │ wakes
//!                                mirror: reads what the primary has, in its order, behind a durable progress,
//!                                        and brings it to the other side; waited for, but never longer than
//!                                        parallel.secondary_timeout_ms, and not while it is behind
//! ```
//!
//! | mode | primary | secondary |
//! |---|---|---|
//! | `legacy_events` | `events.json`; the store for `new_event_types` | none |
//! | `new_events` | the store | none |
//! | `parallel_events`, flag true | the store | `legacy_mirror`: the store's events within the intervals of this mode |
//! | `parallel_events`, flag false | `events.json`, after a line in the outbox | `new_mirror`: the lines of the outbox whose record stands |
//!
//! # What is decidable after a crash
//!
//! **New side primary.** `legacy_mirror` takes a page of events of one stream, locks the legacy log, notes in the detail of its progress
//! where it is about to write what (an *intent*: offset, length and SHA-256 of each record), appends the records with one write
//! and one sync, and then moves its progress. A process that begins with an intent looks, under the lock, which of
//! its records stand there: a whole prefix of them, as a torn array is closed after its last whole element. Those
//! were written, the others were not. A power cut may take intents and progress back: records after those of an intent of which
//! all stand, or without one after the end that its detail names, count as written where they are, text for text, the next ones.
//!
//! **Legacy side primary.** Under the lock of the legacy log, a line with the event and with offset, length and SHA-256 of its record is
//! appended to the outbox, without a sync, and then the record is appended. A line was written if its bytes stand there, which is asked
//! under the lock, unless the next line has the same place: then what stands there is a later one's. A failed append
//! crosses its line out. `new_mirror` dispatches to the new side by id, which can be repeated.
//!
//! A kill leaves nothing undecided. A power cut can take lines of the outbox: records after the last line's are told as
//! [`UndecidedRecord`](crate::application::mode_log::UndecidedRecord), and so is what another program has written into the array; nothing
//! undecided is written again blindly.

mod intervals;
mod known_changes;
mod lag;
mod legacy_begin;
mod legacy_log;
mod legacy_mirror;
mod legacy_pages;
mod legacy_primary;
mod legacy_records;
mod legacy_recovery;
mod log_progress;
mod mirror;
mod mirror_error;
mod mirror_state;
mod mirror_store;
mod mirrors;
mod mode_record;
mod new_mirror;
pub mod outbox_file;
mod outbox_lines;
mod outbox_progress;
mod outbox_tail;
mod pending_route;
pub mod ports;
mod routed;
mod router;
mod settings;
mod sides;
#[cfg(test)]
mod tests;
mod undecided;

pub use lag::mirror_lags;
pub use mirrors::Mirrors;
pub use pending_route::PendingRoute;
pub use routed::{MirrorOutcome, MirrorStatus, MirrorTrouble, PrimaryAnswer, RouteError, Routed};
pub use router::Router;
pub use settings::RouterSettings;
pub use sides::{NewSide, Opener, RouterPorts};
