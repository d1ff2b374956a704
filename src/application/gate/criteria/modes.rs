//! Whether the new system was the primary one throughout.

use super::known::Known;
use crate::application::gate::criterion::Criterion;
use crate::application::gate::name::CriterionName;
use crate::application::mode_log::ModeChange;
use crate::domain::event_system_mode::{EventSystemMode, Routing, Side};

const FLIP: &str = "set MISSION_CONTROL_USE_NEW_EVENT_SYSTEM=true, and let the period pass";
const WAIT: &str = "leave the flag on, and let the period pass";

/// The flag is on, and was when the period began.
pub fn flag_on(known: &Known<'_>) -> Criterion {
    let (name, threshold) = (CriterionName::FlagOn, format!("on {}", known.period()));
    let changes = match &known.facts.mode_changes {
        Err(why) => return Criterion::unread(name, threshold, why),
        Ok(changes) => changes,
    };
    let routing = &known.settings.routing;
    let value = format!("{}, {} primary", routing.mode, routing.primary);
    let criterion = Criterion::new(name, value, threshold);
    if !is_on(routing) {
        return criterion.fails("the settings make the legacy system primary", FLIP);
    }
    let before = |change: &&ModeChange| !known.is_in_period(known.day_of(change.at));
    match changes.iter().rev().find(before) {
        Some(change) if is_on(&change.to) => criterion,
        Some(change) => {
            let reason = format!(
                "when the period began, events went as of {}: {}, {} primary",
                known.day_of(change.at),
                change.to.mode,
                change.to.primary
            );
            criterion.lacks(reason, WAIT)
        }
        None => criterion.lacks("no switch of the mode is recorded from before this period", WAIT),
    }
}

/// No switch of the period has made the legacy system primary.
pub fn no_rollback(known: &Known<'_>) -> Criterion {
    let (name, threshold) = (CriterionName::NoRollback, format!("0 {}", known.period()));
    let changes = match &known.facts.mode_changes {
        Err(why) => return Criterion::unread(name, threshold, why),
        Ok(changes) => changes,
    };
    let back = |change: &&ModeChange| known.is_in_period(known.day_of(change.at)) && !is_on(&change.to);
    let back: Vec<_> = changes.iter().filter(back).collect();
    let count = back.len() as u64;
    let criterion = Criterion::new(name, format!("{count} of {} switches", changes.len()), threshold)
        .figure("rollbacks", count);
    back.into_iter().fold(criterion, |criterion, change| {
        let reason =
            format!("{}: {}, {} primary", known.day_of(change.at), change.to.mode, change.to.primary);
        criterion.fails(reason, "mend what made it necessary, and let the period pass without another")
    })
}

fn is_on(routing: &Routing) -> bool {
    routing.primary == Side::New && routing.mode != EventSystemMode::LegacyEvents
}
