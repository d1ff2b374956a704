//! The tables of a store, as both backends have them.

use std::borrow::Cow;

/// What a column holds. Both backends hold the same values, each in its own types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number.
    Integer,
    /// 0 or 1.
    Flag,
    /// Microseconds since 1970-01-01T00:00:00Z.
    Time,
    /// Text.
    Text,
    /// Text by which events are found: an index has it.
    Name,
    /// The text of an event, which is JSON.
    Body,
    /// Bytes.
    Bytes,
}

/// How the rows of a table come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Growth {
    /// Rows are added after the greatest number of the first column, and never changed.
    Appended,
    /// Rows are changed, or added anywhere.
    Changing,
}

/// A table with its columns, in the order in which SQLite has them.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// The names of its columns, and what they hold.
    pub columns: &'static [(&'static str, Kind)],
    /// So many of its first columns tell its rows apart, and order them.
    pub key: usize,
    /// How its rows come about.
    pub growth: Growth,
}

use Kind::{Body, Bytes, Flag, Integer, Name, Text, Time};

/// The events.
pub const EVENTS: Table = Table {
    name: "events",
    columns: &[
        ("position", Integer),
        ("event_id", Name),
        ("event_type", Name),
        ("occurred_at", Time),
        ("aggregate_id", Name),
        ("body", Body),
        ("origin", Text),
        ("recorded_at", Time),
        ("id_derived", Flag),
        ("source_id", Integer),
        ("source_offset", Integer),
        ("source_line", Integer),
    ],
    key: 1,
    growth: Growth::Appended,
};

/// What both systems wrote of one event.
pub const TWINS: Table = Table {
    name: "twins",
    columns: &[
        ("twin_id", Integer),
        ("position", Integer),
        ("event_id", Name),
        ("event_type", Name),
        ("occurred_at", Time),
        ("aggregate_id", Name),
        ("body", Body),
        ("origin", Text),
        ("recorded_at", Time),
        ("id_derived", Flag),
        ("source_id", Integer),
        ("source_offset", Integer),
        ("source_line", Integer),
        ("class", Text),
    ],
    key: 1,
    growth: Growth::Appended,
};

/// How many rows were stored. A store in PostgreSQL has them as they were when it was moved, and answers what they are now.
pub const STORED_ROWS: Table = Table {
    name: "stored_rows",
    columns: &[("records", Integer), ("last_position", Integer), ("last_source_id", Integer)],
    key: 0,
    growth: Growth::Changing,
};

/// What is known of events and logs beside the events, in the order in which it is copied.
pub const PROVENANCE: [&Table; 8] = [
    &TWINS,
    &Table {
        name: "sources",
        columns: &[
            ("source_id", Integer),
            ("path", Text),
            ("format", Text),
            ("compression", Text),
            ("settings", Text),
            ("separator", Bytes),
            ("bytes", Integer),
            ("sha256", Text),
            ("content_bytes", Integer),
            ("content_sha256", Text),
            ("resume_offset", Integer),
            ("resume_line", Integer),
            ("resume_sha256", Text),
            ("records", Integer),
            ("imported", Integer),
            ("already_present", Integer),
            ("matched_existing", Integer),
            ("duplicates", Integer),
            ("rejected", Integer),
            ("out_of_range", Integer),
            ("has_repeated_hour", Integer),
            ("started_at", Time),
            ("finished_at", Time),
            ("superseded_by", Integer),
            ("restores_to", Integer),
            ("texts", Integer),
            ("repeats", Integer),
            ("reject_texts", Integer),
            ("file", Text),
        ],
        key: 1,
        growth: Growth::Changing,
    },
    &Table {
        name: "source_texts",
        columns: &[("source_id", Integer), ("offset", Integer), ("text", Bytes)],
        key: 2,
        growth: Growth::Changing,
    },
    &Table {
        name: "source_repeats",
        columns: &[
            ("source_id", Integer),
            ("offset", Integer),
            ("line", Integer),
            ("position", Integer),
            ("kind", Text),
            ("text", Body),
            ("twin_id", Integer),
        ],
        key: 2,
        growth: Growth::Changing,
    },
    &Table {
        name: "rejects",
        columns: &[
            ("reject_id", Integer),
            ("source_id", Integer),
            ("offset", Integer),
            ("line", Integer),
            ("reason", Text),
            ("detail", Text),
            ("current", Flag),
            ("rejected_at", Time),
            ("retried_position", Integer),
        ],
        key: 1,
        growth: Growth::Changing,
    },
    &Table {
        name: "reject_texts",
        columns: &[("reject_id", Integer), ("offset", Integer), ("text", Bytes), ("zeros", Integer)],
        key: 2,
        growth: Growth::Changing,
    },
    &Table {
        name: "repairs",
        columns: &[
            ("position", Integer),
            ("path", Text),
            ("source_offset", Integer),
            ("source_line", Integer),
            ("repaired_at", Time),
        ],
        key: 1,
        growth: Growth::Changing,
    },
    &STORED_ROWS,
];

/// A value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'r> {
    /// None.
    Null,
    /// A number, a time in microseconds, or 0 or 1.
    Integer(i64),
    /// A text.
    Text(Cow<'r, str>),
    /// Bytes.
    Bytes(Cow<'r, [u8]>),
}

impl Value<'_> {
    /// The same, on its own.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Integer(value) => Value::Integer(value),
            Self::Text(text) => Value::Text(text.into_owned().into()),
            Self::Bytes(bytes) => Value::Bytes(bytes.into_owned().into()),
        }
    }
}

impl Table {
    /// The names of its columns as SQL takes them, with commas.
    pub fn quoted_columns(&self) -> String {
        quoted(self.columns.iter().map(|(name, _)| *name))
    }

    /// The same of those that order its rows; an empty text where there are none.
    pub fn quoted_key(&self) -> String {
        quoted(self.columns.iter().take(self.key).map(|(name, _)| *name))
    }
}

fn quoted<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}
