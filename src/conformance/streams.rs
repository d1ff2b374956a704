//! Streams: end to end they are the whole store, and each is read on from where a reader stopped.

use std::collections::BTreeSet;

use super::StoreUnderTest;
use super::events::event;
use super::questions::{StreamReader, everything, ids};
use crate::domain::event::DomainEvent;
use crate::domain::repository::{EventRepository, EventRepositoryExt, StoredEvent, Stream};
use crate::domain::value_objects::{Position, StreamId};

pub fn an_empty_store_has_no_streams(store: &dyn StoreUnderTest) {
    let repository = store.open();
    assert_eq!(repository.streams().unwrap(), []);
    assert_eq!(StreamReader::default().read_on(&*repository, 10), []);
}

pub fn a_stream_that_the_store_does_not_know_is_empty(store: &dyn StoreUnderTest) {
    let repository = store.open();
    repository.save_event(&event("e1").build()).unwrap();
    for name in ["no such stream", "2031-01-01", "*"] {
        assert_eq!(repository.read_stream(&StreamId::new(name), None, 10).unwrap(), [], "{name}");
    }
}

pub fn pages_of_any_size_give_every_event_once_in_growing_positions(store: &dyn StoreUnderTest) {
    let repository = store.open();
    let saved = events_of_a_week();
    for event in &saved {
        repository.save_event(event).unwrap();
    }
    let place_of = |stored: &StoredEvent| saved.iter().position(|event| *event == stored.event).unwrap();
    for size in [1, 2, 5, 22, 23, 24] {
        let mut all = Vec::new();
        for stream in repository.streams().unwrap() {
            let pages = pages(&*repository, &stream.id, size);
            assert!(pages.iter().rev().skip(1).all(|page| page.len() == size), "full pages of {size}");
            let events = pages.concat();
            assert!(
                events.is_sorted_by(|one, next| place_of(one) < place_of(next)),
                "the events of a stream are in the order of their saves: {:?}",
                ids(&events)
            );
            all.extend(events);
        }
        assert!(all.is_sorted_by(|one, next| one.position < next.position), "pages of {size}");
        let places: BTreeSet<usize> = all.iter().map(place_of).collect();
        assert_eq!((all.len(), places.len()), (saved.len(), saved.len()), "pages of {size}: {:?}", ids(&all));
    }
}

pub fn the_streams_end_to_end_are_the_whole_store(store: &dyn StoreUnderTest) {
    let repository = store.open();
    repository.save_events(&events_of_a_week()).unwrap();
    let mut whole = repository.get_recent_events(100).unwrap();
    whole.sort_by_key(|stored| stored.position);
    assert_eq!(everything(&*repository), whole);
    let names: BTreeSet<StreamId> =
        repository.streams().unwrap().into_iter().map(|stream| stream.id).collect();
    assert_eq!(names.len(), repository.streams().unwrap().len(), "no stream is listed twice: {names:?}");
}

pub fn a_stream_reaches_to_its_head(store: &dyn StoreUnderTest) {
    let repository = store.open();
    for event in events_of_a_week() {
        let position = repository.save_event(&event).unwrap();
        let streams = repository.streams().unwrap();
        assert!(streams.iter().any(|stream| stream.head == position), "{position} is a head: {streams:?}");
        for Stream { id, head } in streams {
            let events = repository.read_stream(&id, None, 100).unwrap();
            assert_eq!(events.last().map(|stored| stored.position), Some(head), "stream {id:?}");
        }
    }
}

pub fn the_stream_of_a_position_is_the_one_that_its_event_is_read_from(store: &dyn StoreUnderTest) {
    let repository = store.open();
    assert_eq!(repository.stream_of(Position::new(1)).unwrap(), None, "an empty store reaches nowhere");
    repository.save_events(&events_of_a_week()).unwrap();
    let streams = repository.streams().unwrap();
    for stream in &streams {
        for stored in repository.read_stream(&stream.id, None, 100).unwrap() {
            let found = repository.stream_of(stored.position).unwrap();
            assert_eq!(found.as_ref(), Some(&stream.id), "of {}", stored.position);
        }
    }
    // Beyond the event, wherever its line may end.
    let beyond = Position::new(streams.last().unwrap().head.get() + 1_000_000);
    assert_eq!(repository.stream_of(beyond).unwrap(), None);
}

pub fn between_an_event_and_its_next_position_is_no_event(store: &dyn StoreUnderTest) {
    let repository = store.open();
    repository.save_events(&events_of_a_week()).unwrap();
    for event in everything(&*repository) {
        let stream = repository.stream_of(event.position).unwrap().unwrap();
        let next = repository.read_stream(&stream, Some(event.position), 1).unwrap().pop();
        for other in everything(&*repository) {
            let is_next = next.as_ref() == Some(&other);
            // A store need not tell.
            assert!(
                is_next || !repository.is_next(other.position, &event),
                "{} is not the next position after {}",
                other.position,
                event.position
            );
        }
    }
}

pub fn a_page_after_the_place_before_an_event_begins_with_that_event(store: &dyn StoreUnderTest) {
    let repository = store.open();
    repository.save_events(&events_of_a_week()).unwrap();
    for size in [2, 3, 10] {
        for stream in repository.streams().unwrap() {
            let whole = repository.read_stream(&stream.id, None, 100).unwrap();
            let mut at = 0;
            while at + 1 < whole.len() {
                let before = Position::new(whole[at].position.get() - 1);
                let page = repository.read_stream(&stream.id, Some(before), size).unwrap();
                assert_eq!(page, whole[at..whole.len().min(at + size)], "pages of {size} in {stream:?}");
                at += page.len() - 1;
            }
        }
    }
}

