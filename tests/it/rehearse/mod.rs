//! `rehearse`: a whole migration on copies, of which the originals know nothing.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::support::cli::{Cli, Run, cli, write};
use crate::support::test_dir::TestDir;

fn legacy(number: u32) -> String {
    format!(
        r#"{{"type": "TaskCreated", "task_id": "T{number}", "title": "title {number}", "timestamp": "2025-10-20T10:{number:02}:00"}}"#
    )
}

fn native(number: u32) -> String {
    format!(
        r#"{{"event_id": "e{number}", "event_type": "TaskCreated", "timestamp": "2025-10-20T10:{number:02}:00.007Z", "aggregate_id": "T{number}", "task_id": "T{number}", "title": "title {number}"}}"#
    ) + "\n"
}

/// Both logs of 12 events, of which the new system has written those of these numbers.
fn logs(native_events: impl Iterator<Item = u32>) -> TestDir {
    let dir = TestDir::new();
    let control: Vec<String> = (0..12).map(legacy).collect();
    write(&dir, "data/events.json", format!("[{}]", control.join(", ")));
    write(&dir, "data/events/events-2025-10-20.jsonl", native_events.map(native).collect::<String>());
    dir
}

/// The program, whose folder for temporary files is `tmp` in the working directory.
fn program(dir: &TestDir) -> Cli {
    std::fs::create_dir_all(dir.join("tmp")).unwrap();
    let tmp = dir.join("tmp");
    cli(dir).env("MISSION_CONTROL_TIMEZONE", "UTC").env("TMPDIR", tmp.to_str().unwrap())
}

fn rehearse(dir: &TestDir, flags: &str) -> (Run, Value) {
    let run = program(dir).run(&format!("-q rehearse --format json {flags}"));
    let report = serde_json::from_str(&run.stdout).unwrap();
    (run, report)
}

/// Every file below the folder with its bytes and the time of its last change, but for what is in `tmp`.
fn contents(folder: &Path) -> BTreeMap<String, (Vec<u8>, std::time::SystemTime)> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("tmp") {
            found.extend(contents(&path));
        } else if path.is_file() {
            let changed = path.metadata().unwrap().modified().unwrap();
            found.insert(path.display().to_string(), (std::fs::read(&path).unwrap(), changed));
        }
    }
    found
}

fn outcomes(report: &Value) -> Vec<(&str, &str)> {
    let steps = report["steps"].as_array().unwrap().iter();
    steps.map(|step| (step["step"].as_str().unwrap(), step["outcome"].as_str().unwrap())).collect()
}

#[test]
fn logs_that_agree_are_migrated_and_back_on_copies_and_nothing_is_left_or_changed() {
    let dir = logs(0..12);
    let before = contents(dir.path());
    let (run, report) = rehearse(&dir, "");
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{report:#}");
    assert_eq!(report["verdict"], "holds");
    let names = ["copy", "import", "compare", "rollback", "replay", "state", "integrity"];
    assert_eq!(outcomes(&report), names.map(|name| (name, "holds")));
    let figure = |step: usize, name: &str| report["steps"][step]["figures"][name].as_u64().unwrap();
    assert_eq!([figure(1, "records"), figure(1, "matched_existing"), figure(2, "matched")], [24, 12, 12]);
    assert_eq!(
        [figure(3, "files"), figure(3, "exact"), figure(3, "matched"), figure(5, "tasks")],
        [2, 2, 12, 12]
    );
    assert_eq!(contents(dir.path()), before);
    assert_eq!(std::fs::read_dir(dir.join("tmp")).unwrap().count(), 0, "the copies are removed");
}

#[test]
fn what_a_cutover_would_say_no_to_is_told_and_the_copies_stay_where_that_is_asked_for() {
    let dir = logs((0..12).filter(|number| *number != 7));
    let (run, report) = rehearse(&dir, "--keep on-failure");
    assert_eq!((run.code, &report["verdict"]), (1, &"fails".into()), "{report:#}");
    let failing: Vec<_> = outcomes(&report).into_iter().filter(|(_, outcome)| *outcome != "holds").collect();
    assert_eq!(failing, [("compare", "fails")], "an import brings the event, and so its state");
    assert!(report["reasons"][0].as_str().unwrap().contains("1 event is missing"), "{report:#}");
    let folder = Path::new(report["folder"].as_str().unwrap());
    assert!(folder.join("events.db").is_file() && folder.join("exported/events.json").is_file());
    let said = program(&dir).run("-q rehearse");
    assert!(said.stdout.starts_with("REHEARSED: a cutover would say NO-GO\n"), "{}", said.stdout);
}

#[test]
fn a_store_with_events_of_its_own_is_copied_and_not_touched() {
    let dir = logs(0..12);
    let sqlite = |dir: &TestDir| {
        let cli = program(dir).env("MISSION_CONTROL_STORAGE_BACKEND", "sqlite");
        cli.env("MISSION_CONTROL_USE_NEW_EVENT_SYSTEM", "true")
    };
    sqlite(&dir).run("-q import-legacy").result();
    let event = r#"{"event_type": "TaskCreated", "task_id": "T50", "title": "live", "priority": "P1"}"#;
    sqlite(&dir).run_with(["-q", "dispatch", event]).result();
    let before = contents(dir.path());
    let run = sqlite(&dir).run("-q rehearse --format json --rollback --as-of 2030-01-01");
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        outcomes(&report),
        [("copy", "holds"), ("import", "holds"), ("rollback", "holds"), ("integrity", "holds")],
        "{report:#}"
    );
    assert_eq!(report["steps"][2]["figures"]["matched"], 13, "what was dispatched, too");
    let mut after = contents(dir.path());
    after.retain(|path, _| !path.contains("evidence.jsonl"));
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    assert!(after == before, "a file was changed");
}

