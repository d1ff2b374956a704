//! What lies around a log and is none of this program's, or does not have the form that is expected.

use std::fs;

use rusqlite::Connection;

use crate::support::cli::{cli, write};
use crate::support::test_dir::TestDir;

const LOG: &str = "{\"type\": \"A\", \"task_id\": \"1\", \"timestamp\": \"2025-10-25T10:00:00Z\"}\n";

#[test]
fn the_dotenv_of_another_program_stops_nothing_and_its_settings_hold() {
    let dir = TestDir::new();
    write(&dir, "log.jsonl", LOG.replace('Z', ""));
    write(
        &dir,
        ".env",
        "GREETING=good morning\nCONF={\"a\": 1}\nMOTD=don't\nMISSION_CONTROL_TIMEZONE=Europe/Berlin\n",
    );
    let said = cli(&dir).run("-q --format json import-legacy log.jsonl --into s.db").result();
    assert!(said.contains("\"imported\": 1"), "{said}");
    let listed = cli(&dir).run("-q --store s.db events recent").result();
    assert!(listed.contains("2025-10-25T08:00:00+00:00"), "{listed}");
}

#[cfg(unix)]
#[test]
fn a_pipe_or_a_device_in_the_place_of_settings_is_not_waited_for() {
    let dir = TestDir::new();
    assert!(std::process::Command::new("mkfifo").arg(dir.join("pipe")).status().unwrap().success());
    for (given, says) in [("pipe", "a named pipe"), ("/dev/zero", "a device")] {
        let refused = cli(&dir).run(&format!("--config {given} status"));
        refused.code_is(2, &format!("expected a file there, found {says}"));
    }
    fs::rename(dir.join("pipe"), dir.join(".env")).unwrap();
    let run = cli(&dir).run("status");
    assert_eq!(run.code, 0);
    let says = "no setting is read from .env: expected a file there, found a named pipe";
    assert!(run.stderr.contains(says), "{}", run.stderr);
}

#[test]
fn a_store_that_was_restored_from_its_dump_is_refused_with_the_statement_that_brings_it_back() {
    let dir = TestDir::new();
    write(&dir, "log.jsonl", LOG);
    cli(&dir).run("-q import-legacy log.jsonl --into s.db").result();
    // As a dump and a clone do.
    Connection::open(dir.join("s.db")).unwrap().pragma_update(None, "application_id", 0).unwrap();
    let told = "sqlite3 s.db \"PRAGMA application_id = 0x4d457674\"";
    for command in
        ["--store s.db events recent", "import-legacy log.jsonl --into s.db", "compare-logs log.jsonl s.db"]
    {
        cli(&dir).run(command).code_is(4, told);
    }
    Connection::open(dir.join("s.db")).unwrap().pragma_update(None, "application_id", 0x4d45_7674).unwrap();
    cli(&dir).run("-q --store s.db events recent").result();
}

#[test]
fn what_is_refused_as_a_store_gets_no_lock_beside_it() {
    let dir = TestDir::new();
    write(&dir, "log.jsonl", LOG);
    write(&dir, "notes.txt", "remember the milk");
    Connection::open(dir.join("bank.db")).unwrap().execute_batch("CREATE TABLE accounts (id)").unwrap();
    for store in ["notes.txt", "bank.db"] {
        cli(&dir).run(&format!("import-legacy log.jsonl --into {store}")).code_is(4, "name another file");
    }
    let mut names: Vec<_> =
        fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["bank.db", "log.jsonl", "notes.txt"]);
}

