//! `cutover-check`: go or no-go, from the evidence.

mod render;
mod sources;

use clap::Args;

use self::sources::ConfiguredSources;
use super::answer::Answer;
use super::error::CliError;
use super::exit_code::ExitCode;
use super::global::Context;
use super::output::{self, Format};
use super::store::configured_path;
use crate::application::gate::{Gate, GateReport, GateSettings, GateVerdict, check};
use crate::cli::compare_logs::absolute;
use crate::infrastructure::config::Config;

/// So many clean days are needed before a cutover.
const DAYS: u32 = 7;
/// So many days on the new system are needed before the legacy one is deleted.
const DAYS_TO_FINALISE: u32 = 14;

const EXAMPLES: &str = "\
Examples:
  mission-events cutover-check
  mission-events cutover-check --days 14 --explain
  mission-events cutover-check --format json | jq '.criteria[] | select(.verdict != \"holds\")'
  mission-events cutover-check --finalise

Exit codes: 0 GO, every criterion holds; 1 NO-GO, one fails; 3 none fails, and not every one is known to hold; 4 the evidence
cannot be read.";

/// Say whether the evidence is enough to switch to the new event system: GO or NO-GO
///
/// Each criterion is told with what was found and what is needed. Days are counted backwards from the last one that has ended: each needs a
/// comparison (`compare-logs` without paths) that was made after its end, read both sides as a whole and found no difference on it. A day
/// without events does not count, and does not break the count. A day with a difference breaks it for good, whatever a later comparison finds.
/// Comparisons by other rules, flags or zones begin the count anew.
///
/// Handlers, dispatches and latencies are judged over the same days, up to now. Both logs are read and replayed, and have to come to the same
/// state of every task. Nothing is changed.
///
/// `--finalise` is the gate before the legacy system is deleted: the new one was primary on all of these days, nothing failed, and there was no way
/// back.
///
/// `--format json` prints {"verdict": "go"|"no-go"|"not-enough-evidence", "gate", "judged_at", "zone", "days_needed", "clean_days", "since",
/// "evidence", "criteria": [{"criterion", "sentence", "value", "threshold", "verdict": "holds"|"fails"|"not-enough-evidence", "reasons", "remedies",
/// "notes", "figures"}], "days": [{"day", "state", "is_counted", "control", "candidate", "differences", "records", "reason"}]}, `--format jsonl` a
/// criterion a line.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CutoverCheckArgs {
    /// How many days are needed [default: 7, with --finalise 14]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3650))]
    days: Option<u32>,

    /// Show of each criterion what has to hold, why it does not, and what helps; and the days
    #[arg(long)]
    explain: bool,

    /// Judge whether the legacy system can be deleted
    #[arg(long)]
    finalise: bool,
}

/// Runs the command.
pub fn run(args: &CutoverCheckArgs, context: &Context) -> Result<Answer, CliError> {
    let (gate, default) = match args.finalise {
        true => (Gate::Finalise, DAYS_TO_FINALISE),
        false => (Gate::Cutover, DAYS),
    };
    let report = report(&context.config, gate, args.days.unwrap_or(default))?;
    let code = match report.verdict {
        GateVerdict::Go => ExitCode::Done,
        GateVerdict::NoGo => ExitCode::Negative,
        GateVerdict::NotEnoughEvidence => ExitCode::Inconclusive,
    };
    let (format, explain) = (context.format, args.explain);
    Ok(Answer::new(code, Some(render::summary(&report)), move |out| match format {
        Format::Human => render::print(&report, explain, out),
        Format::Json => output::json_document(out, &report),
        Format::Jsonl => report.criteria.iter().try_for_each(|criterion| output::json_line(out, criterion)),
    }))
}

/// What the gate says of what the settings name.
///
/// # Errors
/// The evidence cannot be read.
pub fn report(config: &Config, gate: Gate, days: u32) -> Result<GateReport, CliError> {
    let path = |path| absolute(path).display().to_string();
    let settings = GateSettings {
        gate,
        days,
        zone: config.timezone.value.clone(),
        control: path(&config.legacy_events_json.value),
        candidate: path(configured_path(config.storage_backend.value, config)),
        routing: config.routing(),
    };
    Ok(check(&settings, &ConfiguredSources::new(config))?)
}
