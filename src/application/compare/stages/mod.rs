//! The stages in which events find their partners.

pub(crate) mod group;
pub(crate) mod key;
pub(crate) mod matching;
pub(crate) mod stage_output;
pub(crate) mod two_pointer;
