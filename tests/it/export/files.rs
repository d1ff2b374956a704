//! Where the files of an export are, and that none is written over.

use std::fs;

use super::{DATABASE, LeftOut, comes_back, export, import, quiet, run_export};
use crate::support::cli::write;
use crate::support::test_dir::TestDir;

fn record(id: &str) -> String {
    format!("{{\"event_id\": \"{id}\", \"event_type\": \"A\", \"timestamp\": \"2025-10-25T10:00:00Z\"}}\n")
}

fn with_log(name: &str) -> TestDir {
    let dir = TestDir::new();
    write(&dir, name, record("e1"));
    import(&dir, name);
    dir
}

#[test]
fn a_file_that_exists_is_not_written_over_and_no_other_is_written_then() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", record("e1"));
    write(&dir, "b.jsonl", record("e2"));
    import(&dir, "a.jsonl b.jsonl");
    write(&dir, "out/b.jsonl", "theirs");
    run_export(&dir, "").fails(
        2,
        "error: nothing was written, because 1 file in out would be written over (b.jsonl): name another folder with --to, or replace them with --force\n",
    );
    assert!(!dir.join("out/a.jsonl").exists());
    assert_eq!(fs::read_to_string(dir.join("out/b.jsonl")).unwrap(), "theirs");
    write(&dir, "out/b.jsonl", &record("e2")[..20]);
    assert_eq!(export(&dir, "--force").files.len(), 2);
    assert_eq!(fs::read_to_string(dir.join("out/b.jsonl")).unwrap(), record("e2"));
}

#[test]
fn a_log_that_cannot_be_written_back_does_not_replace_what_is_there_by_force() {
    let dir = with_log("a.jsonl");
    super::tamper(&dir, "UPDATE events SET body = replace(body, 'A', 'B')");
    write(&dir, "out/a.jsonl", "theirs");
    let run = run_export(&dir, "--force");
    assert_eq!(run.code, 1);
    assert_eq!(fs::read_to_string(dir.join("out/a.jsonl")).unwrap(), "theirs");
}

#[test]
fn the_folder_is_made_and_holds_the_files_and_nothing_else() {
    let dir = with_log("a.jsonl");
    let run = quiet(&dir).run(&format!("--store {DATABASE} export --to deep/er/out"));
    assert_eq!(run.code, 0);
    let names: Vec<_> =
        fs::read_dir(dir.join("deep/er/out")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["a.jsonl"]);
}

#[test]
fn a_file_is_no_folder_to_export_into() {
    let dir = with_log("a.jsonl");
    write(&dir, "out", "theirs");
    run_export(&dir, "").fails(2, "error: --to names a file, out: expected a folder, or nothing yet\n");
}

#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_written_is_said_to_be_so() {
    use crate::support::cli::cli_without_privileges;
    use std::os::unix::fs::PermissionsExt;

    let dir = with_log("a.jsonl");
    fs::create_dir(dir.join("out")).unwrap();
    let program = cli_without_privileges(&dir);
    fs::set_permissions(dir.join("out"), fs::Permissions::from_mode(0o555)).unwrap();
    let run = program.run(&format!("--store {DATABASE} export --to out"));
    assert_eq!((run.code, run.stdout.as_str()), (4, ""));
    assert!(run.stderr.contains("could not write out/a.jsonl; 0 files are in place"), "{}", run.stderr);
    assert!(run.stderr.contains("Permission denied"), "{}", run.stderr);
}

#[test]
fn a_store_that_is_not_there_is_not_made() {
    let dir = TestDir::new();
    let run = quiet(&dir).env("MISSION_CONTROL_SQLITE_PATH", "none.db").run("export --to out");
    assert_eq!((run.code, run.stdout.as_str()), (4, ""));
    assert!(run.stderr.starts_with("error: there is no store at none.db"), "{}", run.stderr);
    assert!(!dir.join("none.db").exists() && !dir.join("out").exists());
}

