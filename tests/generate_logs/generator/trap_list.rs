//! The traps, one entry each. Byte order marks and the torn tail belong to a file, not to a record:
//! they are planted where the file begins and ends.

use super::python_json::{Layout, Object, Spelling, Value};
use super::shapes::Form;
use super::traps::Outcome::{self, Duplicate, Imported, Rejected};
use super::traps::{Plant, Trap};

const DAY_LENGTH: usize = "2025-10-25".len();
const SECONDS_LENGTH: usize = "2025-10-25T10:00:00".len();

pub const TRAPS: &[Trap] = &[
    in_both("nan", Imported, Plant::Fields(|record, _, _| add(record, "estimate", "NaN"))),
    in_both(
        "infinity",
        Imported,
        Plant::Fields(|record, _, round| {
            add(record, "estimate", ["Infinity", "-Infinity"][round % 2]);
        }),
    ),
    in_both(
        "big_integer",
        Imported,
        Plant::Fields(|record, _, round| {
            const BEYOND_64_BITS: [&str; 3] =
                ["18446744073709551616", "-9223372036854775809", "123456789012345678901234567890"];
            add(record, "external_number", BEYOND_64_BITS[round % 3]);
        }),
    ),
    in_both(
        "exact_float",
        Imported,
        Plant::Fields(|record, _, round| {
            const LAST_DIGIT_MATTERS: [&str; 5] =
                ["0.30000000000000004", "2.675", "1e+16", "5e-324", "9007199254740993.0"];
            add(record, "estimate", LAST_DIGIT_MATTERS[round % 5]);
        }),
    ),
    in_both(
        "lone_surrogate",
        Imported,
        Plant::Fields(|record, _, round| {
            add(record, "note", [r#""cut \ud83d""#, r#""\ude80 off""#][round % 2]);
        }),
    ),
    in_both(
        "repeated_key",
        Imported,
        Plant::Fields(|record, _, _| {
            add(record, "note", r#""first""#);
            add(record, "note", r#""second""#);
        }),
    ),
    in_both(
        "repeated_identity_key",
        Rejected,
        Plant::Fields(|record, form, round| {
            let keys: &[&'static str] = match form {
                Form::Legacy => &["type", "timestamp", "task_id"],
                Form::Daily => &["event_type", "timestamp", "aggregate_id", "event_id"],
            };
            add(record, keys[round % keys.len()], r#""2025-10-13T08:00:00""#);
        }),
    ),
    in_both(
        "unknown_type",
        Imported,
        Plant::Fields(|record, form, _| {
            set(record, type_key(form), "TaskSnoozed".to_owned());
            add(record, "snoozed_for_minutes", "90");
        }),
    ),
    in_both("no_type", Rejected, Plant::Fields(|record, form, _| remove(record, type_key(form)))),
    in_both("no_timestamp", Rejected, Plant::Fields(|record, _, _| remove(record, "timestamp"))),
    in_both(
        "no_aggregate",
        Imported,
        Plant::Fields(|record, _, _| {
            remove(record, "aggregate_id");
            remove(record, "task_id");
        }),
    ),
    in_both(
        "bad_timestamp",
        Rejected,
        Plant::Fields(|record, _, round| {
            let time = timestamp(record);
            let (day, seconds) = (&time[..DAY_LENGTH], &time[..SECONDS_LENGTH]);
            let bad = [
                format!("{day}T24:00:00"),
                format!("{seconds}+00:75"),
                "2025-W43-1".to_owned(),
                "2025-293".to_owned(),
                "2025-02-30T10:00:00".to_owned(),
                format!("{day}T10:00:60Z"),
                "yesterday".to_owned(),
                String::new(),
            ];
            set(record, "timestamp", bad[round % bad.len()].clone());
        }),
    ),
    in_both(
        "odd_timestamp",
        Imported,
        Plant::Fields(|record, _, round| {
            let time = timestamp(record);
            let (day, seconds) = (&time[..DAY_LENGTH], &time[..SECONDS_LENGTH]);
            let odd = [
                seconds.replace('T', " "),
                format!("{}z", seconds.replace('T', "t")),
                day.to_owned(),
                format!("{seconds}-00:00"),
                format!("{seconds}.1234567890123+00:00"),
                format!("{day}T23:59:60Z"),
            ];
            set(record, "timestamp", odd[round % odd.len()].clone());
        }),
    ),
    in_both("carriage_return", Imported, Plant::Bytes(|text, _| text.push(b'\r'))),
    in_both("blank_line", Imported, Plant::Bytes(|text, _| text.insert(0, b'\n'))),
    in_both(
        "invalid_utf8",
        Rejected,
        Plant::Bytes(|text, _| {
            let in_last_string = text.iter().rposition(|byte| *byte == b'"').unwrap_or(0);
            text.insert(in_last_string, 0xff);
        }),
    ),
    in_both(
        "not_an_object",
        Rejected,
        Plant::Bytes(|text, round| {
            const VALUES: [&str; 4] = ["42", r#""TaskCreated""#, "null", "[1, 2]"];
            text.clear();
            text.extend_from_slice(VALUES[round % 4].as_bytes());
        }),
    ),
    // In an array these must leave the brackets and quotes in balance: else it would be a matter of
    // opinion where the damage ends.
    in_both(
        "bad_syntax",
        Rejected,
        Plant::Fields(|record, _, round| {
            const TOKENS: [&str; 7] =
                ["True", "'single quotes'", "012", "1.", "T123", "\"raw\ttab\"", r#""two" "strings""#];
            add(record, "note", TOKENS[round % 7]);
        }),
    ),
    Trap {
        name: "torn_line",
        plant: Plant::Bytes(|text, round| text.truncate(text.len() - 1 - round % 40)),
        legacy: None,
        daily: Some(Rejected),
    },
    // Legacy records have no identity: a repeated one happened twice.
    Trap {
        name: "identical",
        plant: Plant::Again(|_| {}, |spelling| spelling),
        legacy: Some(Imported),
        daily: Some(Duplicate),
    },
    Trap {
        name: "other_spelling",
        plant: Plant::Again(|record| record.reverse(), other_spelling),
        legacy: Some(Imported),
        daily: Some(Duplicate),
    },
    Trap {
        name: "same_id_other_content",
        plant: Plant::Again(|record| add(record, "note", r#""changed later""#), |spelling| spelling),
        legacy: None,
        daily: Some(Rejected),
    },
    Trap {
        name: "colliding_legacy_id",
        plant: Plant::Fields(|record, _, _| add(record, "event_id", r#""task_1760615000""#)),
        legacy: Some(Imported),
        daily: None,
    },
];

const fn in_both(name: &'static str, outcome: Outcome, plant: Plant) -> Trap {
    Trap { name, plant, legacy: Some(outcome), daily: Some(outcome) }
}

fn other_spelling(usual: Spelling) -> Spelling {
    Spelling { layout: Layout::Tight, ascii: !usual.ascii }
}

fn type_key(form: Form) -> &'static str {
    match form {
        Form::Legacy => "type",
        Form::Daily => "event_type",
    }
}

fn add(record: &mut Object<'_>, key: &'static str, token: &'static str) {
    record.push((key, Value::Token(token)));
}

fn remove(record: &mut Object<'_>, key: &str) {
    record.retain(|(other, _)| *other != key);
}

fn set(record: &mut Object<'_>, key: &str, text: String) {
    if let Some((_, value)) = record.iter_mut().find(|(other, _)| *other == key) {
        *value = Value::text(text);
    }
}

fn timestamp(record: &Object<'_>) -> String {
    record
        .iter()
        .find_map(|(key, value)| match value {
            Value::Text(text) if *key == "timestamp" => Some(text.clone().into_owned()),
            _ => None,
        })
        .unwrap_or_default()
}
