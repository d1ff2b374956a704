//! What is made of damage: which objects in it are events, and how many rejects the rest is.

use std::time::{Duration, Instant};

use super::wrapper_object::under_records;
use super::*;

/// What a log holds, as text: rejects with their bytes, in round brackets.
fn shown(log: &str) -> Vec<String> {
    shown_through(log, &Mapping::BuiltIn)
}

fn shown_through(log: &str, mapping: &Mapping) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    std::fs::write(&path, log).unwrap();
    let mut source = open_log(&path, mapping).unwrap();
    let zone = Zone::utc();
    let mut reader = RecordReader::with_mapping(&zone, DstPolicy::Resolve, mapping);
    let mut shown = Vec::new();
    while let Some(piece) = source.next_piece(&mut reader).unwrap() {
        let text = String::from_utf8_lossy(piece.bytes);
        match piece.content {
            PieceContent::Record(record) => shown.push(record.event_type.into_owned()),
            PieceContent::Reject(_) => shown.push(format!("({text})")),
            PieceContent::Layout | PieceContent::RejectContinued => {}
        }
    }
    shown
}

fn bad(kind: &str) -> String {
    format!(r#"{{"type": "{kind}", "path": "C:\proj\q", "timestamp": "2025-10-25"}}"#)
}

#[test]
fn records_on_one_line_are_records_each() {
    let (a, b, c) = (event("A"), event("B"), event("C"));
    assert_eq!(shown(&format!("{a}{b}\n{c}")), ["A", "B", "C"]);
    assert_eq!(shown(&format!("{a} \t{b}\r\n{c}\r\n")), ["A", "B", "C"]);
    assert_eq!(shown(&format!("{a}xy {b}z\n{c}\n")), ["A", "(xy)", "B", "(z)", "C"]);
}

#[test]
fn a_comma_after_a_record_is_layout_and_any_other_one_is_not() {
    let (a, b) = (event("A"), event("B"));
    for log in
        [format!("{a},\n{b},\n"), format!("{a} , {b},"), format!("{a}\n,{b}\n"), format!("{a},\r\n{b}")]
    {
        assert_eq!(shown(&log), ["A", "B"], "{log}");
    }
    assert_eq!(shown(&format!(",{a}\n{b}\n")), ["(,)", "A", "B"]);
    assert_eq!(shown(&format!("{a},,{b}\n")), ["A", "(,)", "B"]);
}

#[test]
fn what_stands_before_a_record_is_a_reject_without_it() {
    let (a, b) = (event("A"), event("B"));
    let zeros = "\0".repeat(300);
    let unclosed = "{\"type\": \"X\", \"v\": \"un";
    for before in [&zeros, "\u{feff}", "2025-10-25 INFO [x] ", "}", "\"", unclosed] {
        let log = format!("{b}\n{before}{a}\n{b}\n");
        assert_eq!(shown(&log), ["B", &format!("({})", before.trim_end()), "A", "B"], "{log}");
        let log = format!("[{b},\n{before}{a},\n{b}]");
        assert_eq!(shown(&log), ["B", &format!("({before})"), "A", "B"], "{log}");
    }
    assert_eq!(shown(&format!(")]}}'\n[{a},\n {b}]")), ["()]}')", "([)", "A", "B", "(])"]);
}

#[test]
fn a_record_that_was_written_into_another_one_is_whole_wherever_it_stands_in_it() {
    let (a, outer) = (event("A"), r#"{"type": "X", "list": ["a", "b"], "v": {"w": null}}"#);
    for at in 1..outer.len() {
        let log = format!("{}{a}\n{}\n{a}\n", &outer[..at], &outer[at..]);
        let kinds = kinds("a.jsonl", &log);
        let events = kinds.iter().filter(|kind| *kind == "A").count();
        assert_eq!((events, kinds.first().map(String::as_str)), (2, Some("(syntax)")), "{log}");
    }
}

#[test]
fn an_object_within_one_that_is_damaged_is_a_part_of_it() {
    let (a, inner) = (event("A"), event("Inner"));
    for outer in [
        format!(r#"{{"path": "C:\proj", "items": [{inner}, {inner}], "n": 1}}"#),
        format!(r#"{{"items": [{inner}, {inner}], "n": tru}}"#),
        format!(r#"{{"items": {{"one": {inner}}}, "n": 01,}}"#),
        format!(r#"{{"items": [{inner}, {{}} 5], "n": 1}}"#),
        format!(r#"{{"no type": {inner}}}"#),
    ] {
        for log in [format!("{a}\n{outer}\n{a}\n"), format!("[{a}, {outer}, {a}]"), format!("{a}{outer}{a}")]
        {
            assert_eq!(shown(&log), ["A", &format!("({outer})"), "A"], "{log}");
        }
    }
}

#[test]
fn an_object_right_before_the_break_was_written_over_what_broke() {
    let (a, b) = (event("A"), event("B"));
    assert_eq!(shown(&format!("{{\"v\": [1, {a}\n{b}\n")), ["({\"v\": [1,)", "A", "B"]);
    assert_eq!(shown(&format!("{{\"v\": {a}{b}\n")), ["({\"v\":)", "A", "B"]);
    assert_eq!(shown(&format!("[{{\"v\": {a}\n {b}]")), ["({\"v\": )", "A", "()", "B"]);
}

#[test]
fn what_may_still_become_an_object_is_torn_and_not_searched() {
    let (a, inner) = (event("A"), event("Inner"));
    for torn in [format!("{{\"v\": {inner}"), format!("{{\"v\": [1, {inner}, {inner}]"), "{".to_owned()] {
        assert_eq!(shown(&format!("{a}\n{torn}")), ["A", &format!("({torn})")]);
        assert_eq!(shown(&format!("[{a},{torn}")), ["A", &format!("({torn})")]);
        assert_eq!(shown(&format!("[{a}]\n{torn}")), ["A", &format!("({torn})")]);
    }
    // It is closed by nothing, and so it may still be.
    let torn = format!("{{\"v\": [1, 2, {inner}]");
    assert_eq!(shown(&format!("[{a},{torn}")), ["A", &format!("({torn})")]);
}

#[test]
fn arrays_one_after_the_other_give_all_of_their_records() {
    let (a, b, c) = (event("A"), event("B"), event("C"));
    for (between, rejected) in
        [("]\n[", "([)"), ("][", "([)"), ("],[", "(,[)"), ("] x\n[", "(x\n[)"), ("]\r\n\r\n[", "([)")]
    {
        assert_eq!(shown(&format!("[{a}, {b}{between}{c}]\n")), ["A", "B", rejected, "C"], "{between}");
    }
    assert_eq!(shown(&format!("[[{a}, {b}], [{c}]]")), ["([)", "A", "B", "(, [)", "C", "(])"]);
    assert_eq!(shown(&format!("[]\n[{a}]\n[]\n[]\n[{b}]")), ["([)", "A", "([)", "([)", "([)", "B"]);
    assert_eq!(
        shown(&format!("two\n[{a}, {b}]\n[{c}]\n")),
        ["(two)", "([)", "A", "B", "(])", "([)", "C", "(])"]
    );
}

#[test]
fn wrappers_one_after_the_other_give_all_of_their_records() {
    let (a, b, c) = (event("A"), event("B"), event("C"));
    let opening = "{\"v\": 1, \"Records\": [";
    for end in ["]}\n", "], \"w\": [1]}", "]}\n\n"] {
        let log = format!("{opening}{a}{end}{opening}{b}, {c}{end}{opening}{a}{end}");
        let rejected = format!("({opening})");
        assert_eq!(
            shown_through(&log, &under_records()),
            ["A", &rejected, "B", "C", &rejected, "A"],
            "{log}"
        );
    }
}

#[test]
fn damaged_records_are_counted_one_by_one_in_an_array_as_in_lines() {
    let records = [event("A"), bad("X"), bad("Y"), "{'type': 'Z'}".to_owned(), bad("X"), event("B")];
    let shown_in = |log: String| -> Vec<String> { shown(&log) };
    let in_lines = shown_in(records.join("\n"));
    assert_eq!(in_lines.len(), records.len());
    for between in [",", ", ", ",\n  "] {
        assert_eq!(shown_in(format!("[{}]", records.join(between))), in_lines);
    }
    assert_eq!(shown_in(records[..3].concat()), in_lines[..3]);
}

#[test]
fn a_merge_that_was_left_unfinished_costs_its_markers_alone() {
    let (a, b, c) = (event("A"), event("B"), event("C"));
    let lines = format!("{a}\n<<<<<<< HEAD\n{b}\n=======\n{c}\n>>>>>>> theirs\n");
    assert_eq!(shown(&lines), ["A", "(<<<<<<< HEAD)", "B", "(=======)", "C", "(>>>>>>> theirs)"]);
    let array = format!("[\n{a},\n<<<<<<< HEAD\n{b}\n=======\n{c}\n>>>>>>> theirs\n]\n");
    assert_eq!(shown(&array), ["A", "(<<<<<<< HEAD\n)", "B", "(=======\n)", "C", "(>>>>>>> theirs\n)"]);
}

#[test]
fn a_record_is_too_long_whatever_stands_beside_it() {
    let of_length = |kind: &str, length: usize| {
        let empty = format!(r#"{{"type": "{kind}", "timestamp": "2025-10-25", "v": ""}}"#).len();
        format!(r#"{{"type": "{kind}", "timestamp": "2025-10-25", "v": "{}"}}"#, "x".repeat(length - empty))
    };
    let records = ["A", "B", "C"].map(|kind| of_length(kind, LONGEST_RECORD + usize::from(kind != "B")));
    let expected = ["(too_long)", "B", "(too_long)"];
    assert_eq!(kinds("a.jsonl", &records.join("\n")), expected);
    assert_eq!(kinds("a.json", &format!("[{}]", records.join(","))), expected);
}

#[test]
fn what_is_nested_in_a_record_that_is_too_long_is_no_event() {
    let inner = format!(
        r#"{{"type": "Long", "v": [{0}, "{1}", {0}], "w": 1}}"#,
        event("In"),
        "x".repeat(LONGEST_RECORD)
    );
    assert_eq!(kinds("a.jsonl", &format!("{inner}\n{}\n", event("A"))), ["(too_long)", "A"]);
    assert_eq!(kinds("a.json", &format!("[{inner}, {}]", event("A"))), ["(too_long)", "A"]);
}

#[test]
fn damage_of_any_kind_is_read_in_a_time_that_grows_with_its_length() {
    let a = event("A");
    let length = 1 << 17;
    for part in [
        "{",
        "[",
        "{\"a\":",
        "{\"a\":[",
        "{\"a\":{\"b\":[1,",
        "{\"",
        "\"{",
        "{\"a\":\"{\",\"b\":\"",
        "{\":\":",
        "}",
        "]",
        ",",
        ",{",
        "{}",
        "{},",
        "{\"a\":1}",
        "{\"a\":1,",
        "[{\"a\":",
        "x{\"a\":[",
        "\\",
        "\0",
        "{\"a\": tru,",
        "{\":\",\"{\":\"",
        "[[{\"a\":[",
        &format!("{{\"v\":[{a},"),
        &format!("{{\"v\":{a}"),
        &format!("{{\"v\":[{a},{{\"x\":[1,"),
        &format!("{a},"),
        &a,
    ] {
        let long = part.repeat(length / part.len());
        for log in
            [format!("{long}\n{a}"), format!("[{long}!{a}]"), format!("[]{long}"), format!("[1 {long}")]
        {
            let begun = Instant::now();
            joined(in_memory(log.as_bytes(), usize::MAX, log.starts_with('[')).as_mut());
            assert!(begun.elapsed() < Duration::from_secs(30), "{}", &log[..40]);
        }
    }
}
