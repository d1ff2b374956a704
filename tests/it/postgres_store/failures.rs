//! What the program answers where a server does not let it do its work: what was expected, the way out, exit code 4; and the store is as it
//! was.

use mission_events::internals::domain::error_chain::error_chain;
use mission_events::internals::domain::repository::EventRepository;

use super::{open, schema, try_open};
use crate::support::cli::{Cli, Run, cli};
use crate::support::event;
use crate::support::postgres::Server;
use crate::support::test_dir::TestDir;
use crate::support::until;

const EVENT: &str = r#"{"event_id": "new", "event_type": "TaskCreated", "timestamp": "2025-10-25T10:00:00+00:00", "aggregate_id": "T1", "title": "x"}"#;

pub(super) fn on(dir: &TestDir, url: &str) -> Cli {
    cli(dir)
        .env("MISSION_CONTROL_USE_NEW_EVENT_SYSTEM", "true")
        .env("MISSION_CONTROL_STORAGE_BACKEND", "postgres")
        .env("MISSION_CONTROL_POSTGRES_URL", url)
}

pub(super) fn dispatch(program: Cli, event: &str) -> Run {
    program.run_with(["-q", "dispatch", event])
}

/// The URL for another user.
fn of_user(url: &str, user: &str) -> String {
    url.replace("postgres://postgres@", &format!("postgres://{user}@"))
}

fn events(server: &Server, url: &str) -> String {
    server.psql(&format!("SELECT count(*) FROM {}.events", schema(url)))
}

#[test]
fn who_is_not_let_in_or_may_not_do_it_is_told_what_allows_it() {
    let (dir, server) = (TestDir::new(), Server::start_with_passwords());
    let url = server.url("&schema=mission_events");
    open(&url).save_event(&event("e1").build()).unwrap();
    let grants = "postgres grants --owner postgres --writer writing --reader reading";
    server.psql("CREATE ROLE writing LOGIN PASSWORD 'sesame'; CREATE ROLE reading LOGIN PASSWORD 'sesame'; CREATE ROLE stranger LOGIN PASSWORD 'sesame'");
    server.psql(&cli(&dir).run(&format!("--store {url} {grants}")).result());
    let by = |user: &str, password: &str| on(&dir, &of_user(&url, user)).env("PGPASSWORD", password);
    let not_let_in = "did not let the user in: give the password in PGPASSWORD or in the file of PGPASSFILE";
    for (user, password, said) in [
        ("writing", "wrong", not_let_in),
        ("writing", "", not_let_in),
        ("nobody", "sesame", not_let_in),
        ("reading", "sesame", "`mission-events postgres grants` prints what allows it"),
        ("stranger", "sesame", "permission denied for the schema of"),
    ] {
        let run = dispatch(by(user, password), EVENT);
        assert!(!run.stderr.contains("sesame") && !run.stderr.contains("wrong"), "{}", run.stderr);
        run.code_is(4, said);
    }
    assert_eq!(events(&server, &url), "1\n");
    dispatch(by("writing", "sesame"), EVENT).result();
    assert_eq!(events(&server, &url), "2\n");
}

#[test]
fn what_is_no_store_for_this_program_is_named_and_left_alone() {
    let (dir, server) = (TestDir::new(), Server::start());
    let [newer, other] = ["newer", "other"].map(|name| server.url(&format!("&schema={name}")));
    open(&newer).save_event(&event("e1").build()).unwrap();
    server.psql("UPDATE newer.refinery_schema_history SET version = 99 WHERE version = 1");
    server.psql("CREATE SCHEMA other; CREATE TABLE other.events (id integer)");
    server.psql("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
    let latin = server.url("").replace("/postgres?", "/latin?");
    for (url, said) in [
        (&newer, "has schema version 99, this program knows versions up to"),
        (&other, "has tables, but not those of this program: name another schema"),
        (
            &latin,
            "has the encoding LATIN1, in which not every event can be kept: create one with ENCODING 'UTF8'",
        ),
    ] {
        dispatch(on(&dir, url), EVENT).code_is(4, said);
        on(&dir, url).run("-q events recent").code_is(4, said);
    }
    assert_eq!((events(&server, &newer), events(&server, &other)), ("1\n".to_owned(), "0\n".to_owned()));
    let standby = server.standby(server.folder());
    let alone = standby.url("&schema=mission_events");
    dispatch(on(&dir, &alone), EVENT).code_is(4, "takes no changes: it is a standby");
}

#[test]
fn where_no_connection_is_left_that_is_told_with_the_ways_out_and_a_writer_waits_for_one() {
    let (dir, server) = (TestDir::new(), Server::start());
    let url = server.url("&schema=mission_events");
    drop(open(&url));
    server.psql("CREATE ROLE limited LOGIN CONNECTION LIMIT 2");
    server.psql(
        &cli(&dir)
            .run(&format!("--store {url} postgres grants --owner postgres --writer limited --reader limited"))
            .result(),
    );
    let url = of_user(&url, "limited");
    let repository = open(&url);
    let said = "has no connection left: end some that are not needed, or raise max_connections";
    dispatch(on(&dir, &url), EVENT).code_is(4, said);
    on(&dir, &url).run("-q events recent").code_is(4, said);
    assert!(error_chain(&try_open(&url).err().unwrap()).contains("too many connections for role"));
    repository.save_event(&event("e1").build()).unwrap();
    // A connection that is lost is made again once one is free.
    std::thread::scope(|scope| {
        let of_limited = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'limited'";
        server.psql("ALTER ROLE limited CONNECTION LIMIT 0");
        server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'limited'");
        until("they are gone", || server.psql(of_limited) == "0\n");
        let save = scope.spawn(|| repository.save_event(&event("e2").build()));
        std::thread::sleep(std::time::Duration::from_millis(300));
        assert!(!save.is_finished(), "{:?}", save.join());
        server.psql("ALTER ROLE limited CONNECTION LIMIT 2");
        assert_eq!(save.join().unwrap().unwrap().get(), 2);
    });
}

#[test]
fn a_server_that_restarts_is_waited_for_by_who_appends_and_told_to_who_comes_meanwhile() {
    let (dir, server) = (TestDir::new(), Server::start());
    let url = server.url("&schema=mission_events");
    let repository = open(&url);
    repository.save_event(&event("e1").build()).unwrap();
    server.restart();
    assert_eq!(repository.save_event(&event("e2").build()).unwrap().get(), 2);
    assert_eq!(repository.summary().unwrap().events, 2);
    server.kill();
    let away = dispatch(on(&dir, &url), EVENT);
    away.code_is(4, "is the server running there, and does it take connections?");
    server.start_again();
    dispatch(on(&dir, &url), EVENT).result();
    assert_eq!(events(&server, &url), "3\n");
}
