//! Whether the stores are whole.

use super::known::{Known, TOLD, counted};
use crate::application::gate::criterion::Criterion;
use crate::application::gate::name::CriterionName;

/// The integrity checks of the stores complain of nothing.
pub fn whole(known: &Known<'_>) -> Criterion {
    let (name, threshold) = (CriterionName::Integrity, "0 complaints");
    let complaints = match &known.facts.complaints {
        Err(why) => return Criterion::unread(name, threshold, why),
        Ok(complaints) => complaints,
    };
    let count = complaints.len() as u64;
    let criterion = Criterion::new(name, counted(count, "complaint", "complaints"), threshold)
        .figure("complaints", count);
    complaints.iter().take(TOLD).fold(criterion, |criterion, complaint| {
        criterion.fails(complaint, "stop the program, keep a copy, and go back to a backup")
    })
}
