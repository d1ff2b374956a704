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
    let (code, made) = answer(&dir, "sqlite", "backup --to backups");
    assert_eq!((code, made["left"].as_array().unwrap().len()), (0, 0), "nothing was to be removed: {made:#}");
    let (code, made) = answer(&dir, "sqlite", "backup --to backups --keep 0");
    let reason = made["left"][0]["reason"].as_str().unwrap();
    assert!(code == 1 && reason.contains("its manifest cannot be read"), "{made:#}");
    // The new one is made, and recorded.
    assert!(made["recorded_as"].is_u64() && names(&dir, "backups").len() == 2, "{made:#}");
}

#[test]
fn an_earlier_backup_is_left_that_has_what_the_new_one_lacks() {
    let dir = stored("jsonl");
    backup(&dir, "jsonl");
    fs::remove_file(dir.join("data/events/events-2025-10-25.jsonl")).unwrap();
    let (code, made) = answer(&dir, "jsonl", "backup --to backups --keep 0");
    let reason = made["left"][0]["reason"].as_str().unwrap();
    assert!(code == 1 && reason.contains("of 2025-10-25"), "{made:#}");
    assert_eq!((made["removed"].as_array().unwrap().len(), names(&dir, "backups").len()), (0, 2));
}

#[test]
fn an_earlier_backup_is_left_where_the_store_went_on_without_what_it_has() {
    for backend in BACKENDS {
        let dir = stored(backend);
        let first = backup(&dir, backend);
        save(&dir, backend, 10..14);
        let second = backup(&dir, backend);
        let store = if backend == "sqlite" { "data/events.db" } else { "data/events" };
        for name in [store, "data/handlers.db"] {
            fs::rename(dir.join(name), dir.join(&format!("{name}-lost"))).unwrap();
        }
        let line = format!("restore --from {}", first.display());
        assert_eq!(run(&dir, backend, &line).code, 0);
        save(&dir, backend, 20..40);
        let (code, made) = answer(&dir, backend, "backup --to backups");
        let left = &made["left"][0];
        assert_eq!((code, dir.join(left["backup"].as_str().unwrap())), (1, second.clone()), "{made:#}");
        assert!(left["reason"].as_str().unwrap().contains("e10"), "{left:#}");
        let (code, made) = answer(&dir, backend, "backup --to backups --keep 0");
        assert_eq!((code, made["removed"].as_array().unwrap().len()), (1, 2), "{made:#}");
        assert!(second.exists() && !first.exists(), "{made:#}");
    }
}

#[test]
fn a_backup_of_which_nothing_is_known_or_of_a_later_time_is_left_and_told() {
    let dir = stored("sqlite");
    let (damaged, ahead) = (backup(&dir, "sqlite"), backup(&dir, "sqlite"));
    overwrite(&damaged.join("manifest.json"), |text| text.truncate(10));
    overwrite(&ahead.join("manifest.json"), |text| {
        let mut manifest: Value = serde_json::from_slice(text).unwrap();
        manifest["made_at"] = "2999-01-01T00:00:00Z".into();
        *text = serde_json::to_vec(&manifest).unwrap();
    });
    let (code, made) = answer(&dir, "sqlite", "backup --to backups --keep 0");
    let left = made["left"].as_array().unwrap();
    let reasons: Vec<&str> = left.iter().map(|left| left["reason"].as_str().unwrap()).collect();
    assert!(code == 1 && made["removed"].as_array().unwrap().is_empty(), "{made:#}");
    assert!(
        reasons[0].contains("nothing is known of it") && reasons[1].contains("a later time"),
        "{reasons:?}"
    );
    assert_eq!(names(&dir, "backups").len(), 3);
}

#[test]
fn the_latest_backup_is_not_one_of_a_time_that_has_not_come_yet() {
    let dir = stored("sqlite");
    let path = backup(&dir, "sqlite");
    fs::rename(backup(&dir, "sqlite"), dir.join("backups/2999-01-01T000000.000000Z")).unwrap();
    fs::rename(backup(&dir, "sqlite"), dir.join("backups/before-the-cutover")).unwrap();
    let said =
        format!("such as backups/{}, the latest before now", path.file_name().unwrap().to_str().unwrap());
    for line in ["verify backups", "restore --from backups --into other.db"] {
        run(&dir, "sqlite", line).code_is(4, &said);
    }
    fs::remove_dir_all(dir.join("backups/2999-01-01T000000.000000Z")).unwrap();
    let (code, verified) = answer(&dir, "sqlite", "verify backups");
    assert_eq!((code, dir.join(verified["path"].as_str().unwrap())), (0, path));
}

#[test]
fn the_store_of_the_settings_is_backed_up_with_its_handlers_however_it_is_named() {
    let dir = stored("sqlite");
    let mut stores = vec!["data/events.db".to_owned(), dir.join("data/events.db").display().to_string()];
    if cfg!(unix) {
        #[cfg(unix)]
        std::os::unix::fs::symlink(dir.join("data/events.db"), dir.join("link.db")).unwrap();
        stores.push("link.db".to_owned());
    }
    for store in stores {
        let (code, made) = answer(&dir, "sqlite", &format!("--store {store} backup --to backups"));
        assert_eq!((code, made["files"].as_array().unwrap().len()), (0, 2), "{store}: {made:#}");
    }
    fs::copy(dir.join("data/events.db"), dir.join("other.db")).unwrap();
    let (_, made) = answer(&dir, "sqlite", "--store other.db backup --to backups");
    assert_eq!(made["files"].as_array().unwrap().len(), 1, "{made:#}");
}

#[cfg(unix)]
#[test]
fn who_may_not_read_a_store_may_not_read_its_backup() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for (backend, file, folder) in [
        ("sqlite", "data/events.db", ""),
        ("sqlite", "data/handlers.db", ""),
        ("jsonl", "data/events/events-2025-10-26.jsonl", "events"),
    ] {
        let dir = stored(backend);
        let open = mode(&backup(&dir, backend).join(folder));
        assert!(open & 0o044 != 0, "{open:o}");
        fs::set_permissions(dir.join(file), fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(mode(&backup(&dir, backend).join(folder)), 0o700, "{file}");
        fs::set_permissions(dir.join(file), fs::Permissions::from_mode(0o644)).unwrap();
        fs::set_permissions(dir.join(file).parent().unwrap(), fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(mode(&backup(&dir, backend).join(folder)), 0o700, "the folder of {file}");
    }
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
        (path.join("more").to_str().unwrap(), "it lies in the backup"),
        (path.join("events/more").to_str().unwrap(), "it lies in the backup"),
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
