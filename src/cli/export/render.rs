//! What an export wrote, for people and for programs.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::application::export::{Exported, ExportedFile};
use crate::cli::output::{self, Format, visible};
use crate::cli::table::Columns;
use crate::domain::counted::counted;
use crate::domain::path_text::text_of;

#[derive(Serialize)]
struct Report<'e> {
    to: String,
    #[serde(flatten)]
    exported: &'e Exported,
    store: Store,
    elapsed_seconds: f64,
}

#[derive(Serialize)]
struct Store {
    path: String,
}

pub fn report(
    exported: &Exported,
    to: &Path,
    database: &Path,
    elapsed: Duration,
    format: Format,
    out: &mut dyn Write,
) -> io::Result<()> {
    let report = Report {
        to: text_of(to),
        exported,
        store: Store { path: database.display().to_string() },
        elapsed_seconds: elapsed.as_secs_f64(),
    };
    match format {
        Format::Json => output::json_document(out, &report),
        // One object is the result: as jsonl it is one line.
        Format::Jsonl => output::json_line(out, &report),
        Format::Human => human(&report, out),
    }
}

fn human(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Report { to, exported, store, elapsed_seconds } = report;
    let (written, missing): (Vec<&ExportedFile>, Vec<&ExportedFile>) =
        exported.files.iter().partition(|file| file.written);
    let mut table = Columns::new(["file", "records", "bytes", "written from"]);
    for file in &written {
        let origin = match (&file.source_path, &file.reason, &file.compression) {
            (Some(path), _, None) => path.clone(),
            (Some(path), _, Some(compression)) => format!("{path} (decompressed, it was {compression})"),
            (None, None, _) => "live events".to_owned(),
            (None, Some(reason), _) => format!("live events; {reason}"),
        };
        table.add([&file.path, &file.records.to_string(), &file.bytes.to_string(), &origin]);
    }
    if !written.is_empty() {
        writeln!(out, "{}", table.text(&[]))?;
    }
    for file in written.iter().filter(|file| file.source_id.is_some() && !file.exact) {
        let (origin, reason) = (file.source_path.as_deref(), file.reason.as_deref());
        let (origin, reason) = (origin.unwrap_or_default(), reason.unwrap_or_default());
        writeln!(out, "not whole: {} ({}): {}\n", visible(&file.path), visible(origin), visible(reason))?;
    }
    for file in &missing {
        let what = file.source_path.as_deref().unwrap_or("live events");
        let reason = file.reason.as_deref().unwrap_or_default();
        writeln!(out, "not written: {} ({}): {}\n", visible(&file.path), visible(what), visible(reason))?;
    }
    for log in &exported.left_out {
        writeln!(
            out,
            "not written: {} of an earlier import of {}, which its latest one does not have\n\
             \x20 (--source {} writes that log)\n",
            counted(log.events, "event", "events"),
            visible(&log.path),
            log.source_id
        )?;
    }
    if exported.missing_records > 0 {
        writeln!(
            out,
            "not written: {} that the store had; another program has removed rows (import-legacy restores \
             what is in the logs)\n",
            counted(exported.missing_records, "record", "records")
        )?;
    }
    if exported.files.is_empty() {
        return writeln!(out, "{} holds no events to write: nothing was written", visible(&store.path));
    }
    let live = written.iter().filter(|file| file.source_id.is_none()).count();
    let logs = written.iter().filter(|file| file.source_id.is_some() && file.exact).count();
    writeln!(
        out,
        "written to {}: {}, with the size and SHA-256 of the import; {} of live events ({elapsed_seconds:.1} s)",
        visible(to),
        counted(logs as u64, "imported log", "imported logs"),
        counted(live as u64, "file", "files"),
    )
}
