//! What an import did, for people and for programs.

use std::io::{self, Write};
use std::path::Path;

use chrono::TimeDelta;

use crate::application::import::{
    ClockRefusal, ImportReport, MissingPart, Overlap, RecordCounts, Refusal, RejectedRecord, ReplacedPart,
    SharedRecords,
};
use crate::application::log_source::SkippedFile;
use crate::cli::output::{self, Format, visible};
use crate::cli::rejected::{self, ListedReject};
use crate::cli::table::Columns;
use crate::domain::counted::counted;
use crate::domain::event::format_timestamp;
use crate::infrastructure::config::{Backend, Config, Source};
use crate::wire::mapping::Mapping;
use crate::wire::unix_time::TimestampUnit;

/// How many files of a folder that were not read are named to people.
const SHOWN_FILES: usize = 20;
/// How many logs, and pairs of logs, are named to people.
const SHOWN_LOGS: usize = 3;

/// Says what the operator may not expect.
pub fn warn(report: &ImportReport, mapping: &Mapping, config: &Config, database: &Path) {
    let naive = report.flags.get("naive").copied().unwrap_or(0);
    if naive > 0 && matches!(config.timezone.source, Source::Default { .. }) {
        tracing::warn!(
            "{} a timestamp without offset, which was read as UTC, because no `timezone` is set. \
             If the log was written in another zone, set it and import into a new store",
            counted(naive, "record has", "records have")
        );
    }
    if let (Mapping::Declared(declared), Some(times)) = (mapping, report.mapped_times)
        && declared.timestamp_unit != TimestampUnit::Iso
        && times.is_doubtful()
    {
        tracing::warn!(
            "the times of the records lie between {} and {}: they are numbers that were read in the unit {}; \
             is that of some another one (--timestamp-unit)? Then import into a new store with it",
            format_timestamp(times.first),
            format_timestamp(times.last),
            declared.timestamp_unit
        );
    }
    let differing: Vec<String> = report
        .twins
        .iter()
        .filter(|(class, _)| **class != "matched")
        .map(|(class, count)| format!("{class} {count}"))
        .collect();
    if !differing.is_empty() {
        tracing::warn!(
            "some records are not quite what the other system wrote of the same event ({}); both texts are kept: run compare-logs",
            differing.join(", ")
        );
    }
    if report.kept_apart > 0 {
        let records = match report.kept_apart {
            1 => "1 record resembles what the other system wrote, and it is not certain that it is the same event: \
                  it is counted on its own"
                .to_owned(),
            count => format!(
                "{count} records resemble what the other system wrote, and it is not certain that they are the same \
                 events: they are counted on their own"
            ),
        };
        tracing::warn!("{records}; run compare-logs");
    }
    for shared in report.shared_records.iter().take(SHOWN_LOGS) {
        let SharedRecords { path, first, records } = shared;
        tracing::warn!(
            "{}, and stored once. \
             If these are parts of one log, import them with --parts: each of the records is an event then",
            match records {
                1 => format!("1 record without id of {} is also in {}", visible(path), visible(first)),
                _ => format!(
                    "{records} records without id of {} are also in {}",
                    visible(path),
                    visible(first)
                ),
            }
        );
    }
    if report.shared_records.len() > SHOWN_LOGS {
        tracing::warn!(
            "{} records without id (--format json lists them)",
            counted(
                (report.shared_records.len() - SHOWN_LOGS) as u64,
                "more pair of logs shares",
                "more pairs of logs share"
            )
        );
    }
    if config.storage_backend.value == Backend::Jsonl {
        tracing::warn!(
            "the active backend is jsonl: what was imported is in {}, which is not the active store until storage.backend is sqlite",
            database.display()
        );
    }
}

/// What was done, in one sentence.
pub fn summary(report: &ImportReport) -> String {
    if report.refused.is_some() {
        return "nothing was imported: the import was refused".to_owned();
    }
    if report.dry_run {
        return "nothing was imported: this was a dry run".to_owned();
    }
    let RecordCounts { records, imported, rejected, .. } = report.total;
    format!(
        "{imported} of {} imported, {rejected} rejected; {} holds {}",
        counted(records, "record was", "records were"),
        report.store.path,
        counted(report.store.events, "event", "events")
    )
}

