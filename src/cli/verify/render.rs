//! What was verified, for people.

use std::io::{self, Write};

use crate::application::backup::{Against, Check, Verification};
use crate::cli::output::visible;
use crate::cli::table::Columns;

/// The answer in one line.
pub fn summary(verification: &Verification) -> String {
    let Verification { path, of, holds, events, last_position, made_at, checks, .. } = verification;
    let path = visible(path);
    let made = made_at.as_ref().map_or_else(String::new, |at| format!(" of {at}"));
    if *holds {
        let up_to = last_position.map_or_else(String::new, |position| format!(" up to position {position}"));
        return format!("VERIFIED: the {of} {path}{made} is whole, with {events} events{up_to}");
    }
    let findings: u64 = checks.iter().map(|check| check.findings).sum();
    format!("NOT WHOLE: the {of} {path}{made} has {findings} findings")
}

pub fn human(verification: &Verification, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}\n", summary(verification))?;
    let mut table = Columns::new(["check", "findings", "what has to hold"]);
    for check in &verification.checks {
        let findings = if check.findings == 0 { "none".to_owned() } else { check.findings.to_string() };
        table.add([check.check.as_str(), &findings, sentence(check.check)]);
    }
    writeln!(out, "{}", table.text(&[(2, 30)]))?;
    for finding in &verification.findings {
        writeln!(
            out,
            "{}: {}: {}",
            finding.check.as_str(),
            visible(&finding.place),
            visible(&finding.detail)
        )?;
    }
    for note in &verification.notes {
        writeln!(out, "note: {}", visible(note))?;
    }
    if let Some(against) = &verification.against {
        held(against, out)?;
    }
    let recorded = verification.recorded_as.map_or_else(
        || "not recorded".to_owned(),
        |number| format!("recorded as number {number} in the evidence"),
    );
    writeln!(out, "{recorded} ({:.1} s)", verification.elapsed_seconds)
}

fn held(against: &Against, out: &mut dyn Write) -> io::Result<()> {
    let path = visible(&against.path);
    writeln!(out, "{} events are those of {path}", against.same)?;
    if let Some(place) = &against.first_later_in_other {
        writeln!(out, "it has {} events more, from {place} on, which are not here", against.later_in_other)?;
    }
    if let Some(place) = &against.first_later_here {
        writeln!(out, "{} came after it was made, from {place} on", against.later_here)?;
    }
    if let Some(difference) = &against.first_difference {
        writeln!(out, "{} differ; the first: {}", against.different, visible(difference))?;
    }
    if let Some(place) = &against.first_only_here {
        writeln!(out, "{} are here alone, from {place} on", against.only_here)?;
    }
    for lacking in &against.rows {
        writeln!(out, "{lacking} are lost or others in the later one of the two")?;
    }
    Ok(())
}

fn sentence(check: Check) -> &'static str {
    match check {
        Check::Files => "the files are those of the manifest, by their SHA-256",
        Check::Schema => "triggers and schema are as the program makes them",
        Check::Integrity => "SQLite finds the databases whole",
        Check::ForeignKeys => "what a row refers to is there",
        Check::Positions => "positions count without gaps",
        Check::Rows => "as many rows are there as were stored",
        Check::Bodies => "events are what their texts say",
        Check::DerivedIds => "derived ids are those of their contents",
        Check::Provenance => "imported logs can be given back byte for byte",
        Check::Manifest => "counts and digests are those of the manifest",
        Check::Against => "events are those of the other store",
    }
}
