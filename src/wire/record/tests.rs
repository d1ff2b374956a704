use proptest::prelude::*;

use super::*;
use crate::wire::mapping::DeclaredMapping;
use crate::wire::unix_time::TimestampUnit;

/// Objects with the fields of both shapes and others, in any order, some twice, with any value.
fn object() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        8 => prop_oneof!["event_id", "event_type", "aggregate_id", "type", "task_id", "timestamp"],
        2 => prop_oneof!["a", "metadata"],
        1 => Just(r"\u0074ype".to_owned()),
    ];
    let value = prop_oneof![
        6 => prop_oneof![r#""2025-10-1[34]T07:30:0[1-9](\.[0-9]{6})?(\+00:00|Z)""#, Just(r#""2025-03-30T02:30:00""#.to_owned())],
        4 => prop_oneof![r#""[a-zé]{0,4}""#, Just(r#""\u00e9\n""#.to_owned()), Just(r#""\ud800""#.to_owned())],
        2 => any::<i8>().prop_map(|number| number.to_string()),
        2 => prop_oneof!["null", "true", "false", "NaN", r"\[\]", r#"\{"b": "x", "type": \[1, "y"\]\}"#],
    ];
    let member = (name, value).prop_map(|(name, value)| format!("\"{name}\": {value}"));
    let known = (r#""timestamp": "2025-10-1[1-9]""#, r#""(type|event_type)": "[A-Z]{1,3}""#);
    (known, any::<[bool; 2]>(), proptest::collection::vec(member, 0..5)).prop_perturb(
        |((time, event_type), has, mut members), mut random| {
            for (member, has) in [(time, has[0]), (event_type, has[1])] {
                if has {
                    let at = random.random_range(0..=members.len());
                    members.insert(at, member);
                }
            }
            format!("{{{}}}", members.join(", "))
        },
    )
}

fn declared() -> Mapping {
    Mapping::Declared(DeclaredMapping {
        event_id: "event_id".parse().ok(),
        event_type: "metadata.b".parse().unwrap(),
        timestamp: "timestamp".parse().unwrap(),
        timestamp_unit: TimestampUnit::Iso,
        aggregate: None,
        records: None,
    })
}

proptest! {
    #[test]
    fn what_a_reader_has_read_before_changes_nothing_about_a_record(
        texts in proptest::collection::vec((object(), "[ \n]{0,2}", "[ \nx]{0,1}"), 1..10),
    ) {
        let zone = Zone::utc();
        let texts: Vec<String> =
            texts.into_iter().map(|(object, before, after)| format!("{before}{object}{after}")).collect();
        for mapping in [Mapping::BuiltIn, declared()] {
            let reader = || RecordReader::with_mapping(&zone, DstPolicy::Resolve, &mapping);
            let mut knows = reader();
            for text in texts.iter().chain(&texts).chain(&texts) {
                let mut fresh = reader();
                let expected = format!("{:?}", fresh.read_whole(text.as_bytes()));
                prop_assert_eq!(format!("{:?}", knows.read_whole(text.as_bytes())), expected.as_str());
                if fresh.read_whole(text.as_bytes()).is_ok() {
                    prop_assert_eq!(knows.members(), fresh.members());
                }
            }
        }
    }
}

#[test]
fn a_record_of_a_known_layout_is_read_as_a_new_one_is() {
    let zone = Zone::utc();
    let mut reader = RecordReader::new(&zone, DstPolicy::Resolve);
    let new = |id: &str, event_type: &str, aggregate: &str, more: &str| {
        format!(
            r#"{{"event_id": {id}, "event_type": {event_type}, "timestamp": "2025-10-13T07:30:01.5Z", "aggregate_id": {aggregate}{more}}}"#
        )
    };
    let legacy = |event_type: &str, task: &str| {
        format!(r#"{{"type": {event_type}, "timestamp": "2025-10-13", "task_id": {task}, "event_id": "x"}}"#)
    };
    let mut texts = Vec::new();
    for value in [r#""v""#, r#""""#, r#""\u0061""#, "7", "null", "true"] {
        let usual = r#""u""#;
        texts.extend([
            new(value, usual, usual, ""),
            new(usual, value, usual, ""),
            new(usual, usual, value, ""),
        ]);
        texts.extend([legacy(value, usual), legacy(usual, value)]);
        // Where both shapes have their type, the record is a new one.
        texts.push(new(usual, usual, usual, &format!(r#", "type": {value}, "task_id": "t""#)));
        texts.push(new(usual, value, usual, r#", "type": "old", "task_id": "t""#));
    }
    for text in texts.iter().chain(&texts).chain(&texts) {
        let expected =
            format!("{:?}", RecordReader::new(&zone, DstPolicy::Resolve).read_whole(text.as_bytes()));
        assert_eq!(format!("{:?}", reader.read_whole(text.as_bytes())), expected, "{text}");
    }
}

#[test]
fn a_record_that_is_nested_too_deep_or_has_too_many_fields_or_values_is_none_and_a_stored_one_is_read() {
    let with = |value: String| format!(r#"{{"type": "A", "timestamp": "2025-10-25", "v": {value}}}"#);
    let deep = |levels: usize| with("[".repeat(levels) + &"]".repeat(levels));
    let wide = with(format!(
        "{{{}}}",
        (0..1 << 18).map(|name| format!("\"{name}\":0")).collect::<Vec<_>>().join(",")
    ));
    // The record itself, its type, its time and the list are values as well.
    let long = |elements: usize| with(format!("[{}0]", "0,".repeat(elements - 5)));
    let zone = Zone::utc();
    let mut reader = RecordReader::new(&zone, DstPolicy::Resolve);
    assert!(reader.read_whole(deep(9_999).as_bytes()).is_ok());
    for (text, reason) in [
        (deep(10_000), "too_deep"),
        (deep(1 << 20), "too_deep"),
        (wide, "too_many_fields"),
        (long((1 << 20) + 1), "too_many_values"),
    ] {
        assert_eq!(reader.read_whole(text.as_bytes()).unwrap_err().reason(), reason);
        let stored = reader.read_stored(&text, None, "A", DateTime::UNIX_EPOCH, None).unwrap();
        assert_eq!((stored.shape, reader.members().0.len()), (Shape::Legacy, 3));
    }
}
