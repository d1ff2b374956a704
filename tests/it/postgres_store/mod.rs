//! What the PostgreSQL store promises beyond the port: its schema, its server, what it refuses, and what it outlives.

mod commands;
mod commits;
mod disk_full;
mod encrypted;
mod failures;
mod killed;
mod moving;
mod names;
mod one_event;
mod refused;
mod roles;
mod standby;

use mission_events::internals::infrastructure::postgres::{PostgresError, PostgresEventRepository};
use mission_events::internals::wire::zone::Zone;

use crate::support::postgres::{Server, address};

/// The store of a URL, made where there is none.
fn open(url: &str) -> PostgresEventRepository {
    try_open(url).unwrap_or_else(|error| panic!("{url}: {error:?}"))
}

fn try_open(url: &str) -> Result<PostgresEventRepository, PostgresError> {
    PostgresEventRepository::open(address(url), Zone::utc(), false)
}

/// The schema that a URL names.
fn schema(url: &str) -> &str {
    url.rsplit_once("schema=").unwrap().1
}

#[test]
fn a_server_ends_with_the_process_that_started_it() {
    let server = Server::start();
    let folder = server.folder().to_owned();
    assert_eq!(server.psql("SELECT 1"), "1\n");
    // The end of this process closes the same pipe, however it comes.
    drop(server);
    crate::support::until("the folder of the server is gone", || !folder.exists());
}
