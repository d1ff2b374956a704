//! Stores that cannot be used: what is said, and exit code 4.

#[cfg(unix)]
use std::os::unix::fs::PermissionsExt;

use mission_events::internals::infrastructure::sqlite::SqliteEventRepository;
use rusqlite::Connection;

use super::{STORES, seed, two_tasks};
use crate::support::test_dir::TestDir;
use crate::support::{cli, utc, write};

const MISSING: &str =
    "`mission-events status` shows where stores are looked for and why, --store names another";

#[test]
fn a_missing_store_is_not_an_empty_one() {
    let dir = TestDir::new();
    let missing = |path| format!("error: there is no store at {path}: {MISSING}\n");
    cli(&dir).run("--store none.db events recent").fails(4, &missing("none.db"));
    cli(&dir).run("--store none.db -q status").fails(4, &missing("none.db"));
    cli(&dir).run("events recent").fails(4, &missing("data/events"));
    cli(&dir)
        .env("MISSION_CONTROL_STORAGE_BACKEND", "sqlite")
        .run("events recent")
        .fails(4, &missing("data/events.db"));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "a query makes nothing");
}

#[test]
fn a_text_file_is_no_store() {
    let dir = TestDir::new();
    write(&dir, "notes.txt", "[1] \u{1b}[2Jremember the milk");
    cli(&dir).run("--store notes.txt events recent").fails(
        4,
        "error: notes.txt is no store: expected a folder of daily JSONL files or a SQLite database, \
         found a file that begins with \"[1] \\u{1b}[2Jremember\"\n",
    );
    cli(&dir)
        .env("MISSION_CONTROL_STORAGE_BACKEND", "sqlite")
        .env("MISSION_CONTROL_SQLITE_PATH", "notes.txt")
        .run("events recent")
        .fails(4, "error: notes.txt is not a SQLite database: name another file, or move this one away\n");
}

#[test]
fn a_database_of_another_program_is_refused() {
    let dir = TestDir::new();
    Connection::open(dir.join("bank.db")).unwrap().execute_batch("CREATE TABLE accounts (id)").unwrap();
    cli(&dir).run("--store bank.db events recent").fails(
        4,
        "error: bank.db is a SQLite database, but not one of this program (application_id 0x00000000, \
         expected 0x4d457674): name another file\n",
    );
}

#[test]
fn a_store_of_a_newer_version_is_refused() {
    let dir = TestDir::new();
    drop(SqliteEventRepository::open(dir.join("events.db"), utc()).unwrap());
    let database = Connection::open(dir.join("events.db")).unwrap();
    database.execute("UPDATE refinery_schema_history SET version = version + 100", []).unwrap();
    let newest = "SELECT max(version) FROM refinery_schema_history";
    let raised: i64 = database.query_row(newest, [], |row| row.get(0)).unwrap();
    let known = raised - 100;
    let run = cli(&dir).run("--store events.db events recent");
    let said = format!(
        "error: events.db has schema version {raised}, this program knows versions up to {known}: use the \
         newer program that wrote it\n"
    );
    run.fails(4, &said);
}

#[test]
fn a_database_that_holds_nothing_is_told_with_both_ways_out_and_is_not_of_another_program() {
    let dir = TestDir::new();
    write(&dir, "events.db", "");
    cli(&dir).run("--store events.db events recent").fails(
        4,
        "error: events.db holds nothing: where it was a store, something has emptied it, and `mission-events restore --from` a \
         backup brings it back; a new one is made by the first command that writes to it, such as import-legacy\n",
    );
}

#[test]
fn a_folder_without_day_files_is_empty_and_warned_of() {
    let dir = seed(&two_tasks());
    let run = cli(&dir).run("--store . events recent");
    assert_eq!((run.code, run.stdout.as_str()), (0, ""));
    assert_eq!(
        run.stderr,
        "warning: . has no file events-YYYY-MM-DD.jsonl: the store is empty, or this is another folder\n"
    );
}

#[cfg(unix)]
#[test]
fn what_permissions_forbid_is_said_once_and_with_a_way_out() {
    use crate::support::cli::cli_without_privileges;

    let dir = seed(&two_tasks());
    std::fs::create_dir(dir.join("shelf")).unwrap();
    std::fs::rename(dir.join("events.db"), dir.join("shelf/events.db")).unwrap();
    let program = || cli_without_privileges(&dir);
    let allow = |name: &str, mode| {
        std::fs::set_permissions(dir.join(name), PermissionsExt::from_mode(mode)).unwrap();
    };
    program();
    allow("shelf", 0o555);
    allow("daily", 0o000);
    let run = program().run("--store shelf/events.db events recent");
    assert_eq!((run.code, run.stdout.as_str()), (4, ""));
    assert!(
        run.stderr.starts_with(
            "error: could not open shelf/events.db: even to be read, it needs -wal and -shm files beside it, \
             and nothing may be written in its folder: allow that, or use a copy in another folder\n"
        ),
        "{}",
        run.stderr
    );
    program().run("--store daily events recent").fails(
        4,
        "error: could not open the JSONL store\n  caused by: could not list daily\n  \
         caused by: Permission denied (os error 13)\n",
    );
    allow("shelf", 0o755);
    allow("daily", 0o755);
}

#[test]
fn a_damaged_line_stops_a_query_that_has_to_read_it() {
    let dir = seed(&two_tasks());
    write(&dir, "daily/events-2025-10-20.jsonl", "{\"event_id\": oops}\n");
    let run = cli(&dir).run("--store daily events of T1");
    assert_eq!((run.code, run.stdout.as_str()), (4, ""));
    assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
    assert!(run.stderr.contains("events-2025-10-20.jsonl"), "{}", run.stderr);
}

#[test]
fn a_store_is_known_by_its_content_and_not_by_its_name() {
    let dir = seed(&two_tasks());
    std::fs::rename(dir.join("events.db"), dir.join("events.jsonl")).unwrap();
    std::fs::rename(dir.join("daily"), dir.join("daily.db")).unwrap();
    for store in ["events.jsonl", "daily.db"] {
        let found = cli(&dir).run(&format!("--store {store} events show e2 --raw")).result();
        assert!(found.starts_with("{\"event_id\": \"e2\""), "{found}");
    }
}

#[test]
fn a_query_changes_nothing_in_a_store() {
    let dir = seed(&two_tasks());
    let content = |name: &str| std::fs::read(dir.join(name)).unwrap();
    let files = ["events.db", "daily/events-2025-10-21.jsonl"];
    let before = files.map(content);
    for store in STORES {
        cli(&dir).run(&format!("--store {store} events recent")).result();
    }
    assert!(before == files.map(content));
}

#[test]
fn a_torn_line_is_warned_of_and_the_rest_is_given() {
    let dir = seed(&two_tasks()[..1]);
    let written = std::fs::read_to_string(dir.join("daily/events-2025-10-20.jsonl")).unwrap();
    write(&dir, "daily/events-2025-10-20.jsonl", format!("{written}{{\"event_id\": \"e2\", \"ti"));
    let run = cli(&dir).run("--store daily events recent --raw");
    assert_eq!((run.code, run.stdout), (0, written));
    assert!(run.stderr.starts_with("warning: "), "{}", run.stderr);
    assert!(run.stderr.contains("events-2025-10-20.jsonl"), "{}", run.stderr);
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
}