#[test]
fn a_uri_is_no_path_unless_a_file_has_that_name() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", LOG);
    for command in [
        "import-legacy file:a.jsonl --into s.db",
        "import-legacy a.jsonl --into file:s.db?mode=rwc",
        "--store file:s.db status",
        "compare-logs file:a.jsonl a.jsonl",
    ] {
        cli(&dir).run(command).code_is(2, "expected a path, found the URI file:");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    cli(&dir).run("-q import-legacy a.jsonl --into ./file:s.db").result();
    let listed = cli(&dir).run("-q --store file:s.db events recent").result();
    assert!(listed.contains("2025-10-25"), "{listed}");
    assert!(!dir.join("s.db").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_is_made_up_when_it_is_read_is_refused_and_not_taken_for_empty() {
    let dir = TestDir::new();
    cli(&dir).run("import-legacy /proc/self/status --into s.db").code_is(4, "its size is said to be 0");
    assert!(!dir.join("s.db").exists());
}

#[test]
fn arguments_are_shown_with_escapes_where_they_would_steer_the_terminal_or_are_not_seen() {
    let dir = TestDir::new();
    for (arguments, shown) in [
        (&["status", "--\u{1b}]0;x\u{7}"][..], "--\\u{1b}]0;x\\u{7}"),
        (&["--format", "\u{9b}31m", "status"], "\\u{9b}31m"),
        (&["compare-logs", "--tolerance", "5\u{202e}s"], "5\\u{202e}s"),
        (&["\u{200b}status"], "\\u{200b}status"),
    ] {
        let said = cli(&dir).run_with(arguments);
        said.code_is(2, shown);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn logs_whose_names_are_not_utf8_are_told_apart_and_come_back_under_their_names() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let dir = TestDir::new();
    let names = [b'\xff', b'\xfe'].map(|byte| [b"events-".as_slice(), &[byte], b".jsonl"].concat());
    let shown = ["events-\\xFF.jsonl", "events-\\xFE.jsonl"];
    fs::create_dir(dir.join("d")).unwrap();
    for (number, name) in names.iter().enumerate() {
        fs::write(
            dir.join("d").join(OsStr::from_bytes(name)),
            LOG.replace("\"1\"", &format!("\"{number}\"")),
        )
        .unwrap();
    }
    for imported in [1, 0] {
        let report = cli(&dir).run("-q --format json import-legacy d --into s.db").json();
        let sources = report["sources"].as_array().unwrap();
        assert_eq!(sources.len(), 2);
        for source in sources {
            let path = source["path"].as_str().unwrap();
            assert!(shown.iter().any(|shown| path.ends_with(shown)), "{path}");
            assert_eq!(source["imported"], imported);
        }
    }
    cli(&dir).run("-q --store s.db export --to e").result();
    for name in &names {
        let name = OsStr::from_bytes(name);
        assert_eq!(fs::read(dir.join("e").join(name)).unwrap(), fs::read(dir.join("d").join(name)).unwrap());
    }
    let compared = cli(&dir).run("-q --format json compare-logs d d").json();
    let file = compared["control"]["files"][0]["path"].as_str().unwrap();
    assert!(shown.iter().any(|shown| file.ends_with(shown)), "{file}");
}

#[test]
fn times_that_are_numbers_are_told_with_the_flags_that_read_them_and_a_unit_that_does_not_fit_with_their_range()
 {
    let dir = TestDir::new();
    let record = |at: &str| format!("{{\"type\": \"A\", \"task_id\": \"1\", \"timestamp\": {at}}}\n");
    write(&dir, "log.jsonl", record("1761386400.5") + &record("1761386400123"));
    let rejected = cli(&dir).run("-q import-legacy log.jsonl --into s.db");
    let flags =
        "--event-type type --event-id none --aggregate task_id --timestamp timestamp --timestamp-unit";
    assert!(rejected.code == 1 && rejected.stdout.contains(flags), "{}", rejected.stdout);
    let read = cli(&dir).run(&format!("--format json import-legacy log.jsonl --into t.db {flags} ms"));
    let report: serde_json::Value = serde_json::from_str(&read.stdout).unwrap();
    assert_eq!(report["mapped_times"]["first"], "1970-01-21T09:16:26.400500Z");
    let range = "lie between 1970-01-21T09:16:26.400500+00:00 and 2025-10-25T10:00:00.123000+00:00";
    assert!(read.stderr.contains(range), "{}", read.stderr);
    write(&dir, "sound.jsonl", record("1761386400"));
    let sound = cli(&dir).run(&format!("import-legacy sound.jsonl --into u.db {flags} s"));
    assert!(!sound.stderr.contains("lie between"), "{}", sound.stderr);
}
