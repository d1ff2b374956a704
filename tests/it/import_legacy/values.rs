//! The traps of JSON and of timestamps, one record each: kept exactly, or rejected with its bytes.

use std::collections::BTreeMap;

use super::{DATABASE, Report, Row, import, quiet, rows};
use crate::support::cli::write;
use crate::support::instant;
use crate::support::test_dir::TestDir;

/// Values that are JSON, or that Python writes for it.
const KEPT: &[&str] = &[
    "0",
    "-0",
    "-0.0",
    "1E+2",
    "1e-7",
    "0.10000000000000001",
    "1e400",
    "-1e-400",
    "9007199254740993",
    "123456789012345678901234567890.000",
    "true",
    "null",
    "[]",
    "{}",
    "{\"\": 0}",
    "[[], {\"a\": [{}]}]",
    " \t\r\n 1 \t\r\n ",
    "[1,\n2]",
    r#""""#,
    r#""\"\\\/\b\f\n\r\t""#,
    r#""\u0000""#,
    r#""\u00e9 and é""#,
    r#""\ud83d\ude00 and 😀""#,
    "\"\u{7f}\u{2028}\u{feff}\u{10ffff}\"",
    r#""e\u0301""#,
    r#""[{]}, \"type\": \"other\"""#,
    r#"{"type": "other", "timestamp": "never", "event_id": 7}"#,
];
/// Values with something about them that is counted.
const FLAGGED: &[(&str, &str)] = &[
    ("nan", "NaN"),
    ("nan", "Infinity"),
    ("nan", "[-Infinity]"),
    ("lone_surrogate", r#""\ud800""#),
    ("lone_surrogate", r#""\udc00\ud800""#),
    ("lone_surrogate", r#"{"\ud800": 1}"#),
    ("duplicate_key", r#"{"a": 1, "a": 1}"#),
    ("duplicate_key", r#"{"a": 1, "\u0061": 2}"#),
];
/// What is no value, whatever other readers make of it.
const REJECTED: &[&[u8]] = &[
    b"",
    b"01",
    b"-01",
    b"1.",
    b".5",
    b"+1",
    b"-",
    b"--1",
    b"1e",
    b"1e+",
    b"1.e1",
    b"0x1F",
    b"1_000",
    b"1 2",
    b"nan",
    b"-NaN",
    b"+Infinity",
    b"Inf",
    b"infinity",
    b"tru",
    b"True",
    b"None",
    b"undefined",
    b"'a'",
    b"a",
    b"[1,]",
    b"[,1]",
    b"[1,,2]",
    b"[1 2]",
    b"[1}",
    b"[1",
    b"{\"a\": 1,}",
    b"{,}",
    b"{a: 1}",
    b"{1: 1}",
    b"{\"a\" 1}",
    b"{\"a\": }",
    b"{\"a\", 1}",
    b"{\"a\": 1",
    b"\"a",
    b"\"\\\"",
    b"\"\\x41\"",
    b"\"\\u12\"",
    b"\"\\u12G4\"",
    b"\"\\\xc3\xa9\"",
    b"\"a\tb\"",
    b"\"a\nb\"",
    b"\"a\0b\"",
    b"1 // note",
    b"/* note */ 1",
    b"# note\n1",
    b"\xef\xbb\xbf1",
    b"\xc2\xa01",
    b"\x0c1",
    b"\xff",
    b"\"\xff\"",
    b"\"\xc0\xaf\"",
    b"\"\xed\xa0\x80\"",
    b"\"\xf4\x90\x80\x80\"",
    b"\"\xc3\"",
];

fn record(number: usize, value: &[u8]) -> Vec<u8> {
    let head = format!(r#"{{"type": "x", "task_id": "T{number}", "timestamp": "2025-01-01T00:00:00", "v": "#);
    [head.as_bytes(), value, b"}"].concat()
}

/// Imports a log of one record for each value, in an array and in a line of its own, and exports all of
/// them: whatever became of a record, its log comes back byte for byte.
fn imported(dir: &TestDir, values: &[&[u8]], as_array: bool) -> Report {
    let mut logs = Vec::new();
    for (number, value) in values.iter().enumerate() {
        let text = record(number, value);
        let text = if as_array { [b"[", &text[..], b"]\n"].concat() } else { [&text[..], b"\n"].concat() };
        let name = format!("{number:03}.log");
        write(dir, &name, text);
        logs.push(name);
    }
    let report = import(dir, &logs.join(" "));
    assert_eq!(report.sources.len(), values.len());
    assert_eq!(quiet(dir).run(&format!("--store {DATABASE} export --to out")).code, 0);
    for (name, value) in logs.iter().zip(values) {
        let [original, exported] =
            [dir.join(name), dir.join("out").join(name)].map(|path| std::fs::read(path).unwrap());
        assert!(original == exported, "{}", String::from_utf8_lossy(value));
    }
    report
}

fn bodies(dir: &TestDir) -> Vec<String> {
    rows(dir, DATABASE).into_iter().map(|row| row.body).collect()
}

fn expected(values: &[&[u8]]) -> Vec<String> {
    let record = |(number, value): (usize, &&[u8])| String::from_utf8(record(number, value)).unwrap();
    values.iter().enumerate().map(record).collect()
}

#[test]
fn every_value_that_is_json_is_kept_to_the_byte() {
    let deep = ["[".repeat(1_000), "]".repeat(1_000)].concat();
    let values: Vec<&[u8]> = KEPT.iter().map(|value| value.as_bytes()).chain([deep.as_bytes()]).collect();
    let dir = TestDir::new();
    let report = imported(&dir, &values, true);
    assert_eq!((report.total.imported, report.total.rejected), (values.len() as u64, 0));
    let naive = BTreeMap::from([("naive".to_owned(), values.len() as u64)]);
    assert_eq!(report.flags, naive, "nothing else is unusual about them");
    assert_eq!(bodies(&dir), expected(&values));
}

#[test]
fn what_python_writes_beyond_json_is_kept_to_the_byte_and_counted() {
    let values: Vec<&[u8]> = FLAGGED.iter().map(|(_, value)| value.as_bytes()).collect();
    for as_array in [true, false] {
        let dir = TestDir::new();
        let report = imported(&dir, &values, as_array);
        assert_eq!((report.total.imported, report.total.rejected), (values.len() as u64, 0));
        for name in ["nan", "lone_surrogate", "duplicate_key"] {
            let flagged = FLAGGED.iter().filter(|(flag, _)| *flag == name).count() as u64;
            assert_eq!(report.flags[name], flagged, "{name}");
        }
        assert_eq!(bodies(&dir), expected(&values));
    }
}

#[test]
fn what_is_not_json_is_rejected_with_its_bytes() {
    for as_array in [true, false] {
        let dir = TestDir::new();
        let report = imported(&dir, REJECTED, as_array);
        assert_eq!((report.total.imported, report.store.events), (0, 0));
        for (source, value) in report.sources.iter().zip(REJECTED) {
            assert!(source.counts.rejected > 0, "{}", String::from_utf8_lossy(value));
        }
    }
}

#[test]
fn a_time_is_the_instant_that_was_written_or_its_record_is_rejected() {
    let accepted = [
        ("2025-10-25T10:00:00", "2025-10-25T10:00:00Z"),
        ("2025-10-25 10:00:00", "2025-10-25T10:00:00Z"),
        ("2025-10-25t10:00:00z", "2025-10-25T10:00:00Z"),
        ("2025-10-25T10:00:00+00:00", "2025-10-25T10:00:00Z"),
        ("2025-10-25T10:00:00-00:00", "2025-10-25T10:00:00Z"),
        ("2025-10-25T10:00:00+05:45", "2025-10-25T04:15:00Z"),
        ("2025-10-25T00:30:00-23:59", "2025-10-26T00:29:00Z"),
        ("2025-10-25", "2025-10-25T00:00:00Z"),
        ("2024-02-29T23:59:59.999999", "2024-02-29T23:59:59.999999Z"),
        ("2025-10-25T10:00:00.1", "2025-10-25T10:00:00.1Z"),
        ("2025-10-25T10:00:00.1234567891234", "2025-10-25T10:00:00.123456Z"),
        ("1969-12-31T23:59:59.9999999", "1969-12-31T23:59:59.999999Z"),
        ("0001-01-01T00:00:00", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
        ("2017-01-01T00:59:60+01:00", "2017-01-01T00:00:00Z"),
    ];
    let rejected = [
        "",
        "never",
        "2025",
        "2025-10",
        "2025-13-01",
        "2025-02-29T00:00:00",
        "2025-10-32",
        "2025-W43-6",
        "2025-298",
        "25-10-2025",
        "10/25/2025",
        "2025-10-25T24:00:00",
        "2025-10-25T10:60:00",
        "2025-10-25T10:00:61",
        "2025-10-25T10:00:60Z",
        "2025-10-25T10:00:00+01:60",
        "2025-10-25T10:00:00+24:00",
        "2025-10-25T10:00:00 +01:00",
        "2025-10-25T10:00:00Z ",
        " 2025-10-25T10:00:00Z",
        "2025-10-25T10:00:00.",
        "2025-10-25T10:00:00ZZ",
        "2025-10-25T10:00:00 UTC",
        "2025-10-25T",
        "0000-01-01T00:00:00",
        "10000-01-01T00:00:00",
        "-0001-01-01T00:00:00",
        "+002025-10-25T10:00:00",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "２025-10-25T10:00:00",
        "1761386400",
    ];
    let dir = TestDir::new();
    let record = |(number, time): (usize, &str)| {
        format!("{{\"type\": \"x\", \"number\": {number}, \"timestamp\": \"{time}\"}}\n")
    };
    let times = accepted.iter().map(|(time, _)| *time).chain(rejected);
    let log: String = times.enumerate().map(record).collect();
    write(&dir, "a.jsonl", &log);
    let report = import(&dir, "a.jsonl");
    assert_eq!(
        (report.total.imported, report.total.rejected),
        (accepted.len() as u64, rejected.len() as u64),
        "{:#?}",
        report.rejects
    );
    for (row, (written, meant)) in rows(&dir, DATABASE).iter().zip(accepted) {
        let Row { body, occurred_at, .. } = row;
        assert!(body.contains(&format!("\"{written}\"")), "{body}");
        assert_eq!(*occurred_at, instant(meant).timestamp_micros(), "{written}");
    }
    for (reject, line) in report.rejects.iter().zip(accepted.len() as u64 + 1..) {
        assert_eq!((reject.reason.as_str(), reject.line), ("bad_timestamp", line), "{reject:?}");
    }
    assert_eq!(quiet(&dir).run(&format!("--store {DATABASE} export --to out")).code, 0);
    assert_eq!(std::fs::read_to_string(dir.join("out/a.jsonl")).unwrap(), log);
}
