//! The use case that tries the whole migration on copies, and says what a real cutover would say.
//!
//! ```text
//!  copy ──> import ──> compare ──> rollback ──> replay ──> state ──> integrity
//!   |          |          |            |           |          |          |
//!   the logs   both logs  what the     the store,  handlers   tasks by   the database
//!   and the    into a     new system   exported    make the   both logs
//!   store      store      wrote        and held    read
//!                                      against it  models
//! ```
//!
//! The originals are only read. A step that finds something wrong does not end the rehearsal: what the later ones find is
//! worth knowing, too. A step that cannot be made does.

mod judge;
mod report;
mod scope;
mod site;
mod step;

use crate::application::clock::Clock;

pub use report::{RehearsalReport, RehearsalVerdict};
pub use scope::RehearsalScope;
pub use site::{Copied, RehearsalSite, Replayed, RolledBack, SiteError};
pub use step::{Step, StepName, StepOutcome};

/// Makes the steps of a rehearsal, one after the other, and says what each came to and how long it took.
pub fn rehearse(scope: RehearsalScope, site: &mut dyn RehearsalSite, clock: &dyn Clock) -> RehearsalReport {
    let began = clock.elapsed();
    let mut steps: Vec<Step> = Vec::new();
    for &name in scope.steps() {
        let step = match steps.iter().find(|step| step.ends_rehearsal()) {
            Some(_) => Step::not_made(name),
            None => {
                let step_began = clock.elapsed();
                let step = make(name, site);
                step.lasting(clock.elapsed().saturating_sub(step_began))
            }
        };
        steps.push(step);
    }
    RehearsalReport::new(scope, steps, clock.elapsed().saturating_sub(began))
}

fn make(name: StepName, site: &mut dyn RehearsalSite) -> Step {
    let made = match name {
        StepName::Copy => site.copy().map(|copied| judge::copied(&copied)),
        StepName::Import => site.import().map(|report| judge::imported(&report)),
        StepName::Compare => site.compare().map(|comparison| judge::compared(&comparison)),
        StepName::Rollback => site.roll_back().map(|rolled_back| judge::rolled_back(&rolled_back)),
        StepName::Replay => site.replay().map(|replayed| judge::replayed(&replayed)),
        StepName::State => site.compare_states().map(|states| judge::states(&states)),
        StepName::Integrity => site.integrity().map(|complaints| judge::integrity(&complaints)),
    };
    made.unwrap_or_else(|error| Step::broken(name, &error))
}

#[cfg(test)]
mod tests;
