//! Dry runs and refused imports: nothing is where the store would be, whatever stands in the way there.

use std::fs;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::processes::write_log;
use super::{DATABASE, import, quiet, rows};
use crate::support::cli::{cli_without_privileges, write};
use crate::support::test_dir::TestDir;

const BAD: &str = r#"{"type": "A", "timestamp": "2025-10-25T10:00:00"}
{"type": "A", "timestamp": "25.10.2025"}
"#;
/// A legacy record without id in the time of events of the new system.
const OVERLAPPING: &str = r#"{"event_id": "e1", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z"}
{"type": "A", "timestamp": "2025-10-25T10:00:01"}
{"event_id": "e2", "event_type": "A", "timestamp": "2025-10-25T10:00:02Z"}
"#;

/// Imports that are not to write, each with its exit code and what its report says.
const REFUSED: [(&str, &str, i32, &str); 4] = [
    ("--dry-run", BAD, 1, "dry_run"),
    ("--dry-run --strict", BAD, 1, "refused"),
    ("--strict", BAD, 1, "refused"),
    ("--overlap refuse", OVERLAPPING, 1, "refused"),
];

/// Everything below a folder, with the bytes of the files.
fn tree(dir: &TestDir) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![dir.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(dir.path()).unwrap().display().to_string();
            found.push((name, fs::read(&path).unwrap_or_default()));
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn an_import_that_is_not_to_write_leaves_no_folder_no_lock_and_nothing_else() {
    for (options, log, code, key) in REFUSED {
        for into in [DATABASE, "new/dir/events.db", "there/events.db"] {
            let dir = TestDir::new();
            fs::create_dir(dir.join("there")).unwrap();
            write(&dir, "log.jsonl", log);
            let before = tree(&dir);
            let run =
                quiet(&dir).run(&format!("--format json import-legacy log.jsonl {options} --into {into}"));
            assert_eq!((run.code, run.stderr.as_str()), (code, ""), "{options} {into}");
            let report: Value = serde_json::from_str(&run.stdout).unwrap();
            assert!(report[key] != Value::Null && report[key] != Value::Bool(false), "{report:#}");
            assert_eq!(tree(&dir), before, "{options} {into}");
        }
    }
}

#[test]
fn an_import_that_stops_in_the_middle_leaves_nothing_either() {
    let dir = TestDir::new();
    write(&dir, "log.jsonl", BAD);
    fs::create_dir(dir.join("events")).unwrap();
    let before = tree(&dir);
    for options in ["--strict none.jsonl", "none.jsonl", "none.jsonl --dry-run"] {
        let run = quiet(&dir).run(&format!("import-legacy log.jsonl {options} --into new/events.db"));
        assert_eq!((run.code, tree(&dir)), (4, before.clone()), "{options}");
    }
}

#[test]
fn a_dry_run_leaves_a_store_that_is_there_as_it_is_to_the_byte() {
    let dir = TestDir::new();
    write(&dir, "log.jsonl", BAD.replace("10:00", "11:00"));
    write(&dir, "more.jsonl", OVERLAPPING);
    let import = quiet(&dir).run(&format!("import-legacy log.jsonl --into {DATABASE}"));
    assert_eq!(import.code, 1);
    let before = tree(&dir);
    for command in
        ["import-legacy more.jsonl --dry-run --into events.db", "--store events.db rejects retry --dry-run"]
    {
        let code = quiet(&dir).run(command).code;
        assert!(code < 2, "{command}: {code}");
        assert_eq!(tree(&dir), before, "{command}");
    }
}

#[test]
fn a_dry_run_needs_no_folder_that_may_be_written() {
    let dir = TestDir::new();
    write(&dir, "log.jsonl", OVERLAPPING);
    fs::create_dir(dir.join("shelf")).unwrap();
    for into in ["shelf/events.db", "shelf/deeper/events.db", "none/events.db"] {
        let program = cli_without_privileges(&dir).env("MISSION_CONTROL_TIMEZONE", "UTC");
        let program = program.env("MISSION_CONTROL_STORAGE_BACKEND", "sqlite");
        fs::set_permissions(dir.join("shelf"), Permissions::from_mode(0o555)).unwrap();
        let report =
            program.run(&format!("--format json import-legacy log.jsonl --dry-run --into {into}")).json();
        assert_eq!((&report["imported"], &report["matched_existing"]), (&2.into(), &1.into()), "{into}");
        fs::set_permissions(dir.join("shelf"), Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
fn a_dry_run_needs_no_room_in_the_folder_of_the_store() {
    let dir = TestDir::new();
    write_log(&dir, "events.json", 1, 5_000);
    write(&dir, "small/file", "");
    let report = quiet(&dir).run("--format json import-legacy events.json --dry-run --into small/events.db");
    assert_eq!(super::Report::of(report).total.imported, 5_000);
    assert_eq!(fs::read_dir(dir.join("small")).unwrap().count(), 1);
}

#[test]
fn a_refused_import_into_a_filled_store_keeps_its_rows() {
    let dir = TestDir::new();
    write(&dir, "before.jsonl", OVERLAPPING.lines().next().unwrap());
    import(&dir, "before.jsonl");
    write(&dir, "log.jsonl", BAD);
    let run = quiet(&dir).run(&format!("import-legacy log.jsonl --strict --into {DATABASE}"));
    assert_eq!((run.code, rows(&dir, DATABASE).len()), (1, 1));
}
