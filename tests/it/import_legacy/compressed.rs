//! Compressed logs that are damaged, cut, or have no checksum: what becomes an event, and what is said.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::{Counts, DATABASE, ids, import, import_into, quiet, rows};
use crate::support::cases;
use crate::support::cli::write;
use crate::support::test_dir::TestDir;

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn zstd(text: &str) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// The names of compressed logs, and what writes them.
type Compress = fn(&str) -> Vec<u8>;
const BOTH: [(&str, Compress); 2] = [("a.jsonl.gz", gzip), ("a.jsonl.zst", zstd)];

fn records(from: u32, to: u32) -> Vec<String> {
    let record = |number: u32| {
        let amount = number * 7_919;
        format!(
            r#"{{"event_id": "e{number}", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z", "amount": {amount}}}"#
        )
    };
    (from..to).map(record).collect()
}

fn lines(from: u32, to: u32) -> String {
    records(from, to).iter().map(|record| format!("{record}\n")).collect()
}

/// A copy with one bit changed.
fn flipped(bytes: &[u8], at: usize, bit: u8) -> Vec<u8> {
    let mut flipped = bytes.to_owned();
    flipped[at] ^= 1 << bit;
    flipped
}

/// The document of an import that ended with this code.
#[track_caller]
fn report(dir: &TestDir, arguments: &str, code: i32) -> Value {
    let run = quiet(dir).run(&format!("--format json import-legacy {arguments}"));
    assert_eq!((run.code, &*run.stderr), (code, ""), "{}", run.stdout);
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn a_flipped_bit_makes_no_event_and_costs_none_of_the_sound_log_that_is_imported_after_it() {
    let flips = cases(24).cases as usize;
    for (name, compress) in BOTH {
        let sound = compress(&lines(0, 400));
        for step in 1..=flips {
            let dir = TestDir::new();
            let at = sound.len() * step / (flips + 1);
            write(&dir, name, flipped(&sound, at, (step % 8) as u8));
            let damaged = import(&dir, name);
            let said = format!("{name}, byte {at}: {damaged:#?}");
            assert_eq!(damaged.total.imported + damaged.total.rejected, damaged.total.records, "{said}");
            let written = records(0, 400);
            assert!(rows(&dir, DATABASE).iter().all(|row| written.contains(&row.body)), "{said}");
            write(&dir, name, &sound);
            let whole = import(&dir, name);
            assert_eq!((whole.total.records, whole.total.rejected), (400, 0), "{said}");
            assert_eq!(rows(&dir, DATABASE).len(), 400, "{said}");
        }
    }
}

#[test]
fn a_damaged_log_changes_no_store_that_exists_and_strict_refuses_it() {
    for (name, compress) in BOTH {
        let dir = TestDir::new();
        let sound = compress(&lines(0, 400));
        write(&dir, name, flipped(&sound, sound.len() / 2, 3));
        for arguments in ["--strict", "--dry-run"] {
            report(&dir, &format!("{name} --into new.db {arguments}"), 1);
        }
        assert!(!dir.join("new.db").exists());
        write(&dir, "b.jsonl", lines(500, 503));
        import(&dir, "b.jsonl");
        for arguments in ["--strict", "--dry-run", ""] {
            let damaged = report(&dir, &format!("{name} --into {DATABASE} {arguments}"), 1);
            assert_eq!((&damaged["imported"], &damaged["rejected"]), (&json!(0), &json!(1)), "{damaged:#}");
            assert_eq!(damaged["rejects"][0]["reason"], "compression");
            assert_eq!(ids(&dir, DATABASE), ["e500", "e501", "e502"]);
        }
    }
}

#[test]
fn sound_members_around_a_damaged_one_are_imported_and_its_lines_are_counted_apart() {
    for (name, compress) in BOTH {
        let dir = TestDir::new();
        let [one, two, three] = [lines(0, 10), lines(10, 30), lines(30, 35)].map(|text| compress(&text));
        let (from, to) = (one.len(), one.len() + two.len());
        let damaged = flipped(&two, two.len() - if name.ends_with("gz") { 5 } else { 1 }, 0);
        write(&dir, name, [&one[..], &damaged, &three].concat());
        let said = report(&dir, &format!("{name} --into {DATABASE}"), 1);
        assert_eq!(
            (&said["records"], &said["imported"], &said["in_doubt"]),
            (&json!(16), &json!(15), &json!(20))
        );
        let reject = &said["rejects"][0];
        assert_eq!((&reject["line"], &reject["offset"]), (&json!(11), &json!(lines(0, 10).len())));
        let place = format!("data from byte {from} to byte {to} of the file is damaged");
        assert!(reject["detail"].as_str().unwrap().contains(&place), "{reject:#}");
        let text = quiet(&dir).run(&format!("-q import-legacy {name} --into other.db"));
        assert_eq!(text.code, 1);
        for part in [
            "in doubt, and not imported: 20 lines of damaged compressed data",
            "kept in the store with their bytes, but for what is said to be kept nowhere",
        ] {
            assert!(text.stdout.contains(part), "{}", text.stdout);
        }
        // An unchanged log adds nothing, and a repaired one what was missing.
        let again = import(&dir, name);
        assert_eq!((again.total.imported, again.total.rejected, again.total.already_present), (0, 1, 15));
        write(&dir, name, [one, two, three].concat());
        let repaired = Counts { records: 35, imported: 20, already_present: 15, ..Counts::default() };
        assert_eq!(import(&dir, name).total, repaired);
    }
}

#[test]
fn a_damaged_part_that_held_no_line_is_no_reject_any_more_when_it_is_repaired() {
    for (name, compress) in BOTH {
        let dir = TestDir::new();
        let [one, nothing, two] = [lines(0, 10), String::new(), lines(10, 30)].map(|text| compress(&text));
        let damaged = flipped(&nothing, nothing.len() - 1, 1);
        for damaged in [[&one[..], &damaged, &two].concat(), [&damaged[..], &one, &two].concat()] {
            write(&dir, name, damaged);
            let damaged = import(&dir, name);
            assert_eq!((damaged.total.records, damaged.total.rejected), (31, 1), "{name}: {damaged:#?}");
            write(&dir, name, [&one[..], &nothing, &two].concat());
            let repaired = import(&dir, name).total;
            assert_eq!(repaired, Counts { records: 30, already_present: 30, ..Counts::default() }, "{name}");
        }
    }
}

#[test]
fn a_log_that_grows_by_whole_members_goes_on_after_a_damaged_one() {
    for (name, compress) in BOTH {
        let dir = TestDir::new();
        let [one, two, three] = [lines(0, 10), lines(10, 30), lines(30, 35)].map(|text| compress(&text));
        let damaged = flipped(&two, two.len() / 2, 1);
        write(&dir, name, [&one[..], &damaged].concat());
        assert_eq!(import(&dir, name).total.imported, 10);
        write(&dir, name, [&one[..], &damaged, &three].concat());
        let grown =
            Counts { records: 16, imported: 5, already_present: 10, rejected: 1, ..Counts::default() };
        assert_eq!(import(&dir, name).total, grown, "{name}");
        write(&dir, name, [&one[..], &damaged, &three, &compress(&lines(35, 40))].concat());
        let grown =
            Counts { records: 21, imported: 5, already_present: 15, rejected: 1, ..Counts::default() };
        assert_eq!(import(&dir, name).total, grown, "{name}");
        import_into(&dir, name, "at-once.db");
        assert_eq!(ids(&dir, DATABASE), ids(&dir, "at-once.db"), "{name}");
    }
}

#[test]
fn a_frame_without_a_checksum_counts_when_it_decodes_to_its_end_and_the_summary_says_so() {
    let dir = TestDir::new();
    let stored = zstd::encode_all(lines(0, 40).as_bytes(), 3).unwrap();
    write(&dir, "a.jsonl.zst", [&zstd(&lines(40, 42))[..], &stored].concat());
    let report = report(&dir, &format!("a.jsonl.zst --into {DATABASE}"), 0);
    assert_eq!((&report["imported"], &report["flags"]), (&json!(42), &json!({"no_checksum": 40})));
    let said = quiet(&dir).run("-q import-legacy a.jsonl.zst --into other.db").result();
    assert!(said.contains("kept, and flagged: no_checksum 40"), "{said}");
    // Where what follows the frame is none, the bit that says so may be the damaged one.
    write(&dir, "b.jsonl.zst", [&stored[..], &[1, 2, 3, 4]].concat());
    let doubtful = import_into(&dir, "b.jsonl.zst", "b.db");
    assert_eq!((doubtful.total.imported, doubtful.reasons()), (0, vec!["compression"]));
}

#[test]
fn what_a_cut_log_decodes_to_is_imported_and_counted_as_unverified() {
    for (name, compress) in BOTH {
        let dir = TestDir::new();
        let stored = [compress(&lines(0, 10)), compress(&lines(10, 9_000))].concat();
        write(&dir, name, &stored[..stored.len() * 4 / 5]);
        let cut = import(&dir, name);
        let unverified = cut.flags["unverified"];
        assert!(unverified > 1_000 && cut.total.imported == 10 + unverified, "{cut:#?}");
        assert_eq!(cut.rejects.last().unwrap().reason, "torn_tail");
        assert!(cut.rejects.last().unwrap().detail.contains("before its checksum"), "{cut:#?}");
        write(&dir, name, &stored);
        let whole = import(&dir, name).total;
        assert_eq!((whole.records, whole.imported, whole.rejected), (9_000, 8_990 - unverified, 0));
    }
}

#[test]
fn a_record_that_lost_its_middle_to_damage_is_none_whatever_it_reads_as_later() {
    let dir = TestDir::new();
    let begun = r#"{"event_type": "A", "timestamp": "2025-10-25T10:00:00Z","#;
    let members = [format!("[{begun}\n"), format!("\"a\": 1}},\n{begun}\n"), "\"b\": 2}\n]".to_owned()]
        .map(|text| gzip(&text));
    let damaged = flipped(&members[1], members[1].len() - 5, 2);
    write(&dir, "a.json.gz", [&members[0][..], &damaged, &members[2]].concat());
    let report = import(&dir, "a.json.gz");
    assert_eq!((report.total.imported, report.reasons()), (0, vec!["compression"]));
    let retried = quiet(&dir).run(&format!("--store {DATABASE} --format json rejects retry"));
    assert_eq!(retried.code, 1);
    assert!(rows(&dir, DATABASE).is_empty(), "{}", retried.stdout);
}
