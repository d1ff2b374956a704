//! The gate for people.

use std::io::{self, Write};
use std::path::Path;

use crate::application::gate::{
    Criterion, CriterionVerdict, DayState, Gate, GateDay, GateReport, GateVerdict,
};
use crate::cli::output::visible;
use crate::cli::table::Columns;

/// The criteria, why those that do not hold do not, and the answer; with `explain` everything that is known. `page` is where the
/// HTML report is, if one was written.
pub fn print(report: &GateReport, explain: bool, page: Option<&Path>, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Columns::new(["criterion", "verdict", "found", "needed"]);
    for criterion in &report.criteria {
        let verdict = criterion.verdict.to_string();
        table.add([criterion.name.as_str(), &verdict, &criterion.value, &criterion.threshold]);
    }
    writeln!(out, "{}", table.text(&[(3, 16), (2, 30)]))?;
    if explain {
        report.criteria.iter().try_for_each(|criterion| explained(criterion, out))?;
        days(&report.days, out)?;
    } else {
        not_held(&report.criteria, out)?;
    }
    writeln!(out, "{}", visible(&summary(report)))?;
    match page {
        Some(page) => writeln!(out, "the report is {}", visible(&page.display().to_string())),
        None => Ok(()),
    }
}

/// The first reason and remedy of the criteria that do not hold; those with the same ones are told together.
fn not_held(criteria: &[Criterion], out: &mut dyn Write) -> io::Result<()> {
    let first =
        |criterion: &Criterion| (criterion.reasons.first().cloned(), criterion.remedies.first().cloned());
    let mut told = Vec::new();
    for criterion in criteria.iter().filter(|criterion| criterion.verdict != CriterionVerdict::Holds) {
        let (reason, remedy) = first(criterion);
        if told.contains(&(reason.clone(), remedy.clone())) {
            continue;
        }
        let same = criteria.iter().filter(|other| first(other) == (reason.clone(), remedy.clone()));
        let names: Vec<&str> = same.map(|criterion| criterion.name.as_str()).collect();
        let more = match criterion.reasons.len() {
            0 | 1 => String::new(),
            count => format!(" (and {} more: --explain)", count - 1),
        };
        writeln!(out, "{}: {}{more}", names.join(", "), visible(reason.as_deref().unwrap_or_default()))?;
        writeln!(out, "    {}\n", visible(remedy.as_deref().unwrap_or_default()))?;
        told.push((reason, remedy));
    }
    Ok(())
}

fn explained(criterion: &Criterion, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}: {}", criterion.name.as_str(), criterion.verdict)?;
    writeln!(out, "    {}.", criterion.sentence)?;
    writeln!(out, "    found:  {}", visible(&criterion.value))?;
    writeln!(out, "    needed: {}", visible(&criterion.threshold))?;
    for (label, texts) in
        [("why", &criterion.reasons), ("helps", &criterion.remedies), ("note", &criterion.notes)]
    {
        for text in texts {
            writeln!(out, "    {:<7} {}", format!("{label}:"), visible(text))?;
        }
    }
    writeln!(out)
}

/// The days, those in a row without events on one line.
fn days(days: &[GateDay], out: &mut dyn Write) -> io::Result<()> {
    if days.is_empty() {
        return writeln!(out, "no day was compared\n");
    }
    let mut table =
        Columns::new(["day", "state", "counts", "control", "candidate", "differences", "records", ""]);
    for run in days.chunk_by(|one, other| (one.state, other.state) == (DayState::Quiet, DayState::Quiet)) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        let day = match run.len() {
            1 => first.day.to_string(),
            _ => format!("{} to {}", first.day, last.day),
        };
        let counts = if first.is_counted { "yes" } else { "" };
        let records: Vec<String> = first.records.iter().map(u64::to_string).collect();
        table.add([
            &day,
            first.state.as_words(),
            counts,
            &first.control.to_string(),
            &first.candidate.to_string(),
            &first.differences.to_string(),
            &records.join(", "),
            first.reason.as_deref().unwrap_or_default(),
        ]);
    }
    writeln!(out, "{}", table.text(&[(6, 8), (7, 20)]))
}

/// The answer in one sentence.
pub fn summary(report: &GateReport) -> String {
    let count = |verdict| report.criteria.iter().filter(|criterion| criterion.verdict == verdict).count();
    let of = report.criteria.len();
    let step = match report.gate {
        Gate::Cutover => "the cutover",
        Gate::Finalise => "deleting the legacy system",
    };
    let found = match report.verdict {
        GateVerdict::Go => format!("all {of} criteria hold"),
        GateVerdict::NoGo | GateVerdict::NotEnoughEvidence => format!(
            "of {of} criteria {} hold, {} fail, {} lack evidence",
            count(CriterionVerdict::Holds),
            count(CriterionVerdict::Fails),
            count(CriterionVerdict::NotEnoughEvidence)
        ),
    };
    format!("{} for {step}: {found}", report.verdict)
}
