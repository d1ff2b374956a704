//! The outbox as a file.

mod damage;
mod rotation;

use std::fs;
use std::path::PathBuf;

use super::*;

/// An outbox in a folder of its own, which is rotated from 200 bytes on.
struct TestOutbox {
    folder: tempfile::TempDir,
}

impl TestOutbox {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("parallel/outbox.jsonl")
    }

    /// As another process has it.
    fn handle(&self) -> OutboxFile {
        OutboxFile { rotated_from: 200, ..OutboxFile::at(self.path()) }
    }

    fn text(&self) -> Vec<u8> {
        fs::read(self.path()).unwrap()
    }

    fn torn(&self) -> Vec<Vec<u8>> {
        let entries = fs::read_dir(self.path().parent().unwrap()).unwrap().map(|entry| entry.unwrap().path());
        let mut copies: Vec<PathBuf> =
            entries.filter(|path| crate::durable::torn_copy::is_torn_copy(path)).collect();
        copies.sort();
        copies.into_iter().map(|path| fs::read(path).unwrap()).collect()
    }
}

fn event(number: u64) -> String {
    format!(r#"{{"event_id": "e{number}", "title": "größer\n"}}"#)
}

fn place(number: u64) -> LegacyPlace {
    LegacyPlace { offset: number * 100, length: 90, sha256: [number as u8; 32] }
}

fn append(outbox: &OutboxFile, numbers: std::ops::RangeInclusive<u64>) {
    for number in numbers {
        assert_eq!(outbox.append(&event(number), &place(number)).unwrap(), number);
    }
}

fn line(number: u64) -> OutboxLine {
    OutboxLine { number, event: event(number), place: place(number), is_crossed_out: false }
}

fn numbers(lines: &[OutboxLine]) -> Vec<u64> {
    lines.iter().map(|line| line.number).collect()
}

#[test]
fn without_a_file_there_is_nothing_and_the_first_line_makes_it() {
    let test = TestOutbox::new();
    let outbox = test.handle();
    assert_eq!((outbox.head().unwrap(), outbox.bytes().unwrap(), outbox.last().unwrap()), (0, 0, None));
    assert_eq!(outbox.read_after(0, 9).unwrap(), []);
    outbox.rotate(0).unwrap();
    assert!(!test.path().parent().unwrap().exists());
    append(&outbox, 1..=1);
    assert_eq!(outbox.last().unwrap(), Some(line(1)));
    assert_eq!(outbox.bytes().unwrap(), test.text().len() as u64);
}

#[test]
fn lines_of_several_handles_have_one_row_of_numbers_and_are_read_by_all() {
    let test = TestOutbox::new();
    let handles = [test.handle(), test.handle(), test.handle()];
    for number in 1..=30 {
        append(&handles[number as usize % 3], number..=number);
        for handle in &handles {
            assert_eq!((handle.head().unwrap(), handle.last().unwrap()), (number, Some(line(number))));
            assert_eq!(handle.read_after(number - 1, 9).unwrap(), [line(number)]);
        }
    }
    assert_eq!(handles[0].read_after(0, 99).unwrap(), (1..=30).map(line).collect::<Vec<_>>());
}

#[test]
fn pages_follow_each_other_and_begin_at_any_number() {
    let test = TestOutbox::new();
    let outbox = test.handle();
    append(&outbox, 1..=10);
    for (after, limit, expected) in
        [(0, 4, 1..=4), (4, 4, 5..=8), (8, 4, 9..=10), (2, 1, 3..=3), (9, 5, 10..=10)]
    {
        assert_eq!(numbers(&outbox.read_after(after, limit).unwrap()), expected.collect::<Vec<_>>());
    }
    assert_eq!(outbox.read_after(10, 5).unwrap(), []);
    append(&test.handle(), 11..=11);
    assert_eq!(outbox.read_after(10, 5).unwrap(), [line(11)]);
}

#[test]
fn a_line_is_crossed_out_by_any_handle_at_any_time_and_as_often_as_one_likes() {
    let test = TestOutbox::new();
    let (outbox, other) = (test.handle(), test.handle());
    append(&outbox, 1..=3);
    let length = outbox.bytes().unwrap();
    assert_eq!(other.last().unwrap(), Some(line(3)));
    for number in [3, 1, 3] {
        outbox.cross_out(number).unwrap();
    }
    let crossed_out = |number| OutboxLine { is_crossed_out: true, ..line(number) };
    assert_eq!(other.read_after(0, 9).unwrap(), [crossed_out(1), line(2), crossed_out(3)]);
    assert_eq!(other.last().unwrap(), Some(crossed_out(3)), "as it is now");
    assert_eq!(outbox.bytes().unwrap(), length);
    append(&other, 4..=4);
    let missing = outbox.cross_out(5).unwrap_err().to_string();
    assert!(missing.contains("the line of number 5 is not in"), "{missing}");
}

#[test]
fn an_event_that_is_no_object_on_one_line_is_not_noted() {
    let test = TestOutbox::new();
    for text in ["", "[1]", "{\n}", "{} {}"] {
        let error = test.handle().append(text, &place(1)).unwrap_err().to_string();
        assert!(error.contains("expected an event, one JSON object on one line"), "{error}");
    }
    assert!(!test.path().exists());
}

#[test]
#[cfg(unix)]
fn a_link_leads_to_the_file_also_after_a_rotation() {
    let test = TestOutbox::new();
    let folder = test.folder.path();
    fs::create_dir_all(folder.join("parallel")).unwrap();
    fs::create_dir(folder.join("disk")).unwrap();
    std::os::unix::fs::symlink("../disk/outbox.jsonl", test.path()).unwrap();
    let outbox = test.handle();
    append(&outbox, 1..=5);
    outbox.rotate(5).unwrap();
    append(&test.handle(), 6..=6);
    assert!(test.path().is_symlink() && folder.join("disk/outbox.jsonl").is_file());
    assert_eq!(outbox.read_after(5, 9).unwrap(), [line(6)]);
}

#[test]
fn a_length_is_warned_of_once_each_time_that_it_has_doubled() {
    let mut warned = Vec::new();
    for length in 1..1_000 {
        if reaches_a_doubling(64, length - 1, length) {
            warned.push(length);
        }
    }
    assert_eq!(warned, [64, 128, 256, 512]);
    assert!(reaches_a_doubling(64, 100, 300) && !reaches_a_doubling(64, 129, 255));
}
