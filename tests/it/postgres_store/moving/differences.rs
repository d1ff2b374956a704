//! What is not the same on both sides is named, and nothing is cut over.

use super::{STORE, all_rows, on_sqlite, save_native, store_with_everything, tamper_with};
use crate::support::postgres::server;
use crate::support::tamper;
use crate::support::test_dir::TestDir;

#[test]
fn a_byte_that_was_changed_in_the_target_is_named_and_nothing_is_cut_over() {
    let dir = TestDir::new();
    store_with_everything(&dir);
    for (sql, said) in [
        (
            "UPDATE events SET body = replace(body, 'Aufgabe Ü 7', 'Aufgabe Ü 8') WHERE position = 8",
            "events, position 8, column body: the source has …\"",
        ),
        (
            "UPDATE events SET recorded_at = recorded_at + interval '1 microsecond' WHERE position = 2",
            "events, position 2, column recorded_at: the source has ",
        ),
        ("UPDATE events SET exact_names = NULL WHERE position = 4", "events, position 4, column event_id"),
        ("UPDATE twins SET class = 'ignored' WHERE twin_id = 3", "twins, twin_id 3, column class"),
        (
            "DELETE FROM events WHERE position = 9",
            "events, position 9: the source has it, the target no such row",
        ),
        (
            "INSERT INTO events SELECT 99999, 'more', event_type, occurred_at, NULL, body, origin, recorded_at, false FROM events WHERE position = 1",
            "it has received events of its own",
        ),
    ] {
        let url = server().new_store();
        on_sqlite(&dir).run(&format!("-q move --to {url}")).result();
        tamper_with(&url, sql);
        let run = on_sqlite(&dir).run(&format!("-q move --to {url} --cut-over"));
        run.code_is(1, said);
        // The source takes events as before.
        on_sqlite(&dir).run_with(["-q", "dispatch", &super::native(0)]).result();
    }
    let evidence = on_sqlite(&dir).run("-q --format jsonl evidence list").result();
    let last: serde_json::Value =
        serde_json::from_str(evidence.lines().rev().find(|line| line.contains("\"different\"")).unwrap())
            .unwrap();
    assert_eq!((&last["kind"], &last["cut_over"]), (&"move".into(), &false.into()), "{last}");
}

#[test]
fn a_key_that_is_not_that_of_its_name_is_found() {
    let dir = TestDir::new();
    store_with_everything(&dir);
    for (sql, said) in [
        ("UPDATE events SET event_id = 'zzz' WHERE position = 4", "column event_id of row 4 of events"),
        (
            "UPDATE events SET exact_names = '{\"body\": \"x\"}' WHERE position = 2",
            "column exact_names of row 2 of events",
        ),
        ("UPDATE repairs SET path = 'c'", "column path of row 31 of repairs"),
    ] {
        let url = server().new_store();
        on_sqlite(&dir).run(&format!("-q move --to {url}")).result();
        tamper_with(&url, sql);
        let run = on_sqlite(&dir).run(&format!("-q move --to {url} --cut-over"));
        run.code_is(4, said);
        on_sqlite(&dir).run_with(["-q", "dispatch", &super::native(0)]).result();
    }
}

#[test]
fn tables_that_change_are_made_what_they_are_in_the_source() {
    let (dir, url) = (TestDir::new(), server().new_store());
    store_with_everything(&dir);
    on_sqlite(&dir).run(&format!("-q move --to {url}")).result();
    tamper_with(&url, "UPDATE rejects SET detail = 'x'; DELETE FROM source_repeats; DELETE FROM repairs");
    on_sqlite(&dir).run(&format!("-q move --to {url} --cut-over")).result();
    on_sqlite(&dir).run(&format!("-q move --from {url} --to back.db --cut-over")).result();
    assert_eq!(all_rows(&dir.join("back.db")), all_rows(&dir.join(STORE)));
}

#[test]
fn a_store_that_lacks_rows_is_not_moved() {
    let (dir, url) = (TestDir::new(), server().new_store());
    save_native(&dir.join(STORE), 0..10);
    tamper(&dir.join(STORE), "DELETE FROM events WHERE position = 4");
    let run = on_sqlite(&dir).run(&format!("-q move --to {url} --cut-over"));
    run.code_is(1, "has 9 events and twins where 10 were stored");
}

#[test]
fn what_cannot_be_source_and_target_is_refused() {
    let (dir, url, other) = (TestDir::new(), server().new_store(), server().new_store());
    save_native(&dir.join(STORE), 0..3);
    drop(crate::postgres_store::open(&url));
    std::fs::create_dir(dir.join("days")).unwrap();
    save_native(&dir.join("own.db"), 5..8);
    for (places, said) in [
        (format!("--to {url} --from {other}"), "two stores in PostgreSQL"),
        ("--to other.db".to_owned(), "two SQLite files"),
        (format!("--from days --to {url}"), "is a folder of daily files"),
        ("--to postgres://me:sesame@localhost/db".to_owned(), "PGPASSWORD"),
    ] {
        let run = on_sqlite(&dir).run(&format!("-q move {places}"));
        run.code_is(2, said);
    }
    on_sqlite(&dir).run(&format!("-q move --to {url} --cut-over")).result();
    for (places, said) in [
        (format!("--to {other}"), "was moved to"),
        (format!("--from own.db --to {url}"), "is a store of its own"),
        (format!("--from {url} --to own.db"), "is a store of its own"),
        (format!("--to {other} --undo"), "name that one with --to"),
        (format!("--from own.db --to {url} --undo"), "there is nothing to take back"),
    ] {
        drop(crate::postgres_store::open(&other));
        let run = on_sqlite(&dir).run(&format!("-q move {places}"));
        run.code_is(2, said);
    }
}
