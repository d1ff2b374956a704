//! Zones: what a store, here one in Berlin, makes of local times.

use chrono::TimeDelta;

use super::StoreUnderTest;
use super::events::{berlin, event, imported, instant};
use super::questions::{Question, everything, ids};
use super::refusals::expect_refusal;
use crate::domain::event::EventError;
use crate::domain::repository::EventRepositoryExt;
use crate::wire::record::RecordError;
use crate::wire::timestamp::TimestampError;

pub fn naive_times_are_read_in_the_zone_of_the_store(store: &dyn StoreUnderTest) {
    let repository = store.open();
    let ten = instant("2025-10-25T08:00:00Z");
    let naive = event("naive").at("2025-10-25T10:00:00").build_in(&berlin());
    repository.save_event(&naive).unwrap();
    // Local midnight is in the UTC day before.
    let midnight = event("midnight").at("2025-10-26").build_in(&berlin());
    repository.save_event(&midnight).unwrap();
    for repository in [repository, store.open()] {
        assert_eq!(ids(&repository.find_by_date_range(ten, ten, 10).unwrap()), ["naive"]);
        let recent = repository.get_recent_events(10).unwrap();
        assert_eq!(ids(&recent), ["midnight", "naive"]);
        assert_eq!(recent[0].event, midnight);
        assert_eq!(recent[0].event.timestamp(), instant("2025-10-25T22:00:00Z"));
        assert_eq!(recent[1].event, naive);
    }
}

pub fn an_event_read_in_another_zone_is_refused(store: &dyn StoreUnderTest) {
    let read_as_utc = event("e1").at("2025-10-25T10:00:00").build();
    expect_refusal(store, &read_as_utc, &EventError::NotItsText);
    let with_offset = event("e1").at("2025-10-25T10:00:00Z").build();
    store.open().save_event(&with_offset).unwrap();
}

pub fn a_local_time_that_comes_twice_or_never_is_refused(store: &dyn StoreUnderTest) {
    let refused = |time: &str, error: fn(chrono::NaiveDateTime, String) -> TimestampError| {
        let event = imported("e1", &berlin(), &event("e1").at(time).text());
        let error = error(time.parse().unwrap(), "Europe/Berlin".to_owned());
        expect_refusal(store, &event, &EventError::Record(RecordError::BadTimestamp(error)));
    };
    refused("2025-10-26T02:30:00", |local, zone| TimestampError::AmbiguousLocalTime { local, zone });
    refused("2025-03-30T02:30:00", |local, zone| TimestampError::MissingLocalTime { local, zone });
}

pub fn a_repeated_hour_with_offsets_is_in_order(store: &dyn StoreUnderTest) {
    let repository = store.open();
    for (id, time) in [
        ("later half past two", "2025-10-26T02:30:00+01:00"),
        ("a quarter to three", "2025-10-26T02:45:00+02:00"),
        ("three", "2025-10-26T03:00:00"),
        ("half past two", "2025-10-26T02:30:00+02:00"),
    ] {
        repository.save_event(&event(id).about("T1").at(time).build_in(&berlin())).unwrap();
    }
    let in_order = ["half past two", "a quarter to three", "later half past two", "three"];
    assert_eq!(ids(&repository.find_by_aggregate("T1", 10).unwrap()), in_order);
    let half_past_two = instant("2025-10-26T00:30:00Z");
    let hour = Question::between(half_past_two, half_past_two + TimeDelta::hours(1));
    assert_eq!(ids(&hour.ask(&*repository, 10).unwrap()), in_order[..3]);
}

pub fn an_instant_whose_local_day_is_beyond_the_calendar_is_kept(store: &dyn StoreUnderTest) {
    let repository = store.open();
    // In Berlin this is in the year 10000, whose days have no name in four digits.
    let last = event("last").about("T1").at("9999-12-31T23:30:00Z").build_in(&berlin());
    let before = event("before").about("T1").at("9999-12-31T22:30:00Z").build_in(&berlin());
    repository.save_event(&last).unwrap();
    repository.save_event(&before).unwrap();
    for repository in [repository, store.open()] {
        assert_eq!(ids(&repository.find_by_aggregate("T1", 10).unwrap()), ["before", "last"]);
        assert_eq!(ids(&repository.get_recent_events(1).unwrap()), ["last"]);
        assert_eq!(ids(&everything(&*repository)).len(), 2);
        assert_eq!(repository.find_by_id(last.event_id()).unwrap().unwrap().event, last);
        let found = repository.find_by_date_range(last.timestamp(), last.timestamp(), 10).unwrap();
        assert_eq!(ids(&found), ["last"]);
    }
}
