//! Files of a folder that an import does not read: named, and an answer of no where events may be in them.

use serde_json::{Value, json};

use super::{DATABASE, quiet};
use crate::support::cli::{Run, write};
use crate::support::test_dir::TestDir;

fn event(id: &str) -> String {
    format!(r#"{{"event_id": "{id}", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z"}}"#)
}

fn import(dir: &TestDir, arguments: &str) -> Run {
    quiet(dir).run(&format!("import-legacy {arguments} --into {DATABASE}"))
}

/// Exit code, number of imported events, and the files that were not read: path, and whether events are in it.
fn counted(dir: &TestDir, arguments: &str) -> (i32, u64, Vec<(String, Value)>) {
    let run = quiet(dir).run(&format!("--format json import-legacy {arguments} --into {DATABASE}"));
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let skipped = report["skipped_files"].as_array().unwrap();
    let path = |file: &Value| file["path"].as_str().unwrap().to_owned();
    let skipped = skipped.iter().map(|file| (path(file), file["holds_events"].clone())).collect();
    (run.code, report["imported"].as_u64().unwrap(), skipped)
}

#[test]
fn a_file_that_holds_events_or_may_is_named_and_the_answer_is_no() {
    for (name, content, holds_events) in [
        ("app.jsonl.1", event("e2"), json!(true)),
        ("2024/10/25.JSON", format!("[{}]", event("e2")), json!(true)),
        ("app.jsonl.xz", "\u{fd}7zXZ".to_owned(), json!(null)),
        ("notes.md", "quiet".to_owned(), json!(false)),
    ] {
        for dry_run in ["", " --dry-run"] {
            let dir = TestDir::new();
            write(&dir, "logs/app.jsonl", event("e1"));
            write(&dir, &format!("logs/{name}"), content.replace('\u{fd}', "BZh9"));
            let code = i32::from(holds_events != json!(false));
            let skipped = vec![(format!("logs/{name}"), holds_events.clone())];
            assert_eq!(counted(&dir, &format!("logs{dry_run}")), (code, 1, skipped), "{name}");
        }
    }
}

#[test]
fn the_summary_names_first_what_is_no_log_and_then_what_may_be_one() {
    let dir = TestDir::new();
    write(&dir, "logs/events-2025-10-25.jsonl", event("e1"));
    write(&dir, "logs/notes.md", "quiet");
    write(&dir, "logs/2024/old.txt", event("e2"));
    let run = import(&dir, "logs");
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    let said = "
not read:
  logs/notes.md: not an events-*.jsonl file, and no event is in it

not read, and there may be events in it: do what is said of it, or name it as well, or move it out of the folder
  logs/2024/old.txt: in a folder within the folder, and it holds an event
";
    assert!(run.stdout.contains(said), "{}", run.stdout);
}

#[test]
fn a_file_of_a_folder_that_is_named_as_well_is_read() {
    let dir = TestDir::new();
    write(&dir, "logs/app.jsonl", event("e1"));
    write(&dir, "logs/app.jsonl.1", event("e2"));
    write(&dir, "logs/2024/old.jsonl", event("e3"));
    for arguments in ["logs logs/app.jsonl.1 logs/2024", "logs/2024 ./logs/../logs/app.jsonl.1 logs"] {
        let (code, _, skipped) = counted(&dir, arguments);
        assert_eq!((code, skipped), (0, Vec::new()), "{arguments}");
    }
    assert_eq!(super::ids(&dir, DATABASE), ["e1", "e2", "e3"]);
}

#[test]
fn the_configured_folder_is_looked_at_as_one_that_is_named() {
    let dir = TestDir::new();
    write(&dir, "data/events.json", format!("[{}]", event("e1")));
    write(&dir, "data/events/events-2025-10-25.jsonl", event("e2"));
    write(&dir, "data/events/.events.lock", "");
    let lock = ("data/events/.events.lock".to_owned(), json!(false));
    assert_eq!(counted(&dir, ""), (0, 2, vec![lock.clone()]));
    write(&dir, "data/events/events-2025-10-26.jsonl.old", event("e3"));
    let old = ("data/events/events-2025-10-26.jsonl.old".to_owned(), json!(true));
    assert_eq!(counted(&dir, ""), (1, 0, vec![lock, old]));
}

#[test]
fn a_folder_in_which_nothing_is_found_names_what_it_holds() {
    let dir = TestDir::new();
    write(&dir, "logs/App.JSON", format!("[{}]", event("e1")));
    write(&dir, "logs/2025/10/25.jsonl", event("e2"));
    write(&dir, "logs/notes.md", "");
    import(&dir, "logs").fails(
        4,
        "warning: there is no log in the folder logs
error: there is nothing to import: no log was found; name logs, or folders that hold some
  logs/App.JSON: not a .json, .jsonl or .ndjson file, and it holds an event
  logs/notes.md: not a .json, .jsonl or .ndjson file, and no event is in it
  logs/2025/10/25.jsonl: in a folder within the folder, and it holds an event
",
    );
    assert!(!dir.join(DATABASE).exists());
    for n in 0..30 {
        write(&dir, &format!("many/notes-{n:02}.md"), "");
    }
    let said = import(&dir, "many").stderr;
    assert_eq!(said.matches("many/notes-").count(), 20, "{said}");
    assert!(said.ends_with("  and 10 more (--format json lists them)\n"), "{said}");
}

/// Files by the name of a log that are none as they are, and what is said of each.
fn refused() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let utf_16: Vec<u8> = event("e2").encode_utf16().flat_map(u16::to_le_bytes).collect();
    vec![
        ("xz", b"\xFD7zXZ\0\0\x04".to_vec(), "unpack it first (xz -d FILE)"),
        ("utf-16", utf_16, "convert it first (iconv -f UTF-16LE -t UTF-8)"),
        ("several lines", event("e2").replace(", ", ",\n").into_bytes(), "`jq -c . FILE > LOG.jsonl`"),
        ("a holder", format!("{{\"Records\": [{}]}}\n", event("e2")).into_bytes(), "--records \"Records\""),
    ]
}

