//! Findings for people.

use std::io::{self, Write};
use std::path::Path;

use crate::application::doctor::{Diagnosis, Finding, Severity};
use crate::cli::output::visible;
use crate::cli::table::Columns;

/// A line for each finding and note, and what was found in one sentence.
pub fn print(diagnosis: &Diagnosis, bundle: Option<&Path>, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Columns::new(["", "about", "what", "remedy"]);
    // What is to be looked after stands first.
    for wanted in [Severity::Finding, Severity::Note] {
        for finding in diagnosis.findings.iter().filter(|finding| finding.severity == wanted) {
            table.add([label(finding), &finding.subject, &finding.detail, &finding.remedy]);
        }
    }
    if !diagnosis.findings.is_empty() {
        writeln!(out, "{}", table.text(&[(3, 40), (2, 40), (1, 20)]))?;
    }
    writeln!(out, "{}", visible(&summary(diagnosis, bundle)))
}

fn label(finding: &Finding) -> &'static str {
    match (finding.could_not_look, finding.severity) {
        (true, _) => "not looked at",
        (false, Severity::Finding) => "finding",
        (false, Severity::Note) => "note",
    }
}

/// What was found, in one sentence.
pub fn summary(diagnosis: &Diagnosis, bundle: Option<&Path>) -> String {
    let count = |is: fn(&&Finding) -> bool| diagnosis.findings.iter().filter(is).count();
    let unread = count(|finding| finding.could_not_look);
    let findings = count(|finding| finding.severity == Severity::Finding) - unread;
    let checks = diagnosis.checked.len();
    let mut text = match findings {
        0 => format!("{checks} checks found nothing to be looked after"),
        1 => format!("{checks} checks found 1 thing to be looked after"),
        _ => format!("{checks} checks found {findings} things to be looked after"),
    };
    if unread > 0 {
        text.push_str(&format!("; {unread} could not be looked at"));
    }
    if let Some(bundle) = bundle {
        text.push_str(&format!("; the report is in {}: read it before you send it", bundle.display()));
    }
    text
}
