//! What was backed up, for people and for programs.

use std::io::{self, Write};

use serde::Serialize;

use crate::application::backup::{BackupReport, LeftBackup};
use crate::cli::output::visible;

/// What `backup` answers; its keys are part of the contract.
#[derive(Debug, Serialize)]
pub struct BackedUp {
    #[serde(flatten)]
    pub report: BackupReport,
    /// Its number in the evidence; `None` where it could not be recorded.
    pub recorded_as: Option<u64>,
    pub elapsed_seconds: f64,
}

impl BackedUp {
    /// In a line.
    pub fn summary(&self) -> String {
        let BackupReport { backup, events, last_position, .. } = &self.report;
        let up_to = last_position.map_or_else(String::new, |position| format!(" up to position {position}"));
        format!("{} is a backup of {events} events{up_to}", visible(backup))
    }
}

pub fn human(backed_up: &BackedUp, out: &mut dyn Write) -> io::Result<()> {
    let report = &backed_up.report;
    let BackupReport { store, files, log_growth_bytes, snapshot_held_ms, left_out, .. } = report;
    let bytes: u64 = files.iter().map(|file| file.bytes).sum();
    writeln!(out, "{}", backed_up.summary())?;
    let whole =
        if report.findings.is_empty() { "whole by its own checks" } else { "NOT WHOLE, as the store" };
    writeln!(out, "of {}: {} files, {bytes} bytes; {whole}", visible(store), files.len())?;
    for finding in &report.findings {
        let (place, detail) = (visible(&finding.place), visible(&finding.detail));
        writeln!(out, "{}: {place}: {detail}", finding.check.as_str())?;
    }
    if *log_growth_bytes > 0 {
        writeln!(
            out,
            "the write-ahead log of the store grew by {log_growth_bytes} bytes while it was read, for {snapshot_held_ms} ms"
        )?;
    }
    for sentence in left_out {
        writeln!(out, "left out: {}", visible(sentence))?;
    }
    for path in &report.removed {
        writeln!(out, "removed: {}", visible(path))?;
    }
    for LeftBackup { backup, reason } in &report.left {
        writeln!(out, "left: {}: {}", visible(backup), visible(reason))?;
    }
    let recorded = backed_up.recorded_as.map_or_else(
        || "not recorded".to_owned(),
        |number| format!("recorded as number {number} in the evidence"),
    );
    writeln!(out, "{recorded} ({:.1} s)", backed_up.elapsed_seconds)
}
