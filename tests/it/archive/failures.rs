//! Disks and folders that refuse.

use std::fs::{self, Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::{ARCHIVE, folder, names, open, quiet, write_days};
use crate::support::cli::cli_without_privileges;
use crate::support::everything;
use crate::support::test_dir::TestDir;

#[test]
fn a_disk_that_is_full_leaves_the_day_as_it_is_and_the_days_before_it_archived() {
    let dir = TestDir::new();
    // Texts that do not become much shorter.
    let before = write_days(&dir, 24..25, 20);
    let noise: String = (0..400_000).map(|_| fastrand::alphanumeric()).collect();
    let text = format!(
        "{{\"event_id\": \"long\", \"event_type\": \"A\", \"timestamp\": \"2025-10-25T10:00:00Z\", \"v\": \"{noise}\"}}\n"
    );
    fs::write(dir.join("data/events/events-2025-10-25.jsonl"), &text).unwrap();
    let program = env!("CARGO_BIN_EXE_mission-events");
    let script = format!("ulimit -f 100; trap '' XFSZ; exec '{program}' --format json {ARCHIVE}");
    let run = Command::new("sh").args(["-c", &script]).current_dir(dir.path()).output().unwrap();
    let (said, report) = (String::from_utf8(run.stderr).unwrap(), String::from_utf8(run.stdout).unwrap());
    assert_eq!(run.status.code(), Some(4), "{said}");
    assert!(
        said.contains("could not compress into data/events/archive/.archiving-events-2025-10-25"),
        "{said}"
    );
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["days"].as_array().unwrap().len(), 1, "{report}");
    assert_eq!(names(&dir), ["archive/events-2025-10-24.jsonl.zst", "events-2025-10-25.jsonl"]);
    assert_eq!(everything(&open(&dir)).len(), before.len() + 1);
    quiet(&dir).run(ARCHIVE).result();
    assert_eq!(everything(&open(&dir)).len(), before.len() + 1);
}

#[test]
fn a_folder_that_may_not_be_written_stays_as_it_is() {
    let dir = TestDir::new();
    let before = write_days(&dir, 24..25, 2);
    set_permissions(folder(&dir), Permissions::from_mode(0o555)).unwrap();
    fs::remove_file(folder(&dir).join(".events.lock")).ok();
    let run = cli_without_privileges(&dir).run(ARCHIVE);
    assert_eq!(run.code, 4, "{}", run.stdout);
    assert!(run.stderr.contains("Permission denied"), "{}", run.stderr);
    set_permissions(folder(&dir), Permissions::from_mode(0o755)).unwrap();
    assert_eq!(names(&dir), ["events-2025-10-24.jsonl"]);
    assert_eq!(everything(&open(&dir)), before);
}

#[test]
fn an_archive_on_another_file_system_is_refused_before_anything_is_moved() {
    let (dir, elsewhere) = (TestDir::new(), tempfile::tempdir_in("/dev/shm"));
    let Ok(elsewhere) = elsewhere else { return };
    let before = write_days(&dir, 24..25, 2);
    std::os::unix::fs::symlink(elsewhere.path(), folder(&dir).join("archive")).unwrap();
    let run = quiet(&dir).run(ARCHIVE);
    assert_eq!(run.code, 4, "{}", run.stdout);
    assert!(run.stderr.contains("archive is on another file system than the store"), "{}", run.stderr);
    assert_eq!(everything(&open(&dir)), before);
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn an_archived_day_that_was_emptied_or_cut_off_at_any_byte_is_told_by_each_command_that_reads_it() {
    let dir = TestDir::new();
    write_days(&dir, 24..26, 2);
    quiet(&dir).run("archive --before 2025-10-25").result();
    let path = dir.join("data/events/archive/events-2025-10-24.jsonl.zst");
    let sound = fs::read(&path).unwrap();
    for length in [0, 1, 3, 4, sound.len() / 2, sound.len() - 1] {
        fs::write(&path, &sound[..length]).unwrap();
        for command in ["events recent", "verify data/events", "backup --to backups"] {
            let run = quiet(&dir).run(command);
            assert!(run.code != 0, "{command} of {length} bytes: {}{}", run.stdout, run.stderr);
        }
    }
    fs::write(&path, &sound).unwrap();
    quiet(&dir).run("verify data/events").result();
    // What a hand has decompressed without another name is a day like any other.
    let text = zstd::decode_all(&sound[..]).unwrap();
    fs::write(&path, text).unwrap();
    quiet(&dir).run("verify data/events").result();
}
