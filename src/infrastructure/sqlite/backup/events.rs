//! The events of a database, as they are proved.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Row, params};

use crate::application::backup::{Check, Findings, HowRead, ProvableEvents, ProvedEvent, ReadLogs, Reading};
use crate::application::export::ExportStore;
use crate::domain::path_text::text_of;
use crate::domain::repository::RepositoryError;
use crate::domain::value_objects::StreamId;
use crate::infrastructure::sqlite::database_kind::EVENT_STORE;
use crate::infrastructure::sqlite::error::{SqliteError, port_error};
use crate::infrastructure::sqlite::export::SqliteExport;
use crate::infrastructure::sqlite::row::{COLUMNS, Origin, stored_event};
use crate::infrastructure::sqlite::schema;
use crate::infrastructure::zones::load_zone;
use crate::wire::mapping::Mapping;
use crate::wire::zone::Zone;

/// How many rows are read in one transaction: a long one would keep the log of the database from being checkpointed.
const PAGE: usize = 4096;
const LOGS: &str = "SELECT source_id, settings, records FROM sources";
const RETRIED_LOGS: &str = "SELECT DISTINCT source_id FROM rejects WHERE retried_position IS NOT NULL";
const IS_RETRIED: &str = "SELECT EXISTS (SELECT 1 FROM rejects
    WHERE source_id = ?1 AND offset = ?2 AND retried_position = ?3)";

/// The events of a store, up to the last one that there was when it was opened.
pub(super) struct SqliteProofEvents {
    path: PathBuf,
    connection: Connection,
    export: SqliteExport,
    last: i64,
}

impl SqliteProofEvents {
    /// Opens the store at `path`; live days are those of `zone`.
    pub fn open(path: &Path, zone: Zone) -> Result<Self, SqliteError> {
        let connection = schema::open_checked_for_reading(&EVENT_STORE, path)?;
        let last = "SELECT ifnull(max(position), 0) FROM events";
        let last = connection
            .query_row(last, [], |row| row.get(0))
            .map_err(|source| SqliteError::Sqlite { action: "look at", path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), connection, export: SqliteExport::open(path, zone)?, last })
    }

    fn page(
        &self,
        after: i64,
        retried_logs: &BTreeSet<i64>,
        take: &mut dyn FnMut(&ProvedEvent<'_>, &mut Findings),
        findings: &mut Findings,
    ) -> Result<Option<i64>, RepositoryError> {
        let failed = port_error("read events");
        let page = format!(
            "SELECT {COLUMNS}, id_derived, ifnull(source_offset, -1) FROM events WHERE position > ?1 AND position <= ?2
             ORDER BY position LIMIT ?3"
        );
        let mut statement = self.connection.prepare_cached(&page).map_err(&failed)?;
        let mut rows = statement.query(params![after, self.last, PAGE]).map_err(&failed)?;
        let (stream, mut last) = (StreamId::single(), None);
        while let Some(row) = rows.next().map_err(&failed)? {
            last = Some(row.get(0).map_err(&failed)?);
            let how = self.how(row, retried_logs).map_err(&failed)?;
            match stored_event(row) {
                Ok(stored) => take(&ProvedEvent { stream: &stream, stored: &stored, how }, findings),
                Err(RepositoryError::Corrupt { place, detail }) => findings.add(Check::Bodies, place, detail),
                Err(error) => return Err(error),
            }
        }
        Ok(last)
    }

    fn how(&self, row: &Row<'_>, retried_logs: &BTreeSet<i64>) -> rusqlite::Result<HowRead> {
        let (position, source): (i64, Option<i64>) = (row.get(0)?, row.get(6)?);
        let (is_derived, offset): (bool, i64) = (row.get(8)?, row.get(9)?);
        let is_repaired = row.get_ref(7)?.as_str().is_ok_and(|origin| origin == Origin::Repaired.as_str());
        Ok(match source {
            Some(source_id) => {
                let is_retried = retried_logs.contains(&source_id)
                    && self
                        .connection
                        .prepare_cached(IS_RETRIED)?
                        .query_row([source_id, offset, position], |row| row.get(0))?;
                HowRead::Log { source_id, is_derived, is_retried }
            }
            None if is_repaired => HowRead::Repair { is_derived },
            None => HowRead::Live,
        })
    }
}

impl ProvableEvents for SqliteProofEvents {
    fn place(&self) -> String {
        text_of(&self.path)
    }

    fn counts_positions(&self) -> bool {
        true
    }

    fn read_logs(&mut self) -> Result<ReadLogs, RepositoryError> {
        let failed = port_error("read which logs were imported");
        let mut logs = ReadLogs::default();
        let mut statement = self.connection.prepare(LOGS).map_err(&failed)?;
        let mut rows = statement.query([]).map_err(&failed)?;
        while let Some(row) = rows.next().map_err(&failed)? {
            let settings: String = row.get(1).map_err(&failed)?;
            logs.readings.insert(row.get(0).map_err(&failed)?, reading_of(&settings));
            logs.records += row.get::<_, u64>(2).map_err(&failed)?;
        }
        Ok(logs)
    }

    fn each_event(
        &mut self,
        take: &mut dyn FnMut(&ProvedEvent<'_>, &mut Findings),
        findings: &mut Findings,
    ) -> Result<(), RepositoryError> {
        let failed = port_error("look which records were tried again");
        let mut statement = self.connection.prepare(RETRIED_LOGS).map_err(&failed)?;
        let retried = statement.query_map([], |row| row.get(0)).map_err(&failed)?;
        let retried: BTreeSet<i64> = retried.collect::<Result<_, _>>().map_err(failed)?;
        let mut after = 0;
        loop {
            match self.page(after, &retried, take, findings) {
                Ok(Some(last)) => after = last,
                Ok(None) => return Ok(()),
                Err(RepositoryError::Corrupt { detail, .. }) => {
                    let place = format!("{}, after position {after}", self.place());
                    findings.add(Check::Integrity, place, detail);
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn provenance(&mut self) -> Option<&mut dyn ExportStore> {
        Some(&mut self.export)
    }
}

/// How a log was read whose settings are written so, as an import describes them; `None` where that is not known here.
fn reading_of(settings: &str) -> Option<Reading> {
    let (zone, rest) = settings.strip_prefix("zone=")?.split_once(" dst=")?;
    let (_, rest) = rest.split_once(" mapping=")?;
    let (mapping, _) = Mapping::of_description(rest)?;
    Some(Reading { zone: load_zone(zone)?, mapping })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::import::ReadOptions;

    #[test]
    fn how_a_log_was_read_is_understood_as_an_import_writes_it() {
        let mut options = ReadOptions::new(load_zone("Europe/Berlin").unwrap());
        options.since = Some("2025-10-25T10:00:00Z".parse().unwrap());
        let reading = reading_of(&(options.describe() + " parts=2 0f")).unwrap();
        assert_eq!((reading.zone.name(), reading.mapping), ("Europe/Berlin", Mapping::BuiltIn));
        for unknown in [
            "",
            "zone=UTC",
            "zone=Nowhere/At-All dst=resolve mapping=built-in",
            "zone=UTC dst=resolve mapping=?",
        ] {
            assert!(reading_of(unknown).is_none(), "{unknown}");
        }
    }
}
