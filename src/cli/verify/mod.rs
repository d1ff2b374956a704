//! `verify`: a store or a backup against itself, its manifest, or another store.

mod render;
mod subject;

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use thiserror::Error;

use super::answer::Answer;
use super::compare_logs::absolute;
use super::error::CliError;
use super::exit_code::ExitCode;
use super::given_path::ensure_path;
use super::global::Context;
use super::output::{self, Format};
use super::progress::Progress;
use super::store::configured_path;
use crate::application::backup::{
    Depth, Findings, Relation, Verification, hold_against, prove, verify_contents,
};
use crate::application::evidence::record::Verdict;
use crate::application::evidence::{RecordedVerification, VerifiedBackup, record_verification};
use crate::domain::path_text::text_of;
use crate::domain::repository::{EventRepository, RepositoryError};
use crate::infrastructure::backup_folder::BackupFolder;
use crate::infrastructure::config::Config;
use crate::infrastructure::evidence::log::JsonlEvidenceLog;
use crate::infrastructure::system_clock::SystemClock;
use subject::{Found, Kind};

/// How many findings are recorded as reasons.
const RECORDED: usize = 20;

/// Prove that a store or a backup is whole and what it was
///
/// Without PATH, the store of the settings is looked at, with the database of its handlers. PATH is a SQLite store, a database of handlers, the
/// folder of a JSONL store, a backup, or a folder of backups, of which the latest is taken. Everything is read, and nothing changed; memory does
/// not grow with the store, and writers do not wait.
///
/// Of a backup: every file has the length and SHA-256 of the manifest, none is missing and none was added; what it holds comes to the same counts and digests. Of
/// a SQLite database: triggers and schema are as the program makes them, SQLite's integrity check (with indexes) and foreign keys hold, positions
/// count without gaps, and as many rows are there as were stored. Of each event: id, type, time and aggregate are those that the program
/// reads in its text, and derived ids are those of the content. Of each imported log: it can be given back byte for byte. Of a JSONL store:
/// every line is an event, and what is compressed decompresses to its end.
///
/// --against holds the events (id, type, time, aggregate, text, origin) against those of another store or backup, position by position. Where that is a
/// backup of the store that is verified, by its place or its first event, all that it has is to be there, and what came since is told. Else this one may be an earlier state, as a
/// backup or a restored store is: what the other one has after its end is told (of a restored store: what was lost). Everything else is a difference. In
/// a JSONL store so is an event that another store has in a day before the last one here: one that came late and one that was lost look the same. Between a
/// SQLite store and its backup, so are rows that the later one lacks or has otherwise: what imports have left, and, where the handlers are known, what
/// effects have done, what failed and how was switched.
///
/// Where the store of the settings, or a backup of it, is verified, the result is recorded as evidence, and the gate asks for that of a
/// backup.
///
/// Exit codes: 0 everything holds; 1 something does not; 4 there is no store and no backup, or it cannot be read.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mission-events verify
  mission-events verify /mnt/backup/mission-control
  mission-events verify restored.db --against /mnt/backup/mission-control")]
pub struct VerifyArgs {
    /// A store, a backup or a folder of backups [default: the store of the settings]
    path: Option<PathBuf>,

    /// Another store or backup, against which the events are held
    #[arg(long, value_name = "STORE")]
    against: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &VerifyArgs, context: &Context) -> Result<Answer, CliError> {
    let started = Instant::now();
    args.path.iter().chain(&args.against).try_for_each(|path| ensure_path(path))?;
    let config = &context.config;
    let found = match &args.path {
        Some(path) => Found::at(path)?,
        None => Found::configured(config)?,
    };
    let other = args.against.as_deref().map(Found::at).transpose()?;
    let progress = Progress::of_parts(context.is_quiet);
    if let Some(other) = &other {
        ensure_unchanged(other, &progress)?;
    }
    let mut verification = verified(&found, config, &progress)?;
    if let Some(other) = other {
        hold(&found, &other, config, &mut verification)?;
    }
    progress.finish();
    verification.elapsed_seconds = started.elapsed().as_secs_f64();
    let recorded = record(&verification, config);
    verification.recorded_as = recorded.as_ref().ok().copied().flatten();
    let code = if verification.holds { ExitCode::Done } else { ExitCode::Negative };
    let (summary, format) = (render::summary(&verification), context.format);
    let answer = Answer::new(code, Some(summary), move |out| match format {
        Format::Human => render::human(&verification, out),
        Format::Json => output::json_document(out, &verification),
        Format::Jsonl => output::json_line(out, &verification),
    });
    Ok(match recorded {
        Ok(_) => answer,
        Err(error) => answer.but_failed(error),
    })
}

fn verified(found: &Found, config: &Config, progress: &Progress) -> Result<Verification, CliError> {
    let mut findings = Findings::default();
    let opened = found.open_backup(&mut findings)?;
    let manifest = opened.as_ref().map(|opened| &opened.manifest);
    let mut verification = found.describe(opened.as_ref());
    if let Some(opened) = &opened {
        let mut part = progress.part_of(&opened.path, opened.bytes());
        opened
            .check_files(&mut findings, &mut |done| part.at(done))
            .map_err(|error| CliError::new(ExitCode::Storage, error))?;
    }
    // What was changed is not what was backed up: nothing of it is known before its files are the ones that they were.
    if !findings.is_empty() {
        verification.conclude(Default::default(), findings);
        return Ok(verification);
    }
    let subject = found.subject(config)?;
    let mut part = progress.part_of(found.path(), found.bytes());
    let proof = prove(subject, Depth::Everything, &config.timezone.value, &mut |read| part.at(read))?;
    findings.extend(proof.findings);
    if let Some(manifest) = manifest {
        verify_contents(manifest, &verification.path, &proof.contents, &mut findings);
    }
    verification.conclude(proof.contents, findings);
    Ok(verification)
}

