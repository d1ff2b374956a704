//! Copies of a store of daily files, and the proof of its events.

mod proof;
mod snapshot;

pub use proof::subject_of_days;
pub use snapshot::{FolderLocks, JsonlSnapshot, day_of_file, files_of_days, is_file_of_a_day};
