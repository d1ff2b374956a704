//! `compare-logs`: which two logs, and what is said of them.

mod args;
mod comparison_args;
mod progress_feed;
mod render;
mod sides;
mod statements;

pub use args::CompareLogsArgs;
pub use comparison_args::ComparisonArgs;
pub use sides::{ComparedPaths, absolute, find_sides};

use super::answer::Answer;
use super::error::CliError;
use super::exit_code::ExitCode;
use super::global::Context;
use super::output::{self, Format};
use super::progress::Progress;
use super::report::{self, Page, Told};
use super::store::tell_where_moved;
use crate::application::clock::Clock;
use crate::application::compare::feed::{CompareError, Feed, Scratch};
use crate::application::compare::parallel_run::{Medium, ParallelRun};
use crate::application::compare::report::{Comparison, Verdict};
use crate::application::compare::settings::Settings;
use crate::application::evidence::{EvidencePorts, RecordedComparison, Recording, compare_and_record};
use crate::domain::counted::counted;
use crate::domain::path_text::text_of;
use crate::infrastructure::compare_inputs::{SideError, TempScratch};
use crate::infrastructure::config::Source;
use crate::infrastructure::config::compare_profile::ProfileError;
use crate::infrastructure::evidence::log::JsonlEvidenceLog;
use crate::infrastructure::report_file::ReportFile;
use crate::infrastructure::system_clock::SystemClock;
use crate::infrastructure::system_clock::present_time;
use progress_feed::watched;

/// Runs the command.
pub fn run(args: CompareLogsArgs, context: &Context) -> Result<Answer, CliError> {
    let clock = SystemClock::default();
    let config = &context.config;
    let compared = ComparedPaths::new(args.control.as_deref(), args.candidate.as_deref(), config)?;
    let [is_control, is_candidate] = compared.are_configured;
    if is_candidate {
        tell_where_moved(config.storage_backend.value, config);
    }
    let report =
        args.report.as_deref().map(|path| report::begin(path, config, &compared.paths)).transpose()?;
    let settings = args.comparison.settings(context, is_candidate, args.limit, present_time())?;
    let settings = Settings { is_reported: report.is_some(), ..settings };
    let progress = Progress::of_parts(context.is_quiet);
    let watch = |feed: Box<dyn Feed>, rows: Option<u64>| watched(feed, &progress, rows);
    let [control, candidate] = find_sides(compared.paths, &args.comparison, context, &watch)?;
    let new_scratch = || Box::new(TempScratch::default()) as Box<dyn Scratch>;
    let run = ParallelRun {
        settings: &settings,
        control: &control,
        candidate: &candidate,
        new_scratch: &new_scratch,
    };
    let evidence_path = &config.evidence_path.value;
    let ports = EvidencePorts {
        log: &JsonlEvidenceLog::new(evidence_path),
        clock: &clock,
        absolute: &|path| text_of(&absolute(path)),
    };
    let found = compare_and_record(&run, is_control && is_candidate, &ports);
    progress.finish();
    let RecordedComparison { mut comparison, recording } = found?;
    // What is looked at before the comparison is a part of what is waited for.
    comparison.elapsed_seconds = clock.elapsed().as_secs_f64();
    warn_of_naive_times(&run, &comparison, context);
    let mut line = match &recording {
        Recording::Recorded { sequence } => {
            format!("recorded as number {sequence} in {}", evidence_path.display())
        }
        Recording::Failed(_) => "NOT RECORDED: this run is no evidence for a cutover".to_owned(),
        Recording::NotConfigured => {
            "not recorded: only a comparison of the configured logs is evidence".to_owned()
        }
    };
    let mut failed = None;
    if let (Some(report), Some(path)) = (report, &args.report) {
        match write_report(report, &comparison, &line) {
            Ok(()) => {
                line = format!("{line}; the report is {}", output::visible(&path.display().to_string()))
            }
            Err(error) => failed = Some(error),
        }
    }
    let (code, verdict) = match comparison.verdict {
        Verdict::Consistent => (ExitCode::Done, "consistent"),
        Verdict::Different => (ExitCode::Negative, "different"),
        Verdict::Inconclusive => (ExitCode::Inconclusive, "inconclusive"),
    };
    let summary = format!("the logs are {verdict}; {line}");
    let format = context.format;
    let answer = Answer::new(code, Some(summary), move |out| match format {
        Format::Human => render::report(&comparison, &settings, &line, out),
        Format::Json => output::json_document(out, &comparison),
        Format::Jsonl => comparison.differences.iter().try_for_each(|found| output::json_line(out, found)),
    });
    let failed = match recording {
        // A comparison that is no evidence weighs more than a report that is not there.
        Recording::Failed(error) => {
            let report = failed.map(|error| error.to_string());
            Some(CliError::from(error).with_details(report))
        }
        Recording::Recorded { .. } | Recording::NotConfigured => failed,
    };
    Ok(match failed {
        Some(error) => answer.but_failed(error),
        None => answer,
    })
}

/// Writes the HTML report. It is written when the verdict stands and, where it is evidence, is recorded.
fn write_report(report: ReportFile, comparison: &Comparison, recorded: &str) -> Result<(), CliError> {
    let mut statements = statements::range(comparison);
    statements.extend(statements::observations(comparison));
    let page = Page::of_comparison(comparison, Told { statements, recorded: recorded.to_owned() });
    report.publish(|out| page.write(out)).map_err(|error| {
        // The comparison was made: that is no error of the command line any more.
        CliError::new(ExitCode::Storage, error)
    })
}

/// Says what was assumed of times without an offset. Those of a store were placed when it was written.
fn warn_of_naive_times(run: &ParallelRun<'_>, comparison: &Comparison, context: &Context) {
    let sides = [(run.control, &comparison.control), (run.candidate, &comparison.candidate)];
    let logs = sides.into_iter().filter(|(side, _)| !matches!(side.medium(), Medium::Store(_)));
    let naive: u64 = logs.map(|(_, report)| report.naive).sum();
    if naive > 0 && matches!(context.config.timezone.source, Source::Default { .. }) {
        tracing::warn!(
            "{} a timestamp without offset, which was read as UTC, because no `timezone` is set",
            counted(naive, "event has", "events have")
        );
    }
}

impl From<ProfileError> for CliError {
    fn from(error: ProfileError) -> Self {
        Self::new(ExitCode::Usage, error)
    }
}

impl From<SideError> for CliError {
    fn from(error: SideError) -> Self {
        match error {
            SideError::Read(error) => error.into(),
            error => Self::new(ExitCode::Storage, error),
        }
    }
}

impl From<CompareError> for CliError {
    fn from(error: CompareError) -> Self {
        let code = match error {
            CompareError::Source(_)
            | CompareError::Store(_)
            | CompareError::Open(_)
            | CompareError::Thread(_)
            | CompareError::Scratch { .. } => ExitCode::Storage,
            CompareError::Default { .. } => ExitCode::Usage,
            CompareError::Conservation { .. }
            | CompareError::Digests { .. }
            | CompareError::SelfTest { .. } => ExitCode::SelfCheck,
        };
        Self::new(code, error)
    }
}
