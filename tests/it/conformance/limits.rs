//! Limits bound the number of events given, and nothing else.

use chrono::DateTime;
use mission_events::internals::domain::repository::EventRepository;

use super::Store;
use crate::support::{Query, event, instant};

const EVENTS: usize = 6;

pub fn a_limit_of_zero_gives_nothing(store: &dyn Store) {
    let repository = with_events(store);
    for query in bounded_queries() {
        assert_eq!(query.ask(&*repository, 0).unwrap(), [], "{query:?}");
    }
}

pub fn a_limit_gives_the_first_events_of_the_order(store: &dyn Store) {
    let repository = with_events(store);
    for query in bounded_queries() {
        let all = query.ask(&*repository, EVENTS).unwrap();
        assert_eq!(all.len(), EVENTS, "{query:?}");
        for limit in 1..EVENTS {
            assert_eq!(query.ask(&*repository, limit).unwrap(), all[..limit], "{query:?}, limit {limit}");
        }
    }
}

pub fn a_limit_beyond_the_number_of_events_gives_all_of_them(store: &dyn Store) {
    let repository = with_events(store);
    for query in bounded_queries() {
        let all = query.ask(&*repository, EVENTS).unwrap();
        for limit in [EVENTS + 1, 1 << 32, i64::MAX as usize, i64::MAX as usize + 1, usize::MAX] {
            assert_eq!(query.ask(&*repository, limit).unwrap(), all, "{query:?}, limit {limit}");
        }
    }
}

/// All of them have all events of [`with_events`] in their answer.
fn bounded_queries() -> [Query; 5] {
    [
        Query::ByType("A".into()),
        Query::Between(DateTime::UNIX_EPOCH, instant("2100-01-01T00:00:00Z")),
        Query::Recent,
        Query::HistoryOf("T1".into()),
        Query::Behind(None),
    ]
}

/// Events of three days, saved in no order of time, two of them at the same time.
fn with_events(store: &dyn Store) -> Box<dyn EventRepository> {
    let repository = store.open();
    let days: [u32; EVENTS] = [26, 25, 27, 25, 27, 26];
    for (number, day) in days.into_iter().enumerate() {
        let time = format!("2025-10-{day}T1{}:00:00Z", number / 4);
        repository
            .save_event(&event(&format!("e{number}")).of_type("A").about("T1").at(&time).build())
            .unwrap();
    }
    repository
}
