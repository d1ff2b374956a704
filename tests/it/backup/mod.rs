//! `backup`, `verify` and `restore`, by the program.

mod against;
mod around;
mod damage;
#[cfg(target_os = "linux")]
mod killed;
mod places;
mod recorded;
mod restored;
mod restored_over;
mod stands_for;
mod stores;

use std::fs;
use std::path::{Path, PathBuf};

use mission_events::{EventRepository, JsonlEventRepository, SqliteEventRepository};
use serde_json::Value;

use crate::support::cli::{Cli, Run, cli, write};
use crate::support::test_dir::TestDir;
use crate::support::{event, utc};

/// The program over a store of this backend.
fn program(dir: &TestDir, backend: &str) -> Cli {
    let cli = cli(dir).env("MISSION_CONTROL_TIMEZONE", "UTC").env("MISSION_CONTROL_STORAGE_BACKEND", backend);
    cli.env("MISSION_CONTROL_USE_NEW_EVENT_SYSTEM", "true")
}

fn run(dir: &TestDir, backend: &str, line: &str) -> Run {
    program(dir, backend).run(&format!("-q {line}"))
}

/// Its answer as JSON, and its exit code.
fn answer(dir: &TestDir, backend: &str, line: &str) -> (i32, Value) {
    let run = run(dir, backend, &format!("--format json {line}"));
    (run.code, serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}")))
}

const BACKENDS: [&str; 2] = ["sqlite", "jsonl"];

/// Stores so many more events, over two days.
fn save(dir: &TestDir, backend: &str, ids: std::ops::Range<u32>) {
    let events: Vec<_> = ids
        .map(|number| {
            let day = 25 + number % 2;
            event(&format!("e{number}")).at(&format!("2025-10-{day}T10:00:00Z")).about("T1").build()
        })
        .collect();
    let store: Box<dyn EventRepository> = match backend {
        "sqlite" => Box::new(SqliteEventRepository::open(dir.join("data/events.db"), utc()).unwrap()),
        _ => Box::new(JsonlEventRepository::open(dir.join("data/events"), utc()).unwrap()),
    };
    store.save_events(&events).unwrap();
}

/// A store of ten events, which handlers have handled.
fn stored(backend: &str) -> TestDir {
    let dir = TestDir::new();
    save(&dir, backend, 0..10);
    assert_eq!(run(&dir, backend, "handlers run").code, 0);
    dir
}

/// A store with everything that an import can leave: history, derived ids, repeats, rejects, twins.
fn imported() -> TestDir {
    let dir = stored("sqlite");
    let record = |task: &str| {
        format!(
            r#"{{"type": "TaskCreated", "task_id": "{task}", "title": "é", "timestamp": "2025-10-20T10:00:00"}}"#
        )
    };
    let records =
        [record("T1"), record("T1"), record("T2"), r#"{"type": "A", "timestamp": "never"}"#.to_owned()];
    write(&dir, "data/events.json", format!("[{}]", records.join(", ")));
    assert_eq!(run(&dir, "sqlite", "import-legacy data/events.json").code, 1, "a record is no event");
    dir
}

fn backup(dir: &TestDir, backend: &str) -> PathBuf {
    let (code, made) = answer(dir, backend, "backup --to backups");
    assert_eq!(code, 0, "{made:#}");
    dir.join(made["backup"].as_str().unwrap())
}

/// The names in a folder that do not begin with a dot.
fn names(dir: &TestDir, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(dir.join(folder)).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    names
}

/// How many events the store of the settings has.
fn events(dir: &TestDir, backend: &str) -> usize {
    run(dir, backend, "events recent --limit 1000000 --raw").result().lines().count()
}

/// Writes to a file that is read-only.
fn overwrite(path: &std::path::Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}
