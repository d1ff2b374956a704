//! Rotated parts of one log, with records without id that are equal.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::{Counts, DATABASE, ids, import, import_into, quiet, rows};
use crate::support::cli::{Run, write};
use crate::support::test_dir::TestDir;

fn line(event_type: &str, second: u32) -> String {
    format!("{{\"type\": \"{event_type}\", \"timestamp\": \"2025-10-25T10:00:{second:02}Z\"}}\n")
}

fn tick() -> String {
    line("Tick", 1)
}

pub(super) fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// How many events the concatenation of these files comes to.
fn concatenated(dir: &TestDir, parts: &[&str]) -> Vec<String> {
    let text: Vec<u8> = parts.iter().flat_map(|part| std::fs::read(dir.join(part)).unwrap()).collect();
    write(dir, "whole.jsonl", text);
    drop(std::fs::remove_file(dir.join("whole.db")));
    import_into(dir, "whole.jsonl", "whole.db");
    sorted(ids(dir, "whole.db"))
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort();
    ids
}

/// Imports parts into a new store and into one that exists, and demands the events of the whole log.
#[track_caller]
fn come_to_the_whole(dir: &TestDir, parts: &[&str]) {
    let whole = concatenated(dir, parts);
    write(dir, "other.jsonl", line("Other", 9));
    for (database, others) in [("new.db", 0), ("old.db", 1)] {
        if others > 0 {
            import_into(dir, "other.jsonl", database);
        }
        for _ in 0..2 {
            import_into(dir, &format!("--parts {}", parts.join(" ")), database);
            let mut found = ids(dir, database);
            found.drain(..others);
            assert_eq!(sorted(found), whole, "{database}");
        }
        std::fs::remove_file(dir.join(database)).unwrap();
    }
}

fn rotated() -> TestDir {
    let dir = TestDir::new();
    write(&dir, "app.jsonl.2", line("A", 0) + &tick());
    write(&dir, "app.jsonl.1", tick() + &tick());
    write(&dir, "app.jsonl", tick() + &line("B", 2));
    dir
}

#[test]
fn parts_come_to_as_many_events_as_the_log_that_they_are_parts_of_in_any_order() {
    let dir = rotated();
    come_to_the_whole(&dir, &["app.jsonl.2", "app.jsonl.1", "app.jsonl"]);
    come_to_the_whole(&dir, &["app.jsonl", "app.jsonl.1", "app.jsonl.2"]);
}

#[test]
fn parts_that_were_counted_without_the_others_are_counted_anew_with_them() {
    let dir = TestDir::new();
    write(&dir, "app.jsonl.1", tick());
    write(&dir, "app.jsonl", tick());
    import_into(&dir, "--parts app.jsonl.1 app.jsonl", DATABASE);
    write(&dir, "app.jsonl", tick() + &tick());
    import_into(&dir, "--parts app.jsonl", DATABASE);
    import_into(&dir, "--parts app.jsonl.1 app.jsonl", DATABASE);
    assert_eq!(sorted(ids(&dir, DATABASE)), concatenated(&dir, &["app.jsonl.1", "app.jsonl"]));
}

#[test]
fn compressed_parts_and_parts_with_the_same_bytes_count_as_well() {
    let dir = rotated();
    write(&dir, "app.jsonl.3.gz", gzip(&(line("Z", 0) + &tick())));
    write(&dir, "plain", line("Z", 0) + &tick());
    let whole = concatenated(&dir, &["plain", "app.jsonl.2", "app.jsonl.1", "app.jsonl"]);
    import(&dir, "--parts app.jsonl.3.gz app.jsonl.2 app.jsonl.1 app.jsonl");
    assert_eq!(sorted(ids(&dir, DATABASE)), whole);
    write(&dir, "b.jsonl", tick());
    write(&dir, "a.jsonl", tick());
    come_to_the_whole(&dir, &["a.jsonl", "b.jsonl"]);
}

