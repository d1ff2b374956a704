//! Any number of one-sided fields and of rules is right: each keeps its own place.

use super::*;

const FIELDS: usize = 70;

fn name(field: usize) -> String {
    format!("field{field}")
}

/// An event with one more field; the fields of the envelope are those of all.
fn with_field(record: &str, field: usize, value: usize) -> String {
    record.replacen('{', &format!(r#"{{"{}": {value}, "#, name(field)), 1)
}

fn lived() -> Lived {
    Lived { event_type: "A", task: "T1".into(), title: "the same".into(), at: 0 }
}

#[test]
fn seventy_one_sided_fields_are_told_apart() {
    let one_sided = (0..FIELDS).map(|field| OneSided { field: name(field), default: None }).collect();
    let profile = Profile { one_sided, ..Profile::default() };
    let settings = Settings { profile, ..settings() };
    // At one time, each event states one field, and has one partner that can have it.
    let record = |field| with_field(&lived().as_legacy(), field, field);
    let control: Vec<String> = (0..FIELDS).map(record).collect();
    let new = r#"{"event_type": "A", "aggregate_id": "T1", "title": "the same", "list": "inbox", "timestamp": "2025-10-20T00:00:00Z", "event_id": "e"}"#;
    let partner = |field| with_field(&new.replace("\"e\"", &format!("\"e{field}\"")), field, field);
    let mut candidate: Vec<String> = (0..FIELDS).rev().map(partner).collect();
    let found = compared_with(&settings, &control, &candidate);
    assert_eq!((found.verdict, found.matched as usize), (Verdict::Consistent, FIELDS));
    // The last one has another value: two events are left over, however many fields there are.
    candidate[0] = with_field(new, FIELDS - 1, 0);
    let found = compared_with(&settings, &control, &candidate);
    assert_eq!((found.matched as usize, found.changed), (FIELDS - 1, 1));
}

#[test]
fn seventy_rules_are_counted_apart() {
    let ignore = (0..FIELDS).map(|field| IgnoreRule { field: name(field), reason: "a test".into() });
    let profile = Profile { ignore: ignore.collect(), ..Profile::default() };
    let settings = Settings { profile, ..settings() };
    let event = |field: usize| Lived { at: field as i64 * 60_000, ..lived() }.as_new(&format!("e{field}"));
    let record = |value: usize| move |field: usize| with_field(&event(field), field, value);
    let control: Vec<String> = (0..FIELDS).map(record(1)).collect();
    // Each pair needs one rule, and the last one needs all of them.
    let mut candidate: Vec<String> = (0..FIELDS).map(record(2)).collect();
    let last = candidate.last_mut().unwrap();
    *last = (0..FIELDS - 1).fold(last.clone(), |record, field| with_field(&record, field, 3));
    let found = compared_with(&settings, &control, &candidate);
    assert_eq!((found.verdict, found.matched, found.changed), (Verdict::Consistent, 0, 0));
    for (number, rule) in found.ignored.iter().enumerate() {
        let pairs = if number == FIELDS - 1 { 1 } else { 2 };
        assert_eq!((rule.field.as_str(), rule.pairs), (name(number).as_str(), pairs));
    }
}
