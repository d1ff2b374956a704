//! Ways to take matched pairs out before the stages.

pub(crate) mod identical_inputs;
pub(crate) mod join_buffer;
pub(crate) mod joined_pairs;
pub(crate) mod read_throttle;
pub(crate) mod streaming_join;
