//! Folders that the system lets be read alone, or not at all; and one that is listed from time to time.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use super::{briefings, defined, handled};
use crate::support::cli::Running;
use crate::support::test_dir::TestDir;
use crate::support::until;
use crate::support::{cli, write};

const DENIED: &str = "Permission denied (os error 13)";

fn allow(dir: &TestDir, name: &str, mode: u32) {
    fs::set_permissions(dir.join(name), Permissions::from_mode(mode)).unwrap();
}

fn watch_without_privileges(dir: &TestDir) -> Running {
    let log = File::create(dir.join("watch.log")).unwrap();
    cli::cli_without_privileges(dir).stderr(log).start("legacy watch --format json")
}

#[test]
fn a_folder_that_may_only_be_read_is_watched_and_one_that_may_not_be_listed_is_told() {
    let mut closed = briefings();
    (closed["id"], closed["source"]["path"]) = (json!("closed"), json!("data/closed"));
    let dir = defined(&[briefings(), closed]);
    write(&dir, "data/briefings/today.md", "one\n");
    write(&dir, "data/closed/today.md", "one\n");
    allow(&dir, "data/briefings", 0o555);
    allow(&dir, "data/closed", 0o000);
    let running = watch_without_privileges(&dir);
    let log = || fs::read_to_string(dir.join("watch.log")).unwrap();
    until("it watches", || {
        log().contains("file_changed_briefings is watched") && log().contains("closed cannot be watched")
    });
    let told = log();
    let told = told.lines().find(|line| line.contains("closed cannot be watched")).unwrap();
    assert!(told.contains("data/closed") && told.contains(DENIED), "{told}");
    write(&dir, "data/briefings/today.md", "one\ntwo\n");
    until("it is handled", || !handled(&dir).is_empty());
    running.signal("TERM");
    let run = running.end();
    allow(&dir, "data/closed", 0o755);
    let watched: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.code, &watched["not_watched"][0]["id"]), (0, &json!("closed")));
}

#[test]
fn folders_of_the_legacy_system_that_may_only_be_read_are_an_error_that_names_them() {
    let dir = defined(&[briefings()]);
    write(&dir, "data/legacy/.keep", "");
    for folder in ["data/legacy", "data/events"] {
        allow(&dir, folder, 0o555);
    }
    let before = fs::read(dir.join("data/events/event_definitions.json")).unwrap();
    for (line, name) in [
        ("-q legacy watch", "data/legacy/queue.jsonl.lock"),
        ("-q legacy definitions disable file_changed_briefings", "data/events/event_definitions.json"),
    ] {
        // A lock that is there may still be taken; what is beside it cannot be written.
        let run = cli::cli_without_privileges(&dir).run(line);
        assert!(run.code == 4 && run.stderr.contains(name) && run.stderr.contains(DENIED), "{}", run.stderr);
    }
    assert_eq!(fs::read(dir.join("data/events/event_definitions.json")).unwrap(), before);
    cli::cli_without_privileges(&dir).run("legacy definitions list").result();
    cli::cli_without_privileges(&dir).run("legacy queue").result();
}

#[test]
fn every_kind_of_change_comes_to_its_handler_where_the_setting_says_poll() {
    let mut definition = briefings();
    definition["source"]["events"] = json!(["created", "modified", "deleted", "moved"]);
    definition["handler"] = json!("handlers.notify_preference_change.run");
    let dir = defined(&[definition]);
    let running =
        cli::cli(&dir).env("MISSION_CONTROL_LEGACY_WATCHER", "poll").start("legacy watch --format json");
    until("it has the queue", || dir.join("data/legacy/queue.jsonl").exists());
    let outputs = || -> Vec<String> {
        handled(&dir).iter().filter_map(|entry| entry["output"].as_str().map(str::to_owned)).collect()
    };
    let told = |line: &str| until(line, || outputs().iter().any(|output| output == line));
    // The first one may be there before the folder is listed for the first time: it is written until it is told.
    until("it is polled", || {
        let before = fs::read_to_string(dir.join("data/briefings/a.md")).unwrap_or_default();
        write(&dir, "data/briefings/a.md", before + "one more line\n");
        std::thread::sleep(std::time::Duration::from_millis(300));
        !outputs().is_empty()
    });
    write(&dir, "data/briefings/b.md", "one");
    told("Preferences created: data/briefings/b.md");
    write(&dir, "data/briefings/b.md", "another");
    told("Preferences modified: data/briefings/b.md");
    fs::rename(dir.join("data/briefings/b.md"), dir.join("data/briefings/c.md")).unwrap();
    told("Preferences moved: data/briefings/c.md");
    fs::remove_file(dir.join("data/briefings/c.md")).unwrap();
    told("Preferences deleted: data/briefings/c.md");
    running.signal("TERM");
    assert_eq!(running.end().code, 0);
}
