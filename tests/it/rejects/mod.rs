//! `rejects`: the quarantine, as an operator sees it, and what a retry makes of it.

mod dry_run;
mod earlier_versions;
mod retry;
#[cfg(target_os = "linux")]
mod turns;

use serde_json::{Value, json};

use crate::support::cli::{Cli, cli, write};
use crate::support::test_dir::TestDir;

const DATABASE: &str = "events.db";

/// The program, set up so that it has nothing to warn of.
fn quiet(dir: &TestDir) -> Cli {
    cli(dir).env("MISSION_CONTROL_STORAGE_BACKEND", "sqlite").env("MISSION_CONTROL_SQLITE_PATH", DATABASE)
}

fn in_berlin(dir: &TestDir) -> Cli {
    quiet(dir).env("MISSION_CONTROL_TIMEZONE", "Europe/Berlin")
}

/// Imports logs whose naive times are of Berlin and must come once.
#[track_caller]
fn import(dir: &TestDir, logs: &str) {
    let run = in_berlin(dir).run(&format!("import-legacy {logs} --dst reject"));
    assert!(run.code <= 1 && run.stderr.is_empty(), "{run:?}");
}

#[track_caller]
fn rejects(dir: &TestDir, arguments: &str) -> Vec<Value> {
    let lines = quiet(dir).run(&format!("--format jsonl rejects {arguments}")).result();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const LOG: &[u8] = b"{\"type\": \"A\", \"timestamp\": \"25.10.2025\"}\n\
    {\"type\": \"A\", \"timestamp\": \"2025-10-26T02:30:00\"}\n\
    {\"type\": \"\xff\"}\n\
    {\"type\": \"A\", \"timest";

fn with_rejects() -> TestDir {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", LOG);
    write(&dir, "b.json", r#"[{"type": "A", "timestamp": "2025-10-01"}, 42, {"type": "A"}"#);
    import(&dir, "a.jsonl b.json");
    dir
}

#[test]
fn every_reject_is_listed_with_its_place_its_reason_and_its_bytes() {
    let dir = with_rejects();
    let path = dir.join("a.jsonl").canonicalize().unwrap();
    let listed = rejects(&dir, "");
    let mut first = listed[0].clone();
    let time = first.as_object_mut().unwrap().remove("rejected_at").unwrap();
    assert!(time.as_str().unwrap().ends_with("+00:00"));
    let expected = json!({
        "source_id": 1, "path": path, "line": 1, "offset": 0, "bytes": 40, "reason": "bad_timestamp",
        "detail": "bad timestamp: expected a date as YYYY-MM-DD (week dates, ordinal dates and the basic format are not read), got \"25.10.2025\"",
        "current": true, "retried_position": null,
        "text": "{\"type\": \"A\", \"timestamp\": \"25.10.2025\"}",
    });
    assert_eq!(first, expected);
    let places: Vec<_> = listed
        .iter()
        .map(|reject| {
            (
                reject["line"].as_u64().unwrap(),
                reject["offset"].as_u64().unwrap(),
                reject["reason"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        places,
        [
            (1, 0, "bad_timestamp"),
            (2, 41, "bad_timestamp"),
            (3, 91, "syntax"),
            (4, 105, "torn_tail"),
            (1, 43, "syntax"),
            (1, 47, "no_timestamp"),
            (1, 60, "torn_tail"),
        ]
    );
    for reject in &listed {
        assert_eq!(reject.get("text").is_some(), reject.get("base64").is_none(), "{reject}");
    }
    assert_eq!(listed[2]["base64"], "eyJ0eXBlIjogIv8ifQ==", "what is not UTF-8");
    assert_eq!((listed[6]["bytes"].as_u64(), listed[6]["text"].as_str()), (Some(0), Some("")));
}

#[test]
fn the_document_has_the_counts_and_the_same_records() {
    let dir = with_rejects();
    let document = quiet(&dir).run("--format json rejects").json();
    let reasons = json!({"bad_timestamp": 2, "no_timestamp": 1, "syntax": 2, "torn_tail": 2});
    assert_eq!(document["reasons"], reasons);
    assert_eq!(document["current"], 7);
    assert_eq!(*document["rejects"].as_array().unwrap(), rejects(&dir, ""));
    let none = quiet(&dir).run("--format json rejects --reason none").json();
    assert_eq!(none, json!({"reasons": {}, "current": 0, "rejects": []}));
}

#[test]
fn filters_by_log_and_reason_and_a_limit_hold_together() {
    let dir = with_rejects();
    let absolute = dir.join("b.json").canonicalize().unwrap().display().to_string();
    for (arguments, count) in [
        ("--source a.jsonl".to_owned(), 4),
        ("--source ./b.json".to_owned(), 3),
        (format!("--source {absolute} --reason torn_tail"), 1),
        ("--reason torn_tail".to_owned(), 2),
        ("--source none.jsonl".to_owned(), 0),
        ("--reason torn".to_owned(), 0),
        ("--limit 5".to_owned(), 5),
        ("--limit 0".to_owned(), 0),
    ] {
        assert_eq!(rejects(&dir, &arguments).len(), count, "{arguments}");
    }
    std::fs::remove_file(dir.join("b.json")).unwrap();
    assert_eq!(rejects(&dir, "--source b.json").len(), 3, "the log itself may be gone");
}

#[test]
fn people_see_how_many_of_each_reason_there_are_and_then_which() {
    let dir = with_rejects();
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let said = quiet(&dir).run("rejects --source b.json --limit 2").result();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(words(&lines[..4].join("\n")), words("reason records no_timestamp 1 syntax 1 torn_tail 1"));
    assert_eq!(words(lines[5]), words("log line byte reason state detail"));
    assert!(lines[6].contains("43    syntax        rejected  not a JSON object"), "{said}");
    assert_eq!(&lines[8..], ["", "1 more are not listed: raise --limit"]);
    assert_eq!(quiet(&dir).run("rejects --reason none").result(), "nothing is in quarantine\n");
}

#[test]
fn a_reject_of_many_pieces_is_listed_as_one() {
    let dir = TestDir::new();
    let damage = format!("{{\"type\": \"A\", \"n\": \"{}", "ü".repeat(3 << 20));
    write(&dir, "a.json", format!("[{damage}"));
    import(&dir, "a.json");
    let listed = rejects(&dir, "");
    assert_eq!(listed.len(), 1);
    assert!(listed[0]["text"].as_str().unwrap() == damage);
}