pub fn report(report: &ImportReport, format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Json => output::json_document(out, report),
        // One object is the result: as jsonl it is one line.
        Format::Jsonl => output::json_line(out, report),
        Format::Human => human(report, out),
    }
}

fn human(report: &ImportReport, out: &mut dyn Write) -> io::Result<()> {
    let mut lines: Vec<(&str, &RecordCounts)> =
        report.sources.iter().map(|source| (source.path.as_str(), &source.counts)).collect();
    if lines.len() > 1 {
        lines.push(("total", &report.total));
    }
    let table = if report.total.matched_existing > 0 { with_matched(&lines) } else { plain(&lines) };
    write!(out, "{table}")?;
    if !report.flags.is_empty() {
        let flags: Vec<String> = report.flags.iter().map(|(name, count)| format!("{name} {count}")).collect();
        writeln!(out, "\nkept, and flagged: {}", flags.join(", "))?;
    }
    if report.in_doubt > 0 {
        let lines = counted(report.in_doubt, "line", "lines");
        writeln!(out, "\nin doubt, and not imported: {lines} of damaged compressed data")?;
    }
    let (findings, others): (Vec<_>, Vec<_>) =
        report.skipped_files.iter().partition(|file| file.may_hold_events());
    if !others.is_empty() {
        writeln!(out, "\nnot read:")?;
        skipped(out, &others)?;
    }
    if !findings.is_empty() {
        writeln!(
            out,
            "\nnot read, and there may be events in it: do what is said of it, or name it as well, or move it out of the folder"
        )?;
        skipped(out, &findings)?;
    }
    for source in report.sources.iter().filter(|source| source.left_bytes > 0) {
        writeln!(
            out,
            "\n{} has grown since: {} left to the next import",
            visible(&source.path),
            counted(source.left_bytes, "byte is", "bytes are")
        )?;
    }
    for MissingPart { path, missing, source_id, records } in report.missing_parts.iter().take(SHOWN_LOGS) {
        writeln!(
            out,
            "\nin {}, records without id ({records}) are equal to records of\n\
             {}, a part that was imported before and is not among these. Whether they\n\
             are the same ones is not certain; where they are later ones, they are not in the store. Name all parts;\n\
             one that was deleted comes back with export --source {source_id}",
            visible(path),
            visible(missing)
        )?;
    }
    for ReplacedPart { path, records, .. } in report.replaced_parts.iter().take(SHOWN_LOGS) {
        writeln!(
            out,
            "\n{} is another file than was imported from there before, and begins with its bytes:\n\
             a copy of it, or a log that was begun anew. Its first records are taken for those of before ({records} without\n\
             id). If they are later ones, they are not in the store: import it with a copy of the part that was there\n\
             before, under another name, into a new store. A copy that keeps its times (cp -p) is known as one",
            visible(path)
        )?;
    }
    let rejects: Vec<_> = report.rejects.iter().map(listed).collect();
    rejected::reasons(out, "", &report.reasons, &rejects, Some("rejects"))?;
    match &report.refused {
        Some(Refusal::Overlap(overlap)) => return refused_overlap(out, overlap),
        Some(Refusal::Clocks(clocks)) => return refused_clocks(out, clocks),
        Some(Refusal::Strict) => {
            return writeln!(out, "\nnothing was imported: --strict takes all records or none");
        }
        None if report.dry_run => return writeln!(out, "\nnothing was imported: this was a dry run"),
        None => {}
    }
    if report.total.rejected > 0 {
        let except = match report.rejects.iter().any(|reject| reject.loses_bytes) {
            true => ", but for what is said to be kept nowhere",
            false => "",
        };
        writeln!(
            out,
            "\nrejected records are kept in the store with their bytes{except}; nothing was changed in the files"
        )?;
    }
    writeln!(
        out,
        "\n{} holds {} ({:.1} s)",
        visible(&report.store.path),
        counted(report.store.events, "event", "events"),
        report.elapsed_seconds
    )
}

