//! What is no log, or no store: what is said, how it exits, and that nothing comes of it.

use super::{Counts, DATABASE, Report, import, quiet, rows};
use crate::support::cli::{cli, write};
use crate::support::test_dir::TestDir;

const EVENT: &str =
    r#"{"event_id": "e1", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z", "aggregate_id": "T1"}"#;
const NO_SUCH_FILE: &str = "No such file or directory (os error 2)";

/// Demands that the import fails with this, and leaves the folder as it was.
#[track_caller]
fn refuses(dir: &TestDir, arguments: &str, code: i32, stderr: &str) {
    let before = names(dir);
    quiet(dir).run(&format!("--format json import-legacy {arguments}")).fails(code, stderr);
    assert_eq!(names(dir), before);
}

fn names(dir: &TestDir) -> Vec<String> {
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<String> = std::fs::read_dir(dir.path()).unwrap().map(name).collect();
    names.sort();
    names
}

#[test]
fn a_log_that_is_missing_is_an_error() {
    let dir = TestDir::new();
    let said = format!("error: could not open nothing.json\n  caused by: {NO_SUCH_FILE}\n");
    refuses(&dir, "nothing.json --into events.db", 4, &said);
}

#[test]
fn nothing_is_written_when_one_of_several_logs_is_missing() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", EVENT);
    let said = format!("error: could not open c.jsonl\n  caused by: {NO_SUCH_FILE}\n");
    refuses(&dir, "a.jsonl c.jsonl --into events.db", 4, &said);

    import(&dir, "a.jsonl");
    write(&dir, "b.jsonl", EVENT.replace("e1", "e2"));
    refuses(&dir, "b.jsonl c.jsonl --into events.db", 4, &said);
    assert_eq!(rows(&dir, DATABASE).len(), 1);
}

#[test]
fn where_no_log_is_found_there_is_nothing_to_import_and_no_store_is_made() {
    let dir = TestDir::new();
    write(&dir, "logs/notes.txt", "");
    let run = quiet(&dir).run("import-legacy logs --into events.db");
    run.fails(
        4,
        "warning: there is no log in the folder logs\nerror: there is nothing to import: no log was found; \
         name logs, or folders that hold some\n  \
         logs/notes.txt: not a .json, .jsonl or .ndjson file, and no event is in it\n",
    );
    assert!(!dir.join(DATABASE).exists());
}

#[test]
fn an_empty_array_holds_no_records_and_an_empty_file_is_no_array() {
    let dir = TestDir::new();
    write(&dir, "none.json", "[]\n");
    assert_eq!(import(&dir, "none.json").total, Counts::default());
    write(&dir, "quiet-day.jsonl", "");
    assert_eq!(import(&dir, "quiet-day.jsonl").total, Counts::default());
    write(&dir, "empty.json", "");
    let report = import(&dir, "empty.json");
    assert_eq!(report.total, Counts { records: 1, rejected: 1, ..Counts::default() });
    assert_eq!(report.reasons(), ["torn_tail"]);
    assert_eq!(report.rejects[0].detail, "the log is torn: it ends before the opening `[`");
}

#[test]
fn what_is_not_json_is_rejected_line_by_line() {
    let dir = TestDir::new();
    write(&dir, "letter.json", format!("Dear Sir,\n\nno events today.\n{EVENT}\n"));
    let report = import(&dir, "letter.json");
    assert_eq!(report.total, Counts { records: 3, imported: 1, rejected: 2, ..Counts::default() });
    assert_eq!(report.reasons(), ["syntax", "syntax"]);
    let places: Vec<(u64, u64)> = report.rejects.iter().map(|reject| (reject.line, reject.offset)).collect();
    assert_eq!(places, [(1, 0), (3, 11)]);
}

#[test]
fn a_torn_log_gives_its_whole_records_and_is_said_to_be_torn() {
    for (name, log) in
        [("a.json", format!("[{EVENT}, {}", &EVENT[..40])), ("a.jsonl", format!("{EVENT}\n{}", &EVENT[..40]))]
    {
        let dir = TestDir::new();
        write(&dir, name, log);
        let report = import(&dir, name);
        assert_eq!(report.total, Counts { records: 2, imported: 1, rejected: 1, ..Counts::default() });
        assert_eq!(report.reasons(), ["torn_tail"], "{name}");
        assert_eq!(report.rejects[0].detail, "the log is torn: it ends before the end of the record");
        assert_eq!(rows(&dir, DATABASE)[0].body, EVENT);
    }
}

