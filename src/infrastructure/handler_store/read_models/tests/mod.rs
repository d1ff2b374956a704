//! Read models as tables: equal to those in memory, whichever order events are handled in.

mod orders;

use rusqlite::Connection;
use rusqlite::types::Value;

use super::{SqliteReadModels, clear};
use crate::application::read_models::TaskReports;
use crate::application::task_handlers::default_registrations;
use crate::application::task_handlers::tests::{handle, stored};
use crate::domain::repository::StoredEvent;
use crate::infrastructure::handler_store::task_reports::SqliteTaskReports;
use crate::wire::zone::Zone;

const TABLES: &str = include_str!("../../../../../handler_migrations/V2__read_models.sql");

/// Read models that hold nothing yet.
fn empty() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(TABLES).unwrap();
    connection
}

fn handled(events: &[StoredEvent]) -> Connection {
    let connection = empty();
    handle(&mut SqliteReadModels::new(&connection), &Zone::utc(), events);
    connection
}

/// A row as SQLite shows it.
type Row = Vec<Value>;

fn rows(connection: &Connection, sql: &str) -> Vec<Row> {
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| (0..columns).map(|column| row.get(column)).collect());
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

fn names(connection: &Connection, kind: &str) -> Vec<String> {
    let mut statement =
        connection.prepare("SELECT name FROM sqlite_schema WHERE type = ?1 ORDER BY name").unwrap();
    statement.query_map([kind], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// Every row of every table, in the order of the keys.
fn tables(connection: &Connection) -> Vec<(String, Vec<Row>)> {
    let names = names(connection, "table").into_iter();
    names.map(|name| (name.clone(), rows(connection, &format!("SELECT * FROM {name}")))).collect()
}

/// The life of one task, in which every read model gets rows.
fn life() -> Vec<StoredEvent> {
    [
        r#"{"type":"TaskCreated","task_id":"T1","title":"a","priority":"P1","linked_goal_id":"G1","timestamp":"2025-10-25T10:00:00Z"}"#,
        r#"{"type":"TaskUpdated","task_id":"T1","changes":{"title":"b"},"timestamp":"2025-10-25T10:01:00.000001Z"}"#,
        r#"{"type":"TaskCompleted","task_id":"T1","timestamp":"2025-10-25T10:02:00Z"}"#,
        r#"{"type":"TaskDeleted","task_id":"T2","reason":"odd \u0000 reason","timestamp":"1969-12-31T23:59:59.999999Z"}"#,
    ]
    .iter()
    .zip(1..)
    .map(|(line, position)| stored(position, line))
    .collect()
}

#[test]
fn tables_and_views_read_well() {
    let connection = handled(&life());
    let text = |text: &str| Value::Text(text.to_owned());
    let shown = |sql: &str| rows(&connection, sql);
    assert_eq!(
        shown("SELECT * FROM task_activity_by_day"),
        [
            vec![text("1969-12-31"), text("TaskDeleted"), text("unknown"), 1.into()],
            vec![text("2025-10-25"), text("TaskCompleted"), text("P1"), 1.into()],
            vec![text("2025-10-25"), text("TaskCreated"), text("P1"), 1.into()],
            vec![text("2025-10-25"), text("TaskUpdated"), text("P1"), 1.into()],
        ]
    );
    let (created, completed) = ("2025-10-25T10:00:00+00:00", "2025-10-25T10:02:00+00:00");
    assert_eq!(
        shown("SELECT * FROM task_completions"),
        [vec![text("T1"), 3.into(), text(created), text(completed), 120.0.into(), Value::Null]]
    );
    assert_eq!(
        shown("SELECT * FROM completion_statistics"),
        [vec![text("2025-10-25"), 1.into(), 120.0.into(), 120.0.into(), 120.0.into()]]
    );
    assert_eq!(
        shown("SELECT * FROM tasks"),
        [vec![
            text("T1"),
            text("b"),
            text("P1"),
            text("COMPLETED"),
            text(created),
            text(completed),
            Value::Null,
            text(completed),
            3.into()
        ]]
    );
    assert_eq!(
        shown("SELECT * FROM deleted_tasks"),
        [vec![text("T2"), text("1969-12-31T23:59:59.999999+00:00"), text("odd \0 reason")]]
    );
    assert_eq!(shown("SELECT * FROM task_links"), [vec![text("T1"), text("goal"), text("G1")]]);
    assert_eq!(
        shown("SELECT * FROM task_changes"),
        [vec![
            text("T1"),
            2.into(),
            text("2025-10-25T10:01:00.000001+00:00"),
            text("title"),
            Value::Null,
            text("\"b\"")
        ]]
    );
}

#[test]
fn a_handler_clears_its_own_tables_and_no_others_and_every_table_is_of_one() {
    let connection = handled(&life());
    let filled = |connection: &Connection| -> Vec<String> {
        let filled = tables(connection).into_iter().filter(|(_, rows)| !rows.is_empty());
        filled.map(|(name, _)| name).collect()
    };
    let mut left = filled(&connection);
    assert_eq!(left, names(&connection, "table"), "the life fills each table");
    clear(&connection, "notifications").unwrap();
    assert_eq!(filled(&connection), left, "a handler without read models clears nothing");
    for registration in default_registrations(&Zone::utc()) {
        clear(&connection, registration.handler.name()).unwrap();
        let now = filled(&connection);
        assert!(now.len() < left.len(), "{}", registration.handler.name());
        left = now;
    }
    assert_eq!(left, Vec::<String>::new());
}

#[test]
fn what_is_cleared_and_handled_again_is_as_before() {
    let connection = handled(&life());
    let before = tables(&connection);
    connection
        .execute("INSERT INTO task_activity_by_day VALUES ('2020-01-01', 'Planted', 'P9', 7)", [])
        .unwrap();
    for registration in default_registrations(&Zone::utc()) {
        clear(&connection, registration.handler.name()).unwrap();
    }
    handle(&mut SqliteReadModels::new(&connection), &Zone::utc(), &life());
    assert_eq!(tables(&connection), before);
}

#[test]
fn a_task_is_looked_up_by_its_id_and_not_by_reading_all() {
    let connection = empty();
    for sql in [
        "SELECT * FROM tasks WHERE task_id = 'T1'",
        "SELECT * FROM deleted_tasks WHERE task_id = 'T1'",
        "SELECT * FROM task_links WHERE task_id = 'T1'",
        "SELECT * FROM task_completions WHERE task_id = 'T1'",
        "SELECT * FROM task_changes WHERE task_id = 'T1'",
    ] {
        for step in rows(&connection, &format!("EXPLAIN QUERY PLAN {sql}")) {
            let Some(Value::Text(step)) = step.last() else { panic!("{step:?}") };
            let reads_all = step.starts_with("SCAN") && !step.contains("CONSTANT") && !step.contains("links");
            assert!(!reads_all, "{sql}: {step}");
        }
    }
}

#[test]
fn a_table_that_is_missing_is_an_error_with_its_cause() {
    let connection = Connection::open_in_memory().unwrap();
    let error = SqliteTaskReports::new(connection).task("T1").unwrap_err();
    assert_eq!(error.to_string(), "could not read what is known of a task");
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("no such table"));
}
