//! `dispatch EVENT_JSON`.

use super::{STORES, created, events_in, on};
use crate::support::cli::cli;
use crate::support::test_dir::TestDir;

#[test]
fn an_event_without_id_and_time_gets_both_and_is_stored_and_handled() {
    for store in STORES {
        let dir = TestDir::new();
        let answer = on(&dir, store).run_with(["-q", "--format", "json", "dispatch", &created("T1")]).json();
        assert_eq!(answer["succeeded"], true, "{answer}");
        assert_eq!(answer["already_stored"], false);
        assert!(
            answer["handlers"].as_array().unwrap().iter().all(|handler| handler["outcome"] == "done"),
            "{answer}"
        );
        let id = answer["event_id"].as_str().unwrap();
        let shown = cli(&dir).run(&format!("-q --store {store} events show {id} --format json")).json();
        assert_eq!(shown["events"][0]["event_id"], id);
        assert!(shown["events"][0]["body"].as_str().unwrap().contains(r#""title": "Task T1""#), "{shown}");
    }
}

#[test]
fn the_same_event_again_is_there_already_and_is_handled_once() {
    for store in STORES {
        let dir = TestDir::new();
        let event = r#"{"event_id": "e1", "event_type": "TaskCreated", "timestamp": "2025-10-25T10:00:00+00:00", "task_id": "T1", "title": "x"}"#;
        for already in [false, true] {
            let answer = on(&dir, store).run_with(["-q", "--format", "json", "dispatch", event]).json();
            assert_eq!(
                (&answer["already_stored"], &answer["succeeded"]),
                (&already.into(), &true.into()),
                "{answer}"
            );
        }
        assert_eq!(events_in(&dir, store), 1);
        let handlers = on(&dir, store).run("-q handlers list --format json").json();
        for handler in handlers["handlers"].as_array().unwrap() {
            assert_eq!(handler["behind"], 0, "{handler}");
        }
    }
}

#[test]
fn other_content_under_a_stored_id_is_refused_and_changes_nothing() {
    for store in STORES {
        let dir = TestDir::new();
        let event = |title: &str| {
            format!(
                r#"{{"event_id": "e1", "event_type": "TaskCreated", "timestamp": "2025-10-25T10:00:00+00:00", "task_id": "T1", "title": "{title}"}}"#
            )
        };
        on(&dir, store).run_with(["-q", "dispatch", &event("one")]).result();
        on(&dir, store)
            .run_with(["-q", "dispatch", &event("two")])
            .code_is(1, "an event is never overwritten");
        assert_eq!(events_in(&dir, store), 1);
    }
}

#[test]
fn what_is_no_event_is_refused_with_what_was_expected() {
    let dir = TestDir::new();
    for (text, said) in [
        ("", "expected"),
        ("{", "expected"),
        ("[]", "expected"),
        (r#"{"task_id": "T1"}"#, "event_type"),
        (r#"{"event_type": "TaskCreated", "timestamp": "yesterday"}"#, "timestamp"),
    ] {
        let run = on(&dir, "events.db").run_with(["-q", "dispatch", text]);
        assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{text}: {}", run.stderr);
        assert!(run.stderr.contains(said), "{text}: {}", run.stderr);
    }
}
