//! What a dispatcher needs beside a repository and a clock.

use crate::domain::value_objects::EventId;

/// Mints ids of new events, ordered by time within a process.
pub trait EventIds: Send + Sync {
    /// An id that no event has.
    fn next(&self) -> EventId;
}

/// Lets the processes that write to one store take turns. It is fairness, never correctness.
pub trait StoreTurn: Send {
    /// Waits for this process's turn, which ends when the value is dropped; where the system refuses it, goes on
    /// without.
    fn take(&mut self) -> Box<dyn Turn + '_>;

    /// The same where nothing is to be waited for; `None` where it is another process's turn.
    fn take_now(&mut self) -> Option<Box<dyn Turn + '_>>;

    /// Nothing has been submitted for a while: what a store does in idle time is done now.
    fn idle(&mut self);
}

/// A turn, until it is dropped.
pub trait Turn {}

/// A store that no other process writes to needs no turns.
impl StoreTurn for () {
    fn take(&mut self) -> Box<dyn Turn + '_> {
        Box::new(())
    }

    fn take_now(&mut self) -> Option<Box<dyn Turn + '_>> {
        Some(Box::new(()))
    }

    fn idle(&mut self) {}
}

impl Turn for () {}

/// A turn, where the system gave one.
impl<T: Turn> Turn for Option<T> {}
