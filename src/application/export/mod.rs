//! The use case ExportStore: writes a store back into the logs that it was loaded from.
//!
//! A log is put into its place only where it is, by size and SHA-256, what was imported. It replaces there
//! only what the store gives back as well.

mod error;
mod hashing_writer;
mod job;
mod live;
mod name_key;
mod names;
mod occupied;
mod ports;
mod reassembly;
mod replacement;
mod report;
mod session;

pub use error::ExportError;
pub use hashing_writer::HashingWriter;
pub use job::check_log;
pub use name_key::name_key;
pub use occupied::Occupied;
pub use ports::{
    ContentDigest, ExportFolder, ExportStore, LiveDay, LiveEvent, MayReplace, NewFile, Piece, PlaceError,
    Standing, StandingContent, StoredLog,
};
pub use report::{Exported, ExportedFile};
pub use session::{Export, ExportOptions};
