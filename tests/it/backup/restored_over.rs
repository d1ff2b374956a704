//! What stands in the place of a store that is restored, or in its way.

use super::*;

fn restore_from(dir: &TestDir) -> String {
    format!("restore --from {}", dir.join("backups").display())
}

#[test]
fn a_restoration_that_was_cut_short_between_days_has_everybody_refuse_the_store_until_it_is_finished() {
    let dir = stored("jsonl");
    backup(&dir, "jsonl");
    let other = stored("jsonl");
    backup(&other, "jsonl");
    assert_eq!(run(&dir, "jsonl", "archive --before 2025-10-27").code, 0);
    // The second day cannot be put there.
    write(&dir, "data/events/events-2025-10-26.jsonl/file", "");
    let cut = run(&dir, "jsonl", "restore --from backups");
    assert!(cut.code == 4 && cut.stderr.contains("events-2025-10-26.jsonl"), "{cut:?}");
    let event = r#"dispatch {"event_type":"A","task_id":"T1"}"#;
    for line in [
        "events recent",
        "verify",
        "archive --before 2025-10-27",
        "backup --to backups",
        "handlers run",
        event,
    ] {
        let refused = run(&dir, "jsonl", line);
        assert!(
            refused.code == 4
                && refused.stderr.contains("was not finished")
                && refused.stderr.contains("restore --from"),
            "{line}: {refused:?}"
        );
    }
    fs::remove_dir_all(dir.join("data/events/events-2025-10-26.jsonl")).unwrap();
    let refused = run(&dir, "jsonl", &restore_from(&other));
    assert!(refused.code == 4 && refused.stderr.contains("finish that one first"), "{refused:?}");
    assert_eq!(run(&dir, "jsonl", "events recent").code, 4);
    let (code, restored) = answer(&dir, "jsonl", "restore --from backups");
    assert_eq!((code, &restored["replaced"]), (0, &true.into()), "{restored:#}");
    assert_eq!((events(&dir, "jsonl"), run(&dir, "jsonl", "verify --against backups").code), (10, 0));
    assert_eq!(run(&dir, "jsonl", event).code, 0);
}

#[test]
fn the_handlers_of_the_active_store_stay_where_the_backup_is_of_the_other_one() {
    for (backend, active) in [("sqlite", "jsonl"), ("jsonl", "sqlite")] {
        let dir = stored(backend);
        backup(&dir, backend);
        fs::rename(dir.join("data/handlers.db"), dir.join("data/handlers.of-the-other")).unwrap();
        save(&dir, active, 0..5);
        assert_eq!(run(&dir, active, "handlers run").code, 0);
        let handlers = run(&dir, active, "handlers list").result();
        fs::rename(dir.join("data/events"), dir.join("data/moved")).unwrap();
        fs::rename(dir.join("data/events.db"), dir.join("data/moved.db")).unwrap();
        let kept = if active == "jsonl" {
            ("data/moved", "data/events")
        } else {
            ("data/moved.db", "data/events.db")
        };
        fs::rename(dir.join(kept.0), dir.join(kept.1)).unwrap();
        let (code, restored) = answer(&dir, active, "restore --from backups");
        assert_eq!((code, &restored["handlers_restored"]), (0, &false.into()), "{restored:#}");
        assert!(restored["handlers_left"].as_str().unwrap().contains(active), "{restored:#}");
        assert_eq!(run(&dir, active, "handlers list").result(), handlers);
        save(&dir, active, 5..6);
        assert_eq!(run(&dir, active, "handlers run").code, 0);
        assert_eq!(run(&dir, active, "handlers list --check").code, 0);
    }
}

