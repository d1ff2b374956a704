//! How much of a log is held in memory, and given out, at once.

/// One record may have this many bytes (64 MiB; in tests 4 MiB, which take less long to make); a
/// longer one is rejected, so that a log that never closes a bracket does not end up in memory.
pub(super) const LONGEST_RECORD: usize = if cfg!(test) { 4 << 20 } else { 64 << 20 };

/// Layout and damage are given out in pieces of at most this many bytes (1 MiB).
pub(super) const LONGEST_PIECE: usize = 1 << 20;
