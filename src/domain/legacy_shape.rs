//! Events of the new shape, written as the legacy system wrote its own.
//!
//! `event_type` becomes `type`, `aggregate_id` becomes `task_id`, the time becomes naive, and every
//! other field stays as it is spelled, in its order. What the legacy shape has no place for is left
//! out: `event_id`, `metadata`, an aggregate that there is none of, and fields that are called `type`
//! or, beside an aggregate, `task_id`.

use chrono::{DateTime, NaiveDateTime, Timelike, Utc};

use crate::wire::json::{Member, MemberValue, ObjectScanner, ScanError};
use crate::wire::timestamp::WrittenTimestamp;
use crate::wire::zone::Zone;

/// The event's text in the legacy shape; `None` where it has that already.
pub(crate) fn in_legacy_shape(
    body: &str,
    occurred_at: DateTime<Utc>,
    zone: &Zone,
) -> Result<Option<String>, ScanError> {
    let mut scanner = ObjectScanner::new();
    scanner.scan(body.as_bytes(), 0)?;
    let fields: Vec<Field<'_>> = scanner.members().iter().map(|member| Field::new(body, *member)).collect();
    let value_of = |name: &str| fields.iter().find(|field| field.name == name && !field.is_null);
    let Some(event_type) = value_of("event_type") else { return Ok(None) };
    let mut members = vec![format!("\"type\": {}", event_type.value)];
    let aggregate = value_of("aggregate_id");
    members.extend(aggregate.map(|aggregate| format!("\"task_id\": {}", aggregate.value)));
    for field in &fields {
        match field.name.as_str() {
            "event_id" | "event_type" | "aggregate_id" | "metadata" | "type" => {}
            "task_id" if aggregate.is_some() => {}
            "timestamp" => members.push(format!("{}: {}", field.key, field.naive_time(occurred_at, zone))),
            _ => members.push(format!("{}: {}", field.key, field.value)),
        }
    }
    Ok(Some(format!("{{{}}}", members.join(", "))))
}

struct Field<'t> {
    /// What its key says.
    name: String,
    /// Its key, with quotes, and its value, as they are spelled.
    key: &'t str,
    value: &'t str,
    is_null: bool,
    /// The value, where it is text.
    text: Option<String>,
}

impl<'t> Field<'t> {
    fn new(body: &'t str, member: Member) -> Self {
        let bytes = body.as_bytes();
        let (value, text) = match member.value {
            MemberValue::Null => ("null", None),
            MemberValue::Boolean(true) => ("true", None),
            MemberValue::Boolean(false) => ("false", None),
            MemberValue::Number(span)
            | MemberValue::NonFinite(span)
            | MemberValue::Array(span)
            | MemberValue::Object(span) => (&body[span.start..span.end], None),
            MemberValue::String(text) => {
                (&body[text.span.start - 1..text.span.end + 1], text.decode(bytes).map(Into::into))
            }
        };
        Self {
            name: member.key.decode(bytes).map(Into::into).unwrap_or_default(),
            key: &body[member.key.span.start - 1..member.key.span.end + 1],
            value,
            is_null: member.value == MemberValue::Null,
            text,
        }
    }

    /// The time as it is spelled, where that is naive; else the one that the zone's clock showed.
    fn naive_time(&self, occurred_at: DateTime<Utc>, zone: &Zone) -> String {
        let written = self.text.as_deref().and_then(|text| WrittenTimestamp::parse(text).ok());
        match written {
            Some(written) if written.is_naive() => self.value.to_owned(),
            _ => format!("\"{}\"", iso_format(zone.civil_time(occurred_at))),
        }
    }
}

/// As Python's `isoformat` writes a naive time.
fn iso_format(time: NaiveDateTime) -> String {
    let format = if time.nanosecond() == 0 { "%Y-%m-%dT%H:%M:%S" } else { "%Y-%m-%dT%H:%M:%S%.6f" };
    time.format(format).to_string()
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    fn translated(body: &str) -> String {
        let berlin = Zone::new("Europe/Berlin", TimeZone::get("Europe/Berlin").unwrap());
        let time = "2025-10-25T08:00:00Z".parse().unwrap();
        in_legacy_shape(body, time, &berlin).unwrap().unwrap_or_else(|| body.to_owned())
    }

    #[test]
    fn an_event_of_the_new_shape_is_written_as_the_legacy_system_wrote_it() {
        for (new, legacy) in [
            (
                r#"{"event_id": "e1", "event_type": "A", "timestamp": "2025-10-25T08:00:00+00:00", "aggregate_id": "T1", "task_id": "T1", "title": "x", "metadata": {}}"#,
                r#"{"type": "A", "task_id": "T1", "timestamp": "2025-10-25T10:00:00", "title": "x"}"#,
            ),
            // Tokens as they are spelled; what the envelope says wins over fields of its names.
            (
                r#"{"cost": 1.10,"event_type":"\u0041","type": 1, "timestamp": "2025-10-25T08:00Z", "\u0065vent_id": 1, "n": [NaN, 1e400]}"#,
                r#"{"type": "\u0041", "cost": 1.10, "timestamp": "2025-10-25T10:00:00", "n": [NaN, 1e400]}"#,
            ),
            // A naive time is the legacy one; a task without aggregate is the aggregate there.
            (
                r#"{"event_type": "A", "timestamp": "2025-10-25 10:00", "aggregate_id": null, "task_id": "T2", "d": null, "s": "\ud800"}"#,
                r#"{"type": "A", "timestamp": "2025-10-25 10:00", "task_id": "T2", "d": null, "s": "\ud800"}"#,
            ),
        ] {
            assert_eq!(translated(new), legacy);
        }
    }

    #[test]
    fn a_fraction_has_six_digits_as_in_python() {
        let time = "2025-10-25T08:00:00.120Z".parse().unwrap();
        let body = r#"{"event_type": "A", "timestamp": "2025-10-25T08:00:00.120Z"}"#;
        let legacy = in_legacy_shape(body, time, &Zone::utc()).unwrap().unwrap();
        assert_eq!(legacy, r#"{"type": "A", "timestamp": "2025-10-25T08:00:00.120000"}"#);
    }

    #[test]
    fn an_event_of_the_legacy_shape_has_it_already() {
        let body = r#"{"type":"A","metadata":{},"event_id":"x","timestamp":"2025-10-25T08:00:00Z"}"#;
        assert_eq!(translated(body), body);
    }
}
