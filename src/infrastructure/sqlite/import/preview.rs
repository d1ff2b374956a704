//! What an import would do to a store that exists: the same answers, and nothing changed.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use crate::application::compare::report::Class;
use crate::application::import::identity::{load_order, repetition};
use crate::application::import::{
    Batch, Correction, Identity, ImportPreview, ImportRecord, ImportSink, ImportedLog, KnownPart,
    KnownSource, Outcome, Overlap, OverlapFeeds, OverlapView, PartState, PartVersion, SharedCounts,
    SourceHeader, TimeWindow, TwinPair,
};
use crate::application::log_source::{Place, SourceDigest};
use crate::domain::repository::RepositoryError;
use crate::domain::value_objects::Position;
use crate::infrastructure::sqlite::append::first_of;
use crate::infrastructure::sqlite::database_kind::EVENT_STORE;
use crate::infrastructure::sqlite::error::{SqliteError, port_error};
use crate::infrastructure::sqlite::row::{NewRow, Origin};
use crate::infrastructure::sqlite::{connection, read, schema, stored_rows};
use crate::infrastructure::system_clock::present_time;

use super::incomplete_logs::IncompleteLogs;
use super::occurrences::Occurrences;
use super::overlap_feeds::{SharedConnection, lock};
use super::shared_records::SharedRecords;
use super::{known_logs, overlap, overlap_feeds, part_versions, twins};

/// Events that would be new, in a temporary table beside the store, in the order in which they came.
const CREATE: &str = "DROP TABLE IF EXISTS temp.previewed;
    CREATE TEMP TABLE previewed (
        number INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE, event_type TEXT NOT NULL,
        occurred_at INTEGER NOT NULL, aggregate_id TEXT, body TEXT NOT NULL, origin TEXT NOT NULL,
        id_derived INTEGER NOT NULL, source_id INTEGER NOT NULL, source_offset INTEGER NOT NULL,
        source_line INTEGER NOT NULL) STRICT";
const NEW_TIMES: &str = "SELECT min(occurred_at), max(occurred_at) FROM temp.previewed
    WHERE origin = ?1 AND (origin = 'native' OR id_derived = 1)";
/// The times of what may become a partner.
const FREE_TIMES: &str = "SELECT min(occurred_at), max(occurred_at) FROM (
    SELECT occurred_at FROM events INDEXED BY events_by_timestamp
    WHERE occurred_at BETWEEN ?1 AND ?2 AND origin = ?3 AND (origin = 'native' OR id_derived = 1)
      AND NOT EXISTS (SELECT 1 FROM twins WHERE twins.position = events.position)
    UNION ALL
    SELECT occurred_at FROM temp.previewed
    WHERE occurred_at BETWEEN ?1 AND ?2 AND origin = ?3 AND (origin = 'native' OR id_derived = 1))";
const YOUNGEST_UNMATCHED: &str = "SELECT max(occurred_at) FROM temp.previewed
    WHERE origin = 'history' AND id_derived = 1 AND event_id NOT IN (SELECT event_id FROM temp.planned_twins)";
const PLANNED: &str = "SELECT one.source_id, one.source_offset, one.source_line, planned_twins.class,
        one.number, other.source_id, other.number
    FROM temp.planned_twins JOIN temp.previewed AS one ON one.event_id = planned_twins.event_id
                      LEFT JOIN temp.previewed AS other ON other.event_id = planned_twins.partner_id
    ORDER BY one.number";
const WITH_PREVIEWED: &str = "(SELECT occurred_at, origin, id_derived FROM events
    UNION ALL SELECT occurred_at, origin, id_derived FROM temp.previewed)";

/// A load that stores nothing.
pub struct Preview {
    path: PathBuf,
    connection: SharedConnection,
    incomplete: Arc<IncompleteLogs>,
    sources: i64,
    source_id: i64,
    occurrences: Occurrences,
    shared: SharedRecords,
    /// The log was not read to its end.
    is_reading: bool,
    has_plan: bool,
}

impl Preview {
    /// Opens the store at `path`, which exists.
    ///
    /// # Errors
    /// As [`SqliteEventRepository::open_for_reading`](crate::infrastructure::sqlite::SqliteEventRepository::open_for_reading).
    pub fn open(path: &Path) -> Result<Self, SqliteError> {
        // What would be refused is refused.
        schema::refuse_several_names(path)?;
        let connection = schema::open_checked_for_reading(&EVENT_STORE, path)?;
        connection::allow_temporary_tables(path, &connection)?;
        let check = stored_rows::check_and_tell(path, &connection)?;
        let incomplete = IncompleteLogs::of(&connection, &check).map_err(|source| SqliteError::Sqlite {
            action: "count the rows of",
            path: path.to_owned(),
            source,
        })?;
        Self::over(path, Arc::new(Mutex::new(connection)), Arc::new(incomplete))
    }

