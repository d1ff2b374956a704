//! Evidence that a checkout or an editor has converted: the records hold, and recording goes on.

use std::fs;
use std::path::PathBuf;

use mission_events::internals::application::evidence::{
    Chain, Converted, EvidenceError, EvidenceLog, FaultKind, line_hash,
};
use mission_events::internals::infrastructure::evidence::log::JsonlEvidenceLog;
use serde_json::json;

use super::{chain, evidence, lines, record};
use crate::support::cli::cli;
use crate::support::test_dir::TestDir;

const BOM: &str = "\u{feff}";

/// What becomes of the text of a file.
type Conversion = fn(String) -> String;

/// A log of two records, converted.
fn converted(convert: impl Fn(String) -> String) -> (TestDir, PathBuf) {
    let dir = TestDir::new();
    let path = dir.join("evidence.jsonl");
    record(&path, 2);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, convert(text)).unwrap();
    (dir, path)
}

fn to_crlf(text: &str) -> String {
    text.replace('\n', "\r\n")
}

fn to_lf(text: &str) -> String {
    text.replace("\r\n", "\n")
}

fn convert(path: &PathBuf, convert: impl Fn(&str) -> String) {
    fs::write(path, convert(&fs::read_to_string(path).unwrap())).unwrap();
}

#[test]
fn a_chain_holds_in_every_conversion_and_the_next_record_joins_it() {
    let conversions: [(Conversion, Converted); 11] = [
        (|text| to_crlf(&text), Converted { crlf_lines: 2, ..Converted::default() }),
        (|text| text.replacen('\n', "\r\n", 1), Converted { crlf_lines: 1, ..Converted::default() }),
        (|text| text + "\n", Converted { blank_lines: 1, ..Converted::default() }),
        (|text| text + "\n\r\n\n", Converted { blank_lines: 3, ..Converted::default() }),
        // Blank lines of more than one kind.
        (|text| text + "\n \n", Converted { blank_lines: 2, ..Converted::default() }),
        (|text| text + " \t\r\n\n\x0c\n", Converted { blank_lines: 3, ..Converted::default() }),
        (|text| text + "\n\t", Converted { blank_lines: 2, ..Converted::default() }),
        (|text| BOM.to_owned() + &text, Converted { byte_order_mark: true, ..Converted::default() }),
        (
            |text| BOM.to_owned() + &to_crlf(&text) + "\r\n",
            Converted { crlf_lines: 2, byte_order_mark: true, blank_lines: 1 },
        ),
        // Without its last line end, and with half of one.
        (|text| to_crlf(text.trim_end()), Converted { crlf_lines: 1, ..Converted::default() }),
        (|text| text.trim_end().to_owned() + "\r", Converted { crlf_lines: 1, ..Converted::default() }),
    ];
    for (number, (convert, expected)) in conversions.into_iter().enumerate() {
        let (_dir, path) = converted(convert);
        let before = chain(&path);
        assert!(before.holds() && before.torn.is_empty(), "{number}: {:?}", before.faults);
        assert_eq!((before.records.len(), before.converted), (2, Some(expected)), "{number}");

        let appended = JsonlEvidenceLog::new(&path).append(&evidence(3)).unwrap();
        assert_eq!((appended.sequence, &appended.previous), (3, &before.records[1].sha256), "{number}");
        let after = chain(&path);
        assert!(after.holds() && after.torn.is_empty(), "{number}: {:?}", after.faults);
        assert_eq!(after.records.len(), 3, "{number}");
        assert_eq!(after.converted.map_or(0, |converted| converted.blank_lines), 0, "{number}");
    }
}

#[test]
fn a_log_that_is_converted_back_and_forth_between_records_is_one_chain() {
    let dir = TestDir::new();
    let path = dir.join("evidence.jsonl");
    for round in 0..6 {
        record(&path, 1 + round % 2);
        convert(&path, if round % 2 == 0 { to_crlf } else { to_lf });
        assert!(chain(&path).holds(), "{round}: {:?}", chain(&path).faults);
    }
    assert_eq!(chain(&path).records.len(), 9);
    let hashes = |path| chain(path).records.into_iter().map(|record| record.sha256).collect::<Vec<_>>();
    let as_crlf = {
        convert(&path, to_crlf);
        hashes(&path)
    };
    convert(&path, to_lf);
    assert_eq!(hashes(&path), as_crlf, "the hash that was noted elsewhere is still that of the last record");
    assert_eq!(chain(&path).converted, None);
}

#[test]
fn a_record_that_was_appended_with_the_hash_of_a_crlf_line_still_joins_the_chain() {
    let (_dir, path) = converted(|text| text);
    let [first, second] = &lines(&path)[..] else { panic!() };
    let with_cr = [&first[..], b"\r"].concat();
    let text = String::from_utf8(second.clone()).unwrap();
    let second = text.replace(&line_hash(first), &line_hash(&with_cr)).into_bytes();
    assert_ne!(text.as_bytes(), second);
    assert!(Chain::of(&[with_cr, second.clone()]).holds(), "as it was appended");
    assert!(Chain::of(&[first.clone(), second]).holds(), "and when it was converted back");
}

