//! What another program can do to a store, past what guards it.

use std::path::Path;

use rusqlite::Connection;

/// Changes rows although the triggers refuse that. The triggers are there afterwards, so that the rows alone tell.
#[track_caller]
pub fn tamper(database: &Path, sql: &str) {
    let connection = Connection::open(database).unwrap();
    let triggers: Vec<(String, String)> = connection
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    for (name, _) in &triggers {
        connection.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
    assert!(connection.execute(sql, []).unwrap() > 0, "{sql} changed nothing");
    for (_, sql) in &triggers {
        connection.execute_batch(sql).unwrap();
    }
}
