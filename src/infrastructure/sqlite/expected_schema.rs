//! The schema that the migrations make, and where that of a database differs from it.
//!
//! What the store promises rests on its schema: events are not rewritten because triggers refuse it, and an id is
//! unique because an index says so. Whatever program opens the file can change that. So the rows of `sqlite_schema`
//! are compared with what the migrations make whenever a store is opened. White space and comments are no difference:
//! a dump and its restoration may change those.
//!
//! To run the migrations in memory would be a fifth of what a short query costs, and to tell the layout of a statement from
//! the rest as much. Neither is done where the schema has the SHA-256 that is known of what they make, layout included.
//!
//! Tables, views and indexes of others are left alone, apart from unique indexes on tables of the store: those refuse
//! rows. So may a trigger, or it changes or swallows them. Those of a store that was [moved](super::fence) are its own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use data_encoding::HEXLOWER;
use rusqlite::Connection;
use sha2::{Digest, Sha256};

use super::database_kind::DatabaseKind;
use super::fence;

/// The table that the migration runner makes.
pub(super) const HISTORY: &str = "refinery_schema_history";

/// Names that begin with `sqlite_` are SQLite's own: indexes that stand for a constraint, statistics.
const OBJECTS: &str = "SELECT type, name, tbl_name, ifnull(sql, '') FROM sqlite_schema
    WHERE NOT (type IN ('table', 'index') AND name LIKE 'sqlite\\_%' ESCAPE '\\') ORDER BY type, name";

type Schema = Arc<Vec<SchemaObject>>;

/// What the schema of each version is, by application id and version; made once in a process.
static EXPECTED: Mutex<BTreeMap<(u32, i64), Schema>> = Mutex::new(BTreeMap::new());

/// A table, index, view or trigger.
struct SchemaObject {
    kind: String,
    name: String,
    /// The table that it belongs to, as its statement spells it.
    table: String,
    /// Its statement.
    sql: String,
}

impl SchemaObject {
    fn is_named_as(&self, other: &Self) -> bool {
        self.name.eq_ignore_ascii_case(&other.name)
    }

    fn belongs_to(&self, table: &str) -> bool {
        self.table.eq_ignore_ascii_case(table)
    }

    /// Whether it can refuse, change or swallow rows of its table.
    fn can_keep_rows_out(&self) -> bool {
        self.kind == "trigger" || self.kind == "index" && self.sql.starts_with("CREATE UNIQUE")
    }
}

/// Where the schema of a database of that kind and version differs from what its migrations make: phrases for
/// people, none where it does not.
pub(super) fn differences(
    kind: &DatabaseKind,
    connection: &Connection,
    version: i64,
) -> rusqlite::Result<Vec<String>> {
    let mut found = objects(connection)?;
    found.retain(|object| object.kind != "trigger" || !fence::is_part(&object.name, &object.sql));
    if version == kind.newest_version && hash(&found) == kind.newest_schema {
        return Ok(Vec::new());
    }
    let (found, expected) = (without_layout(found), expected(kind, version)?);
    let mut differences = Vec::new();
    for object in expected.iter() {
        let SchemaObject { kind, name, .. } = object;
        match found.iter().find(|found| found.is_named_as(object)) {
            None => differences.push(format!("the {kind} {name} is missing")),
            Some(found) if found.kind != *kind => {
                differences.push(format!("the {kind} {name} is a {}", found.kind));
            }
            Some(found) if !found.belongs_to(&object.table) || found.sql != object.sql => {
                differences.push(format!("the {kind} {name} is another one"));
            }
            Some(_) => {}
        }
    }
    let is_ours = |table: &str| table == HISTORY || expected.iter().any(|object| object.belongs_to(table));
    for object in found.iter().filter(|found| found.can_keep_rows_out() && is_ours(&found.table)) {
        if !expected.iter().any(|expected| expected.is_named_as(object)) {
            let SchemaObject { kind, name, table, .. } = object;
            let unique = if kind == "index" { "unique " } else { "" };
            differences.push(format!("the {unique}{kind} {name} on {table} was added"));
        }
    }
    Ok(differences)
}

fn expected(kind: &DatabaseKind, version: i64) -> rusqlite::Result<Schema> {
    let mut known = EXPECTED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(objects) = known.get(&(kind.application_id, version)) {
        return Ok(Arc::clone(objects));
    }
    let made = Connection::open_in_memory()?;
    kind.migrations_up_to(version).iter().try_for_each(|sql| made.execute_batch(sql))?;
    let objects = Arc::new(without_layout(objects(&made)?));
    known.insert((kind.application_id, version), Arc::clone(&objects));
    Ok(objects)
}

fn objects(connection: &Connection) -> rusqlite::Result<Vec<SchemaObject>> {
    let mut statement = connection.prepare(OBJECTS)?;
    let objects = statement.query_map([], |row| {
        Ok(SchemaObject { kind: row.get(0)?, name: row.get(1)?, table: row.get(2)?, sql: row.get(3)? })
    })?;
    objects.collect()
}