#[test]
fn a_store_that_knows_of_imports_which_the_backup_lacks_is_left_as_it_is() {
    let dir = imported();
    backup(&dir, "sqlite");
    assert_eq!(answer(&dir, "sqlite", "restore --from backups").0, 0);
    let log = fs::read_to_string(dir.join("data/events.json")).unwrap();
    let rejects = r#"[{"type": "B", "timestamp": "never"}, {"type": "C", "timestamp": "never"}]"#;
    for (name, text, table) in [
        ("again.json", log.replace(": ", ":"), "of sources"),
        ("rejects.json", rejects.to_owned(), "3 of rejects"),
    ] {
        let events_before = events(&dir, "sqlite");
        write(&dir, name, &text);
        assert_eq!(run(&dir, "sqlite", &format!("import-legacy {name}")).code, 1, "a record is no event");
        assert_eq!(events(&dir, "sqlite"), events_before, "no event is new");
        let refused = run(&dir, "sqlite", "restore --from backups");
        assert!(refused.code == 1 && refused.stderr.contains("rows that the backup lacks"), "{refused:?}");
        assert!(refused.stderr.contains(table), "{refused:?}");
    }
    assert_eq!(run(&dir, "sqlite", "verify").code, 0);
    assert!(
        !dir.join("data/events.db.restoring").exists() && !dir.join("data/handlers.db.restoring").exists()
    );
}

#[test]
fn a_store_as_it_was_before_an_import_was_finished_and_its_rejects_were_tried_again_is_replaced() {
    let dir = imported();
    fs::create_dir(dir.join("earlier")).unwrap();
    fs::copy(dir.join("data/events.db"), dir.join("earlier/events.db")).unwrap();
    let grown = fs::read_to_string(dir.join("data/events.json")).unwrap().replace(
        "\"never\"}]",
        "\"never\"}, {\"type\": \"TaskDeleted\", \"task_id\": \"T2\", \"timestamp\": \"2025-10-21T10:00:00\"}]",
    );
    write(&dir, "data/events.json", &grown);
    assert_eq!(run(&dir, "sqlite", "import-legacy data/events.json").code, 1);
    backup(&dir, "sqlite");
    let all = events(&dir, "sqlite");
    fs::copy(dir.join("earlier/events.db"), dir.join("data/events.db")).unwrap();
    assert_eq!(events(&dir, "sqlite"), all - 1);
    let (code, restored) = answer(&dir, "sqlite", "restore --from backups");
    assert_eq!((code, &restored["replaced"], events(&dir, "sqlite")), (0, &true.into(), all), "{restored:#}");
}

#[test]
fn a_store_that_has_lost_events_in_its_midst_is_replaced() {
    let dir = stored("sqlite");
    backup(&dir, "sqlite");
    crate::support::tamper(&dir.join("data/events.db"), "DELETE FROM events WHERE position BETWEEN 3 AND 5");
    assert_eq!(run(&dir, "sqlite", "verify").code, 1);
    assert_eq!(run(&dir, "sqlite", "verify --against backups").code, 1);
    let (code, restored) = answer(&dir, "sqlite", "restore --from backups");
    assert_eq!((code, &restored["replaced"]), (0, &true.into()), "{restored:#}");
    assert_eq!((run(&dir, "sqlite", "verify").code, events(&dir, "sqlite")), (0, 10));
}

