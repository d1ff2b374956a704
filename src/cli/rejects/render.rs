//! The quarantine, and what a retry did, for people and for programs.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use data_encoding::BASE64;
use serde::Serialize;

use crate::application::log_source::with_range;
use crate::application::rejects::RetryReport;
use crate::cli::answer::PrintError;
use crate::cli::output::{self, Format, visible};
use crate::cli::table::Columns;
use crate::domain::counted::counted;
use crate::domain::event::format_timestamp;
use crate::domain::repository::DEFAULT_LIMIT;
use crate::infrastructure::sqlite::{RejectRow, SqliteRejects};

/// How many of those that a retry leaves are shown to people.
const SHOWN: usize = 20;

/// One record in quarantine; its keys are part of the contract (`docs/contract.md`).
#[derive(Serialize)]
struct Listed<'r> {
    source_id: i64,
    path: &'r str,
    line: u64,
    offset: u64,
    bytes: u64,
    reason: &'r str,
    detail: &'r str,
    rejected_at: String,
    current: bool,
    retried_position: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

pub fn list(
    store: &SqliteRejects,
    limit: Option<usize>,
    format: Format,
    out: &mut dyn Write,
) -> Result<(), PrintError> {
    let counts = store.count()?;
    let all = limit.unwrap_or(usize::MAX);
    match format {
        Format::Human => human(store, &counts, limit.unwrap_or(DEFAULT_LIMIT), out),
        Format::Json => json(store, &counts, all, out),
        Format::Jsonl => jsonl(store, all, out),
    }
}

fn jsonl(store: &SqliteRejects, limit: usize, out: &mut dyn Write) -> Result<(), PrintError> {
    store.each(limit, |row| {
        write_listed(store, &row, out)?;
        Ok(out.write_all(b"\n")?)
    })
}

fn json(
    store: &SqliteRejects,
    counts: &[(String, u64)],
    limit: usize,
    out: &mut dyn Write,
) -> Result<(), PrintError> {
    let reasons: BTreeMap<&str, u64> =
        counts.iter().map(|(reason, count)| (reason.as_str(), *count)).collect();
    let current = store.count_open()?;
    write!(
        out,
        "{{\"reasons\": {}, \"current\": {current}, \"rejects\": [",
        serde_json::to_string(&reasons)?
    )?;
    let mut opening = "\n  ";
    store.each(limit, |row| {
        out.write_all(opening.as_bytes())?;
        opening = ",\n  ";
        write_listed(store, &row, out)
    })?;
    Ok(out.write_all(b"\n]}\n")?)
}

fn write_listed(store: &SqliteRejects, row: &RejectRow, out: &mut dyn Write) -> Result<(), PrintError> {
    let bytes = store.bytes_of(row)?;
    let text = bytes.as_deref().map(std::str::from_utf8);
    let listed = Listed {
        source_id: row.source_id,
        path: &row.path,
        line: row.place.line,
        offset: row.place.offset,
        bytes: row.bytes,
        reason: &row.reason,
        detail: &row.detail,
        rejected_at: format_timestamp(row.rejected_at),
        current: row.current,
        retried_position: row.retried_position,
        text: text.and_then(Result::ok),
        base64: text.filter(Result::is_err).and(bytes.as_deref()).map(|bytes| BASE64.encode(bytes)),
    };
    Ok(serde_json::to_writer(out, &listed)?)
}

fn human(
    store: &SqliteRejects,
    counts: &[(String, u64)],
    limit: usize,
    out: &mut dyn Write,
) -> Result<(), PrintError> {
    if counts.is_empty() {
        return Ok(writeln!(out, "nothing is in quarantine")?);
    }
    let mut reasons = Columns::new(["reason", "records"]);
    for (reason, count) in counts {
        reasons.add([reason, &count.to_string()]);
    }
    write!(out, "{}", reasons.text(&[]))?;
    let total: u64 = counts.iter().map(|(_, count)| count).sum();
    let current = store.count_open()?;
    if current < total {
        writeln!(
            out,
            "\n{current} of them are current; the others became events, or are of an earlier version of their log"
        )?;
    }
    let mut rows = Columns::new(["log", "line", "byte", "reason", "state", "detail"]);
    let mut listed = 0;
    store.each::<PrintError>(limit, |row| {
        listed += 1;
        let RejectRow { place, .. } = &row;
        let state = match (row.retried_position, row.current) {
            (Some(position), _) => format!("event {position} since a retry"),
            (None, true) => "rejected".to_owned(),
            (None, false) => "of an earlier version of its log".to_owned(),
        };
        let (line, offset) = (place.line.to_string(), place.offset.to_string());
        let detail = with_range(&row.reason, row.detail.clone(), (place.offset, place.offset + row.bytes));
        rows.add([&row.path, &line, &offset, &row.reason, &state, &detail]);
        Ok(())
    })?;
    if listed > 0 {
        write!(out, "\n{}", rows.text(&[(5, 30), (0, 20)]))?;
    }
    if total > listed {
        writeln!(out, "\n{} more are not listed: raise --limit", total - listed)?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Retried<'r> {
    #[serde(flatten)]
    report: &'r RetryReport,
    dry_run: bool,
    store: Store,
}

#[derive(Serialize)]
struct Store {
    path: String,
}

pub fn retried(
    report: &RetryReport,
    dry_run: bool,
    store: &Path,
    format: Format,
    out: &mut dyn Write,
) -> io::Result<()> {
    let retried = Retried { report, dry_run, store: Store { path: store.display().to_string() } };
    match format {
        Format::Json => output::json_document(out, &retried),
        Format::Jsonl => output::json_line(out, &retried),
        Format::Human => human_retried(report, dry_run, out),
    }
}

fn human_retried(report: &RetryReport, dry_run: bool, out: &mut dyn Write) -> io::Result<()> {
    let RetryReport { tried, imported, already_present, duplicates, still_rejected, .. } = report;
    let mut table = Columns::new(["tried", "imported", "already present", "duplicates", "still rejected"]);
    let numbers = [tried, imported, already_present, duplicates, still_rejected].map(u64::to_string);
    table.add(numbers.each_ref().map(String::as_str));
    write!(out, "{}", table.text(&[]))?;
    for (reason, count) in &report.reasons {
        writeln!(out, "\nstill rejected, {reason}: {count}")?;
        for reject in report.rejects.iter().filter(|reject| reject.reason == *reason).take(SHOWN) {
            let (path, detail) = (visible(&reject.path), visible(&reject.detail));
            writeln!(out, "  {path}, line {}, byte {}: {detail}", reject.place.line, reject.place.offset)?;
        }
    }
    if report.holding_records > 0 {
        writeln!(
            out,
            "\n{} whole records, which an earlier version of this program overlooked: move their logs to\n\
             other names and import these, and the records are found",
            counted(report.holding_records, "of them holds", "of them hold")
        )?;
    }
    if dry_run {
        writeln!(out, "\nnothing was changed: this was a dry run")?;
    }
    Ok(())
}
