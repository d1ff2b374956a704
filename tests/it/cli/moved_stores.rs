//! A store that was moved into PostgreSQL, to a program that may have been built without that.

#[cfg(target_os = "linux")]
use mission_events::internals::durable::lock::FileLock;
use rusqlite::Connection;

use crate::support::cli::{Cli, cli};
use crate::support::event;
use crate::support::test_dir::TestDir;
#[cfg(target_os = "linux")]
use crate::support::{until, write};

const URL: &str = "postgres://app@db1/app?schema=it's";

fn on(dir: &TestDir) -> Cli {
    cli(dir)
        .env("MISSION_CONTROL_USE_NEW_EVENT_SYSTEM", "true")
        .env("MISSION_CONTROL_STORAGE_BACKEND", "sqlite")
        .env("MISSION_CONTROL_SQLITE_PATH", "events.db")
}

/// As a move leaves it.
fn fence(dir: &TestDir, sentence: &str) {
    let connection = Connection::open(dir.join("events.db")).unwrap();
    let trigger = format!(
        "CREATE TRIGGER fence_events_insert BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, '{}'); END",
        sentence.replace('\'', "''")
    );
    connection.execute_batch(&trigger).unwrap();
}

#[test]
fn a_store_that_was_moved_refuses_writers_with_its_new_place_and_is_read_as_before() {
    let dir = super::seed(&[event("e1").build()]);
    fence(&dir, &format!("this store was moved to {URL}: name that one in the settings"));
    on(&dir).run("-q events show e1").result();
    let dispatch = event("e2").build();
    for run in [
        on(&dir).run_with(["-q", "dispatch", dispatch.body()]),
        on(&dir).run("-q import-legacy daily"),
        on(&dir).run("-q rejects retry"),
    ] {
        run.code_is(4, &format!("was moved to {URL}, and takes nothing any more"));
    }
    let writer = Connection::open(dir.join("events.db")).unwrap();
    let refusal = writer.execute("INSERT INTO events SELECT 2, 'e2', event_type, 0, NULL, '', 'native', 0, 0, NULL, NULL, NULL FROM events", []);
    assert!(refusal.unwrap_err().to_string().contains(URL));
}

#[test]
fn a_copy_that_is_not_complete_is_not_read_and_another_trigger_is_no_fence() {
    let dir = super::seed(&[event("e1").build()]);
    fence(&dir, "this store is a copy of x that is not complete: move it again");
    on(&dir).run("-q events show e1").code_is(4, "is a copy of x that is not complete");
    let connection = Connection::open(dir.join("events.db")).unwrap();
    connection.execute_batch("DROP TRIGGER fence_events_insert").unwrap();
    fence(&dir, "no");
    on(&dir).run("-q events show e1").code_is(4, "the trigger fence_events_insert on events was added");
}

#[cfg(target_os = "linux")]
#[test]
fn an_import_that_has_waited_for_another_one_does_not_add_to_a_store_that_was_moved_meanwhile() {
    let dir = super::seed(&[event("e1").build()]);
    write(&dir, "log.jsonl", event("e2").build().body());
    let lock = dir.join("events.db.import.lock");
    let held = FileLock::exclusive_without_deadline(&lock).unwrap();
    let import = on(&dir).start("-q import-legacy log.jsonl");
    // It has looked at the store then.
    until("the import waits", || import.has_open(&lock.canonicalize().unwrap()));
    fence(&dir, &format!("this store was moved to {URL}: name that one in the settings"));
    drop(held);
    import.end().code_is(4, "was moved to");
    let rows = Connection::open(dir.join("events.db")).unwrap();
    let rows: i64 = rows.query_row("SELECT count(*) FROM events", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 1);
}

#[cfg(not(feature = "postgres"))]
#[test]
fn without_the_feature_a_url_of_postgresql_is_exit_2_with_the_way_out_and_move_is_no_command() {
    let dir = super::seed(&[event("e1").build()]);
    let way_out = "--features postgres";
    for run in [
        on(&dir).run("-q --store postgres://app@db1/app events recent"),
        on(&dir).env("MISSION_CONTROL_STORAGE_BACKEND", "postgres").run("-q events recent"),
        on(&dir).run("-q compare-logs events.db postgres://app@db1/app"),
    ] {
        run.code_is(2, way_out);
    }
    on(&dir).run("-q move --to postgres://app@db1/app").code_is(2, "unrecognized subcommand 'move'");
}
