//! The chain of an evidence log, recomputed from its lines.

use std::collections::HashMap;
use std::fmt;

use data_encoding::HEXLOWER;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::line::{Line, UTF_8_BOM, is_blank, without_cr};
use super::recorded::EvidenceRecord;

/// What the first record has in place of a hash.
pub const NO_PREVIOUS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The hash by which the next record refers to a line, without its line end: SHA-256, in hexadecimal.
pub fn line_hash(line: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(line))
}

/// Whether a line that is no record can be what a killed append has left: a record that ends too early, or, after a power
/// cut, one that has zero bytes, which no record has, where a part of it was not written.
pub fn is_torn(line: &[u8]) -> bool {
    let line = without_cr(line);
    line.contains(&0)
        || serde_json::from_slice::<EvidenceRecord>(line)
            .is_err_and(|error| error.is_eof() && !line.is_empty())
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

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotARecord { detail } => write!(f, "it is no evidence record: {detail}"),
            Self::Missing { first, last } if first == last => {
                write!(
                    f,
                    "record {first} is missing before it: it was removed, or altered beyond recognition"
                )
            }
            Self::Missing { first, last } => write!(
                f,
                "records {first} to {last} are missing before it: they were removed, or altered beyond recognition"
            ),
            Self::Moved { behind: 0 } => {
                f.write_str("it belongs at the beginning: lines were moved, copied or added")
            }
            Self::Moved { behind } => {
                write!(f, "it belongs after line {behind}: lines were moved, copied or added")
            }
            Self::Altered { before: 0 } => f.write_str(
                "it is the first record, and follows another one: it was altered, or its place was changed",
            ),
            Self::Altered { before } => {
                write!(f, "it does not follow line {before}: one of the two was altered after it was written")
            }
            Self::WrongSequence { expected, found } => {
                write!(f, "it has the number {found}, expected {expected}: it was altered")
            }
        }
    }
}

/// What other programs have changed around the records. No hash covers it: it is no fault.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Converted {
    /// How many lines end with CRLF, as a checkout can make them.
    pub crlf_lines: u64,
    /// A byte order mark stands before the first line.
    pub byte_order_mark: bool,
    /// How many blank lines stand at the end.
    pub blank_lines: u64,
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
    /// What stands around the records, if anything was changed there.
    pub converted: Option<Converted>,
}

impl Chain {
    /// Recomputes the chain of these lines. Each break is told once: after it, the chain is checked
    /// as if it held.
    pub fn of(lines: &[Line]) -> Self {
        let mut chain = Self::default();
        let mut converted = Converted::default();
        let mut lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        if let Some(rest) = lines.first().and_then(|first| first.strip_prefix(UTF_8_BOM)) {
            converted.byte_order_mark = true;
            lines[0] = rest;
            if lines == [b""] {
                lines.clear();
            }
        }
        let blank = lines.iter().rev().take_while(|line| is_blank(line)).count();
        converted.blank_lines = blank as u64;
        let mut texts = Vec::new();
        for (number, line) in (1..).zip(&lines[..lines.len() - blank]) {
            let text = without_cr(line);
            converted.crlf_lines += u64::from(text.len() < line.len());
            match serde_json::from_slice(text) {
                Ok(record) => {
                    chain.records.push(ChainedRecord { line: number, sha256: line_hash(text), record });
                    texts.push(text);
                }
                Err(_) if is_torn(line) => {
                    chain.torn.push(TornLine { line: number, bytes: text.len() as u64 });
                }
                Err(error) => {
                    let kind = FaultKind::NotARecord { detail: error.to_string() };
                    chain.faults.push(Fault { line: number, kind });
                }
            }
        }
        chain.check_links(&texts);
        chain.faults.sort_by_key(|fault| fault.line);
        chain.converted = Some(converted).filter(|converted| *converted != Converted::default());
        chain
    }

    /// `texts` are those of the records, in their order.
    fn check_links(&mut self, texts: &[&[u8]]) {
        let mut line_of: HashMap<&str, u64> = HashMap::from([(NO_PREVIOUS, 0)]);
        for record in &self.records {
            line_of.entry(&record.sha256).or_insert(record.line);
        }
        let (mut before, mut hash, mut expected) = (0, NO_PREVIOUS, 1);
        let mut text_before: Option<&[u8]> = None;
        for (ChainedRecord { line, sha256, record }, &text) in self.records.iter().zip(texts) {
            let found = record.sequence;
            let kind = if record.previous == hash || is_hash_with_cr(&record.previous, text_before) {
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
                Some(FaultKind::WrongSequence { .. }) => expected.saturating_add(1),
                _ => found.saturating_add(1),
            };
            self.faults.extend(kind.map(|kind| Fault { line: *line, kind }));
            (before, hash, text_before) = (*line, sha256, Some(text));
        }
    }

    /// No line was altered, removed, added or moved, as far as a chain can show that.
    pub fn holds(&self) -> bool {
        self.faults.is_empty()
    }
}

/// Version 0.1.0 counted the CR of a converted line as a part of it when it appended the next one.
fn is_hash_with_cr(previous: &str, line: Option<&[u8]>) -> bool {
    line.is_some_and(|line| previous == line_hash(&[line, b"\r"].concat()))
}
