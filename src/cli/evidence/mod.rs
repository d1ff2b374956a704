//! `evidence`: the recorded comparisons, listed, and held against their chain and their inputs.

mod render;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::error::CliError;
use super::exit_code::ExitCode;
use super::global::Context;
use crate::application::evidence::{
    Chain, ChainedRecord, CheckedInput, EvidenceError, EvidenceLog, Fault, InputState, TornLine, check_inputs,
};
use crate::infrastructure::evidence::inputs::StoredInputs;
use crate::infrastructure::evidence::log::JsonlEvidenceLog;

const EXAMPLES: &str = "\
Examples:
  mission-events evidence list
  mission-events evidence list --limit 1 --format json
  mission-events evidence verify";

/// Show the recorded comparisons, and check that nobody has changed them
///
/// Each comparison of the configured logs is recorded as one line of JSON in the file that the setting
/// `evidence.path` names. Each line holds the SHA-256 of the line before it.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct EvidenceArgs {
    #[command(subcommand)]
    command: EvidenceCommand,
}

#[derive(Debug, Subcommand)]
enum EvidenceCommand {
    /// List the recorded comparisons, in their order
    ///
    /// People see the latest 100 (--limit), with the numbers of events and differences. `--format json`
    /// prints {"path", "records": [...]}, `--format jsonl` a record a line: all that is recorded, with
    /// its "line" in the file and the "sha256" of that line.
    ///
    /// Exit code 0 also where nothing is recorded: a list is an answer. A warning says where the chain
    /// does not hold.
    #[command(after_help = "Example: mission-events evidence list --limit 7")]
    List(ListArgs),
    /// Recompute the chain of hashes, and those of the logs that were compared
    ///
    /// Told with the number of the line: records that were altered, removed, added or moved. What an
    /// interrupted append has left is torn: it is no evidence, and no fault. A chain cannot show that its
    /// end was cut off, or that all of it was written anew; the hash of the last record, which is
    /// printed, can, where it was noted elsewhere.
    ///
    /// Of each file and store that was compared: `unchanged`, `grown` (it begins with what was compared
    /// and goes on), `gone`, `changed`, `unreadable`. Of a store, the events up to the recorded position
    /// are counted, not compared.
    ///
    /// `--format json` prints {"path", "chain_holds", "records", "last": {"line", "sequence",
    /// "recorded_at", "sha256"}|null, "faults": [{"line", "fault": "not_a_record"|"missing"|"moved"|
    /// "altered"|"wrong_sequence", ...}], "torn": [{"line", "bytes"}], "inputs": [{"path", "kind", "state",
    /// "detail", "records"}]}.
    ///
    /// Exit codes: 0 the chain holds, and nothing that is still there was changed; 1 it does not, or
    /// something was, or nothing is recorded; 4 the evidence, or something that was compared, cannot be
    /// read.
    #[command(after_help = "Example: mission-events evidence verify --format json")]
    Verify,
}

#[derive(Debug, Args)]
struct ListArgs {
    /// How many to list at most, the latest [default: 100 for people, all for programs]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

/// What `evidence verify` found; its keys are part of the contract
/// (`docs/contract.md`).
#[derive(Serialize)]
struct Verified<'c> {
    path: String,
    chain_holds: bool,
    records: usize,
    last: Option<LastRecord<'c>>,
    faults: &'c [Fault],
    torn: &'c [TornLine],
    inputs: Vec<CheckedInput>,
}

#[derive(Serialize)]
struct LastRecord<'c> {
    line: u64,
    sequence: u64,
    recorded_at: String,
    sha256: &'c str,
}

/// Runs the command.
pub fn run(args: EvidenceArgs, context: &Context) -> Result<ExitCode, CliError> {
    let log = JsonlEvidenceLog::new(&context.config.evidence_path.value);
    match args.command {
        EvidenceCommand::List(args) => list(&log, args.limit, context),
        EvidenceCommand::Verify => verify(&log, context),
    }
}

fn list(log: &dyn EvidenceLog, limit: Option<usize>, context: &Context) -> Result<ExitCode, CliError> {
    let chain = Chain::of(&log.lines()?.unwrap_or_default());
    if !chain.holds() {
        let place = log.place();
        tracing::warn!("the chain of {place} does not hold: `mission-events evidence verify` shows where");
    }
    render::list(&chain.records, limit, &log.place(), context.format)?;
    Ok(ExitCode::Done)
}

fn verify(log: &dyn EvidenceLog, context: &Context) -> Result<ExitCode, CliError> {
    let place = log.place();
    let lines = log.lines()?.unwrap_or_default();
    if lines.is_empty() {
        return Err(CliError::not_found(format!(
            "no comparison is recorded in {place}: there is nothing to verify; `evidence.path` can name another file"
        )));
    }
    let chain = Chain::of(&lines);
    let last = chain.records.last().map(|ChainedRecord { line, sha256, record }| LastRecord {
        line: *line,
        sequence: record.sequence,
        recorded_at: crate::domain::event::format_timestamp(record.evidence.recorded_at),
        sha256,
    });
    let verified = Verified {
        path: place,
        chain_holds: chain.holds(),
        records: chain.records.len(),
        last,
        faults: &chain.faults,
        torn: &chain.torn,
        inputs: check_inputs(&chain.records, &StoredInputs),
    };
    render::verified(&verified, context.format)?;
    Ok(verified.exit_code())
}

impl Verified<'_> {
    /// A no is certain, whatever else cannot be read.
    fn exit_code(&self) -> ExitCode {
        let is_any = |is_so: fn(&InputState) -> bool| self.inputs.iter().any(|input| is_so(&input.state));
        if !self.chain_holds
            || self.records == 0
            || is_any(|state| matches!(state, InputState::Changed { .. }))
        {
            return ExitCode::Negative;
        }
        if is_any(|state| matches!(state, InputState::Unreadable { .. })) {
            return ExitCode::Storage;
        }
        ExitCode::Done
    }
}

impl From<EvidenceError> for CliError {
    fn from(error: EvidenceError) -> Self {
        Self::new(ExitCode::Storage, error)
    }
}
