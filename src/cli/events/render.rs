//! Events as people and as programs read them.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;

use crate::cli::error::CliError;
use crate::cli::output::{self, Format};
use crate::cli::table::{Columns, Expendable};
use crate::domain::event::{DomainEvent, format_timestamp};
use crate::domain::repository::StoredEvent;
use crate::wire::json::{MemberValue, ObjectScanner};

/// The fields that say in a few words what happened; the first one that an event has is shown.
const SUMMARY_FIELDS: [&str; 4] = ["title", "completion_notes", "reason", "changes"];

/// On a narrow terminal the summary goes first. Ids begin with their time, so that a part of one
/// still tells it from others.
const EXPENDABLE: [Expendable; 4] = [(3, 16), (4, 14), (1, 12), (2, 10)];

/// How events are printed.
#[derive(Debug, Clone, Copy)]
pub enum Rendering {
    Human,
    Json,
    Jsonl,
    /// The exact stored text.
    Raw,
}

impl Rendering {
    pub fn choose(raw: bool, format: Format) -> Result<Self, CliError> {
        match (raw, format) {
            (false, Format::Human) => Ok(Self::Human),
            (false, Format::Json) => Ok(Self::Json),
            (false, Format::Jsonl) => Ok(Self::Jsonl),
            (true, Format::Human) => Ok(Self::Raw),
            (true, Format::Json | Format::Jsonl) => Err(CliError::usage(
                "--raw and --format exclude each other: the stored text is also in the key `body` of json and jsonl",
            )),
        }
    }

    /// Prints what a search found, nothing (or an empty document) included.
    pub fn print_list(self, events: &[StoredEvent], out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Human if events.is_empty() => Ok(()),
            Self::Human => out.write_all(table(events).as_bytes()),
            Self::Json => output::json_document(out, &EventList { events: events.iter().map(row).collect() }),
            Self::Jsonl => events.iter().try_for_each(|event| output::json_line(out, &row(event))),
            Self::Raw => events.iter().try_for_each(|stored| writeln!(out, "{}", stored.event.body())),
        }
    }

    /// Prints one event that was asked for: for people with all that is known of it.
    pub fn print_one(self, event: &StoredEvent, out: &mut dyn Write) -> io::Result<()> {
        let Self::Human = self else {
            return self.print_list(std::slice::from_ref(event), out);
        };
        let row = row(event);
        let position = row.position.to_string();
        for (name, value) in [
            ("event_id", row.event_id),
            ("event_type", row.event_type),
            ("timestamp", &row.timestamp),
            ("aggregate_id", row.aggregate_id.unwrap_or_default()),
            ("position", &position),
            ("body", row.body),
        ] {
            writeln!(out, "{name:<12}  {}", output::visible(value))?;
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct EventList<'e> {
    events: Vec<EventRow<'e>>,
}

/// One event; its keys are part of the contract (`docs/contract.md`).
#[derive(Serialize)]
struct EventRow<'e> {
    position: i64,
    event_id: &'e str,
    event_type: &'e str,
    timestamp: String,
    aggregate_id: Option<&'e str>,
    body: &'e str,
}

fn row(stored: &StoredEvent) -> EventRow<'_> {
    let event = &stored.event;
    EventRow {
        position: stored.position.get(),
        event_id: event.event_id().as_str(),
        event_type: event.event_type(),
        timestamp: format_timestamp(event.timestamp()),
        aggregate_id: event.aggregate_id().map(|id| id.as_str()),
        body: event.body(),
    }
}

fn table(events: &[StoredEvent]) -> String {
    let mut columns = Columns::new(["TIMESTAMP", "TYPE", "AGGREGATE", "SUMMARY", "EVENT ID"]);
    for stored in events {
        let (row, summary) = (row(stored), summary(&stored.event));
        let aggregate = row.aggregate_id.unwrap_or_default();
        columns.add([&row.timestamp, row.event_type, aggregate, &summary, row.event_id]);
    }
    columns.text(&EXPENDABLE)
}

/// What happened, in the event's own words; empty where it has none of the [`SUMMARY_FIELDS`].
fn summary(event: &DomainEvent) -> Cow<'_, str> {
    let body = event.body().as_bytes();
    let mut scanner = ObjectScanner::new();
    if scanner.scan(body, 0).is_err() {
        return Cow::Borrowed("");
    }
    let text_of = |field: &str| {
        let member = scanner.members().iter().find(|member| member.key.says(field, body))?;
        match member.value {
            MemberValue::Null => None,
            MemberValue::Boolean(value) => Some(Cow::Borrowed(if value { "true" } else { "false" })),
            MemberValue::String(text) => {
                Some(text.decode(body).unwrap_or_else(|| String::from_utf8_lossy(text.span.of(body))))
            }
            MemberValue::Number(span)
            | MemberValue::NonFinite(span)
            | MemberValue::Array(span)
            | MemberValue::Object(span) => Some(String::from_utf8_lossy(span.of(body))),
        }
    };
    SUMMARY_FIELDS.into_iter().find_map(text_of).unwrap_or_default()
}
