//! What the operating system forbids.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;

use crate::support::cli::{Run, cli_without_privileges, write};
use crate::support::test_dir::TestDir;

const EVENT: &str = r#"{"event_id": "e1", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z"}"#;
const DENIED: &str = "Permission denied (os error 13)";

fn import(dir: &TestDir, arguments: &str) -> Run {
    let program = cli_without_privileges(dir).env("MISSION_CONTROL_STORAGE_BACKEND", "sqlite");
    program.run(&format!("import-legacy {arguments}"))
}

fn allow(dir: &TestDir, name: &str, mode: u32) {
    set_permissions(dir.join(name), Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_log_that_may_not_be_read_stops_the_import_before_it_begins() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", EVENT);
    write(&dir, "b.jsonl", EVENT);
    allow(&dir, "b.jsonl", 0o000);
    let run = import(&dir, "a.jsonl b.jsonl --into events.db");
    run.fails(4, &format!("error: could not open b.jsonl\n  caused by: {DENIED}\n"));
    assert!(!dir.join("events.db").exists());
}

#[test]
fn a_folder_that_may_not_be_listed_stops_the_import_before_it_begins() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", EVENT);
    write(&dir, "days/events-2025-10-25.jsonl", EVENT);
    allow(&dir, "days", 0o000);
    let run = import(&dir, "a.jsonl days --into events.db");
    run.fails(4, &format!("error: could not read days\n  caused by: {DENIED}\n"));
    assert!(!dir.join("events.db").exists());
    allow(&dir, "days", 0o700);
}

#[test]
fn a_store_cannot_be_made_in_a_folder_that_may_not_be_written() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", EVENT);
    std::fs::create_dir(dir.join("shelf")).unwrap();
    allow(&dir, "shelf", 0o555);
    let run = import(&dir, "a.jsonl --into shelf/events.db");
    let said = "error: could not lock shelf/events.db.lock: a store needs a folder that this user may write; \
                change its permissions, or name a store elsewhere";
    run.fails(4, &format!("{said}\n  caused by: {DENIED}\n"));
    let run = import(&dir, "a.jsonl --into shelf/deeper/events.db");
    run.fails(4, &format!("error: could not create the folder shelf/deeper\n  caused by: {DENIED}\n"));
    assert_eq!(std::fs::read_dir(dir.join("shelf")).unwrap().count(), 0);
}

#[test]
fn a_store_that_may_not_be_written_stays_as_it_is() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", EVENT);
    assert_eq!(import(&dir, "a.jsonl --into events.db").code, 0);
    allow(&dir, "events.db", 0o444);
    write(&dir, "b.jsonl", EVENT.replace("e1", "e2"));
    let run = import(&dir, "b.jsonl --into events.db");
    assert_eq!((run.code, run.stdout.as_str()), (4, ""));
    assert!(run.stderr.starts_with("error: could not "), "{}", run.stderr);
    assert!(run.stderr.contains("attempt to write a readonly database"), "{}", run.stderr);
    assert_eq!(super::ids(&dir, "events.db"), ["e1"]);
}
