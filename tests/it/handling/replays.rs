use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread;

use mission_events::internals::application::handling::HandlingError;
use mission_events::{DomainEvent, EventRepository};
use proptest::prelude::*;
use rusqlite::Connection;

use super::{
    Backend, moment, operations, projections, read_models, read_models_from_nothing, runner, save, update,
    wait_until_handled,
};
use crate::support::test_dir::TestDir;
use crate::support::{cases, event};

const NAMES: [&str; 4] = ["task_analytics", "task_completions", "task_state", "task_history"];

fn one_of(words: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    proptest::sample::select(words)
}

/// An event in the life of a task: its type, task, day, second and a word that its fields are made of.
fn happenings() -> impl Strategy<Value = (&'static str, &'static str, u32, u32, &'static str)> {
    (
        one_of(&["TaskCreated", "TaskUpdated", "TaskUpdated", "TaskCompleted", "TaskDeleted", "Ping"]),
        one_of(&["T1", "T2", "T3"]),
        20_u32..24,
        0_u32..40,
        one_of(&["P0", "must_win_today", "NOT_STARTED", "done", ""]),
    )
}

fn event_of(number: usize, happening: &(&str, &str, u32, u32, &str)) -> DomainEvent {
    let (event_type, task, day, second, word) = *happening;
    let text = format!("\"{word}\"");
    let built = event(&format!("e{number}")).of_type(event_type).at(&moment(day, second)).about(task);
    let built = match event_type {
        "TaskCreated" => built
            .with("title", &text)
            .with("priority", &text)
            .with("linked_goal_id", "\"G1\"")
            .with("linked_to", "\"T2\""),
        "TaskUpdated" => {
            let changes = format!(r#"{{"status": {text}, "priority": {text}, "linked_project_id": "P7"}}"#);
            built.with("changes", &changes).with("new_values", &changes)
        }
        "TaskCompleted" => {
            built.with("completed_at", "\"2025-10-21T12:00:00\"").with("completion_notes", &text)
        }
        "TaskDeleted" => built.with("reason", &text),
        _ => built,
    };
    built.build()
}

fn replay_all(events: &Arc<dyn EventRepository>, handlers: &std::path::Path) {
    let operations = operations(events, handlers, projections());
    for name in NAMES {
        operations.replay(name, &mut |_| ControlFlow::Continue(())).unwrap();
    }
}

proptest! {
    #![proptest_config(cases(12))]

    #[test]
    fn a_replay_makes_the_read_models_that_live_handling_has_made(
        lives in proptest::collection::vec(happenings(), 1..60),
        batch in 1_usize..9,
    ) {
        for backend in Backend::ALL {
            let dir = TestDir::new();
            let (events, handlers) = (backend.open(&dir), dir.join("handlers.db"));
            let all: Vec<DomainEvent> =
                lives.iter().enumerate().map(|(number, life)| event_of(number, life)).collect();
            let live = runner(&events, &handlers, projections());
            for batch in all.chunks(batch) {
                let positions = events.save_events(batch).unwrap();
                live.saved(&positions);
            }
            wait_until_handled(&events, &handlers);
            drop(live);
            let made_live = read_models(&handlers);
            replay_all(&events, &handlers);
            prop_assert_eq!(&made_live, &read_models(&handlers), "{:?}", backend);
            prop_assert_eq!(&made_live, &read_models_from_nothing(&events), "{:?}", backend);
        }
    }
}

/// Twenty updates that are handled, and a row that no event has made.
fn handled_with_a_planted_row(backend: Backend) -> (TestDir, Arc<dyn EventRepository>, Vec<String>) {
    let dir = TestDir::new();
    let (events, handlers) = (backend.open(&dir), dir.join("handlers.db"));
    let updates: Vec<_> =
        (0..20).map(|number| update(&format!("e{number}"), "T1", 20 + number % 3, number)).collect();
    save(&events, &updates);
    assert!(operations(&events, &handlers, projections()).run_to_end(&|| true).unwrap().is_empty());
    let right = read_models(&handlers);
    let plant = "INSERT INTO task_changes VALUES ('planted', 1, '', 'title', NULL, NULL)";
    Connection::open(&handlers).unwrap().execute_batch(plant).unwrap();
    assert_eq!(read_models(&handlers).len(), right.len() + 1);
    (dir, events, right)
}

#[test]
fn a_replay_removes_what_no_event_has_made() {
    for backend in Backend::ALL {
        let (dir, events, right) = handled_with_a_planted_row(backend);
        replay_all(&events, &dir.join("handlers.db"));
        assert_eq!(read_models(&dir.join("handlers.db")), right);
    }
}

#[test]
fn a_replay_that_does_not_come_to_its_end_leaves_the_old_state_and_readers_see_it_meanwhile() {
    for backend in Backend::ALL {
        let (dir, events, _) = handled_with_a_planted_row(backend);
        let handlers = dir.join("handlers.db");
        let before = read_models(&handlers);
        let operations = operations(&events, &handlers, projections());
        for is_panic in [false, true] {
            let mut pages = 0;
            let mut end_at_the_second_page = |_| {
                pages += 1;
                assert_eq!(read_models(&handlers), before, "readers see the old state");
                assert!(pages < 2 || !is_panic, "the process ends here");
                if pages < 2 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            };
            let ended = thread::scope(|threads| {
                threads.spawn(|| operations.replay("task_history", &mut end_at_the_second_page)).join()
            });
            assert!(matches!(ended, Err(_) | Ok(Err(HandlingError::Interrupted { .. }))), "{ended:?}");
            assert_eq!(ended.is_err(), is_panic);
            assert_eq!(read_models(&handlers), before);
        }
    }
}
