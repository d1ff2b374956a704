//! How many identical records of a log came so far.

use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use crate::application::import::identity::next_number;
use crate::application::import::{KnownPart, PartState};
use crate::domain::event::derived_event_id;
use crate::domain::repository::RepositoryError;
use crate::domain::value_objects::EventId;
use crate::infrastructure::sqlite::append::first_of;
use crate::infrastructure::sqlite::error::port_error;

/// In temporary tables, which spill to a file: a log may repeat itself any number of times.
/// Sorted by time first, as logs mostly are, so that counting walks along instead of jumping about.
///
/// `known_parts` is what the store has of the log, or of the parts that are counted as one, with the number of its
/// state: of an event that several have, the least one counts. `part_occurrences` is what was counted in the parts before the one at hand, which may have to be read again.
const CREATE: &str = "CREATE TEMP TABLE IF NOT EXISTS occurrences (
        written_at INTEGER NOT NULL, content BLOB NOT NULL, seen INTEGER NOT NULL,
        PRIMARY KEY (written_at, content)) STRICT, WITHOUT ROWID;
    CREATE TEMP TABLE IF NOT EXISTS part_occurrences (
        written_at INTEGER NOT NULL, content BLOB NOT NULL, seen INTEGER NOT NULL,
        PRIMARY KEY (written_at, content)) STRICT, WITHOUT ROWID;
    CREATE TEMP TABLE IF NOT EXISTS known_parts
        (source_id INTEGER PRIMARY KEY, known_to INTEGER NOT NULL, state INTEGER NOT NULL) STRICT;
    DELETE FROM temp.occurrences";
const SEEN: &str = "SELECT seen FROM temp.occurrences WHERE written_at = ?1 AND content = ?2";
const SEEN_IN_PARTS: &str = "SELECT seen FROM temp.part_occurrences WHERE written_at = ?1 AND content = ?2";
const SET: &str = "INSERT OR REPLACE INTO temp.occurrences VALUES (?1, ?2, ?3)";
const ADD_PART: &str = "INSERT OR REPLACE INTO temp.part_occurrences SELECT * FROM temp.occurrences;
    DELETE FROM temp.occurrences";
const NOTE_KNOWN: &str = "INSERT OR REPLACE INTO temp.known_parts VALUES (?1, ?2, ?3)";
const STATE_OF: &str = "SELECT state FROM temp.known_parts WHERE source_id = ?1 AND ?2 < known_to";
const LEAST_STATE_OF_REPEATS: &str =
    "SELECT min(state) FROM source_repeats JOIN temp.known_parts USING (source_id)
    WHERE position = ?1 AND twin_id IS ?2 AND offset < known_to";

/// The counts of the log at hand, or of parts that are counted as one log.
#[derive(Debug, Default, Clone, Copy)]
pub(in crate::infrastructure::sqlite) struct Occurrences {
    are_parts: bool,
    /// The store has records of the log, or of a part.
    has_known: bool,
}

impl Occurrences {
    /// Begins to count over the parts of a log, of which the store has `known`.
    pub fn begin_parts(
        &mut self,
        connection: &Connection,
        known: &[KnownPart],
    ) -> Result<(), RepositoryError> {
        let failed = port_error("count identical records");
        connection.execute_batch(CREATE).map_err(&failed)?;
        connection
            .execute_batch("DELETE FROM temp.part_occurrences; DELETE FROM temp.known_parts")
            .map_err(&failed)?;
        *self = Self { are_parts: true, has_known: false };
        known.iter().try_for_each(|part| self.note_known(connection, part).map_err(&failed))
    }

    /// Begins to count in a log that the store knows up to there.
    pub fn begin_log(&mut self, connection: &Connection, known: KnownPart) -> Result<(), RepositoryError> {
        let failed = port_error("count identical records");
        connection.execute_batch(CREATE).map_err(&failed)?;
        if !self.are_parts {
            // A preview through the same connection has left its own.
            connection.execute("DELETE FROM temp.known_parts", []).map_err(&failed)?;
            self.has_known = false;
        }
        if known.to > 0 {
            self.note_known(connection, &known).map_err(&failed)?;
        }
        Ok(())
    }

    /// The log was read: where it is a part, the next one counts on from here.
    pub fn end_log(&self, connection: &Connection) -> Result<(), RepositoryError> {
        if self.are_parts {
            connection.execute_batch(ADD_PART).map_err(port_error("count identical records"))?;
        }
        Ok(())
    }

    fn note_known(&mut self, connection: &Connection, known: &KnownPart) -> rusqlite::Result<()> {
        self.has_known = true;
        let to = i64::try_from(known.to).unwrap_or(i64::MAX);
        connection.prepare_cached(NOTE_KNOWN)?.execute(params![known.source_id, to, known.state as i64])?;
        Ok(())
    }

    /// The id of the next one of the identical records that `content` stands for. Numbers that records have
    /// which the store knows, and which are not read again, are taken.
    pub fn next_id(
        self,
        connection: &Connection,
        content: Uuid,
        written_at: i64,
    ) -> Result<EventId, RepositoryError> {
        let failed = port_error("count identical records");
        let last = self.seen(connection, content, written_at).map_err(&failed)?;
        let number =
            next_number(last, |number| Ok(self.has_known && is_known(connection, content, number)?))?;
        connection
            .prepare_cached(SET)
            .and_then(|mut set| set.execute(params![written_at, content.as_bytes(), number]))
            .map_err(&failed)?;
        Ok(derived_event_id(content, number))
    }

    fn seen(self, connection: &Connection, content: Uuid, written_at: i64) -> rusqlite::Result<u64> {
        let key = params![written_at, content.as_bytes()];
        let seen = connection.prepare_cached(SEEN)?.query_row(key, |row| row.get(0)).optional()?;
        if seen.is_some() || !self.are_parts {
            return Ok(seen.unwrap_or(0));
        }
        let seen = connection.prepare_cached(SEEN_IN_PARTS)?.query_row(key, |row| row.get(0)).optional()?;
        Ok(seen.unwrap_or(0))
    }
}

/// Whether the number is taken: the identical record that has it lies in what the store knows and is not read again.
/// It is an event of a known part, or the twin of one, or repeats one.
fn is_known(connection: &Connection, content: Uuid, number: u64) -> Result<bool, RepositoryError> {
    let Some(event) = first_of(connection, derived_event_id(content, number).as_str())? else {
        return Ok(false);
    };
    let ask = || -> rusqlite::Result<bool> {
        let own: Option<i64> = match event.source {
            Some(place) => {
                connection.prepare_cached(STATE_OF)?.query_row(place, |row| row.get(0)).optional()?
            }
            None => None,
        };
        if own == Some(PartState::Kept as i64) {
            return Ok(true);
        }
        let place = params![event.position.get(), event.twin_id];
        let of_repeats: Option<i64> =
            connection.prepare_cached(LEAST_STATE_OF_REPEATS)?.query_row(place, |row| row.get(0))?;
        let least = own.into_iter().chain(of_repeats).min();
        Ok(least.is_some_and(|state| state != PartState::ReadAgain as i64))
    };
    ask().map_err(port_error("count identical records"))
}
