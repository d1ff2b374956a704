//! The chain of an evidence log, recomputed from its lines.

use std::collections::HashMap;

use data_encoding::HEXLOWER;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::record::EvidenceRecord;

/// What the first record has in place of a hash.
pub const NO_PREVIOUS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The bytes of one line, without its line end.
pub type Line = Vec<u8>;

/// The hash by which the next record refers to a line: SHA-256, in hexadecimal.
pub fn line_hash(line: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(line))
}

/// Whether a line that is no record can be what a killed append has left: a record that ends too
/// early. Some file systems put zero bytes after it after a power cut.
pub fn is_torn(line: &[u8]) -> bool {
    let zeros = line.iter().rev().take_while(|byte| **byte == 0).count();
    match &line[..line.len() - zeros] {
        [] => zeros > 0,
        text => serde_json::from_slice::<EvidenceRecord>(text).is_err_and(|error| error.is_eof()),
    }
}

/// A whole record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChainedRecord {
    /// Its line, from 1.
    pub line: u64,
    /// The hash of that line.
    pub sha256: String,
    /// The record.
    #[serde(flatten)]
    pub record: EvidenceRecord,
}

/// A line that a killed append has left. Its comparison was never said to be recorded: it is no
/// evidence, and no fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TornLine {
    /// Its number, from 1.
    pub line: u64,
    /// Its length.
    pub bytes: u64,
}

/// A place where the chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The line at which it shows, from 1.
    pub line: u64,
    /// What it is.
    #[serde(flatten)]
    pub kind: FaultKind,
}

/// How a chain can be broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum FaultKind {
    /// The line is no record, and not what a killed append leaves.
    NotARecord {
        /// What was expected and what came.
        detail: String,
    },
    /// Records should stand before it, and do not: they were removed, or altered so that they are no
    /// records any more.
    Missing {
        /// The number of the first of them.
        first: u64,
        /// The number of the last of them.
        last: u64,
    },
    /// The record refers to another line than the one before it: it was moved or copied.
    Moved {
        /// The line that it belongs after; 0 where it belongs at the beginning.
        behind: u64,
    },
    /// The record does not hold the hash of the line before it: one of the two was altered.
    Altered {
        /// That line; 0 where it is the first record.
        before: u64,
    },
    /// It is linked to the record before it, and has the wrong number.
    WrongSequence {
        /// The number that it should have.
        expected: u64,
        /// The number that it has.
        found: u64,
    },
}

/// An evidence log, checked from its first line to its last.
#[derive(Debug, Default)]
pub struct Chain {
    /// The whole records, in the order of their lines.
    pub records: Vec<ChainedRecord>,
    /// Where it does not hold, in the order of lines.
    pub faults: Vec<Fault>,
    /// What killed appends have left.
    pub torn: Vec<TornLine>,
}

impl Chain {
    /// Recomputes the chain of these lines. Each break is told once: after it, the chain is checked
    /// as if it held.
    pub fn of(lines: &[Line]) -> Self {
        let mut chain = Self::default();
        for (number, line) in (1..).zip(lines) {
            match serde_json::from_slice(line) {
                Ok(record) => {
                    chain.records.push(ChainedRecord { line: number, sha256: line_hash(line), record });
                }
                Err(_) if is_torn(line) => {
                    chain.torn.push(TornLine { line: number, bytes: line.len() as u64 });
                }
                Err(error) => {
                    let kind = FaultKind::NotARecord { detail: error.to_string() };
                    chain.faults.push(Fault { line: number, kind });
                }
            }
        }
        chain.check_links();
        chain.faults.sort_by_key(|fault| fault.line);
        chain
    }

    fn check_links(&mut self) {
        let mut line_of: HashMap<&str, u64> = HashMap::from([(NO_PREVIOUS, 0)]);
        for record in &self.records {
            line_of.entry(&record.sha256).or_insert(record.line);
        }
        let (mut before, mut hash, mut expected) = (0, NO_PREVIOUS, 1);
        for ChainedRecord { line, sha256, record } in &self.records {
            let found = record.sequence;
            let kind = if record.previous == hash {
                (found != expected).then_some(FaultKind::WrongSequence { expected, found })
            } else if let Some(&behind) = line_of.get(record.previous.as_str()) {
                Some(FaultKind::Moved { behind })
            } else if found > expected {
                Some(FaultKind::Missing { first: expected, last: found - 1 })
            } else {
                Some(FaultKind::Altered { before })
            };
            // A wrong number alone does not move the numbers of those after it.
            expected = match kind {
                Some(FaultKind::WrongSequence { .. }) => expected + 1,
                _ => found.saturating_add(1),
            };
            self.faults.extend(kind.map(|kind| Fault { line: *line, kind }));
            (before, hash) = (*line, sha256);
        }
    }

    /// No line was altered, removed, added or moved, as far as a chain can show that.
    pub fn holds(&self) -> bool {
        self.faults.is_empty()
    }
}
