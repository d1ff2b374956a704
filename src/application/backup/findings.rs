//! What is found wrong with a store or a backup.

use std::collections::BTreeMap;

use serde::Serialize;

/// So many findings of each check are told, and all are counted.
const TOLD: u64 = 20;

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The files of a backup are those that its manifest names, by their SHA-256.
    Files,
    /// Triggers, tables and indexes are as the program makes them.
    Schema,
    /// SQLite finds the database whole, its indexes included.
    Integrity,
    /// What a row refers to is there.
    ForeignKeys,
    /// Positions count from 1 on without gaps.
    Positions,
    /// As many rows are there as were stored.
    Rows,
    /// Id, type, time and aggregate of each event are those of its text, as the program reads it.
    Bodies,
    /// Ids of events that carry none are those that their contents give them.
    DerivedIds,
    /// Every log that was imported can be given back byte for byte.
    Provenance,
    /// The contents are those of the manifest.
    Manifest,
    /// Events are those of another store.
    Against,
}

impl Check {
    /// The name, as JSON has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Schema => "schema",
            Self::Integrity => "integrity",
            Self::ForeignKeys => "foreign_keys",
            Self::Positions => "positions",
            Self::Rows => "rows",
            Self::Bodies => "bodies",
            Self::DerivedIds => "derived_ids",
            Self::Provenance => "provenance",
            Self::Manifest => "manifest",
            Self::Against => "against",
        }
    }
}

/// Something that is not as it is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: Check,
    /// Where: a file, a database, a position.
    pub place: String,
    /// What was expected and what came.
    pub detail: String,
}

/// All of them: those that are told, and how many there are of each check.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Those that are told.
    pub told: Vec<Finding>,
    /// How many each check has.
    pub counts: BTreeMap<Check, u64>,
    /// What was looked at.
    pub made: Vec<Check>,
    /// What is worth knowing and no finding.
    pub notes: Vec<String>,
}

impl Findings {
    /// The check was made.
    pub fn look(&mut self, check: Check) {
        if !self.made.contains(&check) {
            self.made.push(check);
        }
    }

    /// Adds a finding.
    pub fn add(&mut self, check: Check, place: impl Into<String>, detail: impl Into<String>) {
        self.look(check);
        let count = self.counts.entry(check).or_default();
        *count += 1;
        if *count <= TOLD {
            self.told.push(Finding { check, place: place.into(), detail: detail.into() });
        }
    }

    /// Whether more of that check would not be told.
    pub fn is_full(&self, check: Check) -> bool {
        self.counts.get(&check).is_some_and(|count| *count >= TOLD)
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Adds what another look has found.
    pub fn extend(&mut self, other: Self) {
        other.made.into_iter().for_each(|check| self.look(check));
        self.told.extend(other.told);
        other.counts.into_iter().for_each(|(check, count)| *self.counts.entry(check).or_default() += count);
        self.notes.extend(other.notes);
    }

    /// The first ones, a sentence each.
    pub fn sentences(&self, most: usize) -> Vec<String> {
        let sentence =
            |finding: &Finding| format!("{}: {}: {}", finding.check.as_str(), finding.place, finding.detail);
        self.told.iter().take(most).map(sentence).collect()
    }
}
