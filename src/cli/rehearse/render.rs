//! A rehearsal as text: what a cutover would say first, then each step, then why.

use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;

use crate::application::rehearsal::{RehearsalReport, RehearsalScope, RehearsalVerdict, StepOutcome};
use crate::cli::output::visible;
use crate::cli::table::Columns;
use crate::domain::path_text::{self, text_of};

/// So many reasons of a step are shown.
const SHOWN: usize = 10;

/// The result, and where it can be looked at.
#[derive(Debug, Serialize)]
pub struct Rehearsed {
    #[serde(flatten)]
    pub report: RehearsalReport,
    /// The folder, where it stays.
    #[serde(serialize_with = "path_text::serialize_some")]
    pub folder: Option<PathBuf>,
    /// The number of its record in the evidence, where it is evidence.
    pub recorded_as: Option<u64>,
}

/// What was rehearsed, in a sentence.
pub fn verdict(report: &RehearsalReport) -> &'static str {
    match (report.scope, report.verdict) {
        (_, RehearsalVerdict::Broken) => "NOT REHEARSED: a step could not be made",
        (RehearsalScope::Migration, RehearsalVerdict::Holds) => {
            "REHEARSED: nothing on these copies speaks against a cutover"
        }
        (RehearsalScope::Migration, RehearsalVerdict::Fails) => "REHEARSED: a cutover would say NO-GO",
        (RehearsalScope::Rollback, RehearsalVerdict::Holds) => "REHEARSED: there is a way back",
        (RehearsalScope::Rollback, RehearsalVerdict::Fails) => "REHEARSED: the way back loses something",
        (RehearsalScope::State, RehearsalVerdict::Holds) => {
            "REHEARSED: both logs leave every task in the same state"
        }
        (RehearsalScope::State, RehearsalVerdict::Fails) => {
            "REHEARSED: the logs leave tasks in different states"
        }
        (_, RehearsalVerdict::Inconclusive) => "REHEARSED: inconclusive, something cannot be said",
    }
}

/// Writes the report.
pub fn report(rehearsed: &Rehearsed, out: &mut dyn Write) -> io::Result<()> {
    let Rehearsed { report, folder, recorded_as } = rehearsed;
    writeln!(out, "{}\n", verdict(report))?;
    let mut table = Columns::new(["step", "outcome", "what was found"]);
    for step in &report.steps {
        let outcome = step.outcome.as_str().replace('_', " ");
        let found = format!("{} ({:.1} s)", step.summary, step.elapsed_seconds);
        table.add([step.step.as_str(), &outcome, &found]);
    }
    write!(out, "{}", table.text(&[(2, 20)]))?;
    for step in
        report.steps.iter().filter(|step| step.outcome != StepOutcome::Holds && !step.reasons.is_empty())
    {
        writeln!(out, "\n{}:", step.step.as_str())?;
        for reason in step.reasons.iter().take(SHOWN) {
            writeln!(out, "  - {}", visible(reason))?;
        }
        if step.reasons.len() > SHOWN {
            writeln!(out, "and {} more (--format json lists them)", step.reasons.len() - SHOWN)?;
        }
    }
    if let Some(number) = recorded_as {
        writeln!(out, "\nrecorded as number {number} in the evidence")?;
    }
    match folder {
        Some(folder) => write!(out, "\nthe copies are in {}", visible(&text_of(folder)))?,
        None => write!(out, "\nthe originals were only read, and the copies are removed")?,
    }
    writeln!(out, " ({:.1} s)", report.elapsed_seconds)
}
