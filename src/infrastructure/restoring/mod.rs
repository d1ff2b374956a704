//! Places where backups become stores.
//!
//! Beside the place, `<store>.restoring` is a copy of the backup that is not in place yet; it is removed where that is given up, or by
//! the next restoration. In a folder of daily files `.events.restoring` says that not all of its days are in place.
//! `<store>.set-aside-<moment>` is what stood in the place, and is never removed.

mod database;
mod days;
mod staging;

pub use database::{SqliteRestorePlace, remove_staged_handlers};
pub use days::JsonlRestorePlace;
