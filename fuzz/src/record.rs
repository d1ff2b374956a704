//! Any bytes as one record.

use std::str::from_utf8;
use std::sync::LazyLock;

use mission_events::internals::infrastructure::zones::load_zone;
use mission_events::internals::wire::json::{
    Member, MemberValue, ObjectScanner, ScanError, ScannedObject, canonical_form,
};
use mission_events::internals::wire::local_time::DstPolicy;
use mission_events::internals::wire::record::{ContentIds, Record, RecordError, RecordReader};
use mission_events::internals::wire::zone::Zone;
use serde_json::{Map, Value};

use super::serde_view::{Facts, end_of_object, members, respell};
use super::{form, trim};

static UTC: LazyLock<Zone> = LazyLock::new(Zone::utc);
static BERLIN: LazyLock<Zone> = LazyLock::new(|| load_zone("Europe/Berlin").expect("the zone is bundled"));

/// The farthest that Berlin's clocks ever were from UTC, with a gap that a missing hour moves over.
const FARTHEST_FROM_UTC_SECONDS: i64 = 4 * 3600;

/// Panics where the bytes are read otherwise than they should be.
pub fn check(bytes: &[u8]) {
    // Whatever the bytes are, this answers.
    let of_any_bytes = canonical_form(bytes);
    let mut scanner = ObjectScanner::new();
    let scanned = scanner.scan(bytes, 0);
    assert_grammar(bytes, &scanned);
    assert_remembered(bytes, &scanned, scanner.members());
    assert_prefixes(bytes, &scanned);
    let mut value = None;
    if let Ok(object) = scanned {
        let form = canonical_form(object.span.of(bytes)).expect("what was scanned is JSON");
        assert_eq!(of_any_bytes.as_ref(), Ok(&form), "what follows a value is not looked at");
        value = assert_value(bytes, object, scanner.members(), &form);
    }
    assert_records(bytes, scanned.ok(), value.as_ref());
}

/// A scanner that has seen the object before finds the same again, by its layout.
fn assert_remembered(bytes: &[u8], scanned: &Result<ScannedObject, ScanError>, members: &[Member]) {
    let mut scanner = ObjectScanner::new();
    for _ in 0..3 {
        assert_eq!(&scanner.scan(bytes, 0), scanned);
        if scanned.is_ok() {
            assert_eq!(scanner.members(), members);
        }
    }
}

/// The scanner takes what serde_json takes, to the same byte; and also Python's `NaN` and infinities.
fn assert_grammar(bytes: &[u8], scanned: &Result<ScannedObject, ScanError>) {
    match (scanned, end_of_object(bytes)) {
        (Ok(object), Some(end)) => {
            assert_eq!(object.span.end, end);
            assert_eq!(object.span.start, bytes.len() - trim_start(bytes).len());
            assert!(!object.non_finite);
        }
        (Ok(object), None) => assert!(object.non_finite, "only ours takes it"),
        (Err(ScanError::NotUtf8 { at, found }), Some(end)) => {
            let error = from_utf8(&bytes[..end]).expect_err("it is UTF-8");
            assert_eq!((*at, *found), (error.valid_up_to(), bytes[*at]));
        }
        (Err(error), Some(_)) => panic!("only serde_json takes it: {error:?}"),
        (Err(_), None) => {}
    }
}

fn trim_start(bytes: &[u8]) -> &[u8] {
    let blanks = bytes.iter().take_while(|byte| super::is_blank(**byte)).count();
    &bytes[blanks..]
}

/// An error names the first byte with which the text can no longer become an object, so that torn
/// and broken are told apart.
fn assert_prefixes(bytes: &[u8], scanned: &Result<ScannedObject, ScanError>) {
    let scan = |end: usize| ObjectScanner::new().scan(&bytes[..end], 0);
    let is_incomplete = |end: usize| matches!(scan(end), Err(ScanError::Incomplete { at, .. }) if at == end);
    match scanned {
        Ok(object) => {
            assert_eq!(scan(object.span.end).as_ref(), Ok(object));
            assert!(is_incomplete(object.span.end - 1));
        }
        Err(error @ ScanError::Unexpected { at, found, .. }) => {
            assert_eq!(*found, bytes[*at]);
            assert_eq!(scan(at + 1).as_ref(), Err(error));
            assert!(is_incomplete(*at));
        }
        Err(ScanError::Incomplete { at, .. }) => assert_eq!(*at, bytes.len()),
        Err(ScanError::NotUtf8 { at, .. }) => assert!(from_utf8(&bytes[..*at]).is_ok()),
    }
}

/// Flags, members and canonical form say what the value says that serde_json reads; gives that value
/// where it has every member.
fn assert_value(bytes: &[u8], object: ScannedObject, found: &[Member], form: &[u8]) -> Option<Value> {
    let text = object.span.of(bytes);
    let facts = Facts::of(text);
    let is_held = !object.non_finite && !object.lone_surrogate && facts.is_holdable();
    let value: Value = match serde_json::from_slice(text) {
        Ok(value) => value,
        Err(error) => {
            assert!(!is_held, "serde_json refuses it: {error}");
            return None;
        }
    };
    assert!(is_held, "serde_json holds it: {object:?} {facts:?}");
    assert_eq!(object.duplicate_key, members(&value) < facts.members);
    if object.duplicate_key {
        return None;
    }
    assert_members(bytes, found, value.as_object().expect("an object is an object"));
    form::assert_says(form, &value);
    if !facts.inexact {
        let mut respelled = String::new();
        respell(&value, &mut respelled);
        assert_eq!(canonical_form(respelled.as_bytes()).as_deref(), Ok(form), "{respelled}");
    }
    Some(value)
}