pub fn readers_at_different_places_of_a_stream_do_not_disturb_each_other(store: &dyn StoreUnderTest) {
    let repository = store.open();
    let mut saved: Vec<DomainEvent> = (0..20).map(|number| event(&format!("e{number}")).build()).collect();
    repository.save_events(&saved).unwrap();
    let stream = repository.streams().unwrap().remove(0).id;
    let mut readers: Vec<Vec<StoredEvent>> = vec![Vec::new(); 12];
    for round in 0..20 {
        for (number, read) in readers.iter_mut().enumerate() {
            let after = read.last().map(|stored| stored.position);
            read.extend(repository.read_stream(&stream, after, 1 + number % 5).unwrap());
        }
        let late = event(&format!("late {round}")).build();
        store.open().save_event(&late).unwrap();
        saved.push(late);
    }
    for read in &readers {
        assert!(read.len() >= 20 && read.iter().map(|stored| &stored.event).eq(&saved[..read.len()]));
    }
}

pub fn a_repeat_or_a_refusal_is_nothing_new(store: &dyn StoreUnderTest) {
    let repository = store.open();
    repository.save_events(&[event("e1").build(), event("e2").build()]).unwrap();
    let (mut reader, before) = (StreamReader::default(), repository.streams().unwrap());
    assert_eq!(ids(&reader.read_on(&*repository, 10)), ["e1", "e2"]);
    repository.save_event(&event("e1").build()).unwrap();
    repository.save_event(&event("e2").about("T1").build()).unwrap_err();
    assert_eq!(repository.streams().unwrap(), before);
    assert_eq!(reader.read_on(&*repository, 10), []);
}

pub fn reading_goes_on_after_the_last_position_with_what_came_later(store: &dyn StoreUnderTest) {
    let repository = store.open();
    let save = |id: &str, time: &str| repository.save_event(&event(id).at(time).build()).unwrap();
    save("e1", "2025-10-25T10:00:00Z");
    let last = save("e2", "2025-10-25T12:00:00Z");
    // What a store puts into one stream at one time stays there: the events are of one day.
    let stream = repository.streams().unwrap().remove(0).id;
    assert_eq!(repository.read_stream(&stream, Some(last), 10).unwrap(), []);

    let late = save("e3", "2025-10-25T11:00:00Z");
    save("e4", "2025-10-25T13:00:00Z");
    assert_eq!(ids(&repository.read_stream(&stream, Some(last), 10).unwrap()), ["e3", "e4"]);
    assert_eq!(ids(&store.open().read_stream(&stream, Some(last), 1).unwrap()), ["e3"]);
    assert_eq!(ids(&repository.read_stream(&stream, Some(late), 10).unwrap()), ["e4"]);
}

pub fn an_event_that_arrives_late_for_an_earlier_day_is_read_by_a_reader_that_goes_on(
    store: &dyn StoreUnderTest,
) {
    for page in [1, 10] {
        let repository = store.open();
        let save = |id: &str, time: &str| {
            repository.save_event(&event(&format!("{id} {page}")).at(time).build()).unwrap();
        };
        let mut reader = StreamReader::default();
        save("a", "2025-10-25T10:00:00Z");
        save("b", "2025-10-27T10:00:00Z");
        reader.read_on(&*repository, page);
        // For a day that has events, and for days that have none yet.
        for (id, time) in [
            ("c", "2025-10-25T09:00:00Z"),
            ("d", "2025-10-24T09:00:00Z"),
            ("e", "2025-10-26T23:00:00Z"),
            ("f", "2025-10-28T00:00:00Z"),
        ] {
            save(id, time);
            assert_eq!(ids(&reader.read_on(&*store.open(), page)), [format!("{id} {page}")], "of {time}");
        }
        save("g", "2025-10-24T09:00:00Z");
        save("h", "2025-10-27T09:00:00Z");
        let mut both: Vec<String> =
            ids(&reader.read_on(&*repository, page)).into_iter().map(str::to_owned).collect();
        both.sort();
        assert_eq!(both, [format!("g {page}"), format!("h {page}")]);
        assert_eq!(reader.read_on(&*repository, page), []);
    }
}

/// 23 events of seven days, which come in no order of time.
fn events_of_a_week() -> Vec<DomainEvent> {
    let at = |number: u32| format!("2025-10-2{}T10:00:00Z", number * 3 % 7);
    (0..23).map(|number| event(&format!("e{number}")).at(&at(number)).build()).collect()
}

/// A whole stream in pages of that size, the last one shorter or missing.
fn pages(repository: &dyn EventRepository, stream: &StreamId, size: usize) -> Vec<Vec<StoredEvent>> {
    let mut pages: Vec<Vec<StoredEvent>> = Vec::new();
    loop {
        let after = pages.last().and_then(|page| page.last()).map(|stored| stored.position);
        let page = repository.read_stream(stream, after, size).unwrap();
        if page.is_empty() {
            return pages;
        }
        assert!(pages.len() < 100, "reading by position does not end");
        pages.push(page);
    }
}
