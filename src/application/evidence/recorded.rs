//! One record, and what it holds by its kind.

use chrono::{DateTime, Utc};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::backup::{BACKUP, BackupEvidence, VERIFICATION, VerificationEvidence};
use super::moving::{MOVE, MoveEvidence};
use super::record::ComparisonEvidence;
use super::rehearsal::RehearsalEvidence;

/// The key that says what a record is of. Without it, it is of a comparison.
const KIND: &str = "kind";

/// One line of an evidence log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvidenceRecord {
    /// Its number, from 1, one more than that of the record before it.
    pub sequence: u64,
    /// The SHA-256 of the bytes of the record before it, without their line end;
    /// 64 zeros in the first one.
    pub previous: String,
    /// What it records.
    #[serde(flatten)]
    pub evidence: Evidence,
}

/// What was found, and recorded. Its JSON form is that of what it holds, with the key `kind` for all but comparisons.
#[derive(Debug, Clone, PartialEq)]
pub enum Evidence {
    /// By a comparison.
    Comparison(Box<ComparisonEvidence>),
    /// By a rehearsal on copies.
    Rehearsal(Box<RehearsalEvidence>),
    /// By a backup: it was made.
    Backup(Box<BackupEvidence>),
    /// By a verification of a store or a backup.
    Verification(Box<VerificationEvidence>),
    /// By a move of a store to another backend.
    Move(Box<MoveEvidence>),
    /// By something that this version of the program does not know: a link of the chain, and nothing else.
    Unknown(UnknownEvidence),
}

/// A record of a kind that this version of the program does not know.
#[derive(Debug, Clone, PartialEq)]
pub struct UnknownEvidence {
    kind: String,
    /// All of it but its place in the chain.
    keys: Map<String, Value>,
}

impl Evidence {
    /// What it is of; in the words of the key `kind`.
    pub fn kind(&self) -> &str {
        match self {
            Self::Comparison(_) => "comparison",
            Self::Rehearsal(rehearsal) => rehearsal.rehearsal.as_str(),
            Self::Backup(_) => BACKUP,
            Self::Verification(_) => VERIFICATION,
            Self::Move(_) => MOVE,
            Self::Unknown(unknown) => &unknown.kind,
        }
    }

    /// When it was recorded; `None` where a record of an unknown kind does not say it as the others do.
    pub fn recorded_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Comparison(comparison) => Some(comparison.recorded_at),
            Self::Rehearsal(rehearsal) => Some(rehearsal.recorded_at),
            Self::Backup(backup) => Some(backup.recorded_at),
            Self::Verification(verification) => Some(verification.recorded_at),
            Self::Move(moved) => Some(moved.recorded_at),
            Self::Unknown(unknown) => {
                unknown.keys.get("recorded_at").and_then(|at| DateTime::deserialize(at).ok())
            }
        }
    }

    /// The comparison, where it is of one.
    pub fn as_comparison(&self) -> Option<&ComparisonEvidence> {
        match self {
            Self::Comparison(comparison) => Some(comparison),
            _ => None,
        }
    }

    /// The rehearsal, where it is of one.
    pub fn as_rehearsal(&self) -> Option<&RehearsalEvidence> {
        match self {
            Self::Rehearsal(rehearsal) => Some(rehearsal),
            _ => None,
        }
    }

    /// The verification, where it is of one.
    pub fn as_verification(&self) -> Option<&VerificationEvidence> {
        match self {
            Self::Verification(verification) => Some(verification),
            _ => None,
        }
    }
}

impl From<ComparisonEvidence> for Evidence {
    fn from(comparison: ComparisonEvidence) -> Self {
        Self::Comparison(Box::new(comparison))
    }
}

impl From<RehearsalEvidence> for Evidence {
    fn from(rehearsal: RehearsalEvidence) -> Self {
        Self::Rehearsal(Box::new(rehearsal))
    }
}

impl From<BackupEvidence> for Evidence {
    fn from(backup: BackupEvidence) -> Self {
        Self::Backup(Box::new(backup))
    }
}

impl From<VerificationEvidence> for Evidence {
    fn from(verification: VerificationEvidence) -> Self {
        Self::Verification(Box::new(verification))
    }
}

impl From<MoveEvidence> for Evidence {
    fn from(moved: MoveEvidence) -> Self {
        Self::Move(Box::new(moved))
    }
}