#[test]
fn a_copy_of_a_part_is_left_out_and_named() {
    let dir = rotated();
    let older = std::fs::read_to_string(dir.join("app.jsonl.2")).unwrap();
    write(&dir, "app.jsonl.2.gz", gzip(&older));
    // An archive of what was the last part when it was made.
    write(&dir, "archive/app.jsonl.gz", gzip(&tick()));
    let report =
        import(&dir, "--parts app.jsonl.2.gz archive/app.jsonl.gz app.jsonl.2 app.jsonl.1 app.jsonl");
    let whole = concatenated(&dir, &["app.jsonl.2", "app.jsonl.1", "app.jsonl"]);
    assert_eq!(sorted(ids(&dir, DATABASE)), whole);
    let skipped: Vec<&str> = report.skipped_files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(skipped, ["app.jsonl.2.gz", "archive/app.jsonl.gz"]);
}

#[test]
fn parts_of_one_name_in_several_folders_count_where_they_differ() {
    let dir = TestDir::new();
    write(&dir, "old/app.jsonl", line("A", 0) + &tick());
    write(&dir, "new/app.jsonl", tick() + &line("B", 2));
    come_to_the_whole(&dir, &["old/app.jsonl", "new/app.jsonl"]);
}

#[test]
fn all_logs_of_a_folder_are_parts_of_one() {
    let dir = TestDir::new();
    for (name, ticks) in [("d/app-1.jsonl", 2), ("d/app-2.jsonl", 1), ("d/app-3.jsonl", 4)] {
        write(&dir, name, tick().repeat(ticks));
    }
    import(&dir, "--parts d");
    assert_eq!(rows(&dir, DATABASE).len(), 7);
}

#[test]
fn after_a_rotation_only_what_is_new_is_added() {
    let dir = rotated();
    let parts = "--parts app.jsonl.3 app.jsonl.2 app.jsonl.1 app.jsonl";
    import(&dir, "--parts app.jsonl.2 app.jsonl.1 app.jsonl");
    // The last part has grown, with a record that others have, before it was rotated.
    write(&dir, "app.jsonl", tick() + &line("B", 2) + &tick());
    for (from, to) in
        [("app.jsonl.2", "app.jsonl.3"), ("app.jsonl.1", "app.jsonl.2"), ("app.jsonl", "app.jsonl.1")]
    {
        std::fs::rename(dir.join(from), dir.join(to)).unwrap();
    }
    write(&dir, "app.jsonl", tick() + &line("C", 3));
    assert_eq!(import(&dir, parts).total.imported, 3);
    assert_eq!(import(&dir, parts).total.imported, 0);
    let whole = concatenated(&dir, &["app.jsonl.3", "app.jsonl.2", "app.jsonl.1", "app.jsonl"]);
    assert_eq!(sorted(ids(&dir, DATABASE)), whole);
}

#[test]
fn a_part_that_grows_counts_on_from_what_the_other_parts_have() {
    let dir = rotated();
    let parts = "--parts app.jsonl.2 app.jsonl.1 app.jsonl";
    import(&dir, parts);
    for _ in 0..2 {
        let mut log = std::fs::read_to_string(dir.join("app.jsonl")).unwrap();
        log.push_str(&tick());
        write(&dir, "app.jsonl", log);
        assert_eq!(import(&dir, parts).total.imported, 1);
    }
    let whole = concatenated(&dir, &["app.jsonl.2", "app.jsonl.1", "app.jsonl"]);
    assert_eq!(sorted(ids(&dir, DATABASE)), whole);
}

#[test]
fn a_part_under_another_name_brings_nothing_new() {
    let dir = rotated();
    import(&dir, "--parts app.jsonl.2 app.jsonl.1 app.jsonl");
    std::fs::rename(dir.join("app.jsonl.2"), dir.join("older.jsonl")).unwrap();
    assert_eq!(import(&dir, "--parts older.jsonl app.jsonl.1 app.jsonl").total.imported, 0);
    // Also where the first part is gone.
    assert_eq!(import(&dir, "--parts app.jsonl.1 app.jsonl").total.imported, 0);
}

#[test]
fn parts_of_logs_that_were_imported_as_logs_add_what_was_counted_once() {
    let dir = rotated();
    quiet(&dir)
        .run(&format!("-q import-legacy app.jsonl.2 app.jsonl.1 app.jsonl --into {DATABASE}"))
        .result();
    assert_eq!(rows(&dir, DATABASE).len(), 4);
    assert_eq!(import(&dir, "--parts app.jsonl.2 app.jsonl.1 app.jsonl").total.imported, 2);
    let whole = concatenated(&dir, &["app.jsonl.2", "app.jsonl.1", "app.jsonl"]);
    assert_eq!(sorted(ids(&dir, DATABASE)), whole);
    assert_eq!(import(&dir, "app.jsonl.2").total.imported, 0);
}