#[test]
fn a_folder_of_daily_files_is_not_the_store_that_is_exported() {
    let dir = TestDir::new();
    write(&dir, "daily/events-2025-10-25.jsonl", record("e1"));
    quiet(&dir).run("--store daily export --to out").fails(
        2,
        "error: export reads a SQLite store, and --store names a JSONL folder: name the database\n",
    );
}

#[test]
fn a_store_without_events_has_nothing_to_export() {
    let dir = TestDir::new();
    write(&dir, "empty.jsonl", "");
    import(&dir, "empty.jsonl");
    rusqlite::Connection::open(dir.join(DATABASE)).unwrap().execute("DELETE FROM sources", []).unwrap();
    let said = quiet(&dir).run(&format!("--store {DATABASE} export --to out")).result();
    assert_eq!(said, "events.db holds no events to write: nothing was written\n");
    assert!(!dir.join("out").exists());
}

#[test]
fn logs_of_the_same_name_lie_in_folders_named_after_theirs() {
    let dir = TestDir::new();
    write(&dir, "north/events.json", format!("[{}]", record("n").trim()));
    write(&dir, "south/events.json", format!("[{}]", record("s").trim()));
    write(&dir, "south/other.json", format!("[{}]", record("o").trim()));
    import(&dir, "north/events.json south/events.json south/other.json");
    let report = comes_back(&dir);
    let paths: Vec<String> = report.files.iter().map(|file| file.path.display().to_string()).collect();
    assert_eq!(paths, ["out/north/events.json", "out/south/events.json", "out/other.json"]);
}

#[test]
fn of_a_log_that_was_written_anew_the_latest_is_exported_and_what_it_lacks_is_said() {
    let dir = TestDir::new();
    let texts = [record("e1") + &record("e2"), record("e2") + &record("e3")];
    for text in &texts {
        write(&dir, "a.jsonl", text);
        import(&dir, "a.jsonl");
    }
    let report = comes_back(&dir);
    assert_eq!(report.files.len(), 1);
    assert_eq!(report.left_out, [LeftOut { source_id: 1, events: 1 }]);
    for (source_id, text) in (1..).zip(&texts) {
        let report = export(&dir, &format!("--force --source {source_id}"));
        assert_eq!(report.files[0].source_id, Some(source_id));
        assert_eq!(fs::read_to_string(dir.join("out/a.jsonl")).unwrap(), *text);
    }
    run_export(&dir, "--source 3").fails(
        2,
        &format!(
            "error: the store has no source 3: 1 is {path}, 2 is {path}\n",
            path = dir.join("a.jsonl").canonicalize().unwrap().display()
        ),
    );
}

#[test]
fn people_are_told_which_files_are_written_and_where_from() {
    let dir = with_log("a.jsonl");
    let said = quiet(&dir).run(&format!("--store {DATABASE} export --to out")).result();
    let mut lines = said.lines();
    assert_eq!(
        lines.next().unwrap().split_whitespace().collect::<Vec<_>>().join(" "),
        "file records bytes written from"
    );
    let path = dir.join("a.jsonl").canonicalize().unwrap().display().to_string();
    assert_eq!(
        lines.next().unwrap().split_whitespace().collect::<Vec<_>>(),
        ["out/a.jsonl", "1", "75", path.as_str()]
    );
    assert!(said.contains(
        "\nwritten to out: 1 imported log, with the size and SHA-256 of the import; 0 files of live events ("
    ));
}

#[test]
fn a_compressed_log_is_written_decompressed_without_the_ending_of_its_name() {
    let dir = with_log("a.jsonl");
    rusqlite::Connection::open(dir.join(DATABASE))
        .unwrap()
        .execute("UPDATE sources SET path = path || '.gz', compression = 'gzip', bytes = 1, sha256 = ''", [])
        .unwrap();
    let said = quiet(&dir).run(&format!("--store {DATABASE} export --to out")).result();
    assert!(said.contains("a.jsonl.gz (decompressed, it was gzip)"), "{said}");
    assert_eq!(fs::read_to_string(dir.join("out/a.jsonl")).unwrap(), record("e1"));
}