#[test]
fn a_store_with_an_index_that_is_damaged_is_replaced_though_all_rows_are_there() {
    for (name, index) in [("events.db", "events_by_type"), ("handlers.db", "completed_tasks_by_time")] {
        let dir = stored("sqlite");
        backup(&dir, "sqlite");
        let database = dir.join("data").join(name);
        let root =
            "SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_schema WHERE name = ?1";
        let connection = rusqlite::Connection::open(&database).unwrap();
        let (page, size): (usize, usize) =
            connection.query_row(root, [index], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        drop(connection);
        overwrite(&database, |bytes| bytes[(page - 1) * size..page * size].fill(0));
        assert_eq!(run(&dir, "sqlite", "verify").code, 1, "{index}");
        let (code, restored) = answer(&dir, "sqlite", "restore --from backups");
        assert_eq!((code, restored["set_aside"].as_array().unwrap().len()), (0, 1), "{index}: {restored:#}");
        assert_eq!(run(&dir, "sqlite", "verify").code, 0, "{index}");
    }
}

#[test]
fn a_store_that_is_as_the_backup_stays_in_place_and_no_copy_of_it_is_made() {
    for backend in BACKENDS {
        let dir = stored(backend);
        backup(&dir, backend);
        for _ in 0..2 {
            let (code, restored) = answer(&dir, backend, "restore --from backups");
            assert_eq!(
                (code, &restored["replaced"], &restored["set_aside"]),
                (0, &false.into(), &serde_json::json!([])),
                "{restored:#}"
            );
        }
        let said = run(&dir, backend, "restore --from backups");
        assert!(said.stdout.contains("stays in place"), "{said:?}");
        let left = names(&dir, "data");
        assert!(
            !left.iter().any(|name| name.contains("set-aside") || name.contains("restoring")),
            "{left:?}"
        );
    }
}

#[test]
fn nothing_is_left_of_a_restoration_that_was_refused_or_of_one_that_was_killed() {
    for backend in BACKENDS {
        let dir = stored(backend);
        backup(&dir, backend);
        write(&dir, "data/handlers.db.restoring", "half");
        assert_eq!(run(&dir, backend, "restore --from backups --keep-handlers").code, 0);
        assert!(!names(&dir, "data").iter().any(|name| name.ends_with(".restoring")));
        save(&dir, backend, 10..11);
        assert_eq!(run(&dir, backend, "restore --from backups").code, 1);
        let left = names(&dir, "data");
        assert!(!left.iter().any(|name| name.ends_with(".restoring")), "{left:?}");
    }
}

#[cfg(unix)]
#[test]
fn what_is_restored_has_the_mode_and_the_owner_of_what_it_replaces_or_of_its_folder() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

    let look = |path: PathBuf| {
        let found = fs::metadata(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (found.mode() & 0o777, found.uid())
    };
    let is_root = fs::metadata(TestDir::new().path()).unwrap().uid() == 0;
    let owner = if is_root { 65_534 } else { fs::metadata(TestDir::new().path()).unwrap().uid() };
    for backend in BACKENDS {
        let dir = TestDir::new();
        save(&dir, backend, 0..10);
        backup(&dir, backend);
        let earlier = TestDir::new();
        save(&earlier, backend, 0..3);
        let files: &[&str] = match backend {
            "sqlite" => &["data/events.db"],
            _ => &["data/events/events-2025-10-25.jsonl", "data/events/events-2025-10-26.jsonl"],
        };
        for (number, file) in files.iter().enumerate() {
            fs::set_permissions(earlier.join(file), fs::Permissions::from_mode([0o600, 0o640][number]))
                .unwrap();
            chown(earlier.join(file), Some(owner), None).unwrap();
        }
        assert_eq!(run(&earlier, backend, &restore_from(&dir)).code, 0);
        for (number, file) in files.iter().enumerate() {
            assert_eq!(look(earlier.join(file)), ([0o600, 0o640][number], owner), "{file}");
        }
        let empty = TestDir::new();
        fs::create_dir(empty.join("data")).unwrap();
        fs::set_permissions(empty.join("data"), fs::Permissions::from_mode(0o700)).unwrap();
        chown(empty.join("data"), Some(owner), None).unwrap();
        assert_eq!(run(&empty, backend, &restore_from(&dir)).code, 0);
        for file in files {
            assert_eq!(look(empty.join(file)), (0o600, owner), "{file}");
        }
        let lock = if backend == "sqlite" { "data/events.db.lock" } else { "data/events/.events.lock" };
        assert_eq!(look(empty.join(lock)).1, owner, "else the service could not lock it");
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_in_the_place_of_a_file_of_a_backup_is_told_and_not_waited_for() {
    for (backend, file) in [("sqlite", "events.db"), ("jsonl", "events/events-2025-10-25.jsonl")] {
        let dir = stored(backend);
        let path = backup(&dir, backend).join(file);
        fs::remove_file(&path).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        for line in ["restore --from backups", "verify backups"] {
            let refused = run(&dir, backend, line);
            assert!(
                refused.code == 1 && format!("{}{}", refused.stdout, refused.stderr).contains("named pipe"),
                "{line}: {refused:?}"
            );
        }
    }
}
