//! What lies around a backup or a store, and was not put there by the program.

use super::*;

#[cfg(unix)]
#[test]
fn a_day_that_is_a_link_to_nothing_is_in_no_backup_that_passes_as_whole() {
    let dir = stored("jsonl");
    let day = dir.join("data/events/events-2025-10-26.jsonl");
    fs::create_dir(dir.join("disk")).unwrap();
    fs::rename(&day, dir.join("disk/events-2025-10-26.jsonl")).unwrap();
    std::os::unix::fs::symlink("../../disk/events-2025-10-26.jsonl", &day).unwrap();
    assert_eq!(run(&dir, "jsonl", "backup --to backups").code, 0, "the disk is there");
    fs::rename(dir.join("disk"), dir.join("away")).unwrap();
    run(&dir, "jsonl", "backup --to backups").code_is(4, "events-2025-10-26.jsonl");
    assert_eq!(names(&dir, "backups").len(), 1);
    run(&dir, "jsonl", "restore --from backups").code_is(4, "events-2025-10-26.jsonl");
    fs::remove_file(dir.join("data/events/events-2025-10-25.jsonl")).unwrap();
    assert_eq!(
        run(&dir, "jsonl", "verify data/events").code,
        4,
        "a folder of such links alone is a store, too"
    );
}

/// A database with another one's rows in a journal, or in a write-ahead log, as the end of a process leaves it.
fn left_by_another_database(dir: &TestDir, suffix: &str) -> Vec<u8> {
    let path = dir.join("another.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    let journal_mode = if suffix == "-wal" { "wal" } else { "delete" };
    connection.pragma_update(None, "page_size", 4096).unwrap();
    connection.pragma_update(None, "journal_mode", journal_mode).unwrap();
    connection.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(150000))").unwrap();
    connection.execute_batch("PRAGMA cache_size = 1; BEGIN; UPDATE t SET a = zeroblob(150001)").unwrap();
    fs::read(dir.join(&format!("another.db{suffix}"))).unwrap()
}

#[test]
fn what_another_database_has_left_beside_a_backup_is_not_put_into_it() {
    for suffix in ["-journal", "-wal"] {
        let dir = stored("sqlite");
        let events = backup(&dir, "sqlite").join("events.db");
        let sound = fs::read(&events).unwrap();
        let (left, beside) = (left_by_another_database(&dir, suffix), format!("events.db{suffix}"));
        assert!(left.len() > 512, "{}", left.len());
        fs::write(events.with_file_name(&beside), &left).unwrap();
        save(&dir, "sqlite", 10..11);
        for (line, code) in [
            (format!("--store {} events recent", events.display()), 4),
            (format!("verify {}", events.display()), 4),
            ("verify --against backups".to_owned(), 4),
            ("verify backups".to_owned(), 1),
            ("backup --to backups --keep 0".to_owned(), 1),
        ] {
            let run = run(&dir, "sqlite", &line);
            assert!(run.code == code && format!("{run:?}").contains(&beside), "{line}: {run:?}");
            assert!(fs::read(&events).unwrap() == sound, "{line}");
            assert_eq!(fs::read(events.with_file_name(&beside)).unwrap(), left, "{line}");
        }
        assert_eq!(names(&dir, "backups").len(), 2, "the earlier one is left");
    }
}

#[test]
fn a_backup_that_was_changed_is_nothing_to_hold_a_store_against() {
    for backend in BACKENDS {
        let dir = stored(backend);
        let path = backup(&dir, backend);
        overwrite(&path.join("handlers.db"), |bytes| bytes[100] ^= 1);
        run(&dir, backend, "verify --against backups").code_is(4, "is not the backup that was made");
        run(&dir, backend, "verify --against backups").code_is(4, "handlers.db");
    }
}

#[test]
fn events_in_files_of_other_days_are_told() {
    let dir = stored("jsonl");
    let notes = |dir: &TestDir| answer(dir, "jsonl", "verify").1["notes"].clone();
    assert_eq!(notes(&dir), Value::Array(vec![]));
    let day = dir.join("data/events/events-2025-10-25.jsonl");
    fs::copy(day, dir.join("data/events/events-2025-11-01.jsonl")).unwrap();
    let notes = notes(&dir);
    let told = "5 events lie in files of other days than their times in UTC say, the first e0 of 2025-10-25 in the file of 2025-11-01";
    assert!(notes[0].as_str().unwrap().starts_with(told), "{notes:#}");
}

#[test]
fn a_store_that_was_emptied_is_told_so_with_the_way_back() {
    let dir = stored("sqlite");
    backup(&dir, "sqlite");
    for name in ["events.db", "handlers.db"] {
        fs::write(dir.join("data").join(name), "").unwrap();
        let line = format!("verify data/{name}");
        run(&dir, "sqlite", &line).code_is(4, "holds nothing");
        run(&dir, "sqlite", &line).code_is(4, "restore --from");
    }
    run(&dir, "sqlite", "backup --to backups").code_is(4, "holds nothing");
    assert_eq!(run(&dir, "sqlite", "restore --from backups").code, 0);
    assert_eq!(events(&dir, "sqlite"), 10);
}
