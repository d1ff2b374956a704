//! `legacy queue`: what is queued, and what was refused.

use chrono::SecondsFormat;
use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::{Map, Value};

use super::escaped::escaped;
use super::system;
use crate::cli::answer::Answer;
use crate::cli::error::CliError;
use crate::cli::exit_code::ExitCode;
use crate::cli::global::Context;
use crate::cli::output::{self, Format};
use crate::cli::table::Columns;
use crate::legacy::path_text;
use crate::legacy::queue::{EventQueue, QueueDamage, QueueEntry, QueueError, QueueStatus};

/// List the queue: what is to be handled, what has failed, and how much was refused
///
/// Entries are listed in the order in which they are handled: the smallest priority first, then the oldest. Those that are done, and those
/// that were refused because their definition had used up its limit (`rate_limited`), are counted, and listed with --status.
///
/// `--format json` prints {"path", "counts": {"pending", "processing", "done", "failed", "rate_limited"}, "entries": [{"event_id",
/// "definition_id", "timestamp", "type", "data", "status", "priority", "attempts", "next_attempt"}], "damage": [{"path", "line", "byte",
/// "error"}]}, `--format jsonl` one entry a line.
///
/// Where a line of the queue is damaged, or a part of it is missing, the rest is listed, and the exit code is 4.
#[derive(Debug, Args)]
#[command(after_help = "Example: mission-events legacy queue --status failed")]
pub struct QueueArgs {
    /// The entries of this status alone
    #[arg(long, value_name = "STATUS", value_enum)]
    status: Option<Status>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Status {
    /// To be handled, or to be tried again
    Pending,
    /// Being handled
    Processing,
    /// Handled
    Done,
    /// Given up
    Failed,
    /// Refused
    RateLimited,
}

impl Status {
    fn is_of(self, entry: &QueueEntry) -> bool {
        entry.status
            == match self {
                Self::Pending => QueueStatus::Pending,
                Self::Processing => QueueStatus::Processing,
                Self::Done => QueueStatus::Done,
                Self::Failed => QueueStatus::Failed,
                Self::RateLimited => QueueStatus::RateLimited,
            }
    }
}

/// The queue, as programs are told of it; the keys are stable.
#[derive(Debug, Serialize)]
struct Listed {
    path: String,
    counts: Counts,
    entries: Vec<ListedEntry>,
    damage: Vec<ListedDamage>,
}

#[derive(Debug, Default, Serialize)]
struct Counts {
    pending: u64,
    processing: u64,
    done: u64,
    failed: u64,
    rate_limited: u64,
}

#[derive(Debug, Serialize)]
struct ListedEntry {
    event_id: String,
    definition_id: String,
    timestamp: String,
    #[serde(rename = "type")]
    event_type: String,
    data: Map<String, Value>,
    status: &'static str,
    priority: i64,
    attempts: u32,
    next_attempt: Option<String>,
}

/// What is damaged; the keys are stable.
#[derive(Debug, Serialize)]
pub(super) struct ListedDamage {
    path: String,
    line: Option<u64>,
    byte: Option<u64>,
    error: String,
}

impl From<&QueueDamage> for ListedDamage {
    fn from(damage: &QueueDamage) -> Self {
        let (line, byte) = match damage {
            QueueDamage::Line { line, byte, .. } => (Some(*line), Some(*byte)),
            _ => (None, None),
        };
        Self { path: damage.path().display().to_string(), line, byte, error: damage.to_string() }
    }
}

impl Counts {
    fn add(&mut self, status: QueueStatus) {
        *match status {
            QueueStatus::Pending => &mut self.pending,
            QueueStatus::Processing => &mut self.processing,
            QueueStatus::Done => &mut self.done,
            QueueStatus::Failed => &mut self.failed,
            QueueStatus::RateLimited => &mut self.rate_limited,
        } += 1;
    }
}

impl From<QueueEntry> for ListedEntry {
    fn from(entry: QueueEntry) -> Self {
        Self {
            timestamp: entry.timestamp.to_rfc3339_opts(SecondsFormat::AutoSi, true),
            next_attempt: entry.next_attempt.map(|at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
            status: entry.status.as_str(),
            event_id: entry.event_id,
            definition_id: entry.definition_id,
            event_type: entry.event_type,
            data: entry.data,
            priority: entry.priority,
            attempts: entry.attempts,
        }
    }
}

/// Runs the command.
pub fn run(args: &QueueArgs, context: &Context) -> Result<Answer, CliError> {
    let path = system::files(&context.config).queue();
    let mut counts = Counts::default();
    let mut entries = Vec::new();
    let queue = EventQueue::read(&path)?;
    for entry in queue.entries {
        counts.add(entry.status);
        let is_listed = match args.status {
            Some(status) => status.is_of(&entry),
            None => !matches!(entry.status, QueueStatus::Done | QueueStatus::RateLimited),
        };
        if is_listed {
            entries.push(ListedEntry::from(entry));
        }
    }
    let failure = damaged(&queue.damage);
    let damage = queue.damage.iter().map(ListedDamage::from).collect();
    let listed = Listed { path: path.display().to_string(), counts, entries, damage };
    let format = context.format;
    let answer = Answer::new(ExitCode::Done, None, move |out| match format {
        Format::Human => out.write_all(text(&listed).as_bytes()),
        Format::Json => escaped(out, |out| output::json_document(out, &listed)),
        Format::Jsonl => {
            escaped(out, |out| listed.entries.iter().try_for_each(|entry| output::json_line(out, entry)))
        }
    });
    Ok(match failure {
        Some(failure) => answer.but_failed(failure),
        None => answer,
    })
}

/// The failure that a damaged queue is; `None` where it is sound.
fn damaged(damage: &[QueueDamage]) -> Option<CliError> {
    let failure = || {
        CliError::new(ExitCode::Storage, anyhow::Error::msg("the queue is damaged; the rest of it is sound"))
    };
    (!damage.is_empty()).then(|| failure().with_details(damage.iter().map(QueueDamage::to_string)))
}

fn text(listed: &Listed) -> String {
    let Counts { pending, processing, done, failed, rate_limited } = listed.counts;
    let counts = format!(
        "{}: {pending} pending, {processing} processing, {done} done, {failed} failed, {rate_limited} rate_limited\n",
        output::visible(&listed.path)
    );
    if listed.entries.is_empty() {
        return counts;
    }
    let mut table =
        Columns::new(["TIMESTAMP", "EVENT", "PRIORITY", "STATUS", "ATTEMPTS", "NEXT ATTEMPT", "DATA"]);
    for entry in &listed.entries {
        table.add([
            &entry.timestamp,
            &entry.event_id,
            &entry.priority.to_string(),
            entry.status,
            &entry.attempts.to_string(),
            entry.next_attempt.as_deref().unwrap_or(""),
            &path_text::escaped(&Value::Object(entry.data.clone()).to_string()),
        ]);
    }
    format!("{counts}\n{}", table.text(&[(6, 20), (1, 12)]))
}

impl From<QueueError> for CliError {
    fn from(error: QueueError) -> Self {
        Self::new(ExitCode::Storage, error)
    }
}
