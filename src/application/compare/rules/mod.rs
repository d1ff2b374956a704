//! What is "the same".

pub(crate) mod optional_fields;
