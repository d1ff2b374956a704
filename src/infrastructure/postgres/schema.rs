//! The schema of a store: which program made it, which version it has, and how it becomes the current one.

use chrono::DateTime;
use postgres::{Client, Error};

use super::address::PostgresAddress;
use super::connection::{Access, Session};
use super::error::PostgresError;
use crate::application::moving::Standing;

mod migrations {
    refinery::embed_migrations!("postgres_migrations");
}

/// The newest version that is known here.
pub(super) const NEWEST: i64 = 3;

const OLDEST_SERVER: i32 = 140_000;

const SERVER: &str =
    "SELECT current_setting('server_version'), current_setting('server_version_num')::integer,
    getdatabaseencoding(), current_setting('fsync') = 'on', current_setting('full_page_writes') = 'on'";
/// What stands in the schema: whether it is there, has tables, and has those of a store and of the migration runner, which makes
/// its own before the others: alone it is no more than nothing.
const STATE: &str = "SELECT to_regnamespace(quote_ident($1)) IS NOT NULL,
    EXISTS (SELECT 1 FROM pg_class WHERE relnamespace = to_regnamespace(quote_ident($1))
        AND relname NOT IN ('refinery_schema_history', 'refinery_schema_history_pkey')),
    EXISTS (SELECT 1 FROM pg_class WHERE relnamespace = to_regnamespace(quote_ident($1)) AND relname = 'store'),
    EXISTS (SELECT 1 FROM pg_class WHERE relnamespace = to_regnamespace(quote_ident($1))
        AND relname = 'refinery_schema_history'),
    coalesce(has_schema_privilege(to_regnamespace(quote_ident($1))::oid, 'USAGE'), true)";
const FORMAT: &str = "SELECT to_jsonb(store)->>'format' FROM store";
const OUR_FORMAT: &str = "mission-events 1";
const STANDING: &str = "SELECT moved_to, copy_of, is_whole FROM store";
const HISTORY: &str =
    "SELECT version::bigint, applied_on::text, checksum::text FROM refinery_schema_history ORDER BY version";
/// What refuses changes of events and what keeps ids apart; and what could keep rows out.
const GUARDS: &str = "SELECT tgname::text FROM pg_trigger
        WHERE tgrelid IN ('events'::regclass, 'twins'::regclass, 'store'::regclass) AND NOT tgisinternal AND tgenabled IN ('O', 'A')
    UNION ALL SELECT relname::text FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
        WHERE indrelid IN ('events'::regclass, 'twins'::regclass) AND indisunique AND indisvalid
    UNION ALL SELECT rulename::text FROM pg_rewrite WHERE ev_class IN ('events'::regclass, 'twins'::regclass, 'store'::regclass)";
const EXPECTED_GUARDS: &str = "events_by_id, events_pkey, events_refuse_change, events_refuse_truncate, store_refuse_removal, twins_by_id, \
     twins_by_position, twins_pkey, twins_refuse_change, twins_refuse_truncate";

/// Only one session at a time makes or migrates the store of a schema.
const LOCK: &str = "SELECT pg_advisory_lock(hashtextextended('mission-events ' || $1, 0))";
const UNLOCK: &str = "SELECT pg_advisory_unlock(hashtextextended('mission-events ' || $1, 0))";

/// Connects to a store that can be appended to, made or migrated to the current version first where it has to be.
pub(super) fn open_current(address: &PostgresAddress) -> Result<Session, PostgresError> {
    let mut session = open_at_any_standing(address)?;
    let at = || Box::new(address.clone());
    match standing_of(address, &mut session)? {
        Standing::Own => Ok(session),
        Standing::Moved { to } => Err(PostgresError::Moved { address: at(), to }),
        Standing::Copy { of, .. } => Err(PostgresError::Copy { address: at(), of }),
    }
}

/// The same, also where the store was moved or is a copy.
pub(super) fn open_at_any_standing(address: &PostgresAddress) -> Result<Session, PostgresError> {
    let mut session = Session::connect(address, Access::Writing)?;
    let store = Store { address };
    store.ensure_server(&mut session)?;
    if store.version(&mut session)? < Some(NEWEST) {
        store.migrate(&mut session)?;
    }
    store.ensure_guarded(&mut session)?;
    Ok(session)
}

