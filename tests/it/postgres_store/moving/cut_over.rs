//! The cut-over: nothing is lost and nothing is there twice, and it can be taken back.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use mission_events::internals::application::moving::{MovingStore, Standing};
use mission_events::internals::domain::repository::EventRepository;
use mission_events::internals::domain::value_objects::StreamId;
use mission_events::internals::infrastructure::sqlite::SqliteMovingStore;
use mission_events::internals::wire::zone::Zone;

use super::{STORE, all_rows, on_sqlite, save_native, store_with_everything};
use crate::postgres_store::open;
use crate::support::postgres::server;
use crate::support::test_dir::TestDir;

const WRITERS: usize = 8;

#[test]
fn what_processes_append_meanwhile_is_moved_once_and_then_they_are_told_where_the_store_is() {
    let (dir, url) = (TestDir::new(), server().new_store());
    save_native(&dir.join(STORE), 0..50);
    let is_over = AtomicBool::new(false);
    let append = |writer: usize| {
        let (running, mut input, output) = on_sqlite(&dir).start_with_pipes("-q dispatch -");
        let mut lines = BufReader::new(output).lines();
        let mut acknowledged = Vec::new();
        for number in 0.. {
            let id = format!("w{writer}-{number}");
            let event = format!(
                r#"{{"event_id": "{id}", "event_type": "TaskCreated", "timestamp": "2025-10-25T10:00:00Z", "aggregate_id": "T1", "title": "x"}}"#
            );
            writeln!(input, "{event}").unwrap();
            let answer: serde_json::Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
            if answer["position"].is_null() {
                assert!(answer.to_string().contains(&format!("this store was moved to {url}")), "{answer}");
                break;
            }
            acknowledged.push(id);
            if is_over.load(Ordering::SeqCst) {
                break;
            }
        }
        drop(input);
        drop(running);
        acknowledged
    };
    let acknowledged: BTreeSet<String> = std::thread::scope(|scope| {
        let append = &append;
        let writers: Vec<_> = (0..WRITERS).map(|writer| scope.spawn(move || append(writer))).collect();
        let connection = rusqlite::Connection::open(dir.join(STORE)).unwrap();
        crate::support::until("some are appended", || {
            let count: i64 =
                connection.query_row("SELECT count(*) FROM events", [], |row| row.get(0)).unwrap();
            count > 100
        });
        let run = on_sqlite(&dir).run(&format!("-q --format json move --to {url} --cut-over"));
        // Where it has failed, the writers end too.
        is_over.store(run.code != 0, Ordering::SeqCst);
        let moved = run.json();
        assert!(moved["pause_ms"].is_u64(), "{moved}");
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    let stored = open(&url).read_stream(&StreamId::single(), None, usize::MAX).unwrap();
    assert!(stored.iter().map(|event| event.position.get()).eq(1..=stored.len() as i64), "without a gap");
    let ids = stored.iter().map(|event| event.event.event_id().as_str().to_owned());
    let ids: Vec<String> = ids.filter(|id| id.starts_with('w')).collect();
    assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len());
    assert_eq!(ids.into_iter().collect::<BTreeSet<_>>(), acknowledged);
    let refused = on_sqlite(&dir).run_with(["-q", "dispatch", &super::native(99)]);
    refused.code_is(4, &format!("was moved to {url}"));
    for command in ["import-legacy log.jsonl", "rejects retry"] {
        super::write(&dir, "log.jsonl", super::legacy(1));
        on_sqlite(&dir).run(&format!("-q {command}")).code_is(4, "was moved to");
    }
    on_sqlite(&dir).run("-q events recent").result();
    let again = on_sqlite(&dir).run(&format!("-q --format json move --to {url} --cut-over")).json();
    assert_eq!(again["was_done"], true, "{again}");
}

#[test]
fn a_store_that_was_moved_is_read_with_a_warning_and_its_events_are_handled_no_more() {
    let (dir, url) = (TestDir::new(), server().new_store());
    save_native(&dir.join(STORE), 10..13);
    super::write(&dir, "data/events.json", "[]");
    on_sqlite(&dir).run("-q handlers run").result();
    on_sqlite(&dir).run(&format!("-q move --to {url} --cut-over")).result();
    on_sqlite(&dir).run(&format!("-q move --from {url} --to back.db --cut-over")).result();
    for (store, place) in [(STORE, &*url), (&*url, "back.db")] {
        let run = |command: &str| on_sqlite(&dir).run(&format!("--store {store} {command}"));
        for command in [
            "events recent",
            "handlers list",
            "tasks stats",
            "export --to out --force",
            "compare-logs",
            "cutover-check",
            "doctor",
            "rejects",
            "backup --to backups",
        ] {
            let run = run(command);
            let is_refused = store == url && ["rejects", "backup --to backups"].contains(&command);
            let told = run.stderr.matches(&format!("was moved to {place}")).count()
                + run.stderr.matches(&format!("was moved to {}", dir.join(place).display())).count();
            assert_eq!(told, usize::from(!is_refused), "{store} {command}: {}", run.stderr);
        }
        for command in [
            "handlers run",
            "handlers run --follow",
            "handlers replay task_state",
            "handlers retry task_state",
            "handlers pause task_state",
            "handlers resume task_state",
            "handlers skip task_state --event native-10 --reason x",
        ] {
            run(&format!("-q {command}"))
                .code_is(4, "takes nothing any more: name that store in the settings");
        }
    }
    let of_copy = server().new_store();
    on_sqlite(&dir).run(&format!("-q move --from back.db --to {of_copy}")).result();
    on_sqlite(&dir).run(&format!("-q --store {of_copy} handlers run")).result();
    let read = on_sqlite(&dir).run(&format!("--store {of_copy} events recent"));
    assert!(!read.stderr.contains("was moved"), "{}", read.stderr);
}

#[test]
fn a_cut_over_is_taken_back_until_the_target_has_events_of_its_own() {
    let (dir, url) = (TestDir::new(), server().new_store());
    store_with_everything(&dir);
    let before = all_rows(&dir.join(STORE));
    on_sqlite(&dir).run(&format!("-q move --to {url} --cut-over")).result();
    let undone = on_sqlite(&dir).run(&format!("-q --format json move --to {url} --undo")).json();
    assert_eq!(undone["last_position"], before["events"].len(), "{undone}");
    assert_eq!(all_rows(&dir.join(STORE)), before);
    let on_target =
        |number: usize| on_sqlite(&dir).run_with(["-q", "--store", &url, "dispatch", &super::native(number)]);
    on_target(90).code_is(4, "is a copy of");
    on_sqlite(&dir).run_with(["-q", "dispatch", &super::native(70)]).result();

    on_sqlite(&dir).run(&format!("-q move --to {url} --cut-over")).result();
    on_target(91).result();
    let refused = on_sqlite(&dir).run(&format!("-q move --to {url} --undo"));
    refused.code_is(1, "has received events of its own");
    on_target(92).result();
    // The way back: the old file goes on from where it was left.
    let back =
        on_sqlite(&dir).run(&format!("-q --format json move --from {url} --to {STORE} --cut-over")).json();
    assert_eq!(back["copied_events"], 2, "{back}");
    on_sqlite(&dir).run_with(["-q", "dispatch", &super::native(71)]).result();
    let rows = all_rows(&dir.join(STORE));
    assert_eq!(rows["events"].len(), before["events"].len() + 4);
}

#[test]
fn a_cut_over_that_was_killed_while_both_refuse_writers_is_ended_or_taken_back() {
    for ends_with in ["--cut-over", "--undo"] {
        let (dir, url) = (TestDir::new(), server().new_store());
        store_with_everything(&dir);
        on_sqlite(&dir).run(&format!("-q move --to {url}")).result();
        save_native(&dir.join(STORE), 40..45);
        let mut source = SqliteMovingStore::open(&dir.join(STORE), Zone::utc()).unwrap();
        source.stand_as(&Standing::Own, &Standing::Moved { to: url.clone() }, 0..=i64::MAX).unwrap();
        drop(source);
        let before = all_rows(&dir.join(STORE));
        for store in [STORE, &url] {
            let run = on_sqlite(&dir).run_with(["-q", "--store", store, "dispatch", &super::native(90)]);
            assert_eq!(run.code, 4, "{store}: {}", run.stderr);
        }
        on_sqlite(&dir).run(&format!("-q move --to {url}")).code_is(2, "run it again with --cut-over");
        on_sqlite(&dir).run(&format!("-q move --to {url} {ends_with}")).result();
        let (own, other) = if ends_with == "--undo" { (STORE, &*url) } else { (&*url, STORE) };
        on_sqlite(&dir).run_with(["-q", "--store", own, "dispatch", &super::native(0)]).result();
        let run = on_sqlite(&dir).run_with(["-q", "--store", other, "dispatch", &super::native(0)]);
        assert_eq!(run.code, 4, "{}", run.stderr);
        if ends_with == "--cut-over" {
            on_sqlite(&dir).run(&format!("-q move --from {url} --to back.db")).result();
            assert_eq!(all_rows(&dir.join("back.db")), before);
        }
    }
}

#[test]
fn a_difference_that_is_found_behind_the_fence_takes_it_back() {
    let (dir, url) = (TestDir::new(), server().new_store());
    store_with_everything(&dir);
    on_sqlite(&dir).run(&format!("-q move --to {url}")).result();
    let mut source = SqliteMovingStore::open(&dir.join(STORE), Zone::utc()).unwrap();
    source.stand_as(&Standing::Own, &Standing::Moved { to: url.clone() }, 0..=i64::MAX).unwrap();
    drop(source);
    super::tamper_with(&url, "UPDATE events SET origin = 'history' WHERE position = 3");
    let run = on_sqlite(&dir).run(&format!("-q move --to {url} --cut-over"));
    run.code_is(1, "events, position 3, column origin");
    on_sqlite(&dir).run_with(["-q", "dispatch", &super::native(70)]).result();
    on_sqlite(&dir)
        .run_with(["-q", "--store", &url, "dispatch", &super::native(70)])
        .code_is(4, "is a copy of");
}
