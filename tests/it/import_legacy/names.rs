//! One store that several names lead to: whichever is used, it is one store.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::processes::write_log;
use super::{BUILD_FOLDER, DATABASE, Report, import, import_into, quiet, rows};
use crate::support::cli::{Running, write};
use crate::support::test_dir::TestDir;
use crate::support::{events_to_last, some_pairs};

const EVENTS: u64 = events_to_last(400, 1_500);

fn start(dir: &TestDir, log: &str, name: &str) -> Running {
    quiet(dir).start(&format!("--format json import-legacy {log} --into {name}"))
}

/// Names of the store in the folder, through links of every kind.
fn with_links() -> TestDir {
    let dir = TestDir::new();
    fs::create_dir_all(dir.join("deep/er")).unwrap();
    symlink(DATABASE, dir.join("near.db")).unwrap();
    symlink("../../near.db", dir.join("deep/er/far.db")).unwrap();
    symlink(dir.join(DATABASE), dir.join("absolute.db")).unwrap();
    symlink("deep/er", dir.join("short")).unwrap();
    symlink(".", dir.join("here")).unwrap();
    dir
}

const NAMES: [&str; 6] =
    [DATABASE, "near.db", "deep/er/far.db", "absolute.db", "short/far.db", "deep/../here/events.db"];

/// Both systems' records of the same events; which of them are twins depends on what is there.
fn write_both_logs(dir: &TestDir) {
    let (mut legacy, mut native) = (String::new(), String::new());
    for number in 0..EVENTS {
        let time = format!("2025-10-25T{:02}:{:02}:{:02}", number / 3600, number / 60 % 60, number % 60);
        let fields = format!("\"title\": \"step {number}\", \"timestamp\": \"{time}\"");
        legacy += &format!("{{\"type\": \"A\", \"task_id\": \"T{number}\", {fields}}}\n");
        native += &format!(
            "{{\"event_id\": \"e{number}\", \"event_type\": \"A\", \"aggregate_id\": \"T{number}\", \"task_id\": \"T{number}\", {fields}}}\n"
        );
    }
    write(dir, "legacy.jsonl", legacy);
    write(dir, "native.jsonl", native);
}

fn twins(dir: &TestDir) -> i64 {
    let connection = rusqlite::Connection::open(dir.join(DATABASE)).unwrap();
    connection.query_row("SELECT count(*) FROM twins", [], |row| row.get(0)).unwrap()
}

#[test]
fn two_imports_at_once_through_two_names_keep_what_both_systems_wrote_once() {
    // A store that is there, one that holds nothing yet, and none.
    for (name, before) in some_pairs(&NAMES[1..], &["store", "empty", "none"]) {
        let dir = with_links();
        write_both_logs(&dir);
        match before {
            "store" => drop(import_into(&dir, "legacy.jsonl", DATABASE)),
            "empty" => write(&dir, DATABASE, ""),
            _ => {}
        }
        let runs = [start(&dir, "legacy.jsonl", DATABASE), start(&dir, "native.jsonl", name)];
        for run in runs {
            Report::of(run.end());
        }
        assert_eq!(
            (rows(&dir, DATABASE).len() as u64, twins(&dir) as u64),
            (EVENTS, EVENTS),
            "{name}, {before}"
        );
        let link = Path::new(name).file_name().unwrap().to_str().unwrap();
        let beside = dir.names_like(&format!("{link}."));
        assert!(link == DATABASE || beside.is_empty(), "{beside:?} has a name of a link");
    }
}

#[test]
fn a_store_is_made_where_a_link_leads_that_leads_to_nothing_yet() {
    let dir = with_links();
    write_log(&dir, "events.json", 1, 100);
    import_into(&dir, "events.json", "deep/er/far.db");
    assert!(dir.join("deep/er/far.db").is_symlink() && !dir.join(DATABASE).is_symlink());
    assert_eq!(rows(&dir, DATABASE).len(), 100);
    assert_eq!(import_into(&dir, "events.json", "absolute.db").total.already_present, 100);
}

#[test]
fn a_link_into_a_folder_that_is_not_there_is_refused_and_makes_no_folder() {
    let dir = TestDir::new();
    write_log(&dir, "events.json", 1, 1);
    symlink("mount/events.db", dir.join(DATABASE)).unwrap();
    let run = quiet(&dir).run(&format!("import-legacy events.json --into {DATABASE}"));
    run.code_is(4, "events.db is a link to mount/events.db, and the folder of that does not exist");
    assert!(!dir.join("mount").exists());
}

#[test]
fn a_store_with_two_names_is_not_written_to_and_can_be_read() {
    let dir = TestDir::new();
    write_log(&dir, "events.json", 1, 50);
    write_log(&dir, "more.json", 2, 10);
    import(&dir, "events.json");
    fs::hard_link(dir.join(DATABASE), dir.join("other.db")).unwrap();
    for name in [DATABASE, "other.db"] {
        for command in [
            format!("import-legacy more.json --into {name}"),
            format!("import-legacy more.json --into {name} --dry-run"),
            format!("--store {name} rejects retry"),
            format!("--store {name} rejects retry --dry-run"),
        ] {
            quiet(&dir).run(&command).code_is(4, &format!("{name} has 2 names (hard links)"));
        }
        for command in ["events recent --limit 1000", "rejects", "status"] {
            let run = quiet(&dir).run(&format!("-q --store {name} {command}"));
            assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{command}");
        }
    }
    assert_eq!(rows(&dir, DATABASE).len(), 50);
    fs::remove_file(dir.join("other.db")).unwrap();
    assert_eq!(import(&dir, "more.json").total.imported, 10);
}

#[test]
fn a_name_that_a_store_gets_while_an_import_waits_for_its_turn_stops_that_import() {
    let dir = TestDir::new();
    write_log(&dir, "events.json", 1, 50);
    write_log(&dir, "more.json", 2, 10);
    import(&dir, "events.json");
    import(&dir, "events.json");
    let turn = fs::File::options().write(true).open(dir.join("events.db.import.lock")).unwrap();
    turn.lock().unwrap();
    let mut waiting = start(&dir, "more.json", DATABASE);
    let lock = dir.path().canonicalize().unwrap().join("events.db.import.lock");
    while !waiting.has_open(&lock) {
        assert!(!waiting.has_ended(), "it does not wait");
        std::thread::yield_now();
    }
    fs::hard_link(dir.join(DATABASE), dir.join("other.db")).unwrap();
    turn.unlock().unwrap();
    waiting.end().code_is(4, "has 2 names (hard links)");
    assert_eq!(rows(&dir, DATABASE).len(), 50);
}

#[test]
fn the_log_of_a_database_that_is_gone_is_seen_through_a_link() {
    let dir = TestDir::new();
    write_log(&dir, "events.json", 1, 1);
    symlink(DATABASE, dir.join("link.db")).unwrap();
    write(&dir, "events.db-wal", "events that are nowhere else");
    let run = quiet(&dir).run("import-legacy events.json --into link.db");
    run.code_is(4, "events.db-wal lies there without its database");
    assert_eq!(dir.names_like(BUILD_FOLDER), [""; 0]);
}
