//! A database, as it is proved.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::application::backup::{Check, Findings, ProvableDatabase, RowHash, TableDigest, Tell};
use crate::domain::path_text::text_of;
use crate::domain::repository::RepositoryError;
use crate::infrastructure::sqlite::database_kind::{DatabaseKind, EVENT_STORE};
use crate::infrastructure::sqlite::error::{SqliteError, port_error};
use crate::infrastructure::sqlite::stored_rows::RowCheck;
use crate::infrastructure::sqlite::{health, schema};

/// Those that hold rows of their own.
pub(super) const TABLES: &str =
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
    AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name";
const FOREIGN_KEYS: &str = "SELECT \"table\", rowid, parent FROM pragma_foreign_key_check";
const VERSION: &str = "SELECT ifnull(max(version), 0) FROM refinery_schema_history";

/// A database, whose schema is what the program makes.
pub(super) struct SqliteProofDatabase {
    name: &'static str,
    path: PathBuf,
    connection: Connection,
    version: i64,
    holds_events: bool,
}

impl SqliteProofDatabase {
    /// Opens it; `name` is that of its file in a backup.
    pub fn open(kind: &DatabaseKind, name: &'static str, path: &Path) -> Result<Self, SqliteError> {
        let connection = schema::open_checked_for_reading(kind, path)?;
        let version = connection.query_row(VERSION, [], |row| row.get(0)).map_err(|source| {
            SqliteError::Sqlite { action: "read the migration history of", path: path.to_owned(), source }
        })?;
        let holds_events = kind.application_id == EVENT_STORE.application_id;
        Ok(Self { name, path: path.to_owned(), connection, version, holds_events })
    }

    fn foreign_keys(&self, findings: &mut Findings) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare(FOREIGN_KEYS)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
            let row = row.get::<_, Option<i64>>(1)?.map_or_else(String::new, |row| format!(" {row}"));
            let detail = format!("the row{row} of {table} refers to a row of {parent} that is not there");
            findings.add(Check::ForeignKeys, self.place(), detail);
        }
        Ok(())
    }
}

impl ProvableDatabase for SqliteProofDatabase {
    fn name(&self) -> &str {
        self.name
    }

    fn place(&self) -> String {
        text_of(&self.path)
    }

    fn schema_version(&self) -> i64 {
        self.version
    }

    fn complain(&mut self, findings: &mut Findings) -> Result<(), RepositoryError> {
        let failed = port_error("check a database");
        findings.look(Check::Integrity);
        let said = health::complaints(&self.connection, "PRAGMA integrity_check").map_err(&failed)?;
        let is_whole = said.is_empty();
        said.into_iter().for_each(|said| findings.add(Check::Integrity, self.place(), said));
        if !is_whole {
            return Ok(());
        }
        findings.look(Check::ForeignKeys);
        self.foreign_keys(findings).map_err(&failed)?;
        if self.holds_events {
            findings.look(Check::Rows);
            let missing = RowCheck::of(&self.connection).map_err(failed)?;
            missing.complaints().into_iter().for_each(|said| findings.add(Check::Rows, self.place(), said));
        }
        Ok(())
    }

    fn tables(&mut self, tell: Tell<'_>) -> Result<Vec<TableDigest>, RepositoryError> {
        let mut digests = || -> rusqlite::Result<Vec<TableDigest>> {
            let mut statement = self.connection.prepare(TABLES)?;
            let names: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
            names.iter().map(|table| digest(&self.connection, self.name, table, tell)).collect()
        };
        digests().map_err(port_error("read the tables of a database"))
    }
}

fn digest(
    connection: &Connection,
    database: &str,
    table: &str,
    tell: Tell<'_>,
) -> rusqlite::Result<TableDigest> {
    let mut statement = connection.prepare(&format!("SELECT * FROM \"{}\"", table.replace('"', "\"\"")))?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    let (mut hash, mut read) = (RowHash::default(), 0);
    while let Some(row) = rows.next()? {
        for column in 0..columns {
            match row.get_ref(column)? {
                ValueRef::Null => hash.value(0, &[]),
                ValueRef::Integer(value) => hash.value(1, &value.to_le_bytes()),
                ValueRef::Real(value) => hash.value(2, &value.to_bits().to_le_bytes()),
                ValueRef::Text(value) => {
                    read += value.len() as u64;
                    hash.value(3, value);
                }
                ValueRef::Blob(value) => {
                    read += value.len() as u64;
                    hash.value(4, value);
                }
            }
        }
        hash.end_row();
        tell(read);
    }
    Ok(hash.end(database, table))
}
