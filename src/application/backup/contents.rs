//! What a store holds, in counts and digests.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::application::multiset_digest::MultisetDigest;

/// What a store holds, in counts and digests: two that are equal hold the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// How many events.
    pub events: u64,
    /// The greatest position of one.
    pub last_position: Option<i64>,
    /// The id of the first one: by that a store is known.
    pub first_event_id: Option<String>,
    /// The digest of all events.
    pub digest: String,
    /// The same by ranges of positions, in their order.
    pub ranges: Vec<RangeDigest>,
    /// Every table of each database, all columns.
    pub tables: Vec<TableDigest>,
    /// The version of the schema of each database, by its file.
    pub schema_versions: BTreeMap<String, i64>,
}

/// The events of a range of positions of one stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RangeDigest {
    /// The stream; empty where a store is one.
    pub stream: String,
    /// The position of its first event.
    pub first: i64,
    /// That of its last.
    pub last: i64,
    /// How many there are.
    pub events: u64,
    /// Of these events.
    pub digest: String,
}

impl RangeDigest {
    /// Where it is, in words.
    pub fn place(&self) -> String {
        let stream = if self.stream.is_empty() { String::new() } else { format!(" of {}", self.stream) };
        format!("the positions {} to {}{stream}", self.first, self.last)
    }
}

/// The rows of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableDigest {
    /// The file of the database, as a backup names it.
    pub database: String,
    /// Its name.
    pub table: String,
    /// How many rows.
    pub rows: u64,
    /// Of all columns of these rows, whatever their order is.
    pub digest: String,
}

/// Takes the rows of a table, value by value.
#[derive(Debug, Default)]
pub struct RowHash {
    row: Sha256,
    rows: u64,
    all: MultisetDigest,
}

impl RowHash {
    /// The next value of the row: what it is, and its bytes.
    pub fn value(&mut self, kind: u8, bytes: &[u8]) {
        self.row.update([kind]);
        self.row.update((bytes.len() as u64).to_le_bytes());
        self.row.update(bytes);
    }

    /// The row is complete.
    pub fn end_row(&mut self) {
        self.all.add(&self.row.finalize_reset().into());
        self.rows += 1;
    }

    /// All of them are.
    pub fn end(self, database: &str, table: &str) -> TableDigest {
        TableDigest {
            database: database.to_owned(),
            table: table.to_owned(),
            rows: self.rows,
            digest: self.all.to_string(),
        }
    }
}

impl Contents {
    /// Where `found` is not what this says: a sentence each, events first; none where it is.
    pub fn differences(&self, found: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        if self.digest != found.digest || self.events != found.events {
            differences.push(format!(
                "expected {} events up to position {}, with the digest {}; found {} up to {}, with {}{}",
                self.events,
                shown(self.last_position),
                self.digest,
                found.events,
                shown(found.last_position),
                found.digest,
                self.first_range_of(found)
            ));
        }
        for expected in &self.tables {
            let same_table =
                |table: &&TableDigest| table.database == expected.database && table.table == expected.table;
            match found.tables.iter().find(same_table) {
                None => differences
                    .push(format!("the table {} of {} is missing", expected.table, expected.database)),
                Some(table) if table != expected => differences.push(format!(
                    "the table {} of {}: expected {} rows with the digest {}, found {} with {}",
                    expected.table,
                    expected.database,
                    expected.rows,
                    expected.digest,
                    table.rows,
                    table.digest
                )),
                Some(_) => {}
            }
        }
        if self.schema_versions != found.schema_versions {
            differences.push(format!(
                "expected the schema versions {:?}, found {:?}",
                self.schema_versions, found.schema_versions
            ));
        }
        differences
    }

    /// Whether what handlers have done is there.
    pub fn has_handlers(&self) -> bool {
        self.schema_versions.contains_key("handlers.db")
    }

    /// The ranges whose events `later` has not, as the digests say: those that have grown since among them, of which that is not known.
    pub fn other_ranges_than(&self, later: &Self) -> Vec<&RangeDigest> {
        let key = |range: &RangeDigest| (range.stream.clone(), range.first);
        let there: BTreeMap<_, _> = later.ranges.iter().map(|range| (key(range), range)).collect();
        self.ranges.iter().filter(|range| there.get(&key(range)) != Some(range)).collect()
    }

    fn first_range_of(&self, found: &Self) -> String {
        let pairs = self.ranges.iter().zip(found.ranges.iter().map(Some).chain(std::iter::repeat(None)));
        let first = pairs.into_iter().find(|(expected, found)| Some(*expected) != *found);
        first.map_or_else(String::new, |(range, _)| {
            format!("; the first difference is within {}", range.place())
        })
    }
}

fn shown(position: Option<i64>) -> String {
    position.map_or_else(|| "none".to_owned(), |position| position.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents() -> Contents {
        let range = |first, last| RangeDigest {
            stream: String::new(),
            first,
            last,
            events: 1,
            digest: "aa".to_owned(),
        };
        let mut rows = RowHash::default();
        rows.value(1, b"x");
        rows.end_row();
        Contents {
            events: 2,
            last_position: Some(20),
            first_event_id: Some("e1".to_owned()),
            digest: "bb".to_owned(),
            ranges: vec![range(1, 10), range(11, 20)],
            tables: vec![rows.end("events.db", "sources")],
            schema_versions: BTreeMap::from([("events.db".to_owned(), 8)]),
        }
    }

    #[test]
    fn a_difference_names_the_first_range_or_the_table_in_which_it_is() {
        assert_eq!(contents().differences(&contents()), [] as [String; 0]);
        let mut other = contents();
        other.digest = "cc".to_owned();
        other.ranges[1].digest = "dd".to_owned();
        let told = contents().differences(&other);
        assert!(told.len() == 1 && told[0].ends_with("within the positions 11 to 20"), "{told:?}");
        let mut other = contents();
        other.tables[0].rows = 7;
        assert!(
            contents().differences(&other)[0].contains("the table sources of events.db: expected 1 rows")
        );
        other.tables.clear();
        assert_eq!(contents().differences(&other), ["the table sources of events.db is missing"]);
        let mut other = contents();
        other.schema_versions.clear();
        assert_eq!(contents().differences(&other).len(), 1);
    }

    #[test]
    fn values_and_rows_that_run_together_are_other_rows() {
        let digest = |rows: &[&[&[u8]]]| {
            let mut hash = RowHash::default();
            for row in rows {
                row.iter().for_each(|value| hash.value(1, value));
                hash.end_row();
            }
            hash.end("", "").digest
        };
        let one = digest(&[&[b"ab", b"c"]]);
        for other in [digest(&[&[b"a", b"bc"]]), digest(&[&[b"ab"], &[b"c"]]), digest(&[&[b"abc"]])] {
            assert_ne!(one, other);
        }
        assert_eq!(digest(&[&[b"a"], &[b"b"]]), digest(&[&[b"b"], &[b"a"]]));
    }
}
