//! Definitions: how they are read, what is refused, how they are written.

use std::path::Path;
use std::time::Duration;

use jiff::civil::{Weekday, time};
use serde_json::{Value, json};

use super::*;

/// The example of the contract.
const BRIEFINGS: &str = r#"{"id":"file_changed_briefings","name":"Briefing File Changed","type":"file_system","source":{"path":"data/briefings","events":["created","modified"],"patterns":["*.md"]},"handler":"handlers.briefing_updated.run","enabled":true,"rate_limit":{"max_per_minute":10,"batch_window_seconds":30},"metadata":{"created":"2025-10-16T09:00:00","created_by":"system"}}"#;

fn briefings() -> Value {
    serde_json::from_str(BRIEFINGS).unwrap()
}

/// A definition with this source of times.
fn timed(source: Value) -> Result<Definition, InvalidDefinition> {
    Definition::from_value(json!({"id": "t", "type": "time_based", "source": source, "handler": "a.run"}))
}

fn schedule(source: Value) -> Schedule {
    match timed(source).unwrap().source {
        Source::Times(schedule) => schedule,
        Source::Files(files) => panic!("{files:?}"),
    }
}

/// The example with another value at a path of keys, and why that is refused.
fn refused(path: &str, value: Value) -> String {
    let mut definition = briefings();
    *definition.pointer_mut(path).unwrap() = value;
    Definition::from_value(definition).unwrap_err().to_string()
}

#[test]
fn a_definition_is_written_as_it_was_read() {
    let definition = Definition::from_json(BRIEFINGS).unwrap();
    assert_eq!(Value::Object(definition.to_json()).to_string(), BRIEFINGS);
}

