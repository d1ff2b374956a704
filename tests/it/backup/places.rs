//! Where backups are put, which of them stay, and what is done with them by mistake.

use super::*;

#[test]
fn earlier_backups_stay_unless_keep_says_how_many_and_those_of_another_store_always_do() {
    let dir = stored("sqlite");
    let other = stored("jsonl");
    for _ in 0..3 {
        backup(&dir, "sqlite");
    }
    let all = names(&dir, "backups");
    let of_other = answer(&other, "jsonl", &format!("backup --to {}", dir.join("backups").display()));
    assert_eq!(of_other.0, 0);
    let (code, made) = answer(&dir, "sqlite", "backup --to backups --keep 1");
    assert_eq!((code, made["removed"].as_array().unwrap().len()), (0, 2), "{made:#}");
    let left = names(&dir, "backups");
    assert!(left.len() == 3 && left.contains(&all[2]) && !left.contains(&all[0]), "{left:?}");
    let (_, made) = answer(&dir, "sqlite", "backup --to backups --keep 0");
    assert_eq!((made["removed"].as_array().unwrap().len(), names(&dir, "backups").len()), (2, 2), "{made:#}");
}

#[test]
fn an_earlier_backup_whose_manifest_cannot_be_read_is_told_and_stays() {
    let dir = stored("sqlite");
    backup(&dir, "sqlite");
    write(&dir, "backups/other/manifest.json/file", "");
    run(&dir, "sqlite", "backup --to backups --keep 0")
        .code_is(4, "could not read backups/other/manifest.json");
    // The new one is made.
    assert_eq!(names(&dir, "backups").len(), 3);
}

#[test]
fn what_is_no_place_for_backups_is_refused_before_anything_is_made() {
    let dir = stored("jsonl");
    let path = backup(&dir, "jsonl");
    write(&dir, "file", "");
    write(&dir, "data/events.db", "");
    for (to, said) in [
        ("file", "something else than a folder"),
        ("data/events", "a JSONL store"),
        ("data/events/backups", "is read as a log"),
        ("data/events.db", "the store itself"),
        (path.to_str().unwrap(), "a backup itself"),
    ] {
        run(&dir, "jsonl", &format!("backup --to {to}")).code_is(2, said);
    }
    #[cfg(unix)]
    for (link, target, said) in
        [("link.db", "data/events.db", "the store itself"), ("shelf", "data/events", "a JSONL store")]
    {
        std::os::unix::fs::symlink(dir.join(target), dir.join(link)).unwrap();
        run(&dir, "jsonl", &format!("backup --to {link}")).code_is(2, said);
    }
    assert!(!dir.join("data/events/backups").exists());
    let empty = TestDir::new();
    assert_eq!(run(&empty, "sqlite", "backup --to backups").code, 4);
    assert!(!empty.join("backups").exists(), "there is no store");
}

#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_written_to_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let dir = stored("sqlite");
    fs::create_dir(dir.join("backups")).unwrap();
    let cli = crate::support::cli::cli_without_privileges(&dir);
    fs::set_permissions(dir.join("backups"), fs::Permissions::from_mode(0o555)).unwrap();
    let refused = cli.run("-q --store data/events.db backup --to backups");
    assert!(refused.code == 4 && refused.stderr.contains("backups"), "{refused:?}");
}

#[test]
fn another_backup_into_the_folder_waits_and_remains_of_a_killed_one_are_cleared_away() {
    let dir = stored("sqlite");
    write(&dir, "backups/.making-2025-10-25T100000.000000Z/events.db", "half");
    write(&dir, "backups/.removing-2025-10-24T100000.000000Z/events.db", "half");
    let started: Vec<_> = (0..3).map(|_| program(&dir, "sqlite").start("-q backup --to backups")).collect();
    for backup in started {
        assert_eq!(backup.end().code, 0);
    }
    assert_eq!(names(&dir, "backups").len(), 3);
    let all = fs::read_dir(dir.join("backups")).unwrap().count();
    assert_eq!(all, 4, "with the lock");
}

#[test]
fn the_store_of_a_backup_is_read_and_never_written_to() {
    for backend in BACKENDS {
        let dir = stored(backend);
        let path = backup(&dir, backend);
        let store = path.join(if backend == "sqlite" { "events.db" } else { "events" });
        let store = store.display();
        let read = run(&dir, backend, &format!("--store {store} events recent --raw")).result();
        assert_eq!(read.lines().count(), 10);
        let event = r#"{"event_type":"A","task_id":"T1"}"#;
        let refused = run(&dir, backend, &format!("--store {store} dispatch {event}"));
        assert!(refused.code == 4 && refused.stderr.contains("of a backup"), "{refused:?}");
        let shelf = run(&dir, backend, &format!("--store {} status", path.display()));
        assert!(shelf.code == 4 && shelf.stderr.contains("found a backup"), "{shelf:?}");
        assert_eq!(run(&dir, backend, "verify backups").code, 0);
    }
}

/// Runs the program where no file may grow beyond 51,200 bytes, which stands in for a disk that fills up.
#[cfg(unix)]
fn without_room(dir: &TestDir, backend: &str, line: &str) -> (i32, String) {
    let program = env!("CARGO_BIN_EXE_mission-events");
    let script = format!("ulimit -f 100; trap '' XFSZ; exec '{program}' -q {line}");
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &script]).current_dir(dir.path()).env("MISSION_CONTROL_TIMEZONE", "UTC");
    let output = shell.env("MISSION_CONTROL_STORAGE_BACKEND", backend).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[cfg(unix)]
#[test]
fn on_a_full_disk_the_earlier_backup_and_the_store_stay_as_they_are() {
    for backend in BACKENDS {
        let dir = TestDir::new();
        save(&dir, backend, 0..1_000);
        backup(&dir, backend);
        let before = names(&dir, "backups");
        let (code, said) = without_room(&dir, backend, "backup --to backups --keep 0");
        assert_eq!(code, 4, "{said}");
        assert_eq!(names(&dir, "backups"), before);
        fs::rename(dir.join("data"), dir.join("lost")).unwrap();
        let (code, said) = without_room(&dir, backend, "restore --from backups");
        assert_eq!(code, 4, "{said}");
        let store = if backend == "sqlite" { "data/events.db" } else { "data/events" };
        assert!(!dir.join(store).exists(), "{said}");
        assert_eq!(run(&dir, backend, "restore --from backups").code, 0);
        assert_eq!((run(&dir, backend, "verify").code, events(&dir, backend)), (0, 1_000));
    }
}
