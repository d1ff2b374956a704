//! Exactness: what is read is what was saved, byte for byte, whichever way it is asked for.

use super::StoreUnderTest;
use super::events::{event, live};
use super::questions::{everything, one_of_each_question};
use crate::domain::repository::EventOrigin;

pub fn key_order_white_space_and_repeated_keys_are_kept(store: &dyn StoreUnderTest) {
    expect_kept(
        store,
        &[
            r#"{"timestamp":"2025-10-25T10:00:00Z","z":1,"event_type":"A","a":2,"event_id":"e1"}"#,
            "{ \"event_id\" :\t\"e2\" ,  \"event_type\": \"A\",\"timestamp\":\"2025-10-25T10:00:00Z\" , \"x\" : [ ] }",
            r#"{"event_id": "e3", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z", "x": 1, "x": 2, "o": {"y": 1, "y": 1}}"#,
            r#"{"event_id": "e4", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z", "": {"": [{}, [], ""]}}"#,
        ],
    );
}

pub fn numbers_keep_their_spelling(store: &dyn StoreUnderTest) {
    expect_values_kept(
        store,
        &[
            "1.0",
            "1.50",
            "-0",
            "-0.0",
            "1E+2",
            "1e5",
            "0.1000000000000000055511151231257827",
            "2.675",
            "18446744073709551616",
            "-9223372036854775809",
            "123456789012345678901234567890123456789012345678901234567890",
            "1e400",
            "5e-324",
            "NaN",
            "[Infinity, -Infinity]",
        ],
    );
}

pub fn escapes_and_lone_surrogates_are_kept(store: &dyn StoreUnderTest) {
    expect_values_kept(
        store,
        &[
            r#""\u00e9""#,
            r#""\u00E9""#,
            r#""\/""#,
            r#""\\ \" \b \f \n \r \t""#,
            r#""\u0000""#,
            r#""\u001f\u007f""#,
            r#""\u2028""#,
            r#""\ud83d\ude00""#,
            r#""\ud800""#,
            r#""\udc00\ud800""#,
            r#"{"\ud800": "\ufffd"}"#,
        ],
    );
}

pub fn text_beyond_ascii_is_kept(store: &dyn StoreUnderTest) {
    expect_values_kept(
        store,
        &[
            "\"Überblick\"",
            "\"e\u{301} and é\"",
            "\"日本語\"",
            "\"😀\"",
            "\"\u{7f}\u{80}\u{85}\u{a0}\u{ad}\"",
            "\"\u{2028}\u{2029}\u{200b}\u{feff}\"",
            "\"\u{fffd}\u{fffe}\u{10ffff}\"",
            "{\"schlüssel\": 1}",
        ],
    );
}

pub fn unknown_types_and_fields_are_kept(store: &dyn StoreUnderTest) {
    expect_kept(
        store,
        &[
            &event("e1").of_type("BriefingRead").text(),
            &event("e2").of_type("日本 / ../\u{0}'\"").about("a/../b\u{0}").text(),
            &event("e3").with("_source", r#"{"host": "a", "pid": 1}"#).with("metadata", "[1]").text(),
            &event("e4").with("title", "7").with("priority", "\"P9\"").with("type", "\"x\"").text(),
            &event("e5").with("position", "5").with("body", "null").with("rowid", "\"5\"").text(),
        ],
    );
}

pub fn long_and_deep_events_are_kept(store: &dyn StoreUnderTest) {
    let (deep, long) = (5_000, 2_000_000);
    expect_values_kept(
        store,
        &[
            &format!("{}{}", "[".repeat(deep), "]".repeat(deep)),
            &format!("{}1{}", "{\"a\":".repeat(deep), "}".repeat(deep)),
            &format!("\"{}\"", "é".repeat(long / 2)),
        ],
    );
}

pub fn the_envelope_comes_back_with_the_text(store: &dyn StoreUnderTest) {
    expect_kept(
        store,
        &[
            r#"{"event_id": 7, "event_type": 1.50, "timestamp": "2025-10-25T10:00:00Z", "aggregate_id": true}"#,
            r#"{"event_id": "\u00651", "event_type": "Task\u0000\u0041", "timestamp": "2025-10-25T10:00:00Z", "aggregate_id": "\ud83d\ude00"}"#,
            r#"{"event_id": "e2", "event_type": "A", "timestamp": "2025-10-25t10:00:00.1234567891+05:30", "aggregate_id": ""}"#,
            r#"{"event_id": "e3", "event_type": "A", "timestamp": "2025-10-25", "aggregate_id": null}"#,
            r#"{"event_id": "e4", "event_type": "A", "timestamp": "2016-12-31 23:59:60Z", "task_id": "T1"}"#,
            r#"{"event_id": "e5", "event_type": "A", "timestamp": "1969-12-31T23:59:59.9999999Z"}"#,
        ],
    );
}

/// Saves one event for each value, in a field of its own.
fn expect_values_kept(store: &dyn StoreUnderTest, values: &[&str]) {
    let texts: Vec<String> = values
        .iter()
        .enumerate()
        .map(|(number, json)| event(&format!("e{number}")).about("T1").with("value", json).text())
        .collect();
    expect_kept(store, &texts.iter().map(String::as_str).collect::<Vec<_>>());
}

pub fn what_a_running_system_saved_is_no_import(store: &dyn StoreUnderTest) {
    let repository = store.open();
    repository.save_event(&event("e1").about("T1").build()).unwrap();
    repository.save_events(&[event("e2").about("T1").build()]).unwrap();
    repository.save_each(&[event("e3").about("T1").build()]).remove(0).unwrap();
    for stored in everything(&*repository) {
        for question in one_of_each_question(&*repository, &stored) {
            let found = question.ask(&*repository, 10).unwrap();
            assert!(found.iter().all(|found| found.origin == EventOrigin::Saved), "{question:?}");
        }
    }
}

/// Saves events, and looks each of them up in every way there is, in the store as it is and opened again.
fn expect_kept(store: &dyn StoreUnderTest, texts: &[&str]) {
    let repository = store.open();
    for text in texts {
        repository.save_event(&live(text)).unwrap_or_else(|error| panic!("{error:?}: {}", excerpt(text)));
    }
    for repository in [repository, store.open()] {
        for text in texts {
            let saved = live(text);
            let stored = repository.find_by_id(saved.event_id()).unwrap().expect("the event just saved");
            assert_eq!(excerpt(stored.event.body()), excerpt(text));
            for query in one_of_each_question(&*repository, &stored) {
                let found = query.ask(&*repository, usize::MAX).unwrap();
                let found: Vec<_> =
                    found.iter().filter(|found| found.event.event_id() == saved.event_id()).collect();
                assert_eq!(found.len(), 1, "{query:?} for {}", excerpt(text));
                assert!(found[0].event == saved, "{query:?} gave another event for {}", excerpt(text));
            }
        }
    }
}

/// Enough of a text to tell which one it is.
fn excerpt(text: &str) -> String {
    text.chars().take(300).collect()
}
