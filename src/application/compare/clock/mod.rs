//! The clocks of both sides: how far apart they are, and the times of both by one of them.

pub(crate) mod anchors;
pub(crate) mod clocks_apart;
pub(crate) mod correction;
mod drift;
pub(crate) mod local_day_cache;
pub(crate) mod model;
pub(crate) mod report;
pub(crate) mod steps;
pub(crate) mod timed_event;
