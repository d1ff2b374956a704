//! Definitions are written as they are read, in one order of keys and with every default spelled out.

use serde_json::{Map, Value, json};

use super::model::{Definition, RateLimit, Schedule, Source};
use super::schedule;
use crate::legacy::path_text;

impl Definition {
    /// The JSON object: `id`, `name`, `type`, `source`, `handler`, `enabled`, `rate_limit`, `metadata`, and then what this
    /// program does not know.
    pub fn to_json(&self) -> Map<String, Value> {
        let mut object = Map::new();
        let mut add = |name: &str, value: Value| object.insert(name.to_owned(), value);
        add("id", json!(self.id));
        add("name", json!(self.name));
        add("type", json!(self.source.type_name()));
        add("source", with(source(&self.source), &self.unknown.source));
        add("handler", json!(self.handler));
        add("enabled", json!(self.is_enabled));
        add("rate_limit", with(rate_limit(self.rate_limit), &self.unknown.rate_limit));
        add("metadata", Value::Object(self.metadata.clone()));
        object.extend(self.unknown.definition.clone());
        object
    }
}

fn source(source: &Source) -> Map<String, Value> {
    let mut object = Map::new();
    let mut add = |name: &str, value: Value| object.insert(name.to_owned(), value);
    match source {
        Source::Files(files) => {
            add("path", json!(path_text::text_of(&files.path)));
            add("events", files.changes.iter().map(|change| change.as_str()).collect());
            if !files.patterns.is_empty() {
                add("patterns", json!(files.patterns));
            }
            if let Some(seconds) = files.poll_seconds {
                add("poll_seconds", json!(seconds));
            }
        }
        Source::Times(Schedule::Interval(every)) => {
            add("interval", json!(schedule::duration_text(*every)));
        }
        Source::Times(Schedule::Daily(time)) => {
            add("time", json!(schedule::time_text(*time)));
        }
        Source::Times(Schedule::Weekly(days, time)) => {
            add("days", days.iter().map(|day| schedule::day_text(*day)).collect());
            add("time", json!(schedule::time_text(*time)));
        }
    }
    object
}

fn rate_limit(limit: RateLimit) -> Map<String, Value> {
    let window = limit.batch_window;
    let seconds =
        if window.subsec_nanos() == 0 { json!(window.as_secs()) } else { json!(window.as_secs_f64()) };
    let most = ("max_per_minute".to_owned(), json!(limit.max_per_minute));
    Map::from_iter([most, ("batch_window_seconds".to_owned(), seconds)])
}

fn with(mut object: Map<String, Value>, unknown: &Map<String, Value>) -> Value {
    object.extend(unknown.clone());
    Value::Object(object)
}
