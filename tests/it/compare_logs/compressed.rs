//! Compressed logs that are damaged, cut, or have no checksum.

use std::io::Write;

use serde_json::json;

use super::{consistent, different, inconclusive, jsonl, new_records, run, three_days, write_both};
use crate::support::cli::write;
use crate::support::test_dir::TestDir;

fn zstd(records: &[String]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(jsonl(records).as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// A log of 36 events, of which those from the 12th to the 24th are damaged.
fn with_damage() -> (TestDir, Vec<String>) {
    let dir = TestDir::new();
    write_both(&dir, &three_days(), &three_days());
    let new = new_records(&three_days());
    let mut damaged = zstd(&new[12..24]);
    *damaged.last_mut().unwrap() ^= 1;
    write(&dir, "damaged.jsonl.zst", [zstd(&new[..12]), damaged, zstd(&new[24..])].concat());
    (dir, new)
}

#[test]
fn what_is_missing_where_data_is_damaged_is_inconclusive() {
    let (dir, _) = with_damage();
    for (arguments, side, reason) in [
        (
            "events.json damaged.jsonl.zst",
            "candidate",
            "12 events are missing from the candidate, or damaged there",
        ),
        (
            "damaged.jsonl.zst events.json",
            "control",
            "12 events are in the candidate only, or damaged in the control",
        ),
    ] {
        let found = inconclusive(&dir, arguments, reason);
        assert_eq!(
            (&found["matched"], &found[side]["rejects"][0]["reason"]),
            (&json!(24), &json!("compression"))
        );
    }
}

#[test]
fn what_damage_does_not_explain_is_a_difference() {
    let (dir, new) = with_damage();
    write(&dir, "fewer.jsonl", jsonl(&new[1..]));
    different(&dir, "fewer.jsonl damaged.jsonl.zst", &[("missing", 12), ("extra", 1)]);
    write(&dir, "changed.jsonl", jsonl(&new).replace("\"title 2\"", "\"another title\""));
    different(&dir, "changed.jsonl damaged.jsonl.zst", &[("changed", 1), ("missing", 12)]);
}

#[test]
fn what_has_no_checksum_is_compared_and_told() {
    let dir = TestDir::new();
    write_both(&dir, &three_days(), &three_days());
    let new = new_records(&three_days());
    write(&dir, "a.jsonl.zst", zstd::encode_all(jsonl(&new).as_bytes(), 1).unwrap());
    let found = consistent(&dir, "events.json a.jsonl.zst", 36);
    assert_eq!(found["candidate"]["files"][0]["file"]["flags"], json!({"no_checksum": 36}));
    assert_eq!(found["control"]["files"][0]["file"].get("flags"), None);
    let said = run(&dir, "events.json a.jsonl.zst").stdout;
    assert!(said.contains("read, and flagged: a.jsonl.zst: no_checksum 36"), "{said}");
    let stored = zstd(&new);
    write(&dir, "cut.jsonl.zst", &stored[..stored.len() - 2]);
    let found = inconclusive(&dir, "events.json cut.jsonl.zst", "could not be read as events");
    assert_eq!(found["candidate"]["files"][0]["file"]["flags"], json!({"unverified": 36}));
}