/// Connects to a store that exists and has the current version, for queries.
pub(super) fn open_for_reading(address: &PostgresAddress) -> Result<Session, PostgresError> {
    let mut session = open_for_reading_at_any_standing(address)?;
    match standing_of(address, &mut session)? {
        Standing::Copy { of, is_whole: false } => {
            Err(PostgresError::IncompleteCopy { address: Box::new(address.clone()), of })
        }
        _ => Ok(session),
    }
}

fn standing_of(address: &PostgresAddress, session: &mut Session) -> Result<Standing, PostgresError> {
    standing(&mut session.client).map_err(Store { address }.failed("read the table store of"))
}

/// What a store stands as.
pub(super) fn standing(client: &mut Client) -> Result<Standing, Error> {
    let Some(row) = client.query_opt(STANDING, &[])? else { return Ok(Standing::Own) };
    let (moved_to, copy_of): (Option<String>, Option<String>) = (row.try_get(0)?, row.try_get(1)?);
    let is_whole = row.try_get(2)?;
    Ok(match (moved_to, copy_of) {
        (Some(to), _) => Standing::Moved { to },
        (None, Some(of)) => Standing::Copy { of, is_whole },
        (None, None) => Standing::Own,
    })
}

/// The same, also where it is a copy that is not complete.
pub(super) fn open_for_reading_at_any_standing(address: &PostgresAddress) -> Result<Session, PostgresError> {
    let mut session = Session::connect(address, Access::Reading)?;
    let store = Store { address };
    store.ensure_server(&mut session)?;
    match store.version(&mut session)? {
        None => Err(PostgresError::Missing { address: Box::new(address.clone()) }),
        Some(found) if found < NEWEST => {
            Err(PostgresError::Older { address: Box::new(address.clone()), found, known: NEWEST })
        }
        Some(_) => {
            store.ensure_guarded(&mut session)?;
            Ok(session)
        }
    }
}

struct Store<'a> {
    address: &'a PostgresAddress,
}

