//! Commits: in order, on disk, and seen by who follows.

use mission_events::conformance::{StoreUnderTest, check};
use mission_events::internals::domain::repository::{EventRepository, EventRepositoryExt};
use mission_events::internals::infrastructure::postgres::PostgresEventRepository;
use mission_events::internals::wire::zone::Zone;

use super::{open, schema};
use crate::conformance::panics_quietly;
use crate::support::event;
use crate::support::postgres::{address, server};

const FOLLOWING: &str = "concurrency::a_reader_that_follows_while_threads_save_misses_nothing";

/// `append_events` as many write it: positions are those of a sequence, and transactions end in any order.
const FROM_A_SEQUENCE: &str = "
    CREATE SEQUENCE positions;
    CREATE OR REPLACE FUNCTION append_events(
        event_ids text[], event_types text[], times timestamptz[], aggregate_ids text[], bodies text[], names text[],
        recorded timestamptz, needs_standby boolean,
        OUT place bigint, OUT stored_at bigint, OUT stored_body text, OUT stored_when timestamptz
    ) RETURNS SETOF record LANGUAGE plpgsql AS $$
    BEGIN
        stored_at := nextval('positions');
        INSERT INTO events VALUES (stored_at, event_ids[1], event_types[1], times[1], aggregate_ids[1], bodies[1], 'native',
            recorded, false);
        -- One transaction ends late: when later positions are there, and were read.
        IF stored_at = 2 THEN
            WHILE (SELECT max(position) FROM events) < 10 LOOP
                PERFORM pg_sleep(0.01);
            END LOOP;
            PERFORM pg_sleep(0.5);
        END IF;
        RETURN NEXT;
    END $$;
    CREATE OR REPLACE FUNCTION append_event(
        id text, type text, occurred timestamptz, aggregate text, text_of_it text, names text,
        recorded timestamptz, needs_standby boolean
    ) RETURNS bigint LANGUAGE sql AS 'SELECT NULL::bigint';";

struct Sequenced(String);

impl StoreUnderTest for Sequenced {
    fn open(&self) -> Box<dyn EventRepository> {
        Box::new(PostgresEventRepository::open(address(&self.0), Zone::utc(), false).unwrap())
    }
}

#[test]
fn positions_from_a_sequence_are_rejected_by_the_clause_on_following() {
    let url = server().new_store();
    drop(open(&url));
    server().psql(&format!("SET search_path = {}; {FROM_A_SEQUENCE}", schema(&url)));
    assert!(panics_quietly(|| check(FOLLOWING, |_| Sequenced(url.clone()))), "a gap was to be skipped");
}

#[test]
fn positions_count_from_1_without_gaps_whatever_fails_between() {
    let url = server().new_store();
    let repository = open(&url);
    repository.save_event(&event("e1").build()).unwrap();
    repository.save_events(&[event("e2").build(), event("e1").about("T9").build()]).unwrap_err();
    server().psql(&format!(
        "BEGIN; SET LOCAL search_path = {}; SELECT append_events('{{x}}', '{{A}}', '{{2025-10-25}}', '{{NULL}}', '{{\"{{}}\"}}', '{{NULL}}', now(), false); ROLLBACK",
        schema(&url)
    ));
    repository.save_event(&event("e3").build()).unwrap();
    let positions = format!(
        "SELECT string_agg(position || event_id, ' ' ORDER BY position) FROM {}.events",
        schema(&url)
    );
    assert_eq!(server().psql(&positions), "1e1 2e3\n");
}

#[test]
fn a_commit_is_synchronous_whatever_the_session_and_the_role_say() {
    let url = server().new_store();
    drop(open(&url));
    let batch = "SELECT stored_at FROM append_events('{e1}', '{A}', '{2025-10-25}', '{NULL}', '{\"{}\"}', '{NULL}', now(), false)";
    let one = "SELECT append_event('e1', 'A', '2025-10-25', NULL, '{}', NULL, now(), false)";
    let shown = |append: &str, setting: &str| {
        let sql = format!(
            "BEGIN; SET LOCAL search_path = {}; SET LOCAL synchronous_commit = {setting}; {append}; SHOW synchronous_commit; ROLLBACK",
            schema(&url)
        );
        server().psql(&sql).lines().last().unwrap().to_owned()
    };
    for append in [batch, one] {
        for setting in ["off", "local", "remote_write", "on"] {
            assert_eq!(shown(append, setting), "on", "of {setting}, {append}");
        }
        assert_eq!(shown(append, "remote_apply"), "remote_apply", "what promises more stays: {append}");
    }
}

#[test]
fn another_isolation_level_by_default_changes_nothing_and_is_refused_by_hand() {
    let url = server().new_store();
    server().psql("CREATE ROLE repeatable LOGIN SUPERUSER; ALTER ROLE repeatable SET default_transaction_isolation = 'repeatable read'; ALTER ROLE repeatable SET synchronous_commit = off");
    let repository = open(&url.replace("postgres://postgres@", "postgres://repeatable@"));
    repository.save_event(&event("e1").build()).unwrap();
    repository.save_event(&event("e2").build()).unwrap();
    assert_eq!(repository.get_recent_events(10).unwrap().len(), 2);
    let by_hand = format!(
        "SET search_path = {}; SELECT append_events('{{x}}', '{{A}}', '{{2025-10-25}}', '{{NULL}}', '{{\"{{}}\"}}', '{{NULL}}', now(), false)",
        schema(&url)
    );
    let refusal = server().try_psql("repeatable", &by_hand).unwrap_err();
    assert!(refusal.contains("needs the isolation level read committed, not repeatable read"), "{refusal}");
}

#[test]
fn no_question_reads_the_whole_table() {
    let url = server().new_store();
    let repository = open(&url);
    let events: Vec<_> = (0..200).map(|number| event(&format!("e{number}")).about("T1").build()).collect();
    repository.save_events(&events).unwrap();
    for stored in repository.get_recent_events(3).unwrap() {
        for question in mission_events::conformance::questions::one_of_each_question(&repository, &stored) {
            assert!(!question.ask(&repository, 5).unwrap().is_empty(), "{question:?}");
        }
    }
    repository.save_event(&event("e7").about("T1").build()).unwrap();
    repository.summary().unwrap();
    drop(repository);
    // Counted by the server, once a session has ended.
    let scans = format!(
        "SELECT seq_scan, idx_scan > 20 FROM pg_stat_user_tables WHERE schemaname = '{}' AND relname = 'events'",
        schema(&url)
    );
    crate::support::until("the scans are counted", || server().psql(&scans).ends_with("t\n"));
    // Each of the five indexes has read the empty table when it was made.
    assert_eq!(server().psql(&scans), "5|t\n");
}
