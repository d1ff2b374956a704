//! The registry: the definitions in `event_definitions.json`.
//!
//! The file holds an array of definitions; `{"events": [...]}` and an object of definitions by id are read as well, and become
//! an array with the first change. It is written as Python's `json.dump(definitions, file, indent=2)` writes it.
//!
//! Each call reads the file, so that what other processes change is seen. A change reads it under a lock,
//! `event_definitions.json.lock`, changes one definition and leaves the others as they are spelled, keeps what was there as
//! `event_definitions.json.backup.<timestamp>.json` (the last 5), and puts a new file in its place, by renaming. No
//! file is an empty registry. A damaged one is never written over: the error says where it is damaged, and which backup is the
//! newest that can be read.

mod backups;
mod definitions_file;
mod error;
mod outer_shape;
mod python_text;
mod store;

#[cfg(test)]
mod tests;

pub use self::error::RegistryError;
pub use self::store::Registry;
