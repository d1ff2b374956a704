//! What happens beside a move, or was left by one: two stores are never the store at once, and no row is lost.

use std::ops::RangeInclusive;

use mission_events::internals::application::moving::{MovingStore, Standing};
use mission_events::internals::infrastructure::postgres::PostgresMovingStore;
use mission_events::internals::infrastructure::sqlite::SqliteMovingStore;
use mission_events::internals::wire::zone::Zone;

use super::{STORE, all_rows, count, native, on_sqlite, save_native, store_with_everything};
use crate::postgres_store::{open, schema};
use crate::support::cli::write;
use crate::support::postgres::{address, server};
use crate::support::test_dir::TestDir;
use crate::support::until;

const ANY: RangeInclusive<i64> = 0..=i64::MAX;

fn in_sqlite(dir: &TestDir, name: &str) -> SqliteMovingStore {
    SqliteMovingStore::open(&dir.join(name), Zone::utc()).unwrap()
}

fn in_postgres(url: &str) -> PostgresMovingStore {
    PostgresMovingStore::open_or_make(address(url), Zone::utc()).unwrap()
}

/// As a cut-over that was killed leaves the source.
fn fence(dir: &TestDir, url: &str) {
    let moved = Standing::Moved { to: url.to_owned() };
    in_sqlite(dir, STORE).stand_as(&Standing::Own, &moved, ANY).unwrap();
}

#[test]
fn a_move_beside_another_of_the_same_file_or_schema_is_refused() {
    let (dir, url) = (TestDir::new(), server().new_store());
    save_native(&dir.join(STORE), 10..13);
    let mut file = in_sqlite(&dir, STORE);
    file.lock().unwrap();
    let refused = |command: String| {
        on_sqlite(&dir).run(&format!("-q move --to {url} {command}")).code_is(4, "is at work");
    };
    refused("--cut-over".to_owned());
    refused("--undo".to_owned());
    drop(file);
    let mut other = in_postgres(&url);
    other.lock().unwrap();
    refused(String::new());
    drop(other);
    on_sqlite(&dir).run(&format!("-q move --to {url}")).result();
}

#[test]
fn what_a_store_stands_as_is_changed_from_what_was_expected_alone() {
    let (dir, url) = (TestDir::new(), server().new_store());
    save_native(&dir.join(STORE), 10..13);
    let (mut file, mut schema) = (in_sqlite(&dir, STORE), in_postgres(&url));
    let copy = Standing::Copy { of: "x".to_owned(), is_whole: true };
    for (store, last) in [(&mut file as &mut dyn MovingStore, 3), (&mut schema, 0)] {
        let error = store.stand_as(&copy, &Standing::Moved { to: "y".to_owned() }, ANY).unwrap_err();
        assert!(
            format!("{error:?}").contains("to be a copy of x, found that it is the store itself"),
            "{error:?}"
        );
        assert_eq!(store.stand_as(&Standing::Own, &copy, last + 1..=last + 2).unwrap(), last);
        assert_eq!(store.standing().unwrap(), Standing::Own);
        assert_eq!(store.stand_as(&Standing::Own, &copy, last..=last).unwrap(), last);
        assert_eq!(store.standing().unwrap(), copy);
    }
}

#[test]
fn a_target_that_is_gone_is_not_the_store_and_the_source_is_taken_back() {
    let (dir, url) = (TestDir::new(), server().new_store());
    store_with_everything(&dir);
    on_sqlite(&dir).run(&format!("-q move --to {url}")).result();
    fence(&dir, &url);
    server().psql(&format!("DROP SCHEMA {} CASCADE", schema(&url)));
    let cut_over = || on_sqlite(&dir).run(&format!("-q move --to {url} --cut-over"));
    let run = cut_over();
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert_eq!(server().psql(&format!("SELECT to_regnamespace('{}') IS NULL", schema(&url))), "t\n");
    drop(open(&url));
    cut_over().code_is(1, "does not have its last event");
    on_sqlite(&dir).run(&format!("-q move --to {url} --undo")).result();
    on_sqlite(&dir).run_with(["-q", "dispatch", &native(70)]).result();
    cut_over().result();
}

#[test]
fn a_cut_over_that_was_committed_while_it_is_taken_back_leaves_one_store() {
    let (dir, url) = (TestDir::new(), server().new_store());
    save_native(&dir.join(STORE), 10..13);
    on_sqlite(&dir).run(&format!("-q move --to {url}")).result();
    fence(&dir, &url);
    std::thread::scope(|scope| {
        // As a commit that waits for a standby: the change is made, and comes to be seen while the other waits for it.
        let flip =
            format!("BEGIN; UPDATE {}.store SET copy_of = NULL; SELECT pg_sleep(2); COMMIT", schema(&url));
        let flip = scope.spawn(move || server().psql(&flip));
        until("it is changed", || {
            server().psql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE '%copy_of%'") == "1\n"
        });
        on_sqlite(&dir).run(&format!("-q move --to {url} --undo"));
        flip.join().unwrap();
    });
    let standings = [in_sqlite(&dir, STORE).standing().unwrap(), in_postgres(&url).standing().unwrap()];
    let own = standings.iter().filter(|standing| **standing == Standing::Own).count();
    assert_eq!(own, 1, "{standings:?}");
}

