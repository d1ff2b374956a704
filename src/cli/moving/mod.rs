//! `move`: a store goes to another backend and back, with a proof.

mod render;

use std::path::Path;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::answer::Answer;
use super::error::CliError;
use super::exit_code::ExitCode;
use super::given_path::ensure_store;
use super::global::Context;
use super::output::{self, Format};
use super::store::{StoreError, configured_path};
use crate::application::clock::Clock;
use crate::application::compare::feed::Scratch;
use crate::application::compare::settings::Settings;
use crate::application::moving::{Move, MoveError, MovePorts, MovingStore, Standing, plan, undo};
use crate::infrastructure::backend_at::{BackendError, backend_at};
use crate::infrastructure::compare_inputs::TempScratch;
use crate::infrastructure::config::{Backend, Config, PostgresUrl};
use crate::infrastructure::evidence::log::JsonlEvidenceLog;
use crate::infrastructure::postgres::{PostgresAddress, PostgresMovingStore};
use crate::infrastructure::sqlite::SqliteMovingStore;
use crate::infrastructure::system_clock::{SystemClock, present_time};
use render::{Moved, Planned, Undone};

/// How much memory each comparison takes before it goes to a temporary file.
const MEMORY: usize = 8 << 20;

/// Move the SQLite store into PostgreSQL, or a store in PostgreSQL back into a SQLite file, with a proof
///
/// Every table is copied as it is, every event to its position: 5,000 positions in a transaction, while writers go on. A move that was
/// interrupted goes on where it was: run it again. The target is a copy then, which can be read and takes no events; moved again,
/// it gets what is new.
///
/// The proof reads everything back from both sides: digests of ranges of positions and of every table, each imported log put together, and
/// the events compared as compare-logs does it. It is recorded as evidence. A difference is named by its row and column, and nothing
/// is cut over.
///
/// --cut-over: then the source refuses writers, those of earlier versions too, and names the target to them; what they had appended is
/// copied and proved; and the target is the store. An import of an earlier version that waits for its turn just then is not refused, but what
/// it adds is told: take the cut-over back then. Until the settings name the target, --undo takes the cut-over back, unless the target has received events.
/// A process that was killed in between leaves both refusing writers: run it again with --cut-over, or with --undo.
///
/// A store of daily files is imported into a SQLite store first (import-legacy).
///
/// `--format json` prints what is recorded, and `copied_events`, `pause_ms` (for how long writers were refused by both), `was_done`,
/// `recorded_as`, `settings`.
///
/// Exit codes: 0 done; 1 the target is not what the source is, rows are missing in the source, the target has received events of its
/// own, or the source has once it was moved; 2 the two cannot be source and target; 4 something could not be read or written; 5 the proof contradicts itself.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mission-events move --to postgres://app@db1/app --dry-run
  mission-events move --to postgres://app@db1/app
  mission-events move --to postgres://app@db1/app --cut-over
  mission-events move --from postgres://app@db1/app --to data/events.db --cut-over")]
pub struct MoveArgs {
    /// Where the store goes: postgres://..., or the path of a SQLite file
    #[arg(long, value_name = "PLACE", value_parser = NonEmptyStringValueParser::new())]
    to: String,

    /// Where the store is; else it is that of the settings
    #[arg(long, value_name = "PLACE", value_parser = NonEmptyStringValueParser::new())]
    from: Option<String>,

    /// Make the target the store, and have the source refuse writers
    #[arg(long)]
    cut_over: bool,

    /// Say what would be moved, and change nothing
    #[arg(long, conflicts_with_all = ["cut_over", "undo"])]
    dry_run: bool,

    /// Take a cut-over back: the source is the store again
    #[arg(long, conflicts_with = "cut_over")]
    undo: bool,
}

/// A side of a move, not opened yet.
enum Place {
    Sqlite(String),
    Postgres(Box<PostgresAddress>),
}

impl Place {
    fn parse(text: &str, config: &Config) -> Result<Self, CliError> {
        ensure_store(Path::new(text))?;
        if PostgresUrl::is_meant(text) {
            let bad = |error| CliError::new(ExitCode::Usage, error);
            let url = PostgresUrl::parse(text).map_err(|error| bad(anyhow::Error::new(error)))?;
            let url = url.in_schema(config.postgres_schema.value.as_str());
            let address = PostgresAddress::parse(&url).map_err(|error| bad(error.into()))?;
            return Ok(Self::Postgres(Box::new(address)));
        }
        match backend_at(Path::new(text)) {
            Ok(Backend::Jsonl) => Err(CliError::usage(format!(
                "{text} is a folder of daily files, whose positions are of another kind: import it into a SQLite store \
                 (import-legacy), and move that"
            ))),
            Ok(_) | Err(BackendError::Missing { .. }) => Ok(Self::Sqlite(text.to_owned())),
            Err(error) => Err(StoreError::from(error).into()),
        }
    }

    fn is_there(&self) -> Result<bool, CliError> {
        match self {
            Self::Sqlite(path) => Ok(Path::new(path).symlink_metadata().is_ok()),
            Self::Postgres(address) => Ok(PostgresMovingStore::is_there(address).map_err(StoreError::from)?),
        }
    }

    fn open(&self, config: &Config) -> Result<Box<dyn MovingStore>, CliError> {
        let zone = config.timezone.value.clone();
        Ok(match self {
            Self::Sqlite(path) => {
                Box::new(SqliteMovingStore::open(Path::new(path), zone).map_err(StoreError::from)?)
            }
            Self::Postgres(address) => {
                let store = PostgresMovingStore::open((**address).clone(), zone);
                Box::new(store.map_err(StoreError::from)?)
            }
        })
    }

