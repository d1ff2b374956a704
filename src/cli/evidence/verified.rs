//! What `evidence verify` answers.

use serde::Serialize;

use crate::application::evidence::{Chain, ChainedRecord, CheckedInput, Converted, Fault, TornLine};
use crate::domain::event::format_timestamp;

/// What `evidence verify` found; its keys are part of the contract.
#[derive(Serialize)]
pub struct Verified<'c> {
    pub path: String,
    pub chain_holds: bool,
    pub records: usize,
    pub last: Option<LastRecord<'c>>,
    pub faults: &'c [Fault],
    pub torn: &'c [TornLine],
    /// Only where something was converted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub converted: Option<Converted>,
    pub inputs: Vec<CheckedInput>,
}

#[derive(Serialize)]
pub struct LastRecord<'c> {
    pub line: u64,
    pub sequence: u64,
    /// `None` where a record of an unknown kind does not say it.
    pub recorded_at: Option<String>,
    pub sha256: &'c str,
}

impl<'c> Verified<'c> {
    /// The answer for the log at `path`.
    pub fn of(path: String, chain: &'c Chain, inputs: Vec<CheckedInput>) -> Self {
        let last = chain.records.last().map(|ChainedRecord { line, sha256, record }| LastRecord {
            line: *line,
            sequence: record.sequence,
            recorded_at: record.evidence.recorded_at().map(format_timestamp),
            sha256,
        });
        Self {
            path,
            chain_holds: chain.holds(),
            records: chain.records.len(),
            last,
            faults: &chain.faults,
            torn: &chain.torn,
            converted: chain.converted,
            inputs,
        }
    }
}
