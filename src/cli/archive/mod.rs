//! `archive`: earlier days of the JSONL store, compressed.

mod render;

use std::time::Instant;

use chrono::NaiveDate;
use clap::Args;

use super::answer::Answer;
use super::error::CliError;
use super::exit_code::ExitCode;
use super::global::Context;
use super::progress::Progress;
use super::store::StoreError;
use crate::durable::presence::is_present;
use crate::infrastructure::jsonl::{ArchiveError, DueDay, JsonlArchiver};
use crate::infrastructure::system_clock::present_time;
use crate::wire::zone::Zone;
use render::{Archived, Day, LeftDay};

/// Compress the files of earlier days of the JSONL store into its folder archive/
///
/// Each file events-YYYY-MM-DD.jsonl of a day before DATE becomes archive/events-YYYY-MM-DD.jsonl.zst: zstd with a
/// checksum, in frames of about 1 MiB with a table that finds them, which any zstd program reads. It is decompressed and
/// compared byte for byte before the original goes. Files that were moved into archive/ by hand are compressed, too.
///
/// Nothing else changes: queries, streams, imports and comparisons read archived days, compressed or not, every event keeps
/// its position, and handlers go on. An event that comes late for an archived day begins a file of that day anew, whose positions
/// go on where the archive ends; the next run adds it to the archive.
///
/// It may run while events are dispatched: it takes the lock of the store for a moment each day. Killed at any moment, nothing
/// is lost, and the next run finishes. A torn last line is no event: its bytes go to a file
/// events-YYYY-MM-DD.jsonl.torn-N, and blanks stand for them in the archive. Links are left as they are, and told.
///
/// `--format json` prints {"store": {"path"}, "before", "dry_run", "level", "days": [{"day", "files", "path", "bytes_before",
/// "bytes_after", "torn"}], "left": [{"day", "reason"}], "bytes_before", "bytes_after", "elapsed_seconds"}.
///
/// Exit codes: 0 every day before DATE is archived; 1 one is not, and is told; 2 DATE is after today, or the store is a
/// database; 4 something could not be read or written, or another process has held a lock for 15 s; 5 what was
/// compressed is not what was read. The days that are told as archived are.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mission-events archive --before 2025-11-01 --dry-run")]
pub struct ArchiveArgs {
    /// The first day that is not archived; today at the latest, in the zone `timezone`
    #[arg(long, value_name = "DATE")]
    before: NaiveDate,

    /// Only show what would be archived
    #[arg(long)]
    dry_run: bool,
}

/// Runs the command.
pub fn run(args: &ArchiveArgs, context: &Context) -> Result<Answer, CliError> {
    let started = Instant::now();
    context.config.refuse_postgres("archive", "it compresses daily files; name their folder with --store")?;
    let folder = context.jsonl_folder("archive")?.to_owned();
    let zone = context.config.timezone.value.clone();
    check_date(args.before, &zone)?;
    if !is_present(&folder).map_err(|error| CliError::new(ExitCode::Storage, error))? {
        return Err(StoreError::Missing { path: folder }.into());
    }
    let mut archiver = JsonlArchiver::new(&folder, zone);
    let due = archiver.due(args.before)?;
    let mut archived = Archived::new(&folder, args.before, args.dry_run);
    let mut failure = None;
    if args.dry_run {
        archived.days = due.iter().map(Day::due).collect();
    } else {
        failure = archive(&mut archiver, &due, context.is_quiet, &mut archived).err();
    }
    archived.sum_up(started.elapsed());
    let code = if archived.left.is_empty() { ExitCode::Done } else { ExitCode::Negative };
    let (summary, format) = (archived.summary(), context.format);
    let answer = Answer::new(code, Some(summary), move |out| render::report(&archived, format, out));
    Ok(match failure {
        Some(failure) => answer.but_failed(failure),
        None => answer,
    })
}

/// Archives day after day, until one of them fails for a reason that is not its own.
fn archive(
    archiver: &mut JsonlArchiver,
    due: &[DueDay],
    is_quiet: bool,
    archived: &mut Archived,
) -> Result<(), CliError> {
    let progress = Progress::of_parts(is_quiet);
    let mut parts: Vec<_> = due.iter().map(|day| progress.part(&day.files[0])).collect();
    let mut result = Ok(());
    for (day, part) in due.iter().zip(&mut parts) {
        // Each byte is compressed, and then compared.
        match archiver.archive(day, &mut |done| part.at(done / 2)) {
            Ok(done) => archived.days.push(Day::archived(day, &done)),
            Err(ArchiveError::Left { reason }) => {
                archived.left.push(LeftDay { day: day.day.clone(), reason })
            }
            Err(error) => {
                result = Err(error.into());
                break;
            }
        }
    }
    progress.finish();
    result
}

/// A day that is not over is appended to.
fn check_date(before: NaiveDate, zone: &Zone) -> Result<(), CliError> {
    let today = zone.day_of(present_time());
    if before <= today {
        return Ok(());
    }
    Err(CliError::usage(format!(
        "--before {before} is after today, {today} in {}: events of a day that is not over are still to come; expected {today} or earlier",
        zone.name()
    )))
}

impl From<ArchiveError> for CliError {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Store(error) => error.into(),
            ArchiveError::Left { .. } => Self::new(ExitCode::Negative, error),
            ArchiveError::NotVerified { .. } => Self::new(ExitCode::SelfCheck, error),
        }
    }
}
