//! `evidence list` and `evidence verify`, as an operator sees them.

use std::fs;

use mission_events::internals::application::evidence::record::Verdict;
use mission_events::internals::application::evidence::{ComparisonEvidence, EvidenceLog};
use mission_events::internals::infrastructure::evidence::log::JsonlEvidenceLog;
use serde_json::{Value, json};

use super::inputs::with_file;
use super::{comparison, lines, record};
use crate::support::cli::{Cli, cli};
use crate::support::test_dir::TestDir;

const PATH: &str = "evidence.jsonl";
const DAY: &str = "{\"event_id\": \"1\", \"event_type\": \"A\", \"timestamp\": \"2025-10-25T10:00:00Z\"}\n";

fn program(dir: &TestDir) -> Cli {
    cli(dir).env("MISSION_CONTROL_EVIDENCE", PATH)
}

/// Three records; the third found a difference.
fn recorded() -> TestDir {
    let dir = TestDir::new();
    record(&dir.join(PATH), 2);
    let different =
        ComparisonEvidence { verdict: Verdict::Different, differences: 7, ..comparison(3) }.into();
    JsonlEvidenceLog::new(&dir.join(PATH)).append(&different).unwrap();
    dir
}

fn edit(dir: &TestDir, from: &str, to: &str) {
    let text = fs::read_to_string(dir.join(PATH)).unwrap();
    assert!(text.contains(from));
    fs::write(dir.join(PATH), text.replacen(from, to, 1)).unwrap();
}

#[test]
fn people_see_the_latest_comparisons_with_their_answers() {
    let dir = recorded();
    let said = program(&dir).run("evidence list").result();
    let expected = "\
number  recorded                          verdict     control            events  candidate   events  differences
1       2025-10-26T01:02:03.250000+00:00  consistent  /logs/events.json  2       /logs/days  2       0
2       2025-10-26T01:02:03.250000+00:00  consistent  /logs/events.json  2       /logs/days  2       0
3       2025-10-26T01:02:03.250000+00:00  different   /logs/events.json  2       /logs/days  2       7
";
    assert_eq!(said, expected);
    let said = program(&dir).run("evidence list --limit 1").result();
    assert!(said.ends_with("\n2 earlier ones are not listed: raise --limit\n"), "{said}");
    let words = |line: Option<&str>| line.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    assert_eq!(words(said.lines().nth(1)), words(expected.lines().nth(3)));
}

#[test]
fn programs_get_all_that_is_recorded_with_the_hash_of_each_line() {
    let dir = recorded();
    let document = program(&dir).run("--format json evidence list").json();
    let listed = program(&dir).run("--format jsonl evidence list").result();
    let listed: Vec<Value> = listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(document, json!({"path": PATH, "records": listed}));
    for (number, (listed, line)) in (1..).zip(listed.iter().zip(lines(&dir.join(PATH)))) {
        let mut expected: Value = serde_json::from_slice(&line).unwrap();
        expected["line"] = json!(number);
        expected["sha256"] = json!(mission_events::internals::application::evidence::line_hash(&line));
        assert_eq!(*listed, expected);
    }
    let latest = program(&dir).run("--format jsonl evidence list --limit 1").result();
    assert_eq!(serde_json::from_str::<Value>(&latest).unwrap(), listed[2]);
}

#[test]
fn nothing_recorded_is_an_empty_list_and_nothing_to_verify() {
    for content in [None, Some("")] {
        let dir = TestDir::new();
        if let Some(content) = content {
            fs::write(dir.join(PATH), content).unwrap();
        }
        let said = program(&dir).run("evidence list").result();
        assert_eq!(said, "no comparison is recorded in evidence.jsonl\n");
        let document = program(&dir).run("--format json evidence list").json();
        assert_eq!(document, json!({"path": PATH, "records": []}));
        program(&dir).run("evidence verify").fails(
            1,
            "error: no comparison is recorded in evidence.jsonl: there is nothing to verify; \
             `evidence.path` can name another file\n",
        );
    }
    let dir = TestDir::new();
    fs::write(dir.join(PATH), "{\"sequence\": 1, \"prev").unwrap();
    program(&dir).run("evidence verify").fails(
        1,
        "error: no comparison is recorded in evidence.jsonl (an append was interrupted, and left a torn line): there is \
         nothing to verify; `evidence.path` can name another file\n",
    );
}

