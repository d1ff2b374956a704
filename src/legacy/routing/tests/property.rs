//! Random dispatches, switches and crashes: each event is on the side, or sides, that its mode asked for, exactly once.

use proptest::prelude::*;

use super::doubles::*;
use crate::domain::event_system_mode::{Route, Routing, Side};
use crate::property_cases::cases;

#[derive(Debug, Clone)]
enum Step {
    Dispatch,
    DispatchAsync,
    /// To the mode with that number.
    Switch(usize),
    /// The process is killed so many steps from now, or where it then stands, and the next one has that mode.
    Kill(u64, usize),
    /// The process ends, and the next one has that mode.
    End(usize),
    /// The mirrors have time.
    Rest,
}

fn modes() -> [Routing; 6] {
    [
        routing(true, true),
        routing(false, true),
        routing(true, false),
        routing(false, false),
        named(false, false, &["TaskCreated"]),
        named(false, true, &["TaskCreated"]),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => Just(Step::Dispatch),
        3 => Just(Step::DispatchAsync),
        2 => (0..6_usize).prop_map(Step::Switch),
        2 => (1..25_u64, 0..6_usize).prop_map(|(step, mode)| Step::Kill(step, mode)),
        1 => (0..6_usize).prop_map(Step::End),
        1 => Just(Step::Rest),
    ];
    prop::collection::vec(step, 1..40)
}

/// An event that was dispatched.
#[derive(Debug)]
struct Given {
    id: String,
    route: Route,
    /// Its primary has answered that it has it.
    is_answered: bool,
}

impl Given {
    /// What is wrong with where it is, if anything is.
    fn fault(&self, legacy: &[String], new: &[String]) -> Option<String> {
        let count = |ids: &[String]| ids.iter().filter(|id| **id == self.id).count();
        let (primary, other) = match self.route.primary {
            Side::Legacy => (count(legacy), count(new)),
            Side::New => (count(new), count(legacy)),
        };
        let is_sound = primary <= 1
            && (primary == 1 || !self.is_answered)
            && other == if self.route.is_mirrored { primary } else { 0 };
        (!is_sound).then(|| format!("{self:?}: {primary} on its primary, {other} on the other side"))
    }
}

fn types_of(number: usize) -> &'static str {
    if number.is_multiple_of(2) { "TaskCreated" } else { "TaskDeleted" }
}

fn run(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let (world, modes) = (World::default(), modes());
    let mut given: Vec<Given> = Vec::new();
    let mut pending = Vec::new();
    let mut process = world.start(modes[0].clone());
    for step in steps {
        match step {
            Step::Dispatch => {
                let (id, event_type) = (format!("e{}", given.len()), types_of(given.len()));
                let route = process.router.routing().route(event_type);
                let is_answered = process.router.dispatch(event_of(&id, event_type)).is_ok();
                given.push(Given { id, route, is_answered });
            }
            Step::DispatchAsync => {
                let (id, event_type) = (format!("e{}", given.len()), types_of(given.len()));
                let route = process.router.routing().route(event_type);
                // Each other one is dropped.
                let submitted = process.router.dispatch_async(event_of(&id, event_type));
                pending
                    .extend(submitted.ok().filter(|_| given.len() % 4 < 2).map(|route| (given.len(), route)));
                given.push(Given { id, route, is_answered: false });
            }
            Step::Switch(mode) => {
                let is_switched = process.router.switch(modes[mode].clone()).is_ok();
                prop_assert!(is_switched || process.faults.is_killed());
            }
            Step::Kill(after, mode) => {
                process.faults.kill_at(after);
                for _ in 0..3 {
                    let (id, event_type) = (format!("e{}", given.len()), types_of(given.len()));
                    let route = process.router.routing().route(event_type);
                    let is_answered = process.router.dispatch(event_of(&id, event_type)).is_ok();
                    given.push(Given { id, route, is_answered });
                }
                pending.clear();
                process.kill();
                process = world.start(modes[mode].clone());
            }
            Step::End(mode) => {
                for (index, route) in pending.drain(..) {
                    given[index].is_answered = route.routed().is_ok();
                }
                process.end();
                process = world.start(modes[mode].clone());
            }
            Step::Rest => std::thread::yield_now(),
        }
    }
    for (index, route) in pending.drain(..) {
        given[index].is_answered = route.routed().is_ok();
    }
    let faults = || {
        let (legacy, new) = (world.legacy_ids(), world.new_ids());
        given.iter().filter_map(|event| event.fault(&legacy, &new)).collect::<Vec<_>>()
    };
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !faults().is_empty() && std::time::Instant::now() < end {
        std::thread::yield_now();
    }
    process.end();
    world.start(modes[0].clone()).end();
    prop_assert_eq!(faults(), Vec::<String>::new());
    prop_assert_eq!(world.undecided(), []);
    Ok(())
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn each_event_is_on_the_side_or_sides_that_its_mode_asked_for_exactly_once(steps in steps()) {
        run(steps)?;
    }
}
