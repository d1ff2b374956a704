//! How many events stand in another order.

/// The least numbers of events that must be moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct OrderCount {
    /// Whatever the order of events of one time is.
    pub moved: u64,
    /// The further ones, only because events of one time stand in another order.
    pub moved_at_equal_times: u64,
}

impl OrderCount {
    /// Adds what another part of the same comparison counted.
    pub fn add(&mut self, other: Self) {
        self.moved += other.moved;
        self.moved_at_equal_times += other.moved_at_equal_times;
    }
}
