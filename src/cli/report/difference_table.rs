//! Each difference: as rows of a table, and as the data that the script of the page sorts and filters.

use serde::Serialize;

use super::numbers::{grouped, shortened};
use super::record_summary::summary;
use crate::application::compare::report::{Comparison, Difference, DifferentField, EventPlace};
use crate::cli::output::visible;
use crate::domain::path_text::text_of;

/// How many differences a report has at most.
const MOST: usize = 10_000;
/// How many stand in the page itself: for print, and where no script runs.
const PLAIN_ROWS: usize = 100;
/// How many fields of a difference are shown.
const SHOWN_FIELDS: usize = 20;
/// How many characters of a value are shown.
const LONGEST_TOKEN: usize = 200;
/// The same of the record of an event without a partner.
const LONGEST_RECORD: usize = 1_000;

/// Differences, the earliest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DifferenceTable {
    /// How many there are.
    pub total: u64,
    /// Those that are shown.
    pub rows: Vec<Row>,
}

/// A difference. Its texts are what is shown: what would steer a reader is escaped in them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// When the event occurred, in UTC.
    pub at: String,
    /// On which day it is counted.
    pub day: String,
    /// What became of it, in a few words.
    pub class: &'static str,
    /// Why.
    pub cause: &'static str,
    /// The type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aggregate: Option<String>,
    /// More than one partner was possible.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ambiguous: bool,
    /// What differs within.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldRow>,
    /// How many fields are not shown.
    #[serde(skip_serializing_if = "is_zero")]
    pub more_fields: usize,
    /// What was taken off the candidate's time, where that matters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<String>,
    /// What the event says, where it has no partner.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub says: String,
    /// The event of the control.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control: Option<PlaceRow>,
    /// The event of the candidate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candidate: Option<PlaceRow>,
}

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldRow {
    /// Which.
    pub path: String,
    /// Why.
    pub cause: &'static str,
    /// The token of the control.
    pub control: Option<String>,
    /// The token of the candidate.
    pub candidate: Option<String>,
}

/// Where an event stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlaceRow {
    /// The file or store, where in it, and the id that the event carries.
    pub place: String,
    /// Its text, where it has no partner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl From<&Comparison> for DifferenceTable {
    fn from(comparison: &Comparison) -> Self {
        let known = comparison.differences.iter().chain(&comparison.more_differences);
        let row = |difference| Row::new(difference, comparison.clock.tolerance_us);
        Self { total: comparison.total().differences(), rows: known.take(MOST).map(row).collect() }
    }
}

impl DifferenceTable {
    /// The rows that stand in the page itself.
    pub fn plain(&self) -> &[Row] {
        &self.rows[..self.rows.len().min(PLAIN_ROWS)]
    }

    /// How many of how many the plain table has.
    pub fn plain_sentence(&self) -> String {
        self.sentence(self.plain().len())
    }

    /// How many of how many the report has.
    pub fn shown_sentence(&self) -> String {
        let sentence = self.sentence(self.rows.len());
        match self.total - self.rows.len() as u64 {
            0 => sentence,
            more => format!(
                "{sentence} {} more are counted above and not shown here: {}compare a part of the time (--since, --until), \
                 or see --format json with a larger --limit.",
                grouped(more),
                // Fewer than a report may have: the memory was too small for more.
                if self.rows.len() < MOST { "give more --memory, " } else { "" }
            ),
        }
    }

    fn sentence(&self, shown: usize) -> String {
        match (self.total, shown as u64) {
            (1, 1) => "The one difference.".to_owned(),
            (total, shown) if shown == total => {
                format!("All {} differences, the earliest first.", grouped(total))
            }
            (total, shown) => {
                format!("The first {} of {} differences, the earliest first.", grouped(shown), grouped(total))
            }
        }
    }

    /// The rows as JSON that may stand in an element `script`: no character in it begins a tag or a comment.
    pub fn data(&self) -> String {
        // Rows are texts and numbers: they can always be written.
        let json = serde_json::to_string(&self.rows).unwrap_or_else(|_| "[]".to_owned());
        let mut escaped = String::with_capacity(json.len() + json.len() / 16);
        for character in json.chars() {
            match character {
                '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                    escaped.push_str(&format!("\\u{:04x}", u32::from(character)));
                }
                character => escaped.push(character),
            }
        }
        escaped
    }
}

impl Row {
    /// The row of a difference, of logs whose pairs may be so many microseconds apart.
    fn new(difference: &Difference, tolerance_us: i64) -> Self {
        let alone = match (&difference.control, &difference.candidate) {
            (Some(_), Some(_)) => None,
            (one, other) => one.as_ref().or(other.as_ref()),
        };
        let has_partner = alone.is_none();
        let place =
            |place: &Option<EventPlace>| place.as_ref().map(|place| PlaceRow::new(place, has_partner));
        Self {
            at: difference.timestamp.replace('T', " ").replace("+00:00", ""),
            day: difference.day.to_string(),
            class: difference.class.label(),
            cause: difference.cause.as_str(),
            event_type: visible(&difference.event_type).into_owned(),
            aggregate: difference.aggregate_id.as_ref().map(|aggregate| visible(aggregate).into_owned()),
            ambiguous: difference.ambiguous,
            fields: difference.fields.iter().take(SHOWN_FIELDS).map(FieldRow::from).collect(),
            more_fields: difference.fields.len().saturating_sub(SHOWN_FIELDS),
            clock: difference.clock_taken_off(tolerance_us),
            says: alone.map(|event| visible(&summary(&event.body)).into_owned()).unwrap_or_default(),
            control: place(&difference.control),
            candidate: place(&difference.candidate),
        }
    }
}

