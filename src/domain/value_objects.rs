//! The small values that events are made of. Each is valid from the moment it exists.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The identity of an event: any text that is not empty.
///
/// Ids minted by this program are UUIDs (version 7, ordered by time); ids that came with a log are
/// kept as they were written, whatever they look like.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct EventId(String);

impl EventId {
    /// Takes `text` as an id.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidValue> {
        let text = text.into();
        if text.is_empty() {
            return Err(InvalidValue::Empty { what: "an event id" });
        }
        Ok(Self(text))
    }

    /// The id as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<uuid::Uuid> for EventId {
    fn from(id: uuid::Uuid) -> Self {
        let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
        Self(id.hyphenated().encode_lower(&mut text).to_owned())
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an event is about, in Mission Control a task. Any text: a log may hold an empty one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct AggregateId(String);

impl AggregateId {
    /// Takes `text` as the name of an aggregate.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AggregateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The place of an event in the order of its store; no two events of a store have the same.
///
/// Positions of one store compare; those of different stores say nothing about each other. SQLite
/// counts 1, 2, 3, … in commit order; daily JSONL uses (day, byte offset), which has gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Position(i64);

impl Position {
    /// The position that a store gave, as its number.
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// The position as its number.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name of a stream: the part of a store in which positions follow the order of the saves.
///
/// A store that commits one event after the other, such as SQLite, is one stream, whose name is
/// empty. Daily JSONL has one for each day, named `2025-10-25`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct StreamId(String);

impl StreamId {
    /// Takes `name` as the name of a stream.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The only stream of a store that is one: its name is empty.
    pub const fn single() -> Self {
        Self(String::new())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How urgent a task is. `P0` is the most urgent, and the greatest: `Priority::P0 > Priority::P3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum Priority {
    /// Drop everything.
    P0,
    /// Next in line.
    P1,
    /// Planned.
    P2,
    /// When there is time.
    P3,
}

impl Priority {
    /// Every priority, the most urgent first.
    pub const ALL: [Self; 4] = [Self::P0, Self::P1, Self::P2, Self::P3];

    /// The name in the log: `P0` to `P3`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::P0 => "P0",
            Self::P1 => "P1",
            Self::P2 => "P2",
            Self::P3 => "P3",
        }
    }
}

impl Ord for Priority {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // Declared from the most urgent down, so that the discriminant is the reverse of urgency.
        (*other as u8).cmp(&(*self as u8))
    }
}

impl PartialOrd for Priority {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// No work has begun.
    NotStarted,
    /// Work has begun.
    InProgress,
    /// It waits for something.
    Blocked,
    /// Done.
    Completed,
    /// Given up.
    Cancelled,
}

impl Status {
    /// Every status, in the order in which a task mostly has them.
    pub const ALL: [Self; 5] =
        [Self::NotStarted, Self::InProgress, Self::Blocked, Self::Completed, Self::Cancelled];

    /// The name in the log, as `NOT_STARTED`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotStarted => "NOT_STARTED",
            Self::InProgress => "IN_PROGRESS",
            Self::Blocked => "BLOCKED",
            Self::Completed => "COMPLETED",
            Self::Cancelled => "CANCELLED",
        }
    }
}

/// Names are read without regard to case and written in capitals: logs hold both.
macro_rules! named_value {
    ($type:ident, $what:literal, $allowed:literal) => {
        impl FromStr for $type {
            type Err = InvalidValue;

            fn from_str(text: &str) -> Result<Self, InvalidValue> {
                Self::ALL.into_iter().find(|value| value.as_str().eq_ignore_ascii_case(text)).ok_or_else(
                    || InvalidValue::Unknown {
                        what: $what,
                        allowed: $allowed,
                        found: text.chars().take(40).collect(),
                    },
                )
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

named_value!(Priority, "a priority", "P0, P1, P2 or P3");
named_value!(Status, "a status", "NOT_STARTED, IN_PROGRESS, BLOCKED, COMPLETED or CANCELLED");

/// A value that does not exist in the domain.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidValue {
    /// Something that must not be empty is empty.
    #[error("{what} must not be empty")]
    Empty {
        /// What was to be made.
        what: &'static str,
    },
    /// A name outside its fixed list.
    #[error("expected {what} ({allowed}), found {found:?}")]
    Unknown {
        /// What was to be made.
        what: &'static str,
        /// The names that exist.
        allowed: &'static str,
        /// The name that came, cut to 40 characters.
        found: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_id_is_never_empty() {
        assert_eq!(EventId::new(""), Err(InvalidValue::Empty { what: "an event id" }));
        assert_eq!(EventId::new("e1").map(|id| id.to_string()), Ok("e1".to_owned()));
    }

    #[test]
    fn p0_is_the_most_urgent_priority() {
        let mut sorted = vec![Priority::P2, Priority::P0, Priority::P3, Priority::P1];
        sorted.sort();
        assert_eq!(sorted, [Priority::P3, Priority::P2, Priority::P1, Priority::P0]);
    }

    #[test]
    fn names_are_read_without_regard_to_case_and_written_in_capitals() {
        assert_eq!("p1".parse(), Ok(Priority::P1));
        assert_eq!("in_Progress".parse(), Ok(Status::InProgress));
        assert_eq!(Status::InProgress.to_string(), "IN_PROGRESS");
        assert_eq!(serde_json::to_string(&Status::NotStarted).unwrap(), "\"NOT_STARTED\"");
        assert_eq!(serde_json::from_str::<Priority>("\"p3\"").unwrap(), Priority::P3);
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_names_that_exist() {
        let error = "P9".parse::<Priority>().unwrap_err();
        assert_eq!(error.to_string(), "expected a priority (P0, P1, P2 or P3), found \"P9\"");
        assert!("DONE".parse::<Status>().is_err());
    }
}