#[test]
fn what_could_not_be_written_back_exactly_is_refused() {
    for (key, found) in
        [(r#""ticket":12345678901234567890123"#, "too large"), (r#""id":"other""#, "there twice")]
    {
        let text = BRIEFINGS.replacen('{', &format!("{{{key},"), 1);
        let refused = Definition::from_json(&text).unwrap_err().to_string();
        assert!(refused.contains(found), "{refused}");
    }
}

#[test]
fn what_may_be_absent_or_null_has_a_default() {
    let bare = json!({"id": "b", "type": "file_system", "source": {"path": "notes.md", "events": ["deleted"]}, "handler": "a.run"});
    let mut null = bare.clone();
    null.as_object_mut().unwrap().extend(
        json!({"name": null, "enabled": null, "rate_limit": null, "metadata": null})
            .as_object()
            .unwrap()
            .clone(),
    );
    for definition in [bare, null] {
        let read = Definition::from_value(definition).unwrap();
        assert_eq!((&*read.name, read.is_enabled), ("b", true));
        assert_eq!((read.rate_limit.max_per_minute, read.rate_limit.batch_window.as_secs()), (10, 30));
        assert!(read.metadata.is_empty());
        let Source::Files(files) = read.source else { panic!() };
        assert_eq!((files.path.as_path(), files.poll_seconds), (Path::new("notes.md"), None));
        assert!(files.patterns.is_empty());
    }
}

#[test]
fn half_of_a_rate_limit_leaves_the_other_half_at_its_default() {
    let mut definition = briefings();
    definition["rate_limit"] = json!({"batch_window_seconds": 0.5});
    let limit = Definition::from_value(definition).unwrap().rate_limit;
    assert_eq!((limit.max_per_minute, limit.batch_window), (10, Duration::from_millis(500)));
}

#[test]
fn every_spelling_of_a_schedule_is_read() {
    let nine = time(9, 0, 0, 0);
    for (source, expected) in [
        (json!({"interval": "30m"}), Schedule::Interval(Duration::from_secs(1800))),
        (json!({"interval": "1h 30m"}), Schedule::Interval(Duration::from_secs(5400))),
        (json!({"type": "interval", "minutes": 30}), Schedule::Interval(Duration::from_secs(1800))),
        (
            json!({"type": "interval", "hours": 1, "seconds": 5}),
            Schedule::Interval(Duration::from_secs(3605)),
        ),
        (json!({"time": "09:00"}), Schedule::Daily(nine)),
        (json!({"type": "daily", "time": "9:00"}), Schedule::Daily(nine)),
        (json!({"time": "23:59:58"}), Schedule::Daily(time(23, 59, 58, 0))),
        (json!({"days": ["monday"], "time": "09:00"}), Schedule::Weekly(vec![Weekday::Monday], nine)),
        (
            json!({"type": "weekly", "days": ["Sun", "MONDAY", "sunday"], "time": "09:00"}),
            Schedule::Weekly(vec![Weekday::Sunday, Weekday::Monday], nine),
        ),
    ] {
        assert_eq!(schedule(source.clone()), expected, "{source}");
    }
}

#[test]
fn a_schedule_is_written_so_that_it_is_read_as_the_same() {
    for source in [
        json!({"interval": "1d2h3m4s"}),
        json!({"time": "09:00"}),
        json!({"time": "09:00:30"}),
        json!({"days": ["monday", "sunday"], "time": "17:45"}),
    ] {
        assert_eq!(timed(source.clone()).unwrap().to_json()["source"], source);
    }
}

#[test]
fn a_source_of_times_that_says_nothing_or_two_things_is_refused() {
    for source in [
        json!({}),
        json!({"days": ["monday"]}),
        json!({"interval": "30m", "time": "09:00"}),
        json!({"type": "daily", "time": "09:00", "days": ["monday"]}),
        json!({"type": "weekly", "time": "09:00"}),
        json!({"type": "interval"}),
        json!({"type": "interval", "minutes": 0}),
    ] {
        let error = timed(source.clone()).unwrap_err().to_string();
        assert!(error.starts_with("`source`: expected "), "{source}: {error}");
    }
}

#[test]
fn what_is_not_allowed_is_named_with_its_field_and_with_what_is() {
    for (path, value, error) in [
        (
            "/type",
            json!("file_sytem"),
            "`type`: expected \"file_system\" or \"time_based\", found \"file_sytem\"",
        ),
        (
            "/source/events",
            json!(["created", "renamed"]),
            "`source.events`: expected a list of one or more of created, modified, deleted, moved, found [\"created\",\"renamed\"]",
        ),
        (
            "/source/events",
            json!([]),
            "`source.events`: expected a list of one or more of created, modified, deleted, moved, found []",
        ),
        (
            "/source/patterns",
            json!(["a[b"]),
            "`source.patterns`: expected a list of patterns of file names, as \"*.md\" (\"a[b\" is none: invalid range pattern, at character 1), found [\"a[b\"]",
        ),
        ("/enabled", json!("yes"), "`enabled`: expected true or false, found \"yes\""),
        (
            "/rate_limit/max_per_minute",
            json!(0),
            "`rate_limit.max_per_minute`: expected a whole number, from 1 to 4294967295, found 0",
        ),
        (
            "/rate_limit/batch_window_seconds",
            json!(-1),
            "`rate_limit.batch_window_seconds`: expected a number of seconds, from 0 to 86400, found -1",
        ),
        (
            "/handler",
            json!("briefing updated"),
            "`handler`: expected the dotted name of a handler, of letters, digits and _, as \"handlers.briefing_updated.run\", found \"briefing updated\"",
        ),
        ("/metadata", json!([]), "`metadata`: expected an object, found []"),
        (
            "/id",
            json!(7),
            "`id`: expected a text of one or more characters, without control characters, found 7",
        ),
    ] {
        assert_eq!(refused(path, value), error);
    }
    for (field, value) in [("interval", "30"), ("interval", "0s"), ("time", "25:00"), ("time", "nine")] {
        let error = timed(json!({field: value})).unwrap_err().to_string();
        assert!(error.starts_with(&format!("`source.{field}`: expected ")), "{error}");
    }
}

#[test]
fn intervals_that_times_cannot_be_reckoned_with_are_refused_with_what_is_allowed() {
    let (most, too_many) = (3_155_760_000_u64, 3_155_760_001_u64);
    for source in [
        json!({"interval": "36525d"}),
        json!({"interval": format!("{most}s")}),
        json!({"type": "interval", "seconds": most}),
        json!({"type": "interval", "hours": 876_600}),
    ] {
        assert_eq!(schedule(source.clone()), Schedule::Interval(Duration::from_secs(most)), "{source}");
    }
    for source in [
        json!({"interval": "36525d1s"}),
        json!({"interval": format!("{too_many}s")}),
        json!({"interval": "18446744073709551615s"}),
        json!({"interval": "18446744073709551616s"}),
        json!({"interval": "99999999999999999999d"}),
        json!({"type": "interval", "seconds": too_many}),
        json!({"type": "interval", "seconds": u64::MAX}),
        json!({"type": "interval", "hours": u64::MAX}),
        json!({"type": "interval", "minutes": u64::MAX / 60, "seconds": u64::MAX}),
        json!({"type": "interval", "hours": 876_600, "seconds": 1}),
    ] {
        let error = timed(source.clone()).unwrap_err().to_string();
        assert!(error.contains("100 years"), "{source}: {error}");
    }
    let polled = |seconds: u64| {
        let source = json!({"path": "a", "events": ["created"], "poll_seconds": seconds});
        Definition::from_value(
            json!({"id": "p", "type": "file_system", "source": source, "handler": "a.run"}),
        )
    };
    assert!(polled(1).is_ok() && polled(most).is_ok());
    for seconds in [0, too_many, u64::MAX] {
        let error = polled(seconds).unwrap_err().to_string();
        let expected = "`source.poll_seconds`: expected a whole number of seconds, from 1 to 3155760000 (100 years), found ";
        assert_eq!(error, format!("{expected}{seconds}"));
    }
}

#[test]
fn a_definition_that_is_no_json_is_said_by_line_and_byte_with_what_was_expected() {
    for (text, said) in [
        ("{\"id\"\n: }", "line 2, byte 8: expected a value, found `}`"),
        ("", "line 1, byte 0: expected a value, but the text ends"),
        ("{\"id\": \"\\ud800\"}", "line 1, byte 8: a text holds half of a surrogate pair"),
        ("{\"id\": \"\u{10ffe9}\"}", "line 1, byte 8: a text holds a character from U+10FF80 on"),
    ] {
        let error = Definition::from_json(text).unwrap_err().to_string();
        assert!(error.starts_with(&format!("expected a definition as a JSON object: {said}")), "{error}");
    }
    let deep = format!("{{\"id\": {}{}}}", "[".repeat(500), "]".repeat(500));
    let error = Definition::from_json(&deep).unwrap_err().to_string();
    assert!(error.ends_with("recursion limit exceeded"), "{error}");
}

#[test]
fn a_path_that_is_no_text_is_read_and_written_as_python_spells_it() {
    let text = BRIEFINGS.replace("data/briefings", "data/caf\\udce9");
    let definition = Definition::from_json(&text).unwrap();
    assert_eq!(definition.source.to_string(), "data/caf\\udce9 (*.md): created, modified");
    let written = Value::Object(definition.to_json()).to_string();
    assert_eq!(crate::legacy::path_text::escaped(&written), text);
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let Source::Files(files) = definition.source else { panic!() };
        assert_eq!(files.path.as_os_str().as_bytes(), b"data/caf\xe9");
    }
}

#[test]
fn a_field_that_is_missing_is_named() {
    for (field, path) in [
        ("id", ""),
        ("type", ""),
        ("source", ""),
        ("handler", ""),
        ("path", "/source"),
        ("events", "/source"),
    ] {
        let mut definition = briefings();
        definition.pointer_mut(path).unwrap().as_object_mut().unwrap().remove(field);
        let error = Definition::from_value(definition).unwrap_err().to_string();
        assert!(error.contains(&format!("{field}` is missing: expected ")), "{error}");
    }
    assert!(Definition::from_json("[]").unwrap_err().to_string().contains("found []"));
}

#[test]
fn unknown_keys_are_written_back_wherever_they_stand() {
    let mut definition = briefings();
    for path in ["", "/source", "/rate_limit", "/metadata"] {
        let object = definition.pointer_mut(path).unwrap().as_object_mut().unwrap();
        object.insert("of_a_later_version".to_owned(), json!({"kept": [1, null]}));
    }
    let read = Definition::from_value(definition.clone()).unwrap();
    assert_eq!(Value::Object(read.to_json()), definition);
}

#[test]
fn a_source_is_told_in_a_few_words() {
    let source = |definition: Definition| definition.source.to_string();
    let files = Definition::from_json(BRIEFINGS).unwrap();
    assert_eq!(source(files), "data/briefings (*.md): created, modified");
    assert_eq!(source(timed(json!({"interval": "90s"})).unwrap()), "every 1m30s");
    assert_eq!(source(timed(json!({"time": "09:00"})).unwrap()), "every day at 09:00");
    assert_eq!(
        source(timed(json!({"days": ["mon", "tue"], "time": "9:05"})).unwrap()),
        "monday, tuesday at 09:05"
    );
}