#[test]
fn a_chain_that_holds_is_said_with_the_hash_to_note() {
    let dir = recorded();
    let said = program(&dir).run("evidence verify").result();
    let hash = mission_events::internals::application::evidence::line_hash(&lines(&dir.join(PATH))[2]);
    let expected = format!(
        "evidence.jsonl: 3 records, the chain holds\n\
         the last one is number 3 of 2025-10-26T01:02:03.250000+00:00, SHA-256\n\
         {hash} (noted elsewhere, it also shows an end that was cut off)\n"
    );
    assert_eq!(said, expected);
    let document = program(&dir).run("--format json evidence verify").json();
    let expected = json!({
        "path": PATH, "chain_holds": true, "records": 3, "faults": [], "torn": [], "inputs": [],
        "last": {"line": 3, "sequence": 3, "recorded_at": "2025-10-26T01:02:03.250000+00:00", "sha256": hash},
    });
    assert_eq!(document, expected);
}

#[test]
fn an_altered_chain_is_1_and_its_lines_are_named() {
    let dir = recorded();
    edit(&dir, "\"anchors\":2", "\"anchors\":9");
    let run = program(&dir).run("evidence verify");
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    assert!(run.stdout.starts_with("evidence.jsonl: 3 records, the chain DOES NOT HOLD\n"), "{}", run.stdout);
    assert!(
        run.stdout.contains(
            "\nline 3: it does not follow line 2: one of the two was altered after it was written\n"
        ),
        "{}",
        run.stdout
    );
    let run = program(&dir).run("--format json evidence verify");
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["faults"], json!([{"line": 3, "fault": "altered", "before": 2}]));
    let run = program(&dir).run("evidence list --limit 0");
    assert_eq!(run.code, 0);
    assert!(run.stderr.contains("the chain of evidence.jsonl does not hold"), "{}", run.stderr);
}

#[test]
fn a_torn_record_is_told_and_is_no_fault() {
    let dir = recorded();
    let mut text = fs::read(dir.join(PATH)).unwrap();
    text.extend_from_slice(b"{\"sequence\": 4");
    fs::write(dir.join(PATH), text).unwrap();
    record(&dir.join(PATH), 1);
    let said = program(&dir).run("evidence verify").result();
    let torn = "\nline 4: torn, 14 bytes that an interrupted append has left; no evidence, and no fault\n";
    assert!(
        said.starts_with("evidence.jsonl: 4 records, the chain holds\n") && said.contains(torn),
        "{said}"
    );
}

#[test]
fn what_was_compared_is_told_and_only_a_change_is_1() {
    let dir = TestDir::new();
    let (one, other) = (dir.join("one.jsonl"), dir.join("other.jsonl"));
    fs::write(&one, DAY).unwrap();
    fs::write(&other, DAY).unwrap();
    let sides =
        ComparisonEvidence { control: with_file(&one), candidate: with_file(&other), ..comparison(1) }.into();
    JsonlEvidenceLog::new(&dir.join(PATH)).append(&sides).unwrap();
    let verify = || {
        let run = program(&dir).run("--format json evidence verify");
        let document: Value = serde_json::from_str(&run.stdout).unwrap();
        let states = document["inputs"].as_array().unwrap().iter();
        let states: Vec<String> = states.map(|input| input["state"].as_str().unwrap().to_owned()).collect();
        (run.code, states.join(" "))
    };
    assert_eq!(verify(), (0, "unchanged unchanged".to_owned()));
    fs::write(&one, DAY.repeat(2)).unwrap();
    fs::remove_file(&other).unwrap();
    assert_eq!(verify(), (0, "grown gone".to_owned()));
    let said = program(&dir).run("evidence verify").result();
    let row = said.lines().find(|line| line.contains("one.jsonl")).unwrap();
    assert_eq!(row.split_whitespace().skip(1).collect::<Vec<_>>(), ["file", "grown", "1"]);
    fs::create_dir(&other).unwrap();
    assert_eq!(verify(), (4, "grown unreadable".to_owned()));
    fs::write(&one, DAY.replace('A', "B")).unwrap();
    assert_eq!(verify(), (1, "changed unreadable".to_owned()));
    let run = program(&dir).run("evidence verify");
    assert!(run.stdout.contains("CHANGED"), "{}", run.stdout);
    assert!(run.stdout.contains("other content in its"), "{}", run.stdout);
}

#[test]
fn evidence_that_cannot_be_read_is_4() {
    let dir = TestDir::new();
    fs::create_dir(dir.join(PATH)).unwrap();
    for command in ["evidence list", "evidence verify"] {
        let said =
            "error: could not read evidence.jsonl\n  caused by: expected a file, found something else\n";
        program(&dir).run(command).fails(4, said);
    }
}
