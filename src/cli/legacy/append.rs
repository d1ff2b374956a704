//! `legacy append`: records of a file, appended to the legacy log.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::system;
use crate::application::log_source::{PieceContent, SourceError};
use crate::cli::answer::Answer;
use crate::cli::error::CliError;
use crate::cli::exit_code::ExitCode;
use crate::cli::global::Context;
use crate::cli::output::{self, Format, visible};
use crate::domain::counted::counted;
use crate::durable::presence::is_present;
use crate::infrastructure::sources::open_log_of_any_size;
use crate::legacy::events_json::{EventsJson, EventsJsonError};
use crate::wire::json::canonical_form;
use crate::wire::local_time::DstPolicy;
use crate::wire::mapping::Mapping;
use crate::wire::record::{Record, RecordReader, Shape};
use crate::wire::zone::Zone;

/// Append the records of a file to the legacy log, for a rollback
///
/// PATH is what `export --legacy --only-new` has written: a JSON array, or JSONL, of records in the legacy shape. Those that the
/// legacy log has already are not appended, so that the command can be repeated. All others are appended together, or none is;
/// what is in the log stays, byte for byte.
///
/// `--format json` prints {"path", "records", "appended", "already_there"}.
///
/// Exit codes: 1 PATH holds something else than such records, and nothing was appended; 2 another program writes the legacy log
/// (`legacy.writer`); 4 a file could not be read or written.
#[derive(Debug, Args)]
#[command(after_help = "Example: mission-events legacy append only-new/events.json")]
pub struct AppendArgs {
    /// The file of records
    #[arg(value_name = "PATH")]
    path: PathBuf,
}

/// What was done, as programs are told; the keys are stable.
#[derive(Debug, Serialize)]
struct Done {
    /// The legacy log.
    path: String,
    /// Of the file.
    records: usize,
    appended: usize,
    already_there: usize,
}

/// Runs the command.
pub fn run(args: &AppendArgs, context: &Context) -> Result<Answer, CliError> {
    let config = &context.config;
    let log = &config.legacy_events_json.value;
    let zone = &config.timezone.value;
    system::ensure_written_here(config, "legacy append")?;
    let mut records = Vec::new();
    each_record(&args.path, zone, &mut |record| match record {
        Ok(record) if record.shape == Shape::Legacy => {
            records.push(record.body.to_owned());
            Ok(())
        }
        Ok(_) => Err("it has another shape: `export --legacy` writes events in the legacy one".to_owned()),
        Err(reason) => Err(reason),
    })?;
    let missing = missing_in(log, zone, &records)?;
    if !missing.is_empty() {
        let events_json = EventsJson::open(log.clone(), system::writer(config)).map_err(refused)?;
        events_json.append_all(&missing).map_err(refused)?;
    }
    let (appended, already_there) = (missing.len(), records.len() - missing.len());
    let done = Done { path: log.display().to_string(), records: records.len(), appended, already_there };
    let summary = sentence(&done);
    let format = context.format;
    Ok(Answer::new(ExitCode::Done, Some(summary.clone()), move |out| match format {
        Format::Human => writeln!(out, "{summary}"),
        Format::Json => output::json_document(out, &done),
        Format::Jsonl => output::json_line(out, &done),
    }))
}

/// The records that the log does not have, in their order. Of several that say the same it has as many as it has.
fn missing_in<'r>(log: &Path, zone: &Zone, records: &'r [String]) -> Result<Vec<&'r str>, CliError> {
    let mut there: HashMap<Vec<u8>, usize> = HashMap::new();
    for record in records {
        there.insert(said_by(record), 0);
    }
    if is_present(log).map_err(|error| CliError::new(ExitCode::Storage, error))? {
        each_record(log, zone, &mut |record| {
            // What is no event there is not one of those.
            let said = record.map(|record| said_by(record.body));
            if let Some(count) = said.ok().and_then(|said| there.get_mut(&said)) {
                *count += 1;
            }
            Ok(())
        })?;
    }
    let is_missing = |record: &&String| match there.get_mut(&said_by(record)) {
        Some(count @ 1..) => {
            *count -= 1;
            false
        }
        _ => true,
    };
    Ok(records.iter().filter(is_missing).map(String::as_str).collect())
}

/// The JSON value of a record, however it is spelled.
fn said_by(record: &str) -> Vec<u8> {
    // What was read as a record has such a form.
    canonical_form(record.as_bytes()).unwrap_or_else(|_| record.as_bytes().to_owned())
}

/// Takes a record, or why there is none; answers why that is not taken.
type TakeRecord<'t> = dyn FnMut(Result<&Record<'_>, String>) -> Result<(), String> + 't;

/// Gives every record of a file to `take`, or why there is none.
fn each_record(path: &Path, zone: &Zone, take: &mut TakeRecord<'_>) -> Result<(), CliError> {
    let unreadable = |error: SourceError| CliError::new(ExitCode::Storage, error);
    let mut log = open_log_of_any_size(path, &Mapping::BuiltIn).map_err(unreadable)?;
    log.omit_line_ends();
    let mut reader = RecordReader::new(zone, DstPolicy::Resolve);
    while let Some(piece) = log.next_piece(&mut reader).map_err(unreadable)? {
        let taken = match &piece.content {
            PieceContent::Record(record) => take(Ok(record)),
            PieceContent::Reject(reject) => take(Err(reject.to_string())),
            PieceContent::Layout | PieceContent::RejectContinued => Ok(()),
        };
        if let Err(reason) = taken {
            let (path, line) = (path.display().to_string(), piece.place.line);
            let offset = piece.place.offset;
            let message = format!(
                "expected records in the legacy shape; in {}, line {line}, byte {offset}: {}",
                visible(&path),
                visible(&reason)
            );
            return Err(CliError::not_found(message).with_details(["nothing was appended".to_owned()]));
        }
    }
    Ok(())
}

fn refused(error: EventsJsonError) -> CliError {
    CliError::new(ExitCode::Storage, error)
}

fn sentence(done: &Done) -> String {
    let Done { path, records, appended, already_there } = done;
    format!(
        "{appended} of {} appended to {}; {} there already",
        counted(*records as u64, "record is", "records are"),
        visible(path),
        counted(*already_there as u64, "was", "were")
    )
}