#[test]
fn a_torn_log_that_was_finished_meanwhile_is_imported_to_its_end() {
    let dir = TestDir::new();
    let second = EVENT.replace("e1", "e2");
    write(&dir, "a.json", format!("[{EVENT}, {}", &second[..40]));
    import(&dir, "a.json");
    write(&dir, "a.json", format!("[{EVENT}, {second}]"));
    let report = import(&dir, "a.json");
    assert_eq!(report.total, Counts { records: 2, imported: 1, already_present: 1, ..Counts::default() });
}

#[test]
fn a_file_of_another_kind_is_refused_by_its_name() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", EVENT);
    import(&dir, "a.jsonl");
    write(&dir, "utf-16.json", b"\xff\xfe[\x00]\x00");
    write(&dir, "letter.json", "Dear Sir,\n\nno events today.\n");
    for (log, said) in [
        (
            "events.db",
            "it is a SQLite database: expected a JSON array or JSONL; write its records as JSON first (sqlite3 -json FILE \
             'SELECT * FROM TABLE' > LOG.json)",
        ),
        (
            "letter.json",
            "no object begins in it: expected a JSON array or JSONL, found text (\"Dear Sir,\"); write its records as lines \
             of JSON first",
        ),
        (
            "utf-16.json",
            "it is UTF-16 from byte 0 on: expected UTF-8; convert it first (iconv -f UTF-16 -t UTF-8)",
        ),
    ] {
        let stderr = format!("error: could not read {log} as a log\n  caused by: {said}\n");
        refuses(&dir, &format!("{log} --into other.db"), 4, &stderr);
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_is_refused_before_anything_is_taken_from_it() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", EVENT);
    let (pipe, mut end) = std::io::pipe().unwrap();
    std::io::Write::write_all(&mut end, EVENT.as_bytes()).unwrap();
    drop(end);
    let run = quiet(&dir).stdin(pipe).run("import-legacy a.jsonl /dev/stdin --into events.db");
    run.fails(
        4,
        "error: could not read /dev/stdin as a log\n  caused by: it is no regular file: expected one, since a log is \
         read more than once; save it to a file first\n",
    );
    assert!(!dir.join(DATABASE).exists());
}

#[test]
fn a_target_that_is_no_database_is_refused_and_stays_as_it_is() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", EVENT);
    write(&dir, "notes.txt", "remember the milk");
    write(&dir, "days/events-2025-10-25.jsonl", "");
    for target in ["notes.txt", "days"] {
        let run = quiet(&dir).run(&format!("--format json import-legacy a.jsonl --into {target}"));
        let said = "is not a SQLite database: name another file, or move this one away";
        run.fails(4, &format!("error: {target} {said}\n"));
    }
    assert_eq!(std::fs::read(dir.join("notes.txt")).unwrap(), b"remember the milk");
    assert_eq!(std::fs::read_dir(dir.join("days")).unwrap().count(), 1);
}

#[test]
fn a_jsonl_store_cannot_be_imported_into() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", EVENT);
    write(&dir, "days/events-2025-10-25.jsonl", "");
    let run = quiet(&dir).run("--store days import-legacy a.jsonl");
    run.fails(
        2,
        "error: import-legacy imports into a SQLite store, and --store names a JSONL folder: \
         name the database with --into\n",
    );
}

#[test]
fn the_store_to_import_into_can_be_named_as_for_any_command_and_is_made() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", EVENT);
    let program = || cli(&dir).env("MISSION_CONTROL_TIMEZONE", "UTC");
    let said = program().run("--store shelf/new.db --format json import-legacy a.jsonl --dry-run");
    assert_eq!((Report::of(said).total.imported, dir.join("shelf/new.db").exists()), (1, false));
    for imported in [1, 0] {
        let report = Report::of(program().run("--store shelf/new.db --format json import-legacy a.jsonl"));
        assert_eq!((report.total.imported, report.store.events), (imported, 1));
    }
    assert!(!dir.join("data").exists(), "the configured store is another one");
    let said = program().run("--store shelf/new.db --format json import-legacy a.jsonl --into other.db");
    assert_eq!((Report::of(said).total.imported, dir.join("other.db").exists()), (1, true));
}

#[test]
fn where_no_default_log_exists_there_is_nothing_to_import() {
    let dir = TestDir::new();
    let said = "error: there is nothing to import: neither data/events.json nor data/events exists; \
                name the logs, or set legacy.events_json and storage.jsonl_dir\n";
    refuses(&dir, "", 4, said);
}

#[test]
fn one_default_log_may_be_missing_and_is_named() {
    let dir = TestDir::new();
    write(&dir, "data/events.json", format!("[{EVENT}]"));
    let report = import(&dir, "");
    assert_eq!((report.total.imported, report.skipped_files[0].path.as_str()), (1, "data/events"));
}

