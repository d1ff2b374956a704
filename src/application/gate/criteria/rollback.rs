//! Whether the way back was rehearsed.

use super::known::Known;
use crate::application::evidence::record::Verdict;
use crate::application::evidence::{Rehearsal, RehearsalEvidence};
use crate::application::gate::criterion::Criterion;
use crate::application::gate::name::CriterionName;

const REHEARSE: &str = "`mission-events rehearse --rollback`";

/// The store was exported to the legacy format within the period, and the export was the same as the store.
pub fn rehearsed(known: &Known<'_>) -> Criterion {
    let (name, threshold) = (CriterionName::RollbackRehearsed, format!("consistent, {}", known.period()));
    let records = known.facts.evidence.records.iter().rev();
    let rehearsals =
        records.filter_map(|record| Some((record.record.sequence, record.record.evidence.as_rehearsal()?)));
    let is_of_these = |rehearsal: &RehearsalEvidence| {
        rehearsal.rehearsal == Rehearsal::Rollback && rehearsal.findings.candidate == known.settings.candidate
    };
    let Some((sequence, last)) = rehearsals.into_iter().find(|(_, rehearsal)| is_of_these(rehearsal)) else {
        let reason = format!("no rollback of {} was rehearsed", known.settings.candidate);
        return Criterion::new(name, "never", threshold).lacks(reason, REHEARSE);
    };
    let day = known.day_of(last.recorded_at);
    let findings = &last.findings;
    let criterion =
        Criterion::new(name, format!("{} on {day} (record {sequence})", findings.verdict), threshold)
            .figure("events", findings.events);
    let why = || findings.reasons.first().cloned().unwrap_or_else(|| "it does not say why".to_owned());
    match findings.verdict {
        Verdict::Different => criterion.fails(why(), format!("mend what it says, then {REHEARSE}")),
        Verdict::Inconclusive => criterion.lacks(why(), format!("see to it, then {REHEARSE}")),
        Verdict::Consistent if findings.events == 0 => {
            criterion.lacks("the store had no event when it was rehearsed", REHEARSE)
        }
        Verdict::Consistent if !known.is_in_period(day) => {
            criterion.lacks("it was rehearsed before this period", REHEARSE)
        }
        Verdict::Consistent => criterion,
    }
}
