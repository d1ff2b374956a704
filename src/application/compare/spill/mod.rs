//! What does not fit into memory goes to the temporary file.

pub(crate) mod partitions;
