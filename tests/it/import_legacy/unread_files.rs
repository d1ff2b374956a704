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

not read, and there may be events in it: name it as well, or move it out of the folder
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
