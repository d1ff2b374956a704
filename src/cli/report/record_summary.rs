//! What an event says, in a line: the first of its members that are no envelope.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::numbers::shortened;

/// The names of the fields that say which event it is, in either shape.
const ENVELOPE: [&str; 7] =
    ["event_id", "event_type", "type", "timestamp", "aggregate_id", "task_id", "metadata"];
/// How many members are shown.
const SHOWN_MEMBERS: usize = 3;
/// How many characters of a value are shown.
const LONGEST_TOKEN: usize = 60;
/// The same of a record that cannot be taken apart.
const LONGEST_RECORD: usize = 90;

/// The first members, with their values as they are written; of a text that is no JSON, as a record with `NaN` or one
/// that was cut, the beginning.
pub fn summary(record: &str) -> String {
    let Ok(Members(members)) = serde_json::from_str(record) else { return shortened(record, LONGEST_RECORD) };
    let said = members.iter().filter(|(name, _)| !ENVELOPE.contains(&name.as_str()));
    let shown = said.take(SHOWN_MEMBERS).map(|(name, value)| {
        let token = shortened(value.get(), LONGEST_TOKEN);
        format!("{name}: {token}")
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// The members of an object, in the order in which they are written.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Members, M::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_told_by_its_first_members_as_they_are_written() {
        let record = r#"{"type": "TaskCreated", "title": "a \u00e9", "task_id": "T1", "cost": 1.50, "tags": [1, 2], "more": 1}"#;
        assert_eq!(summary(record), r#"title: "a \u00e9", cost: 1.50, tags: [1, 2]"#);
        assert_eq!(summary(r#"{"type": "TaskDeleted", "task_id": "T1"}"#), "");
    }

    #[test]
    fn long_values_are_cut_and_of_what_is_no_json_the_beginning_is_shown() {
        let long = format!(r#"{{"title": "{}"}}"#, "x".repeat(100));
        assert_eq!(summary(&long).chars().count(), "title: ".len() + 61);
        assert_eq!(summary(r#"{"cost": NaN}"#), r#"{"cost": NaN}"#);
    }
}
