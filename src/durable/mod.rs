//! What files have to be written with, so that what was acknowledged is on disk: a lock over processes, an append
//! that is there as a whole or not at all, directories whose names last, the file that links lead to, the room that
//! is left, where a torn end goes, who may read a copy; and whether a file is there.
//!
//! Below `domain`: nothing here knows an event, and errors are those of the system, for the callers to
//! put into their own words.

pub mod append;
pub mod directory;
#[cfg(test)]
pub mod failing_disk;
pub mod links;
pub mod lock;
pub mod plain_file;
pub mod presence;
pub mod privacy;
pub mod replacement;
pub mod space;
pub mod torn_copy;
