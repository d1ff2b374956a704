//! Processes that write to a store take turns by a file beside it.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::{Open, dispatcher, event, jsonl, sqlite};
use crate::support::cli::{cli, write};
use crate::support::test_dir::TestDir;

const PATIENCE: Duration = Duration::from_secs(30);
const LOG: &str = r#"{"event_id": "e1", "event_type": "TaskCreated", "timestamp": "2025-10-25T10:00:00Z"}"#;

/// Takes the turn as another process would.
fn take_turn(path: &PathBuf) -> File {
    let file = File::options().create(true).truncate(false).write(true).open(path).unwrap();
    file.lock().unwrap();
    file
}

#[test]
fn a_dispatch_waits_for_its_turn_and_takes_what_has_come_meanwhile() {
    for (open, turn_file) in [(sqlite as Open, "events.db.turn"), (jsonl, "events/.events.turn")] {
        let dir = TestDir::new();
        let dispatcher = dispatcher(dir.path(), open);
        dispatcher.dispatch(event("first")).unwrap();
        let path = dir.join(turn_file);
        let turn = take_turn(&path);
        let pending = ["e1", "e2"].map(|id| dispatcher.dispatch_async(event(id)).unwrap());
        assert_eq!(open(dir.path()).0.summary().unwrap().events, 1, "{turn_file}");
        turn.unlock().unwrap();
        for pending in pending {
            pending.stored().unwrap();
        }
        assert_eq!(fs::metadata(&path).unwrap().len(), 0, "the file is empty, and stays");
    }
}

#[cfg(unix)]
#[test]
fn a_store_has_one_turn_file_by_whatever_link_it_is_reached() {
    let dir = TestDir::new();
    dispatcher(dir.path(), sqlite).dispatch(event("e1")).unwrap();
    fs::create_dir(dir.join("links")).unwrap();
    std::os::unix::fs::symlink("../events.db", dir.join("links/events.db")).unwrap();
    let turn = take_turn(&dir.join("events.db.turn"));
    let through_link = dispatcher(&dir.join("links"), sqlite);
    let pending = through_link.dispatch_async(event("e2")).unwrap();
    assert_eq!(sqlite(dir.path()).0.summary().unwrap().events, 1);
    turn.unlock().unwrap();
    pending.stored().unwrap();
    assert!(!dir.join("links/events.db.turn").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn an_import_waits_for_its_turn() {
    let dir = TestDir::new();
    dispatcher(dir.path(), sqlite).dispatch(event("first")).unwrap();
    write(&dir, "log.jsonl", LOG);
    let path = dir.path().canonicalize().unwrap().join("events.db.turn");
    let turn = take_turn(&path);
    let mut import = cli(&dir).start("--format json import-legacy log.jsonl --into events.db");
    let deadline = Instant::now() + PATIENCE;
    while !import.has_open(&path) {
        assert!(Instant::now() < deadline && !import.has_ended(), "it does not wait for its turn");
        std::thread::yield_now();
    }
    assert_eq!(sqlite(dir.path()).0.summary().unwrap().events, 1);
    turn.unlock().unwrap();
    assert_eq!(import.end().code, 0);
    assert_eq!(sqlite(dir.path()).0.summary().unwrap().events, 2);
}
