//! What the operating system forbids.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;

use super::{three_days, write_both};
use crate::support::cli::{cli_without_privileges, write};
use crate::support::test_dir::TestDir;

#[test]
fn a_log_or_folder_that_may_not_be_read_ends_the_comparison() {
    let dir = TestDir::new();
    write_both(&dir, &three_days(), &three_days());
    write(&dir, "days/events-2025-10-20.jsonl", "");
    for (name, mode, said) in [("new.jsonl", 0o000, "could not "), ("days", 0o000, "could not read days")] {
        // The folder becomes the unprivileged user's with the first look at it.
        let program = cli_without_privileges(&dir).env("MISSION_CONTROL_TIMEZONE", "UTC");
        set_permissions(dir.join(name), Permissions::from_mode(mode)).unwrap();
        let run = program.run(&format!("compare-logs events.json {name}"));
        assert_eq!((run.code, run.stdout.as_str()), (4, ""), "{name}: {}", run.stderr);
        assert!(run.stderr.contains(said) && run.stderr.contains(name), "{}", run.stderr);
        assert!(run.stderr.contains("Permission denied"), "{}", run.stderr);
        set_permissions(dir.join(name), Permissions::from_mode(0o700)).unwrap();
    }
}

#[test]
fn a_day_that_may_not_be_read_is_never_left_out_in_silence() {
    let dir = TestDir::new();
    write_both(&dir, &three_days(), &three_days());
    std::fs::create_dir(dir.join("days")).unwrap();
    std::fs::rename(dir.join("new.jsonl"), dir.join("days/events-2025-10-20.jsonl")).unwrap();
    write(&dir, "days/events-2025-10-21.jsonl", "");
    let program = cli_without_privileges(&dir).env("MISSION_CONTROL_TIMEZONE", "UTC");
    set_permissions(dir.join("days/events-2025-10-21.jsonl"), Permissions::from_mode(0o000)).unwrap();
    let run = program.run("compare-logs events.json days");
    assert_eq!((run.code, run.stdout.as_str()), (4, ""), "{}", run.stderr);
    assert!(run.stderr.contains("days/events-2025-10-21.jsonl"), "{}", run.stderr);
}
