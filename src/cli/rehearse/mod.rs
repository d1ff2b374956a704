//! `rehearse`: the whole migration on copies.

mod render;

use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::answer::Answer;
use super::compare_logs::{ComparedPaths, ComparisonArgs, absolute};
use super::error::CliError;
use super::exit_code::ExitCode;
use super::global::Context;
use super::output::{self, Format};
use crate::application::evidence::{EvidenceError, record_rehearsal};
use crate::application::rehearsal::{RehearsalReport, RehearsalScope, RehearsalVerdict, rehearse};
use crate::domain::counted::counted;
use crate::domain::path_text::text_of;
use crate::infrastructure::config::{Backend, Source};
use crate::infrastructure::evidence::log::JsonlEvidenceLog;
use crate::infrastructure::rehearsal_site::{RehearsalFolderError, RehearsalPlan, TemporarySite};
use crate::infrastructure::system_clock::SystemClock;
use crate::infrastructure::system_clock::present_time;
use render::Rehearsed;

/// So many differences are listed of the comparison.
const LISTED: usize = 100;

/// Try the whole migration on copies, and say what a real cutover would say
///
/// The legacy log, and the store or the daily log of the new system, are copied into a temporary folder (TMPDIR); the
/// originals are only read. There both logs are imported and compared, the store is exported in the legacy format and compared
/// with that (the way back), handlers make the read models, the states of all tasks are compared, and the
/// databases are checked. Each step says what it came to and how long it took. There has to be room for all that, which
/// is looked at first.
///
/// With --rollback or --state only the steps for that are made, and what they come to is recorded as evidence. The gate asks
/// for the first, and compares the states itself. A rehearsal never counts as a clean day.
///
/// `--format json` prints {"verdict": "holds"|"fails"|"inconclusive"|"broken", "reasons", "steps": [{"step", "outcome":
/// "holds"|"fails"|"inconclusive"|"broken"|"not_made", "summary", "reasons", "figures", "elapsed_seconds"}], "folder",
/// "recorded_as", "elapsed_seconds"}, `--format jsonl` a step a line.
///
/// Exit codes: 0 every step holds; 1 a cutover would be wrong; 3 something cannot be said; 4 a step could not be
/// made.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mission-events rehearse
  mission-events rehearse --keep on-failure
  mission-events rehearse --rollback")]
pub struct RehearseArgs {
    /// Rehearse the way back alone, and record that
    #[arg(long, conflicts_with = "state")]
    rollback: bool,

    /// Rehearse the states of tasks alone, and record that
    #[arg(long)]
    state: bool,

    /// Whether the folder stays when the rehearsal has ended
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    keep: Keep,

    #[command(flatten)]
    comparison: ComparisonArgs,
}

/// Whether the folder stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Keep {
    /// It is removed
    #[default]
    Never,
    /// It stays where a step does not hold
    OnFailure,
    /// It stays
    Always,
}

/// Runs the command.
pub fn run(args: RehearseArgs, context: &Context) -> Result<Answer, CliError> {
    let scope = match (args.rollback, args.state) {
        (true, _) => RehearsalScope::Rollback,
        (_, true) => RehearsalScope::State,
        _ => RehearsalScope::Migration,
    };
    let compared = ComparedPaths::new(None, None, &context.config)?;
    let clock = Arc::new(SystemClock::default());
    let mut site = TemporarySite::new(plan(&args, context)?, Arc::clone(&clock))?;
    let report = rehearse(scope, &mut site, &*clock);
    let is_kept = match args.keep {
        Keep::Never => false,
        Keep::OnFailure => report.verdict != RehearsalVerdict::Holds,
        Keep::Always => true,
    };
    let folder = site.end(is_kept)?;
    let code = match report.verdict {
        RehearsalVerdict::Holds => ExitCode::Done,
        RehearsalVerdict::Fails => ExitCode::Negative,
        RehearsalVerdict::Inconclusive => ExitCode::Inconclusive,
        RehearsalVerdict::Broken => ExitCode::Storage,
    };
    warn_of_naive_times(&report, context);
    let recorded = record(&report, &compared, context, &clock);
    let recorded_as = recorded.as_ref().ok().copied().flatten();
    let rehearsed = Rehearsed { report, folder, recorded_as };
    let (summary, format) = (render::verdict(&rehearsed.report).to_owned(), context.format);
    let answer = Answer::new(code, Some(summary), move |out| match format {
        Format::Human => render::report(&rehearsed, out),
        Format::Json => output::json_document(out, &rehearsed),
        Format::Jsonl => rehearsed.report.steps.iter().try_for_each(|step| output::json_line(out, step)),
    });
    Ok(match recorded {
        Ok(_) => answer,
        Err(error) => answer.but_failed(error.into()),
    })
}

/// Records the rehearsal where it is evidence; answers its number there.
fn record(
    report: &RehearsalReport,
    compared: &ComparedPaths<'_>,
    context: &Context,
    clock: &SystemClock,
) -> Result<Option<u64>, EvidenceError> {
    let [control, candidate] = compared.paths.map(|path| text_of(&absolute(path)));
    let Some((rehearsal, findings)) = report.evidence(control, candidate) else { return Ok(None) };
    let log = JsonlEvidenceLog::new(&context.config.evidence_path.value);
    record_rehearsal(rehearsal, findings, &log, clock).map(|record| Some(record.sequence))
}

/// Says what was assumed of times without an offset, as an import does.
fn warn_of_naive_times(report: &RehearsalReport, context: &Context) {
    let naive = report.steps.iter().filter_map(|step| step.figures.get("naive")).sum::<u64>();
    if naive > 0 && matches!(context.config.timezone.source, Source::Default { .. }) {
        tracing::warn!(
            "{} no offset and read as UTC, because no `timezone` is set: set it before a cutover",
            counted(naive, "timestamp with", "timestamps with")
        );
    }
}

fn plan(args: &RehearseArgs, context: &Context) -> Result<RehearsalPlan, CliError> {
    let config = &context.config;
    config.refuse_postgres("rehearse", "it tries a migration into a SQLite store; name one with --store")?;
    let [mapping, of_new_log] = args.comparison.mappings(context)?;
    let is_sqlite = config.storage_backend.value == Backend::Sqlite;
    if !is_sqlite && mapping != of_new_log {
        return Err(CliError::usage(
            "both logs are imported by one mapping: expected it for both sides, got one for a side alone. Import each log into \
             a SQLite store (import-legacy), and rehearse with that (--store)",
        ));
    }
    Ok(RehearsalPlan {
        legacy_log: config.legacy_events_json.value.clone(),
        new_log: (!is_sqlite).then(|| config.jsonl_dir.value.clone()),
        store: is_sqlite.then(|| config.sqlite_path.value.clone()),
        mapping,
        allow_expansion: args.comparison.allow_expansion,
        comparison: args.comparison.settings(context, true, LISTED, present_time())?,
    })
}

impl From<RehearsalFolderError> for CliError {
    fn from(error: RehearsalFolderError) -> Self {
        Self::new(ExitCode::Storage, error)
    }
}
