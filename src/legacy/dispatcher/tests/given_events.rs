//! What `queue_event` takes, and what it says of the rest.

use serde_json::json;

use super::super::given_event::GivenEvent;
use crate::domain::error_chain::error_chain;
use crate::wire::zone::Zone;

fn given(text: &str) -> Result<GivenEvent, String> {
    let now = "2025-10-25T10:00:00.5Z".parse().unwrap();
    GivenEvent::from_json(text, &Zone::utc(), now).map_err(|error| error_chain(&error))
}

fn of_task(text: &str) -> GivenEvent {
    GivenEvent::OfTask(text.to_owned())
}

#[test]
fn a_task_event_is_taken_as_it_was_written() {
    for text in [
        r#"{"type": "TaskCreated", "task_id": "T123", "title": "My Task", "timestamp": "2025-10-25T10:00:00"}"#,
        r#"{"type":"TaskCompleted","timestamp":"2025-10-25T10:00:00+02:00","cost":NaN,"n":1.50,"s":"\ud800"}"#,
        r#"{"timestamp": "2025-10-25", "type": "x", "event_id": "no identity", "task_id": null}"#,
    ] {
        assert_eq!(given(text), Ok(of_task(text)));
        assert_eq!(given(&format!(" {text}\n")), Ok(of_task(text)), "blanks around it are no part of it");
    }
}

#[test]
fn a_task_event_without_a_time_gets_the_present_one() {
    let timed =
        r#"{"timestamp": "2025-10-25T10:00:00.500000+00:00", "type": "TaskDeleted", "task_id": "T1"}"#;
    assert_eq!(given(r#"{"type": "TaskDeleted", "task_id": "T1"}"#), Ok(of_task(timed)));
    assert_eq!(
        given(r#"{"type": "TaskDeleted", "timestamp": null}"#),
        Ok(of_task(r#"{"type": "TaskDeleted", "timestamp": "2025-10-25T10:00:00.500000+00:00"}"#))
    );
}

#[test]
fn an_event_of_a_definition_has_its_id_and_maybe_data_and_a_priority() {
    let of_definition = |data: serde_json::Value, priority| GivenEvent::OfDefinition {
        definition_id: "briefings".to_owned(),
        data: data.as_object().unwrap().clone(),
        priority,
    };
    for (text, expected) in [
        (r#"{"definition_id": "briefings"}"#, of_definition(json!({}), None)),
        (
            r#"{"definition_id": "briefings", "data": {"b": 1, "a": [2]}, "priority": 1}"#,
            of_definition(json!({"b": 1, "a": [2]}), Some(1)),
        ),
        (
            r#"{"type": "file_system", "definition_id": "briefings", "data": null, "priority": -3}"#,
            of_definition(json!({}), Some(-3)),
        ),
    ] {
        assert_eq!(given(text), Ok(expected));
    }
}

#[test]
fn what_is_no_event_is_told_with_the_field_and_what_was_expected() {
    for (text, parts) in [
        ("", &["expected an event, as {\"type\"", "not a JSON object"][..]),
        ("[]", &["not a JSON object"]),
        (r#"{"type": "x"} {}"#, &["expected nothing after the object"]),
        (r#"{"type": "x""#, &["not a JSON object"]),
        ("{}", &["expected `type`", "or `definition_id`", "found neither"]),
        (r#"{"event_type": "TaskCreated"}"#, &["found `event_type`", "rename `event_type` to `type`"]),
        (r#"{"type": "", "timestamp": "2025-10-25"}"#, &["`type` is empty"]),
        (r#"{"type": {}, "timestamp": "2025-10-25"}"#, &["expected text in `type`"]),
        (r#"{"type": "x", "type": "y"}"#, &["the field `type` stands twice"]),
        (r#"{"type": "x", "task_id": ["T1"]}"#, &["expected text in `task_id`"]),
        (r#"{"type": "x", "timestamp": "25.10.2025"}"#, &["bad timestamp", "expected a date as YYYY-MM-DD"]),
        (r#"{"type": "x", "timestamp": {}}"#, &["expected text in `timestamp`"]),
        (r#"{"definition_id": 7}"#, &["`definition_id`: expected the id of a definition, as text, found 7"]),
        (
            r#"{"definition_id": ""}"#,
            &["`definition_id`: expected the id of a definition, as text, found \"\""],
        ),
        (r#"{"definition_id": "a", "data": [1]}"#, &["`data`: expected an object, found [1]"]),
        (
            r#"{"definition_id": "a", "data": {"x": NaN}}"#,
            &["`data`: expected an object, found {\"x\": NaN}"],
        ),
        (
            r#"{"definition_id": "a", "priority": "high"}"#,
            &["`priority`: expected a whole number, of which the smallest is first, found \"high\""],
        ),
        (r#"{"definition_id": "a", "priority": 1.5}"#, &["`priority`: expected a whole number"]),
    ] {
        let error = given(text).unwrap_err();
        for part in parts {
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
