//! A disk that fills up in the middle, stood in for by a limit on the size of files.

use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use super::processes::write_log;
use super::{BUILD_FOLDER, DATABASE, described, import, rows};
use crate::support::test_dir::TestDir;

const EVENTS: u64 = 12_000;

/// Imports the log where no file may grow beyond so many blocks of 512 bytes; answers what was said.
fn import_with_room_for(dir: &TestDir, blocks: u64, options: &str) -> (i32, String) {
    let program = env!("CARGO_BIN_EXE_mission-events");
    let script = format!(
        "ulimit -f {blocks}; trap '' XFSZ; exec '{program}' import-legacy events.json --into {DATABASE} {options}"
    );
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).current_dir(dir.path()).env("MISSION_CONTROL_STORAGE_BACKEND", "sqlite");
    let output = shell.env("MISSION_CONTROL_TIMEZONE", "UTC").output().unwrap();
    assert_eq!(output.status.signal(), None);
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_new_store_that_finds_no_room_is_not_there_and_is_made_when_there_is() {
    let dir = TestDir::new();
    write_log(&dir, "events.json", 1, EVENTS);
    let (code, said) = import_with_room_for(&dir, 2_000, "");
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("events.json") && said.contains("disk"), "{said}");
    assert!(!dir.join(DATABASE).exists() && dir.names_like(BUILD_FOLDER).is_empty());
    assert_eq!(import(&dir, "events.json").total.imported, EVENTS);
}

#[test]
fn a_look_at_what_would_be_imported_that_finds_no_room_leaves_a_filled_store_as_it_was() {
    let dir = TestDir::new();
    write_log(&dir, "before.json", 2, 500);
    write_log(&dir, "events.json", 1, EVENTS);
    import(&dir, "before.json");
    let before = rows(&dir, DATABASE);
    let (code, said) = import_with_room_for(&dir, 4_000, "--strict");
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("events.json") && said.contains("disk"), "{said}");
    assert!(rows(&dir, DATABASE) == before);
}

#[test]
fn a_filled_store_that_finds_no_room_keeps_its_rows_and_whole_batches_and_takes_the_rest_later() {
    // Nothing can overlap, or nothing is looked for.
    for options in ["", "--overlap keep"] {
        let dir = TestDir::new();
        write_log(&dir, "before.json", 2, 500);
        write_log(&dir, "events.json", 1, EVENTS);
        import(&dir, "before.json");
        let before = rows(&dir, DATABASE);
        let (code, said) = import_with_room_for(&dir, 6_000, options);
        assert_eq!(code, 4, "{said}");
        assert!(said.contains("events.json") && said.contains("disk"), "{said}");
        let kept = rows(&dir, DATABASE);
        assert!(kept[..500] == before && (kept.len() as u64) < 500 + EVENTS, "{options}");
        let already_present = kept.len() as u64 - 500;
        // The bracket that opens the array is a piece of the first batch.
        assert!(already_present > 0 && (already_present + 1).is_multiple_of(500), "{already_present}");
        let report = import(&dir, "events.json");
        assert_eq!(
            (report.total.already_present, report.total.imported),
            (already_present, EVENTS - already_present)
        );
        assert!(described(&dir.join(DATABASE)).len() as u64 > EVENTS + 500);
    }
}
