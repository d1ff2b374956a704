//! Backups that become stores.

use super::*;

fn store_of(backend: &str) -> &'static str {
    if backend == "sqlite" { "data/events.db" } else { "data/events" }
}

fn take_away(dir: &TestDir, backend: &str) {
    fs::rename(dir.join("data"), dir.join("lost")).unwrap();
    fs::create_dir(dir.join("data")).unwrap();
    fs::copy(dir.join("lost/evidence.jsonl"), dir.join("data/evidence.jsonl")).unwrap();
    assert_eq!(run(dir, backend, "events recent").code, 4);
}

#[test]
fn a_store_that_was_lost_comes_back_with_everything_up_to_its_position_and_goes_on() {
    for backend in BACKENDS {
        let dir = stored(backend);
        backup(&dir, backend);
        take_away(&dir, backend);
        let (code, restored) = answer(&dir, backend, "restore --from backups");
        assert_eq!(
            (code, &restored["events"], &restored["set_aside"]),
            (0, &10.into(), &serde_json::json!([])),
            "{restored:#}"
        );
        assert_eq!(restored["handlers_restored"], true);
        let (code, verified) = answer(&dir, backend, "verify --against backups");
        assert_eq!((code, &verified["against"]["same"]), (0, &10.into()), "{verified:#}");
        save(&dir, backend, 10..12);
        assert_eq!((events(&dir, backend), run(&dir, backend, "handlers run").code), (12, 0));
        assert_eq!(run(&dir, backend, "handlers list --check").code, 0);
    }
}

#[test]
fn a_store_that_has_more_or_other_events_is_left_as_it_is() {
    for backend in BACKENDS {
        let dir = stored(backend);
        backup(&dir, backend);
        save(&dir, backend, 10..12);
        run(&dir, backend, "restore --from backups").code_is(1, "2 events that the backup lacks");
        assert_eq!(events(&dir, backend), 12);
        assert_eq!(answer(&dir, backend, "verify").0, 0);

        let other = TestDir::new();
        save(&other, backend, 20..25);
        let line = format!("restore --from {}", dir.join("backups").display());
        let refused = run(&other, backend, &line);
        assert!(refused.code == 1 && refused.stderr.contains("other events than the backup"), "{refused:?}");
        assert_eq!(events(&other, backend), 5);
    }
}

#[test]
fn a_store_that_has_less_is_set_aside_and_nothing_of_it_is_removed() {
    for backend in BACKENDS {
        let dir = TestDir::new();
        save(&dir, backend, 0..4);
        let earlier = TestDir::new();
        save(&earlier, backend, 0..4);
        save(&dir, backend, 4..10);
        backup(&dir, backend);
        write(&earlier, "data/events/event_definitions.json", "[]");
        let (code, restored) =
            answer(&earlier, backend, &format!("restore --from {}", dir.join("backups").display()));
        assert_eq!((code, restored["set_aside"].as_array().unwrap().len()), (0, 1), "{restored:#}");
        assert_eq!(events(&earlier, backend), 10);
        let aside = restored["set_aside"][0].as_str().unwrap();
        assert_eq!(
            run(&earlier, backend, &format!("--store {aside} events recent --raw")).result().lines().count(),
            4
        );
        assert!(earlier.join("data/events/event_definitions.json").exists(), "other files stay");
        assert!(!earlier.join(&format!("{}.restoring", store_of(backend))).exists());
        // Once more: nothing is to be done, and nothing is lost.
        let again = run(&earlier, backend, &format!("restore --from {}", dir.join("backups").display()));
        assert_eq!((again.code, events(&earlier, backend)), (0, 10), "{again:?}");
    }
}

#[test]
fn handlers_that_are_ahead_of_the_restored_store_are_told_with_what_helps() {
    let dir = stored("sqlite");
    backup(&dir, "sqlite");
    save(&dir, "sqlite", 10..12);
    assert_eq!(run(&dir, "sqlite", "handlers run").code, 0);
    fs::rename(dir.join("data/events.db"), dir.join("data/lost.db")).unwrap();
    for suffix in ["-wal", "-shm"] {
        fs::remove_file(dir.join(&format!("data/events.db{suffix}"))).ok();
    }
    let (code, restored) = answer(&dir, "sqlite", "restore --from backups --keep-handlers");
    assert_eq!((code, &restored["handlers_restored"]), (0, &false.into()), "{restored:#}");
    let reason = restored["ahead"][0]["reason"].as_str().unwrap();
    assert!(
        reason.contains("is ahead of the event store") && reason.contains("handlers replay"),
        "{restored:#}"
    );
}

#[test]
fn a_store_that_is_in_use_is_not_replaced() {
    let dir = TestDir::new();
    save(&dir, "sqlite", 0..4);
    backup(&dir, "sqlite");
    let open = SqliteEventRepository::open(dir.join("data/events.db"), utc()).unwrap();
    run(&dir, "sqlite", "restore --from backups").code_is(4, "another process has");
    open.save_events(&[event("later").build()]).unwrap();
    drop(open);
    assert_eq!(events(&dir, "sqlite"), 5);
}

#[test]
fn a_store_that_cannot_be_read_is_told_and_left() {
    let dir = stored("sqlite");
    backup(&dir, "sqlite");
    overwrite(&dir.join("data/events.db"), |bytes| bytes[20..4_000].fill(0xff));
    let damaged = fs::read(dir.join("data/events.db")).unwrap();
    run(&dir, "sqlite", "restore --from backups").code_is(4, "cannot be read");
    assert!(fs::read(dir.join("data/events.db")).unwrap() == damaged);
}

#[test]
fn a_backup_is_restored_to_another_place_and_what_is_no_backup_is_an_error() {
    let dir = stored("sqlite");
    backup(&dir, "sqlite");
    let (code, restored) = answer(&dir, "sqlite", "restore --from backups --into else/where.db");
    assert_eq!((code, &restored["handlers_restored"]), (0, &false.into()), "{restored:#}");
    assert_eq!(run(&dir, "sqlite", "--store else/where.db events recent --raw").result().lines().count(), 10);
    run(&dir, "sqlite", "restore --from data").code_is(4, "there is no backup");
    run(&dir, "sqlite", "restore --from nothing").code_is(4, "there is no backup");
}

#[test]
fn a_backup_of_archived_days_is_restored_over_days_that_are_not_archived_yet() {
    let dir = stored("jsonl");
    assert_eq!(run(&dir, "jsonl", "archive --before 2025-10-26").code, 0);
    backup(&dir, "jsonl");
    let earlier = TestDir::new();
    save(&earlier, "jsonl", 0..8);
    let (code, restored) =
        answer(&earlier, "jsonl", &format!("restore --from {}", dir.join("backups").display()));
    assert_eq!((code, events(&earlier, "jsonl")), (0, 10), "{restored:#}");
    assert!(!earlier.join("data/events/events-2025-10-25.jsonl").exists(), "it is in the archive");
    assert_eq!(run(&earlier, "jsonl", "verify").code, 0);
}
