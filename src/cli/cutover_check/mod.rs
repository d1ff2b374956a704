//! `cutover-check`: go or no-go, from the evidence.

mod render;
mod sources;

use std::path::PathBuf;

use clap::Args;

use self::sources::ConfiguredSources;
use super::answer::Answer;
use super::error::CliError;
use super::exit_code::ExitCode;
use super::global::Context;
use super::output::{self, Format};
use super::report::{self, Page};
use super::store::{configured_path, tell_where_moved};
use crate::application::evidence::{Chain, EvidenceLog};
use crate::application::gate::{Gate, GateReport, GateSettings, GateVerdict, check};
use crate::cli::compare_logs::absolute;
use crate::domain::path_text::text_of;
use crate::infrastructure::config::Config;
use crate::infrastructure::evidence::log::JsonlEvidenceLog;
use crate::infrastructure::report_file::ReportFile;

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

    /// Write the answer to FILE.html as well, a page that opens without a network
    ///
    /// It shows the verdict, each criterion, the days, what the recorded comparisons have found by day and type, and what a comparison
    /// cannot see. An earlier report is written over, and no other file; FILE.html cannot lie in a folder of logs.
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &CutoverCheckArgs, context: &Context) -> Result<Answer, CliError> {
    let (gate, default) = match args.finalise {
        true => (Gate::Finalise, DAYS_TO_FINALISE),
        false => (Gate::Cutover, DAYS),
    };
    let config = &context.config;
    let page = args.report.as_deref().map(|path| report::begin(path, config, &[])).transpose()?;
    tell_where_moved(config.storage_backend.value, config);
    let report = report(config, gate, args.days.unwrap_or(default))?;
    let written = page.map_or(Ok(()), |page| write_page(page, &report, config));
    let code = match report.verdict {
        GateVerdict::Go => ExitCode::Done,
        GateVerdict::NoGo => ExitCode::Negative,
        GateVerdict::NotEnoughEvidence => ExitCode::Inconclusive,
    };
    let (format, explain) = (context.format, args.explain);
    let page_path = args.report.clone().filter(|_| written.is_ok());
    let answer = Answer::new(code, Some(render::summary(&report)), move |out| match format {
        Format::Human => render::print(&report, explain, page_path.as_deref(), out),
        Format::Json => output::json_document(out, &report),
        Format::Jsonl => report.criteria.iter().try_for_each(|criterion| output::json_line(out, criterion)),
    });
    Ok(match written {
        Ok(()) => answer,
        Err(error) => answer.but_failed(error),
    })
}

/// Writes the HTML report, with what the records have that the gate has counted.
fn write_page(page: ReportFile, report: &GateReport, config: &Config) -> Result<(), CliError> {
    let lines = JsonlEvidenceLog::new(&config.evidence_path.value).lines()?.unwrap_or_default();
    let chain = Chain::of(&lines);
    let counted = |number: &u64| report.days.iter().any(|day| day.records.contains(number));
    let recorded = chain.records.iter().filter(|one| counted(&one.record.sequence));
    let recorded = recorded
        .filter_map(|one| Some((one.record.sequence, one.record.evidence.as_comparison()?)))
        .collect();
    // The gate has answered: what fails from here on is no error of the command line.
    page.publish(|out| Page::of_gate(report, &recorded).write(out))
        .map_err(|error| CliError::new(ExitCode::Storage, error))
}

/// What the gate says of what the settings name.
///
/// # Errors
/// The evidence cannot be read.
pub fn report(config: &Config, gate: Gate, days: u32) -> Result<GateReport, CliError> {
    let path = |path| text_of(&absolute(path));
    let settings = GateSettings {
        gate,
        days,
        zone: config.timezone.value.clone(),
        control: path(&config.legacy_events_json.value),
        candidate: path(configured_path(config.storage_backend.value, config)),
        routing: config.routing(),
        backup_hours: config.cutover_backup_hours.value,
    };
    Ok(check(&settings, &ConfiguredSources::new(config))?)
}
