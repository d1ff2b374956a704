//! Which records without id of one log another log of the same import has as well.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};

use crate::application::import::{Identity, ImportRecord, Outcome, SharedCounts};
use crate::infrastructure::sqlite::append::First;

/// The counts so far.
#[derive(Debug, Default)]
pub(super) struct SharedRecords {
    /// The logs of this import that were begun.
    begun: BTreeSet<i64>,
    counts: SharedCounts,
}

impl SharedRecords {
    pub fn counts(&self) -> &SharedCounts {
        &self.counts
    }

    pub fn begin_log(&mut self, source_id: i64) {
        self.begun.insert(source_id);
    }

    /// Counts a record that another log has.
    pub fn add(&mut self, other: i64, source_id: i64) {
        *self.counts.entry((other, source_id)).or_default() += 1;
    }

    /// The log that has the record too, where the store has the record already: the one that its event is of,
    /// or else one of this import that repeats that event.
    pub fn other_log(
        &self,
        connection: &Connection,
        record: &ImportRecord,
        outcome: &Outcome,
        first: &First,
        source_id: i64,
    ) -> rusqlite::Result<Option<i64>> {
        let has_id = matches!(record.identity, Identity::Carried(_));
        if has_id || !matches!(outcome, Outcome::AlreadyPresent) {
            return Ok(None);
        }
        let owner = first.source.map(|(owner, _)| owner).filter(|owner| *owner != source_id);
        if self.begun.len() < 2 || owner.is_some_and(|owner| self.begun.contains(&owner)) {
            return Ok(owner);
        }
        let mut statement = connection
            .prepare_cached("SELECT source_id FROM source_repeats WHERE position = ?1 AND source_id <> ?2")?;
        let mut rows = statement.query(params![first.position.get(), source_id])?;
        while let Some(row) = rows.next()? {
            let other = row.get(0)?;
            if self.begun.contains(&other) {
                return Ok(Some(other));
            }
        }
        Ok(owner)
    }
}