fn listed(reject: &RejectedRecord) -> ListedReject<'_> {
    let RejectedRecord { path, place, reason, detail, .. } = reject;
    ListedReject { reason, place: format!("{path}, line {}, byte {}", place.line, place.offset), detail }
}

fn skipped(out: &mut dyn Write, files: &[&SkippedFile]) -> io::Result<()> {
    for line in skipped_lines(files.iter().copied()) {
        writeln!(out, "  {}", visible(&line))?;
    }
    Ok(())
}

/// A line for each of the first files that were not read, and one for the rest.
pub fn skipped_lines<'f>(files: impl ExactSizeIterator<Item = &'f SkippedFile>) -> Vec<String> {
    let unlisted = files.len().saturating_sub(SHOWN_FILES);
    let mut lines: Vec<String> =
        files.take(SHOWN_FILES).map(|file| format!("{}: {}", file.path, file.reason)).collect();
    if unlisted > 0 {
        lines.push(format!("and {unlisted} more (--format json lists them)"));
    }
    lines
}

fn refused_overlap(out: &mut dyn Write, overlap: &Overlap) -> io::Result<()> {
    let Overlap { records, first, last, native_first, native_last } = overlap;
    writeln!(
        out,
        "\nnothing was imported: {}, from {} to {},\n\
         {} in the time of the new system's events, from {} to {}.\n\
         Both systems may have recorded the same events, and they would be counted twice. The ways out:\n\
         \x20 --until {}  imports what lies before the new system's time\n\
         \x20 --overlap match  matches what is the same event, and counts it once\n\
         \x20 --overlap keep  imports both, where they are different events",
        counted(*records, "record without identity", "records without identity"),
        format_timestamp(*first),
        format_timestamp(*last),
        if *records == 1 { "lies" } else { "lie" },
        format_timestamp(*native_first),
        format_timestamp(*native_last),
        format_timestamp(*native_first - TimeDelta::microseconds(1)),
    )
}

fn refused_clocks(out: &mut dyn Write, clocks: &ClockRefusal) -> io::Result<()> {
    let ClockRefusal { day, offset_ms, max_offset_ms } = clocks;
    let (seconds, most) = (*offset_ms as f64 / 1000.0, max_offset_ms / 1000);
    writeln!(
        out,
        "\nnothing was imported: on {day} the clocks of the two systems are {seconds} s apart, and {most} s\n\
         are the most at which their records can be told to be the same events. The ways out:\n\
         \x20 the setting timezone, where the naive times of the legacy log were written in another zone\n\
         \x20 --overlap keep  imports both, where they are different events"
    )
}

fn plain(lines: &[(&str, &RecordCounts)]) -> String {
    let mut table =
        Columns::new(["source", "records", "imported", "already present", "duplicates", "rejected"]);
    for (name, counts) in lines {
        let RecordCounts { records, imported, already_present, duplicates, rejected, .. } = counts;
        let numbers = [records, imported, already_present, duplicates, rejected].map(u64::to_string);
        let [records, imported, present, duplicates, rejected] = numbers.each_ref().map(String::as_str);
        table.add([*name, records, imported, present, duplicates, rejected]);
    }
    table.text(&[])
}

/// The same where records are twins of what the other system wrote.
fn with_matched(lines: &[(&str, &RecordCounts)]) -> String {
    let mut table = Columns::new([
        "source",
        "records",
        "imported",
        "matched existing",
        "already present",
        "duplicates",
        "rejected",
    ]);
    for (name, counts) in lines {
        let RecordCounts {
            records, imported, matched_existing, already_present, duplicates, rejected, ..
        } = counts;
        let numbers =
            [records, imported, matched_existing, already_present, duplicates, rejected].map(u64::to_string);
        let [records, imported, matched, present, duplicates, rejected] =
            numbers.each_ref().map(String::as_str);
        table.add([*name, records, imported, matched, present, duplicates, rejected]);
    }
    table.text(&[])
}
