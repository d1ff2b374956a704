//! The exit code of every command is that of its answer, whatever becomes of the output.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::process::Stdio;

use mission_events::internals::cli::command;
use rusqlite::Connection;

use super::tasks::write_read_models;
use crate::support::cli::{Cli, Run, cli, write};
use crate::support::test_dir::TestDir;

/// A command line, the command that it is of, and its exit code.
struct Case {
    command: &'static str,
    line: &'static str,
    code: i32,
    /// What is said where the result cannot be written: what was done, and what was found.
    summary: &'static str,
}

const fn case(command: &'static str, line: &'static str, code: i32, summary: &'static str) -> Case {
    Case { command, line, code, summary }
}

const CASES: &[Case] = &[
    case(
        "import-legacy",
        "import-legacy good.jsonl --into new.db",
        0,
        "2 of 2 records were imported, 0 rejected; new.db holds 2",
    ),
    case(
        "import-legacy",
        "import-legacy bad.jsonl --into new.db",
        1,
        "1 of 2 records were imported, 1 rejected; new.db holds 1",
    ),
    case(
        "import-legacy",
        "import-legacy bad.jsonl --into store.db",
        1,
        "0 of 2 records were imported, 1 rejected; store.db holds 1",
    ),
    case(
        "import-legacy",
        "import-legacy bad.jsonl --into new.db --strict",
        1,
        "nothing was imported: the import was refused",
    ),
    case(
        "import-legacy",
        "import-legacy bad.jsonl --into new.db --dry-run",
        1,
        "nothing was imported: this was a dry run",
    ),
    case("compare-logs", "compare-logs good.jsonl good.jsonl", 0, "the logs are consistent; not recorded"),
    case("compare-logs", "compare-logs good.jsonl other.jsonl", 1, "the logs are different; not recorded"),
    case("compare-logs", "compare-logs good.jsonl torn.jsonl", 3, "the logs are inconclusive; not recorded"),
    case("compare-logs", "compare-logs", 1, "the logs are different; recorded as number 2 in evidence.jsonl"),
    case("rehearse", "rehearse --rollback", 0, "REHEARSED: there is a way back"),
    case("repair", "repair good.jsonl other.jsonl", 1, "0 events can be added"),
    case("rejects", "--store store.db rejects", 0, ""),
    case(
        "rejects retry",
        "--store store.db rejects retry",
        1,
        "0 of 1 rejected record became events of store.db, 1 is rejected still",
    ),
    case("rejects retry", "--store store.db rejects retry --dry-run", 1, "nothing was changed"),
    case(
        "rejects retry",
        "--store store.db rejects retry --timestamp at --event-type event_type",
        0,
        "1 of 1 rejected record became events of store.db",
    ),
    case("export", "--store store.db export --to out", 0, "1 of 1 file was written to out"),
    case("export", "--store versions.db export --to out", 1, "1 of 1 file was written to out"),
    case(
        "archive",
        "--store days archive --before 2025-11-01",
        0,
        "1 day before 2025-11-01 archived in days: ",
    ),
    case("backup", "-q --store store.db backup --to backups", 0, "is a backup of 1 events up to position 1"),
    case("verify", "verify", 0, "VERIFIED: the store store.db is whole, with 1 events up to position 1"),
    case("verify", "verify torn.db", 1, "NOT WHOLE: the store torn.db has 1 findings"),
    case("restore", "restore --from shelf --into new.db", 0, "new.db is restored, as of "),
    case("cutover-check", "cutover-check", 1, "NO-GO for the cutover: of 18 criteria "),
    case(
        "cutover-check",
        "cutover-check --finalise",
        1,
        "NO-GO for deleting the legacy system: of 8 criteria ",
    ),
    case("evidence list", "evidence list", 0, ""),
    case("evidence verify", "evidence verify", 1, "evidence.jsonl: 1 record, the chain "),
    case("events recent", "--store store.db events recent", 0, ""),
    case("events by-type", "--store store.db events by-type A", 0, ""),
    case("events between", "--store store.db events between 2025-01-01 2025-01-02", 0, ""),
    case("events show", "--store store.db events show e1", 0, ""),
    case("events of", "--store store.db events of T1", 0, ""),
    case(
        "dispatch",
        "dispatch {\"event_type\":\"TaskCreated\",\"task_id\":\"T7\",\"title\":\"x\"}",
        0,
        "is stored at position 2",
    ),
    case("handlers list", "handlers list", 0, ""),
    case("handlers list", "handlers list --check", 1, ""),
    case("handlers failures", "handlers failures task_state", 0, ""),
    case("handlers retry", "handlers retry task_state", 0, "task_state: 1 handled, 0 still open"),
    case(
        "handlers skip",
        "handlers skip task_state --event e1 --reason gone",
        0,
        "task_state: e1 is left out",
    ),
    case("handlers replay", "handlers replay task_state", 0, "task_state: 1 event read"),
    case("handlers run", "handlers run", 1, ""),
    case("handlers pause", "handlers pause task_state", 0, "task_state is paused"),
    case("handlers resume", "handlers resume task_state", 0, "task_state goes on"),
    #[cfg(feature = "postgres")]
    case("postgres grants", "postgres grants --writer w", 0, ""),
    #[cfg(feature = "legacy")]
    case("legacy definitions list", "legacy definitions list", 0, ""),
    #[cfg(feature = "legacy")]
    case("legacy definitions show", "legacy definitions show a", 0, ""),
    #[cfg(feature = "legacy")]
    case(
        "legacy definitions add",
        "legacy definitions add {\"id\":\"b\",\"type\":\"time_based\",\"source\":{\"interval\":\"30m\"},\"handler\":\"handlers.health_check.run\"}",
        0,
        "b is added",
    ),
    #[cfg(feature = "legacy")]
    case("legacy definitions enable", "legacy definitions enable a", 0, "a is enabled"),
    #[cfg(feature = "legacy")]
    case("legacy definitions disable", "legacy definitions disable a", 0, "a is disabled"),
    #[cfg(feature = "legacy")]
    case("legacy definitions remove", "legacy definitions remove a", 0, "a is removed"),
    #[cfg(feature = "legacy")]
    case("legacy append", "legacy append legacy.json", 0, "0 of 0 records are appended"),
    #[cfg(feature = "legacy")]
    case("legacy queue", "legacy queue", 0, ""),
    case("tasks stats", "tasks stats", 0, ""),
    case("tasks show", "tasks show T1", 0, ""),
    case("status", "-q status", 0, ""),
    case("status", "-q --store broken.db status", 4, ""),
    case("doctor", "-q doctor", 1, "things to be looked after"),
    case("doctor", "-q --store broken.db doctor", 4, "could not be looked at"),
    case("completions", "completions bash", 0, ""),
];