#[test]
fn every_part_comes_back_from_an_export() {
    let dir = rotated();
    import(&dir, "--parts app.jsonl.2 app.jsonl.1 app.jsonl");
    quiet(&dir).run(&format!("--store {DATABASE} export --to out")).result();
    for part in ["app.jsonl.2", "app.jsonl.1", "app.jsonl"] {
        let [log, copy] =
            [dir.join(part), dir.join("out").join(part)].map(|path| std::fs::read(path).unwrap());
        assert_eq!(log, copy, "{part}");
    }
}

#[test]
fn parts_have_to_be_named() {
    let dir = rotated();
    let run = quiet(&dir).run("import-legacy --parts");
    assert_eq!(run.code, 2, "{}", run.stderr);
}

fn shared(run: &Run) -> Value {
    serde_json::from_str::<Value>(&run.stdout).unwrap()["shared_records"].clone()
}

#[test]
fn logs_that_share_records_without_id_are_named_with_the_way_out() {
    let dir = rotated();
    let json = |line: &str| quiet(&dir).run(&format!("--format json import-legacy {line}"));
    let expected = json!([{"path": "app.jsonl", "first": "app.jsonl.2", "records": 1}]);
    write(&dir, "other.jsonl", line("Other", 9));
    import_into(&dir, "other.jsonl", "old.db");
    for (how, database) in [("--dry-run", "new.db"), ("", "new.db"), ("--dry-run", "old.db"), ("", "old.db")]
    {
        let run = json(&format!("app.jsonl.2 app.jsonl {how} --into {database}"));
        assert_eq!((run.code, shared(&run)), (0, expected.clone()), "{how} {database}");
        let said = "1 record without id of app.jsonl is also in app.jsonl.2, and stored once. \
                    If these are parts of one log, import them with --parts";
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
    let again = json("app.jsonl.2 app.jsonl --into old.db");
    assert_eq!((again.stderr.as_str(), shared(&again)), ("", json!([])), "it is told once");
}

#[test]
fn after_a_rotation_without_parts_the_logs_that_share_records_are_named() {
    let dir = TestDir::new();
    write(&dir, "app.jsonl", line("A", 0) + &tick());
    import(&dir, "app.jsonl");
    std::fs::rename(dir.join("app.jsonl"), dir.join("app.jsonl.1")).unwrap();
    write(&dir, "app.jsonl", tick() + &line("B", 2));
    let run =
        quiet(&dir).run(&format!("--format json import-legacy app.jsonl.1 app.jsonl --into {DATABASE}"));
    assert_eq!(shared(&run), json!([{"path": "app.jsonl", "first": "app.jsonl.1", "records": 1}]));
}

#[test]
fn copies_and_logs_that_share_records_with_ids_are_nothing_to_warn_of() {
    let dir = rotated();
    let text = std::fs::read_to_string(dir.join("app.jsonl")).unwrap();
    write(&dir, "copy.jsonl", &text);
    write(&dir, "copy.jsonl.gz", gzip(&text));
    let records: Vec<&str> = text.lines().collect();
    write(&dir, "copy.json", format!("[{}]", records.join(",\n")));
    let with_id = "{\"event_id\": \"e1\", \"event_type\": \"A\", \"timestamp\": \"2030-10-25T10:00:00Z\"}\n";
    write(&dir, "ids.jsonl", with_id);
    write(&dir, "more-ids.jsonl", with_id.to_owned() + &line("C", 3));
    // A report asserts that nothing was warned of.
    for database in ["new.db", "new.db", "old.db"] {
        if database == "old.db" {
            import_into(&dir, "ids.jsonl", database);
        }
        let logs = "app.jsonl copy.jsonl copy.jsonl.gz copy.json ids.jsonl more-ids.jsonl";
        let total = import_into(&dir, logs, database).total;
        assert_eq!(total.records, Counts { records: 11, ..Counts::default() }.records);
    }
}
