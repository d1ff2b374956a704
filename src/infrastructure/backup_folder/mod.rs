//! Backups in folders.
//!
//! ```text
//! PATH/.backups.lock                      locked while a backup is made there
//!     /2025-10-25T100000.000000Z/         a backup, named by its moment in UTC
//!         manifest.json  SHA256SUMS       what it holds; the sums of all files, as `sha256sum --check` reads them
//!         events.db  handlers.db          of a SQLite store
//!         events/…  handlers.db           of a JSONL store: its day files
//!     /.making-…                          a backup that is being made, or was when the program was killed
//!     /.removing-…                        one that is being removed
//! ```
//! A backup has its name when all of it is durable, and loses it before anything of it is removed. What begins with a dot is cleared
//! away by the next backup into the folder. The files of a backup are read-only.

mod file_hash;
mod opened;
mod shelf;

pub use file_hash::{copy_hashed, hash_file};
pub use opened::{
    BackupFolder, EVENTS_FILE, EVENTS_FOLDER, FoundBackup, HANDLERS_FILE, find_backup, is_backup,
};
pub use shelf::{FolderShelf, OtherPlaces};
