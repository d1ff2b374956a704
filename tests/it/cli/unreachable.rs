//! What cannot be reached is not said to be absent: a link that leads nowhere, a folder that may not be entered.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::support::cli::{Run, cli, cli_without_privileges, write};
use crate::support::test_dir::TestDir;

const EVENT: &str = r#"{"event_id": "e1", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z"}"#;

/// A log of daily files, and in the place of the rest what a mount leaves that has gone.
fn with_link(link: &str) -> TestDir {
    let dir = TestDir::new();
    write(&dir, "data/events/events-2025-10-25.jsonl", EVENT);
    write(&dir, "log.jsonl", EVENT);
    let link = dir.join(link);
    fs::create_dir_all(link.parent().unwrap()).unwrap();
    if fs::symlink_metadata(&link).is_ok() {
        fs::remove_dir_all(&link).unwrap();
    }
    symlink("/mnt/gone/away", link).unwrap();
    dir
}

fn run(dir: &TestDir, line: &str) -> Run {
    cli(dir).env("MISSION_CONTROL_TIMEZONE", "UTC").run(line)
}

#[test]
fn a_link_that_leads_nowhere_is_an_error_of_every_command_that_needs_what_it_led_to() {
    for (link, line) in [
        ("data/events.json", "import-legacy"),
        ("data/events.json", "import-legacy --dry-run"),
        ("data/events.json", "compare-logs"),
        ("data/events", "import-legacy"),
        ("data/events", "events recent"),
        ("data/events", "compare-logs log.jsonl"),
        ("data", "import-legacy"),
        ("data", "events recent"),
        ("data", "evidence list"),
        ("data/evidence.jsonl", "evidence list"),
        ("data/evidence.jsonl", "evidence verify"),
        ("store.db", "--store store.db events recent"),
        ("store.db", "--store store.db rejects"),
        ("store.db", "--store store.db rejects retry"),
        ("store.db", "--store store.db export --to out"),
        ("data/events.db", "rejects"),
        ("data/events.db", "rejects retry"),
        ("data/events.db", "export --to out"),
        ("gone.jsonl", "compare-logs log.jsonl gone.jsonl"),
        ("gone.jsonl", "import-legacy gone.jsonl"),
        ("gone", "export --to gone --store data/events.db"),
    ] {
        let dir = with_link(link);
        if line.starts_with("export --to gone") {
            assert_eq!(run(&dir, "import-legacy log.jsonl").code, 0);
        }
        let said = run(&dir, line);
        assert_eq!((said.code, said.stdout.as_str()), (4, ""), "{link}: {line}: {}", said.stderr);
        assert!(said.stderr.contains(link), "{link}: {line}: {}", said.stderr);
        assert!(!said.stderr.contains("there is no store"), "{link}: {line}: {}", said.stderr);
    }
}

#[test]
fn the_status_says_of_what_cannot_be_reached_why_and_never_that_it_does_not_exist() {
    for (link, absent) in [("data/events.json", 1), ("data/events", 2), ("data/events.db", 1), ("data", 0)] {
        let said = run(&with_link(link), "-q status");
        assert_eq!(said.code, 4, "{}", said.stdout);
        assert!(said.stdout.contains("is a link to /mnt/gone/away, which is not there"), "{}", said.stdout);
        assert_eq!(said.stdout.matches("does not exist").count(), absent, "{link}: {}", said.stdout);
    }
}

#[test]
fn what_was_compared_and_cannot_be_reached_is_not_said_to_be_gone() {
    let dir = TestDir::new();
    write(&dir, "data/events.json", format!("[{EVENT}]"));
    write(&dir, "data/events/events-2025-10-25.jsonl", EVENT);
    assert_eq!(run(&dir, "compare-logs").code, 0);
    fs::remove_file(dir.join("data/events.json")).unwrap();
    let gone = run(&dir, "evidence verify");
    assert!(gone.code == 0 && gone.stdout.contains("gone"), "{}", gone.stdout);
    symlink("/mnt/gone/away", dir.join("data/events.json")).unwrap();
    let said = run(&dir, "evidence verify");
    assert_eq!(said.code, 4, "{}", said.stdout);
    assert!(said.stdout.contains("UNREADABLE"), "{}", said.stdout);
    assert!(said.stdout.contains("is a link to /mnt/gone/away, which is not there"), "{}", said.stdout);
}

#[test]
fn settings_behind_a_link_that_leads_nowhere_are_an_error_of_the_configuration() {
    for name in [".env", "mission-events.toml"] {
        let dir = TestDir::new();
        symlink("/mnt/gone/away", dir.join(name)).unwrap();
        run(&dir, "status").code_is(2, "is a link to /mnt/gone/away, which is not there");
    }
}

#[test]
fn what_lies_in_a_folder_that_may_not_be_entered_is_not_said_to_be_absent() {
    for line in
        ["import-legacy", "compare-logs", "events recent", "rejects", "export --to out", "evidence list"]
    {
        let dir = TestDir::new();
        write(&dir, "data/events/events-2025-10-25.jsonl", EVENT);
        let program = cli_without_privileges(&dir).env("MISSION_CONTROL_TIMEZONE", "UTC");
        fs::set_permissions(dir.join("data"), fs::Permissions::from_mode(0o000)).unwrap();
        let said = program.run(line);
        assert_eq!((said.code, said.stdout.as_str()), (4, ""), "{line}: {}", said.stderr);
        assert!(said.stderr.contains("Permission denied"), "{line}: {}", said.stderr);
        let status = cli_without_privileges(&dir);
        fs::set_permissions(dir.join("data"), fs::Permissions::from_mode(0o000)).unwrap();
        let said = status.run("-q status");
        assert_eq!((said.code, said.stdout.matches("does not exist").count()), (4, 0), "{}", said.stdout);
        fs::set_permissions(dir.join("data"), fs::Permissions::from_mode(0o700)).unwrap();
    }
}
