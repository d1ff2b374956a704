//! The verdict: never consistent on nothing.

use crate::application::compare::clock::model::ClockModel;
use crate::application::compare::clock::report::hint;
use crate::application::compare::feed::CompareError;
use crate::application::compare::input::Input;
use crate::application::compare::reading::side_summary::SideSummary;
use crate::application::compare::report::{Class, ClassCounts, PerSide, Verdict};
use crate::application::duration;
use crate::domain::counted::counted;

/// What a verdict is found from.
pub(crate) struct VerdictInput<'e> {
    pub control: &'e (Input, SideSummary),
    pub candidate: &'e (Input, SideSummary),
    pub total: &'e ClassCounts,
    pub clock: &'e ClockModel,
    /// See [`Counts`](super::counts::Counts).
    pub same_in_a_reading: bool,
}

/// The verdict, and the reasons for it.
#[derive(Debug)]
pub(crate) struct Judged {
    pub verdict: Verdict,
    pub reasons: Vec<String>,
    /// Of the reasons, those that make it inconclusive, or would, if nothing differed.
    pub doubts: Vec<String>,
}

/// Judges the result of a comparison.
pub(crate) fn judge(input: &VerdictInput<'_>) -> Result<Judged, CompareError> {
    let VerdictInput { control, candidate, total, clock, same_in_a_reading } = *input;
    let differences = Class::ALL.into_iter().filter(|class| class.is_difference());
    let found = differences.map(|class| (class, total.of(class))).filter(|(_, count)| *count > 0);
    let (mut different, mut inconclusive) = (Vec::new(), Vec::new());
    for (class, count) in found {
        let sentence = class.sentence(count);
        // What one side lacks may be in what is damaged of it.
        match class {
            Class::Missing if candidate.1.is_damaged => {
                inconclusive.push(format!("{sentence}, or damaged there"))
            }
            Class::Extra if control.1.is_damaged => {
                inconclusive.push(format!("{sentence}, or damaged in the control"));
            }
            _ => different.push(sentence),
        }
    }
    if let Some(day) = clock.report.days_over_max_offset.first() {
        let days = clock.report.days_over_max_offset.len();
        let hint = hint(clock.report.days[day].offset_us);
        different.insert(
            0,
            format!(
                "the clocks are {} apart on {days} {} (first {day}), which is more than {}: {hint}?",
                duration::rounded(clock.report.days[day].offset_us),
                if days == 1 { "day" } else { "days" },
                duration::rounded(clock.report.max_offset_us),
            ),
        );
    }
    for (name, (_, side), events) in
        [("control", control, total.control), ("candidate", candidate, total.candidate)]
    {
        if let Some(path) = &side.changing {
            inconclusive.push(format!("{} changed each time it was read", path.display()));
        } else if events == 0 {
            inconclusive.push(format!("the {name} holds no event in the range: nothing was compared"));
        }
        if side.quarantined > 0 {
            let records = counted(side.quarantined, "record", "records");
            inconclusive
                .push(format!("{records} of the {name} could not be read as events and took no part"));
        }
    }
    for (name, (input, _)) in [("control", control), ("candidate", candidate)] {
        for (path, reason) in &input.skipped {
            inconclusive.push(format!("{} of the {name} was not read: {reason}", path.display()));
        }
    }
    if total.matched + total.ignored == 0 && inconclusive.is_empty() && different.is_empty() {
        inconclusive.push(match total.repaired {
            0 => "every event is too young to be judged: nothing was compared".to_owned(),
            _ => "every event was repaired: nothing that the new system wrote was compared".to_owned(),
        });
    }
    let is_changing = control.1.changing.is_some() || candidate.1.changing.is_some();
    if !different.is_empty() && !is_changing {
        different.extend_from_slice(&inconclusive);
        return Ok(Judged { verdict: Verdict::Different, reasons: different, doubts: inconclusive });
    }
    if !inconclusive.is_empty() {
        let reasons = inconclusive.clone();
        return Ok(Judged { verdict: Verdict::Inconclusive, reasons, doubts: inconclusive });
    }
    // A digest knows of no readings.
    if !same_in_a_reading {
        check_digests(control, candidate, total)?;
    }
    Ok(Judged { verdict: Verdict::Consistent, reasons: Vec::new(), doubts: Vec::new() })
}

/// Where every event has its partner, the order-free digests of both sides must be equal: a second
/// way to the same answer.
fn check_digests(
    (_, control): &(Input, SideSummary),
    (_, candidate): &(Input, SideSummary),
    total: &ClassCounts,
) -> Result<(), CompareError> {
    let is_whole = total.ignored + total.repaired == 0
        && total.pending == PerSide::default()
        && (control.near_boundary, total.control) == (0, control.events)
        && (candidate.near_boundary, total.candidate) == (0, candidate.events);
    if is_whole && control.digest != candidate.digest {
        return Err(CompareError::Digests {
            control: control.digest.to_string(),
            candidate: candidate.digest.to_string(),
        });
    }
    Ok(())
}
