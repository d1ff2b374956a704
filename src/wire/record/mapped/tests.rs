use crate::wire::mapping::{DeclaredMapping, FieldPath, Mapping};
use crate::wire::record::*;
use crate::wire::unix_time::TimestampUnit;

/// The mapping of most tests: `meta.id`, `kind`, `meta.at`, `repo.name`.
fn mapping() -> DeclaredMapping {
    let path = |path: &str| path.parse::<FieldPath>().unwrap();
    DeclaredMapping {
        event_id: Some(path("meta.id")),
        event_type: path("kind"),
        timestamp: path("meta.at"),
        timestamp_unit: TimestampUnit::Iso,
        aggregate: Some(path("repo.name")),
        records: None,
    }
}

/// Id, type, time, aggregate; or reason and message.
type Shown = Result<(Option<String>, String, String, Option<String>), (&'static str, String)>;

fn read(mapping: DeclaredMapping, text: &str) -> Shown {
    let zone = Zone::utc();
    let mut reader = RecordReader::with_mapping(&zone, DstPolicy::Resolve, &Mapping::Declared(mapping));
    let owned = |text: Cow<'_, str>| text.into_owned();
    match reader.read_whole(text.as_bytes()) {
        Ok(record) => {
            assert_eq!((record.shape, record.body), (Shape::Mapped, text));
            let time = record.occurred_at.format("%Y-%m-%dT%H:%M:%S%.fZ").to_string();
            Ok((record.event_id.map(owned), owned(record.event_type), time, record.aggregate.map(owned)))
        }
        Err(error) => Err((error.reason(), error.to_string())),
    }
}

fn event(id: Option<&str>, kind: &str, time: &str, aggregate: Option<&str>) -> Shown {
    Ok((id.map(str::to_owned), kind.to_owned(), time.to_owned(), aggregate.map(str::to_owned)))
}

const NOON: &str = "2025-10-25T12:00:00Z";

#[test]
fn fields_are_found_at_the_end_of_their_paths_and_nowhere_else() {
    for text in [
        r#"{"kind": "K", "meta": {"id": "1", "at": "2025-10-25T12:00:00Z"}, "repo": {"name": "R"}}"#,
        r#"{"repo": {"x": {"name": "no"}, "name": "R"}, "meta": {"at": "2025-10-25T12:00:00Z", "id": "1"}, "kind": "K"}"#,
        r#"{"name": "no", "id": "no", "at": "no", "x": {"repo": {"name": "no"}, "kind": "no"}, "kind": "K", "meta": {"x": [{"id": "no"}, [{"at": "no"}]], "id": "1", "at": "2025-10-25T12:00:00Z"}, "repo": {"y": {"repo": {"name": "no"}}, "name": "R"}}"#,
        r#"{"k\u0069nd": "K", "m\u0065ta": {"\u0069d": "\u0031", "at": "2025-10-25T12:00:00Z"}, "repo": {"name": "R"}}"#,
    ] {
        assert_eq!(read(mapping(), text), event(Some("1"), "K", NOON, Some("R")), "{text}");
    }
}

#[test]
fn names_count_only_after_all_the_names_before_them() {
    let mapping = DeclaredMapping { aggregate: Some("a.b.c".parse().unwrap()), ..mapping() };
    let text = r#"{"kind": "K", "meta": {"at": "2025-10-25T12:00:00Z"}, "a": {"x": {"c": "no"}, "b": {"c": "R"}, "c": "no"}}"#;
    assert_eq!(read(mapping, text), event(None, "K", NOON, Some("R")));
}

#[test]
fn a_dot_in_a_name_is_no_step() {
    let mapping = DeclaredMapping { aggregate: Some(r"id\.orig_h".parse().unwrap()), ..mapping() };
    let text =
        r#"{"kind": "K", "meta": {"at": "2025-10-25T12:00:00Z"}, "id": {"orig_h": "no"}, "id.orig_h": "R"}"#;
    assert_eq!(read(mapping, text), event(None, "K", NOON, Some("R")));
}

#[test]
fn paths_may_share_their_way_or_be_the_same() {
    let path = |path: &str| path.parse::<FieldPath>().unwrap();
    let mapping = DeclaredMapping {
        event_id: Some(path("a.b.c")),
        event_type: path("a.b.c"),
        timestamp: path("a.at"),
        aggregate: Some(path("a.b.d.e")),
        ..mapping()
    };
    let text = r#"{"a": {"b": {"d": {"e": 1e2}, "c": 7}, "at": "2025-10-25T12:00:00Z"}}"#;
    assert_eq!(read(mapping, text), event(Some("7"), "7", NOON, Some("1e2")));
}

#[test]
fn numbers_and_booleans_are_taken_by_their_text_and_null_is_absent() {
    let text = r#"{"kind": true, "meta": {"id": 12345678901234567890.0, "at": "2025-10-25T12:00:00Z"}, "repo": {"name": null}}"#;
    assert_eq!(read(mapping(), text), event(Some("12345678901234567890.0"), "true", NOON, None));
}

#[test]
fn a_way_that_ends_early_leads_to_nothing() {
    for repo in ["\"text\"", "null", "[{\"name\": \"no\"}]", "{}", "{\"name\": null}"] {
        let text = format!(r#"{{"kind": "K", "meta": {{"at": "2025-10-25T12:00:00Z"}}, "repo": {repo}}}"#);
        assert_eq!(read(mapping(), &text), event(None, "K", NOON, None), "{repo}");
    }
}

#[test]
fn what_is_missing_or_of_no_use_is_rejected_by_its_path() {
    let at = r#""at": "2025-10-25T12:00:00Z""#;
    for (text, reason, message) in [
        (
            format!(r#"{{"meta": {{{at}}}}}"#),
            "no_type",
            "expected the type of the event in `kind`, found none",
        ),
        (r#"{"kind": "K", "meta": {}}"#.into(), "no_timestamp", "expected a field `meta.at`, found none"),
        (r#"{"kind": "K", "meta": {"at": "noon"}}"#.into(), "bad_timestamp", "bad timestamp"),
        (
            r#"{"kind": "K", "meta": {"at": [1]}}"#.into(),
            "bad_field",
            "expected text in `meta.at`, found an array",
        ),
        (
            r#"{"kind": "K", "meta": {"at": true}}"#.into(),
            "bad_field",
            "expected text in `meta.at`, found a boolean",
        ),
        (
            format!(r#"{{"kind": {{}}, "meta": {{{at}}}}}"#),
            "bad_field",
            "expected text in `kind`, found an object",
        ),
        (format!(r#"{{"kind": "", "meta": {{{at}}}}}"#), "bad_field", "`kind` is empty"),
        (format!(r#"{{"kind": "K", "meta": {{{at}, "id": ""}}}}"#), "bad_field", "`meta.id` is empty"),
        (
            format!(r#"{{"kind": "K", "meta": {{{at}, "id": "\ud800"}}}}"#),
            "bad_field",
            "expected text in `meta.id`, found a lone surrogate, which no text can hold",
        ),
        (
            r#"{"kind": "K", "meta": {"at": 1761393600}}"#.into(),
            "bad_field",
            "expected text in `meta.at`, found a number: declare its unit with --timestamp-unit s, ms, us or ns",
        ),
    ] {
        assert_eq!(read(mapping(), &text), Err((reason, message.to_owned())), "{text}");
    }
}

#[test]
fn a_name_that_stands_twice_along_a_path_is_rejected_and_elsewhere_it_is_not() {
    for (text, field) in [
        (r#"{"kind": "K", "kind": "K", "meta": {"at": "2025-10-25T12:00:00Z"}}"#, "kind"),
        (r#"{"kind": "K", "meta": {"at": "2025-10-25T12:00:00Z", "\u0061t": null}}"#, "meta.at"),
        (r#"{"kind": "K", "meta": {"at": "2025-10-25T12:00:00Z"}, "meta": {}}"#, "meta"),
        (r#"{"kind": "K", "meta": 1, "meta": {"at": "2025-10-25T12:00:00Z"}}"#, "meta"),
    ] {
        let message = format!("the field `{field}` stands twice");
        assert_eq!(read(mapping(), text), Err(("duplicate_field", message)), "{text}");
    }
    let text = r#"{"kind": "K", "x": 1, "x": 2, "meta": {"y": {"at": 1}, "y": {"at": 2}, "at": "2025-10-25T12:00:00Z"}}"#;
    assert_eq!(read(mapping(), text), event(None, "K", NOON, None));
}

#[test]
fn times_are_numbers_or_texts_of_numbers_in_the_declared_unit() {
    for (unit, at, expected) in [
        (TimestampUnit::Seconds, "1761393600", "2025-10-25T12:00:00Z"),
        (TimestampUnit::Seconds, "\"1761393600.1234567\"", "2025-10-25T12:00:00.123456Z"),
        (TimestampUnit::Milliseconds, "1761393600001", "2025-10-25T12:00:00.001Z"),
        (TimestampUnit::Nanoseconds, "\"-1\"", "1969-12-31T23:59:59.999999Z"),
    ] {
        let mapping = DeclaredMapping { timestamp_unit: unit, ..mapping() };
        let text = format!(r#"{{"kind": "K", "meta": {{"at": {at}}}}}"#);
        assert_eq!(read(mapping, &text), event(None, "K", expected, None), "{text}");
    }
    let mapping = DeclaredMapping { timestamp_unit: TimestampUnit::Seconds, ..mapping() };
    for at in ["\"2025-10-25T12:00:00Z\"", "1e99", "\"\""] {
        let text = format!(r#"{{"kind": "K", "meta": {{"at": {at}}}}}"#);
        assert_eq!(
            read(mapping.clone(), &text),
            Err(("bad_timestamp", "bad timestamp".to_owned())),
            "{text}"
        );
    }
}

#[test]
fn the_built_in_mapping_reads_the_two_shapes() {
    let zone = Zone::utc();
    let mut reader = RecordReader::with_mapping(&zone, DstPolicy::Resolve, &Mapping::BuiltIn);
    let record = reader.read_whole(br#"{"type": "K", "timestamp": "2025-10-25T12:00:00Z"}"#).unwrap();
    assert_eq!(record.shape, Shape::Legacy);
}

#[test]
fn a_field_is_found_beside_what_is_as_deep_as_a_record_may_be() {
    let deep = format!("{}1{}", "{\"x\": ".repeat(1_022), "}".repeat(1_022));
    let text = format!(r#"{{"kind": "K", "meta": {{"x": {deep}, "at": "2025-10-25T12:00:00Z"}}}}"#);
    assert_eq!(read(mapping(), &text), event(None, "K", NOON, None));
}
