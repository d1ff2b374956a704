//! Events saved each for itself: one answer for each, in the order given, whatever becomes of its neighbours.

use super::StoreUnderTest;
use super::events::{event, imported, utc};
use super::questions::{everything, ids};
use crate::domain::event::DomainEvent;
use crate::domain::repository::{EventRepository, RepositoryError, Saved};

pub fn each_event_is_answered_in_the_order_given(store: &dyn StoreUnderTest) {
    let repository = store.open();
    let events = [
        event("e1").at("2025-10-27T10:00:00Z").build(),
        event("e2").at("2025-10-25T10:00:00Z").build(),
        event("e3").at("2025-10-27T09:00:00Z").build(),
        event("e4").at("2025-10-25T09:00:00Z").build(),
    ];
    let saved = save_all(&*repository, &events);
    assert_eq!(saved.len(), events.len());
    for (event, saved) in events.iter().zip(&saved) {
        assert!(saved.is_new, "{}", event.event_id());
        let stored = repository.find_by_id(event.event_id()).unwrap().unwrap();
        assert_eq!((&stored.event, stored.position), (event, saved.position));
    }
    for (one, next) in [(0, 2), (1, 3)] {
        assert!(saved[one].position < saved[next].position, "events of one day have growing positions");
    }
}

pub fn a_call_without_events_has_no_answers(store: &dyn StoreUnderTest) {
    let repository = store.open();
    assert!(repository.save_each(&[]).is_empty());
    repository.save_event(&event("e1").build()).unwrap();
    assert!(repository.save_each(&[]).is_empty());
    assert_eq!(ids(&everything(&*repository)), ["e1"]);
}

pub fn a_call_may_be_long(store: &dyn StoreUnderTest) {
    let repository = store.open();
    let events: Vec<DomainEvent> = (0..1_200).map(|number| event(&format!("e{number}")).build()).collect();
    let saved = save_all(&*repository, &events);
    assert_eq!(saved.len(), events.len());
    let stored = everything(&*repository);
    assert!(stored.iter().map(|stored| stored.position).eq(saved.iter().map(|saved| saved.position)));
    assert!(stored.iter().map(|stored| &stored.event).eq(&events));
}

pub fn an_event_that_was_stored_before_is_not_new(store: &dyn StoreUnderTest) {
    let repository = store.open();
    let first = repository.save_event(&event("e1").build()).unwrap();
    let other_spelling = live_without_spaces("e1");
    let saved = save_all(&*repository, &[event("e0").build(), other_spelling, event("e2").build()]);
    assert_eq!(saved[1], Saved { position: first, is_new: false });
    assert!(saved[0].is_new && saved[2].is_new);
    assert_eq!(ids(&everything(&*store.open())), ["e1", "e0", "e2"]);
}

pub fn an_event_that_stands_twice_in_a_call_is_new_once(store: &dyn StoreUnderTest) {
    let repository = store.open();
    let saved =
        save_all(&*repository, &[event("e1").build(), event("e2").build(), live_without_spaces("e1")]);
    assert_eq!(saved.iter().map(|saved| saved.is_new).collect::<Vec<_>>(), [true, true, false]);
    assert_eq!(saved[2].position, saved[0].position);
    let stored = everything(&*repository);
    assert_eq!(ids(&stored), ["e1", "e2"]);
    assert_eq!(stored[0].event, event("e1").build(), "the first text stays");
}

pub fn a_conflict_leaves_its_neighbours_stored(store: &dyn StoreUnderTest) {
    let repository = store.open();
    let first = repository.save_event(&event("before").build()).unwrap();
    let events = [
        event("e1").build(),
        event("before").about("other").build(),
        event("e2").build(),
        event("e1").about("other").build(),
        event("e3").build(),
    ];
    let answers = repository.save_each(&events);
    assert_eq!(answers.len(), events.len());
    let e1 = answers[0].as_ref().unwrap().position;
    for (answer, id, named) in [(&answers[1], "before", first), (&answers[3], "e1", e1)] {
        assert!(
            matches!(answer, Err(RepositoryError::Conflict { event_id, position })
                if event_id.as_str() == id && *position == named),
            "{answer:?}"
        );
    }
    expect_stored(store, &[&answers[0], &answers[2], &answers[4]], &["before", "e1", "e2", "e3"]);
}

pub fn a_refused_event_leaves_its_neighbours_stored(store: &dyn StoreUnderTest) {
    let repository = store.open();
    let lines = imported("bad", &utc(), &event("bad").text().replace(' ', "\n"));
    let answers = repository.save_each(&[lines.clone(), event("e1").build(), lines, event("e2").build()]);
    assert_eq!(answers.len(), 4);
    for answer in [&answers[0], &answers[2]] {
        assert!(
            matches!(answer, Err(RepositoryError::NotLive { event_id, .. }) if event_id.as_str() == "bad"),
            "{answer:?}"
        );
    }
    expect_stored(store, &[&answers[1], &answers[3]], &["e1", "e2"]);
}

/// Checks that these answers say where new events are, and that the store holds these and no others.
fn expect_stored(store: &dyn StoreUnderTest, answers: &[&Result<Saved, RepositoryError>], expected: &[&str]) {
    let stored = everything(&*store.open());
    assert_eq!(ids(&stored), expected);
    for answer in answers {
        let saved = answer.as_ref().unwrap();
        assert!(saved.is_new && stored.iter().any(|stored| stored.position == saved.position), "{saved:?}");
    }
}

fn save_all(repository: &dyn EventRepository, events: &[DomainEvent]) -> Vec<Saved> {
    repository.save_each(events).into_iter().map(Result::unwrap).collect()
}

fn live_without_spaces(id: &str) -> DomainEvent {
    super::events::live(&event(id).text().replace(' ', ""))
}
