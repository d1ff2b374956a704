//! `compare-logs`: which two logs, and what is said of them.

mod args;
mod inputs;
mod progress_feed;
mod render;

use std::path::{Path, PathBuf};
use std::time::Instant;

use chrono::Utc;

pub use args::CompareLogsArgs;

use super::error::CliError;
use super::exit_code::ExitCode;
use super::global::Context;
use super::output::{self, Format};
use super::progress::Progress;
use super::store::configured_path;
use crate::application::compare::feed::Scratch;
use crate::application::compare::parallel_run::{Medium, ParallelRun};
use crate::application::compare::report::{Comparison, Verdict};
use crate::application::evidence::{EvidenceLog, of_comparison};
use crate::infrastructure::compare_inputs::TempScratch;
use crate::infrastructure::config::Source;
use crate::infrastructure::config::compare_profile::ProfileError;
use crate::infrastructure::evidence::log::JsonlEvidenceLog;
use inputs::FoundSide;

/// Runs the command.
pub fn run(args: CompareLogsArgs, context: &Context) -> Result<ExitCode, CliError> {
    let started = Instant::now();
    let settings = args.settings(context, Utc::now())?;
    let [control_mapping, candidate_mapping] = args.mappings(context)?;
    let config = &context.config;
    let configured =
        [config.legacy_events_json.value.as_path(), configured_path(config.storage_backend.value, config)];
    let paths = [&args.control, &args.candidate];
    let [control, candidate] = [0, 1].map(|side| paths[side].as_deref().unwrap_or(configured[side]));
    let is_configured = is_same(control, configured[0]) && is_same(candidate, configured[1]);
    let progress = Progress::of_parts(context.is_quiet);
    let control = FoundSide::find(control, control_mapping, &progress)?;
    let candidate = FoundSide::find(candidate, candidate_mapping, &progress)?;
    let new_scratch = || Box::new(TempScratch::default()) as Box<dyn Scratch>;
    let run = ParallelRun {
        settings: &settings,
        control: &control,
        candidate: &candidate,
        new_scratch: &new_scratch,
    };
    let compared = run.compare();
    progress.finish();
    let mut comparison = compared?;
    comparison.elapsed_seconds = started.elapsed().as_secs_f64();
    warn_of_naive_times(&run, &comparison, context);
    let recorded = if is_configured { Some(record(&run, &comparison, context)) } else { None };
    let line = match &recorded {
        Some(Ok(line)) => line.clone(),
        Some(Err(_)) => "NOT RECORDED: this run is no evidence for a cutover".to_owned(),
        None => "not recorded: only a comparison of the configured logs is evidence".to_owned(),
    };
    match context.format {
        Format::Human => render::report(&comparison, &settings, &line)?,
        Format::Json => output::json_document(&comparison)?,
        Format::Jsonl => comparison.differences.iter().try_for_each(output::json_line)?,
    }
    if let Some(Err(error)) = recorded {
        return Err(error);
    }
    Ok(match comparison.verdict {
        Verdict::Consistent => ExitCode::Done,
        Verdict::Different => ExitCode::Negative,
        Verdict::Inconclusive => ExitCode::Inconclusive,
    })
}

/// Says what was assumed of times without an offset. Those of a store were placed when it was written.
fn warn_of_naive_times(run: &ParallelRun<'_>, comparison: &Comparison, context: &Context) {
    let sides = [(run.control, &comparison.control), (run.candidate, &comparison.candidate)];
    let logs = sides.into_iter().filter(|(side, _)| !matches!(side.medium(), Medium::Store(_)));
    let naive: u64 = logs.map(|(_, report)| report.naive).sum();
    if naive > 0 && matches!(context.config.timezone.source, Source::Default { .. }) {
        tracing::warn!(
            "{naive} events have a timestamp without offset; they were read as UTC, because no `timezone` is set"
        );
    }
}

/// Appends a comparison to the evidence, and tells its number.
fn record(run: &ParallelRun<'_>, comparison: &Comparison, context: &Context) -> Result<String, CliError> {
    let path = &context.config.evidence_path.value;
    let evidence = of_comparison(comparison, run, Utc::now(), &|path| absolute(path).display().to_string());
    let record = JsonlEvidenceLog::new(path).append(&evidence)?;
    Ok(format!("recorded as number {} in {}", record.sequence, path.display()))
}

fn absolute(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

fn is_same(one: &Path, other: &Path) -> bool {
    absolute(one) == absolute(other)
}

impl From<ProfileError> for CliError {
    fn from(error: ProfileError) -> Self {
        Self::new(ExitCode::Usage, error)
    }
}
