//! What a chain shows, and what it cannot.

use std::sync::LazyLock;

use mission_events::internals::application::evidence::{
    Chain, EvidenceRecord, Fault, FaultKind, Line, NO_PREVIOUS, TornLine, is_torn, line_hash,
};
use proptest::prelude::*;

use super::{evidence, recorded_lines};
use crate::support::cases;

static LINES: LazyLock<Vec<Line>> = LazyLock::new(|| recorded_lines(4));

/// The lines of a text, as a file is read.
fn split(text: &[u8]) -> Vec<Line> {
    let mut lines: Vec<Line> = text.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    if lines.last().is_some_and(Vec::is_empty) {
        lines.pop();
    }
    lines
}

fn faults(lines: &[Line]) -> Vec<(u64, FaultKind)> {
    Chain::of(lines).faults.into_iter().map(|Fault { line, kind }| (line, kind)).collect()
}

#[test]
fn a_record_is_one_line_of_json_with_these_keys_and_is_read_as_it_was_written() {
    let chain = Chain::of(&LINES);
    assert!(chain.holds() && chain.torn.is_empty());
    for (number, (chained, line)) in (1..).zip(chain.records.iter().zip(&*LINES)) {
        assert_eq!((chained.line, chained.record.sequence), (number, number));
        assert_eq!(chained.record.evidence, evidence(number));
        assert_eq!(serde_json::to_vec(&chained.record).unwrap(), *line);
        assert_eq!(chained.sha256, line_hash(line));
    }
    let text: serde_json::Value = serde_json::from_slice(&LINES[0]).unwrap();
    let keys: Vec<&String> = text.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "sequence",
            "previous",
            "recorded_at",
            "tool_version",
            "canonical_form",
            "profile",
            "rules",
            "rules_sha256",
            "zone",
            "settings",
            "window",
            "control",
            "candidate",
            "days",
            "clock",
            "matched",
            "differences",
            "classes",
            "history",
            "self_test",
            "verdict",
            "reasons",
            "doubts",
        ]
    );
    assert_eq!(text["previous"], NO_PREVIOUS);
    assert_eq!(text["recorded_at"], "2025-10-26T01:02:03.250000+00:00");
    assert_eq!(text["days"][0]["day"], "2025-10-25");
    assert_eq!(text["window"]["until"], serde_json::Value::Null);
}

