//! The positions of events that another program has removed. Twins, repeats and handlers refer to events by position: an
//! event that is stored again gets the position that it had, where it is certain which that is.
//!
//! An import stores the events of a log in their order. So the missing positions are those of the missing events in
//! their order, as long as the events of each log stand together and none are missing but those of logs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use rusqlite::{Connection, params};

use crate::application::import::ImportRecord;
use crate::domain::counted::counted;

const EVENTS: &str = "SELECT position, source_id FROM events ORDER BY position";
const LAST: &str = "SELECT ifnull((SELECT last_position FROM stored_rows), 0)";
const MISSING: &str = "WITH rows_of AS (SELECT source_id, count(*) AS rows FROM events GROUP BY source_id)
    SELECT source_id, imported - ifnull(rows, 0) FROM sources LEFT JOIN rows_of USING (source_id)
    WHERE superseded_by IS NULL AND imported > ifnull(rows, 0) ORDER BY source_id";
/// No event is there, and no twin of an event of another type or aggregate.
const IS_FREE: &str = "SELECT NOT EXISTS (SELECT 1 FROM events WHERE position = ?1)
    AND NOT EXISTS (SELECT 1 FROM twins WHERE position = ?1 AND class IN ('matched', 'ignored')
        AND (event_type <> ?2 OR aggregate_id IS NOT ?3))";

/// The missing positions of each log, in order.
#[derive(Debug, Default)]
pub(super) struct LostPositions {
    of_logs: BTreeMap<i64, VecDeque<i64>>,
    /// Those of the log that is being read.
    left: VecDeque<i64>,
    /// How many events were stored again at new positions.
    pub moved: u64,
}

impl LostPositions {
    /// Those of a store of which rows are missing.
    pub fn of(connection: &Connection) -> rusqlite::Result<Self> {
        let mut statement = connection.prepare(MISSING)?;
        let missing = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let missing: Vec<(i64, usize)> = missing.collect::<Result<_, _>>()?;
        let count = missing.iter().map(|(_, count)| count).sum();
        let Some((mut gaps, logs)) = gaps(connection, count)? else { return Ok(Self::default()) };
        let mut of_logs = BTreeMap::new();
        for (source_id, count) in &missing {
            let rest = gaps.split_off(*count);
            let is_between = |gap: &i64| {
                let before = logs.range(..source_id).next_back().is_none_or(|(_, (_, last))| last < gap);
                before && logs.range(source_id + 1..).next().is_none_or(|(_, (first, _))| gap < first)
            };
            if missing.len() > 1 && !gaps.iter().all(is_between) {
                return Ok(Self::default());
            }
            of_logs.insert(*source_id, std::mem::replace(&mut gaps, rest));
        }
        Ok(Self { of_logs, ..Self::default() })
    }

    /// A log is read that goes on from nothing, or that was stored as `source_id` and of which rows are missing.
    pub fn begin_log(&mut self, source_id: Option<i64>) {
        self.left = source_id.and_then(|source_id| self.of_logs.get(&source_id)).cloned().unwrap_or_default();
    }

    /// The position that a record had, which is stored again; `None` where that is not certain.
    pub fn take(&mut self, connection: &Connection, record: &ImportRecord) -> rusqlite::Result<Option<i64>> {
        let Some(position) = self.left.pop_front() else {
            self.moved += 1;
            return Ok(None);
        };
        let aggregate = record.aggregate_id.as_ref().map(|id| id.as_str());
        let is_free: bool = connection
            .prepare_cached(IS_FREE)?
            .query_row(params![position, record.event_type, aggregate], |row| row.get(0))?;
        if !is_free {
            self.left.clear();
            self.moved += 1;
        }
        Ok(Some(position).filter(|_| is_free))
    }

    /// Tells how many events have new positions, once.
    pub fn tell(&mut self, path: &Path) {
        let moved = std::mem::take(&mut self.moved);
        if moved > 0 {
            tracing::warn!(
                "{} again in {} at a new position, since it is not certain which it was. \
                 Twins, and handlers, refer to events by position: read models that were made of these have them \
                 twice until `handlers replay`, and logs that repeat them are to be imported again (import-legacy). A \
                 copy of the store from before has the positions",
                counted(moved, "event is stored", "events are stored"),
                path.display()
            );
        }
    }
}

/// The positions of the events of a log: the first one and the last one.
type LogRange = (i64, i64);

/// Missing positions, in order, and the range of each log.
type Gaps = (VecDeque<i64>, BTreeMap<i64, LogRange>);

/// The missing positions, and where the events of each log stand; `None` where there are not so many, or the events
/// of logs stand among each other.
fn gaps(connection: &Connection, count: usize) -> rusqlite::Result<Option<Gaps>> {
    let (mut gaps, mut logs) = (VecDeque::new(), BTreeMap::<i64, LogRange>::new());
    let (mut next, mut log, mut ended) = (1, None, BTreeSet::new());
    let mut are_apart = true;
    let last: i64 = connection.query_row(LAST, [], |row| row.get(0))?;
    let mut statement = connection.prepare(EVENTS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (position, source_id): (i64, Option<i64>) = (row.get(0)?, row.get(1)?);
        if gaps.len() as i64 + position - next > count as i64 {
            return Ok(None);
        }
        gaps.extend(next..position);
        next = position + 1;
        if source_id != log {
            are_apart &= ended.insert(source_id) && source_id > log;
            log = source_id;
        }
        if let Some(source_id) = source_id {
            logs.entry(source_id).or_insert((position, position)).1 = position;
        }
    }
    if gaps.len() as i64 + last + 1 - next != count as i64 {
        return Ok(None);
    }
    gaps.extend(next..=last);
    // Where the events of logs stand among each other, every log begins before the others end.
    if !are_apart {
        logs.values_mut().for_each(|range| *range = (0, i64::MAX));
    }
    Ok(Some((gaps, logs)))
}
