//! What an earlier state of a store has, and a later one is to have: before an earlier backup goes, a store is replaced, or one verifies
//! against its backup.

use super::*;
use crate::support::tamper;

/// What only a row says: of handlers that have acted, of what failed, and of how events were dispatched.
const DONE: &str = "INSERT INTO handlers VALUES ('mailer', 'effect', 1, 'running', NULL, 1);
    INSERT INTO handler_progress VALUES ('mailer', '', 4, 'e3', 10, NULL);
    INSERT INTO handler_failures (handler, stream, position, event_id, event_type, state, attempts, error)
        VALUES ('mailer', '', 2, 'e1', 'A', 'parked', 3, 'no route');
    INSERT INTO mode_changes VALUES (100, 1, 'new_events', 'new', '[]', NULL);
    INSERT INTO mode_change_heads VALUES (100, '', 4);
    INSERT INTO undecided_records VALUES (1, 'new_mirror', 1, 'e1', 0, 'not known')";

fn change(database: &Path, sql: &str) {
    rusqlite::Connection::open(database).unwrap().execute_batch(sql).unwrap();
}

/// A store with all that an import leaves, and whose handlers have done what no event says.
fn full() -> TestDir {
    let dir = imported();
    let log = fs::read_to_string(dir.join("data/events.json")).unwrap();
    write(&dir, "again.json", log.replace(": ", ":"));
    assert_eq!(run(&dir, "sqlite", "import-legacy again.json").code, 1, "a record is no event");
    change(&dir.join("data/handlers.db"), DONE);
    dir
}

/// Backs up, with no earlier one to be kept; answers the exit code, how many were removed, and why the first was left.
fn keep_none(dir: &TestDir, backend: &str) -> (i32, usize, String) {
    let (code, made) = answer(dir, backend, "backup --to backups --keep 0");
    let reason = made["left"][0]["reason"].as_str().unwrap_or_default().to_owned();
    (code, made["removed"].as_array().unwrap().len(), reason)
}

#[test]
fn a_log_that_was_imported_in_part_is_noted_and_keeps_no_backup() {
    let dir = stored("sqlite");
    let line = |second: u32| {
        format!(
            r#"{{"type": "TaskCreated", "task_id": "T{second}", "timestamp": "2025-10-20T00:00:0{second}"}}"#
        ) + "\n"
    };
    write(&dir, "part.jsonl", (0..5).map(line).collect::<String>());
    assert_eq!(run(&dir, "sqlite", "import-legacy part.jsonl --since 2025-10-20T00:00:03").code, 0);
    let (code, verified) = answer(&dir, "sqlite", "verify");
    assert_eq!(code, 0, "{verified:#}");
    assert!(verified["notes"][0].as_str().unwrap().contains("1 log was imported in part"), "{verified:#}");
    backup(&dir, "sqlite");
    assert_eq!(keep_none(&dir, "sqlite"), (0, 1, String::new()));
}

