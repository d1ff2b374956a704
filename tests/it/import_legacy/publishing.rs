//! A new store beside files of others: those stay, whenever they came.

use std::fs;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::processes::{start, write_log};
use super::{BUILD_FOLDER, Counts, DATABASE, Report, import, quiet, rows};
use crate::support::cli::{Run, Running, write};
use crate::support::events_to_last;
use crate::support::test_dir::TestDir;

const EVENTS: u64 = events_to_last(4_000, 12_000);
const PATIENCE: Duration = Duration::from_secs(120);

/// An import into a new store that stands still while it builds that.
fn paused_while_building(dir: &TestDir) -> Running {
    write_log(dir, "events.json", 1, EVENTS);
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut running = start(dir, "events.json");
        while !is_building(dir) && !running.has_ended() {
            assert!(Instant::now() < deadline, "it does not build");
            std::thread::yield_now();
        }
        if !running.has_ended() {
            running.pause();
            std::thread::sleep(Duration::from_millis(5));
            if is_building(dir) && !dir.join(DATABASE).exists() {
                return running;
            }
            running.go_on();
        }
        // It was faster than the look at it.
        running.end();
        fs::remove_file(dir.join(DATABASE)).unwrap();
    }
}

fn is_building(dir: &TestDir) -> bool {
    let length =
        |folder: &String| fs::metadata(dir.join(folder).join("store.db")).map_or(0, |file| file.len());
    dir.names_like(BUILD_FOLDER).iter().any(|folder| length(folder) > 0)
}

/// Lets it go on, and waits for its end.
fn end(running: Running) -> Run {
    running.go_on();
    running.end()
}

#[test]
fn files_of_others_beside_a_new_store_stay_whatever_their_names() {
    let dir = TestDir::new();
    write_log(&dir, "events.json", 1, 100);
    let names = ["", "-journal", "-wal", "-shm"].map(|end| format!("events.db.building{end}"));
    for name in &names {
        write(&dir, name, "precious");
    }
    write(&dir, ".mission-events-import-mine", "precious");
    write(&dir, ".mission-events-import-folder/store.db", "precious");
    write(&dir, ".mission-events-import-folder/lock", "");
    import(&dir, "events.json");
    let others = [".mission-events-import-mine", ".mission-events-import-folder/store.db"];
    for name in names.iter().map(String::as_str).chain(others) {
        assert_eq!(fs::read_to_string(dir.join(name)).unwrap(), "precious", "{name}");
    }
}

#[test]
fn a_database_of_others_that_appears_while_a_store_is_built_stays_and_is_named() {
    let dir = TestDir::new();
    let running = paused_while_building(&dir);
    Connection::open(dir.join(DATABASE)).unwrap().execute_batch("CREATE TABLE precious (id)").unwrap();
    let run = end(running);
    assert!(
        run.stderr.contains("something else has appeared at events.db while a new store was built for it: that stays as it is, and what was built is removed")
            && run.stderr.contains("not one of this program"),
        "{}",
        run.stderr
    );
    assert_eq!((run.code, run.stdout.as_str()), (4, ""));
    let tables: String = Connection::open(dir.join(DATABASE))
        .unwrap()
        .query_row("SELECT group_concat(name) FROM sqlite_schema", [], |row| row.get(0))
        .unwrap();
    assert_eq!(tables, "precious");
    assert_eq!(dir.names_like(BUILD_FOLDER), [""; 0]);
}

#[test]
fn a_file_or_folder_of_others_that_appears_while_a_store_is_built_stays_and_is_named() {
    for is_folder in [false, true] {
        let dir = TestDir::new();
        let running = paused_while_building(&dir);
        match is_folder {
            true => write(&dir, "events.db/precious", "precious"),
            false => {
                write(&dir, DATABASE, "precious, and longer than the header of a database has to be ...")
            }
        }
        end(running).code_is(4, "something else has appeared at events.db");
        let left = if is_folder { "events.db/precious" } else { DATABASE };
        assert!(fs::read_to_string(dir.join(left)).unwrap().starts_with("precious"));
    }
}

#[test]
fn a_log_of_others_that_appears_where_a_store_is_to_be_put_keeps_it_away() {
    let dir = TestDir::new();
    let running = paused_while_building(&dir);
    write(&dir, "events.db-wal", "precious");
    end(running).code_is(4, "events.db-wal lies there without its database");
    assert_eq!(fs::read_to_string(dir.join("events.db-wal")).unwrap(), "precious");
    assert!(!dir.join(DATABASE).exists());
}

#[test]
fn a_store_that_a_live_writer_makes_meanwhile_waits_for_nothing_and_gets_the_logs_added() {
    use crate::support::{event, utc};
    use mission_events::{EventRepository, SqliteEventRepository};

    let dir = TestDir::new();
    let running = paused_while_building(&dir);
    let store = SqliteEventRepository::open(dir.join(DATABASE), utc()).unwrap();
    store.save_events(&[event("live").at("2040-01-01T00:00:00Z").build()]).unwrap();
    let report = Report::of(end(running));
    assert_eq!(report.total, Counts { records: EVENTS, imported: EVENTS, ..Counts::default() });
    assert_eq!(rows(&dir, DATABASE).len() as u64, EVENTS + 1);
    assert_eq!(dir.names_like(BUILD_FOLDER), [""; 0]);
}

#[test]
fn what_a_killed_import_has_left_is_removed_by_an_import_into_another_store_of_the_folder() {
    let dir = TestDir::new();
    let running = paused_while_building(&dir);
    running.kill();
    assert_eq!((dir.names_like(BUILD_FOLDER).len(), dir.join(DATABASE).exists()), (1, false));
    super::import_into(&dir, "events.json", "other.db");
    assert_eq!(dir.names_like(BUILD_FOLDER), [""; 0]);
}

#[test]
fn an_import_leaves_alone_what_another_one_is_building() {
    let dir = TestDir::new();
    write_log(&dir, "few.json", 2, 10);
    let running = paused_while_building(&dir);
    let run = quiet(&dir).run("--format json import-legacy few.json --into other.db");
    assert_eq!(Report::of(run).total.imported, 10);
    assert_eq!(Report::of(end(running)).total.imported, EVENTS);
}
