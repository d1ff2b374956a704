//! The two shapes of a record: the legacy log's and the new daily log's.

use chrono::{DateTime, Datelike, NaiveDate, Timelike};
use uuid::{Builder, Uuid};

use super::python_json::{Layout, Object, Spelling, Value};
use super::workload::{Change, Event, Kind};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Legacy,
    Daily,
}

/// The new log is UTF-8, with the spaces that the legacy log has.
pub const DAILY_SPELLING: Spelling = Spelling { layout: Layout::Compact, ascii: false };

/// A record of `events.json`. It has no id, and a created task has neither priority nor status:
/// those came with the new system.
pub fn legacy_record(event: &Event) -> Object<'_> {
    let mut record = Vec::with_capacity(8);
    record.push(("type", Value::text(event_type(event))));
    record.push(("task_id", Value::Text(task_id(event).into())));
    if let Kind::Created { title, .. } = &event.kind {
        record.push(("title", Value::text(title.as_ref())));
    }
    record.push(("timestamp", Value::Text(naive_timestamp(event.at).into())));
    push_typed_fields(&mut record, event);
    record
}

/// A record of `events-YYYY-MM-DD.jsonl`.
pub fn daily_record(event: &Event, id: Uuid) -> Object<'_> {
    let mut record = Vec::with_capacity(12);
    record.push(("event_id", Value::Text(id.to_string().into())));
    record.push(("event_type", Value::text(event_type(event))));
    record.push(("timestamp", Value::Text(utc_timestamp(event.at).into())));
    record.push(("aggregate_id", Value::Text(task_id(event).into())));
    record.push(("task_id", Value::Text(task_id(event).into())));
    if let Kind::Created { title, priority, status } = &event.kind {
        record.push(("title", Value::text(title.as_ref())));
        record.push(("priority", Value::text(priority.as_ref())));
        record.push(("status", Value::text(status.as_ref())));
    }
    push_typed_fields(&mut record, event);
    let metadata = match event.actor {
        "scheduler" => vec![],
        actor => vec![("actor", Value::text(actor)), ("source", Value::text(event.source))],
    };
    record.push(("metadata", Value::Object(metadata)));
    record
}

/// The fields that both systems write alike, so that their logs of one workload compare equal.
fn push_typed_fields<'a>(record: &mut Object<'a>, event: &'a Event) {
    match &event.kind {
        Kind::Created { .. } => {}
        // Logs have both forms; which one follows from the event, so that both systems write the same.
        Kind::Updated { changes } if event.at.rem_euclid(2) == 0 => {
            let changes = changes.iter().map(|change| (change.field, before_and_after(change)));
            record.push(("changes", Value::Object(changes.collect())));
        }
        Kind::Updated { changes } => {
            let names = changes.iter().map(|change| Value::text(change.field)).collect();
            record.push(("changes", Value::List(names)));
            record.push(("old_values", values(changes, |change| change.old.as_deref())));
            record.push(("new_values", values(changes, |change| change.new.as_deref())));
        }
        Kind::Completed { notes } => {
            record.push(("completed_date", Value::Text(naive_timestamp(event.at).into())));
            record.push(("completion_notes", Value::text(notes.as_ref())));
        }
        Kind::Deleted { reason } => record.push(("reason", Value::text(reason.as_ref()))),
    }
}

fn values<'a>(changes: &'a [Change], side: impl Fn(&'a Change) -> Option<&'a str>) -> Value<'a> {
    let fields = changes.iter().map(|change| (change.field, text_or_null(side(change))));
    Value::Object(fields.collect())
}

fn before_and_after(change: &Change) -> Value<'_> {
    let (old, new) = (change.old.as_deref(), change.new.as_deref());
    Value::Object(vec![("old", text_or_null(old)), ("new", text_or_null(new))])
}

fn text_or_null(text: Option<&str>) -> Value<'_> {
    text.map_or(Value::Null, Value::text)
}

fn event_type(event: &Event) -> &'static str {
    match event.kind {
        Kind::Created { .. } => "TaskCreated",
        Kind::Updated { .. } => "TaskUpdated",
        Kind::Completed { .. } => "TaskCompleted",
        Kind::Deleted { .. } => "TaskDeleted",
    }
}

fn task_id(event: &Event) -> String {
    format!("T{}", event.task)
}

/// Python's `datetime.isoformat()` of a time without zone, which leaves out microseconds of zero.
pub fn naive_timestamp(at: i64) -> String {
    let mut text = timestamp_with_micros(at);
    if at.rem_euclid(1_000_000) == 0 {
        text.truncate("2025-10-25T10:00:00".len());
    }
    text
}

/// The new system's timestamp: always microseconds, always `+00:00`.
pub fn utc_timestamp(at: i64) -> String {
    let mut text = timestamp_with_micros(at);
    text.push_str("+00:00");
    text
}

/// Formatted by hand: a log of millions of events is mostly timestamps.
fn timestamp_with_micros(at: i64) -> String {
    let time = DateTime::from_timestamp_micros(at).unwrap_or_default().naive_utc();
    let mut text = String::with_capacity(32);
    push_digits(&mut text, time.year().unsigned_abs(), 4);
    for (separator, number) in [
        ('-', time.month()),
        ('-', time.day()),
        ('T', time.hour()),
        (':', time.minute()),
        (':', time.second()),
    ] {
        text.push(separator);
        push_digits(&mut text, number, 2);
    }
    text.push('.');
    push_digits(&mut text, time.nanosecond() / 1000, 6);
    text
}

fn push_digits(text: &mut String, number: u32, width: u32) {
    for place in (0..width).rev() {
        let digit = number / 10_u32.pow(place) % 10;
        text.push(char::from_digit(digit, 10).unwrap_or('0'));
    }
}

/// The name of the file that holds a day's events.
pub fn daily_file_name(day: NaiveDate) -> String {
    format!("events-{day}.jsonl")
}

/// Version 7 UUIDs that follow from the seed and the event's time, in the order of events.
pub struct EventIds {
    seed: u64,
    last_at: i64,
    /// How many ids the same microsecond has had.
    sequence: u16,
}

impl EventIds {
    pub fn new(seed: u64) -> Self {
        Self { seed, last_at: i64::MIN, sequence: 0 }
    }

    /// The id of the next event; times must not go back.
    pub fn next(&mut self, at: i64) -> Uuid {
        self.sequence = if at == self.last_at { self.sequence + 1 } else { 0 };
        self.last_at = at;

        let millis = at.div_euclid(1000).unsigned_abs();
        // The 12 bits after the milliseconds hold their fraction, the 14 bits after the variant the
        // sequence: so the ids of one millisecond, and of one microsecond, are ordered too.
        let fraction = (at.rem_euclid(1000) * 4096 / 1000) as u16;
        let noise = mix(self.seed ^ mix(at.unsigned_abs() ^ u64::from(self.sequence) << 52));
        let mut tail = [0; 10];
        tail[..2].copy_from_slice(&fraction.to_be_bytes());
        tail[2..].copy_from_slice(&noise.to_be_bytes());
        tail[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        Builder::from_unix_timestamp_millis(millis, &tail).into_uuid()
    }
}

/// The finaliser of SplitMix64: every bit of the input changes half of the output's.
fn mix(input: u64) -> u64 {
    let mut bits = input.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}
