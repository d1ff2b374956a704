//! Order: by time and then by position, the same in every backend that holds the same events.

use super::StoreUnderTest;
use super::events::{event, instant};
use super::questions::{Question, everything, ids, one_of_each_question};
use crate::domain::repository::EventRepositoryExt;

pub fn newest_first_and_chronological_follow_the_time(store: &dyn StoreUnderTest) {
    expect_chronological(
        store,
        &[("b", "2025-10-25T10:00:00Z"), ("c", "2025-10-26T09:00:00Z"), ("a", "2025-10-24T11:00:00Z")],
        &["a", "b", "c"],
    );
}

pub fn equal_times_follow_the_position(store: &dyn StoreUnderTest) {
    let time = "2025-10-25T10:00:00Z";
    expect_chronological(
        store,
        &[("z", time), ("a", time), ("early", "2025-10-25T09:00:00Z"), ("m", time)],
        &["early", "z", "a", "m"],
    );
}

pub fn equal_times_are_equal_however_they_are_written(store: &dyn StoreUnderTest) {
    expect_chronological(
        store,
        &[
            ("first", "2025-10-25T12:00:00+02:00"),
            ("second", "2025-10-25T10:00:00.000000Z"),
            ("third", "2025-10-25 10:00"),
            ("fourth", "2025-10-25T04:30:00.0000009-05:30"),
            ("later", "2025-10-25T09:00:00-05:00"),
            ("fifth", "2025-10-25T10:00:00Z"),
        ],
        &["first", "second", "third", "fourth", "fifth", "later"],
    );
}

pub fn microseconds_decide(store: &dyn StoreUnderTest) {
    expect_chronological(
        store,
        &[
            ("c", "2025-10-25T10:00:00.000010Z"),
            ("b", "2025-10-25T10:00:00.000009Z"),
            ("d", "2025-10-25T10:00:00.1Z"),
            ("a", "2025-10-25T10:00:00Z"),
        ],
        &["a", "b", "c", "d"],
    );
}

pub fn times_before_1970_and_at_the_ends_of_the_calendar_are_in_order(store: &dyn StoreUnderTest) {
    expect_chronological(
        store,
        &[
            ("last", "9999-12-31T23:59:59.999999Z"),
            ("epoch", "1970-01-01T00:00:00Z"),
            ("first", "0001-01-01T00:00:00Z"),
            ("before", "1969-12-31T23:59:59.999999Z"),
            ("long ago", "1582-10-10T12:00:00Z"),
            ("after 2038", "2038-01-19T03:14:08Z"),
        ],
        &["first", "long ago", "before", "epoch", "after 2038", "last"],
    );
}

pub fn a_late_arrival_stands_by_its_time_and_has_the_greatest_position_of_its_day(
    store: &dyn StoreUnderTest,
) {
    let repository = store.open();
    let at = |id: &str, time: &str| event(id).about("T1").at(time).build();
    let day_before =
        repository.save_events(&[at("a", "2025-10-24T10:00:00Z"), at("c", "2025-10-24T20:00:00Z")]).unwrap();
    repository.save_event(&at("d", "2025-10-25T10:00:00Z")).unwrap();
    let late = repository.save_event(&at("b", "2025-10-24T15:00:00Z")).unwrap();

    assert!(day_before[0] < day_before[1] && day_before[1] < late);
    let history = repository.find_by_aggregate("T1", 10).unwrap();
    assert_eq!(ids(&history), ["a", "b", "c", "d"]);
    let positions: Vec<_> = history.iter().map(|stored| stored.position).collect();
    assert_eq!((positions[0], positions[2]), (day_before[0], day_before[1]), "positions never change");
}

pub fn every_query_gives_the_position_that_the_save_answered(store: &dyn StoreUnderTest) {
    let repository = store.open();
    let events: Vec<_> = ["10", "12", "11"]
        .map(|hour| event(hour).about("T1").at(&format!("2025-10-25T{hour}:00:00Z")).build())
        .into();
    let positions = repository.save_events(&events).unwrap();
    for (event, position) in events.iter().zip(positions) {
        let stored = repository.find_by_id(event.event_id()).unwrap().unwrap();
        assert_eq!(stored.position, position);
        for query in one_of_each_question(&*repository, &stored) {
            assert!(query.ask(&*repository, 10).unwrap().contains(&stored), "{query:?} for {stored:?}");
        }
    }
}

/// Saves events, one by one, and checks the order of every answer that is ordered by time.
fn expect_chronological(store: &dyn StoreUnderTest, saved: &[(&str, &str)], expected: &[&str]) {
    let repository = store.open();
    for (id, time) in saved {
        repository.save_event(&event(id).of_type("A").about("T1").at(time).build()).unwrap();
    }
    assert_eq!(everything(&*repository).len(), saved.len());
    let newest_first: Vec<&str> = expected.iter().rev().copied().collect();
    let (start, end) = (instant("0001-01-01T00:00:00Z"), instant("9999-12-31T23:59:59.999999Z"));
    for (query, expected) in [
        (Question::between(start, end), expected),
        (Question::about("T1"), expected),
        (Question::recent(), &newest_first),
        (Question::of_type("A"), &newest_first),
    ] {
        assert_eq!(ids(&query.ask(&*repository, 100).unwrap()), expected, "{query:?}");
    }
}
