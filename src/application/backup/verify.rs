//! What was verified, and what came of it.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::against::Against;
use super::contents::Contents;
use super::findings::{Check, Finding, Findings};
use super::manifest::Manifest;

/// What a verification came to.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Verification {
    /// What was verified.
    pub path: String,
    /// `store`, `backup` or `handlers`.
    pub of: &'static str,
    /// `sqlite` or `jsonl`.
    pub backend: String,
    /// The store that it is a backup of; null where it is none.
    pub store: Option<String>,
    /// When the backup was made; null likewise.
    pub made_at: Option<String>,
    /// The same, as a time.
    #[serde(skip)]
    pub moment: Option<DateTime<Utc>>,
    /// The SHA-256 of its manifest; null likewise.
    pub manifest_sha256: Option<String>,
    /// Whether everything holds.
    pub holds: bool,
    /// How many events it has.
    pub events: u64,
    /// The position of the last one.
    pub last_position: Option<i64>,
    /// Of all events.
    pub digest: String,
    /// What was looked at, and how many findings each check has.
    pub checks: Vec<CheckCount>,
    /// What is wrong, up to 20 findings of each check.
    pub findings: Vec<Finding>,
    /// What is worth knowing and nothing wrong.
    pub notes: Vec<String>,
    /// The other store; null where none was named.
    pub against: Option<Against>,
    /// Its number in the evidence; null where it was not recorded.
    pub recorded_as: Option<u64>,
    /// How long it took.
    pub elapsed_seconds: f64,
}

/// A check that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckCount {
    /// Its name.
    pub check: Check,
    /// How many findings it has.
    pub findings: u64,
}

impl Verification {
    /// Takes what was found.
    pub fn conclude(&mut self, contents: Contents, findings: Findings) {
        self.holds = findings.is_empty();
        self.events = contents.events;
        self.last_position = contents.last_position;
        self.digest = contents.digest;
        let count = |check: &Check| findings.counts.get(check).copied().unwrap_or(0);
        self.checks =
            findings.made.iter().map(|check| CheckCount { check: *check, findings: count(check) }).collect();
        self.checks.sort_by_key(|check| check.check);
        self.findings = findings.told;
        self.notes = findings.notes;
    }
}

impl Verification {
    /// Adds what came of holding it against another store.
    pub fn add(&mut self, against: Against, findings: Findings) {
        self.holds &= findings.is_empty();
        self.checks.push(CheckCount { check: Check::Against, findings: findings.count() });
        self.findings.extend(findings.told);
        self.against = Some(against);
    }
}

/// Holds what a backup has against its manifest.
pub fn verify_contents(manifest: &Manifest, place: &str, found: &Contents, findings: &mut Findings) {
    findings.look(Check::Manifest);
    for difference in manifest.contents.differences(found) {
        findings.add(Check::Manifest, place, difference);
    }
}
