//! Builds events from the text that they are.

use chrono::{DateTime, Utc};
use jiff::tz::TimeZoneDatabase;

use crate::domain::event::DomainEvent;
use crate::domain::value_objects::{AggregateId, EventId};
use crate::wire::local_time::DstPolicy;
use crate::wire::record::RecordReader;
use crate::wire::zone::Zone;

/// The zone without offsets.
pub fn utc() -> Zone {
    Zone::utc()
}

/// A zone whose clocks change: in 2025 on March 30 (02:00 to 03:00) and October 26 (03:00 to 02:00).
pub fn berlin() -> Zone {
    let name = "Europe/Berlin";
    Zone::new(name, TimeZoneDatabase::bundled().get(name).unwrap())
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

/// What an event says about itself beside its text.
#[derive(Debug, Clone)]
pub struct EventParts {
    /// The identity.
    pub event_id: EventId,
    /// The type.
    pub event_type: String,
    /// The time.
    pub timestamp: DateTime<Utc>,
    /// The aggregate.
    pub aggregate_id: Option<AggregateId>,
}

/// An event whose parts were edited while its text was not.
pub fn edited(text: &str, edit: impl FnOnce(&mut EventParts)) -> DomainEvent {
    let event = live(text);
    let mut parts = EventParts {
        event_id: event.event_id().clone(),
        event_type: event.event_type().to_owned(),
        timestamp: event.timestamp(),
        aggregate_id: event.aggregate_id().cloned(),
    };
    edit(&mut parts);
    let EventParts { event_id, event_type, timestamp, aggregate_id } = parts;
    DomainEvent::from_parts(event_id, event_type, timestamp, aggregate_id, text.to_owned())
}

/// An event of the id, with a type, a time and no aggregate where no other is given.
pub fn event(id: &str) -> EventBuilder {
    EventBuilder {
        id: id.to_owned(),
        event_type: "TaskCreated".to_owned(),
        timestamp: "2025-10-25T10:00:00Z".to_owned(),
        aggregate: None,
        fields: Vec::new(),
    }
}

/// Builds an event, and its text: see [`event`].
pub struct EventBuilder {
    id: String,
    event_type: String,
    timestamp: String,
    aggregate: Option<String>,
    fields: Vec<(String, String)>,
}

impl EventBuilder {
    /// The type.
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

    /// The event; a naive time is UTC.
    pub fn build(&self) -> DomainEvent {
        live(&self.text())
    }

    /// The event; a naive time is of `zone`.
    pub fn build_in(&self, zone: &Zone) -> DomainEvent {
        live_in(zone, &self.text())
    }
}
