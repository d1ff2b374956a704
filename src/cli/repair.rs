//! `repair`: what would make the next comparison clean, and the part of it that a program may do.

use std::io;
use std::path::PathBuf;

use clap::Args;

use super::answer::Answer;
use super::compare_logs::{ComparedPaths, ComparisonArgs, absolute, find_sides};
use super::error::CliError;
use super::exit_code::ExitCode;
use super::global::Context;
use super::mode_records::mirrors;
use super::output::{self, Format};
use super::store::StoreError;
use crate::application::compare::feed::Scratch;
use crate::application::compare::parallel_run::{Medium, ParallelRun, ParallelSide};
use crate::application::doctor::handlers::NEW_MIRROR;
use crate::application::repair::{
    LineKind, MOST_DIFFERENCES, Repair, RepairError, RepairReport, RepairStore,
};
use crate::domain::counted::counted;
use crate::domain::path_text::text_of;
use crate::infrastructure::compare_inputs::TempScratch;
use crate::infrastructure::sqlite::SqliteRepair;
use crate::infrastructure::system_clock::present_time;

/// Say what would make the next comparison clean, and with --apply add the events that are missing
///
/// The sides are compared as by `compare-logs` with the same flags, and each difference is one line of JSON, whatever
/// --format says (`json`: one document): what is done about it, from which place of which log, why, and where nothing is done, a way out.
///
/// Only events that are missing from a SQLite store are added: with the text that the control has, under the id that an
/// import derives from it, and with the origin `repaired`. Where an import has brought the event already, that
/// one is accepted in its place, and nothing is stored twice. A repaired event counts apart in `compare-logs`,
/// neither as missing nor as matched, and its day is no clean day. Handlers that make read models handle it; those that
/// act on the world are not given it. Nothing is changed and nothing is removed, and a second run adds nothing.
///
/// Nothing is added while it is uncertain what is missing: where a part of the candidate could not be read, the clocks are
/// too far apart, nothing agrees, or the mirror of a parallel run has still events to bring to the store.
///
/// `--format json` prints {"verdict", "applied", "add", "accept_imported", "left", "truncated", "lines": [{"kind":
/// "difference"|"obstacle"|"finding", "action": "add"|"accept_imported"|"none", "applied", "event_id", "position",
/// "reason", "remedy", and of a difference what `compare-logs` lists of it}]}.
///
/// Exit codes: 0 nothing is left to be done; 1 something is; 2 --apply and the candidate is no SQLite store; 4 something
/// could not be read or written, and nothing was added.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mission-events repair
  mission-events repair --apply && mission-events compare-logs")]
pub struct RepairArgs {
    /// The log that is right by definition [default: legacy.events_json]
    #[arg(value_name = "CONTROL")]
    control: Option<PathBuf>,

    /// The store that is repaired [default: the configured store]
    #[arg(value_name = "CANDIDATE", requires = "control")]
    candidate: Option<PathBuf>,

    /// Add the missing events, in one transaction
    #[arg(long)]
    apply: bool,

    #[command(flatten)]
    comparison: ComparisonArgs,
}

/// Runs the command.
pub fn run(args: RepairArgs, context: &Context) -> Result<Answer, CliError> {
    let RepairArgs { control, candidate, apply, comparison } = args;
    context.config.refuse_postgres("repair", "compare-logs says what is missing, and dispatch adds it")?;
    let compared = ComparedPaths::new(control.as_deref(), candidate.as_deref(), &context.config)?;
    let settings =
        comparison.settings(context, compared.are_configured[1], MOST_DIFFERENCES, present_time())?;
    // Before anything is read: what is mirrored from then on is too young to be missing.
    let unmirrored = if compared.are_configured[1] { unmirrored(context) } else { Ok(0) };
    let unwatched = |feed, _| feed;
    let [control, candidate] = find_sides(compared.paths, &comparison, context, &unwatched)?;
    let database = compared.paths[1];
    let mut store = match candidate.medium() {
        Medium::Store(_) if apply => Some(SqliteRepair::open(database).map_err(StoreError::from)?),
        Medium::Store(_) => Some(SqliteRepair::open_for_reading(database).map_err(StoreError::from)?),
        Medium::File | Medium::Folder if apply => {
            return Err(CliError::usage(format!(
                "{} is no SQLite store: JSONL has no place for the origin of an event. Import both logs into a SQLite store \
                 (import-legacy) and repair that, or see without --apply what is missing",
                database.display()
            )));
        }
        Medium::File | Medium::Folder => None,
    };
    let new_scratch = || Box::new(TempScratch::default()) as Box<dyn Scratch>;
    let repair = Repair {
        run: ParallelRun {
            settings: &settings,
            control: &control,
            candidate: &candidate,
            new_scratch: &new_scratch,
        },
        store: store.as_mut().map(|store| store as &mut dyn RepairStore),
        apply,
        unmirrored,
        absolute: &|path| text_of(&absolute(path)),
    };
    let report = repair.run()?;
    let code = if report.is_clean() { ExitCode::Done } else { ExitCode::Negative };
    let summary = summary(&report);
    if !context.is_quiet {
        output::log_line(&summary);
    }
    let format = context.format;
    Ok(Answer::new(code, Some(summary), move |out| -> io::Result<()> {
        match format {
            Format::Json => output::json_document(out, &report),
            Format::Human | Format::Jsonl => {
                report.lines.iter().try_for_each(|line| output::json_line(out, line))
            }
        }
    }))
}

/// How many events the mirror to the new side has still to bring there.
fn unmirrored(context: &Context) -> Result<u64, String> {
    let mirrors = mirrors(&context.config)?;
    let to_new_side = mirrors.iter().find(|mirror| mirror.name == NEW_MIRROR);
    Ok(to_new_side.and_then(|mirror| mirror.behind).unwrap_or_default())
}

/// What was done, or can be, in a sentence.
fn summary(report: &RepairReport) -> String {
    let RepairReport { add, accept_imported, left, .. } = report;
    let more = if report.truncated { "; there are more: repair again" } else { "" };
    if report.lines.is_empty() {
        return "nothing to repair: the logs agree".to_owned();
    }
    let is_held_back = report.lines.iter().any(|line| line.kind == LineKind::Obstacle);
    let done = if report.applied {
        format!(
            "{} added, {accept_imported} imported ones accepted",
            counted(*add, "event was", "events were")
        )
    } else if is_held_back && add + accept_imported > 0 {
        let wait = counted(add + accept_imported, "event waits", "events wait");
        format!("nothing is added while the obstacles stand; {wait}")
    } else {
        format!(
            "{} can be added, {accept_imported} imported ones accepted (--apply)",
            counted(*add, "event", "events")
        )
    };
    format!("{done}; {} left to people{more}", counted(*left, "line is", "lines are"))
}

impl From<RepairError> for CliError {
    fn from(error: RepairError) -> Self {
        match error {
            RepairError::Compare(error) => error.into(),
            error @ RepairError::Store(_) => Self::new(ExitCode::Storage, error),
        }
    }
}
