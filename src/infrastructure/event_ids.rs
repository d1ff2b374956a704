//! Ids of new events.

use uuid::Uuid;

use crate::application::dispatch::EventIds;
use crate::domain::value_objects::EventId;

/// Mints UUIDs of version 7: ordered by time, and within a process each greater than the one before. Events that are
/// stored one after the other thus stand beside each other in an index of their ids.
#[derive(Debug, Clone, Copy, Default)]
pub struct TimeOrderedIds;

impl EventIds for TimeOrderedIds {
    fn next(&self) -> EventId {
        Uuid::now_v7().into()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::thread;

    use super::*;

    #[test]
    fn each_id_of_a_thread_is_greater_than_the_one_before_and_no_two_threads_mint_the_same() {
        let mint = || (0..2_000).map(|_| TimeOrderedIds.next()).collect::<Vec<EventId>>();
        let of_threads: Vec<Vec<EventId>> = thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(mint)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        for ids in &of_threads {
            assert!(ids.is_sorted_by(|one, next| one < next));
        }
        let all: BTreeSet<&EventId> = of_threads.iter().flatten().collect();
        assert_eq!(all.len(), 8_000);
    }
}
