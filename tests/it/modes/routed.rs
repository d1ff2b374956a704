//! `dispatch` by mode: where the event is, and what is answered.

use serde_json::{Value, json};

use super::{
    BACKENDS, LEGACY, MODES, NEW, PARALLEL, PARALLEL_NEW, created, deleted, dispatch, on_legacy_side,
    on_new_side, program, set,
};
use crate::support::cli::cli_without_privileges;
use crate::support::test_dir::TestDir;

#[test]
fn an_event_is_on_the_sides_that_its_mode_asks_for_and_the_answer_says_so() {
    for backend in BACKENDS {
        for mode in MODES {
            let dir = TestDir::new();
            set(&dir, backend, mode, "");
            let answer = dispatch(&dir, &created("T1"));
            let (name, primary, mirror) = match mode {
                LEGACY => ("legacy_events", "legacy", None),
                NEW => ("new_events", "new", None),
                PARALLEL => ("parallel_events", "legacy", Some("new_mirror")),
                _ => ("parallel_events", "new", Some("legacy_mirror")),
            };
            assert_eq!((&answer["mode"], &answer["primary"]), (&json!(name), &json!(primary)), "{answer}");
            assert_eq!(answer["succeeded"], true, "{answer}");
            assert_eq!(answer["position"].is_i64(), primary == "new", "{answer}");
            assert_eq!(answer["legacy"].is_object(), primary == "legacy", "{answer}");
            match mirror {
                None => assert_eq!(answer.get("mirror"), None, "{answer}"),
                Some(mirror) => assert_eq!(answer["mirror"], json!({"mirror": mirror, "outcome": "done"})),
            }
            let one = vec!["T1".to_owned()];
            let on_both = mirror.is_some();
            assert_eq!(on_legacy_side(&dir) == one, primary == "legacy" || on_both, "{backend} {answer}");
            assert_eq!(on_new_side(&dir) == one, primary == "new" || on_both, "{backend} {answer}");
        }
    }
}

#[test]
fn the_legacy_side_takes_an_event_in_the_legacy_shape_and_says_where_and_its_line_shows() {
    let dir = TestDir::new();
    let event = r#"{"event_id": "e1", "event_type": "TaskCreated", "timestamp": "2025-10-25T10:00:00+00:00", "aggregate_id": "T1", "title": "x", "metadata": {}}"#;
    let run = program(&dir).run_with(["--format", "json", "dispatch", event]);
    let log = std::fs::read_to_string(dir.join("data/events.json")).unwrap();
    let record =
        r#"{"type": "TaskCreated", "task_id": "T1", "timestamp": "2025-10-25T10:00:00", "title": "x"}"#;
    assert_eq!(log, format!("[{record}]"));
    let answer: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(answer["legacy"], json!({"offset": 1, "length": record.len()}), "{answer}");
    assert_eq!((&answer["event_id"], &answer["handlers"]), (&json!("e1"), &json!([])));
    assert!(run.stderr.contains("[config]   Event system mode: legacy_events\n"), "{}", run.stderr);
    assert!(run.stderr.contains("[EventDispatcher] "), "{}", run.stderr);
    assert!(!dir.join("data/events").exists() && !dir.join("data/events.db").exists());
}

#[test]
fn people_are_told_which_side_has_the_event_and_what_the_mirror_did() {
    let dir = TestDir::new();
    for (mode, said) in [
        (LEGACY, &["is in the legacy log, from byte "][..]),
        (PARALLEL, &["is in the legacy log, from byte ", "\n  new_mirror: done\n"]),
        (PARALLEL_NEW, &["is stored at position ", "\n  legacy_mirror: done\n"]),
    ] {
        set(&dir, "sqlite", mode, "");
        let printed = program(&dir).run_with(["-q", "dispatch", &created("T1")]).result();
        assert!(said.iter().all(|said| printed.contains(said)), "{printed}");
    }
}

#[test]
fn named_types_go_to_the_new_system_alone_or_are_the_only_ones_mirrored_to_it() {
    for (mode, on_legacy) in [(LEGACY, &["T2"][..]), (PARALLEL, &["T1", "T2"])] {
        let dir = TestDir::new();
        set(&dir, "sqlite", mode, "new_event_types = [\"TaskCreated\"]");
        dispatch(&dir, &created("T1"));
        dispatch(&dir, &deleted("T2"));
        assert_eq!(on_new_side(&dir), ["T1"]);
        assert_eq!(on_legacy_side(&dir), on_legacy);
    }
}

#[test]
fn where_another_program_writes_the_legacy_log_no_mode_that_would_write_it_dispatches() {
    for mode in MODES {
        let dir = TestDir::new();
        set(&dir, "sqlite", mode, "legacy.writer = \"other\"");
        let run = program(&dir).run_with(["-q", "dispatch", &created("T1")]);
        if mode == NEW {
            run.result();
            continue;
        }
        run.code_is(2, "set legacy.writer = \"this\"");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing was made");
    }
}

#[cfg(unix)]
#[test]
fn a_secondary_that_cannot_be_written_changes_no_answer_and_receives_the_event_later() {
    use std::os::unix::fs::PermissionsExt;

    let dir = TestDir::new();
    std::fs::create_dir_all(dir.join("closed")).unwrap();
    let more = "[legacy]\nevents_json = \"closed/events.json\"";
    let text = format!(
        "use_new_event_system = true\nparallel_run = true\n[storage]\nbackend = \"sqlite\"\nsqlite_path = \"events.db\"\n\
         [handlers]\npath = \"handlers.db\"\n[parallel]\nsecondary_timeout_ms = 60000\n{more}\n"
    );
    std::fs::write(dir.join("mission-events.toml"), text).unwrap();
    let permit = |mode| {
        std::fs::set_permissions(dir.join("closed"), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let unprivileged = cli_without_privileges(&dir).without_flag();
    permit(0o555);
    let run = unprivileged.run_with(["-q", "--format", "json", "dispatch", &created("T1")]);
    assert_eq!(run.code, 0);
    assert!(run.stderr.contains("legacy_mirror does not go on for now"), "{}", run.stderr);
    let answer: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((&answer["succeeded"], &answer["primary"]), (&json!(true), &json!("new")), "{answer}");
    assert_eq!(answer["mirror"]["outcome"], "queued", "{answer}");
    permit(0o755);
    let answer = super::dispatch_by(cli_without_privileges(&dir).without_flag(), &created("T2"));
    assert_eq!(answer["mirror"]["outcome"], "done", "{answer}");
    let log: Value = serde_json::from_slice(&std::fs::read(dir.join("closed/events.json")).unwrap()).unwrap();
    let tasks: Vec<&Value> = log.as_array().unwrap().iter().map(|record| &record["task_id"]).collect();
    assert_eq!(tasks, ["T1", "T2"]);
}
