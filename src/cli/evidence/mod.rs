//! `evidence`: the recorded comparisons, listed, and held against their chain and their inputs.

mod render;
mod verified;

use clap::{Args, Subcommand};

use self::verified::Verified;
use super::answer::Answer;
use super::error::CliError;
use super::exit_code::ExitCode;
use super::global::Context;
use crate::application::evidence::{Chain, EvidenceError, EvidenceLog, Verification, check_inputs};
use crate::infrastructure::evidence::inputs::StoredInputs;
use crate::infrastructure::evidence::log::JsonlEvidenceLog;

const EXAMPLES: &str = "\
Examples:
  mission-events evidence list
  mission-events evidence list --limit 1 --format json
  mission-events evidence verify";

/// Show the recorded comparisons, and check that none was changed
///
/// Each comparison of the configured logs, and each rehearsal on copies of them, is recorded as one line of JSON in the
/// file that the setting `evidence.path` names. Each line holds the SHA-256 of the line before it.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct EvidenceArgs {
    #[command(subcommand)]
    command: EvidenceCommand,
}

#[derive(Debug, Subcommand)]
enum EvidenceCommand {
    /// List the recorded comparisons and rehearsals, in their order
    ///
    /// For people, the latest 100 (--limit) are shown, with the numbers of events and differences. `--format json`
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
    /// printed, can, where it was noted elsewhere. Line ends that a checkout has converted to CRLF, blank
    /// lines at the end and a byte order mark are told, and are no fault: hashes do not cover them.
    ///
    /// Of each file and store that was compared: `unchanged`, `grown` (it begins with what was compared
    /// and goes on), `gone`, `changed`, `unreadable`. Of a store, the events up to the recorded position
    /// are counted, not compared.
    ///
    /// `--format json` prints {"path", "chain_holds", "records", "last": {"line", "sequence",
    /// "recorded_at", "sha256"}|null, "faults": [{"line", "fault": "not_a_record"|"missing"|"moved"|
    /// "altered"|"wrong_sequence", ...}], "torn": [{"line", "bytes"}], "inputs": [{"path", "kind", "state",
    /// "detail", "records"}]}, and where the file was converted "converted": {"crlf_lines",
    /// "byte_order_mark", "blank_lines"}.
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

/// Runs the command.
pub fn run(args: EvidenceArgs, context: &Context) -> Result<Answer, CliError> {
    let log = JsonlEvidenceLog::new(&context.config.evidence_path.value);
    match args.command {
        EvidenceCommand::List(args) => list(&log, args.limit, context),
        EvidenceCommand::Verify => verify(&log, context),
    }
}

fn list(log: &dyn EvidenceLog, limit: Option<usize>, context: &Context) -> Result<Answer, CliError> {
    let chain = Chain::of(&log.lines()?.unwrap_or_default());
    if !chain.holds() {
        let place = log.place();
        tracing::warn!("the chain of {place} does not hold: `mission-events evidence verify` shows where");
    }
    let (place, format) = (log.place(), context.format);
    Ok(Answer::new(ExitCode::Done, None, move |out| render::list(&chain.records, limit, &place, format, out)))
}

fn verify(log: &dyn EvidenceLog, context: &Context) -> Result<Answer, CliError> {
    let place = log.place();
    let lines = log.lines()?.unwrap_or_default();
    let chain = Chain::of(&lines);
    if chain.records.is_empty() && chain.faults.is_empty() {
        let torn = match chain.torn.len() {
            0 => None,
            1 => Some("an append was interrupted, and left a torn line".to_owned()),
            lines => Some(format!("appends were interrupted, and left {lines} torn lines")),
        };
        let seen: Vec<String> = torn.into_iter().chain(chain.converted.map(render::said)).collect();
        let seen = if seen.is_empty() { String::new() } else { format!(" ({})", seen.join("; ")) };
        return Err(CliError::not_found(format!(
            "no comparison is recorded in {place}{seen}: there is nothing to verify; `evidence.path` can name another file"
        )));
    }
    let inputs = check_inputs(&chain.records, &StoredInputs);
    let code = match Verification::of(&chain, &inputs) {
        Verification::Confirmed => ExitCode::Done,
        Verification::Refuted => ExitCode::Negative,
        Verification::Undetermined => ExitCode::Storage,
    };
    let format = context.format;
    let summary = render::summary(&place, &chain, &inputs);
    Ok(Answer::new(code, Some(summary), move |out| {
        render::verified(&Verified::of(place, &chain, inputs), format, out)
    }))
}

impl From<EvidenceError> for CliError {
    fn from(error: EvidenceError) -> Self {
        Self::new(ExitCode::Storage, error)
    }
}
