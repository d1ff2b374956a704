//! The program on a store in PostgreSQL: what works on it, and what refuses it.

use crate::support::cli::{Cli, cli, write};
use crate::support::postgres::server;
use crate::support::test_dir::TestDir;

const EVENT: &str = r#"{"event_id": "e1", "event_type": "TaskCreated", "timestamp": "2025-10-25T10:00:00+00:00", "aggregate_id": "T1", "task_id": "T1", "title": "x"}"#;

/// The program whose active store is at that URL, in the mode of new events.
fn on(dir: &TestDir, url: &str) -> Cli {
    cli(dir)
        .env("MISSION_CONTROL_USE_NEW_EVENT_SYSTEM", "true")
        .env("MISSION_CONTROL_STORAGE_BACKEND", "postgres")
        .env("MISSION_CONTROL_POSTGRES_URL", url)
}

#[test]
fn events_are_dispatched_handled_queried_compared_and_exported() {
    let (dir, url) = (TestDir::new(), server().new_store());
    let missing = on(&dir, &url).run("-q events recent");
    assert_eq!(missing.code, 4, "{}", missing.stderr);
    assert!(
        missing.stderr.contains("there is no store at postgres://postgres@/postgres"),
        "{}",
        missing.stderr
    );
    for already in [false, true] {
        let answer = on(&dir, &url).run_with(["-q", "--format", "json", "dispatch", EVENT]).json();
        assert_eq!(
            (&answer["already_stored"], &answer["succeeded"]),
            (&already.into(), &true.into()),
            "{answer}"
        );
    }
    let raw = cli(&dir).run(&format!("-q --store {url} events show e1 --raw")).result();
    assert_eq!(raw, format!("{EVENT}\n"));
    let handlers = on(&dir, &url).run("-q handlers list --format json").json();
    assert!(
        handlers["handlers"].as_array().unwrap().iter().all(|handler| handler["behind"] == 0),
        "{handlers}"
    );
    let tasks = on(&dir, &url).run("-q tasks stats --format json").json();
    assert_eq!(tasks["events"], 1, "{tasks}");
    on(&dir, &url).run("-q handlers replay task_state").result();

    let status = on(&dir, &url).run("-q status --format json").json();
    let store = &status["store"];
    assert_eq!((&store["backend"], &store["events"]), (&"postgres".into(), &1.into()), "{store}");
    assert!(
        store["server"]
            .as_str()
            .unwrap()
            .contains("primary; acknowledged = on the disk of this server alone"),
        "{store}"
    );
    assert!(store["path"].as_str().unwrap() == url, "{store}");
    let doctor = on(&dir, &url).run("-q doctor");
    assert!([0, 1].contains(&doctor.code), "{}", doctor.stderr);

    let exported = on(&dir, &url).run("-q export --to out --format json").json();
    assert_eq!(exported["files"][0]["written"], true, "{exported}");
    assert_eq!(
        std::fs::read_to_string(dir.join("out/events-2025-10-25.jsonl")).unwrap(),
        format!("{EVENT}\n")
    );

    write(&dir, "log.jsonl", format!("{EVENT}\n"));
    let compared = on(&dir, &url).run("-q compare-logs log.jsonl --format json");
    assert_eq!(compared.code, 0, "{} {}", compared.stdout, compared.stderr);
    write(&dir, "other.jsonl", EVENT.replace("\"x\"", "\"y\""));
    let compared = on(&dir, &url).run("-q compare-logs other.jsonl --format json");
    assert_eq!(compared.code, 1, "{} {}", compared.stdout, compared.stderr);
    let recorded = on(&dir, &url).env("MISSION_CONTROL_LEGACY_EVENTS", "log.jsonl").run("-q compare-logs");
    assert_eq!(recorded.code, 0, "{} {}", recorded.stdout, recorded.stderr);
    let verified = on(&dir, &url).run("-q evidence verify");
    assert_eq!(verified.code, 0, "{} {}", verified.stdout, verified.stderr);
    let gate = on(&dir, &url).run("-q cutover-check");
    assert!([1, 3].contains(&gate.code), "{} {}", gate.stdout, gate.stderr);
}

#[test]
fn what_does_not_work_on_it_says_so_and_names_what_does_instead() {
    let (dir, url) = (TestDir::new(), server().new_store());
    write(&dir, "data/events.json", "[]");
    for (command, instead) in [
        ("import-legacy", "name one with --into"),
        ("rejects", "name one with --store"),
        ("rejects retry", "name one with --store"),
        ("archive --before 2025-01-01", "name their folder with --store"),
        ("backup --to backups", "pg_dump makes a copy of the schema"),
        ("verify", "pg_amcheck"),
        ("repair", "compare-logs says what is missing"),
        ("rehearse", "name one with --store"),
    ] {
        let run = on(&dir, &url).run(&format!("-q {command}"));
        assert_eq!(run.code, 2, "{command}: {}", run.stderr);
        let expected = "does not work on a store in PostgreSQL: ";
        assert!(run.stderr.contains(expected) && run.stderr.contains(instead), "{command}: {}", run.stderr);
    }
    let schemas = format!("SELECT count(*) FROM pg_namespace WHERE nspname = '{}'", super::schema(&url));
    assert_eq!(server().psql(&schemas), "0\n");
}

#[test]
fn a_bad_address_is_exit_2_and_no_password_is_shown() {
    let dir = TestDir::new();
    let with_password = "postgres://me:sesame@localhost/db";
    for (run, said) in [
        (cli(&dir).run(&format!("--store {with_password} status")), "PGPASSWORD"),
        (on(&dir, with_password).run("status"), "without a password"),
        (cli(&dir).run("--store postgres://me@localhost/db?sslmode=prefer events recent"), "sslmode=prefer"),
        (
            cli(&dir).env("MISSION_CONTROL_STORAGE_BACKEND", "postgres").run("status"),
            "storage.postgres_url: expected",
        ),
        (cli(&dir).run(&format!("compare-logs a.jsonl {with_password}")), "PGPASSWORD"),
        (cli(&dir).run(&format!("backup --to {with_password}")), "expected a path"),
    ] {
        assert_eq!(run.code, 2, "{}", run.stderr);
        assert!(run.stderr.contains(said), "{}", run.stderr);
        assert!(!format!("{}{}", run.stdout, run.stderr).contains("sesame"), "{}", run.stderr);
    }
}

#[test]
fn a_password_of_the_environment_is_used_and_not_shown() {
    let (dir, url) = (TestDir::new(), server().new_store());
    // The server trusts everybody: that it gets a password shows where nobody answers.
    let away = on(&dir, "postgres://me@localhost:1/db").env("PGPASSWORD", "sesame").run("-q events recent");
    assert_eq!(away.code, 4, "{}", away.stderr);
    assert!(
        away.stderr.contains("is the server running there") && !away.stderr.contains("sesame"),
        "{}",
        away.stderr
    );
    let status = on(&dir, &url).env("PGPASSWORD", "sesame").run("status");
    assert!(!format!("{}{}", status.stdout, status.stderr).contains("sesame"));
}