    /// A preview through a connection that has other uses, and has the plan of the twins afterwards.
    pub(super) fn over(
        path: &Path,
        connection: SharedConnection,
        incomplete: Arc<IncompleteLogs>,
    ) -> Result<Self, SqliteError> {
        let create = |connection: &Connection| {
            connection.execute_batch(CREATE)?;
            twins::begin_plan(connection)
        };
        create(&lock(&connection)).map_err(|source| SqliteError::Sqlite {
            action: "make a temporary table beside",
            path: path.to_owned(),
            source,
        })?;
        let path = path.to_owned();
        Ok(Self {
            path,
            connection,
            incomplete,
            sources: 0,
            source_id: 0,
            occurrences: Occurrences::default(),
            shared: SharedRecords::default(),
            is_reading: false,
            has_plan: false,
        })
    }

    /// What would become of a record, and which other log has it.
    fn preview(
        &self,
        connection: &Connection,
        record: &ImportRecord,
    ) -> Result<(Outcome, Option<i64>), RepositoryError> {
        let failed = port_error("look at a record");
        let event_id = match &record.identity {
            Identity::Carried(id) => id.clone(),
            Identity::Derived { content, written_at } => {
                self.occurrences.next_id(connection, *content, *written_at)?
            }
        };
        if let Some(first) = first_of(connection, event_id.as_str())? {
            let is_of_this_log = first.source.is_some_and(|(source_id, _)| source_id == self.source_id);
            let repetition = repetition(&first.body, &record.body, is_of_this_log);
            let outcome = repetition.outcome(&event_id, first.position);
            let other = self.shared.other_log(connection, record, &outcome, &first, self.source_id);
            return Ok((outcome, other.map_err(failed)?));
        }
        let previewed: Option<(String, i64)> = connection
            .prepare_cached("SELECT body, source_id FROM temp.previewed WHERE event_id = ?1")
            .and_then(|mut find| {
                find.query_row([event_id.as_str()], |row| Ok((row.get(0)?, row.get(1)?))).optional()
            })
            .map_err(&failed)?;
        if let Some((body, source_id)) = previewed {
            let repetition = repetition(&body, &record.body, source_id == self.source_id);
            let is_shared =
                matches!(record.identity, Identity::Derived { .. }) && source_id != self.source_id;
            return Ok((repetition.outcome(&event_id, Position::new(0)), is_shared.then_some(source_id)));
        }
        connection
            .prepare_cached(
                "INSERT INTO temp.previewed VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )
            .and_then(|mut insert| {
                let row = NewRow::imported(record, &event_id, self.source_id, present_time());
                insert.insert(params![
                    row.event_id,
                    row.event_type,
                    row.occurred_at.timestamp_micros(),
                    row.aggregate_id,
                    row.body,
                    row.origin.as_str(),
                    row.id_derived,
                    self.source_id,
                    record.place.offset as i64,
                    record.place.line as i64
                ])
            })
            .map_err(&failed)?;
        Ok((Outcome::Imported, None))
    }
}

/// Which time of this import both systems may have recorded.
fn window(connection: &Connection) -> rusqlite::Result<Option<TimeWindow>> {
    let times = |row: &rusqlite::Row<'_>| -> rusqlite::Result<Option<TimeWindow>> {
        let times: (Option<i64>, Option<i64>) = (row.get(0)?, row.get(1)?);
        Ok(times.0.zip(times.1).map(|(first, last)| TimeWindow { first, last }))
    };
    let mut window: Option<TimeWindow> = None;
    for (origin, other) in [(Origin::History, Origin::Native), (Origin::Native, Origin::History)] {
        let new = connection.query_row(NEW_TIMES, [origin.as_str()], times)?;
        let Some(new) = new else { continue };
        let near = TimeWindow::around(new.first, new.last);
        let free = connection.query_row(FREE_TIMES, params![near.first, near.last, other.as_str()], times)?;
        if let Some(shared) = free.and_then(|free| TimeWindow::shared(new, free)) {
            window = Some(window.map_or(shared, |window| window.hull(shared)));
        }
    }
    Ok(window)
}

/// Logs are loaded in [`load_order`]: so it is known which of two new records becomes the twin.
fn correct_planned(connection: &Connection, correct: &mut dyn FnMut(Correction)) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare("SELECT DISTINCT source_id FROM temp.previewed WHERE origin = 'native'")?;
    let read_first: HashSet<i64> =
        statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let order = |(source_id, number): (i64, i64)| load_order(read_first.contains(&source_id), number);
    let mut statement = connection.prepare(PLANNED)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let one: (i64, i64) = (row.get(0)?, row.get(4)?);
        let other: (Option<i64>, Option<i64>) = (row.get(5)?, row.get(6)?);
        let comes_later = other.0.zip(other.1).is_none_or(|other| order(one) > order(other));
        let class: String = row.get(3)?;
        if let Some(class) = Class::named(&class).filter(|_| comes_later) {
            let place = Place { offset: row.get(1)?, line: row.get(2)? };
            let outcome = Outcome::MatchedExisting { class };
            correct(Correction { source_id: one.0, place, outcome });
        }
    }
    Ok(())
}