impl From<&DifferentField> for FieldRow {
    fn from(field: &DifferentField) -> Self {
        let token = |token: &Option<String>| token.as_ref().map(|token| shown(token, LONGEST_TOKEN));
        Self {
            path: shown(&field.path, LONGEST_TOKEN),
            cause: field.cause.as_str(),
            control: token(&field.control),
            candidate: token(&field.candidate),
        }
    }
}

impl PlaceRow {
    fn new(place: &EventPlace, has_partner: bool) -> Self {
        let path = text_of(&place.path);
        let id = place.event_id.as_ref().map(|id| format!(", id {id}")).unwrap_or_default();
        let record = (!has_partner && !place.body.is_empty()).then(|| shown(&place.body, LONGEST_RECORD));
        Self { place: visible(&format!("{path}, {}{id}", place.location)).into_owned(), record }
    }
}

fn shown(text: &str, longest: usize) -> String {
    visible(&shortened(text, longest)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::compare::report::{Cause, Class, RecordLocation};

    fn place(position: u64) -> Option<EventPlace> {
        Some(EventPlace {
            path: "events.db".into(),
            location: RecordLocation::Store { position },
            event_id: Some("e\u{1b}".to_owned()),
            body: format!("{{\"note\": \"{}\"}}", "x".repeat(2_000)),
        })
    }

    fn difference(control: Option<EventPlace>, fields: usize) -> Difference {
        let field = |number| DifferentField {
            path: format!("a.{number}"),
            cause: Cause::Real,
            control: Some("1".repeat(500)),
            candidate: None,
        };
        Difference {
            class: Class::Changed,
            cause: Cause::Real,
            ambiguous: false,
            event_type: "TaskUpdated".to_owned(),
            aggregate_id: None,
            timestamp: "2025-10-20T00:00:00+00:00".to_owned(),
            day: "2025-10-20".parse().unwrap(),
            control,
            candidate: place(7),
            clock_offset_us: Some(0),
            fields: (0..fields).map(field).collect(),
        }
    }

    #[test]
    fn a_pair_shows_its_fields_and_an_event_without_a_partner_its_record() {
        let pair = Row::new(&difference(place(3), 1), 0);
        assert_eq!(pair.control.as_ref().unwrap().place, "events.db, position 3, id e\\u{1b}");
        assert!(pair.control.unwrap().record.is_none() && pair.candidate.unwrap().record.is_none());
        let alone = Row::new(&difference(None, 0), 0);
        let record = alone.candidate.unwrap().record.unwrap();
        assert!(record.starts_with("{\"note\"") && record.ends_with('…'));
        assert_eq!(record.chars().count(), LONGEST_RECORD + 1);
    }

    #[test]
    fn of_many_fields_and_long_values_the_first_are_shown_and_the_others_counted() {
        let row = Row::new(&difference(place(3), 25), 0);
        assert_eq!((row.fields.len(), row.more_fields), (20, 5));
        let token = row.fields[0].control.as_ref().unwrap();
        assert_eq!((token.chars().count(), row.fields[0].candidate.as_ref()), (201, None));
    }

    #[test]
    fn no_text_ends_the_element_that_the_rows_stand_in() {
        let mut row = Row::new(&difference(place(3), 0), 0);
        row.event_type = "</script><!-- & \u{2028}".to_owned();
        let table = DifferenceTable { total: 1, rows: vec![row] };
        let data = table.data();
        assert!(!data.contains(['<', '>', '&', '\u{2028}']), "{data}");
        let read: serde_json::Value = serde_json::from_str(&data).unwrap();
        assert_eq!(read[0]["type"], "</script><!-- & \u{2028}");
    }

    #[test]
    fn a_sentence_says_how_many_of_how_many_are_shown() {
        let rows = vec![Row::new(&difference(None, 0), 0)];
        let sentence = |total| DifferenceTable { total, rows: rows.clone() }.plain_sentence();
        assert_eq!(sentence(1), "The one difference.");
        assert_eq!(sentence(1_234), "The first 1 of 1,234 differences, the earliest first.");
        assert!(
            DifferenceTable { total: 3, rows: rows.clone() }
                .shown_sentence()
                .contains("2 more are counted above and not shown here: give more --memory, ")
        );
        let all = DifferenceTable { total: 2, rows: [rows.clone(), rows].concat() };
        assert_eq!(all.shown_sentence(), "All 2 differences, the earliest first.");
    }
}