#[test]
fn the_hash_of_a_line_is_the_sha_256_that_other_programs_compute() {
    assert_eq!(line_hash(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

#[test]
fn a_record_of_a_newer_program_with_keys_of_its_own_is_a_record() {
    let text = String::from_utf8(LINES[0].clone()).unwrap().replacen('{', r#"{"mood": {"of": "it"}, "#, 1);
    assert!(Chain::of(&[text.into_bytes()]).holds());
}

#[test]
fn any_removed_copied_or_moved_line_is_found() {
    for from in 0..3 {
        let mut removed = LINES.clone();
        let line = removed.remove(from);
        assert!(!Chain::of(&removed).holds(), "removed {from}");
        for to in 0..4 {
            let mut copied = LINES.clone();
            copied.insert(to, line.clone());
            assert!(!Chain::of(&copied).holds(), "copied {from} to {to}");
            let mut moved = removed.clone();
            moved.insert(to, line.clone());
            assert_eq!(Chain::of(&moved).holds(), from == to, "moved {from} to {to}");
        }
    }
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn any_changed_byte_of_any_line_but_the_last_is_found(at: prop::sample::Index, byte: u8) {
        let mut text = LINES.join(&b'\n');
        let end = text.len() - LINES[3].len() - 1;
        let at = at.index(end);
        prop_assume!(text[at] != byte);
        text[at] = byte;
        let chain = Chain::of(&split(&text));
        prop_assert!(!chain.holds());
        let line = 1 + text[..at].iter().filter(|byte| **byte == b'\n').count() as u64;
        prop_assert!(
            chain.faults.iter().any(|fault| fault.line == line || fault.line == line + 1 || fault.line == line + 2),
            "line {line}: {:?}", chain.faults
        );
    }

    #[test]
    fn any_bytes_are_judged_and_never_a_record(garbage: Vec<u8>) {
        let mut lines = LINES.clone();
        lines.insert(2, garbage.clone());
        let chain = Chain::of(&lines);
        prop_assert_eq!(chain.records.len(), 4);
        prop_assert_eq!(chain.holds(), is_torn(&garbage));
    }
}

#[test]
fn a_change_of_the_last_line_is_found_as_soon_as_a_line_follows_it() {
    let altered = |line: &Line| {
        String::from_utf8(line.clone()).unwrap().replace("consistent", "different").into_bytes()
    };
    let mut lines = LINES[..3].to_vec();
    lines[2] = altered(&lines[2]);
    assert!(Chain::of(&lines).holds(), "the end of a chain is not held by anything");
    lines.push(LINES[3].clone());
    assert_eq!(faults(&lines), [(4, FaultKind::Altered { before: 3 })]);
}

#[test]
fn a_chain_cannot_show_that_its_end_was_cut_off_and_the_hash_of_its_last_line_can() {
    let cut = Chain::of(&LINES[..2]);
    assert!(cut.holds());
    let head = |chain: &Chain| chain.records.last().unwrap().sha256.clone();
    assert_ne!(head(&cut), head(&Chain::of(&LINES)));
}

#[test]
fn each_kind_of_damage_is_named_with_its_line() {
    let of =
        |numbers: &[usize]| -> Vec<Line> { numbers.iter().map(|number| LINES[number - 1].clone()).collect() };
    assert_eq!(faults(&of(&[2, 3, 4])), [(1, FaultKind::Missing { first: 1, last: 1 })]);
    assert_eq!(faults(&of(&[1, 4])), [(2, FaultKind::Missing { first: 2, last: 3 })]);
    assert_eq!(faults(&of(&[1, 2, 2, 3, 4])).first(), Some(&(3, FaultKind::Moved { behind: 1 })));
    assert_eq!(
        faults(&of(&[2, 1, 3, 4])),
        [
            (1, FaultKind::Moved { behind: 2 }),
            (2, FaultKind::Moved { behind: 0 }),
            (3, FaultKind::Moved { behind: 1 }),
        ]
    );

    let edited = |line: usize, from: &str, to: &str| -> Vec<Line> {
        let mut lines = LINES.clone();
        let text = String::from_utf8(lines[line - 1].clone()).unwrap();
        assert!(text.contains(from));
        lines[line - 1] = text.replacen(from, to, 1).into_bytes();
        lines
    };
    let altered = (3, FaultKind::Altered { before: 2 });
    assert_eq!(
        faults(&edited(2, r#""differences":0"#, r#""differences":1"#)),
        std::slice::from_ref(&altered)
    );
    assert_eq!(
        faults(&edited(2, r#""sequence":2"#, r#""sequence":7"#)),
        [(2, FaultKind::WrongSequence { expected: 2, found: 7 }), altered]
    );
    let mut glued = edited(4, "{", " {");
    glued[3].insert(0, b'!');
    assert!(matches!(&faults(&glued)[..], [(4, FaultKind::NotARecord { .. })]));
    assert!(matches!(
        &faults(&edited(2, "{", "[{"))[..],
        [(2, FaultKind::NotARecord { .. }), (3, FaultKind::Missing { first: 2, last: 2 })]
    ));
}

#[test]
fn what_is_left_of_a_record_that_was_cut_at_any_byte_is_torn_and_the_chain_holds_around_it() {
    let line = &LINES[1];
    for length in 1..line.len() {
        for zeros in [0, 3] {
            let mut torn = line[..length].to_vec();
            torn.resize(length + zeros, 0);
            assert!(is_torn(&torn), "{length}");
        }
    }
    let torn = LINES[1][..40].to_vec();
    let chain = Chain::of(&[torn.clone(), LINES[0].clone(), torn, LINES[1].clone(), vec![0; 8]]);
    assert!(chain.holds());
    let expected = [(1, 40), (3, 40), (5, 8)].map(|(line, bytes)| TornLine { line, bytes });
    assert_eq!(chain.torn, expected);
    // After a power cut a part of it may be zeros, wherever it is.
    for at in 0..line.len() {
        let mut torn = line.clone();
        torn[at..line.len().min(at + 512)].fill(0);
        assert!(is_torn(&torn), "{at}");
    }
    for other in [&b""[..], b"[]", b"{}", b"hello", &LINES[0][1..]] {
        assert!(!is_torn(other), "{other:?}");
    }
    assert!(!is_torn(line), "a whole record");
}

#[test]
fn a_record_that_lost_its_beginning_is_no_record() {
    let error = serde_json::from_slice::<EvidenceRecord>(&LINES[0][1..]);
    assert!(error.is_err() && !Chain::of(&[LINES[0][1..].to_vec()]).holds());
}
