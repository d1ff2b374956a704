//! The handler store in SQLite. Each module asks one question of it.

use std::path::Path;

use chrono::{DateTime, Utc};
use mission_events::internals::application::handling::HandlerKind;
use mission_events::internals::application::handling::failure::{Failure, FailureState};
use mission_events::internals::application::handling::store::{
    Durability, HandlerRow, HandlerSession, HandlerState, HandlerStore, HandlerTransaction, StreamProgress,
};
use mission_events::internals::infrastructure::handler_store::SqliteHandlerStore;
use mission_events::{AggregateId, EventId, Position, StreamId};

/// Which files does it open, make, migrate and refuse, and what does it say?
mod files;

/// What is recorded of modes, by how many processes, and what is read of it?
mod modes;

/// Does any sequence of transactions leave what it leaves in the store in memory, which tests of handling build on?
mod model;

/// What do sessions see of each other, and what is left of a transaction that ends early?
mod transactions;

fn open(path: &Path) -> SqliteHandlerStore {
    SqliteHandlerStore::open(path).unwrap()
}

fn session(store: &SqliteHandlerStore) -> Box<dyn HandlerSession> {
    store.session(Durability::Later).unwrap()
}

/// Changes the store in one transaction.
fn write(store: &SqliteHandlerStore, change: impl FnOnce(&mut dyn HandlerTransaction)) {
    let mut session = session(store);
    let mut transaction = session.begin().unwrap();
    change(&mut *transaction);
    transaction.commit().unwrap();
}

/// The positions of a handler in all streams, as a session of its own finds them.
fn positions(store: &SqliteHandlerStore, handler: &str) -> Vec<i64> {
    let mut session = session(store);
    let progress = session.snapshot().unwrap().progress(handler).unwrap();
    progress.iter().map(|progress| progress.position.get()).collect()
}

fn at(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap()
}

fn handler(name: &str) -> HandlerRow {
    HandlerRow {
        name: name.to_owned(),
        kind: HandlerKind::Projection,
        version: 1,
        state: HandlerState::Running,
        state_reason: None,
        created_at: at(1_761_386_400_250_000),
    }
}

fn progress(position: i64) -> StreamProgress {
    StreamProgress {
        stream: StreamId::single(),
        position: Position::new(position),
        event_id: EventId::new(format!("e{position}")).unwrap(),
        updated_at: at(position),
        detail: None,
    }
}

fn failure(position: i64, state: FailureState) -> Failure {
    Failure {
        stream: StreamId::single(),
        position: Position::new(position),
        event_id: EventId::new(format!("e{position}")).unwrap(),
        event_type: "TaskCreated".to_owned(),
        aggregate_id: Some(AggregateId::new("T1")),
        state,
        attempts: 1,
        next_attempt_at: (state == FailureState::Retrying).then(|| at(position)),
        first_failed_at: Some(at(1_761_386_400_250_000)),
        last_failed_at: None,
        error: Some("could not send: connection refused".to_owned()),
        resolved_at: None,
        resolved_by: None,
    }
}
