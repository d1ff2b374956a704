//! The same rows, positions, exports and comparisons on both sides, and again in SQLite.

use mission_events::internals::domain::repository::EventRepository;
use mission_events::internals::domain::value_objects::EventId;

use super::{
    LOGS, STORE, all_rows, exported, make_store_with_everything, on_sqlite, save_native,
    store_with_everything,
};
use crate::postgres_store::open;
use crate::support::postgres::server;
use crate::support::test_dir::TestDir;

#[test]
fn a_store_is_the_same_in_postgresql_and_in_sqlite_again() {
    let (dir, url) = (TestDir::new(), server().new_store());
    store_with_everything(&dir);
    let before = all_rows(&dir.join(STORE));
    let plan = on_sqlite(&dir).run(&format!("-q --format json move --to {url} --dry-run")).json();
    assert_eq!(plan["last_position"], before["events"].len(), "{plan}");
    assert_eq!(
        server().psql(&format!(
            "SELECT count(*) FROM pg_namespace WHERE nspname = '{}'",
            crate::postgres_store::schema(&url)
        )),
        "0\n"
    );

    let copied = on_sqlite(&dir).run(&format!("-q --format json move --to {url}")).json();
    assert_eq!((&copied["verdict"], &copied["logs"]), (&"consistent".into(), &3.into()), "{copied}");
    assert_eq!(copied["events"], before["events"].len(), "{copied}");
    assert_eq!(all_rows(&dir.join(STORE)), before, "the source is as it was");
    let refused = on_sqlite(&dir).run_with(["-q", "--store", &url, "dispatch", &super::native(90)]);
    refused.code_is(4, "is a copy of");
    assert_eq!(exported(&dir, &url, "of-copy"), exported(&dir, STORE, "of-store"));

    // What is saved meanwhile is caught up.
    save_native(&dir.join(STORE), 35..38);
    let before = all_rows(&dir.join(STORE));
    let moved = on_sqlite(&dir).run(&format!("-q --format json move --to {url} --cut-over")).json();
    assert_eq!((&moved["cut_over"], &moved["copied_events"]), (&true.into(), &3.into()), "{moved}");
    let settings = moved["settings"].as_str().unwrap();
    assert!(settings.contains(&format!("storage.postgres_url = \"{url}\"")), "{settings}");
    let of_store = exported(&dir, STORE, "of-store");
    assert_eq!(exported(&dir, &url, "of-target"), of_store);
    for log in LOGS {
        assert_eq!(of_store[log], std::fs::read(dir.join(log)).unwrap(), "{log}");
    }

    let store = open(&url);
    let found = store.find_by_id(&EventId::new("e\0".to_owned()).unwrap()).unwrap().unwrap();
    assert_eq!(found.position.get(), 4);
    let twin: String = {
        let connection = rusqlite::Connection::open(dir.join(STORE)).unwrap();
        let of_native = "SELECT twins.event_id FROM twins JOIN events USING (position) WHERE events.event_id = 'native-7'";
        connection.query_row(of_native, [], |row| row.get(0)).unwrap()
    };
    let found = store.find_by_id(&EventId::new(twin).unwrap()).unwrap().unwrap();
    assert_eq!(found.event.event_id().as_str(), "native-7", "the id of a twin finds its event");
    drop(store);

    let back =
        on_sqlite(&dir).run(&format!("-q --format json move --from {url} --to back.db --cut-over")).json();
    assert_eq!(back["verdict"], "consistent", "{back}");
    assert_eq!(all_rows(&dir.join("back.db")), before);
    assert_eq!(exported(&dir, "back.db", "of-back"), of_store);
    let verified = on_sqlite(&dir).run("-q --store back.db verify");
    assert_eq!(verified.code, 0, "{}", verified.stdout);
    on_sqlite(&dir)
        .run_with(["-q", "--store", &url, "dispatch", &super::native(90)])
        .code_is(4, "was moved to");
    on_sqlite(&dir).run("-q evidence verify").result();
    let evidence = on_sqlite(&dir).run("-q --format jsonl evidence list").result();
    let kinds: Vec<serde_json::Value> =
        evidence.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let moves = kinds.iter().filter(|record| record["kind"] == "move");
    assert!(
        moves.map(|record| record["cut_over"].as_bool()).eq([false, false, true, false, true].map(Some)),
        "{kinds:?}"
    );
}

#[test]
fn the_history_that_was_moved_is_compared_with_its_log_as_in_sqlite() {
    let (dir, url) = (TestDir::new(), server().new_store());
    make_store_with_everything(&dir);
    on_sqlite(&dir).run(&format!("-q move --to {url}")).result();
    let compared = |store: &str| {
        let run =
            on_sqlite(&dir).run(&format!("-q --format json compare-logs legacy.json {store} --since all"));
        let mut report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        for key in ["elapsed_seconds", "candidate", "differences", "reasons", "by_cause"] {
            report.as_object_mut().unwrap().remove(key);
        }
        (run.code, report)
    };
    let (of_sqlite, of_postgres) = (compared(STORE), compared(&url));
    assert!(of_sqlite.1["history"]["candidate"].as_u64().unwrap() > 50, "{}", of_sqlite.1);
    assert_eq!(of_postgres, of_sqlite);
}

#[test]
fn an_empty_store_is_moved_there_and_back() {
    let (dir, url) = (TestDir::new(), server().new_store());
    save_native(&dir.join(STORE), 0..0);
    let before = all_rows(&dir.join(STORE));
    on_sqlite(&dir).run(&format!("-q move --to {url} --cut-over")).result();
    on_sqlite(&dir).run(&format!("-q move --from {url} --to back.db --cut-over")).result();
    assert_eq!(all_rows(&dir.join("back.db")), before);
}