fn hash(objects: &[SchemaObject]) -> String {
    let mut hash = Sha256::new();
    for SchemaObject { kind, name, table, sql } in objects {
        for text in [kind, name, table, sql] {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        }
    }
    HEXLOWER.encode(&hash.finalize())
}

/// The objects, with what counts of their statements.
fn without_layout(objects: Vec<SchemaObject>) -> Vec<SchemaObject> {
    let of_each =
        |object: SchemaObject| SchemaObject { sql: statement_without_layout(&object.sql), ..object };
    objects.into_iter().map(of_each).collect()
}

/// A statement without comments, and with one space where two words would run together.
fn statement_without_layout(sql: &str) -> String {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let mut text = String::with_capacity(sql.len());
    let mut rest = sql;
    let mut has_gap = false;
    while let Some(character) = rest.chars().next() {
        let length = match character {
            _ if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            _ if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '\'' | '"' | '`' => rest[1..].find(character).map_or(rest.len(), |end| end + 2),
            _ => character.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        let is_layout = character.is_whitespace() || token.starts_with("--") || token.starts_with("/*");
        if !is_layout {
            if has_gap && text.ends_with(is_word) && is_word(character) {
                text.push(' ');
            }
            text.push_str(token);
        }
        has_gap = is_layout;
        rest = after;
    }
    text
}

#[cfg(test)]
mod tests {
    use refinery::{Migration, Runner};

    use super::super::database_kind::{EVENT_STORE, HANDLER_STORE};
    use super::*;

    const MADE: &str = "CREATE TABLE events (id TEXT); CREATE INDEX by_id ON events (id);
        CREATE VIEW readable AS SELECT id FROM events;
        CREATE TRIGGER refuse BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'never  --'); END;";

    /// The differences of a database that is made by [`MADE`] and changed.
    fn after(change: &str) -> Vec<String> {
        let kind = DatabaseKind::of_one_migration(|| {
            Runner::new(&[Migration::unapplied("V1__made", MADE).unwrap()])
        });
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(MADE).unwrap();
        connection.execute_batch(change).unwrap();
        differences(&kind, &connection, 1).unwrap()
    }

    #[test]
    fn what_is_missing_changed_or_in_the_way_is_named() {
        for (change, said) in [
            ("DROP TRIGGER refuse", "the trigger refuse is missing"),
            ("DROP INDEX by_id", "the index by_id is missing"),
            ("DROP VIEW readable; CREATE VIEW readable AS SELECT 1", "the view readable is another one"),
            (
                "DROP TRIGGER refuse; CREATE TRIGGER refuse BEFORE DELETE ON events
                 BEGIN SELECT RAISE(ABORT, 'never --'); END",
                "the trigger refuse is another one",
            ),
            ("ALTER TABLE events ADD COLUMN note", "the table events is another one"),
            ("DROP VIEW readable; CREATE TABLE readable (id)", "the view readable is a table"),
            (
                "CREATE TRIGGER t BEFORE INSERT ON EVENTS BEGIN SELECT RAISE(IGNORE); END",
                "the trigger t on EVENTS was added",
            ),
            ("CREATE UNIQUE INDEX u ON events (id || 'x')", "the unique index u on events was added"),
        ] {
            assert_eq!(after(change), [said], "{change}");
        }
    }

    #[test]
    fn the_schema_of_the_newest_version_is_known_by_its_hash() {
        for kind in [EVENT_STORE, HANDLER_STORE] {
            let folder = tempfile::tempdir().unwrap();
            let store = super::super::schema::open_current(&kind, &folder.path().join("new.db")).unwrap();
            assert_eq!(kind.newest_version, kind.last_migration(), "newest_version of {}", kind.name);
            assert_eq!(kind.newest_schema, hash(&objects(&store).unwrap()), "newest_schema of {}", kind.name);
        }
    }

    #[test]
    fn what_others_have_added_beside_the_tables_of_the_store_is_left_alone() {
        let harmless =
            "CREATE INDEX more ON events (id); CREATE VIEW v AS SELECT 1; CREATE TABLE notes (n UNIQUE);
            CREATE TRIGGER of_notes AFTER INSERT ON notes BEGIN SELECT 1; END; ANALYZE;";
        assert_eq!(after(harmless), [] as [&str; 0]);
        assert_eq!(after(""), [] as [&str; 0]);
    }

    #[test]
    fn layout_and_comments_are_no_difference_and_words_and_texts_are() {
        let same = ["a b(c,d)", " a\n b ( c , -- x 'y'\n d )", "a/* */b(c,d)"].map(statement_without_layout);
        assert_eq!(same, ["a b(c,d)"; 3]);
        for (one, other) in [("ab", "a b"), ("'a  b'", "'a b'"), ("\"a -- b\"", "\"a\""), ("'' ''", "''''''")]
        {
            assert_ne!(statement_without_layout(one), statement_without_layout(other));
        }
    }
}
