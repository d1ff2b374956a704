//! The lives of the campaign, one for each thing that writes.

mod backups;
mod dispatch;
mod logs;
mod stores;

use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};

use crate::life::Life;
use crate::site::{Event, Site};

/// All lives, in the order in which they are told.
pub fn all() -> Vec<Life> {
    let mut all = dispatch::lives();
    all.extend(stores::lives());
    all.extend(logs::lives());
    all.extend(backups::lives());
    all
}

const NEW: (&str, &str) = ("MISSION_CONTROL_USE_NEW_EVENT_SYSTEM", "true");
const SQLITE: (&str, &str) = ("MISSION_CONTROL_STORAGE_BACKEND", "sqlite");
const STORE: &str = "data/events.db";
const DAYS: &str = "data/events";

fn nothing() -> Vec<u8> {
    Vec::new()
}

fn as_value(events: &[Event]) -> Value {
    Value::Array(events.iter().map(|event| json!([event.position, event.id, event.body])).collect())
}

/// Every event of `part` is in `whole`, at its position and with its text.
fn is_part_of(part: &Value, whole: &Value, what: &str) -> Result<()> {
    let empty = Vec::new();
    let whole = whole.as_array().unwrap_or(&empty);
    for event in part.as_array().unwrap_or(&empty) {
        ensure!(whole.contains(event), "{what}: {event}");
    }
    Ok(())
}

/// Two values are equal; where they are not, the first place is told at which they differ.
fn same(found: &Value, expected: &Value, what: &str) -> Result<()> {
    match first_difference(found, expected) {
        Some((place, found, expected)) => bail!("{what}: {place} is {found}, expected {expected}"),
        None => Ok(()),
    }
}

fn first_difference<'a>(found: &'a Value, expected: &'a Value) -> Option<(String, &'a Value, &'a Value)> {
    let below = |name: String, found: Option<&'a Value>, expected: Option<&'a Value>| {
        let (found, expected) = (found.unwrap_or(&Value::Null), expected.unwrap_or(&Value::Null));
        first_difference(found, expected)
            .map(|(place, found, expected)| (format!("/{name}{place}"), found, expected))
    };
    match (found, expected) {
        (Value::Object(a), Value::Object(b)) => {
            a.keys().chain(b.keys()).find_map(|key| below(key.clone(), a.get(key), b.get(key)))
        }
        (Value::Array(a), Value::Array(b)) => {
            (0..a.len().max(b.len())).find_map(|index| below(index.to_string(), a.get(index), b.get(index)))
        }
        _ => (found != expected).then(|| (String::new(), found, expected)),
    }
}

/// Positions of a SQLite store are 1, 2, 3, ...
fn has_no_gap(events: &[Event]) -> Result<()> {
    for (index, event) in events.iter().enumerate() {
        ensure!(
            event.position == index as i64 + 1,
            "the event {} is at {}, expected {}",
            event.id,
            event.position,
            index + 1
        );
    }
    Ok(())
}

fn write(site: &Site, name: &str, bytes: &[u8]) -> Result<()> {
    let path = site.path(name);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    Ok(std::fs::write(path, bytes)?)
}
