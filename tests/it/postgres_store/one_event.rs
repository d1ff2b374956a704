//! The function that appends one event: with the rights, the promises and the refusals of that for batches.

use mission_events::conformance::questions::one_of_each_question;
use mission_events::internals::domain::repository::{EventRepository, EventRepositoryExt};

use super::{open, schema};
use crate::support::event;
use crate::support::postgres::server;

const V3: &str = include_str!("../../../postgres_migrations/V3__append_one_event.sql");
const CALL: &str = "append_event('x', 'A', '2025-10-25', NULL, '{}', NULL, now(), false)";

fn in_schema(url: &str, sql: &str) -> String {
    server().psql(&format!("SET search_path = {}; {sql}", schema(url)))
}

#[test]
fn a_store_of_the_version_before_gets_it_for_those_who_could_append() {
    let url = server().new_store();
    server().psql("CREATE ROLE old_writer LOGIN; CREATE ROLE old_reader LOGIN");
    open(&url).save_event(&event("e1").build()).unwrap();
    in_schema(
        &url,
        &format!(
            "DROP FUNCTION append_event; DELETE FROM refinery_schema_history WHERE version = 3;
             GRANT USAGE ON SCHEMA {} TO old_writer, old_reader; GRANT EXECUTE ON FUNCTION append_events TO old_writer",
            schema(&url)
        ),
    );
    assert_eq!(open(&url).save_event(&event("e2").build()).unwrap().get(), 2);
    let by = |role| server().try_psql(role, &format!("SET search_path = {}; SELECT {CALL}", schema(&url)));
    assert_eq!(by("old_writer").unwrap(), "3\n");
    assert!(by("old_reader").unwrap_err().contains("permission denied for function append_event"));
    let all_could = format!(
        "BEGIN; GRANT EXECUTE ON FUNCTION append_events TO PUBLIC; DROP FUNCTION append_event; {V3};
         SELECT has_function_privilege('old_reader', 'append_event'::regproc::oid, 'EXECUTE'); ROLLBACK"
    );
    assert_eq!(in_schema(&url, &all_could), "t\n");
}

#[test]
fn nothing_that_its_caller_has_made_is_run_by_it() {
    let url = server().new_store();
    drop(open(&url));
    let mine = format!("{}_mine", schema(&url));
    let operator = |name: &str, of: &str| {
        format!(
            "CREATE FUNCTION {mine}.mine({of}, {of}) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'run as %', current_user; END $$;
             CREATE OPERATOR {mine}.{name} (LEFTARG = {of}, RIGHTARG = {of}, FUNCTION = {mine}.mine);"
        )
    };
    let again = |name: &str, of: &str| {
        format!("CREATE OPERATOR {mine}.{name} (LEFTARG = {of}, RIGHTARG = {of}, FUNCTION = {mine}.mine);")
    };
    server().psql(&format!(
        "CREATE SCHEMA {mine}; {} {} {} {}
         CREATE FUNCTION {mine}.plus(bigint, integer) RETURNS bigint LANGUAGE sql AS 'SELECT 1 / ($2 - $2)::bigint';
         CREATE OPERATOR {mine}.+ (LEFTARG = bigint, RIGHTARG = integer, FUNCTION = {mine}.plus);
         CREATE FUNCTION {mine}.current_setting(text) RETURNS text LANGUAGE sql AS $$ SELECT 'mine'::text $$;
         CREATE TABLE {mine}.events (position bigint); CREATE TABLE {mine}.store (one boolean)",
        operator("=", "text"),
        again("<>", "text"),
        operator("=", "bigint"),
        again("<>", "bigint"),
    ));
    let append = format!("SET search_path = {mine}, pg_catalog; SELECT {}.{CALL}", schema(&url));
    assert_eq!(server().psql(&append), "1\n");
}

#[test]
fn it_leaves_to_the_other_what_is_known_and_what_is_refused() {
    let url = server().new_store();
    open(&url).save_event(&event("e1").build()).unwrap();
    let by = |before: &str, call: &str| in_schema(&url, &format!("{before}; SELECT {call} IS NULL"));
    for (before, is_left) in [
        ("BEGIN ISOLATION LEVEL REPEATABLE READ", "t"),
        ("BEGIN ISOLATION LEVEL SERIALIZABLE", "t"),
        ("BEGIN; UPDATE store SET moved_to = 'there'", "t"),
        ("BEGIN; UPDATE store SET copy_of = 'there'", "t"),
        (
            "BEGIN; INSERT INTO twins SELECT 1, 1, 'x', event_type, occurred_at, NULL, body, origin, recorded_at, false, 1, 0, 1, 'matched' FROM events",
            "t",
        ),
        ("BEGIN", "f"),
    ] {
        assert_eq!(by(before, CALL).trim(), is_left, "{before}");
    }
    assert_eq!(by("BEGIN", &CALL.replace("'x'", "'e1'")).trim(), "t", "a known id");
    assert_eq!(by("BEGIN", &CALL.replace("false", "true")).trim(), "t", "no standby is waited for");
    assert_eq!(in_schema(&url, "SELECT count(*) FROM events"), "1\n");
}

#[test]
fn every_question_walks_one_index_in_its_order_however_many_events_there_are() {
    let url = server().new_store();
    let repository = open(&url);
    let types = ["TaskCreated", "TaskUpdated"];
    let events: Vec<_> = (0..2_000)
        .map(|number: usize| {
            event(&format!("e{number}")).of_type(types[number % 2]).about(&format!("T{}", number / 9)).build()
        })
        .collect();
    repository.save_events(&events).unwrap();
    in_schema(&url, "ANALYZE events");
    let stored = repository.get_recent_events(1).unwrap().remove(0);
    for question in one_of_each_question(&repository, &stored) {
        question.ask(&repository, 5).unwrap();
        // As the session that has just answered was asked.
        let sql = server().psql(
            "SELECT query FROM pg_stat_activity WHERE query LIKE 'SELECT position, event_id%' ORDER BY query_start DESC LIMIT 1",
        );
        let arguments = (1..=9).filter(|number| sql.contains(&format!("${number}"))).count();
        let plan = in_schema(
            &url,
            &format!(
                "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off;
                 PREPARE question AS {}; EXPLAIN EXECUTE question({})",
                sql.trim(),
                vec!["NULL"; arguments].join(", ")
            ),
        );
        assert!(plan.contains("Index Scan"), "{question:?}: {plan}");
        for other in ["Seq Scan", "Sort", "Bitmap"] {
            assert!(!plan.contains(other), "{question:?}: {plan}");
        }
    }
}
