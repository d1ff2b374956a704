//! What a store does not take: an event that could not be read back as itself from its own text.

use super::StoreUnderTest;
use super::events::{edited, event, imported, instant, utc};
use super::questions::everything;
use crate::domain::event::{DomainEvent, EventError};
use crate::domain::repository::{EventRepository, RepositoryError};
use crate::domain::value_objects::{AggregateId, EventId};

pub fn an_event_whose_text_carries_no_id_is_refused(store: &dyn StoreUnderTest) {
    for text in [
        r#"{"event_type": "TaskCreated", "timestamp": "2025-10-25T10:00:00Z"}"#,
        r#"{"event_id": null, "event_type": "TaskCreated", "timestamp": "2025-10-25T10:00:00Z"}"#,
        r#"{"event_id": "e1", "type": "TaskCreated", "timestamp": "2025-10-25T10:00:00Z"}"#,
    ] {
        expect_refusal(store, &imported("e1", &utc(), text), &EventError::NoIdentity);
    }
}

pub fn an_event_of_several_lines_is_refused(store: &dyn StoreUnderTest) {
    let line = event("e1").text();
    for line_end in ["\n", "\r\n", "\r"] {
        let text = line.replacen(' ', line_end, 1);
        expect_refusal(store, &imported("e1", &utc(), &text), &EventError::NotOneLine);
    }
}

pub fn an_event_whose_envelope_is_not_of_its_text_is_refused(store: &dyn StoreUnderTest) {
    let text = event("e1").about("T1").text();
    for event in [
        edited(&text, |parts| parts.event_id = EventId::new("e2").unwrap()),
        edited(&text, |parts| parts.event_type = "TaskDeleted".into()),
        edited(&text, |parts| parts.timestamp = instant("2025-10-25T10:00:00.000001Z")),
        edited(&text, |parts| parts.aggregate_id = Some(AggregateId::new("T2"))),
        edited(&text, |parts| parts.aggregate_id = None),
    ] {
        expect_refusal(store, &event, &EventError::NotItsText);
    }
}

/// Checks that the store refuses the event for that reason, and is not changed by it.
pub fn expect_refusal(store: &dyn StoreUnderTest, event: &DomainEvent, because: &EventError) {
    let repository = store.open();
    let before = everything(&*repository);
    match repository.save_event(event) {
        Err(RepositoryError::NotLive { event_id, reason }) => {
            assert_eq!((&event_id, &reason), (event.event_id(), because), "{}", event.body());
        }
        other => panic!("expected a refusal ({because}), found {other:?} for {}", event.body()),
    }
    assert_eq!(everything(&*repository), before);
    assert_eq!(everything(&*store.open()), before);
    assert!(!holds(&*repository, event.event_id()), "{}", event.body());
}

fn holds(repository: &dyn EventRepository, id: &EventId) -> bool {
    repository.find_by_id(id).unwrap().is_some()
}
