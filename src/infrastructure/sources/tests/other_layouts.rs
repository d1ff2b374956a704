//! Objects that are not one on each line, and text that is no JSON: what is said of them, and what is read all the same.

use super::foreign_formats::{gzip, is_refused, refused, refused_through, rejects};
use super::wrapper_object::under_records;
use super::*;

#[test]
fn objects_over_several_lines_are_refused_with_the_way_to_make_lines_of_them() {
    let indented = |kind: &str| event(kind).replace('{', "{\n  ").replace(", ", ",\n  ").replace('}', "\n}");
    let log = format!("{}\n{}\n{}\n", indented("A"), indented("B"), indented("C"));
    for log in [
        log.clone(),
        log.replace('\n', "\r\n"),
        format!("\u{feff}{log}"),
        format!("\n\n{log}"),
        format!("starting\n{log}"),
        log.replace("\n{", ",\n{"),
        log.replace("{\n  ", "{ "),
        format!("\u{1e}{}\n\u{1e}{}\n", indented("A"), indented("B")),
        // It begins and ends within an object.
        log[10..log.len() - 10].to_owned(),
        format!("\"v\": [\n{{\"a\": 1}}\n]}}\n{log}"),
        format!("{{\"a\": 1}} x\n{log}"),
    ] {
        is_refused(
            &log,
            "its objects span several lines: expected one object a line, or an array; `jq -c . FILE",
        );
        is_refused(gzip(log.as_bytes()), "its objects span several lines");
    }
    for log in [
        format!("{}\n{log}", event("A")),
        // It begins with lines that are no events.
        format!("{{\"a\": 1}}\n{log}"),
        format!("\u{feff}\n\u{1e}{{\"a\": 1}},\n{log}"),
        format!("{{\"type\": \"A\",\n{}\n", event("B")),
        format!("{{\"v\": [1,\n{},\n{},\n", event("A"), event("B")),
        "{\n".to_owned(),
        "{\"a\": 1,\n".to_owned(),
        // It is no event: a line that has gone on.
        format!("{{\"a\": {}\n,\"b\": 1}}\n", event("In")),
        "{\n \"settings\": 1\n}\nstarted\n".to_owned(),
        "{\"a\": 1}\n{\"b\": 2}\n".to_owned(),
    ] {
        assert_eq!(refused(&log), None, "{log}");
    }
}

#[test]
fn an_event_over_several_lines_in_a_log_of_lines_is_rejected_with_its_cause_and_the_rest_is_read() {
    let (a, b) = (event("A"), event("B"));
    let indented = b.replace('{', "{\n  ").replace(", ", ",\n  ").replace('}', "\n}");
    for (several, lines) in [(indented, 5), (b.replace("\"B\", ", "\"B\",\r\n"), 2)] {
        let log = format!("{a}\n{several}\n{a}\n");
        let mut expected = vec!["A".to_owned()];
        expected.extend(vec!["(syntax)".to_owned(); lines]);
        expected.push("A".to_owned());
        assert_eq!(kinds("a.jsonl", &log), expected);
        let said = rejects(log.as_bytes());
        assert_eq!(said[0].0, a.len() as u64 + 1);
        assert!(
            said[0].1.contains("goes on after the line") && said[0].1.contains("`jq -c . FILE"),
            "{said:?}"
        );
    }
    // What is cut off within a value goes on nowhere.
    let cut = format!("{a}\n{}\n{b}\n", &b[..b.len() - 4]);
    assert!(!rejects(cut.as_bytes())[0].1.contains("jq"));
}

#[test]
fn an_array_of_indented_objects_after_something_else_is_named_with_its_place() {
    let array = "[\n  {\n    \"type\": \"A\",\n    \"timestamp\": \"2025-10-25\"\n  }\n]\n";
    for before in ["Export of today\n", "window.log = ", ")]}'\n"] {
        is_refused(format!("{before}{array}"), &format!("an array begins at byte {}", before.len()));
    }
    is_refused(format!("x{array}"), "`tail -c +2 FILE > LOG.json`");
}

#[test]
fn objects_that_hold_the_records_are_named_with_the_flag_that_reads_them() {
    let (a, b) = (event("A"), event("B"));
    for log in [
        format!("{{\"Records\": [{a}, {b}]}}\n"),
        format!("{{\"Records\": [{a}]}}\n{{\"Records\": [{b}]}}\n"),
        format!("{{\"v\": {{\"w\": [1]}}, \"x\": [1, {a}], \"Records\": [{a}, {b}], \"n\": 2}}"),
        format!("{{\n  \"Records\": [\n{a},\n{b}\n]\n}}\n"),
    ] {
        is_refused(&log, "under \"Records\": declare that (--records \"Records\")");
        assert_eq!(refused_through(log.as_bytes(), &under_records()), None);
    }
    for log in [
        format!("{{\"items\": [{a}], \"v\": 1}}\n{b}\n"),
        format!("{{\"type\": \"Batch\", \"timestamp\": \"2025-10-25\", \"items\": [{a}]}}\n"),
        format!("{{\"items\": [{a}], \"type\": \"Batch\", \"timestamp\": \"2025-10-25\"}}\n"),
        format!("{{\"type\": \"Batch\", \"items\": [{a}, {b}"),
        // Longer than what is looked at, it can be an event that holds others.
        format!("{{\"history\": [{}", format!("{a},\n").repeat(20_000)),
        format!(
            "{{\"history\": [{}{a}], \"type\": \"Snapshot\", \"timestamp\": \"2025-10-25\"}}\n{b}\n",
            format!("{a},").repeat(20_000)
        ),
    ] {
        assert_eq!(refused(&log), None, "{log}");
    }
}

