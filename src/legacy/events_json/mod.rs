//! `events.json`: one array of events, as `json.dump` of Python writes it, which grows in place.
//!
//! The API, for the dispatcher (owner: events_json):
//!
//! ```text
//! EventsJson::open(path: PathBuf, writer: LegacyWriter) -> Result<EventsJson, EventsJsonError>
//! EventsJson::append(&self, record: &str /* one JSON object */) -> Result<Appended { offset: u64, length: u64 }, EventsJsonError>
//! ```
