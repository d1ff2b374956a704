//! What was archived, for people and for programs.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use chrono::NaiveDate;
use serde::Serialize;

use crate::cli::output::{self, Format, visible};
use crate::cli::table::Columns;
use crate::infrastructure::jsonl::{ArchivedDay, DueDay, LEVEL};

/// The result of the command.
#[derive(Debug, Serialize)]
pub struct Archived {
    store: Store,
    before: String,
    dry_run: bool,
    /// Of compression.
    level: i32,
    pub days: Vec<Day>,
    pub left: Vec<LeftDay>,
    bytes_before: u64,
    /// `None` where nothing was compressed yet.
    bytes_after: Option<u64>,
    elapsed_seconds: f64,
}

#[derive(Debug, Serialize)]
struct Store {
    path: String,
}

/// A day that was archived, or would be.
#[derive(Debug, Serialize)]
pub struct Day {
    day: String,
    /// What was compressed, or added to what was compressed before.
    files: Vec<String>,
    path: Option<String>,
    bytes_before: u64,
    bytes_after: Option<u64>,
    /// Where torn last lines are.
    torn: Vec<String>,
}

/// A day that was left as it is.
#[derive(Debug, Serialize)]
pub struct LeftDay {
    pub day: String,
    pub reason: String,
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

impl Day {
    /// One that would be archived.
    pub fn due(due: &DueDay) -> Self {
        Self {
            day: due.day.clone(),
            files: due.files.iter().map(|path| shown(path)).collect(),
            path: None,
            bytes_before: due.bytes,
            bytes_after: None,
            torn: Vec::new(),
        }
    }

    /// One that is.
    pub fn archived(due: &DueDay, done: &ArchivedDay) -> Self {
        Self {
            path: Some(shown(&done.path)),
            bytes_before: done.bytes_before,
            bytes_after: Some(done.bytes_after),
            torn: done.torn.iter().map(|path| shown(path)).collect(),
            ..Self::due(due)
        }
    }
}

impl Archived {
    pub fn new(folder: &Path, before: NaiveDate, dry_run: bool) -> Self {
        Self {
            store: Store { path: shown(folder) },
            before: before.to_string(),
            dry_run,
            level: LEVEL,
            days: Vec::new(),
            left: Vec::new(),
            bytes_before: 0,
            bytes_after: None,
            elapsed_seconds: 0.0,
        }
    }

    /// Adds the bytes of all days.
    pub fn sum_up(&mut self, elapsed: Duration) {
        self.bytes_before = self.days.iter().map(|day| day.bytes_before).sum();
        self.bytes_after = (!self.dry_run).then(|| self.days.iter().filter_map(|day| day.bytes_after).sum());
        self.elapsed_seconds = elapsed.as_secs_f64();
    }

    /// In a line.
    pub fn summary(&self) -> String {
        let Self { store, before, days, bytes_before, bytes_after, level, .. } = self;
        let count = match days.len() {
            1 => "1 day".to_owned(),
            count => format!("{count} days"),
        };
        let store = visible(&store.path);
        match bytes_after {
            _ if days.is_empty() => format!("no day before {before} is to be archived in {store}"),
            None => format!("{count} before {before} would be archived in {store}: {bytes_before} bytes"),
            Some(after) => {
                format!(
                    "{count} before {before} archived in {store}: {bytes_before} bytes, now {after} (zstd, level {level})"
                )
            }
        }
    }
}

pub fn report(archived: &Archived, format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Json => output::json_document(out, archived),
        // One object is the result: as jsonl it is one line.
        Format::Jsonl => output::json_line(out, archived),
        Format::Human => human(archived, out),
    }
}

fn human(archived: &Archived, out: &mut dyn Write) -> io::Result<()> {
    let after = if archived.dry_run { "bytes after" } else { "bytes" };
    let mut table = Columns::new(["day", "bytes before", after, "from"]);
    for day in &archived.days {
        let after = day.bytes_after.map_or_else(|| "-".to_owned(), |bytes| bytes.to_string());
        table.add([&day.day, &day.bytes_before.to_string(), &after, &day.files.join(", ")]);
    }
    if !archived.days.is_empty() {
        writeln!(out, "{}", table.text(&[]))?;
    }
    for (day, torn) in archived.days.iter().flat_map(|day| day.torn.iter().map(move |torn| (day, torn))) {
        writeln!(out, "torn: the last line of {} was no event; its bytes are in {}", day.day, visible(torn))?;
    }
    for LeftDay { day, reason } in &archived.left {
        writeln!(out, "left as it is: {day}: {}", visible(reason))?;
    }
    writeln!(out, "{} ({:.1} s)", archived.summary(), archived.elapsed_seconds)
}
