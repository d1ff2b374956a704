//! The report on a go / no-go decision.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::day_table::DayTable;
use super::facts::{Fact, Source};
use super::gate_view::GateView;
use super::heat_map::HeatMap;
use super::limits::limits;
use super::offsets::Offsets;
use super::outcome::{Outcome, Tone};
use super::page::Page;
use crate::application::evidence::ComparisonEvidence;
use crate::application::evidence::record::DayEvidence;
use crate::application::gate::{Criterion, CriterionVerdict, Gate, GateReport, GateVerdict};
use crate::cli::output::visible;
use crate::domain::event::format_timestamp;

/// What stands for the types of differences of a record that does not name them.
const TYPES_NOT_RECORDED: &str = "types not recorded";

impl Page {
    /// The report on what the gate has judged; `recorded` are the comparisons that it counts, by the numbers of their
    /// records.
    pub fn of_gate(report: &GateReport, recorded: &BTreeMap<u64, &ComparisonEvidence>) -> Self {
        let last = recorded.values().next_back();
        let sources = last.map(|last| {
            vec![
                Source::of_evidence("control", &last.control),
                Source::of_evidence("candidate", &last.candidate),
            ]
        });
        Self {
            subject: match report.gate {
                Gate::Cutover => "Check before the cutover",
                Gate::Finalise => "Check before the legacy system is deleted",
            },
            outcome: outcome(report),
            facts: facts(report),
            classes: Vec::new(),
            gate: Some(GateView::from(report)),
            days: DayTable::default(),
            heat_map: heat_map(report, recorded),
            offsets: last.map(|last| Offsets::from(&last.clock)).unwrap_or_default(),
            differences: None,
            limits: limits(),
            statements: statements(report, recorded),
            sources: sources.unwrap_or_default(),
        }
    }
}

fn outcome(report: &GateReport) -> Outcome {
    let step = match report.gate {
        Gate::Cutover => "The cutover",
        Gate::Finalise => "The deletion of the legacy system",
    };
    let of = report.criteria.len();
    let [fail, lack] = [CriterionVerdict::Fails, CriterionVerdict::NotEnoughEvidence];
    let (failing, lacking) = (having(report, fail).count(), having(report, lack).count());
    let fails = if failing == 1 { "1 fails".to_owned() } else { format!("{failing} fail") };
    let lacks = if lacking == 1 { "1 lacks evidence".to_owned() } else { format!("{lacking} lack evidence") };
    let (tone, sentence) = match report.verdict {
        GateVerdict::Go => (Tone::Good, format!("{step} can go ahead: all {of} criteria hold.")),
        GateVerdict::NoGo if lacking == 0 => {
            (Tone::Bad, format!("{step} cannot go ahead: of {of} criteria {fails}."))
        }
        GateVerdict::NoGo => {
            (Tone::Bad, format!("{step} cannot go ahead: of {of} criteria {fails}, and {lacks}."))
        }
        GateVerdict::NotEnoughEvidence => (
            Tone::Unknown,
            format!("Whether {} can go ahead is not known: of {of} criteria {lacks}.", lower(step)),
        ),
    };
    let mut reasons: Vec<String> = Vec::new();
    for reason in
        [fail, lack].iter().flat_map(|verdict| having(report, *verdict)).filter_map(|one| one.reasons.first())
    {
        if !reasons.contains(reason) {
            reasons.push(reason.clone());
        }
    }
    Outcome::new(tone, &report.verdict.to_string(), sentence, &reasons)
}

fn lower(step: &str) -> String {
    step.replacen('T', "t", 1)
}

fn having(report: &GateReport, verdict: CriterionVerdict) -> impl Iterator<Item = &Criterion> {
    report.criteria.iter().filter(move |criterion| criterion.verdict == verdict)
}

fn facts(report: &GateReport) -> Vec<Fact> {
    let count = |verdict| having(report, verdict).count() as u64;
    let days = format!("Clean days, of {} needed", report.days_needed);
    vec![
        Fact::new(&days, "clean_days", report.clean_days.into()),
        Fact::new("Criteria that hold", "holds", count(CriterionVerdict::Holds)),
        Fact::new("Criteria that fail", "fails", count(CriterionVerdict::Fails)),
        Fact::new(
            "Criteria that lack evidence",
            "not-enough-evidence",
            count(CriterionVerdict::NotEnoughEvidence),
        ),
    ]
}

/// Of each day that comparison that has found the most differences: by that the day is judged.
fn heat_map(report: &GateReport, recorded: &BTreeMap<u64, &ComparisonEvidence>) -> HeatMap {
    let mut counts: Vec<(NaiveDate, &str, u64)> = Vec::new();
    for day in &report.days {
        let comparisons = day.records.iter().filter_map(|number| recorded.get(number));
        let entries =
            comparisons.flat_map(|comparison| &comparison.days).filter(|entry| entry.day == day.day);
        let Some(most) = entries.max_by_key(|entry: &&DayEvidence| entry.differences) else { continue };
        let known: u64 = most.differing_types.values().sum();
        counts.extend(most.differing_types.iter().map(|(name, count)| (day.day, name.as_str(), *count)));
        if most.differences > known {
            counts.push((day.day, TYPES_NOT_RECORDED, most.differences - known));
        }
    }
    HeatMap::new(counts.into_iter())
}

fn statements(report: &GateReport, recorded: &BTreeMap<u64, &ComparisonEvidence>) -> Vec<String> {
    let mut told =
        vec![format!("judged at {}; days are those of {}", format_timestamp(report.judged_at), report.zone)];
    if let Some(since) = report.since {
        told.push(format!("errors, failures and latencies are judged from {since} on"));
    }
    told.push(format!("the evidence is in {}", visible(&report.evidence)));
    told.push(match recorded.last_key_value() {
        None => "no comparison of these logs is recorded".to_owned(),
        Some((number, last)) => format!(
            "the last comparison is record number {number}, of {}: {}; the clocks and files below are those of that comparison",
            format_timestamp(last.recorded_at),
            last.verdict
        ),
    });
    told
}
