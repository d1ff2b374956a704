//! A simple reader of logs with traps. It shares nothing with the generator but the contract, and
//! is as slow and as literal as that allows.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde_json::Value;

use crate::generator::summary::Summary;

#[derive(Default)]
pub struct Counts {
    records: u64,
    imported: u64,
    duplicates: u64,
    rejected: u64,
    marks: BTreeMap<&'static str, u64>,
    contents: HashMap<String, Value>,
}

/// Traps that show in the text of their record alone, and how they show.
const VISIBLE: [(&str, &[u8]); 8] = [
    ("nan", b"NaN"),
    ("infinity", b"Infinity"),
    ("invalid_utf8", b"\xff"),
    ("unknown_type", b"TaskSnoozed"),
    ("repeated_key", b"\"first\""),
    ("carriage_return", b"\r"),
    ("colliding_legacy_id", b"\"task_1760615000\""),
    ("same_id_other_content", b"changed later"),
];

impl Counts {
    /// Reads one file as a source of its own: what other files hold repeats nothing in it.
    pub fn read_lines(&mut self, file: &[u8]) {
        self.contents.clear();
        for line in self.without_mark(file).split(|byte| *byte == b'\n') {
            self.read_record(line);
        }
    }

    /// Reads an array whose damage leaves brackets and quotes in balance, but for its torn end.
    pub fn read_array(&mut self, file: &[u8]) {
        let file = self.without_mark(file);
        let (mut depth, mut in_string, mut escaped, mut start) = (0, false, false, 0);
        for (at, byte) in file.iter().enumerate() {
            match (byte, in_string) {
                (_, true) if escaped => escaped = false,
                (b'\\', true) => escaped = true,
                (b'"', _) => in_string = !in_string,
                (_, true) => {}
                (b'[' | b'{', _) => {
                    depth += 1;
                    start = if depth == 1 { at + 1 } else { start };
                }
                (b',', _) if depth == 1 => {
                    self.read_record(&file[start..at]);
                    start = at + 1;
                }
                (b']' | b'}', _) => depth -= 1,
                _ => {}
            }
        }
        assert!(depth > 1, "the array is torn within its last record");
        self.read_record(&file[start..]);
    }

    pub fn assert_agrees_with(&self, summary: &Summary) {
        let planted = |name: &str| summary.traps.get(name).map_or(0, |planted| planted.times);
        assert_eq!(self.records, summary.records);
        assert_eq!(self.imported, summary.imported);
        assert_eq!(self.duplicates, summary.duplicates);
        assert_eq!(self.rejected, summary.rejected);
        assert_eq!(self.records, self.imported + self.duplicates + self.rejected);
        for (name, _) in VISIBLE {
            assert_eq!(self.seen(name), planted(name), "{name}");
        }
        assert_eq!(self.seen("byte_order_mark"), planted("byte_order_mark"));
        assert!(summary.traps.values().all(|planted| planted.times > 0));
        assert!(summary.traps.len() > 20, "every trap is planted");
    }

    fn seen(&self, name: &str) -> u64 {
        self.marks.get(name).copied().unwrap_or(0)
    }

    fn without_mark<'a>(&mut self, file: &'a [u8]) -> &'a [u8] {
        match file.strip_prefix("\u{feff}".as_bytes()) {
            Some(rest) => {
                *self.marks.entry("byte_order_mark").or_default() += 1;
                rest
            }
            None => file,
        }
    }

    fn read_record(&mut self, record: &[u8]) {
        if record.trim_ascii().is_empty() {
            return;
        }
        self.records += 1;
        for (name, sign) in VISIBLE {
            if record.windows(sign.len()).any(|window| window == sign) {
                *self.marks.entry(name).or_default() += 1;
            }
        }
        match acceptable(record) {
            None => self.rejected += 1,
            Some(event) => match event["event_id"].as_str() {
                Some(id) if event["event_type"].is_string() => {
                    match self.contents.insert(id.to_owned(), event.clone()) {
                        None => self.imported += 1,
                        Some(earlier) if earlier == event => self.duplicates += 1,
                        Some(_) => self.rejected += 1,
                    }
                }
                _ => self.imported += 1,
            },
        }
    }
}

/// The record as an object, if it may become an event.
fn acceptable(record: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(record).ok()?;
    // What Python accepts and `serde_json` does not.
    let strict = text
        .replace("-Infinity", "null")
        .replace("Infinity", "null")
        .replace("NaN", "null")
        .replace(r#"cut \ud83d""#, "\"")
        .replace(r#""\ude80 off"#, "\"");
    let event: Value = serde_json::from_str(&strict).ok()?;
    for key in ["event_id", "event_type", "type", "timestamp", "aggregate_id", "task_id"] {
        if text.matches(&format!("\"{key}\":")).count() > 1 {
            return None;
        }
    }
    event.get("event_type").or(event.get("type"))?;
    is_timestamp(event.get("timestamp")?.as_str()?).then_some(event)
}

fn is_timestamp(text: &str) -> bool {
    if text.contains(":60") && !text.contains("T23:59:60") {
        return false;
    }
    let naive = text.replace(' ', "T");
    DateTime::parse_from_rfc3339(text).is_ok()
        || NaiveDateTime::parse_from_str(&naive, "%Y-%m-%dT%H:%M:%S%.f").is_ok()
        || NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}
