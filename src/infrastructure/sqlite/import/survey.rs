//! When the records of logs occurred that are to be added to a store, and whether that has any from the other system of the
//! same time. Nothing else is looked at, so that it takes as long as to read the logs.

use std::sync::Arc;

use rusqlite::{Connection, params};

use crate::application::import::{
    Batch, Correction, ImportSink, ImportSurvey, ImportedLog, KnownPart, KnownSource, Outcome, PartVersion,
    SharedCounts, SourceHeader, SystemTimes, TimeWindow,
};
use crate::application::log_source::SourceDigest;
use crate::domain::repository::RepositoryError;
use crate::infrastructure::sqlite::error::port_error;
use crate::infrastructure::sqlite::row::Origin;

use super::incomplete_logs::IncompleteLogs;
use super::overlap_feeds::{SharedConnection, lock};
use super::{known_logs, part_versions};

/// Whether there is something that may become a partner.
const HAS_FREE: &str = "SELECT EXISTS (SELECT 1 FROM events INDEXED BY events_by_timestamp
    WHERE occurred_at BETWEEN ?1 AND ?2 AND origin = ?3 AND (origin = 'native' OR id_derived = 1)
      AND NOT EXISTS (SELECT 1 FROM twins WHERE twins.position = events.position))";

/// A survey of logs.
pub struct Survey {
    connection: SharedConnection,
    incomplete: Arc<IncompleteLogs>,
    times: SystemTimes,
    shared: SharedCounts,
}

impl Survey {
    /// A survey through a connection that has other uses.
    pub(super) fn over(connection: SharedConnection, incomplete: Arc<IncompleteLogs>) -> Self {
        Self { connection, incomplete, times: SystemTimes::default(), shared: SharedCounts::new() }
    }
}

impl ImportSink for Survey {
    fn last_import(&mut self, path: &str, settings: &str) -> Result<Option<ImportedLog>, RepositoryError> {
        known_logs::last_import(&lock(&self.connection), path, settings, &self.incomplete)
    }

    fn part_versions(&mut self, paths: &[String]) -> Result<Vec<PartVersion>, RepositoryError> {
        part_versions::of(&lock(&self.connection), paths)
    }

    fn begin_parts(&mut self, _: &[KnownPart]) -> Result<SharedCounts, RepositoryError> {
        Ok(SharedCounts::new())
    }

    fn known(&mut self, header: &SourceHeader) -> Result<Option<KnownSource>, RepositoryError> {
        known_logs::known(&lock(&self.connection), header, &self.incomplete)
    }

    fn begin_source(
        &mut self,
        _: &SourceHeader,
        continues: Option<&KnownSource>,
    ) -> Result<i64, RepositoryError> {
        Ok(continues.map_or(0, |known| known.source_id))
    }

    fn store(&mut self, batch: &Batch) -> Result<Vec<Outcome>, RepositoryError> {
        batch.records.iter().for_each(|record| self.times.note(record));
        Ok(vec![Outcome::Imported; batch.records.len()])
    }

    fn end_source(&mut self, _: Option<&SourceDigest>) -> Result<(), RepositoryError> {
        Ok(())
    }

    fn shared_records(&self) -> &SharedCounts {
        &self.shared
    }

    fn finish(&mut self, _: &mut dyn FnMut(Correction)) -> Result<u64, RepositoryError> {
        Ok(0)
    }

    fn publish(&mut self) -> Result<(), RepositoryError> {
        Ok(())
    }
}

impl ImportSurvey for Survey {
    fn times(&self) -> SystemTimes {
        self.times
    }

    fn may_overlap(&mut self) -> Result<bool, RepositoryError> {
        let SystemTimes { native, history } = self.times;
        if native.zip(history).is_some_and(|(native, history)| TimeWindow::shared(native, history).is_some())
        {
            return Ok(true);
        }
        let connection = lock(&self.connection);
        for (new, other) in [(history, Origin::Native), (native, Origin::History)] {
            if let Some(TimeWindow { first, last }) = new
                && has_free(&connection, TimeWindow::around(first, last), other)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn has_free(connection: &Connection, near: TimeWindow, origin: Origin) -> Result<bool, RepositoryError> {
    connection
        .query_row(HAS_FREE, params![near.first, near.last, origin.as_str()], |row| row.get(0))
        .map_err(port_error("look for overlapping histories"))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use rusqlite::params;

    use super::*;
    use crate::infrastructure::sqlite::database_kind::EVENT_STORE;

    const HOUR: i64 = 3_600_000_000;

    /// A store with one row, at an hour.
    fn store(origin: &str, id_derived: bool, has_twin: bool) -> Connection {
        let store = Connection::open_in_memory().unwrap();
        EVENT_STORE
            .migrations_up_to(EVENT_STORE.newest_version)
            .iter()
            .for_each(|sql| store.execute_batch(sql).unwrap());
        store.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        let insert = "INSERT INTO events VALUES (1, 'e1', 'T', ?1, NULL, '{}', ?2, 0, ?3, NULL, NULL, NULL)";
        store.execute(insert, params![100 * HOUR, origin, id_derived]).unwrap();
        if has_twin {
            let insert = "INSERT INTO twins VALUES (1, 1, 't1', 'T', ?1, NULL, '{}', 'history', 0, 1, 1, 0, 1, 'matched')";
            store.execute(insert, [100 * HOUR]).unwrap();
        }
        store
    }

    fn may_overlap(store: Connection, native: Option<i64>, history: Option<i64>) -> bool {
        let mut survey = Survey::over(Arc::new(Mutex::new(store)), Arc::new(IncompleteLogs::default()));
        let at = |hour: Option<i64>| hour.map(|hour| TimeWindow { first: hour * HOUR, last: hour * HOUR });
        survey.times = SystemTimes { native: at(native), history: at(history) };
        survey.may_overlap().unwrap()
    }

    #[test]
    fn records_may_overlap_with_those_of_the_other_system_that_are_near_and_have_no_twin() {
        for (origin, id_derived, has_twin, native, history, expected) in [
            ("native", false, false, None, Some(127), true),
            ("native", false, false, None, Some(73), true),
            ("native", false, false, None, Some(128), false),
            ("native", false, false, Some(100), None, false),
            ("native", false, true, None, Some(100), false),
            ("history", true, false, Some(100), None, true),
            ("history", false, false, Some(100), None, false),
            ("history", true, false, None, Some(100), false),
            ("repaired", true, false, Some(100), None, false),
        ] {
            let found = may_overlap(store(origin, id_derived, has_twin), native, history);
            assert_eq!(found, expected, "{origin}, {id_derived}, {has_twin}, {native:?}, {history:?}");
        }
    }

    #[test]
    fn records_of_both_systems_in_one_import_may_overlap_where_they_are_near_each_other() {
        for (native, history, expected) in [(500, 554, true), (554, 500, true), (500, 555, false)] {
            let found = may_overlap(store("native", false, true), Some(native), Some(history));
            assert_eq!(found, expected, "{native}, {history}");
        }
    }
}
