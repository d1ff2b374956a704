//! Archiving: the files of earlier days, compressed in the folder `archive/` of the store.
//!
//! What is archived of a day is written beside it under a name of its own, made durable, decoded again and compared with
//! the day byte for byte. Only then, under the lock of the store, it takes the place of the day's files, in the steps that
//! [`open_day`](super::day_files::open_day) speaks of: so the day is whole whenever it is looked at, and whenever the
//! program is killed. Compressing takes no lock that writers wait for.

mod days;
pub(super) mod frames;
pub(super) mod steps;
mod whole_day;

pub use days::{ArchiveError, ArchivedDay, DueDay, JsonlArchiver, LEVEL};