/// A command that has no answer, or whose answer is said on stderr alone.
const WITHOUT_RESULT: &[(&str, i32)] = &[
    ("--store store.db events show e9", 1),
    ("import-legacy nothing.jsonl --into new.db", 4),
    ("events recent --limit nothing", 2),
    ("--store nothing.db rejects", 4),
    ("tasks show T9", 1),
    // A warning comes first.
    ("import-legacy notes --into new.db", 4),
];

fn event(id: &str, time: &str) -> String {
    format!(
        r#"{{"event_id": "{id}", "event_type": "A", "timestamp": "{time}", "at": "2025-01-01", "title": "{id}", "aggregate_id": "T1"}}"#
    )
}

fn program(dir: &TestDir) -> Cli {
    let settings = [
        ("TIMEZONE", "UTC"),
        ("STORAGE_BACKEND", "sqlite"),
        ("SQLITE_PATH", "store.db"),
        ("LEGACY_EVENTS", "other.jsonl"),
        ("EVIDENCE", "evidence.jsonl"),
        ("HANDLERS", "handlers.db"),
        ("EVENTS_DIR", "events"),
        ("USE_NEW_EVENT_SYSTEM", "true"),
    ];
    settings.iter().fold(cli(dir), |cli, (name, value)| cli.env(&format!("MISSION_CONTROL_{name}"), value))
}

