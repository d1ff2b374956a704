//! The use case ExportStore: writes a store back into the logs that it was loaded from.
//!
//! A log is put into its place only where it is, by size and SHA-256, what was imported.

mod error;
mod hashing_writer;
mod job;
mod legacy_shape;
mod live;
mod names;
mod ports;
mod reassembly;
mod report;
mod session;

pub use error::ExportError;
pub use ports::{ContentDigest, ExportFolder, ExportStore, LiveDay, LiveEvent, NewFile, Piece, StoredLog};
pub use report::{Exported, ExportedFile};
pub use session::{Export, ExportOptions};
