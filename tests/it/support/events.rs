//! Builds events from the text that they are.

use chrono::{DateTime, Utc};
use mission_events::internals::domain::event::DomainEvent;
use mission_events::internals::domain::value_objects::EventId;
use mission_events::internals::infrastructure::zones::load_zone;
use mission_events::internals::wire::local_time::DstPolicy;
use mission_events::internals::wire::record::{Record, RecordReader};
use mission_events::internals::wire::zone::Zone;

pub fn utc() -> Zone {
    Zone::utc()
}

/// A zone whose clocks change: in 2025 on March 30 (02:00 to 03:00) and October 26 (03:00 to 02:00).
pub fn berlin() -> Zone {
    load_zone("Europe/Berlin").unwrap()
}

/// An instant from RFC 3339, `2025-10-25T10:00:00Z`.
pub fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The live event that is exactly this text. Naive times are UTC.
pub fn live(text: &str) -> DomainEvent {
    live_in(&utc(), text)
}

/// The live event that is exactly this text, naive times being of `zone`.
pub fn live_in(zone: &Zone, text: &str) -> DomainEvent {
    DomainEvent::from_json(text, zone).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

/// The event that an import makes of a record: it need not be live.
pub fn imported(id: &str, zone: &Zone, text: &str) -> DomainEvent {
    let mut reader = RecordReader::new(zone, DstPolicy::Resolve);
    DomainEvent::from_record(&reader.read_whole(text.as_bytes()).unwrap(), EventId::new(id).unwrap())
}

/// An event whose envelope was edited while its text was not.
pub fn edited(text: &str, edit: impl FnOnce(&mut Record<'_>)) -> DomainEvent {
    let zone = utc();
    let mut reader = RecordReader::new(&zone, DstPolicy::Resolve);
    let mut record = reader.read_whole(text.as_bytes()).unwrap();
    edit(&mut record);
    let id = record.event_id.clone().unwrap().into_owned();
    DomainEvent::from_record(&record, EventId::new(id).unwrap())
}

/// An event of the id, with a type, a time and no aggregate until told otherwise.
pub fn event(id: &str) -> EventBuilder {
    EventBuilder {
        id: id.to_owned(),
        event_type: "TaskCreated".to_owned(),
        timestamp: "2025-10-25T10:00:00Z".to_owned(),
        aggregate: None,
        fields: Vec::new(),
    }
}

pub struct EventBuilder {
    id: String,
    event_type: String,
    timestamp: String,
    aggregate: Option<String>,
    fields: Vec<(String, String)>,
}

impl EventBuilder {
    pub fn of_type(mut self, event_type: &str) -> Self {
        self.event_type = event_type.to_owned();
        self
    }

    /// The timestamp as it is to be written.
    pub fn at(mut self, timestamp: &str) -> Self {
        self.timestamp = timestamp.to_owned();
        self
    }

    /// The aggregate.
    pub fn about(mut self, aggregate: &str) -> Self {
        self.aggregate = Some(aggregate.to_owned());
        self
    }

    /// One more field, whose value is JSON that is written as it is.
    pub fn with(mut self, name: &str, json: &str) -> Self {
        self.fields.push((name.to_owned(), json.to_owned()));
        self
    }

    /// The event's text, in the order of the calls, spaced as Python's `json.dumps` does.
    pub fn text(&self) -> String {
        let quoted = |text: &str| serde_json::to_string(text).unwrap();
        let mut members = vec![
            ("event_id".to_owned(), quoted(&self.id)),
            ("event_type".to_owned(), quoted(&self.event_type)),
            ("timestamp".to_owned(), quoted(&self.timestamp)),
        ];
        members.extend(self.aggregate.iter().map(|name| ("aggregate_id".to_owned(), quoted(name))));
        members.extend(self.fields.iter().cloned());
        let members: Vec<String> =
            members.iter().map(|(name, json)| format!("{}: {json}", quoted(name))).collect();
        format!("{{{}}}", members.join(", "))
    }

    pub fn build(&self) -> DomainEvent {
        live(&self.text())
    }

    pub fn build_in(&self, zone: &Zone) -> DomainEvent {
        live_in(zone, &self.text())
    }
}
