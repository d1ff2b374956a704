//! What an import did, for people and for programs.

use std::collections::BTreeMap;
use std::path::Path;

use crate::application::import::{Counts, ImportReport, RejectedRecord};
use crate::cli::output::{self, Format, OutputError, visible};
use crate::cli::table::Columns;
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
        if report.total.rejected > 0 {
            writeln!(
                out,
                "\nrejected records stay where they are, in their files; nothing was changed there"
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

fn row(name: &str, counts: &Counts) -> [String; 6] {
    let numbers =
        [counts.records, counts.imported, counts.already_present, counts.duplicates, counts.rejected];
    let [records, imported, present, duplicates, rejected] = numbers.map(|number| number.to_string());
    [name.to_owned(), records, imported, present, duplicates, rejected]
}

fn by_reason(rejects: &[RejectedRecord]) -> BTreeMap<&'static str, Vec<&RejectedRecord>> {
    let mut groups: BTreeMap<&'static str, Vec<&RejectedRecord>> = BTreeMap::new();
    for reject in rejects {
        groups.entry(reject.reason).or_default().push(reject);
    }
    groups
}
