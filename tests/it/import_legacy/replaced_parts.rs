//! A part that is another file than the one that was imported from its path, and begins with the same bytes.

use std::fs::{self, File, FileTimes};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::{DATABASE, quiet};
use crate::support::cli::write;
use crate::support::test_dir::TestDir;

const EVENT: &str = "{\"type\": \"A\", \"task_id\": \"T1\", \"timestamp\": \"2025-10-25T10:00:00\"}\n";

/// Imports parts; answers how many events the store has, and of which parts it is told that they are other files.
fn import(dir: &TestDir, logs: &str) -> (u64, Vec<(String, u64)>) {
    let run = quiet(dir).run(&format!("--format json import-legacy --parts {logs} --into {DATABASE}"));
    assert_eq!(run.code, 0, "{}", run.stdout);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let told = report["replaced_parts"].as_array().unwrap().iter();
    let told =
        told.map(|part| (part["path"].as_str().unwrap().to_owned(), part["records"].as_u64().unwrap()));
    (report["store"]["events"].as_u64().unwrap(), told.collect())
}

/// Another file, which has been made after the one that was there.
fn begin_anew(dir: &TestDir, name: &str, content: &str) {
    fs::remove_file(dir.join(name)).unwrap();
    std::thread::sleep(Duration::from_millis(20));
    write(dir, name, content);
}

#[test]
fn a_log_that_was_deleted_and_begun_anew_with_the_same_bytes_is_told_in_every_import() {
    let dir = TestDir::new();
    write(&dir, "app.jsonl", EVENT.repeat(2));
    assert_eq!(import(&dir, "app.jsonl"), (2, vec![]));
    write(&dir, "app.jsonl", EVENT.repeat(3));
    assert_eq!(import(&dir, "app.jsonl"), (3, vec![]), "it has grown in place");
    for content in [EVENT.repeat(3), EVENT.repeat(4), EVENT.repeat(4), EVENT.repeat(5)] {
        begin_anew(&dir, "app.jsonl", &content);
        for _ in 0..2 {
            let (events, told) = import(&dir, "app.jsonl");
            assert_eq!(events, content.len() as u64 / EVENT.len() as u64);
            assert_eq!(
                (told.len(), told[0].0.as_str(), told[0].1 <= events),
                (1, "app.jsonl", true),
                "{told:?}"
            );
            assert!(told[0].1 >= 3);
        }
    }
    let said = quiet(&dir).run(&format!("import-legacy --parts app.jsonl --into {DATABASE}")).stdout;
    assert!(said.contains("app.jsonl is another file than was imported from there before"), "{said}");
    // The way out.
    write(&dir, "app-1.jsonl", EVENT.repeat(3));
    fs::remove_file(dir.join(DATABASE)).unwrap();
    assert_eq!(import(&dir, "app-1.jsonl app.jsonl"), (8, vec![]));
}

#[test]
fn a_copy_that_has_kept_its_times_is_the_part_and_so_is_one_whose_file_has_another_name() {
    let dir = TestDir::new();
    write(&dir, "app.jsonl", EVENT.repeat(2));
    assert_eq!(import(&dir, "app.jsonl").0, 2);
    begin_anew(&dir, "app.jsonl", &EVENT.repeat(3));
    let earlier = SystemTime::now() - Duration::from_secs(60);
    let file = File::options().append(true).open(dir.join("app.jsonl")).unwrap();
    file.set_times(FileTimes::new().set_modified(earlier)).unwrap();
    assert_eq!(import(&dir, "app.jsonl"), (3, vec![]));
    write(&dir, "app.jsonl", EVENT.repeat(4));
    assert_eq!(import(&dir, "app.jsonl"), (4, vec![]), "it is known as that file from now on");

    fs::rename(dir.join("app.jsonl"), dir.join("app-1.jsonl")).unwrap();
    std::thread::sleep(Duration::from_millis(20));
    write(&dir, "app.jsonl", EVENT.repeat(5));
    assert_eq!(import(&dir, "app-1.jsonl app.jsonl"), (9, vec![]));
}

