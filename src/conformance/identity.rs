//! Identity: an event id is stored once, and what is stored never changes.

use super::StoreUnderTest;
use super::events::{event, live};
use super::questions::{Question, everything, ids};
use crate::domain::repository::{EventRepository, EventRepositoryExt, RepositoryError};
use crate::domain::value_objects::Position;

pub fn an_event_saved_again_answers_the_position_of_the_first(store: &dyn StoreUnderTest) {
    let repository = store.open();
    let first = repository.save_event(&event("e1").build()).unwrap();
    repository.save_event(&event("e2").build()).unwrap();
    assert_eq!(repository.save_event(&event("e1").build()).unwrap(), first);
}

pub fn an_event_saved_again_is_stored_once(store: &dyn StoreUnderTest) {
    let repository = store.open();
    for id in ["e1", "e2", "e1", "e1"] {
        repository.save_event(&event(id).about("T1").build()).unwrap();
    }
    assert_eq!(ids(&everything(&*repository)), ["e1", "e2"]);
    assert_eq!(ids(&repository.find_by_aggregate("T1", 10).unwrap()), ["e1", "e2"]);
    for query in [Question::recent(), Question::of_type("TaskCreated")] {
        assert_eq!(ids(&query.ask(&*repository, 10).unwrap()), ["e2", "e1"], "{query:?}");
    }
}

pub fn another_spelling_is_the_same_event_and_the_first_text_stays(store: &dyn StoreUnderTest) {
    let repository = store.open();
    let first = live(
        r#"{"event_id": "e1", "event_type": "TaskCreated", "timestamp": "2025-10-25T10:00:00Z", "title": "é/", "n": 10}"#,
    );
    let position = repository.save_event(&first).unwrap();
    for other in [
        r#"{"event_id":"e1","event_type":"TaskCreated","timestamp":"2025-10-25T10:00:00Z","title":"é/","n":10}"#,
        r#"{"n":10,"title":"é/","event_type":"TaskCreated","event_id":"e1","timestamp":"2025-10-25T10:00:00Z"}"#,
        r#"{"event_id":"e1","event_type":"TaskCreated","timestamp":"2025-10-25T10:00:00Z","title":"\u00e9\/","n":1.0e1}"#,
        r#"{"event_\u0069d":"\u00651","event_type":"TaskCreated","timestamp":"2025-10-25T10:00:00Z","title":"é/","n":10.00}"#,
    ] {
        assert_eq!(repository.save_event(&live(other)).unwrap(), position, "{other}");
    }
    let stored = everything(&*repository);
    assert_eq!(stored.iter().map(|stored| stored.event.body()).collect::<Vec<_>>(), [first.body()]);
}

pub fn other_content_under_a_stored_id_is_a_conflict_that_names_the_first(store: &dyn StoreUnderTest) {
    let repository = store.open();
    let first = repository.save_event(&event("e1").build()).unwrap();
    repository.save_event(&event("e2").build()).unwrap();
    expect_conflict(&*repository, &event("e1").with("title", "\"other\"").text(), first);
}

pub fn a_conflict_changes_nothing(store: &dyn StoreUnderTest) {
    let repository = store.open();
    let position = repository.save_event(&event("e1").about("T1").build()).unwrap();
    repository.save_event(&event("e2").about("T1").build()).unwrap();
    let before = everything(&*repository);

    let other = event("e1").of_type("TaskDeleted").at("2025-10-26T10:00:00Z").about("T2").text();
    expect_conflict(&*repository, &other, position);

    assert_eq!(everything(&*repository), before);
    assert_eq!(everything(&*store.open()), before);
    assert_eq!(repository.find_by_id(before[0].event.event_id()).unwrap(), Some(before[0].clone()));
    for nothing in [Question::of_type("TaskDeleted"), Question::about("T2")] {
        assert_eq!(nothing.ask(&*repository, 10).unwrap(), [], "{nothing:?}");
    }
}

pub fn contents_that_lax_readers_confuse_are_in_conflict(store: &dyn StoreUnderTest) {
    let repository = store.open();
    for (number, (one, other)) in [
        ("0.1", "0.1000000000000000055"),
        ("9007199254740992", "9007199254740993"),
        ("1e400", "1e401"),
        ("1", "\"1\""),
        ("true", "1"),
        ("null", "NaN"),
        ("Infinity", "-Infinity"),
        (r#""\ud800""#, r#""\udc00""#),
        (r#""\ud800""#, r#""\ufffd""#),
        ("\"é\"", "\"e\u{301}\""),
        (r#""a""#, r#""A""#),
        (r#""a\u0000b""#, r#""a\u0000c""#),
        (r#"{"a": 1, "a": 2}"#, r#"{"a": 2}"#),
        (r#"{"a": 1, "a": 2}"#, r#"{"a": 2, "a": 1}"#),
        ("[1, 2]", "[2, 1]"),
        ("{}", "[]"),
    ]
    .into_iter()
    .enumerate()
    {
        let with = |json: &str| event(&format!("e{number}")).with("value", json).text();
        let position = repository.save_event(&live(&with(one))).unwrap();
        expect_conflict(&*repository, &with(other), position);
    }
    let position = repository.save_event(&event("without").build()).unwrap();
    expect_conflict(&*repository, &event("without").with("value", "null").text(), position);
}

pub fn ids_are_told_apart_by_every_character(store: &dyn StoreUnderTest) {
    let repository = store.open();
    let all = [
        "e", "E", "e ", " e", "é", "e\u{301}", "e\0", "e\0x", "1", "01", "1.0", "e\n", "../e", "'e'", "%",
        "_",
    ];
    for id in all {
        repository.save_event(&event(id).build()).unwrap();
    }
    for id in all {
        assert_eq!(ids(&Question::by_id(id).ask(&*repository, 1).unwrap()), [id]);
    }
}

/// Saves a text that must be refused because of the event at `position`, which has its id.
fn expect_conflict(repository: &dyn EventRepository, text: &str, position: Position) {
    let event = live(text);
    match repository.save_event(&event) {
        Err(RepositoryError::Conflict { event_id, position: named }) => {
            assert_eq!((&event_id, named), (event.event_id(), position), "{text}");
        }
        other => panic!("expected a conflict, found {other:?} for {text}"),
    }
}
