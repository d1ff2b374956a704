//! Places where backups become stores.
//!
//! Beside the place, `<store>.restoring` is a copy of the backup that is not in place yet; it is removed by the next restoration.
//! `<store>.set-aside-<moment>` is what stood in the place, and is never removed.

mod database;
mod days;
mod staging;

pub use database::SqliteRestorePlace;
pub use days::JsonlRestorePlace;