#[test]
fn a_part_with_the_bytes_of_one_that_was_rotated_and_deleted_is_told_and_one_that_was_renamed_is_not() {
    let dir = TestDir::new();
    write(&dir, "app.jsonl", EVENT.repeat(3));
    assert_eq!(import(&dir, "app.jsonl").0, 3);
    fs::rename(dir.join("app.jsonl"), dir.join("app-1.jsonl")).unwrap();
    write(&dir, "app.jsonl", "");
    assert_eq!(import(&dir, "app-1.jsonl app.jsonl"), (3, vec![]));
    // It is rotated again and deleted, and what has come since looks as it did.
    begin_anew(&dir, "app-1.jsonl", &EVENT.repeat(3));
    for _ in 0..3 {
        assert_eq!(import(&dir, "app-1.jsonl app.jsonl"), (3, vec![("app-1.jsonl".to_owned(), 3)]));
    }
    begin_anew(&dir, "app-1.jsonl", &EVENT.repeat(3));
    fs::rename(dir.join("app-1.jsonl"), dir.join("app-2.jsonl")).unwrap();
    for _ in 0..3 {
        assert_eq!(import(&dir, "app-2.jsonl app.jsonl"), (3, vec![("app-2.jsonl".to_owned(), 3)]));
    }
}

#[test]
fn a_file_that_was_imported_under_two_names_goes_on_where_it_was_read_last() {
    let dir = TestDir::new();
    let write_more = |times| write(&dir, "app.jsonl", EVENT.repeat(times));
    write(&dir, "old.jsonl", EVENT.replace("T1", "T2"));
    write_more(3);
    assert_eq!(import(&dir, "old.jsonl app.jsonl").0, 4);
    write_more(5);
    fs::hard_link(dir.join("app.jsonl"), dir.join("other.jsonl")).unwrap();
    assert_eq!(import(&dir, "other.jsonl old.jsonl app.jsonl").0, 6);
    write_more(8);
    assert_eq!(import(&dir, "old.jsonl app.jsonl"), (9, vec![]));
    assert_eq!(import(&dir, "other.jsonl old.jsonl app.jsonl"), (9, vec![]));
}

#[test]
fn records_with_ids_are_not_told_since_none_of_them_is_taken_for_another_one() {
    let dir = TestDir::new();
    let event = |n: u32| EVENT.replace("\"type\"", &format!("\"event_id\": \"e{n}\", \"event_type\""));
    write(&dir, "app.jsonl", event(1));
    assert_eq!(import(&dir, "app.jsonl"), (1, vec![]));
    begin_anew(&dir, "app.jsonl", &(event(1) + &event(2)));
    assert_eq!(import(&dir, "app.jsonl"), (2, vec![]));
}

/// The limit that docs/comparison.md publishes.
#[test]
fn a_file_that_was_cut_and_written_anew_in_place_with_the_same_bytes_is_taken_for_grown() {
    let dir = TestDir::new();
    write(&dir, "app.jsonl", EVENT.repeat(2));
    assert_eq!(import(&dir, "app.jsonl").0, 2);
    File::options().write(true).truncate(true).open(dir.join("app.jsonl")).unwrap();
    write(&dir, "app.jsonl", EVENT.repeat(3));
    assert_eq!(import(&dir, "app.jsonl"), (3, vec![]), "there were five");
}

#[test]
fn a_log_that_was_copied_and_emptied_in_place_is_no_longer_the_part_that_was_copied() {
    let dir = TestDir::new();
    write(&dir, "app.jsonl", EVENT.repeat(2));
    assert_eq!(import(&dir, "app.jsonl"), (2, vec![]));
    write(&dir, "app.jsonl.1", EVENT.repeat(2));
    for (records, events) in [(1, 3), (2, 4), (5, 7)] {
        write(&dir, "app.jsonl", EVENT.repeat(records));
        assert_eq!(import(&dir, "app.jsonl.1 app.jsonl"), (events, vec![]), "{records} records since");
    }
}

#[test]
fn parts_of_equal_records_that_are_renamed_again_and_again_come_to_the_events_of_the_whole_log() {
    let dir = TestDir::new();
    let mut logs = "app.jsonl".to_owned();
    for (rotations, records) in [1, 1, 1, 1, 2].into_iter().enumerate() {
        for number in (1..rotations).rev() {
            fs::rename(
                dir.join(&format!("app.jsonl.{number}")),
                dir.join(&format!("app.jsonl.{}", number + 1)),
            )
            .unwrap();
        }
        if rotations > 0 {
            fs::rename(dir.join("app.jsonl"), dir.join("app.jsonl.1")).unwrap();
            logs = format!("app.jsonl.{rotations} {logs}");
        }
        write(&dir, "app.jsonl", EVENT.repeat(records));
        assert_eq!(import(&dir, &logs), ((rotations + records) as u64, vec![]));
    }
}