#[test]
fn other_changes_around_a_record_are_told_as_before() {
    for (convert, fault_line) in [
        ((|text: String| text.replacen('\n', " \n", 1)) as Conversion, 2),
        (|text| text.replacen('\n', "\r\r\n", 1), 2),
        (|text| text.replacen('\n', "\n\n", 1), 2),
        (|text| text.replacen('\n', "\r\n\r\n", 1), 2),
        (|text| text + "\n\n{}\n", 3),
        (|text| format!("\n{text}"), 1),
        (|text| text.replacen('\n', &format!("\n{BOM}"), 1), 2),
        (|text| format!("{BOM}{BOM}{text}"), 1),
        (|text| text.replacen('\n', "\r", 1), 1),
    ] {
        let (_dir, path) = converted(convert);
        let chain = chain(&path);
        assert_eq!(chain.faults.first().map(|fault| fault.line), Some(fault_line), "{:?}", chain.faults);
    }
}

#[test]
fn an_altered_record_in_converted_lines_is_found() {
    let (_dir, path) = converted(|text| to_crlf(&text).replacen("\"anchors\":1", "\"anchors\":7", 1));
    let faults = chain(&path).faults;
    assert_eq!(faults[0].kind, FaultKind::Altered { before: 1 });
}

#[test]
fn blank_lines_and_a_byte_order_mark_alone_are_an_empty_log_and_the_first_record_joins_it() {
    let dir = TestDir::new();
    let path = dir.join("evidence.jsonl");
    let verify = || cli(&dir).env("MISSION_CONTROL_EVIDENCE", "evidence.jsonl").run("evidence verify");
    let without_mark = |text: &str| text.strip_prefix(BOM).unwrap_or(text).to_owned();
    for (text, seen) in [
        ("\n", "blank lines at the end: 1"),
        ("\r\n\r\n", "blank lines at the end: 2"),
        (&"\n".repeat(100_000), "blank lines at the end: 100000"),
        (BOM, "a byte order mark at the beginning"),
        (&format!("{BOM}\r\n\n"), "a byte order mark at the beginning; blank lines at the end: 2"),
    ] {
        fs::write(&path, text).unwrap();
        let said = verify();
        assert_eq!(said.code, 1, "{text:?}: {}", said.stderr);
        assert!(
            said.stderr.contains("no comparison is recorded") && said.stderr.contains(seen),
            "{}",
            said.stderr
        );
        record(&path, 2);
        let chain = chain(&path);
        assert!(chain.holds());
        assert_eq!((chain.records.len(), chain.records[0].line), (2, 1), "{text:?}");
        let recorded = fs::read_to_string(&path).unwrap();
        assert_eq!(recorded.starts_with(BOM), text.starts_with(BOM));
        assert!(without_mark(&recorded).starts_with('{'), "{text:?}");
    }
    fs::write(&path, "\n\nno record\n").unwrap();
    let error = JsonlEvidenceLog::new(&path).append(&evidence(1)).unwrap_err();
    assert!(matches!(error, EvidenceError::NotEvidence { .. }), "{error}");
}

#[test]
fn more_blank_lines_than_one_look_at_the_end_reads_are_passed() {
    let (_dir, path) = converted(|text| text + &"\r\n".repeat(100_000));
    record(&path, 1);
    assert!(chain(&path).holds());
    assert_eq!((chain(&path).records.len(), chain(&path).converted), (3, None));
}

#[test]
fn a_torn_line_in_converted_lines_is_torn() {
    let (_dir, path) = converted(|text| to_crlf(&(text + "{\"sequence\": 3\n")) + "\r\n");
    record(&path, 1);
    let chain = chain(&path);
    assert!(chain.holds());
    assert_eq!((chain.records.len(), chain.torn.len(), chain.torn[0].bytes), (3, 1, 14));
}

#[test]
fn people_and_programs_are_told_what_was_converted() {
    let (dir, _path) = converted(|text| BOM.to_owned() + &to_crlf(&text) + "\r\n");
    let verify = |form: &str| {
        cli(&dir).env("MISSION_CONTROL_EVIDENCE", "evidence.jsonl").run(&format!("{form} evidence verify"))
    };
    let said = verify("").result();
    assert!(said.starts_with("evidence.jsonl: 2 records, the chain holds\n"), "{said}");
    let expected = "\nconverted by another program, which hashes do not cover: \
                    lines that end with CRLF: 2; a byte order mark at the beginning; blank lines at the end: 1\n";
    assert!(said.contains(expected), "{said}");
    let document = verify("--format json").json();
    let expected = json!({"crlf_lines": 2, "byte_order_mark": true, "blank_lines": 1});
    assert_eq!(document["converted"], expected);
}