#[test]
fn an_earlier_backup_is_left_whose_rows_beside_the_events_the_store_has_lost_or_has_otherwise() {
    let dir = full();
    let earlier = backup(&dir, "sqlite");
    let database = dir.join("data/events.db");
    let sound = fs::read(&database).unwrap();
    let no_origin =
        "UPDATE events SET origin = 'native', source_id = NULL, source_offset = NULL, source_line = NULL
        WHERE source_id IS NOT NULL";
    let changes: [(&[&str], &str); 9] = [
        (&["UPDATE reject_texts SET text = CAST('another record' AS BLOB)"], "of reject_texts"),
        (&["UPDATE rejects SET detail = 'another'"], "of rejects"),
        (&["UPDATE source_repeats SET position = 1"], "of source_repeats"),
        (&["UPDATE source_texts SET text = x'20'"], "of source_texts"),
        (&["UPDATE sources SET content_sha256 = sha256 || 'a'"], "2 of sources"),
        (&["UPDATE sources SET sha256 = NULL, content_sha256 = NULL, finished_at = NULL"], "2 of sources"),
        (&["UPDATE events SET source_offset = source_offset + 1 WHERE position = 12"], "1 of events"),
        (&["UPDATE events SET id_derived = 1 - id_derived WHERE position = 12"], "1 of events"),
        (
            &[
                no_origin,
                "DELETE FROM reject_texts",
                "DELETE FROM rejects",
                "DELETE FROM source_repeats",
                "DELETE FROM source_texts",
                "DELETE FROM sources",
                "UPDATE stored_rows SET records = (SELECT count(*) FROM events), last_source_id = 0",
            ],
            "Saved here, and Imported there",
        ),
    ];
    for (number, (statements, said)) in changes.iter().enumerate() {
        statements.iter().for_each(|sql| tamper(&database, sql));
        if number > 0 {
            // The store goes on: its last range of positions is another one then, whatever became of the rows.
            save(&dir, "sqlite", 50..51);
        }
        let (code, removed, reason) = keep_none(&dir, "sqlite");
        assert_eq!((code, removed), (1, 0), "{statements:?}: {reason}");
        assert!(reason.contains(said), "{statements:?}: {reason}");
        let new = names(&dir, "backups").pop().unwrap();
        assert!(earlier.exists() && !earlier.ends_with(&new));
        fs::remove_dir_all(dir.join("backups").join(new)).unwrap();
        fs::write(&database, &sound).unwrap();
    }
    assert_eq!(keep_none(&dir, "sqlite"), (0, 1, String::new()));
}

#[test]
fn an_earlier_backup_is_left_that_has_another_twin_or_repair() {
    let dir = imported();
    let database = dir.join("data/events.db");
    change(
        &database,
        "INSERT INTO twins VALUES (1, 2, 'twin', 'A', 1, 'T1', '{}', 'history', 1, 0, 1, 9000, 9, 'matched');
         INSERT INTO repairs VALUES (3, '/log', 0, 1, 1);
         UPDATE stored_rows SET records = records + 1",
    );
    backup(&dir, "sqlite");
    for (sql, said) in [
        ("UPDATE twins SET body = '{ }'", "1 of twins"),
        ("UPDATE repairs SET path = '/other'", "1 of repairs"),
    ] {
        let sound = fs::read(&database).unwrap();
        tamper(&database, sql);
        let (code, removed, reason) = keep_none(&dir, "sqlite");
        assert!(code == 1 && removed == 0 && reason.contains(said), "{sql}: {reason}");
        let new = names(&dir, "backups").pop().unwrap();
        fs::remove_dir_all(dir.join("backups").join(new)).unwrap();
        fs::write(&database, sound).unwrap();
    }
}

