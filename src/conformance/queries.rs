//! Queries: exactly the events that were asked for.

use chrono::{DateTime, TimeDelta, Utc};

use super::StoreUnderTest;
use super::events::{event, instant};
use super::questions::{Question, everything, ids};
use crate::domain::event::DomainEvent;
use crate::domain::query::{EventQuery, TimeOrder};
use crate::domain::repository::{EventRepository, EventRepositoryExt, StoredEvent};
use crate::domain::value_objects::Position;

pub fn an_empty_store_answers_every_query_with_nothing(store: &dyn StoreUnderTest) {
    for query in [
        Question::by_id("e1"),
        Question::of_type("TaskCreated"),
        Question::between(DateTime::UNIX_EPOCH, instant("2100-01-01T00:00:00Z")),
        Question::recent(),
        Question::about("T1"),
        Question::stream("", None),
        Question::stream("", Some(Position::new(7))),
    ] {
        assert_eq!(query.ask(&*store.open(), 10).unwrap(), [], "{query:?}");
    }
}

pub fn an_unknown_id_type_or_aggregate_is_an_empty_answer(store: &dyn StoreUnderTest) {
    let repository = store.open();
    repository.save_event(&event("e1").of_type("A").about("T1").build()).unwrap();
    for query in [Question::by_id("e2"), Question::of_type("B"), Question::about("T2")] {
        assert_eq!(query.ask(&*repository, 10).unwrap(), [], "{query:?}");
    }
}

pub fn types_and_aggregates_match_by_every_character(store: &dyn StoreUnderTest) {
    let repository = store.open();
    let all =
        ["task", "Task", "TASK", "task ", "tas", "task\0", "ta%", "t_sk", "*", "é", "e\u{301}", "É", "7"];
    for name in all {
        repository.save_event(&event(name).of_type(name).about(name).build()).unwrap();
    }
    for name in all {
        for query in [Question::of_type(name), Question::about(name)] {
            assert_eq!(ids(&query.ask(&*repository, 100).unwrap()), [name], "{query:?}");
        }
    }
}

pub fn no_aggregate_and_an_empty_one_are_not_the_same(store: &dyn StoreUnderTest) {
    let repository = store.open();
    repository
        .save_events(&[
            event("without").build(),
            event("empty").about("").build(),
            event("named").about("null").build(),
        ])
        .unwrap();
    assert_eq!(ids(&repository.find_by_aggregate("", 10).unwrap()), ["empty"]);
    assert_eq!(ids(&repository.find_by_aggregate("null", 10).unwrap()), ["named"]);
    let all = everything(&*repository);
    assert_eq!(
        all.iter().map(|stored| stored.event.aggregate_id().map(|id| id.as_str())).collect::<Vec<_>>(),
        [None, Some(""), Some("null")]
    );
}

pub fn a_range_includes_both_its_ends_to_the_microsecond(store: &dyn StoreUnderTest) {
    let repository = with_events_around_ten(store);
    let range = |start, end| found_between(&*repository, instant(start), instant(end));
    let (one, two) = ("2025-10-25T10:00:00.000001Z", "2025-10-25T10:00:00.000002Z");
    assert_eq!(range(one, two), ["1", "2"]);
    assert_eq!(range(two, two), ["2"]);
    assert_eq!(range("2025-10-25T10:00:00.000003Z", "2025-10-26T00:00:00Z"), ["3", "midnight"]);
    assert_eq!(range("2025-10-25T10:00:00.000004Z", "2025-10-25T23:59:59.999999Z"), [""; 0]);
    assert_eq!(range("2025-10-24T00:00:00Z", "2025-10-25T10:00:00Z"), ["0"]);
}

pub fn range_ends_between_two_microseconds_are_taken_at_their_word(store: &dyn StoreUnderTest) {
    let repository = with_events_around_ten(store);
    let at = |text: &str| instant(&format!("2025-10-25T10:00:00.{text}Z"));
    assert_eq!(found_between(&*repository, at("000001001"), at("000002999")), ["2"]);
    assert_eq!(found_between(&*repository, at("000001999"), at("000003000")), ["2", "3"]);
    assert_eq!(found_between(&*repository, at("000001001"), at("000001999")), [""; 0]);
    // Before 1970 a microsecond is the floor just as well.
    repository.save_event(&event("old").at("1969-12-31T23:59:59.999998Z").build()).unwrap();
    let old = instant("1969-12-31T23:59:59.999998Z");
    let nanosecond = TimeDelta::nanoseconds(1);
    assert_eq!(found_between(&*repository, old - nanosecond, old + nanosecond), ["old"]);
    assert_eq!(found_between(&*repository, old + nanosecond, DateTime::UNIX_EPOCH), [""; 0]);
    assert_eq!(found_between(&*repository, old - TimeDelta::days(9), old - nanosecond), [""; 0]);
}

pub fn a_range_that_ends_before_it_starts_is_empty(store: &dyn StoreUnderTest) {
    let repository = with_events_around_ten(store);
    let (start, end) = (instant("2025-10-26T00:00:00Z"), instant("2025-10-25T10:00:00Z"));
    assert_eq!(found_between(&*repository, start, end), [""; 0]);
    assert_eq!(found_between(&*repository, DateTime::<Utc>::MAX_UTC, DateTime::<Utc>::MIN_UTC), [""; 0]);
    let one = instant("2025-10-25T10:00:00.000001Z");
    assert_eq!(found_between(&*repository, one, one - TimeDelta::nanoseconds(1)), [""; 0]);
}

