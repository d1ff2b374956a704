//! What is recorded, and what is said where it cannot be.

use serde_json::Value;

use super::{array, jsonl, legacy_records, new_records, quiet, run, three_days};
use crate::support::cli::{Run, write};
use crate::support::test_dir::TestDir;

/// The logs where the settings look for them.
fn configured() -> TestDir {
    let dir = TestDir::new();
    write(&dir, "data/events.json", array(&legacy_records(&three_days())));
    for (day, records) in (20..).zip(new_records(&three_days()).chunks(12)) {
        write(&dir, &format!("data/events/events-2025-10-{day}.jsonl"), jsonl(records));
    }
    dir
}

fn recorded(dir: &TestDir) -> Vec<Value> {
    let text = std::fs::read_to_string(dir.join("data/evidence.jsonl")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn is_recorded(run: &Run, number: usize) -> bool {
    run.stdout.contains(&format!("\nrecorded as number {number} in data/evidence.jsonl ("))
}

#[test]
fn a_comparison_of_the_configured_logs_is_recorded_with_its_verdict() {
    let dir = configured();
    let first = run(&dir, "");
    assert!(first.code == 0 && is_recorded(&first, 1), "{first:?}");
    write(&dir, "data/events/events-2025-10-21.jsonl", "");
    let second = run(&dir, "");
    assert!(second.code == 1 && is_recorded(&second, 2), "{second:?}");
    // The same two, by their names.
    let third = run(&dir, "data/events.json data/../data/events --ignore title=why");
    assert!(third.code == 1 && is_recorded(&third, 3), "{third:?}");
    let records = recorded(&dir);
    let verdicts: Vec<&Value> = records.iter().map(|record| &record["verdict"]).collect();
    assert_eq!(verdicts, ["consistent", "different", "different"]);
    assert_eq!((&records[0]["matched"], &records[1]["classes"]["missing"]), (&36.into(), &12.into()));
    assert_eq!(records[0]["self_test"]["passed"], true);
    assert_eq!(records[0]["days"].as_array().unwrap().len(), 3);
    assert_eq!(records[2]["rules"][0]["name"], "title");
    let verified = quiet(&dir).run("--format json evidence verify");
    let verified: Value = serde_json::from_str(&verified.stdout).unwrap();
    assert_eq!(verified["chain_holds"], true, "{verified:#}");
}

#[test]
fn a_comparison_of_other_logs_is_no_evidence() {
    let dir = configured();
    for arguments in ["data/events.json data/events.json", "data/events data/events"] {
        let said = run(&dir, arguments).result();
        assert!(
            said.contains("\nnot recorded: only a comparison of the configured logs is evidence ("),
            "{said}"
        );
    }
    assert!(!dir.join("data/evidence.jsonl").exists());
}

#[test]
fn where_evidence_cannot_be_written_the_verdict_is_printed_and_the_exit_code_is_4() {
    let dir = configured();
    write(&dir, "notes.txt", "remember the milk\n");
    for (place, said) in
        [("data", "data"), ("notes.txt", "notes.txt"), ("notes.txt/evidence.jsonl", "notes.txt")]
    {
        let program = || quiet(&dir).env("MISSION_CONTROL_EVIDENCE", place);
        let human = program().run("compare-logs");
        assert_eq!(human.code, 4, "{human:?}");
        assert!(human.stdout.starts_with("CONSISTENT: 36 events"), "{human:?}");
        assert!(
            human.stdout.contains("\nNOT RECORDED: this run is no evidence for a cutover ("),
            "{human:?}"
        );
        assert!(human.stderr.starts_with("error: ") && human.stderr.contains(said), "{human:?}");
        let json = program().run("--format json compare-logs");
        let document: Value = serde_json::from_str(&json.stdout).unwrap();
        assert_eq!((json.code, &document["verdict"]), (4, &"consistent".into()));
    }
    assert_eq!(std::fs::read_to_string(dir.join("notes.txt")).unwrap(), "remember the milk\n");
    assert!(recorded(&dir).is_empty());
}

#[test]
fn what_ended_with_an_error_is_not_recorded() {
    let dir = configured();
    write(&dir, "data/events.json", b"\xff\xfe[\x00]\x00");
    run(&dir, "").code_is(4, "events.json");
    assert!(recorded(&dir).is_empty());
}

#[test]
fn an_inconclusive_comparison_is_recorded_as_what_it_is() {
    let dir = configured();
    let torn = std::fs::read_to_string(dir.join("data/events/events-2025-10-22.jsonl")).unwrap();
    write(&dir, "data/events/events-2025-10-22.jsonl", format!("{torn}{{\"event_id\": "));
    let run = run(&dir, "");
    assert!(run.code == 3 && is_recorded(&run, 1), "{run:?}");
    let records = recorded(&dir);
    assert_eq!(
        (&records[0]["verdict"], &records[0]["candidate"]["quarantined"]),
        (&"inconclusive".into(), &1.into())
    );
}
