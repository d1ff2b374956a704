//! What is not a store, or not one that can be used: refused with the way out, and left as it is.

use mission_events::internals::domain::error_chain::error_chain;
use mission_events::internals::domain::repository::EventRepository;
use mission_events::internals::infrastructure::postgres::PostgresEventRepository;
use mission_events::internals::wire::zone::Zone;

use super::{open, schema, try_open};
use crate::support::event;
use crate::support::postgres::{address, server};

fn refusal(url: &str) -> String {
    try_open(url).err().map(|error| error_chain(&error)).unwrap_or_else(|| panic!("{url} was opened"))
}

#[test]
fn events_are_not_changed_removed_or_emptied_even_by_their_owner() {
    let url = server().new_store();
    let repository = open(&url);
    repository.save_event(&event("e1").build()).unwrap();
    for sql in [
        "UPDATE events SET body = ''",
        "DELETE FROM events",
        "TRUNCATE events",
        "DELETE FROM store",
        "TRUNCATE store",
    ] {
        let refusal =
            server().try_psql("postgres", &format!("SET search_path = {}; {sql}", schema(&url))).unwrap_err();
        assert!(refusal.contains("are never changed or removed"), "{sql}: {refusal}");
    }
    assert_eq!(repository.summary().unwrap().events, 1);
}

#[test]
fn a_schema_of_another_program_is_refused_and_left_alone() {
    for table in ["notes (id integer)", "store (id integer)", "store (format text)"] {
        let url = server().new_store();
        server().psql(&format!("CREATE SCHEMA {0}; CREATE TABLE {0}.{table}", schema(&url)));
        assert!(
            refusal(&url).contains("has tables, but not those of this program: name another schema"),
            "{table}"
        );
        let tables = format!("SELECT count(*) FROM pg_tables WHERE schemaname = '{}'", schema(&url));
        assert_eq!(server().psql(&tables), "1\n");
    }
}

#[test]
fn what_the_promises_rest_on_is_looked_at_when_a_store_is_opened() {
    for (change, said) in [
        ("ALTER TABLE events DISABLE TRIGGER events_refuse_change", "events_pkey, events_refuse_truncate"),
        (
            "DROP TRIGGER store_refuse_removal ON store",
            "found events_by_id, events_pkey, events_refuse_change, events_refuse_truncate, twins_by_id",
        ),
        ("DROP INDEX events_by_id", "found events_pkey"),
        ("DROP INDEX twins_by_id", "store_refuse_removal, twins_by_position, twins_pkey"),
        ("ALTER TABLE twins DISABLE TRIGGER twins_refuse_change", "twins_pkey, twins_refuse_truncate;"),
        ("CREATE RULE swallow AS ON INSERT TO events DO INSTEAD NOTHING", "swallow"),
        ("CREATE TRIGGER mine BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION refuse_change()", "mine"),
        (
            "UPDATE refinery_schema_history SET version = 99 WHERE version = 1",
            "has schema version 99, this program knows versions up to 3",
        ),
        (
            "UPDATE refinery_schema_history SET applied_on = 'x'",
            "version 1: expected a time, found Some(\"x\")",
        ),
        ("UPDATE refinery_schema_history SET checksum = 'x'", "version 1: expected a checksum"),
        ("DROP TABLE refinery_schema_history", "the table refinery_schema_history is missing"),
        ("UPDATE store SET format = 'other 1'", "not those of this program"),
    ] {
        let url = server().new_store();
        open(&url).save_event(&event("e1").build()).unwrap();
        server().psql(&format!("SET search_path = {}; {change}", schema(&url)));
        let told = refusal(&url);
        assert!(told.contains(said), "{change}: {told}");
        let reading = PostgresEventRepository::open_for_reading(address(&url), Zone::utc());
        assert!(reading.is_err(), "{change}");
    }
}

#[test]
fn a_database_of_another_encoding_is_refused() {
    server().psql("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
    let url = server().url("").replace("/postgres?", "/latin?");
    assert!(refusal(&url).contains("has the encoding LATIN1"), "{}", refusal(&url));
}

#[test]
fn a_store_that_is_not_there_is_missing_for_a_reader_and_made_by_a_writer() {
    let url = server().new_store();
    let missing = PostgresEventRepository::open_for_reading(address(&url), Zone::utc()).err().unwrap();
    assert!(error_chain(&missing).starts_with("there is no store at postgres://"), "{missing:?}");
    let schemas = format!("SELECT count(*) FROM pg_namespace WHERE nspname = '{}'", schema(&url));
    assert_eq!(server().psql(&schemas), "0\n", "a reader makes nothing");
    // Eight at once.
    let opened = || {
        open(&url).save_event(&event("e1").build()).unwrap();
    };
    std::thread::scope(|scope| (0..8).for_each(|_| drop(scope.spawn(opened))));
    assert_eq!(open(&url).summary().unwrap().events, 1);
}

#[test]
fn who_is_not_let_in_is_told_what_to_do() {
    let url = server().url("").replace("postgres://postgres@", "postgres://nobody@");
    let told = refusal(&url);
    assert!(told.contains("did not let the user in: give the password in PGPASSWORD"), "{told}");
    let away = "postgres://me@localhost:1/db";
    let told = refusal(away);
    assert!(
        told.contains("could not connect to postgres://me@localhost:1/db") && told.contains("refused"),
        "{told}"
    );
}

#[test]
fn a_server_whose_sessions_are_read_only_takes_no_changes() {
    let url = server().new_store();
    drop(open(&url));
    server().psql(
        "CREATE ROLE standby LOGIN SUPERUSER; ALTER ROLE standby SET default_transaction_read_only = on",
    );
    let url = url.replace("postgres://postgres@", "postgres://standby@");
    assert!(refusal(&url).contains("takes no changes: it is a standby"), "{}", refusal(&url));
    assert!(PostgresEventRepository::open_for_reading(address(&url), Zone::utc()).is_ok(), "it can be read");
}

#[test]
fn nothing_is_appended_without_the_standby_that_is_asked_for() {
    let url = server().new_store();
    let repository = PostgresEventRepository::open(address(&url), Zone::utc(), true).unwrap();
    let refusal = error_chain(&repository.save_event(&event("e1").build()).unwrap_err());
    assert!(
        refusal.contains("no synchronous standby is configured (synchronous_standby_names)"),
        "{refusal}"
    );
    assert_eq!(repository.summary().unwrap().events, 0);
}