#[test]
fn what_a_killed_undo_has_left_loses_no_log_that_the_target_had_imported() {
    let (dir, url) = (TestDir::new(), server().new_store());
    save_native(&dir.join(STORE), 10..13);
    on_sqlite(&dir).run(&format!("-q move --to {url} --cut-over")).result();
    let back = |more: &str| on_sqlite(&dir).run(&format!("-q move --from {url} --to back.db {more}"));
    back("--cut-over").result();
    // A log that brings no event, so that positions tell nothing.
    write(&dir, "log.jsonl", "{\"type\": \"A\", \"timest\n");
    let run = on_sqlite(&dir).run("-q --store back.db import-legacy log.jsonl");
    assert!(run.code <= 1, "{}", run.stderr);
    let before = all_rows(&dir.join("back.db"));
    assert_eq!(count(&dir.join("back.db"), "sources"), 1);
    back("--undo").code_is(1, "of its own");
    let copy = Standing::Copy { of: in_postgres(&url).place(), is_whole: true };
    in_sqlite(&dir, "back.db").stand_as(&Standing::Own, &copy, ANY).unwrap();
    for more in ["--cut-over", "--undo"] {
        back(more).code_is(1, "has received rows of");
        assert_eq!(all_rows(&dir.join("back.db")), before);
    }
}

#[test]
fn an_event_that_is_saved_while_a_move_begins_stays_in_a_store_that_is_no_copy() {
    let (dir, url) = (TestDir::new(), server().new_store());
    save_native(&dir.join(STORE), 10..13);
    drop(open(&url));
    std::thread::scope(|scope| {
        let append = format!(
            "BEGIN; SET search_path = {}; SELECT 1 FROM store FOR UPDATE;
             INSERT INTO events (position, event_id, event_type, occurred_at, body, origin, recorded_at, id_derived)
                VALUES (1, 'e1', 'A', now(), '{{}}', 'native', now(), false);
             SELECT pg_sleep(2), 'an append'; COMMIT",
            schema(&url)
        );
        let append = scope.spawn(move || server().psql(&append));
        until("it is being saved", || {
            server().psql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE '%an append%'")
                == "1\n"
        });
        let run = on_sqlite(&dir).run(&format!("-q move --to {url}"));
        assert!(matches!(run.code, 1 | 2), "{}: {}", run.code, run.stderr);
        append.join().unwrap();
    });
    assert_eq!(in_postgres(&url).standing().unwrap(), Standing::Own);
    on_sqlite(&dir).run_with(["-q", "--store", &url, "dispatch", &native(20)]).result();
}

/// What the evidence says of moves: whether the target was the store then, and why it is not any more.
fn recorded(dir: &TestDir) -> Vec<(bool, String)> {
    let lines = std::fs::read_to_string(dir.join("data/evidence.jsonl")).unwrap();
    let records = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    records
        .map(|record| (record["cut_over"] == true, record["reasons"][0].as_str().unwrap_or("").to_owned()))
        .collect()
}

#[test]
fn evidence_says_cut_over_of_what_was_cut_over_and_that_it_was_taken_back() {
    let (dir, url) = (TestDir::new(), server().new_store());
    save_native(&dir.join(STORE), 10..13);
    let run = |more: &str| on_sqlite(&dir).run(&format!("-q --format json move --to {url} {more}"));
    run("").json();
    assert_eq!(recorded(&dir), [(false, String::new())]);
    // Killed between the cut-over and its record.
    fence(&dir, &url);
    let copy = in_postgres(&url).standing().unwrap();
    in_postgres(&url).stand_as(&copy, &Standing::Own, ANY).unwrap();
    assert_eq!(run("--cut-over").json()["recorded_as"], 2);
    let again = run("--cut-over").json();
    assert_eq!((&again["recorded_as"], &again["events"]), (&serde_json::Value::Null, &3.into()), "{again}");
    for (store, said) in [(STORE, format!("moved to {url}")), (&*url, "".to_owned())] {
        let status = on_sqlite(&dir).run(&format!("-q --store {store} status --format json")).json();
        assert_eq!(status["store"]["stands_as"].as_str().unwrap_or_default(), said, "{status}");
    }
    let elsewhere = server().new_store();
    let planned = on_sqlite(&dir).run(&format!("-q move --to {elsewhere} --dry-run"));
    planned.code_is(2, "with these very words after --to");
    run("--undo").json();
    let taken_back = format!("taken back: {} is the store again", in_sqlite(&dir, STORE).place());
    assert_eq!(recorded(&dir), [(false, String::new()), (true, String::new()), (false, taken_back)],);
}
