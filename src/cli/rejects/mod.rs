//! `rejects`: the quarantine, listed and tried again.

mod render;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::answer::Answer;
use super::error::CliError;
use super::exit_code::ExitCode;
use super::global::Context;
use super::import_legacy::Dst;
use super::mapping::MappingArgs;
use super::store::{StoreError, tell_where_moved};
use crate::application::import::ReadOptions;
use crate::application::log_source::UNVERIFIED;
use crate::application::rejects::RetryRejects;
use crate::domain::counted::counted;
use crate::domain::path_text::text_of;
use crate::infrastructure::config::Backend;
use crate::infrastructure::sources::holds_whole_record;
use crate::infrastructure::sqlite::{RejectFilter, SqliteRejects};

const EXAMPLES: &str = "\
Examples:
  mission-events rejects
  mission-events rejects --reason bad_timestamp --format jsonl
  mission-events rejects retry --dry-run";

/// List the records that were rejected, with their places, reasons and bytes
///
/// Rejected records are kept in the SQLite store with their bytes. People see the first 100 (--limit);
/// `--format json` prints all of them as {"reasons": {reason: count}, "current": count, "rejects": [{"source_id", "path",
/// "line", "offset", "bytes", "reason", "detail", "rejected_at", "current", "retried_position",
/// "text"|"base64"}]}, `--format jsonl` one such record a line. `text` is there where the bytes are UTF-8,
/// else `base64`; a reject of more than 64 MiB has neither (`export` writes it). `current` is false where
/// the reject is of an earlier version of its log: the log was imported again after it had grown, been repaired,
/// rewritten or moved. `retried_position` is the event that `rejects retry` made of it.
///
/// Exit code 0 also where there are some: a list is an answer.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct RejectsArgs {
    #[command(subcommand)]
    command: Option<RejectsCommand>,

    #[command(flatten)]
    filter: Filter,

    /// How many to list at most [default: 100 for people, all for programs]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

#[derive(Debug, Subcommand)]
enum RejectsCommand {
    /// Try rejected records again with the present settings, each by itself
    ///
    /// What is an event now is stored as if it had been imported, in its place of its log, and
    /// `export` still gives that log back byte for byte. What is in conflict with another event stays
    /// rejected. Set `timezone`, --dst or the mapping before. Records of compressed data that was cut off before
    /// its checksum may be damaged: they are taken with `--reason unverified` alone.
    ///
    /// `--format json` prints {"tried", "imported", "already_present", "duplicates", "still_rejected",
    /// "holding_records", "reasons", "rejects": [{"path", "line", "offset", "reason", "detail"}], "dry_run", "store"}.
    ///
    /// Example: mission-events rejects retry --reason bad_timestamp
    ///
    /// Exit codes: 0 all became events; 1 some did not.
    Retry(RetryArgs),
}

#[derive(Debug, Args)]
struct RetryArgs {
    #[command(flatten)]
    filter: Filter,

    /// What to do with local times that come twice or never when the clocks change
    #[arg(long, value_name = "HOW", value_enum, default_value_t)]
    dst: Dst,

    /// Say what would become of them, and change nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    mapping: MappingArgs,
}

#[derive(Debug, Args)]
struct Filter {
    /// Those of the log at PATH alone, where it was when it was imported
    #[arg(long, value_name = "PATH")]
    source: Option<PathBuf>,

    /// Those of this reason alone, such as syntax, torn_tail, bad_timestamp, conflict, unverified
    #[arg(long, value_name = "REASON")]
    reason: Option<String>,
}

impl From<&Filter> for RejectFilter {
    /// The log may be gone, and the store knows the path that led to it from everywhere.
    fn from(filter: &Filter) -> Self {
        let spellings = |path: &PathBuf| {
            let paths = [path.canonicalize().ok(), std::path::absolute(path).ok(), Some(path.clone())];
            paths.into_iter().flatten().map(|path| text_of(&path)).collect()
        };
        Self {
            paths: filter.source.as_ref().map(spellings).unwrap_or_default(),
            reason: filter.reason.clone(),
        }
    }
}

/// Runs the command.
pub fn run(args: RejectsArgs, context: &Context) -> Result<Answer, CliError> {
    context
        .config
        .refuse_postgres("rejects", "logs are imported into SQLite stores; name one with --store")?;
    let database = context.sqlite_path("rejects")?;
    if let Some(RejectsCommand::Retry(args)) = &args.command {
        return retry(args, database, context);
    }
    tell_where_moved(Backend::Sqlite, &context.config);
    let store = SqliteRejects::open_for_reading(database, (&args.filter).into()).map_err(StoreError::from)?;
    let (limit, format) = (args.limit, context.format);
    Ok(Answer::new(ExitCode::Done, None, move |out| render::list(&store, limit, format, out)))
}

fn retry(args: &RetryArgs, database: &Path, context: &Context) -> Result<Answer, CliError> {
    let options = ReadOptions {
        zone: context.config.timezone.value.clone(),
        dst: args.dst.policy(),
        mapping: args.mapping.mapping(&context.config)?,
        since: None,
        until: None,
    };
    let mut store = SqliteRejects::open_for_retry(database, (&args.filter).into(), args.dry_run)
        .map_err(StoreError::from)?;
    let takes_unverified = args.filter.reason.as_deref() == Some(UNVERIFIED);
    let report = RetryRejects::new(options, &mut store, &holds_whole_record)
        .taking_unverified(takes_unverified)
        .run()?;
    let code = if report.still_rejected == 0 { ExitCode::Done } else { ExitCode::Negative };
    let summary = if args.dry_run {
        "nothing was changed: this was a dry run".to_owned()
    } else {
        format!(
            "{} of {} became events of {}, {} rejected still",
            report.tried - report.still_rejected,
            counted(report.tried, "rejected record", "rejected records"),
            database.display(),
            counted(report.still_rejected, "is", "are")
        )
    };
    let (dry_run, database, format) = (args.dry_run, database.to_owned(), context.format);
    Ok(Answer::new(code, Some(summary), move |out| render::retried(&report, dry_run, &database, format, out)))
}