#[test]
fn objects_that_hold_a_record_each_or_several_by_name_are_named_with_the_way_to_take_them_out() {
    let (a, b) = (event("A"), event("B"));
    let text = |event: &str| serde_json::to_string(&format!("{event}\n")).unwrap();
    let several = format!("{{\"x\": {a},\n \"n\": 1,\n \"y\": {b}}}\n");
    for (log, says) in [
        (
            format!("{{\"offset\": 1, \"event\": {a}}}\n{{\"offset\": 2, \"event\": {b}}}\n"),
            "`jq -c '.[\"event\"]'",
        ),
        (several.clone(), "`jq -c '.[] | objects'"),
        (several.replace('\n', ""), "under names of their own, as \"x\""),
        (
            format!("{{\"log\": {}, \"stream\": \"stdout\"}}\n", text(&a)).repeat(3),
            "`jq -c '.[\"log\"] | fromjson'",
        ),
    ] {
        is_refused(&log, says);
        // The first event on a line makes it a log of lines.
        assert_eq!(refused(format!("{log}{b}\n")), None, "{log}");
    }
    for log in [
        format!("{{\"log\": \"started\", \"of\": {}}}\n", text(&a).replace("type", "kind")),
        format!("{{\"type\": \"B\", \"of\": {a}}}\n"),
        format!("{{\"of\": {a}, \"timestamp\": 1}}\n"),
    ] {
        assert_eq!(refused(&log), None, "{log}");
    }
}

#[test]
fn objects_of_another_program_over_several_lines_are_refused_and_one_that_has_gone_on_is_not() {
    let other = "{\n  \"MESSAGE\": \"started\",\n  \"_PID\": \"7\"\n}\n";
    is_refused(other.repeat(2), "its objects span several lines");
    is_refused(format!("{{\"v\": 1,\n\"w\": 2}},\n{other}"), "`jq -c .");
    for log in [other.to_owned(), format!("{other}started\n"), format!("{{\"v\": 1}}\n{}", other.repeat(2))] {
        assert_eq!(refused(&log), None, "{log}");
    }
}

#[test]
fn text_in_which_no_object_begins_is_refused_with_what_makes_lines_of_json_of_it() {
    for (text, says) in [
        ("type,task,time\nA,T1,2025-10-25\n", "found text (\"type,task,time\"); it looks like a table"),
        ("type,task\r\nA,T1", "(mlr --icsv --ojsonl cat FILE > LOG.jsonl)"),
        ("type;task\nA;T1\n", "mlr --icsv --ifs ';'"),
        ("type\ttask\nA\tT1\n", "mlr --itsv"),
        ("\"at\",\"payload\"\n\"2025\",\"{\"\"type\"\": \"\"A\"\"}\"\n", "it looks like a table"),
        ("---\ntype: A\n", "(yq -o=json -I=0 . FILE > LOG.jsonl)"),
        ("---\n- type: A\n", "'.[]' FILE"),
        ("\n- type: A\n  timestamp: 2025\n", "yq -o=json"),
        ("<?xml version=\"1.0\"?>\n<events/>\n", "it looks like XML or HTML"),
        ("[[event]]\ntype = \"A\"\n", "write its records as lines of JSON first"),
        ("[\"A\", 1]\n[\"B\", 2]\n", "each an object with names"),
        ("{'type': 'A'}\n{'type': 'B'}\n", "found text (\"{'type': 'A'}\")"),
        ("time=2025 msg={}x\ntime=2025\n", ""),
        ("eyJ0eXBlIjogIkEifQ==\neyJ0eXBlIjogIkIifQ==\n", "no object begins in it"),
    ] {
        match says {
            "" => assert_eq!(refused(text), None, "{text}"),
            says => is_refused(text, says),
        }
    }
    is_refused("all quiet\n".repeat(LONGEST_PIECE / 10 + 1), "no object begins in it");
}

#[test]
fn text_that_can_be_a_damaged_log_is_none_of_another_format() {
    let a = event("A");
    let long = "all quiet\n".repeat(LONGEST_PIECE / 20);
    for log in [
        "x\n".to_owned(),
        "[\n]\n".to_owned(),
        "[\n  \n".to_owned(),
        format!("{long}{a}\n"),
        // It is cut, or goes on.
        format!("{long}{}", &a[..5]),
        format!("{long}{{"),
        format!("{long}{{\"type\": \"A\", \"v\": tru"),
        format!("{}\nx\ny\n", "\0".repeat(LONGEST_PIECE)),
        "a\u{1}\nb\n".to_owned(),
        format!("{}{}{a}\n", "all quiet\n".repeat(100), "\0".repeat(LONGEST_PIECE)),
    ] {
        assert_eq!(refused(&log), None, "{}", &log[..log.len().min(100)]);
    }
}
