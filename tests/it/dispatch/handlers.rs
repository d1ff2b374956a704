//! `handlers`: what the default handlers have done, and the ways out.

use rusqlite::Connection;
use serde_json::Value;

use super::{STORES, activities, created, on};
use crate::support::test_dir::TestDir;

fn handler<'a>(list: &'a Value, name: &str) -> &'a Value {
    let handlers = list["handlers"].as_array().unwrap();
    handlers.iter().find(|handler| handler["handler"] == name).unwrap()
}

#[test]
fn handlers_that_never_ran_are_listed_with_everything_to_do_and_run_catches_up() {
    for store in STORES {
        let dir = TestDir::new();
        for number in 0..3 {
            on(&dir, store).run_with(["-q", "dispatch", &created(&format!("T{number}"))]).result();
        }
        std::fs::remove_file(dir.join("handlers.db")).unwrap();
        let list = on(&dir, store).run("-q handlers list --format json").json();
        assert_eq!(handler(&list, "task_state")["behind"], 3, "{list}");
        assert!(!dir.join("handlers.db").exists(), "a list makes nothing");
        on(&dir, store).run("-q handlers run").result();
        let list = on(&dir, store).run("-q handlers list --format json --check").json();
        assert_eq!(handler(&list, "task_state")["behind"], 0, "{list}");
        assert_eq!(handler(&list, "task_state")["handled"], 3, "{list}");
    }
}

#[test]
fn a_check_fails_where_a_handler_is_too_far_behind_or_does_not_run() {
    let dir = TestDir::new();
    on(&dir, "events.db").run_with(["-q", "dispatch", &created("T1")]).result();
    on(&dir, "events.db").run("-q handlers list --check").result();
    on(&dir, "events.db").run("-q handlers pause task_state").result();
    on(&dir, "events.db").run_with(["-q", "dispatch", &created("T2")]);
    let run = on(&dir, "events.db").run("-q handlers list --check --format json");
    assert_eq!(run.code, 1, "{}", run.stdout);
    let list: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        (&handler(&list, "task_state")["state"], &handler(&list, "task_state")["behind"]),
        (&"paused".into(), &1.into())
    );
    on(&dir, "events.db").run("-q handlers resume task_state").result();
    on(&dir, "events.db").run("-q handlers run").result();
    on(&dir, "events.db").run("-q handlers list --check").result();
}

#[test]
fn a_replay_removes_a_row_that_was_planted() {
    for store in STORES {
        let dir = TestDir::new();
        on(&dir, store).run_with(["-q", "dispatch", &created("T1")]).result();
        assert_eq!(activities(&dir), 1);
        let planted = Connection::open(dir.join("handlers.db")).unwrap();
        let row = "INSERT INTO task_activity_by_day VALUES ('2025-10-25', 'TaskCreated', 'P3', 41)";
        assert_eq!(planted.execute(row, []).unwrap(), 1);
        drop(planted);
        assert_eq!(activities(&dir), 42);
        on(&dir, store).run("-q handlers replay task_analytics").result();
        assert_eq!(activities(&dir), 1);
    }
}

#[test]
fn a_name_that_no_handler_has_is_answered_with_those_that_there_are() {
    let dir = TestDir::new();
    on(&dir, "events.db").run_with(["-q", "dispatch", &created("T1")]).result();
    for command in ["failures", "retry", "replay", "pause", "resume"] {
        let run = on(&dir, "events.db").run(&format!("-q handlers {command} task_sate"));
        run.code_is(1, "task_state");
    }
}
