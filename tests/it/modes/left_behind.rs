//! What commands that dispatched have left to be mirrored.

use serde_json::{Value, json};

use super::{LEGACY, PARALLEL, PARALLEL_NEW, created, dispatch, on_legacy_side, on_new_side, program, set};
use crate::support::test_dir::TestDir;
use crate::support::until;

/// A folder in which the mirror has not brought T2, and the name of the mirror.
fn left(dir: &TestDir, mode: (bool, bool)) -> &'static str {
    let mirror = if mode == PARALLEL { "new_mirror" } else { "legacy_mirror" };
    set(dir, "sqlite", mode, "");
    dispatch(dir, &created("T1"));
    program(dir).run(&format!("-q handlers pause {mirror}")).result();
    let run = program(dir).run_with(["-q", "--format", "json", "dispatch", &created("T2")]);
    assert!(run.stderr.contains(&format!("{mirror} does not go on for now")), "{}", run.stderr);
    mirror
}

fn of(list: &Value, handler: &str) -> Value {
    let handlers = list["handlers"].as_array().unwrap();
    handlers.iter().find(|listed| listed["handler"] == handler).unwrap().clone()
}

#[test]
fn handlers_run_brings_it_to_the_other_side_and_switches_no_mode() {
    for mode in [PARALLEL, PARALLEL_NEW] {
        let dir = TestDir::new();
        let mirror = left(&dir, mode);
        // The settings say something else by now, as those of another shell may.
        set(&dir, "sqlite", LEGACY, "");
        let status = || program(&dir).run("-q status --format json").json();
        let changes = status()["mode_changes"].clone();
        let run = program(&dir).run("-q handlers run --format json");
        assert_eq!(run.code, 1, "it is paused");
        assert_eq!(of(&serde_json::from_str(&run.stdout).unwrap(), mirror)["behind"], 1);
        program(&dir).run(&format!("-q handlers resume {mirror}")).result();
        let list = program(&dir).run("-q handlers run --format json").json();
        assert_eq!(of(&list, mirror)["behind"], 0);
        assert_eq!(
            (on_legacy_side(&dir), on_new_side(&dir)),
            (vec!["T1".into(), "T2".into()], vec!["T1".into(), "T2".into()])
        );
        assert_eq!(status()["mode_changes"], changes);
        assert_eq!(of(&list, "task_state")["handled"], json!(2), "what the new side has is handled");
    }
}

#[test]
fn a_repair_adds_nothing_that_is_still_to_be_brought_and_so_nothing_is_stored_twice() {
    let dir = TestDir::new();
    let mirror = left(&dir, PARALLEL);
    let repair = || program(&dir).run("-q repair --settle 0s --apply --format json");
    let held_back = repair();
    let report: Value = serde_json::from_str(&held_back.stdout).unwrap();
    assert_eq!((held_back.code, &report["lines"][0]["kind"]), (1, &json!("obstacle")), "{report:#}");
    assert_eq!((&report["applied"], &report["add"]), (&json!(false), &json!(1)));
    assert!(report["lines"][0]["reason"].as_str().unwrap().contains("1 event behind"), "{report:#}");
    program(&dir).run(&format!("-q handlers resume {mirror}")).result();
    program(&dir).run("-q handlers run").result();
    assert_eq!((repair().code, on_new_side(&dir)), (0, vec!["T1".into(), "T2".into()]));
}

#[cfg(unix)]
#[test]
fn handlers_run_that_follows_brings_it_meanwhile() {
    let dir = TestDir::new();
    let mirror = left(&dir, PARALLEL_NEW);
    let following = program(&dir).start("-q handlers run --follow");
    program(&dir).run(&format!("-q handlers resume {mirror}")).result();
    until("it is brought", || on_legacy_side(&dir) == ["T1", "T2"]);
    following.signal("TERM");
    assert_eq!(following.end().code, 0);
}
