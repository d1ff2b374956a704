//! What the server says of itself and of the store, and how fast that grows.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};

use super::error::port_error;
use super::read::{Readers, only};
use super::schema;
use crate::application::growth::DayGrowth;
use crate::application::moving::Standing;
use crate::domain::repository::RepositoryError;
use crate::domain::value_objects::Position;
use crate::wire::zone::Zone;

/// The standbys that a commit waits for, where one is needed; `pg_stat_replication` shows them to some users alone.
const SERVER: &str = "SELECT current_setting('server_version'), pg_is_in_recovery(),
    current_setting('synchronous_standby_names'),
    ARRAY(SELECT application_name FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum') ORDER BY 1)";
const SIZE: &str = "SELECT pg_total_relation_size('events')";
const GROWTH: &str =
    "SELECT occurred_at, octet_length(body)::bigint FROM events WHERE occurred_at >= $1 ORDER BY occurred_at";
/// The last position, and how many rows there are up to each of these; of one state, as it is one statement.
const COUNTS: &str = "SELECT coalesce((SELECT max(position) FROM events), 0),
    ARRAY(SELECT (SELECT count(*) FROM events WHERE position <= given.position)
          FROM unnest($1::bigint[]) WITH ORDINALITY AS given (position, place) ORDER BY given.place)";

/// What a server is, and what an acknowledgement of it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its version.
    pub version: String,
    /// It replays what another one writes, and takes no changes.
    pub is_standby: bool,
    /// `synchronous_standby_names`; empty where no commit waits for a standby.
    pub standby_names: String,
    /// The standbys that are connected and that commits wait for.
    pub standbys: Vec<String>,
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, is_standby, standby_names, standbys } = self;
        if *is_standby {
            return write!(f, "PostgreSQL {version}, standby: it takes no events");
        }
        write!(f, "PostgreSQL {version}, primary; acknowledged = on the disk of this server")?;
        match standbys.as_slice() {
            _ if standby_names.is_empty() => f.write_str(
                " alone: where it is lost, a standby that takes its place may lack the last events",
            ),
            [] => write!(
                f,
                " and of a standby of {standby_names:?}, of which none is connected: events wait for it"
            ),
            standbys => write!(f, " and of standby {}", standbys.join(", ")),
        }
    }
}

impl Readers {
    pub fn server(&self) -> Result<Server, RepositoryError> {
        let action = "ask what the server is";
        let rows = self.read(action, |session| session.query(SERVER, &[]))?;
        let (row, failed) = (only(&rows)?, port_error(action));
        Ok(Server {
            version: row.try_get(0).map_err(&failed)?,
            is_standby: row.try_get(1).map_err(&failed)?,
            standby_names: row.try_get(2).map_err(&failed)?,
            standbys: row.try_get(3).map_err(&failed)?,
        })
    }

    pub fn standing(&self) -> Result<Standing, RepositoryError> {
        self.read("look what a store stands as", |session| schema::standing(&mut session.client))
    }

    pub fn size_in_bytes(&self) -> Result<u64, RepositoryError> {
        let action = "look at the size of the store";
        let rows = self.read(action, |session| session.query(SIZE, &[]))?;
        let bytes: i64 = only(&rows)?.try_get(0).map_err(port_error(action))?;
        Ok(bytes.unsigned_abs())
    }

    pub fn count_up_to(&self, positions: &[Position]) -> Result<(Position, Vec<u64>), RepositoryError> {
        let action = "count the events";
        let positions: Vec<i64> = positions.iter().map(|position| position.get()).collect();
        let rows = self.read(action, |session| session.query(COUNTS, &[&positions]))?;
        let row = only(&rows)?;
        let last: i64 = row.try_get(0).map_err(port_error(action))?;
        let counts: Vec<i64> = row.try_get(1).map_err(port_error(action))?;
        Ok((Position::new(last), counts.into_iter().map(i64::unsigned_abs).collect()))
    }

    pub fn growth(&self, since: DateTime<Utc>, zone: &Zone) -> Result<Vec<DayGrowth>, RepositoryError> {
        let action = "measure the growth of the store";
        let rows = self.read(action, |session| session.query(GROWTH, &[&since]))?;
        let failed = port_error(action);
        let mut days: BTreeMap<NaiveDate, (u64, u64)> = BTreeMap::new();
        for row in rows {
            let time: DateTime<Utc> = row.try_get(0).map_err(&failed)?;
            let bytes: i64 = row.try_get(1).map_err(&failed)?;
            let day = days.entry(zone.day_of(time)).or_default();
            *day = (day.0 + 1, day.1 + bytes.unsigned_abs());
        }
        Ok(days.into_iter().map(|(day, (events, bytes))| DayGrowth { day, events, bytes }).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_says_what_its_acknowledgement_means() {
        let alone = Server {
            version: "15.18".to_owned(),
            is_standby: false,
            standby_names: String::new(),
            standbys: Vec::new(),
        };
        let waiting = Server { standby_names: "sb1".to_owned(), ..alone.clone() };
        let served = Server { standbys: vec!["sb1".to_owned()], ..waiting.clone() };
        let standby = Server { is_standby: true, ..alone.clone() };
        for (server, said) in [
            (alone, "primary; acknowledged = on the disk of this server alone"),
            (waiting, "of a standby of \"sb1\", of which none is connected"),
            (served, "on the disk of this server and of standby sb1"),
            (standby, "PostgreSQL 15.18, standby: it takes no events"),
        ] {
            assert!(server.to_string().contains(said), "{server}");
        }
    }
}