impl ImportSink for Preview {
    fn last_import(&mut self, path: &str, settings: &str) -> Result<Option<ImportedLog>, RepositoryError> {
        known_logs::last_import(&lock(&self.connection), path, settings, &self.incomplete)
    }

    fn part_versions(&mut self, paths: &[String]) -> Result<Vec<PartVersion>, RepositoryError> {
        part_versions::of(&lock(&self.connection), paths)
    }

    fn begin_parts(&mut self, known: &[KnownPart]) -> Result<SharedCounts, RepositoryError> {
        let connection = lock(&self.connection);
        self.occurrences.begin_parts(&connection, known)?;
        part_versions::stored_shared(&connection)
    }

    fn known(&mut self, header: &SourceHeader) -> Result<Option<KnownSource>, RepositoryError> {
        known_logs::known(&lock(&self.connection), header, &self.incomplete)
    }

    fn begin_source(
        &mut self,
        _header: &SourceHeader,
        continues: Option<&KnownSource>,
    ) -> Result<i64, RepositoryError> {
        let connection = lock(&self.connection);
        if self.is_reading {
            // It was changing: what was seen of it is not what it says.
            connection
                .execute("DELETE FROM temp.previewed WHERE source_id = ?1", [self.source_id])
                .map_err(port_error("forget a log that changed"))?;
        }
        self.is_reading = true;
        self.sources += 1;
        // A log that the store does not go on with has a number that no log of the store has.
        let continues = continues.filter(|known| known.is_whole);
        let (source_id, to) =
            continues.map_or((-self.sources, 0), |known| (known.source_id, known.resume.offset));
        self.source_id = source_id;
        self.occurrences.begin_log(&connection, KnownPart { source_id, to, state: PartState::Kept })?;
        self.shared.begin_log(source_id);
        Ok(source_id)
    }

    fn store(&mut self, batch: &Batch) -> Result<Vec<Outcome>, RepositoryError> {
        let failed = port_error("look at records");
        let connection = lock(&self.connection);
        let transaction = connection.unchecked_transaction().map_err(&failed)?;
        let records = batch.records.iter();
        let outcomes: Vec<(Outcome, Option<i64>)> =
            records.map(|record| self.preview(&transaction, record)).collect::<Result<_, _>>()?;
        transaction.commit().map_err(&failed)?;
        drop(connection);
        let (outcomes, others): (Vec<Outcome>, Vec<Option<i64>>) = outcomes.into_iter().unzip();
        others.into_iter().flatten().for_each(|other| self.shared.add(other, self.source_id));
        Ok(outcomes)
    }

    fn end_source(&mut self, _digest: Option<&SourceDigest>) -> Result<(), RepositoryError> {
        self.is_reading = false;
        self.occurrences.end_log(&lock(&self.connection))
    }

    fn shared_records(&self) -> &SharedCounts {
        self.shared.counts()
    }

    fn records_without_id(&mut self) -> Result<BTreeMap<i64, u64>, RepositoryError> {
        part_versions::records_without_id(&lock(&self.connection))
    }

    fn repeats_without_id(&mut self) -> Result<BTreeMap<i64, u64>, RepositoryError> {
        part_versions::repeats_without_id(&lock(&self.connection))
    }

    fn finish(&mut self, correct: &mut dyn FnMut(Correction)) -> Result<u64, RepositoryError> {
        let connection = lock(&self.connection);
        if self.has_plan {
            correct_planned(&connection, correct).map_err(port_error("count what was planned"))?;
        }
        read::count(&connection)
    }

    fn publish(&mut self) -> Result<(), RepositoryError> {
        Ok(())
    }
}

impl OverlapView for Preview {
    fn overlap(&mut self) -> Result<Option<Overlap>, RepositoryError> {
        overlap::find(&lock(&self.connection), "events", WITH_PREVIEWED)
    }

    fn feeds(&mut self) -> Result<Option<OverlapFeeds>, RepositoryError> {
        let window = window(&lock(&self.connection)).map_err(port_error("look for overlapping histories"))?;
        self.has_plan = window.is_some();
        window.map(|window| overlap_feeds::of_preview(&self.path, &self.connection, window)).transpose()
    }

    fn note_twins(&mut self, pair: &TwinPair) -> Result<(), RepositoryError> {
        twins::plan(&lock(&self.connection), pair)
    }
}

impl ImportPreview for Preview {
    fn youngest_unmatched(&mut self) -> Result<Option<DateTime<Utc>>, RepositoryError> {
        let youngest: Option<i64> = lock(&self.connection)
            .query_row(YOUNGEST_UNMATCHED, [], |row| row.get(0))
            .map_err(port_error("look for records without a partner"))?;
        Ok(youngest.and_then(DateTime::from_timestamp_micros))
    }
}
