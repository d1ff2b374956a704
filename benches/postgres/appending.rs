//! Events that are appended, one at a time by each thread.

use std::sync::Arc;
use std::time::Duration;

use mission_events::dispatch::{
    DispatchPorts, DispatchSettings, EventDispatcherService, Runner, RunnerSettings, SystemClock,
};
use mission_events::internals::application::handling::memory::MemoryHandlerStore;
use mission_events::{EventRepository, PostgresEventRepository};
use postgres::{Client, NoTls};

use crate::measure::measure;
use crate::support::postgres::Server;
use crate::support::postgres_proxy::Proxy;
use crate::table::{Must, Table};
use crate::workload::Events;
use crate::{Extent, filled, open};

type Worker = Box<dyn FnMut() + Send>;

/// How far away the standby is, each way.
const DISTANCE: Duration = Duration::from_millis(5);

/// How many threads, and what the project has set itself there.
const OVER_NAIVE: [(u64, f64); 3] = [(1, 0.8), (8, 1.2), (32, 2.0)];

const NAIVE: &str = "CREATE SCHEMA naive;
    CREATE TABLE naive.events (
        position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, event_id text COLLATE \"C\" NOT NULL,
        event_type text COLLATE \"C\" NOT NULL, occurred_at timestamptz NOT NULL, aggregate_id text COLLATE \"C\",
        body text COLLATE \"C\" NOT NULL, origin text NOT NULL, recorded_at timestamptz NOT NULL, id_derived boolean NOT NULL);
    INSERT INTO naive.events (event_id, event_type, occurred_at, aggregate_id, body, origin, recorded_at, id_derived)
        SELECT event_id, event_type, occurred_at, aggregate_id, body, origin, recorded_at, id_derived
        FROM mission_events.events ORDER BY position;
    CREATE UNIQUE INDEX ON naive.events (event_id);
    CREATE INDEX ON naive.events (event_type, occurred_at, position);
    CREATE INDEX ON naive.events (occurred_at, position);
    CREATE INDEX ON naive.events (aggregate_id, occurred_at, position) WHERE aggregate_id IS NOT NULL";
const INSERT: &str = "INSERT INTO naive.events
        (event_id, event_type, occurred_at, aggregate_id, body, origin, recorded_at, id_derived)
    VALUES ($1, $2, $3, $4, $5, 'native', now(), false) RETURNING position";

/// Measures and prints.
pub fn measure_all(server: &Server, extent: &Extent) {
    let store = Arc::new(filled(&server.url(""), extent.events));
    server.psql(NAIVE);
    server.psql("VACUUM ANALYZE");
    let primary = Server::start();
    let proxy = Proxy::before(&primary, DISTANCE);
    let _standby = primary.standby(proxy.sockets());
    let far = Arc::new(filled(&primary.url(""), extent.events));
    primary.wait_for_standby();

    let mut table = Table::default();
    for _ in 0..extent.rounds {
        for (threads, at_least) in OVER_NAIVE {
            let naive = format!("naive, {threads} threads");
            table.add(naive.clone(), &measure(inserting(server, threads), extent.time), None, None);
            let figures = measure(dispatching(&store, threads), extent.time);
            let must = Must { to: naive, at_least };
            table.add(format!("dispatch, {threads} threads"), &figures, Some(must), None);
        }
        let ungrouped = "far standby: ungrouped, 32 threads".to_owned();
        table.add(ungrouped.clone(), &measure(saving(&primary, 32), extent.time), None, None);
        let figures = measure(dispatching(&far, 32), extent.time);
        let must = Must { to: ungrouped, at_least: 10.0 };
        table.add("far standby: dispatch, 32 threads".to_owned(), &figures, Some(must), None);
    }
    table.print();
}

fn inserting(server: &Server, threads: u64) -> Vec<Worker> {
    let worker = |thread| -> Worker {
        let url = server.url("");
        let mut client = Client::connect(&url, NoTls).unwrap();
        let (insert, mut events) = (client.prepare(INSERT).unwrap(), Events::time_ordered(thread));
        Box::new(move || {
            let event = events.next();
            let aggregate = event.aggregate_id().map(|id| id.as_str());
            let (id, text) = (event.event_id().as_str(), event.body());
            client
                .query_one(&insert, &[&id, &event.event_type(), &event.timestamp(), &aggregate, &text])
                .unwrap();
        })
    };
    (0..threads).map(worker).collect()
}

fn saving(server: &Server, threads: u64) -> Vec<Worker> {
    let worker = |thread| -> Worker {
        let (store, mut events) = (open(&server.url("")), Events::time_ordered(thread));
        Box::new(move || {
            store.save_event(&events.next()).unwrap();
        })
    };
    (0..threads).map(worker).collect()
}

fn dispatching(store: &Arc<PostgresEventRepository>, threads: u64) -> Vec<Worker> {
    let store: Arc<dyn EventRepository> = Arc::<PostgresEventRepository>::clone(store);
    let clock = Arc::new(SystemClock::default());
    let handled = Arc::new(MemoryHandlerStore::default());
    let runner = Runner::new(Arc::clone(&store), handled, clock.clone(), RunnerSettings::default());
    let ports = DispatchPorts { turn: Box::new(()), clock };
    let dispatcher =
        Arc::new(EventDispatcherService::new(store, Arc::new(runner), ports, DispatchSettings::default()));
    let worker = |thread| -> Worker {
        let (dispatcher, mut events) = (Arc::clone(&dispatcher), Events::time_ordered(thread));
        Box::new(move || assert!(dispatcher.dispatch(events.next()).unwrap().succeeded()))
    };
    (0..threads).map(worker).collect()
}
