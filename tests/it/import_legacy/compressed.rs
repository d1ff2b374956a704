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

/// How many records the log has that is cut: more than one of the blocks of 128 KiB of which zstd gives each whole.
const CUT: u32 = 2_000;

/// The first bytes of a log of two members, of which the second one is cut.
fn cut_log(compress: Compress) -> (Vec<u8>, Vec<u8>) {
    let stored = [compress(&lines(0, 10)), compress(&lines(10, CUT))].concat();
    (stored[..stored.len() * 4 / 5].to_owned(), stored)
}

#[test]
fn records_of_a_cut_member_are_kept_unverified_and_become_events_when_the_log_is_imported_whole() {
    for (name, compress) in BOTH {
        let dir = TestDir::new();
        let (cut, stored) = cut_log(compress);
        write(&dir, name, cut);
        let said = report(&dir, &format!("{name} --into {DATABASE}"), 1);
        let unverified = said["flags"]["unverified"].as_u64().unwrap();
        assert!(unverified > 1_000 && said["imported"] == 10, "{said:#}");
        let text = quiet(&dir).run(&format!("-q import-legacy {name} --into other.db"));
        for part in [
            &format!("kept, and flagged: unverified {unverified}"),
            "rejected, unverified:",
            "is no event; import the whole file, or take the record as it is with `rejects retry --reason unverified`",
            "before its checksum; the records in the",
        ] {
            assert!(text.stdout.contains(part), "{}", text.stdout);
        }
        let kept =
            quiet(&dir).run(&format!("--store {DATABASE} --format json rejects --reason unverified")).json();
        assert_eq!(kept["reasons"], json!({"unverified": unverified}));
        let written = records(10, CUT);
        for (reject, record) in kept["rejects"].as_array().unwrap().iter().zip(&written) {
            assert_eq!(&reject["text"], record);
        }
        // An unchanged log adds nothing; a repaired one leaves what an import at once leaves.
        assert_eq!(import(&dir, name).total.imported, 0);
        assert_eq!(ids(&dir, DATABASE).len(), 10);
        write(&dir, name, &stored);
        let whole = import(&dir, name).total;
        let records = u64::from(CUT);
        let expected = Counts { records, imported: records - 10, already_present: 10, ..Counts::default() };
        assert_eq!(whole, expected, "{name}");
        import_into(&dir, name, "at-once.db");
        assert_eq!(ids(&dir, DATABASE), ids(&dir, "at-once.db"), "{name}");
        let left = quiet(&dir).run(&format!("--store {DATABASE} --format json rejects")).json();
        assert_eq!(left["current"], 0, "{name}");
    }
}

#[test]
fn a_cut_member_that_is_damaged_too_leaves_nothing_false_whatever_it_turns_out_to_be() {
    for (name, compress) in BOTH {
        let (cut, stored) = cut_log(compress);
        for at in [cut.len() / 4, cut.len() - 40] {
            let dir = TestDir::new();
            let steps = [flipped(&cut, at, 2), flipped(&stored, at, 2), stored.clone()];
            for (step, file) in steps.into_iter().enumerate() {
                write(&dir, name, file);
                let report = import(&dir, name);
                let events = if step == 2 { CUT as usize } else { 10 };
                assert_eq!(report.conflicts, 0, "{name}, byte {at}, step {step}");
                assert_eq!(rows(&dir, DATABASE).len(), events, "{name}, byte {at}, step {step}");
            }
            let written = records(0, CUT);
            let rows = rows(&dir, DATABASE);
            assert!(rows.iter().zip(&written).all(|(row, record)| row.body == *record), "{name}, byte {at}");
        }
    }
}

#[test]
fn unverified_records_become_events_where_a_retry_asks_for_them_and_are_present_afterwards() {
    for (name, compress) in BOTH {
        let dir = TestDir::new();
        let (cut, stored) = cut_log(compress);
        write(&dir, name, cut);
        let unverified = import(&dir, name).flags["unverified"];
        let retry = |arguments: &str| {
            quiet(&dir).run(&format!("--store {DATABASE} --format json rejects retry {arguments}"))
        };
        for (arguments, imported, code) in [("", 0, 1), ("--reason unverified", unverified, 0)] {
            let run = retry(arguments);
            let report: Value = serde_json::from_str(&run.stdout).unwrap();
            assert_eq!((&report["imported"], run.code), (&json!(imported), code), "{name}: {report:#}");
        }
        write(&dir, name, &stored);
        let whole = import(&dir, name).total;
        assert_eq!((whole.records, whole.rejected), (u64::from(CUT), 0), "{name}: {whole:?}");
        assert_eq!(whole.already_present + whole.duplicates, 10 + unverified, "{name}: {whole:?}");
        assert_eq!(ids(&dir, DATABASE).len(), CUT as usize, "{name}");
    }
}

#[test]
fn zero_bytes_after_and_between_members_are_no_damage_to_import_compare_and_export() {
    for (name, compress) in BOTH {
        let dir = TestDir::new();
        let padding = [0; 700];
        write(
            &dir,
            name,
            [&compress(&lines(0, 20))[..], &padding, &compress(&lines(20, 40)), &padding].concat(),
        );
        let said = report(&dir, &format!("{name} --into {DATABASE}"), 0);
        assert_eq!(
            (&said["imported"], &said["rejected"], &said["in_doubt"]),
            (&json!(40), &json!(0), &json!(0))
        );
        write(&dir, "plain.jsonl", lines(0, 40));
        assert_eq!(quiet(&dir).run(&format!("compare-logs plain.jsonl {name}")).code, 0, "{name}");
        assert_eq!(quiet(&dir).run(&format!("--store {DATABASE} export --to out")).code, 0, "{name}");
        let plain = name.rsplit_once('.').unwrap().0;
        assert_eq!(std::fs::read_to_string(dir.join("out").join(plain)).unwrap(), lines(0, 40), "{name}");
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