impl Serialize for Evidence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Comparison(comparison) => comparison.serialize(serializer),
            Self::Rehearsal(rehearsal) => rehearsal.serialize(serializer),
            Self::Backup(backup) => backup.serialize(serializer),
            Self::Verification(verification) => verification.serialize(serializer),
            Self::Move(moved) => moved.serialize(serializer),
            Self::Unknown(unknown) => unknown.keys.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Evidence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// Of all the keys.
        fn of<T: DeserializeOwned, E: Error>(keys: Map<String, Value>) -> Result<T, E> {
            serde_json::from_value(Value::Object(keys)).map_err(E::custom)
        }
        let keys = Map::deserialize(deserializer)?;
        let kind = match keys.get(KIND) {
            None => return of(keys).map(Self::Comparison),
            Some(Value::String(kind)) => kind.clone(),
            Some(other) => return Err(D::Error::custom(format!("expected a text as `kind`, found {other}"))),
        };
        match kind.as_str() {
            "comparison" => of(keys).map(Self::Comparison),
            BACKUP => of(keys).map(Self::Backup),
            VERIFICATION => of(keys).map(Self::Verification),
            MOVE => of(keys).map(Self::Move),
            kind if RehearsalEvidence::is_kind(kind) => of(keys).map(Self::Rehearsal),
            _ => Ok(Self::Unknown(UnknownEvidence { kind, keys })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::backup::{RecordedVerification, VerifiedBackup};
    use super::super::record::Verdict;
    use super::super::rehearsal::{Rehearsal, RehearsalFindings};
    use super::super::{Chain, NO_PREVIOUS, line_hash};
    use super::*;

    fn rehearsal() -> Evidence {
        let findings = RehearsalFindings {
            control: "/data/events.json".to_owned(),
            candidate: "/data/events.db".to_owned(),
            events: 7,
            verdict: Verdict::Consistent,
            reasons: Vec::new(),
            elapsed_seconds: 0.25,
        };
        let recorded_at = "2025-10-26T01:02:03.25Z".parse().unwrap();
        let tool_version = "0.1.0".to_owned();
        RehearsalEvidence { rehearsal: Rehearsal::Rollback, recorded_at, tool_version, findings }.into()
    }

    #[test]
    fn the_kind_of_a_record_is_one_of_its_keys_and_a_rehearsal_reads_back_as_it_was() {
        let record = EvidenceRecord { sequence: 1, previous: NO_PREVIOUS.to_owned(), evidence: rehearsal() };
        let text = serde_json::to_string(&record).unwrap();
        assert!(
            text.contains(r#""kind":"rehearsal_of_rollback","recorded_at":"2025-10-26T01:02:03.25"#),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<EvidenceRecord>(&text).unwrap(), record);
        for rehearsal in Rehearsal::ALL {
            assert_eq!(serde_json::to_value(rehearsal).unwrap(), rehearsal.as_str());
        }
    }

    #[test]
    fn a_backup_and_a_verification_read_back_as_they_were() {
        let (recorded_at, digest) = ("2025-10-26T01:02:03.25Z".parse().unwrap(), "0f".repeat(32));
        let verified = RecordedVerification {
            store: "/data/events.db".to_owned(),
            backend: "sqlite".to_owned(),
            backup: Some(VerifiedBackup {
                path: "/backups/2025".to_owned(),
                made_at: Some(recorded_at),
                manifest_sha256: None,
            }),
            events: 7,
            last_position: Some(7),
            digest,
            verdict: Verdict::Different,
            reasons: vec!["files: a byte".to_owned()],
            elapsed_seconds: 0.25,
        };
        let evidence: Evidence = VerificationEvidence::new(verified, recorded_at).into();
        let record = EvidenceRecord { sequence: 1, previous: NO_PREVIOUS.to_owned(), evidence };
        let text = serde_json::to_string(&record).unwrap();
        assert!(text.contains(r#""kind":"verification","recorded_at":"2025-10-26T01:02:03.25"#), "{text}");
        assert_eq!(serde_json::from_str::<EvidenceRecord>(&text).unwrap(), record);
    }

    #[test]
    fn a_chain_holds_over_kinds_that_are_not_known_and_breaks_where_one_of_them_was_altered() {
        let unknown =
            format!(r#"{{"sequence":1,"previous":"{NO_PREVIOUS}","kind":"approval","by":[2,1.50]}}"#);
        let previous = line_hash(unknown.as_bytes());
        let next =
            serde_json::to_vec(&EvidenceRecord { sequence: 2, previous, evidence: rehearsal() }).unwrap();
        let chain = Chain::of(&[unknown.clone().into_bytes(), next.clone()]);
        assert_eq!(chain.faults, []);
        let kinds: Vec<_> = chain.records.iter().map(|record| record.record.evidence.kind()).collect();
        assert_eq!(kinds, ["approval", "rehearsal_of_rollback"]);
        assert_eq!(chain.records[0].record.evidence.recorded_at(), None);
        let again = serde_json::to_value(&chain.records[0].record).unwrap();
        assert_eq!(again["by"], serde_json::json!([2, 1.5]), "it is listed with what it holds");

        let altered = unknown.replace("[2,", "[3,").into_bytes();
        assert!(!Chain::of(&[altered, next]).holds());
    }

    #[test]
    fn a_record_that_lacks_what_its_kind_has_is_no_record() {
        for keys in [
            r#""kind":1"#,
            r#""kind":"comparison""#,
            r#""kind":"rehearsal_of_state""#,
            r#""kind":"backup""#,
            r#""kind":"verification""#,
            r#""matched":1"#,
        ] {
            let line = format!(r#"{{"sequence":1,"previous":"{NO_PREVIOUS}",{keys}}}"#);
            let chain = Chain::of(&[line.into_bytes()]);
            assert_eq!((chain.records.len(), chain.faults.len()), (0, 1), "{keys}");
        }
    }
}
