//! Occurrences of one definition and path that become one entry.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use crate::legacy::occurrence::Occurrence;

/// So many of the merged occurrences are kept as they were; all of them are counted.
const MOST_KEPT: usize = 100;

/// What a window has gathered: one occurrence or more.
#[derive(Debug)]
pub(super) struct Gathered {
    first: Occurrence,
    /// Of the last one, where there are several.
    last: Option<(DateTime<Utc>, Map<String, Value>)>,
    kept: Vec<Value>,
    count: u64,
}

impl Gathered {
    /// The first one.
    pub fn new(first: Occurrence) -> Self {
        let kept = vec![kept(&first)];
        Self { first, last: None, kept, count: 1 }
    }

    /// What is merged: occurrences of one path, or those without one.
    pub fn path_of(occurrence: &Occurrence) -> Option<String> {
        occurrence.data.get("path").and_then(Value::as_str).map(str::to_owned)
    }

    /// Adds another one.
    pub fn merge(&mut self, occurrence: &Occurrence) {
        self.count += 1;
        if self.kept.len() < MOST_KEPT {
            self.kept.push(kept(occurrence));
        }
        self.last = Some((occurrence.at, occurrence.data.clone()));
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// When the first one happened.
    pub fn began(&self) -> DateTime<Utc> {
        self.first.at
    }

    /// Definition and type.
    pub fn names(&self) -> (String, String) {
        (self.first.definition_id.clone(), self.first.event_type.clone())
    }

    /// The data of the entry: that of a single one as it is; of several that of the last one, with `count`, `first_at`, `last_at` and
    /// `merged`, the first 100 of them, each with its `timestamp`.
    pub fn data(&self) -> Map<String, Value> {
        let Some((last_at, last)) = &self.last else { return self.first.data.clone() };
        let mut data = last.clone();
        let mut add = |name: &str, value: Value| data.insert(name.to_owned(), value);
        add("count", json!(self.count));
        add("first_at", json!(time(self.first.at)));
        add("last_at", json!(time(*last_at)));
        add("merged", json!(self.kept));
        data
    }
}

fn kept(occurrence: &Occurrence) -> Value {
    let mut kept = Map::from_iter([("timestamp".to_owned(), json!(time(occurrence.at)))]);
    kept.extend(occurrence.data.clone());
    Value::Object(kept)
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
