use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use mission_events::internals::application::handling::{Outcome, Runner, RunnerSettings};
use mission_events::internals::infrastructure::handler_store::SqliteHandlerStore;
use mission_events::internals::infrastructure::system_clock::SystemClock;

use super::{
    Backend, Recorder, effect, operations, projections, read_models, read_models_from_nothing, runner, save,
    update, wait_until_handled,
};
use crate::support::test_dir::TestDir;

#[test]
fn what_was_stored_and_not_handled_is_handled_by_the_next_runner() {
    for backend in Backend::ALL {
        let dir = TestDir::new();
        let (events, handlers) = (backend.open(&dir), dir.join("handlers.db"));
        let recorder = Arc::new(Recorder::default());
        let registrations = || projections().into_iter().chain([effect(&recorder)]).collect::<Vec<_>>();
        let mut stored = Vec::new();
        for round in 0..4 {
            // Nothing runs: a process has ended between storing and handling.
            let more: Vec<_> = (0..15)
                .map(|number| {
                    let day = 20 + round + number % 2;
                    update(
                        &format!("e{round}-{number}"),
                        &format!("T{}", number % 4),
                        day,
                        100 * round + number,
                    )
                })
                .collect();
            save(&events, &more);
            stored.extend(more.iter().map(|event| event.event_id().clone()));
            let runner = runner(&events, &handlers, registrations());
            if round % 2 == 1 {
                wait_until_handled(&events, &handlers);
            }
            // It ends where it is, between two pages perhaps.
            drop(runner);
        }
        wait_until_handled(&events, &handlers);
        assert_eq!(read_models(&handlers), read_models_from_nothing(&events), "{backend:?}");
        let given = recorder.given();
        assert_eq!(given.len(), stored.len(), "{backend:?}: once each");
        assert_eq!(given.into_iter().collect::<BTreeSet<_>>(), stored.into_iter().collect(), "{backend:?}");
    }
}

#[test]
fn a_handler_that_another_process_pauses_between_two_pages_is_given_nothing_more() {
    let dir = TestDir::new();
    let (events, handlers) = (Backend::Sqlite.open(&dir), dir.join("handlers.db"));
    let never = RunnerSettings { look_again: Duration::from_secs(3_600), ..RunnerSettings::default() };
    let store = Arc::new(SqliteHandlerStore::open(&handlers).unwrap());
    let runner = Runner::new(Arc::clone(&events), store, Arc::new(SystemClock::default()), never);
    projections().into_iter().for_each(|registration| runner.register(registration).unwrap());
    let outcome_of = |event| {
        let positions = events.save_events(&[event]).unwrap();
        runner.saved(&positions);
        let outcomes = runner.outcomes("TaskUpdated", positions[0], Duration::from_secs(60));
        outcomes.into_iter().find(|(name, _)| name == "task_history").unwrap().1
    };
    for number in 0..3 {
        assert_eq!(outcome_of(update(&format!("e{number}"), "T1", 20, number)), Outcome::Done);
    }
    operations(&events, &handlers, projections()).pause("task_history").unwrap();
    assert!(matches!(outcome_of(update("after", "T1", 20, 9)), Outcome::Behind { .. }));
}

#[test]
fn an_event_that_is_stored_late_for_an_earlier_day_is_handled() {
    let dir = TestDir::new();
    let (events, handlers) = (Backend::Jsonl.open(&dir), dir.join("handlers.db"));
    let recorder = Arc::new(Recorder::default());
    let _runner = runner(&events, &handlers, projections().into_iter().chain([effect(&recorder)]).collect());
    save(&events, &[update("today", "T1", 26, 0)]);
    wait_until_handled(&events, &handlers);
    for (id, day, second) in
        [("yesterday", 25, 0), ("today again", 26, 1), ("before", 24, 0), ("yesterday again", 25, 1)]
    {
        save(&events, &[update(id, "T1", day, second)]);
        wait_until_handled(&events, &handlers);
        assert_eq!(recorder.given().last().unwrap().as_str(), id);
    }
    assert_eq!(recorder.given().len(), 5);
    assert_eq!(read_models(&handlers), read_models_from_nothing(&events));
}

#[test]
fn two_runners_at_once_handle_each_event_once() {
    for backend in Backend::ALL {
        let dir = TestDir::new();
        let (events, handlers) = (backend.open(&dir), dir.join("handlers.db"));
        let recorder = Arc::new(Recorder::default());
        let registrations = || projections().into_iter().chain([effect(&recorder)]).collect::<Vec<_>>();
        let runners = [(); 2].map(|()| runner(&events, &handlers, registrations()));
        for number in 0..60 {
            let event = update(&format!("e{number}"), &format!("T{}", number % 7), 20 + number % 3, number);
            let position = events.save_events(&[event]).unwrap();
            runners[number as usize % 2].saved(&position);
        }
        wait_until_handled(&events, &handlers);
        assert_eq!(read_models(&handlers), read_models_from_nothing(&events), "{backend:?}");
        let given = recorder.given();
        assert_eq!((given.len(), given.iter().collect::<BTreeSet<_>>().len()), (60, 60), "{backend:?}");
    }
}
