//! Batches: one position for each event, in the order given; checked whole before any of it is written.

use super::StoreUnderTest;
use super::events::{event, imported, utc};
use super::questions::{everything, ids};
use crate::domain::event::DomainEvent;
use crate::domain::repository::{BatchError, RepositoryError};

pub fn a_batch_answers_the_position_of_each_event_in_the_order_given(store: &dyn StoreUnderTest) {
    let repository = store.open();
    let batch = [
        event("e1").at("2025-10-27T10:00:00Z").build(),
        event("e2").at("2025-10-25T10:00:00Z").build(),
        event("e3").at("2025-10-27T09:00:00Z").build(),
        event("e4").at("2025-10-26T10:00:00Z").build(),
    ];
    let positions = repository.save_events(&batch).unwrap();
    assert_eq!(positions.len(), batch.len());
    for (event, position) in batch.iter().zip(&positions) {
        let stored = repository.find_by_id(event.event_id()).unwrap().unwrap();
        assert_eq!(stored.position, *position, "{}", event.event_id());
    }
    assert!(positions[0] < positions[2], "events of one day have growing positions");
}

pub fn a_batch_without_events_answers_no_positions(store: &dyn StoreUnderTest) {
    let repository = store.open();
    assert_eq!(repository.save_events(&[]).unwrap(), []);
    repository.save_event(&event("e1").build()).unwrap();
    assert_eq!(repository.save_events(&[]).unwrap(), []);
    assert_eq!(ids(&everything(&*repository)), ["e1"]);
}

pub fn a_batch_may_be_long(store: &dyn StoreUnderTest) {
    let repository = store.open();
    let batch: Vec<DomainEvent> = (0..2_500).map(|number| event(&format!("e{number}")).build()).collect();
    let positions = repository.save_events(&batch).unwrap();
    let stored = everything(&*repository);
    assert!(stored.iter().map(|stored| stored.position).eq(positions));
    assert!(stored.iter().map(|stored| &stored.event).eq(&batch));
}

pub fn an_event_that_stands_twice_in_a_batch_is_stored_once(store: &dyn StoreUnderTest) {
    let repository = store.open();
    let batch = [
        event("e1").with("n", "1").build(),
        event("e2").build(),
        event("e1").with("n", "1.0").build(),
        event("e2").build(),
    ];
    let positions = repository.save_events(&batch).unwrap();
    assert_eq!(positions, [positions[0], positions[1], positions[0], positions[1]]);
    assert!(positions[0] < positions[1]);
    assert!(everything(&*repository).iter().map(|stored| &stored.event).eq(&batch[..2]));
}

pub fn an_event_stored_before_a_batch_keeps_its_position(store: &dyn StoreUnderTest) {
    let repository = store.open();
    let first = repository.save_event(&event("e1").build()).unwrap();
    let positions =
        repository.save_events(&[event("e0").build(), event("e1").build(), event("e2").build()]).unwrap();
    assert_eq!(positions[1], first);
    assert!(first < positions[0] && positions[0] < positions[2]);
    assert_eq!(ids(&everything(&*repository)), ["e1", "e0", "e2"]);
}

pub fn a_conflict_in_the_middle_of_a_batch_stores_none_of_it(store: &dyn StoreUnderTest) {
    let position = store.open().save_event(&event("e1").build()).unwrap();
    let batch = [event("e0").build(), event("e1").with("title", "\"other\"").build(), event("e2").build()];
    let error = expect_none_stored(store, &batch);
    assert!(
        matches!(&error, RepositoryError::Conflict { event_id, position: named } if event_id.as_str() == "e1" && *named == position),
        "{error:?}"
    );
}

pub fn a_conflict_within_a_batch_stores_none_of_it(store: &dyn StoreUnderTest) {
    store.open().save_event(&event("before").build()).unwrap();
    let batch = [event("e0").build(), event("e1").build(), event("e1").with("title", "\"other\"").build()];
    let error = expect_none_stored(store, &batch);
    assert!(
        matches!(&error, RepositoryError::Conflict { event_id, .. } if event_id.as_str() == "e1"),
        "{error:?}"
    );
}

pub fn a_refused_event_in_the_middle_of_a_batch_stores_none_of_it(store: &dyn StoreUnderTest) {
    store.open().save_event(&event("before").build()).unwrap();
    let lines = imported("e1", &utc(), &event("e1").text().replace(' ', "\n"));
    let error = expect_none_stored(store, &[event("e0").build(), lines, event("e2").build()]);
    assert!(
        matches!(&error, RepositoryError::NotLive { event_id, .. } if event_id.as_str() == "e1"),
        "{error:?}"
    );
}

/// Saves a batch that must fail as a whole, and gives the reason.
fn expect_none_stored(store: &dyn StoreUnderTest, batch: &[DomainEvent]) -> RepositoryError {
    let repository = store.open();
    let before = everything(&*repository);
    let BatchError { saved, error } = repository.save_events(batch).expect_err("the batch must fail");
    assert_eq!(saved, 0);
    assert_eq!(everything(&*repository), before);
    assert_eq!(everything(&*store.open()), before);
    // What was not stored is not known either: the first of the batch can still be saved.
    let position = repository.save_event(&batch[0]).unwrap();
    assert_eq!(repository.find_by_id(batch[0].event_id()).unwrap().unwrap().position, position);
    error
}