/// Refuses a backup that is not what it was: nothing is to be held against that.
fn ensure_unchanged(backup: &Found, progress: &Progress) -> Result<(), CliError> {
    let mut findings = Findings::default();
    if let Some(opened) = backup.open_backup(&mut findings)? {
        let mut part = progress.part_of(&opened.path, opened.bytes());
        opened
            .check_files(&mut findings, &mut |done| part.at(done))
            .map_err(|error| CliError::new(ExitCode::Storage, error))?;
    }
    match findings.told.first() {
        None => Ok(()),
        Some(finding) => Err(CliError::new(
            ExitCode::Storage,
            OtherChanged {
                path: backup.path().to_owned(),
                finding: format!("{}: {}", finding.place, finding.detail),
            },
        )),
    }
}

/// The backup that something is to be held against was changed.
#[derive(Debug, Error)]
#[error("{} is not the backup that was made: {finding}; name another one after --against", path.display())]
struct OtherChanged {
    path: PathBuf,
    finding: String,
}

/// Holds the events against those of the other one.
fn hold(
    found: &Found,
    other: &Found,
    config: &Config,
    verification: &mut Verification,
) -> Result<(), CliError> {
    if found.kind() == Kind::Handlers
        || other.kind() == Kind::Handlers
        || found.is_jsonl() != other.is_jsonl()
    {
        return Err(CliError::usage(
            "--against holds events against those of a store of the same backend: positions of another one are others",
        ));
    }
    if !verification.holds {
        verification.notes.push("what is not whole was not held against another store".to_owned());
        return Ok(());
    }
    let mut findings = Findings::default();
    let (here, there) = (found.events(config)?, other.events(config)?);
    let path = text_of(other.path());
    let [first_here, first_there] = [&here, &there].map(|store| first_event_id(store.repository()));
    let relation = if is_backup_of(other, found, first_here?)? {
        Relation::ItsBackup
    } else if is_backup_of(found, other, first_there?)? {
        Relation::Later
    } else {
        Relation::Other
    };
    let mut against = hold_against(here.repository(), there.repository(), path, relation, &mut findings)?;
    let states = match relation {
        Relation::ItsBackup => Some((other, found)),
        Relation::Later => Some((found, other)),
        Relation::Other => None,
    };
    if let Some((earlier, later)) = states {
        let rows = earlier.rows_not_in(later)?;
        against.take_rows(rows, &text_of(earlier.path()), &text_of(later.path()), &mut findings);
    }
    verification.add(against, findings);
    Ok(())
}

/// By that a store is known, wherever it is.
fn first_event_id(store: &dyn EventRepository) -> Result<Option<String>, RepositoryError> {
    let Some(first) = store.streams()?.into_iter().map(|stream| stream.id).min() else { return Ok(None) };
    let events = store.read_stream(&first, None, 1)?;
    Ok(events.first().map(|stored| stored.event.event_id().as_str().to_owned()))
}

/// Whether one is a backup of the other, by its place or by its first event: a store can have been moved, or a day of it be gone.
fn is_backup_of(backup: &Found, store: &Found, first_event_id: Option<String>) -> Result<bool, CliError> {
    let is_store = matches!(store.kind(), Kind::Store(_));
    let backup = if is_store { backup.open_backup(&mut Findings::default())? } else { None };
    Ok(backup.is_some_and(|BackupFolder { manifest, .. }| {
        let is_in_place = manifest.store.path == text_of(&absolute(store.path()));
        is_in_place || first_event_id.is_some() && manifest.contents.first_event_id == first_event_id
    }))
}

/// Records it, where it is of the store of the settings or of a backup of that.
fn record(verification: &Verification, config: &Config) -> Result<Option<u64>, CliError> {
    let configured = text_of(&absolute(configured_path(config.storage_backend.value, config)));
    let path = || text_of(&absolute(verification.path.as_ref()));
    let is_backup = verification.of == "backup";
    // One whose manifest cannot be read may be of any store.
    let unknown = || Some(configured.clone()).filter(|_| verification.manifest_sha256.is_none());
    let store = if is_backup { verification.store.clone().or_else(unknown) } else { Some(path()) };
    let Some(store) = store.filter(|store| *store == configured) else { return Ok(None) };
    let backup = is_backup.then(|| VerifiedBackup {
        path: path(),
        made_at: verification.moment,
        manifest_sha256: verification.manifest_sha256.clone(),
    });
    let reasons = verification.findings.iter().take(RECORDED);
    let verified = RecordedVerification {
        store,
        backend: verification.backend.clone(),
        backup,
        events: verification.events,
        last_position: verification.last_position,
        digest: verification.digest.clone(),
        verdict: if verification.holds { Verdict::Consistent } else { Verdict::Different },
        reasons: reasons
            .map(|finding| format!("{}: {}: {}", finding.check.as_str(), finding.place, finding.detail))
            .collect(),
        elapsed_seconds: verification.elapsed_seconds,
    };
    let log = JsonlEvidenceLog::new(&config.evidence_path.value);
    Ok(Some(record_verification(verified, &log, &SystemClock::default())?.sequence))
}
