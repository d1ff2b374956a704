//! The queue: what is to be handled, the smallest number first, then the oldest; and how much is let in.
//!
//! # The file
//! `queue.jsonl` is a log. Each line is an entry with its state: a new entry appends one, and so does each change of its
//! state. The last line of an `event_id` says what its state is. A line after one that is `done`, `failed` or
//! `rate_limited` begins another entry, should a clock that was set back have made the same id again.
//!
//! What was accepted is on disk: [`push`](EventQueue::push), `done`, `failed` and `retry_at` return after the sync. That an entry
//! is `processing`, and what was refused, is written without a sync: after a crash the one is pending again anyway, and the
//! other was never promised. So a handler may be given an event twice around a crash, and never not at all.
//!
//! One process has a queue, for as long as it is open, by the lock `queue.jsonl.lock`; others can [`read`](EventQueue::read) it.
//!
//! A torn last line, which was never acknowledged, goes to `queue.jsonl.torn-<offset>`. A damaged line elsewhere, as a power cut
//! may leave one among lines that were not synced yet, stays where it is and is passed over: [`QueueDamage`] says where and why, and what
//! helps. The other entries are handled meanwhile. A file with such a line does not begin anew (see below), so that a
//! line that is corrected counts.
//!
//! # Growth
//! What is finished is history, is never deleted, and is not kept in memory. When the log has grown beyond 8 MiB, and
//! what is open is less than half of it, the whole file stays as `queue.jsonl.part-<n>`, and a new one begins with the line
//! `{"follows_part":<n>}` and the open entries. So opening reads some megabytes at most, however long the history is; a part that is
//! missing is noticed; and what is open is what the file itself says, whatever has become of the parts.
//!
//! # Ids
//! `event_id` is the definition's id, `_` and Unix seconds. What comes in the same second gets `_2`, `_3` and so on, so that each
//! entry has its own state. The seconds never go back, also where the clock is set back.

mod batch_window;
mod damage;
mod entry;
mod error;
mod event_ids;
mod event_queue;
mod gathered;
mod history;
mod line;
mod log_file;
mod open_entries;
mod parts;
mod refusals;
mod token_bucket;

#[cfg(test)]
mod tests;

pub use self::batch_window::BatchWindow;
pub use self::damage::QueueDamage;
pub use self::entry::{DEFAULT_PRIORITY, NewEntry, QueueEntry, QueueStatus};
pub use self::error::QueueError;
pub use self::event_queue::{EventQueue, ReadQueue};