    fn open_or_make(&self, config: &Config) -> Result<Box<dyn MovingStore>, CliError> {
        let zone = config.timezone.value.clone();
        Ok(match self {
            Self::Sqlite(path) => {
                Box::new(SqliteMovingStore::open_or_make(Path::new(path), zone).map_err(StoreError::from)?)
            }
            Self::Postgres(address) => {
                let store = PostgresMovingStore::open_or_make((**address).clone(), zone);
                Box::new(store.map_err(StoreError::from)?)
            }
        })
    }

    /// What the settings have to say for it to be the store.
    fn settings(&self, place: &str) -> String {
        match self {
            Self::Sqlite(_) => format!("storage.backend = \"sqlite\"\nstorage.sqlite_path = {place:?}"),
            Self::Postgres(_) => format!("storage.backend = \"postgres\"\nstorage.postgres_url = {place:?}"),
        }
    }
}

/// Runs the command.
pub fn run(args: &MoveArgs, context: &Context) -> Result<Answer, CliError> {
    let config = &context.config;
    let [from, to] = places(args, config)?;
    let format = context.format;
    if args.dry_run {
        let mut source = from.open(config)?;
        let mut target = if to.is_there()? { Some(to.open(config)?) } else { None };
        let plan = match &mut target {
            Some(target) => plan(&mut *source, Some(&mut **target)),
            None => plan(&mut *source, None),
        };
        let planned = Planned { source: source.place(), target: args.to.clone(), plan: plan? };
        return Ok(Answer::new(ExitCode::Done, None, move |out| match format {
            Format::Human => render::planned(&planned, out),
            Format::Json => output::json_document(out, &planned),
            Format::Jsonl => output::json_line(out, &planned),
        }));
    }
    if args.undo {
        let mut source = from.open(config)?;
        // A schema that was dropped has nothing to lose; a file that is not there may be on a disk that is not there.
        let is_made =
            matches!(source.standing()?, Standing::Moved { .. }) && matches!(to, Place::Postgres(_));
        let mut target = if is_made { to.open_or_make(config)? } else { to.open(config)? };
        let evidence = JsonlEvidenceLog::new(&config.evidence_path.value);
        let last_position = undo(&mut *source, &mut *target, &evidence, &SystemClock::default())?;
        let undone = Undone { source: source.place(), target: target.place(), last_position };
        let summary = format!("{} is the store again", undone.source);
        return Ok(Answer::new(ExitCode::Done, Some(summary), move |out| match format {
            Format::Human => render::undone(&undone, out),
            Format::Json => output::json_document(out, &undone),
            Format::Jsonl => output::json_line(out, &undone),
        }));
    }
    let clock = SystemClock::default();
    let mut source = from.open(config)?;
    // What it was moved to is there.
    let is_moved = matches!(source.standing()?, Standing::Moved { .. });
    let mut target = if is_moved { to.open(config)? } else { to.open_or_make(config)? };
    let settings =
        Settings { memory: MEMORY, limit: 1, ..Settings::new(config.timezone.value.clone(), present_time()) };
    let ports = MovePorts {
        settings: &settings,
        new_scratch: &|| Box::new(TempScratch::default()) as Box<dyn Scratch>,
        evidence: &JsonlEvidenceLog::new(&config.evidence_path.value),
        clock: &clock,
        tell: &mut |position| tracing::info!("events are copied up to position {position}"),
    };
    let mut report = Move::new(&mut *source, &mut *target, ports).run(args.cut_over)?;
    report.proved.elapsed_seconds = clock.elapsed().as_secs_f64();
    let settings = report.proved.cut_over.then(|| to.settings(&report.proved.target));
    let moved = Moved { report, settings };
    let summary = moved.summary();
    Ok(Answer::new(ExitCode::Done, Some(summary), move |out| match format {
        Format::Human => render::moved(&moved, out),
        Format::Json => output::json_document(out, &moved),
        Format::Jsonl => output::json_line(out, &moved),
    }))
}

/// Source and target, of which one is in PostgreSQL.
fn places(args: &MoveArgs, config: &Config) -> Result<[Place; 2], CliError> {
    let configured = configured_path(config.storage_backend.value, config).to_string_lossy().into_owned();
    let from = Place::parse(args.from.as_deref().unwrap_or(&configured), config)?;
    let to = Place::parse(&args.to, config)?;
    let instead = match (&from, &to) {
        (Place::Sqlite(_), Place::Sqlite(_)) => {
            "two SQLite files: `backup` and `restore` make a proved copy of a file"
        }
        (Place::Postgres(_), Place::Postgres(_)) => {
            "two stores in PostgreSQL: pg_dump --schema copies a schema into another database"
        }
        _ => return Ok([from, to]),
    };
    Err(CliError::usage(format!("expected a SQLite file and a store in PostgreSQL, found {instead}")))
}

impl From<MoveError> for CliError {
    fn from(error: MoveError) -> Self {
        match error {
            MoveError::Store(error) => error.into(),
            MoveError::Compare(error) => error.into(),
            MoveError::Evidence(error) => error.into(),
            error @ (MoveError::Unrecorded { .. } | MoveError::UndoUnrecorded { .. }) => {
                Self::new(ExitCode::Storage, error)
            }
            error @ MoveError::Refused(_) => Self::new(ExitCode::Usage, error),
            error @ MoveError::Contradiction(_) => Self::new(ExitCode::SelfCheck, error),
            error @ (MoveError::Negative(_) | MoveError::Different { .. } | MoveError::Late { .. }) => {
                Self::new(ExitCode::Negative, error)
            }
        }
    }
}
