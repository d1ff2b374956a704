//! From a feed to packed events: what an event says, and what is known of a side once it was read.

pub(crate) mod content;
pub(crate) mod digest;
pub(crate) mod packed_event;
pub(crate) mod scalars;
pub(crate) mod side_reader;
pub(crate) mod side_summary;
