use super::*;
use crate::infrastructure::sqlite::schema;
use crate::wire::zone::Zone;

fn event(id: &str, title: &str) -> DomainEvent {
    let text = format!(
        r#"{{"event_id": "{id}", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z", "title": "{title}"}}"#
    );
    DomainEvent::from_json(&text, &Zone::utc()).unwrap()
}

/// A store with the event `before`, whose disk fails as the trigger says when `bad` is inserted.
fn failing_store(folder: &tempfile::TempDir, schema: &str) -> Connection {
    let mut connection = schema::open_current(
        &crate::infrastructure::sqlite::database_kind::EVENT_STORE,
        &folder.path().join("events.db"),
    )
    .unwrap();
    append(&mut connection, &[event("before", "")]).unwrap();
    connection.execute_batch(schema).unwrap();
    connection
}

fn append_ids(connection: &mut Connection, ids: &[&str]) -> Vec<Result<Saved, RepositoryError>> {
    let events: Vec<DomainEvent> = ids.iter().map(|id| event(id, "")).collect();
    append_each(connection, &events.iter().collect::<Vec<_>>())
}

fn shown(answers: &[Result<Saved, RepositoryError>]) -> Vec<String> {
    answers
        .iter()
        .map(|answer| match answer {
            Ok(Saved { position, is_new: true }) => format!("new at {position}"),
            Ok(Saved { position, is_new: false }) => format!("known at {position}"),
            Err(error) => error.to_string(),
        })
        .collect()
}

fn ids(connection: &Connection) -> Vec<String> {
    let mut statement = connection.prepare("SELECT event_id FROM events ORDER BY position").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

const FAILS_ALONE: &str = "CREATE TRIGGER fault BEFORE INSERT ON events WHEN NEW.event_id = 'bad'
    BEGIN SELECT RAISE(ABORT, 'no'); END";
const ROLLS_BACK: &str = "CREATE TRIGGER fault BEFORE INSERT ON events WHEN NEW.event_id = 'bad'
    BEGIN SELECT RAISE(ROLLBACK, 'no'); END";
const FAILS_AT_COMMIT: &str =
    "CREATE TABLE fault (event INTEGER REFERENCES events DEFERRABLE INITIALLY DEFERRED);
    CREATE TRIGGER fault_at_commit AFTER INSERT ON events WHEN NEW.event_id = 'bad'
    BEGIN INSERT INTO fault VALUES (-1); END;
    PRAGMA foreign_keys = 1";

#[test]
fn a_statement_that_fails_leaves_the_other_events_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = failing_store(&folder, FAILS_ALONE);
    let answers = append_ids(&mut connection, &["e1", "bad", "e2", "e1", "before"]);
    assert_eq!(
        shown(&answers),
        ["new at 2", "could not save an event", "new at 3", "known at 2", "known at 1"]
    );
    assert_eq!(ids(&connection), ["before", "e1", "e2"]);
}

#[test]
fn a_transaction_that_is_rolled_back_fails_every_event_that_it_had_stored_and_those_after() {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = failing_store(&folder, ROLLS_BACK);
    let answers = append_ids(&mut connection, &["before", "e1", "e1", "bad", "e2"]);
    let failed = "could not save an event";
    assert_eq!(shown(&answers), ["known at 1", failed, failed, failed, failed]);
    assert_eq!(ids(&connection), ["before"]);
    // The connection is as it was.
    assert_eq!(shown(&append_ids(&mut connection, &["e1"])), ["new at 2"]);
}

#[test]
fn a_commit_that_fails_fails_every_event_that_would_have_been_new() {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = failing_store(&folder, FAILS_AT_COMMIT);
    let events = [event("before", ""), event("e1", ""), event("bad", ""), event("e1", "other")];
    let answers = append_each(&mut connection, &events.iter().collect::<Vec<_>>());
    let failed = "could not save events";
    assert_eq!(shown(&answers), ["known at 1", failed, failed, failed]);
    assert_eq!(ids(&connection), ["before"]);
    assert_eq!(shown(&append_ids(&mut connection, &["e1"])), ["new at 2"]);
}
