//! Who may do what: as `postgres grants` prints it.

use mission_events::internals::domain::error_chain::error_chain;
use mission_events::internals::domain::repository::EventRepository;

use super::{open, schema, try_open};
use crate::support::cli::cli;
use crate::support::event;
use crate::support::postgres::server;
use crate::support::test_dir::TestDir;

#[test]
fn a_writer_appends_and_changes_nothing_and_a_reader_reads() {
    let url = server().new_store();
    let schema = schema(&url);
    server().psql("CREATE ROLE the_owner LOGIN; CREATE ROLE the_writer LOGIN; CREATE ROLE the_reader LOGIN; CREATE ROLE a_stranger LOGIN");
    let grant = || {
        let dir = TestDir::new();
        let grants = "postgres grants --owner the_owner --writer the_writer --reader the_reader";
        server().psql(&cli(&dir).run(&format!("--store {url} {grants}")).result());
    };
    let by = |role: &str| url.replace("postgres://postgres@", &format!("postgres://{role}@"));
    grant();
    // A writer makes no store.
    let refusal = error_chain(&try_open(&by("the_writer")).err().unwrap());
    assert!(
        refusal.contains("the user has to own the schema") && refusal.contains("permission denied"),
        "{refusal}"
    );
    open(&by("the_owner")).save_event(&event("e1").build()).unwrap();
    grant();

    let writer = open(&by("the_writer"));
    assert_eq!(writer.save_events(&[event("e2").build(), event("e3").build()]).unwrap().len(), 2);
    assert_eq!(writer.save_event(&event("e4").build()).unwrap().get(), 4);
    assert_eq!(writer.summary().unwrap().events, 4);
    let insert = "INSERT INTO events VALUES (9, 'x', 'A', now(), NULL, '{}', 'native', now(), false)";
    let changes = [
        insert,
        "UPDATE events SET body = ''",
        "DELETE FROM events",
        "TRUNCATE events",
        "ALTER TABLE events DISABLE TRIGGER ALL",
        "DROP TABLE events",
        "UPDATE store SET format = ''",
        "CREATE TABLE mine (id integer)",
    ];
    let run = |role: &str, sql: &str| server().try_psql(role, &format!("SET search_path = {schema}; {sql}"));
    let appends = [
        "SELECT append_events('{x}', '{A}', '{2025-10-25}', '{NULL}', '{\"{}\"}', '{NULL}', now(), false)",
        "SELECT append_event('x', 'A', '2025-10-25', NULL, '{}', NULL, now(), false)",
    ];
    for role in ["the_writer", "the_reader", "a_stranger"] {
        for sql in changes {
            let refusal = run(role, sql).expect_err(sql);
            assert!(
                refusal.contains("permission denied")
                    || refusal.contains("must be owner")
                    || refusal.contains("does not exist")
                    || refusal.contains("no schema has been selected"),
                "{role}, {sql}: {refusal}"
            );
        }
    }
    assert_eq!(run("the_reader", "SELECT count(*), count(json) FROM events_readable").unwrap(), "4|4\n");
    for append in appends {
        for role in ["the_reader", "a_stranger"] {
            run(role, append).expect_err("a reader does not append");
        }
        run("the_writer", &format!("BEGIN; {append}; ROLLBACK")).unwrap();
    }
    run("a_stranger", "SELECT 1 FROM events").expect_err("a stranger sees nothing");
    let reader = open(&by("the_reader"));
    let refusal = error_chain(&reader.save_event(&event("e5").build()).unwrap_err());
    assert!(refusal.contains("`mission-events postgres grants` prints what allows it"), "{refusal}");
    assert_eq!(run("the_writer", "SELECT count(*) FROM events").unwrap(), "4\n");
    for sql in changes
        .iter()
        .filter(|sql| sql.contains("events SET") || sql.contains("DELETE") || sql.contains("TRUNCATE"))
    {
        run("the_owner", sql).expect_err("an owner does not change events either");
    }
}