#[test]
fn an_earlier_backup_goes_where_logs_were_imported_further_and_handlers_went_on() {
    let dir = full();
    let log = fs::read_to_string(dir.join("data/events.json")).unwrap();
    let grown = log
        .replace(']', r#", {"type": "TaskCreated", "task_id": "T3", "timestamp": "2025-10-21T10:00:00"}]"#);
    let handlers = dir.join("data/handlers.db");
    let steps: [(&str, &dyn Fn()); 7] = [
        ("nothing", &|| {}),
        ("events and projections", &|| {
            save(&dir, "sqlite", 10..14);
            assert_eq!(run(&dir, "sqlite", "handlers run").code, 1, "an event is parked");
        }),
        ("a log that has grown", &|| {
            write(&dir, "data/events.json", &grown);
            assert_eq!(run(&dir, "sqlite", "import-legacy data/events.json").code, 1);
        }),
        ("a log with a torn end", &|| {
            write(
                &dir,
                "data/torn.jsonl",
                "{\"type\": \"TaskDeleted\", \"task_id\": \"T1\", \"timestamp\": \"2025-10-22T10:00:00\"}\n{\"ty",
            );
            assert_eq!(run(&dir, "sqlite", "import-legacy data/torn.jsonl").code, 1);
        }),
        ("its end", &|| {
            let whole = "{\"type\": \"TaskDeleted\", \"task_id\": \"T1\", \"timestamp\": \"2025-10-22T10:00:00\"}\n{\"type\": \"TaskDeleted\", \"task_id\": \"T2\", \"timestamp\": \"2025-10-22T10:00:00\"}\n";
            write(&dir, "data/torn.jsonl", whole);
            assert_eq!(run(&dir, "sqlite", "import-legacy data/torn.jsonl").code, 0);
        }),
        ("a log that was written anew", &|| {
            write(&dir, "data/events.json", grown.replace(", ", ",\n"));
            run(&dir, "sqlite", "import-legacy data/events.json");
        }),
        ("effects", &|| {
            change(
                &handlers,
                "UPDATE handler_progress SET position = 1, event_id = 'e0', updated_at = 11 WHERE handler = 'mailer';
                 UPDATE handler_failures SET state = 'skipped', resolved_at = 12, resolved_by = 'skip: known'
                    WHERE handler = 'mailer';
                 DELETE FROM handler_progress WHERE handler NOT IN (SELECT handler FROM handlers WHERE kind = 'effect');
                 INSERT INTO mode_changes VALUES (101, 2, 'legacy_events', 'legacy', '[]', NULL)",
            );
        }),
    ];
    backup(&dir, "sqlite");
    for (what, step) in steps {
        step();
        assert_eq!(answer(&dir, "sqlite", "verify --against backups").0, 0, "{what}");
        assert_eq!(keep_none(&dir, "sqlite"), (0, 1, String::new()), "{what}");
        assert_eq!(answer(&dir, "sqlite", "verify backups --against data/events.db").0, 0, "{what}");
    }
}

#[test]
fn an_earlier_backup_is_left_that_has_what_handlers_have_done_and_cannot_be_built_again() {
    for backend in BACKENDS {
        let dir = stored(backend);
        let handlers = dir.join("data/handlers.db");
        change(&handlers, DONE);
        let earlier = backup(&dir, backend);
        let sound = fs::read(&handlers).unwrap();
        for (sql, said) in [
            ("DELETE FROM handler_progress WHERE handler = 'mailer'", "1 of handler_progress"),
            ("UPDATE handler_progress SET position = 3, updated_at = 9", "1 of handler_progress"),
            ("DELETE FROM handler_failures", "1 of handler_failures"),
            ("UPDATE handler_failures SET error = 'another'", "1 of handler_failures"),
            ("UPDATE mode_changes SET legacy_end = 7 WHERE change = 100", "1 of mode_changes"),
            ("DELETE FROM mode_change_heads", "of mode_change_heads"),
            ("DELETE FROM undecided_records", "1 of undecided_records"),
            ("UPDATE handlers SET kind = 'projection' WHERE handler = 'mailer'", "1 of handlers"),
        ] {
            tamper(&handlers, sql);
            let (code, verified) = answer(&dir, backend, "verify --against backups");
            let table = said.split(' ').next_back().unwrap();
            let is_told =
                verified["against"]["rows"].as_array().unwrap().iter().any(|rows| rows["table"] == table);
            assert!(code == 1 && is_told, "{sql}: {verified:#}");
            let (code, removed, reason) = keep_none(&dir, backend);
            assert_eq!((code, removed), (1, 0), "{sql}: {reason}");
            assert!(reason.contains(said), "{sql}: {reason}");
            let new = names(&dir, "backups").pop().unwrap();
            fs::remove_dir_all(dir.join("backups").join(new)).unwrap();
            fs::write(&handlers, &sound).unwrap();
        }
        // From another folder, `handlers.path` leads to nothing.
        let elsewhere = TestDir::new();
        let store = dir.join(if backend == "sqlite" { "data/events.db" } else { "data/events" });
        let (store, backups) = (store.display().to_string(), dir.join("backups").display().to_string());
        let line = format!("--store {store} backup --to {backups} --keep 0");
        let (code, made) = answer(&elsewhere, backend, &line);
        let reason = made["left"][0]["reason"].as_str().unwrap();
        assert!(code == 1 && reason.contains("what handlers have done"), "{made:#}");
        fs::remove_file(&handlers).unwrap();
        let (code, removed, reason) = keep_none(&dir, backend);
        assert!(removed < 2 && code == 1 && reason.contains("what handlers have done"), "{reason}");
        assert!(earlier.exists());
    }
}

#[test]
fn no_earlier_backup_goes_for_one_of_a_store_that_is_not_whole() {
    let dir = imported();
    tamper(&dir.join("data/events.db"), "UPDATE reject_texts SET text = CAST('another' AS BLOB)");
    let earlier = backup(&dir, "sqlite");
    save(&dir, "sqlite", 10..11);
    let (code, made) = answer(&dir, "sqlite", "backup --to backups --keep 0");
    let reason = made["left"][0]["reason"].as_str().unwrap();
    assert!(code == 1 && reason.contains("is not whole") && reason.contains("the log 1"), "{made:#}");
    assert_eq!(made["findings"][0]["check"], "provenance", "{made:#}");
    assert!(earlier.exists() && names(&dir, "backups").len() == 2, "{made:#}");
    let said = run(&dir, "sqlite", "backup --to backups --keep 0");
    assert!(said.code == 1 && said.stdout.contains("NOT WHOLE, as the store"), "{said:?}");
    // Where none is to go, that is left to `verify`.
    let (code, made) = answer(&dir, "sqlite", "backup --to backups --keep 9");
    assert_eq!((code, &made["findings"]), (0, &serde_json::json!([])), "{made:#}");
}

#[test]
fn a_store_that_has_more_of_an_imported_log_than_the_backup_is_not_replaced() {
    let dir = imported();
    let database = dir.join("data/events.db");
    let sound = fs::read(&database).unwrap();
    for (sql, said) in [
        ("UPDATE reject_texts SET text = CAST('another' AS BLOB)", "of reject_texts"),
        ("UPDATE events SET id_derived = 1 - id_derived WHERE position = 12", "1 of events"),
    ] {
        tamper(&database, sql);
        let worse = answer(&dir, "sqlite", "backup --to backups").1["backup"].clone();
        fs::write(&database, &sound).unwrap();
        let worse = worse.as_str().unwrap();
        run(&dir, "sqlite", &format!("restore --from {worse}")).code_is(1, said);
        assert_eq!(answer(&dir, "sqlite", "verify").0, 0, "{sql}");
    }
    // Where nothing stands, less is more than nothing.
    assert_eq!(run(&dir, "sqlite", "restore --from backups --into restored.db").code, 0);
}

#[test]
fn a_log_that_is_said_not_to_be_read_to_its_end_is_told_and_missed_against_the_backup() {
    let dir = imported();
    backup(&dir, "sqlite");
    assert_eq!(answer(&dir, "sqlite", "verify").1["notes"], serde_json::json!([]));
    let database = dir.join("data/events.db");
    tamper(&database, "UPDATE sources SET sha256 = NULL, content_sha256 = NULL, finished_at = NULL");
    tamper(&database, "UPDATE reject_texts SET text = CAST('another' AS BLOB)");
    let (code, verified) = answer(&dir, "sqlite", "verify");
    let note = verified["notes"][0].as_str().unwrap_or_default();
    assert!(code == 0 && note.contains("1 logs were not read to their end"), "{verified:#}");
    for line in ["verify --against backups", "verify backups --against data/events.db"] {
        let (code, verified) = answer(&dir, "sqlite", line);
        let tables: Vec<&str> = verified["against"]["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|rows| rows["table"].as_str().unwrap())
            .collect();
        assert!(code == 1 && tables.contains(&"sources") && tables.contains(&"reject_texts"), "{verified:#}");
    }
}
