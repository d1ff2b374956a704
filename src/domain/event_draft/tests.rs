use jiff::tz::TimeZone;

use super::*;
use crate::domain::error_chain::error_chain;

fn completed(text: &str) -> DomainEvent {
    let draft = EventDraft::from_json(text, &Zone::utc()).unwrap_or_else(|error| panic!("{error}"));
    let now = "2025-10-25T10:00:00.0000019Z".parse().unwrap();
    let event = draft.complete(now, || EventId::new("new \"id\"").unwrap());
    assert_eq!(event.ensure_live(&Zone::utc()), Ok(()), "{text}");
    event
}

fn refusal(text: &str) -> String {
    error_chain(&EventDraft::from_json(text, &Zone::utc()).unwrap_err())
}

#[test]
fn what_is_missing_is_written_in_front_and_every_byte_is_kept() {
    for (given, expected) in [
        (
            r#"{ "event_type":"A",  "x": 1.50 }"#,
            r#"{"event_id": "new \"id\"", "timestamp": "2025-10-25T10:00:00.000001+00:00",  "event_type":"A",  "x": 1.50 }"#,
        ),
        (
            r#"{"timestamp": "2025-10-25", "event_type": "A"}"#,
            r#"{"event_id": "new \"id\"", "timestamp": "2025-10-25", "event_type": "A"}"#,
        ),
        (
            r#"{"event_type": "A", "event_id": "e1", "title": "null \u0041"}"#,
            r#"{"timestamp": "2025-10-25T10:00:00.000001+00:00", "event_type": "A", "event_id": "e1", "title": "null \u0041"}"#,
        ),
        (
            r#"{"event_id": "e1", "timestamp": "2025-10-25T10:00:00Z", "event_type": "A", "n": NaN}"#,
            r#"{"event_id": "e1", "timestamp": "2025-10-25T10:00:00Z", "event_type": "A", "n": NaN}"#,
        ),
    ] {
        assert_eq!(completed(given).body(), expected);
    }
}

#[test]
fn an_event_about_a_task_without_an_aggregate_is_about_the_task() {
    for (given, aggregate) in [
        (r#"{"event_type": "A", "task_id": "T \"1\""}"#, Some("T \"1\"")),
        (r#"{"event_type": "A", "aggregate_id": null, "task_id": "T1"}"#, Some("T1")),
        (r#"{"event_type": "A", "aggregate_id": "P1", "task_id": "T1"}"#, Some("P1")),
        (r#"{"event_type": "A", "task_id": ""}"#, None),
        (r#"{"event_type": "A", "task_id": 1}"#, Some("1")),
        (r#"{"event_type": "A", "task_id": null}"#, None),
    ] {
        assert_eq!(completed(given).aggregate_id().map(|id| id.as_str()), aggregate, "{given}");
    }
    assert_eq!(
        completed(r#"{"event_id": "e1", "timestamp": "2025-10-25", "event_type": "A", "task_id": "T1"}"#)
            .body(),
        r#"{"aggregate_id": "T1", "event_id": "e1", "timestamp": "2025-10-25", "event_type": "A", "task_id": "T1"}"#
    );
}

#[test]
fn a_null_is_filled_where_it_stands() {
    assert_eq!(
        completed(r#"{"a": null, "event_id" : null, "event_type": "A", "\u0074imestamp":null}"#).body(),
        r#"{"a": null, "event_id" : "new \"id\"", "event_type": "A", "\u0074imestamp":"2025-10-25T10:00:00.000001+00:00"}"#
    );
}

#[test]
fn the_envelope_of_a_completed_event_is_that_of_its_text() {
    let event = completed(r#"{"event_type": "A", "aggregate_id": "T1"}"#);
    assert_eq!(event.event_id().as_str(), "new \"id\"");
    assert_eq!(event.timestamp(), "2025-10-25T10:00:00.000001Z".parse::<DateTime<Utc>>().unwrap());
    assert_eq!(event.aggregate_id().map(|id| id.as_str()), Some("T1"));
}

#[test]
fn an_id_that_is_there_is_not_minted() {
    let text = r#"{"event_id": "e1", "event_type": "A"}"#;
    let draft = EventDraft::from_json(text, &Zone::utc()).unwrap();
    let event = draft.complete(DateTime::UNIX_EPOCH, || panic!("the event has an id"));
    assert_eq!(event.event_id().as_str(), "e1");
}

#[test]
fn line_ends_between_the_parts_become_spaces() {
    assert_eq!(
        completed(
            "\n{\r\n  \"event_id\": \"e1\",\n\n\t\"event_type\"\r:\n\"A\\nB\",\n  \"timestamp\": \"2025-10-25\"\n}\n"
        )
        .body(),
        r#"{ "event_id": "e1", "event_type" : "A\nB", "timestamp": "2025-10-25" }"#
    );
}

#[test]
fn an_event_of_the_legacy_shape_is_refused_with_the_way_out() {
    for text in [
        r#"{"type": "A", "task_id": "T1", "timestamp": "2025-10-25T10:00:00"}"#,
        r#"{"type": "A", "task_id": "T1"}"#,
        r#"{"event_type": null, "type": "A"}"#,
    ] {
        let message = refusal(text);
        assert!(message.contains("rename `type` to `event_type`"), "{message}");
    }
    // With both, it has the new shape.
    assert_eq!(completed(r#"{"type": "B", "event_type": "A"}"#).event_type(), "A");
}

#[test]
fn a_refusal_says_where_and_what_was_expected() {
    for (text, parts) in [
        (r#"{"event_type": "A",}"#, &["as {\"event_type\"", "from byte 19 ", "expected"][..]),
        ("", &["but the text ends"]),
        (r#"{"event_type": "A"} {}"#, &["expected nothing after the object", "byte 20"]),
        (r#"[{"event_type": "A"}]"#, &["expected an object, found `[`"]),
        (r#"{"timestamp": "2025-10-25"}"#, &["expected a field `event_type`"]),
        (r#"{"event_type": "A", "timestamp": "soon"}"#, &["by the field at byte 33", "bad timestamp"]),
        (r#"{"event_type": "A", "timestamp": 7}"#, &["by the field at byte 33", "found a number"]),
        (r#"{"event_type": "A", "event_id": ""}"#, &["by the field at byte 32", "`event_id` is empty"]),
        (
            r#"{"event_id": 1, "event_type": "A", "event_id": 2}"#,
            &["by the field at byte 47", "stands twice"],
        ),
    ] {
        let message = refusal(text);
        for part in parts {
            assert!(message.contains(part), "{text}: {part}: {message}");
        }
    }
}

#[test]
fn a_naive_time_is_of_the_zone_and_one_that_comes_twice_or_never_is_refused() {
    let berlin = Zone::new("Europe/Berlin", TimeZone::get("Europe/Berlin").unwrap());
    let at = |time: &str| {
        let text = format!(r#"{{"event_id": "e", "event_type": "A", "timestamp": "{time}"}}"#);
        EventDraft::from_json(&text, &berlin)
            .map(|draft| draft.complete(DateTime::UNIX_EPOCH, || panic!("it has one")).timestamp())
    };
    assert_eq!(at("2025-10-25T10:00:00"), Ok("2025-10-25T08:00:00Z".parse().unwrap()));
    for time in ["2025-10-26T02:30:00", "2025-03-30T02:30:00"] {
        assert!(matches!(at(time), Err(InvalidDraft::NotAnEvent { at: Some(50), .. })), "{:?}", at(time));
    }
}
