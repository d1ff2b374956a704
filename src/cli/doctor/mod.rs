//! `doctor`: what can be wrong, each finding with its remedy.

mod bundle;
mod checks;
mod disk_checks;
mod handler_checks;
mod render;
mod stores;
mod subjects;

use std::path::PathBuf;

use clap::Args;

use super::answer::Answer;
use super::error::CliError;
use super::exit_code::ExitCode;
use super::global::Context;
use super::output::{self, Format};
use crate::application::doctor::Diagnosis;

use bundle::Bundle;

const EXAMPLES: &str = "\
Examples:
  mission-events doctor
  mission-events doctor --thorough --format json | jq .findings
  mission-events doctor --bundle report.json

Exit codes: 0 there is nothing to be looked after; 1 there is; 4 something could not be looked at.";

/// Find what is wrong with the event systems: each finding with its remedy
///
/// Looked at are: the mode of the event system and of its processes, types of events without a handler, handlers and mirrors, both databases,
/// torn and damaged files, times without offset, the time that dispatches and a sync of the disk take, the room on the disk, and
/// where the legacy system is built in, its log and what it watches. What cannot be looked at is a finding too.
///
/// Nothing is changed; a probe file in the folder of the store is there for a moment. All events of the active store are read.
///
/// `--format json` prints {"findings": [{"check", "severity": "finding"|"note", "subject", "detail", "remedy", "could_not_look"}], "checked": [...]},
/// `--format jsonl` a finding a line.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct DoctorArgs {
    /// Check the databases in full: indexes against tables, too
    #[arg(long)]
    thorough: bool,

    /// Write a report for the maintainers to FILE, as one JSON document, which must not exist
    ///
    /// It holds the flag, the settings with their sources, versions, findings, the status, failures of handlers and figures of dispatching, and no
    /// event. Error texts may hold values of events; they are shortened. Paths below your home folder begin with ~. Read it before you send it.
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,

    /// With --bundle: add up to 5 events of each type, as they are stored
    #[arg(long, requires = "bundle")]
    with_events: bool,
}

/// Runs the command.
pub fn run(args: &DoctorArgs, context: &Context) -> Result<Answer, CliError> {
    if let Some(file) = &args.bundle {
        bundle::ensure_new(file)?;
    }
    let (diagnosis, store) = checks::diagnose(&context.config, args.thorough);
    let written = match &args.bundle {
        Some(file) => {
            bundle::write(file, &Bundle::of(&context.config, &store, &diagnosis, args.with_events))?;
            Some(file.clone())
        }
        None => None,
    };
    let code = exit_code(&diagnosis);
    let summary = render::summary(&diagnosis, written.as_deref());
    let format = context.format;
    Ok(Answer::new(code, Some(summary), move |out| match format {
        Format::Human => render::print(&diagnosis, written.as_deref(), out),
        Format::Json => output::json_document(out, &diagnosis),
        Format::Jsonl => diagnosis.findings.iter().try_for_each(|finding| output::json_line(out, finding)),
    }))
}

fn exit_code(diagnosis: &Diagnosis) -> ExitCode {
    match (diagnosis.is_incomplete(), diagnosis.has_findings()) {
        (true, _) => ExitCode::Storage,
        (false, true) => ExitCode::Negative,
        (false, false) => ExitCode::Done,
    }
}
