//! What an import did, for people and for programs.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use chrono::TimeDelta;

use crate::application::import::{Counts, ImportReport, Overlap, Refusal, RejectedRecord};
use crate::cli::output::{self, Format, OutputError, visible};
use crate::cli::table::Columns;
use crate::domain::event::format_timestamp;
use crate::infrastructure::config::{Backend, Config, Source};

/// How many places of each reason are shown to people.
const SHOWN_PLACES: usize = 3;

/// Says what the operator may not expect.
pub fn warn(report: &ImportReport, config: &Config, database: &Path) {
    let naive = report.flags.get("naive").copied().unwrap_or(0);
    if naive > 0 && matches!(config.timezone.source, Source::Default { .. }) {
        tracing::warn!(
            "{naive} records have a timestamp without offset; they were read as UTC, because no `timezone` is set. \
             If the log was written in another zone, set it and import into a new store"
        );
    }
    if config.storage_backend.value == Backend::Jsonl {
        tracing::warn!(
            "the active backend is jsonl: what was imported is in {}, which is not the active store until storage.backend is sqlite",
            database.display()
        );
    }
}

pub fn report(report: &ImportReport, format: Format) -> Result<(), OutputError> {
    match format {
        Format::Json => output::json_document(report),
        // One object is the result: as jsonl it is one line.
        Format::Jsonl => output::json_line(report),
        Format::Human => human(report),
    }
}

fn human(report: &ImportReport) -> Result<(), OutputError> {
    let mut table =
        Columns::new(["source", "records", "imported", "already present", "duplicates", "rejected"]);
    for source in &report.sources {
        table.add(row(&source.path, &source.counts).each_ref().map(String::as_str));
    }
    if report.sources.len() > 1 {
        table.add(row("total", &report.total).each_ref().map(String::as_str));
    }
    output::result(|out| {
        write!(out, "{}", table.text(&[]))?;
        if !report.flags.is_empty() {
            let flags: Vec<String> =
                report.flags.iter().map(|(name, count)| format!("{name} {count}")).collect();
            writeln!(out, "\nkept, and flagged: {}", flags.join(", "))?;
        }
        if !report.skipped_files.is_empty() {
            writeln!(out, "\nnot read:")?;
        }
        for file in &report.skipped_files {
            writeln!(out, "  {}: {}", visible(&file.path), file.reason)?;
        }
        for (reason, rejects) in by_reason(&report.rejects) {
            writeln!(out, "\nrejected, {reason}:")?;
            for reject in rejects.iter().take(SHOWN_PLACES) {
                let RejectedRecord { path, place, detail, .. } = reject;
                writeln!(
                    out,
                    "  {}, line {}, byte {}: {}",
                    visible(path),
                    place.line,
                    place.offset,
                    visible(detail)
                )?;
            }
            if rejects.len() > SHOWN_PLACES {
                writeln!(out, "  and {} more (--format json lists them)", rejects.len() - SHOWN_PLACES)?;
            }
        }
        let unlisted = report.total.rejected.saturating_sub(report.rejects.len() as u64);
        if unlisted > 0 {
            writeln!(out, "\n{unlisted} more rejected records are counted, and not listed")?;
        }
        match &report.refused {
            Some(Refusal::Overlap(overlap)) => return refused_overlap(out, overlap),
            Some(Refusal::Strict) => {
                return writeln!(out, "\nnothing was imported: --strict takes all records or none");
            }
            None if report.dry_run => return writeln!(out, "\nnothing was imported: this was a dry run"),
            None => {}
        }
        if report.total.rejected > 0 {
            writeln!(
                out,
                "\nrejected records are kept in the store with their bytes; nothing was changed in the files"
            )?;
        }
        writeln!(
            out,
            "\n{} holds {} events ({:.1} s)",
            visible(&report.store.path),
            report.store.events,
            report.elapsed_seconds
        )
    })
}

fn refused_overlap(out: &mut dyn Write, overlap: &Overlap) -> io::Result<()> {
    let Overlap { records, first, last, native_first, native_last } = overlap;
    writeln!(
        out,
        "\nnothing was imported: {records} records without identity, from {} to {},\n\
         lie in the time of the new system's events, from {} to {}.\n\
         Both systems may have recorded the same life, and it would be counted twice. The ways out:\n\
         \x20 --until {}  imports what lies before the new system's time\n\
         \x20 --overlap keep  imports both, where they are different events",
        format_timestamp(*first),
        format_timestamp(*last),
        format_timestamp(*native_first),
        format_timestamp(*native_last),
        format_timestamp(*native_first - TimeDelta::microseconds(1)),
    )
}

fn row(name: &str, counts: &Counts) -> [String; 6] {
    let numbers =
        [counts.records, counts.imported, counts.already_present, counts.duplicates, counts.rejected];
    let [records, imported, present, duplicates, rejected] = numbers.map(|number| number.to_string());
    [name.to_owned(), records, imported, present, duplicates, rejected]
}

fn by_reason(rejects: &[RejectedRecord]) -> BTreeMap<&str, Vec<&RejectedRecord>> {
    let mut groups: BTreeMap<&str, Vec<&RejectedRecord>> = BTreeMap::new();
    for reject in rejects {
        groups.entry(reject.reason.as_str()).or_default().push(reject);
    }
    groups
}
