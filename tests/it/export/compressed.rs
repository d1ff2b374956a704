//! Compressed logs of which a part could not be decompressed: that is in no store, and is said.

use std::io::Write;

use super::{File, Report, import, quiet, run_export};
use crate::support::cli::write;
use crate::support::test_dir::TestDir;

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn lines(from: u32, to: u32) -> String {
    let line = |number| {
        format!(
            "{{\"event_id\": \"e{number}\", \"event_type\": \"A\", \"timestamp\": \"2025-10-25T10:00:00Z\"}}\n"
        )
    };
    (from..to).map(line).collect()
}

/// Imports this file, and what an export makes of it that is not whole.
#[track_caller]
fn exported(dir: &TestDir, stored: &[u8]) -> (File, Option<String>) {
    write(dir, "a.jsonl.gz", stored);
    import(dir, "a.jsonl.gz");
    let run = run_export(dir, "");
    assert_eq!((run.code, &*run.stderr), (1, ""), "{}", run.stdout);
    let mut report: Report = serde_json::from_str(&run.stdout).unwrap();
    let file = report.files.remove(0);
    assert!(!file.exact && file.reason.as_ref().unwrap().contains("kept nowhere"), "{file:#?}");
    let text = quiet(dir).run("--store events.db -q export --to out --force");
    assert_eq!(text.code, 1);
    assert!(text.stdout.contains("kept nowhere"), "{}", text.stdout);
    let content = std::fs::read_to_string(dir.join("out/a.jsonl")).ok();
    assert_eq!(content.is_some(), file.written);
    (file, content)
}

#[test]
fn a_log_with_a_damaged_member_is_written_without_it_and_that_is_said() {
    let dir = TestDir::new();
    let mut damaged = gzip(&lines(3, 5));
    let checksum = damaged.len() - 8;
    damaged[checksum] ^= 1;
    let (file, content) = exported(&dir, &[gzip(&lines(0, 3)), damaged, gzip(&lines(5, 6))].concat());
    assert_eq!(content.unwrap(), lines(0, 3) + "\n" + &lines(5, 6));
    assert_eq!(file.records, 5);
}

#[test]
fn a_log_that_is_damaged_whole_is_not_written() {
    let dir = TestDir::new();
    let mut damaged = gzip(&lines(0, 3));
    damaged[30] ^= 1;
    assert_eq!(exported(&dir, &damaged).1, None);
}

#[test]
fn a_log_that_was_cut_is_written_as_far_as_it_could_be_decoded_and_that_is_said() {
    let dir = TestDir::new();
    let stored = gzip(&lines(0, 2_000));
    let content = exported(&dir, &stored[..stored.len() * 2 / 3]).1.unwrap();
    assert!(content.len() > 10_000 && lines(0, 2_000).starts_with(&content));
}
