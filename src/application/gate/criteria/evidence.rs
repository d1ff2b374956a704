//! Whether the recorded evidence is what was recorded.

use super::known::{COMPARE, Known, counted};
use crate::application::evidence::InputState;
use crate::application::gate::criterion::Criterion;
use crate::application::gate::name::CriterionName;

/// The chain of the evidence log holds, and what was compared last is there, and is what was recorded of it.
pub fn unaltered(known: &Known<'_>) -> Criterion {
    let chain = &known.facts.evidence;
    let runs = known.comparisons.runs().len() as u64;
    let records = chain.records.len() as u64;
    let value = format!(
        "{}, {} of these logs, {}",
        counted(records, "record", "records"),
        counted(runs, "comparison", "comparisons"),
        counted(chain.faults.len() as u64, "fault", "faults")
    );
    let mut criterion =
        Criterion::new(CriterionName::Evidence, value, "a chain without faults, inputs unchanged")
            .figure("records", records)
            .figure("comparisons", runs)
            .figure("faults", chain.faults.len() as u64);
    let verify = "`mission-events evidence verify` shows where; go back to a copy of the evidence that was kept elsewhere";
    for fault in &chain.faults {
        criterion = criterion.fails(format!("line {} of the evidence: {}", fault.line, fault.kind), verify);
    }
    if runs == 0 {
        let others = match known.comparisons.of_other_logs {
            0 => String::new(),
            count => format!("; {count} are of other logs"),
        };
        let reason = format!(
            "no comparison of {} with {} is recorded{others}",
            known.settings.control, known.settings.candidate
        );
        criterion = criterion.lacks(reason, format!("{COMPARE}, each day"));
    }
    known.facts.inputs.iter().fold(criterion, |criterion, input| match &input.state {
        InputState::Unchanged | InputState::Grown => criterion,
        InputState::Gone => criterion.lacks(
            format!("{} is not there any more", input.path),
            format!("where it was not moved into an archive, go back to a copy of it; then {COMPARE}"),
        ),
        InputState::Changed { detail } => criterion.fails(
            format!("{} is not what was compared any more: {detail}", input.path),
            format!("find out what has changed it; then {COMPARE}"),
        ),
        InputState::Unreadable { detail } => {
            criterion.lacks(format!("{} cannot be read: {detail}", input.path), verify)
        }
    })
}