#[test]
fn a_file_of_a_folder_that_is_no_log_as_it_is_is_named_with_its_way_out_and_the_others_are_read() {
    for (what, content, way_out) in refused() {
        for (log, other) in [("events-2025-10-25.jsonl", "events-2025-10-26.jsonl"), ("a.jsonl", "b.json")] {
            let dir = TestDir::new();
            write(&dir, &format!("logs/{log}"), event("e1"));
            write(&dir, &format!("logs/{other}"), &content);
            let skipped = vec![(format!("logs/{other}"), json!(null))];
            assert_eq!(counted(&dir, "logs --dry-run"), (1, 1, skipped.clone()), "{what}");
            assert!(!dir.join(DATABASE).exists());
            assert_eq!(counted(&dir, "logs"), (1, 1, skipped.clone()), "{what}");
            assert_eq!(counted(&dir, "logs"), (1, 0, skipped), "{what}");
            let run = import(&dir, "logs");
            let (said, named) = (run.stdout.as_str(), format!("\n  logs/{other}: "));
            let line = said.split_once(&named).and_then(|(_, rest)| rest.lines().next());
            assert!(line.is_some_and(|line| line.contains(way_out)), "{what}: {said}");
            // Made what it says, it is read.
            write(&dir, &format!("logs/{other}"), event("e2"));
            assert_eq!(counted(&dir, "logs"), (0, 1, Vec::new()), "{what}");
        }
    }
}

#[test]
fn a_file_that_is_named_and_no_log_as_it_is_stops_the_import_and_no_store_is_made() {
    for (what, content, way_out) in refused() {
        let dir = TestDir::new();
        write(&dir, "logs/b.jsonl", &content);
        write(&dir, "a.jsonl", event("e1"));
        for arguments in ["logs/b.jsonl", "a.jsonl logs/b.jsonl", "logs", "logs --dry-run"] {
            let run = import(&dir, arguments);
            assert_eq!((run.code, run.stdout.as_str()), (4, ""), "{what} {arguments}");
            assert!(run.stderr.contains(way_out), "{what} {arguments}: {}", run.stderr);
            assert!(!dir.join(DATABASE).exists(), "{what} {arguments}");
        }
        assert_eq!(counted(&dir, "a.jsonl logs"), (1, 1, vec![("logs/b.jsonl".to_owned(), json!(null))]));
    }
}