#[test]
fn a_log_that_was_configured_must_exist() {
    for (setting, path) in
        [("MISSION_CONTROL_LEGACY_EVENTS", "old.json"), ("MISSION_CONTROL_EVENTS_DIR", "days")]
    {
        let dir = TestDir::new();
        write(&dir, "data/events.json", format!("[{EVENT}]"));
        write(&dir, "data/events/events-2025-10-25.jsonl", "");
        let run = cli(&dir).env(setting, path).run("import-legacy");
        run.fails(4, &format!("error: could not open {path}\n  caused by: {NO_SUCH_FILE}\n"));
        assert!(!dir.join("data/events.db").exists());
    }
}

#[test]
fn the_log_of_a_database_that_is_gone_stops_the_import() {
    for left in ["events.db-wal", "events.db-journal"] {
        let dir = TestDir::new();
        write(&dir, "a.jsonl", EVENT);
        write(&dir, left, "what a process left that was killed");
        let run = quiet(&dir).run("import-legacy a.jsonl --into events.db");
        assert_eq!((run.code, run.stdout.as_str()), (4, ""));
        assert!(run.stderr.contains(left), "{}", run.stderr);
        assert!(!dir.join(DATABASE).exists() && dir.join(left).exists());
    }
}

#[test]
fn an_empty_file_becomes_the_store_in_its_place() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", EVENT);
    write(&dir, DATABASE, "");
    assert_eq!(import(&dir, "a.jsonl").total.imported, 1);
}

#[cfg(unix)]
#[test]
fn a_link_to_where_the_store_is_to_be_stays_a_link() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", EVENT);
    std::fs::create_dir(dir.join("large")).unwrap();
    std::os::unix::fs::symlink("large/real.db", dir.join(DATABASE)).unwrap();
    assert_eq!(import(&dir, "a.jsonl").total.imported, 1);
    assert!(dir.join(DATABASE).is_symlink() && dir.join("large/real.db").is_file());
}

#[test]
fn a_store_that_was_marked_and_not_made_is_made_by_the_import() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", EVENT);
    let halfway = rusqlite::Connection::open(dir.join(DATABASE)).unwrap();
    halfway.pragma_update(None, "application_id", 0x4D45_7674).unwrap();
    drop(halfway);
    assert_eq!(import(&dir, "a.jsonl").total.imported, 1);
}

#[test]
fn every_reason_is_reported_with_its_number_and_first_places_whatever_comes_first() {
    let dir = TestDir::new();
    let conflict = EVENT.replace("10:00:00", "11:00:00");
    write(&dir, "a.jsonl", format!("{}{EVENT}\n{conflict}\n{}", "{\"a\": 1}\n".repeat(1_200), &EVENT[..40]));
    let run = quiet(&dir).run("--format json import-legacy a.jsonl --into events.db");
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let reasons = serde_json::json!({"no_type": 1_200, "conflict": 1, "torn_tail": 1});
    assert_eq!(report["reasons"], reasons);
    let listed = report["rejects"].as_array().unwrap();
    assert_eq!(listed.len(), 1_000);
    let last: Vec<_> = listed[998..].iter().map(|reject| &reject["reason"]).collect();
    assert_eq!(last, ["conflict", "torn_tail"]);
    // What the store knows of an unchanged log is as much.
    let again = quiet(&dir).run("import-legacy a.jsonl --into events.db").stdout;
    for said in [
        "\nrejected, conflict: 1\n  a.jsonl, line 1202, byte",
        "\nrejected, no_type: 1200\n  a.jsonl, line 1, byte 0:",
        "  and 1197 more (--format json lists 995 of them, `rejects --reason no_type` all)\n",
        "\nrejected, torn_tail: 1\n  a.jsonl, line 1203, byte",
    ] {
        assert!(again.contains(said), "{again}");
    }
    let retried = quiet(&dir).run("--store events.db --format json rejects retry").stdout;
    let retried: serde_json::Value = serde_json::from_str(&retried).unwrap();
    assert_eq!((&retried["reasons"], &retried["holding_records"]), (&reasons, &serde_json::json!(0)));
}

#[test]
fn a_file_that_holds_a_log_is_refused_with_the_way_to_take_it_out() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl.xz", b"\xFD7zXZ\0\0\x04");
    let said = "error: could not read a.jsonl.xz as a log\n  caused by: it is compressed with xz: expected a JSON array or \
                JSONL; unpack it first (xz -d FILE)\n";
    refuses(&dir, "a.jsonl.xz --into events.db", 4, said);
    write(&dir, "indented.jsonl", EVENT.replace(", ", ",\n"));
    let said = "error: could not read indented.jsonl as a log\n  caused by: its objects span several lines: expected one \
                object a line, or an array; `jq -c . FILE > LOG.jsonl` makes such lines of them\n";
    refuses(&dir, "indented.jsonl --into events.db", 4, said);
}