#[test]
fn where_there_is_no_room_nothing_is_copied() {
    let dir = logs(0..2);
    // Of a file with a hole so long no disk has a copy.
    let log = std::fs::File::options().write(true).open(dir.join("data/events.json")).unwrap();
    log.set_len(1 << 42).unwrap();
    let (run, report) = rehearse(&dir, "--keep always");
    assert_eq!((run.code, &report["verdict"]), (4, &"broken".into()), "{report:#}");
    let reason = report["reasons"][0].as_str().unwrap();
    assert!(reason.contains("nothing was copied; TMPDIR can name another folder"), "{reason}");
    assert_eq!(std::fs::read_dir(report["folder"].as_str().unwrap()).unwrap().count(), 0);
    let nowhere = program(&dir).env("TMPDIR", "nowhere").run("-q rehearse");
    nowhere.code_is(4, "could not make the folder of the rehearsal");
}

#[test]
fn the_way_back_and_the_states_are_evidence_whose_chain_holds() {
    let dir = logs(0..12);
    for (number, flag) in [(1, "--rollback"), (2, "--state")] {
        let (run, report) = rehearse(&dir, flag);
        assert_eq!((run.code, &report["recorded_as"]), (0, &number.into()), "{report:#}");
    }
    let recorded = std::fs::read_to_string(dir.join("data/evidence.jsonl")).unwrap();
    let kinds: Vec<String> = recorded
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["kind"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds, ["rehearsal_of_rollback", "rehearsal_of_state"]);
    assert_eq!(program(&dir).run("-q evidence verify").code, 0);
    let (_, whole) = rehearse(&dir, "");
    assert_eq!(
        (&whole["recorded_as"], std::fs::read_to_string(dir.join("data/evidence.jsonl")).unwrap()),
        (&Value::Null, recorded)
    );
}

#[test]
fn what_has_no_events_or_no_new_side_is_inconclusive_evidence() {
    let dir = TestDir::new();
    write(&dir, "data/events.json", "[]");
    write(&dir, "data/events/events-2025-10-20.jsonl", "");
    let (run, report) = rehearse(&dir, "--rollback");
    assert_eq!(
        (run.code, &report["reasons"][0]),
        (3, &"the store has no event that could be exported".into())
    );
    // The log is of the shape of the new system: the import takes it for what that wrote.
    write(&dir, "data/events.json", native(1));
    std::fs::remove_dir_all(dir.join("data/events")).unwrap();
    let (run, report) = rehearse(&dir, "");
    assert_eq!((run.code, outcomes(&report)[0]), (3, ("copy", "inconclusive")), "{report:#}");
    let recorded = std::fs::read_to_string(dir.join("data/evidence.jsonl")).unwrap();
    assert!(recorded.contains(r#""verdict":"inconclusive""#), "{recorded}");
}

#[test]
fn a_log_that_is_both_sides_is_no_evidence_of_itself() {
    let dir = logs(0..2);
    for command in ["compare-logs", "rehearse --rollback", "repair"] {
        let both = program(&dir).env("MISSION_CONTROL_LEGACY_EVENTS", "data/../data/events");
        both.run(&format!("-q {command}")).code_is(2, "a log agrees with itself");
    }
    assert!(!dir.join("data/evidence.jsonl").exists());
}

#[test]
fn a_mapping_for_one_of_two_logs_is_refused() {
    let dir = logs(0..2);
    let run = program(&dir).run("-q rehearse --candidate-event-type kind --candidate-timestamp at");
    run.code_is(2, "both logs are imported by one mapping");
}

#[cfg(unix)]
#[test]
fn a_log_that_is_a_pipe_is_not_read_from() {
    let dir = logs(0..2);
    let path = dir.join("data/events.json");
    std::fs::remove_file(&path).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let (run, report) = rehearse(&dir, "");
    assert_eq!(run.code, 4);
    assert!(report["reasons"][0].as_str().unwrap().contains("it is no regular file"), "{report:#}");
}

#[test]
fn without_a_legacy_log_there_is_nothing_to_rehearse() {
    let dir = TestDir::new();
    let (run, report) = rehearse(&dir, "");
    assert_eq!((run.code, &report["verdict"]), (4, &"broken".into()));
    assert!(
        report["reasons"][0].as_str().unwrap().contains("there is no legacy log at data/events.json"),
        "{report:#}"
    );
    assert_eq!(outcomes(&report)[1], ("import", "not_made"));
}