/// Everything that the cases work on.
fn prepared() -> TestDir {
    let dir = TestDir::new();
    let [one, two, three] = ["e1", "e2", "e3"].map(|id| event(id, "2025-01-01T10:00:00Z"));
    write(&dir, "good.jsonl", format!("{one}\n{two}\n"));
    write(&dir, "other.jsonl", format!("{one}\n{three}\n"));
    write(&dir, "torn.jsonl", format!("{one}\n{two}\n{}", &three[..20]));
    write(&dir, "legacy.json", "[]");
    write(&dir, "bad.jsonl", format!("{one}\n{}\n", event("e2", "yesterday")));
    write(&dir, "broken.db", "SQLite format 3\0 and no more");
    assert_eq!(program(&dir).run("import-legacy bad.jsonl --into store.db").code, 1);
    for version in [&one, &two] {
        write(&dir, "version.jsonl", version);
        assert_eq!(program(&dir).run("import-legacy version.jsonl --into versions.db").code, 0);
    }
    assert_eq!(program(&dir).run("compare-logs").code, 1);
    write_read_models(&dir.join("handlers.db"));
    assert_eq!(program(&dir).run("handlers run").code, 0);
    park_an_event(&dir);
    let elsewhere = program(&dir).env("MISSION_CONTROL_EVIDENCE", "other-evidence.jsonl");
    assert_eq!(elsewhere.run("-q --store store.db backup --to backups").code, 0);
    let made = fs::read_dir(dir.join("backups"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.is_dir());
    fs::rename(made.unwrap(), dir.join("backup")).unwrap();
    fs::remove_dir_all(dir.join("backups")).unwrap();
    write(&dir, "torn.db", &fs::read(dir.join("store.db")).unwrap()[..30_000]);
    #[cfg(feature = "legacy")]
    write(
        &dir,
        "events/event_definitions.json",
        r#"[{"id": "a", "type": "time_based", "source": {"interval": "30m"}, "handler": "handlers.health_check.run"}]"#,
    );
    dir
}

/// As if a handler had failed on the event of the store.
fn park_an_event(dir: &TestDir) {
    let handlers = Connection::open(dir.join("handlers.db")).unwrap();
    let parked = "INSERT INTO handler_failures (handler, stream, position, event_id, event_type, state, attempts, error)
        VALUES ('task_state', '', 1, 'e1', 'A', 'parked', 4, 'it failed')";
    assert_eq!(handlers.execute(parked, []).unwrap(), 1);
}

/// Copies the files of a folder, and none of its folders.
fn copy_files(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// The same files, in a folder of its own.
fn copy_of(prepared: &TestDir) -> TestDir {
    let dir = TestDir::new();
    copy_files(prepared.path(), dir.path());
    copy_files(&prepared.join("backup"), &dir.join("shelf"));
    #[cfg(feature = "legacy")]
    copy_files(&prepared.join("events"), &dir.join("events"));
    write(&dir, "days/events-2025-10-25.jsonl", event("e1", "2025-10-25T10:00:00Z") + "\n");
    dir
}

/// The chain does not hold any more.
fn alter_evidence(dir: &TestDir) {
    let evidence = fs::read_to_string(dir.join("evidence.jsonl")).unwrap();
    fs::write(dir.join("evidence.jsonl"), evidence.replace("\"sequence\":1", "\"sequence\":7")).unwrap();
}

const FORMATS: [&str; 3] = ["", "--format json ", "--format jsonl "];

fn each_case(formats: &[&str], mut check: impl FnMut(&Case, &str, &TestDir)) {
    let prepared = prepared();
    for case in CASES {
        for format in formats {
            if case.command == "status" && format.ends_with("jsonl ") {
                continue;
            }
            let dir = copy_of(&prepared);
            if case.command == "evidence verify" {
                alter_evidence(&dir);
            }
            check(case, &format!("{format}{}", case.line), &dir);
        }
    }
}

#[test]
fn every_command_is_among_the_cases() {
    fn add(leaves: &mut BTreeSet<String>, path: &str, command: &clap::Command) {
        for command in command.get_subcommands().filter(|command| command.get_name() != "help") {
            let path = format!("{path} {}", command.get_name()).trim().to_owned();
            if !command.has_subcommands() || !command.is_subcommand_required_set() {
                leaves.insert(path.clone());
            }
            add(leaves, &path, command);
        }
    }
    let mut leaves = BTreeSet::new();
    add(&mut leaves, "", &command());
    // It answers when it is asked to end: tests/it/legacy/watching.rs.
    leaves.remove("legacy watch");
    // It answers with a server: tests/it/postgres_store/moving/.
    leaves.remove("move");
    let cases: BTreeSet<String> = CASES.iter().map(|case| case.command.to_owned()).collect();
    assert_eq!(leaves, cases);
}

#[test]
fn a_reader_that_has_gone_changes_no_exit_code() {
    each_case(&FORMATS, |case, line, dir| {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let run = program(dir).run_into(writer, line);
        assert_eq!(run.code, case.code, "{line}: {}", run.stderr);
        assert!(!run.stderr.contains("could not write"), "{line}: {}", run.stderr);
    });
}

#[test]
fn a_reader_that_goes_at_once_or_takes_errors_along_changes_no_exit_code() {
    each_case(&FORMATS[..1], |case, line, dir| {
        let (mut reader, writer) = io::pipe().unwrap();
        let reading = std::thread::spawn(move || reader.read(&mut [0]).unwrap_or(0));
        assert_eq!(program(dir).run_into(writer, line).code, case.code, "{line}");
        reading.join().unwrap();
    });
    each_case(&FORMATS[..1], |case, line, dir| {
        let code = program(dir).run_into_nothing(&format!("-v {}", line.replace("-q ", "")));
        assert_eq!(code, case.code, "{line}");
    });
}

#[test]
fn without_a_result_the_exit_code_is_that_of_the_error_whether_or_not_it_is_read() {
    let dir = prepared();
    write(&dir, "notes/today.md", "all quiet");
    for (line, code) in WITHOUT_RESULT {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        assert_eq!(program(&dir).run_into(writer, line).code, *code, "{line}");
        assert_eq!(program(&dir).run_into_nothing(line), *code, "{line}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_output_is_a_failure_that_says_what_was_done_and_found() {
    each_case(&FORMATS[..1], |case, line, dir| {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let run = program(dir).run_into(full, line);
        assert_eq!(run.code, 4, "{line}: {}", run.stderr);
        assert!(
            run.stderr.contains("could not write the result to standard output"),
            "{line}: {}",
            run.stderr
        );
        assert!(run.stderr.contains(case.summary), "{line}: {}", run.stderr);
    });
}

#[cfg(target_os = "linux")]
#[test]
fn what_was_done_before_the_output_was_full_is_there() {
    let dir = copy_of(&prepared());
    let into_full = |line: &str| {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        assert_eq!(program(&dir).run_into(full, line).code, 4);
    };
    into_full("import-legacy good.jsonl --into new.db");
    into_full("compare-logs");
    into_full("--store new.db export --to out");
    into_full("--store store.db rejects retry --timestamp at --event-type event_type");
    let events = |store: &str| program(&dir).run(&format!("--store {store} events recent --raw")).result();
    assert_eq!((events("new.db").lines().count(), events("store.db").lines().count()), (2, 2));
    assert_eq!(fs::read(dir.join("out/good.jsonl")).unwrap(), fs::read(dir.join("good.jsonl")).unwrap());
    assert_eq!(fs::read_to_string(dir.join("evidence.jsonl")).unwrap().lines().count(), 2);
}

#[cfg(target_os = "linux")]
#[test]
fn help_and_version_that_cannot_be_written_are_failures() {
    let dir = TestDir::new();
    for line in ["--help", "--version", "events --help"] {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let run: Run = cli(&dir).run_into(Stdio::from(full), line);
        assert_eq!(run.code, 4, "{line}: {}", run.stderr);
    }
}