fn assert_members(bytes: &[u8], found: &[Member], expected: &Map<String, Value>) {
    assert_eq!(found.len(), expected.len());
    for (member, (name, value)) in found.iter().zip(expected) {
        assert_eq!(member.key.decode(bytes).as_deref(), Some(name.as_str()));
        let found = match member.value {
            MemberValue::Null => Value::Null,
            MemberValue::Boolean(value) => Value::Bool(value),
            MemberValue::String(text) => Value::from(text.decode(bytes).expect("no surrogate is alone")),
            MemberValue::Number(span) | MemberValue::Array(span) | MemberValue::Object(span) => {
                serde_json::from_slice(span.of(bytes)).expect("the span is a value")
            }
            MemberValue::NonFinite(_) => panic!("serde_json knows no infinity"),
        };
        assert_eq!(found, *value);
    }
}

/// The two zones agree on everything but the instant of a naive time, and a record is what was
/// scanned, with nothing after it.
fn assert_records(bytes: &[u8], scanned: Option<ScannedObject>, value: Option<&Value>) {
    let read = |zone, dst| RecordReader::new(zone, dst).read_whole(bytes);
    let (utc, berlin) = (read(&UTC, DstPolicy::Resolve), read(&BERLIN, DstPolicy::Resolve));
    match (&utc, &berlin) {
        (Ok(utc), Ok(berlin)) => {
            assert_same_but_for_zone(utc, berlin);
            assert_record(bytes, utc, scanned.expect("a record is an object"), value);
            match read(&BERLIN, DstPolicy::Reject) {
                Ok(strict) => assert_eq!(strict.occurred_at, berlin.occurred_at),
                Err(error) => assert!(matches!(error, RecordError::BadTimestamp(_))),
            }
        }
        // At the ends of the years, and in a leap second, it matters which zone it is.
        (Err(RecordError::BadTimestamp(_)), _) | (_, Err(RecordError::BadTimestamp(_))) => {}
        (Err(utc), Err(berlin)) => assert_eq!(utc, berlin),
        (utc, berlin) => panic!("{utc:?} in one zone, {berlin:?} in the other"),
    }
}

fn assert_same_but_for_zone(utc: &Record<'_>, berlin: &Record<'_>) {
    let apart = (utc.occurred_at - berlin.occurred_at).num_seconds().abs();
    assert!(apart <= if utc.written_at.is_naive() { FARTHEST_FROM_UTC_SECONDS } else { 0 });
    assert_eq!(utc.written_at.civil_micros(), berlin.written_at.civil_micros());
    assert_eq!(utc.event_id, berlin.event_id);
    assert_eq!(utc.event_type, berlin.event_type);
    assert_eq!(utc.aggregate, berlin.aggregate);
    assert_eq!(ContentIds::default().of(utc.body), ContentIds::default().of(berlin.body));
}

fn assert_record(bytes: &[u8], record: &Record<'_>, object: ScannedObject, value: Option<&Value>) {
    assert_eq!(record.body.as_bytes(), trim(bytes));
    assert_eq!(record.body.as_bytes(), object.span.of(bytes));
    assert!(!record.event_type.is_empty() && record.event_id.as_deref() != Some(""));
    let flags = record.flags;
    assert_eq!(
        (flags.nan, flags.lone_surrogate, flags.duplicate_key),
        (object.non_finite, object.lone_surrogate, object.duplicate_key)
    );
    let instant = record.occurred_at.to_rfc3339();
    let again = format!(r#"{{"type": "x", "timestamp": "{instant}"}}"#);
    let again =
        RecordReader::new(&UTC, DstPolicy::Reject).read_whole(again.as_bytes()).map(|r| r.occurred_at);
    assert_eq!(again, Ok(record.occurred_at), "{instant}");
    if let Some(value) = value {
        assert_envelope(record, value);
    }
}

/// The envelope is what the fields of the contract say, as serde_json reads them.
fn assert_envelope(record: &Record<'_>, value: &Value) {
    let present = |field: &str| value.get(field).filter(|value| !value.is_null());
    let is_new = present("event_type").is_some();
    let (event_type, aggregate) = if is_new { ("event_type", "aggregate_id") } else { ("type", "task_id") };
    let event_id = if is_new { present("event_id") } else { None };
    assert_text(Some(&record.event_type), present(event_type));
    assert_text(record.aggregate.as_deref(), present(aggregate));
    assert_text(record.event_id.as_deref(), event_id);
}

fn assert_text(found: Option<&str>, expected: Option<&Value>) {
    match expected {
        None => assert_eq!(found, None),
        Some(Value::String(text)) => assert_eq!(found, Some(text.as_str())),
        Some(Value::Bool(value)) => assert_eq!(found, Some(if *value { "true" } else { "false" })),
        Some(Value::Number(number)) => {
            let found: Option<f64> = found.and_then(|text| text.parse().ok());
            assert_eq!(found, number.as_f64());
        }
        Some(other) => panic!("{other} is taken for text"),
    }
}
