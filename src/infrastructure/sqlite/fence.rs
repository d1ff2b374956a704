//! What keeps writers of every program and version out of a store that was moved, or that is a copy: triggers that refuse rows,
//! and say where the store is. The move itself, whose connections fire no triggers, is not kept out.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension};

use super::error::SqliteError;
use crate::application::moving::Standing;

/// What imports, repairs and retries change, beside what is appended.
const REFUSED: [(&str, &str); 7] = [
    ("events", "insert"),
    ("twins", "insert"),
    ("sources", "insert"),
    ("sources", "update"),
    ("rejects", "insert"),
    ("rejects", "update"),
    ("repairs", "insert"),
];
const FIRST: &str = "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name = 'fence_events_insert'";

const MOVED: [&str; 2] = ["this store was moved to ", ": name that one in the settings"];
const COPY: [&str; 2] = ["this store is a copy of ", ", which is the store until the copy is cut over to"];
const INCOMPLETE: [&str; 2] = ["this store is a copy of ", " that is not complete: move it again"];

/// The beginning and the end of what stands in a trigger around its sentence.
const AROUND: [&str; 2] = ["BEGIN SELECT RAISE(ABORT, '", "'); END"];

/// What writers are told.
#[cfg(any(test, feature = "postgres"))]
fn sentence(standing: &Standing) -> Option<String> {
    let ([before, after], place) = match standing {
        Standing::Own => return None,
        Standing::Moved { to } => (MOVED, to),
        Standing::Copy { of, is_whole: true } => (COPY, of),
        Standing::Copy { of, is_whole: false } => (INCOMPLETE, of),
    };
    Some(format!("{before}{place}{after}"))
}

fn of_sentence(sentence: &str) -> Option<Standing> {
    let place =
        |[before, after]: [&str; 2]| Some(sentence.strip_prefix(before)?.strip_suffix(after)?.to_owned());
    place(MOVED)
        .map(|to| Standing::Moved { to })
        .or_else(|| place(COPY).map(|of| Standing::Copy { of, is_whole: true }))
        .or_else(|| place(INCOMPLETE).map(|of| Standing::Copy { of, is_whole: false }))
}

/// The triggers by their names.
fn triggers(sentence: &str) -> impl Iterator<Item = (String, String)> {
    let [before, after] = AROUND;
    let quoted = sentence.replace('\'', "''");
    REFUSED.iter().map(move |(table, change)| {
        let name = format!("fence_{table}_{change}");
        let sql = format!(
            "CREATE TRIGGER {name} BEFORE {} ON {table} {before}{quoted}{after}",
            change.to_uppercase()
        );
        (name, sql)
    })
}

fn sentence_in(sql: &str) -> Option<String> {
    let [before, after] = AROUND;
    let (_, rest) = sql.split_once(before)?;
    Some(rest.strip_suffix(after)?.replace("''", "'"))
}

/// Whether a trigger is one of those that are made here.
pub(super) fn is_part(name: &str, sql: &str) -> bool {
    let sentence = sentence_in(sql).filter(|sentence| of_sentence(sentence).is_some());
    sentence.is_some_and(|sentence| {
        triggers(&sentence).any(|trigger| trigger == (name.to_owned(), sql.to_owned()))
    })
}

/// What a store stands as.
pub(super) fn standing(connection: &Connection) -> rusqlite::Result<Standing> {
    let sql: Option<String> = connection.query_row(FIRST, [], |row| row.get(0)).optional()?;
    let standing = sql.as_deref().and_then(sentence_in).as_deref().and_then(of_sentence);
    Ok(standing.unwrap_or(Standing::Own))
}

/// Makes a store stand as that, within a transaction.
#[cfg(feature = "postgres")]
pub(super) fn stand_as(connection: &Connection, standing: &Standing) -> rusqlite::Result<()> {
    for (table, change) in REFUSED {
        connection.execute_batch(&format!("DROP TRIGGER IF EXISTS fence_{table}_{change}"))?;
    }
    let sentence = sentence(standing);
    let mut triggers = sentence.iter().flat_map(|sentence| triggers(sentence));
    triggers.try_for_each(|(_, sql)| connection.execute_batch(&sql))
}

/// Refuses to write to a store that was moved, or that is a copy.
pub(super) fn refuse_writer(path: &Path, connection: &Connection) -> Result<(), SqliteError> {
    let path = path.to_owned();
    match standing(connection) {
        Ok(Standing::Own) => Ok(()),
        Ok(Standing::Moved { to }) => Err(SqliteError::Moved { path, to }),
        Ok(Standing::Copy { of, .. }) => Err(SqliteError::Copy { path, of }),
        Err(source) => Err(SqliteError::Sqlite { action: "look at the schema of", path, source }),
    }
}

/// Refuses to read a copy that is not complete.
pub(super) fn refuse_reader(path: &Path, connection: &Connection) -> Result<(), SqliteError> {
    let path = path.to_owned();
    match standing(connection) {
        Ok(Standing::Copy { of, is_whole: false }) => Err(SqliteError::IncompleteCopy { path, of }),
        Ok(_) => Ok(()),
        Err(source) => Err(SqliteError::Sqlite { action: "look at the schema of", path, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_store_stands_as_is_read_off_its_triggers_whatever_its_place_is_called() {
        for place in ["postgres://me@one/db?schema=it's", "/data/: name that one/events.db", ""] {
            let (to, of) = (place.to_owned(), place.to_owned());
            for standing in [
                Standing::Moved { to },
                Standing::Copy { of: of.clone(), is_whole: true },
                Standing::Copy { of, is_whole: false },
            ] {
                let sentence = sentence(&standing).unwrap();
                for (name, sql) in triggers(&sentence) {
                    assert!(is_part(&name, &sql), "{sql}");
                    assert!(!is_part("fence_other", &sql), "{sql}");
                    assert_eq!(of_sentence(&sentence_in(&sql).unwrap()), Some(standing.clone()));
                }
            }
        }
        for other in
            ["CREATE TRIGGER fence_events_insert BEFORE INSERT ON events BEGIN SELECT RAISE(IGNORE); END", ""]
        {
            assert!(!is_part("fence_events_insert", other));
        }
    }
}
