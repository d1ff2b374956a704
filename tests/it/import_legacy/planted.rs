//! Logs with planted damage and oddities, whose fate an independent hand has counted.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::generator::python_json::Layout;
use super::generator::summary::Summary;
use super::generator::{Plan, write_daily, write_legacy};
use super::{Counts, DATABASE, Report, import, rows};
use crate::support::cli::write;
use crate::support::test_dir::TestDir;

/// Enough events for every variant of every trap to have its turn.
fn plan(seed: u64) -> Plan {
    Plan { seed, days: 9, events: 5_000, traps: true, ..Plan::default() }
}

fn assert_counted(report: &Report, summary: &Summary) {
    let Summary { records, imported, duplicates, rejected, .. } = *summary;
    assert_eq!(report.total, Counts { records, imported, duplicates, rejected, ..Counts::default() });
    assert_eq!(report.store.events, imported);

    let planted = |names: &[&str]| -> u64 {
        names.iter().filter_map(|name| summary.traps.get(name)).map(|planted| planted.times).sum()
    };
    for (flag, traps) in [
        ("nan", &["nan", "infinity"][..]),
        ("lone_surrogate", &["lone_surrogate"]),
        ("duplicate_key", &["repeated_key"]),
    ] {
        assert_eq!(report.flags[flag], planted(traps), "{flag}");
    }
    let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
    for reject in &report.rejects {
        *reasons.entry(&reject.reason).or_default() += 1;
    }
    for (reason, traps) in [
        ("bad_timestamp", &["bad_timestamp"][..]),
        ("conflict", &["same_id_other_content"]),
        ("duplicate_field", &["repeated_identity_key"]),
        ("no_timestamp", &["no_timestamp"]),
        ("no_type", &["no_type"]),
        ("syntax", &["bad_syntax", "invalid_utf8", "not_an_object", "torn_line"]),
        ("torn_tail", &["torn_tail"]),
    ] {
        assert_eq!(reasons.remove(reason).unwrap_or(0), planted(traps), "{reason}");
    }
    assert_eq!(reasons, BTreeMap::new(), "no record was rejected for another reason");
    assert_eq!(report.conflicts, planted(&["same_id_other_content"]));
}

#[test]
fn a_daily_log_with_traps_is_counted_as_planted_and_its_events_are_their_lines() {
    for seed in 1..=4 {
        let dir = TestDir::new();
        let summary = write_daily(&plan(seed), &dir.join("log")).unwrap();
        let report = import(&dir, "log");
        assert_counted(&report, &summary);

        let mut files: Vec<PathBuf> =
            fs::read_dir(dir.join("log")).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let stored = rows(&dir, DATABASE);
        let mut bodies = stored.iter().map(|row| row.body.as_bytes()).peekable();
        let mut others = 0;
        for file in &files {
            let bytes = fs::read(file).unwrap();
            let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
            for line in text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii) {
                if bodies.next_if_eq(&line).is_none() {
                    others += u64::from(!line.is_empty());
                }
            }
        }
        assert_eq!(bodies.next(), None, "seed {seed}: every event is a line, in the order of the lines");
        assert_eq!(others, summary.duplicates + summary.rejected, "seed {seed}");
    }
}

#[test]
fn a_legacy_log_with_traps_is_counted_as_planted_and_its_events_are_its_bytes() {
    for (seed, layout) in [(1, Layout::Compact), (2, Layout::Indented(2)), (3, Layout::Tight)] {
        let dir = TestDir::new();
        let mut log = Vec::new();
        let summary = write_legacy(&plan(seed), layout, &mut log).unwrap();
        write(&dir, "events.json", &log);
        let report = import(&dir, "events.json");
        assert_counted(&report, &summary);

        // Between two events stands layout, or what was rejected: a reject stands among sound records.
        let stored = rows(&dir, DATABASE);
        let (mut rest, mut rejected) = (&log[..], 0);
        let is_more_than_layout =
            |between: &[u8]| between.iter().any(|byte| !b"\xef\xbb\xbf[, \r\n\t".contains(byte));
        for row in &stored {
            let at = memchr::memmem::find(rest, row.body.as_bytes()).expect("every event is in the log");
            rejected += u64::from(is_more_than_layout(&rest[..at]));
            rest = &rest[at + row.body.len()..];
        }
        rejected += u64::from(is_more_than_layout(rest));
        assert_eq!(rejected, summary.rejected, "seed {seed}");
    }
}

#[test]
fn every_reject_is_at_the_line_and_byte_that_the_report_names() {
    let dir = TestDir::new();
    let summary = write_daily(&Plan { days: 1, ..plan(5) }, &dir.join("log")).unwrap();
    let report = import(&dir, "log");
    assert_eq!(report.sources.len(), 1);
    assert_eq!(report.rejects.len() as u64, summary.rejected);
    let bytes = fs::read(dir.join(&report.sources[0].path)).unwrap();
    let stored = rows(&dir, DATABASE);
    for reject in &report.rejects {
        let (before, after) = bytes.split_at(reject.offset as usize);
        assert_eq!(reject.line, 1 + before.iter().filter(|&&byte| byte == b'\n').count() as u64);
        assert_eq!(before.last(), Some(&b'\n'), "{reject:?}");
        let line = after.split(|&byte| byte == b'\n').next().unwrap().trim_ascii();
        assert!(stored.iter().all(|row| row.body.as_bytes() != line), "{reject:?}");
    }
}

#[test]
fn a_log_with_traps_imported_again_adds_nothing_and_rejects_the_same() {
    let dir = TestDir::new();
    let summary = write_daily(&plan(6), &dir.join("log")).unwrap();
    let first = import(&dir, "log");
    let stored = rows(&dir, DATABASE);
    let second = import(&dir, "log");
    let Summary { records, imported, duplicates, rejected, .. } = summary;
    let already_present = imported;
    assert_eq!(second.total, Counts { records, already_present, duplicates, rejected, ..Counts::default() });
    assert_eq!(second.reasons(), first.reasons());
    assert_eq!(rows(&dir, DATABASE), stored);
}
