//! What is recorded of backups: that one was made, and that a store or a backup was verified.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::record::Verdict;
use super::timestamp;

pub(super) const BACKUP: &str = "backup";
pub(super) const VERIFICATION: &str = "verification";

/// A backup that was made, as it is recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackupEvidence {
    kind: String,
    /// When it was recorded.
    #[serde(with = "timestamp")]
    pub recorded_at: DateTime<Utc>,
    /// The version of the program.
    pub tool_version: String,
    /// The backup.
    #[serde(flatten)]
    pub backup: RecordedBackup,
}

/// A backup by its place, and what it holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordedBackup {
    /// The store, absolute.
    pub store: String,
    /// `sqlite` or `jsonl`.
    pub backend: String,
    /// The folder of the backup, absolute.
    pub backup: String,
    /// All that was acknowledged before is in it.
    #[serde(with = "timestamp")]
    pub made_at: DateTime<Utc>,
    /// How many events it has.
    pub events: u64,
    /// The position of the last one.
    pub last_position: Option<i64>,
    /// Of all events.
    pub digest: String,
    /// The SHA-256 of its manifest.
    pub manifest_sha256: String,
    /// How long it took.
    pub elapsed_seconds: f64,
}

/// A verification, as it is recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VerificationEvidence {
    kind: String,
    /// When it was recorded.
    #[serde(with = "timestamp")]
    pub recorded_at: DateTime<Utc>,
    /// The version of the program.
    pub tool_version: String,
    /// What was verified, and what came of it.
    #[serde(flatten)]
    pub verified: RecordedVerification,
}

/// What was verified, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordedVerification {
    /// The store, absolute; of a backup, the one that it is of.
    pub store: String,
    /// `sqlite` or `jsonl`.
    pub backend: String,
    /// The backup; absent where the store itself was verified.
    pub backup: Option<VerifiedBackup>,
    /// How many events there are.
    pub events: u64,
    /// The position of the last one.
    pub last_position: Option<i64>,
    /// Of all events.
    pub digest: String,
    /// [`Verdict::Consistent`]: everything holds.
    pub verdict: Verdict,
    /// What does not, sentences for people.
    pub reasons: Vec<String>,
    /// How long it took.
    pub elapsed_seconds: f64,
}

/// A backup that was verified.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VerifiedBackup {
    /// Its folder, absolute.
    pub path: String,
    /// When it was made; absent where its manifest cannot be read.
    #[serde(with = "timestamp::optional")]
    pub made_at: Option<DateTime<Utc>>,
    /// The SHA-256 of its manifest; absent likewise.
    pub manifest_sha256: Option<String>,
}

impl BackupEvidence {
    /// One that was recorded at that time.
    pub fn new(backup: RecordedBackup, recorded_at: DateTime<Utc>) -> Self {
        let (kind, tool_version) = (BACKUP.to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        Self { kind, recorded_at, tool_version, backup }
    }
}

impl VerificationEvidence {
    /// One that was recorded at that time.
    pub fn new(verified: RecordedVerification, recorded_at: DateTime<Utc>) -> Self {
        let (kind, tool_version) = (VERIFICATION.to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        Self { kind, recorded_at, tool_version, verified }
    }
}