pub fn a_range_may_reach_beyond_the_calendar(store: &dyn StoreUnderTest) {
    let repository = store.open();
    for (id, time) in [
        ("first", "0001-01-01T00:00:00Z"),
        ("now", "2025-10-25T10:00:00Z"),
        ("last", "9999-12-31T23:59:59.999999Z"),
    ] {
        repository.save_event(&event(id).at(time).build()).unwrap();
    }
    let (min, now, max) =
        (DateTime::<Utc>::MIN_UTC, instant("2025-10-25T10:00:00Z"), DateTime::<Utc>::MAX_UTC);
    assert_eq!(found_between(&*repository, min, max), ["first", "now", "last"]);
    assert_eq!(found_between(&*repository, min, now), ["first", "now"]);
    assert_eq!(found_between(&*repository, now, max), ["now", "last"]);
    assert_eq!(found_between(&*repository, min, min), [""; 0]);
    assert_eq!(found_between(&*repository, max, max), [""; 0]);
}

pub fn every_query_answers_as_the_reference_model_does(store: &dyn StoreUnderTest) {
    let repository = store.open();
    let mut saved = Vec::new();
    for number in 0_u32..60 {
        // Times, types and aggregates that come again and again, over several days, in no order.
        let (day, hour) = (20 + number * 7 % 5, number * 11 % 6 * 4);
        let mut mixed = event(&format!("e{number}"))
            .of_type(["A", "B", "C"][number as usize % 3])
            .at(&format!("2025-10-{day}T{hour:02}:00:00Z"));
        if number % 4 > 0 {
            mixed = mixed.about(["", "T1", "T2"][number as usize % 4 - 1]);
        }
        repository.save_event(&mixed.build()).unwrap();
        saved.push(mixed.build());
    }
    for query in every_combination() {
        let expected = model_answer(&saved, &query);
        for limit in [0, 1, 5, 17, 59, 60, 100] {
            let found = repository.query(&query, limit).unwrap();
            let expected = &expected[..limit.min(expected.len())];
            assert!(
                events(&found).eq(expected.iter().copied()),
                "{query:?}, limit {limit}: {:?}",
                ids(&found)
            );
        }
    }
}

/// Queries with every combination of conditions, in both orders, and with every range.
fn every_combination() -> Vec<EventQuery> {
    let times =
        ["2025-10-19T00:00:00Z", "2025-10-21T08:00:00Z", "2025-10-22T00:00:00Z", "2025-10-24T20:00:00Z"];
    let range = |query: &EventQuery, start, end| query.clone().between(instant(start), instant(end));
    let all = EventQuery::chronological();
    let mut queries = vec![all.clone(), EventQuery::newest_first()];
    let mut extend = |change: &dyn Fn(&EventQuery) -> Vec<EventQuery>| {
        let changed: Vec<EventQuery> = queries.iter().flat_map(change).collect();
        queries.extend(changed);
    };
    extend(&|query| ["A", "D"].map(|name| query.clone().of_type(name)).into());
    extend(&|query| ["", "T1", "T3"].map(|name| query.clone().about(name)).into());
    extend(&|query| vec![range(query, times[1], times[3])]);
    queries.extend(times.iter().flat_map(|start| times.iter().map(|end| range(&all, start, end))));
    queries
}

/// The answer without a limit, of the events in the order of their saves.
fn model_answer<'e>(saved: &'e [DomainEvent], query: &EventQuery) -> Vec<&'e DomainEvent> {
    let is_wanted = |event: &&DomainEvent| {
        query.event_type.as_ref().is_none_or(|name| event.event_type() == name)
            && query.aggregate_id.as_ref().is_none_or(|name| event.aggregate_id() == Some(name))
            && query.between.is_none_or(|(start, end)| (start..=end).contains(&event.timestamp()))
    };
    let mut found: Vec<&DomainEvent> = saved.iter().filter(is_wanted).collect();
    // Stable: events of one time stay in the order of their saves.
    found.sort_by_key(|event| event.timestamp());
    if query.order == TimeOrder::NewestFirst {
        found.reverse();
    }
    found
}

fn events(found: &[StoredEvent]) -> impl Iterator<Item = &DomainEvent> {
    found.iter().map(|stored| &stored.event)
}

/// Events at 10:00 and 1, 2, 3 microseconds after it, and at the midnight that follows.
fn with_events_around_ten(store: &dyn StoreUnderTest) -> Box<dyn EventRepository> {
    let repository = store.open();
    for micros in 0..4 {
        let time = format!("2025-10-25T10:00:00.00000{micros}Z");
        repository.save_event(&event(&micros.to_string()).at(&time).build()).unwrap();
    }
    repository.save_event(&event("midnight").at("2025-10-26T00:00:00Z").build()).unwrap();
    repository
}

fn found_between(repository: &dyn EventRepository, start: DateTime<Utc>, end: DateTime<Utc>) -> Vec<String> {
    let found = repository.find_by_date_range(start, end, 100).unwrap();
    ids(&found).into_iter().map(str::to_owned).collect()
}