impl Store<'_> {
    fn at(&self) -> Box<PostgresAddress> {
        Box::new(self.address.clone())
    }

    fn failed(&self, action: &'static str) -> impl Fn(Error) -> PostgresError {
        let address = self.at();
        move |source| PostgresError::Server { action, address: address.clone(), source }
    }

    fn ensure_server(&self, session: &mut Session) -> Result<(), PostgresError> {
        let failed = self.failed("ask for the settings of");
        let row = session.client.query_one(SERVER, &[]).map_err(&failed)?;
        let (number, encoding): (i32, String) =
            (row.try_get(1).map_err(&failed)?, row.try_get(2).map_err(&failed)?);
        if number < OLDEST_SERVER {
            let found = row.try_get(0).map_err(&failed)?;
            return Err(PostgresError::TooOld { address: self.at(), found });
        }
        if encoding != "UTF8" {
            return Err(PostgresError::NotUtf8 { address: self.at(), found: encoding });
        }
        for (column, setting) in [(3, "fsync"), (4, "full_page_writes")] {
            if !row.try_get::<_, bool>(column).map_err(&failed)? {
                return Err(PostgresError::NotDurable { address: self.at(), setting });
            }
        }
        Ok(())
    }

    /// The version of the store; `None` where there is none, and nothing else.
    fn version(&self, session: &mut Session) -> Result<Option<i64>, PostgresError> {
        let failed = self.failed("look at the schema of");
        let row = session.client.query_one(STATE, &[&self.address.schema]).map_err(&failed)?;
        let is_there = |column: usize| row.try_get::<_, bool>(column).map_err(&failed);
        let (has_schema, has_tables, has_store, has_history) =
            (is_there(0)?, is_there(1)?, is_there(2)?, is_there(3)?);
        if !has_schema || !has_tables {
            return Ok(None);
        }
        if !has_store {
            return Err(PostgresError::NotOurs { address: self.at() });
        }
        if !is_there(4)? {
            return Err(PostgresError::NoUsage { address: self.at() });
        }
        let format: Option<Option<String>> = session
            .client
            .query_opt(FORMAT, &[])
            .and_then(|row| row.map(|row| row.try_get(0)).transpose())
            .map_err(self.failed("read the table store of"))?;
        if format.flatten().as_deref() != Some(OUR_FORMAT) {
            return Err(PostgresError::NotOurs { address: self.at() });
        }
        if !has_history {
            return Err(self.damaged("the table refinery_schema_history is missing".to_owned()));
        }
        self.newest_applied(session).map(Some)
    }

    fn damaged(&self, detail: String) -> PostgresError {
        PostgresError::DamagedHistory { address: self.at(), detail }
    }

    /// The version of the last migration. The runner panics on a history that it cannot read, so that every row of it is
    /// looked at first.
    fn newest_applied(&self, session: &mut Session) -> Result<i64, PostgresError> {
        let failed = self.failed("read the migration history of");
        let mut newest = 0;
        for row in session.client.query(HISTORY, &[]).map_err(&failed)? {
            let version: i64 = row.try_get(0).map_err(&failed)?;
            let time: Option<String> = row.try_get(1).map_err(&failed)?;
            let checksum: Option<String> = row.try_get(2).map_err(&failed)?;
            if time.as_deref().is_none_or(|time| DateTime::parse_from_rfc3339(time).is_err()) {
                return Err(self.damaged(format!("version {version}: expected a time, found {time:?}")));
            }
            if checksum.as_deref().is_none_or(|checksum| checksum.parse::<u64>().is_err()) {
                return Err(
                    self.damaged(format!("version {version}: expected a checksum, found {checksum:?}"))
                );
            }
            newest = version;
        }
        if newest > NEWEST {
            return Err(PostgresError::Newer { address: self.at(), found: newest, known: NEWEST });
        }
        Ok(newest)
    }

    /// Brings the store to the newest version, all of it or nothing; waits for who does the same.
    fn migrate(&self, session: &mut Session) -> Result<(), PostgresError> {
        let lock = self.failed("wait for who prepares");
        session.client.query_one(LOCK, &[&self.address.schema]).map_err(lock)?;
        let migrated = self.migrate_alone(session);
        let unlock = self.failed("unlock");
        session.client.query_one(UNLOCK, &[&self.address.schema]).map_err(unlock)?;
        migrated
    }

    fn migrate_alone(&self, session: &mut Session) -> Result<(), PostgresError> {
        if self.version(session)? == Some(NEWEST) {
            return Ok(());
        }
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| PostgresError::Migration {
            address: self.at(),
            known: NEWEST,
            source,
        };
        let row =
            session.client.query_one(STATE, &[&self.address.schema]).map_err(|error| failed(error.into()))?;
        if !row.try_get::<_, bool>(0).map_err(|error| failed(error.into()))? {
            let create = format!("CREATE SCHEMA {}", self.address.quoted_schema());
            session.client.batch_execute(&create).map_err(|error| failed(error.into()))?;
        }
        let runner = migrations::migrations::runner().set_grouped(true);
        runner.run(&mut session.client).map_err(|error| failed(error.into()))?;
        Ok(())
    }

    /// What the store promises rests on what the migrations have made.
    fn ensure_guarded(&self, session: &mut Session) -> Result<(), PostgresError> {
        let failed = self.failed("look at what guards");
        let rows = session.client.query(GUARDS, &[]).map_err(&failed)?;
        let guards: Result<Vec<String>, Error> = rows.iter().map(|row| row.try_get(0)).collect();
        let mut guards = guards.map_err(&failed)?;
        guards.sort();
        let found = guards.join(", ");
        if found == EXPECTED_GUARDS {
            return Ok(());
        }
        let expected = EXPECTED_GUARDS.to_owned();
        Err(PostgresError::ChangedSchema { address: self.at(), expected, found })
    }
}
