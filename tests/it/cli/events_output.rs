//! `events`: how events are printed.

use super::{STORES, import, seed, two_tasks};
use crate::support::{cli, event};

#[test]
fn people_get_aligned_columns() {
    let dir = seed(&two_tasks());
    for store in STORES {
        let table = cli(&dir).run(&format!("--store {store} events recent")).result();
        assert_eq!(
            table,
            "TIMESTAMP                         TYPE           AGGREGATE  SUMMARY      EVENT ID\n\
             2025-10-22T00:00:00+00:00         TaskDeleted    T2                      e4\n\
             2025-10-21T23:59:59.999999+00:00  TaskCompleted  T1                      e3\n\
             2025-10-21T09:30:00.250000+00:00  TaskCreated    T2                      e2\n\
             2025-10-20T08:00:00+00:00         TaskCreated    T1         Call Zürich  e1\n"
        );
    }
}

#[test]
fn the_summary_is_what_the_event_says_of_itself() {
    for (field, json, summary) in [
        ("title", "\"Gr\\u00fcn\"", "Grün"),
        ("completion_notes", "\"done!\"", "done!"),
        ("reason", "\"a duplicate\"", "a duplicate"),
        ("changes", "[\"title\", 1]", "[\"title\", 1]"),
        ("title", "null", ""),
        ("title", "NaN", "NaN"),
        ("title", "\"half \\ud800 pair\"", "half \\ud800 pair"),
    ] {
        let dir = import(&event("e1").about("Task 7").with(field, json).text());
        let table = cli(&dir).run("--store events.db events recent").result();
        let row = table.lines().nth(1).unwrap();
        let shown = row.split_once("Task 7").unwrap().1.strip_suffix("imported").unwrap().trim();
        assert_eq!(shown, summary, "{row}");
    }
}

#[test]
fn one_event_is_shown_with_all_that_is_known_of_it() {
    let dir = seed(&two_tasks());
    let body = two_tasks()[0].body().to_owned();
    let shown = cli(&dir).run("--store events.db events show e1").result();
    assert_eq!(
        shown,
        format!(
            "event_id      e1\nevent_type    TaskCreated\ntimestamp     2025-10-20T08:00:00+00:00\n\
             aggregate_id  T1\nposition      1\nbody          {body}\n"
        )
    );
}

#[test]
fn jsonl_is_one_object_a_line() {
    let dir = seed(&two_tasks()[..1]);
    let body = serde_json::to_string(two_tasks()[0].body()).unwrap();
    let line = cli(&dir).run("--store events.db events recent --format jsonl").result();
    assert_eq!(
        line,
        format!(
            "{{\"position\":1,\"event_id\":\"e1\",\"event_type\":\"TaskCreated\",\
             \"timestamp\":\"2025-10-20T08:00:00+00:00\",\"aggregate_id\":\"T1\",\"body\":{body}}}\n"
        )
    );
}

#[test]
fn raw_is_the_stored_text_byte_for_byte() {
    let dir = seed(&two_tasks());
    let expected: String = two_tasks()[..2].iter().map(|event| format!("{}\n", event.body())).collect();
    for store in STORES {
        let raw = cli(&dir).run(&format!("--store {store} events --raw by-type TaskCreated --limit 1 -q"));
        assert_eq!(raw.result(), format!("{}\n", two_tasks()[1].body()));
        let raw =
            cli(&dir).run(&format!("--store {store} events between 2025-10-20Z 2025-10-21T10:00Z --raw"));
        assert_eq!(raw.code, 2, "a date has no offset");
        let raw =
            cli(&dir).run(&format!("--store {store} -q events between 2025-10-20 2025-10-21T10:00Z --raw"));
        assert_eq!(raw.result(), expected);
    }
}

#[test]
fn raw_keeps_lines_spelling_and_control_characters_of_an_imported_record() {
    let text = "{\n  \"type\": \"TaskCreated\",\r\n  \"timestamp\": \"2025-10-25T10:00:00\",\n  \
                \"n\": 1.10e+00, \"big\": 123456789012345678901234567890, \"nan\": NaN,\n  \
                \"title\": \"\\u00fc \u{7f}\u{9b}31m\u{202e}\"\n}";
    let dir = import(text);
    for query in ["recent", "show imported"] {
        let raw = cli(&dir).run(&format!("--store events.db events {query} --raw")).result();
        assert_eq!(raw, format!("{text}\n"));
        let document = cli(&dir).run(&format!("--store events.db events {query} --format json")).json();
        assert_eq!(document["events"][0]["body"], text);
    }
}

#[test]
fn text_from_a_log_cannot_steer_the_terminal() {
    let dir = import(
        &event("e1")
            .of_type("Task\u{1b}]0;owned\u{7}")
            .about("T1\nT2")
            .with("title", "\"\\u001b[2J\\rwiped \u{9b}31m\u{202e}\"")
            .text(),
    );
    let table = cli(&dir).run("--store events.db events recent").result();
    assert_eq!(table.lines().count(), 2, "{table}");
    for shown in ["Task\\u{1b}]0;owned\\u{7}", "T1\\nT2", "\\u{1b}[2J\\rwiped \\u{9b}31m\\u{202e}"] {
        assert!(table.contains(shown), "{table}");
    }
    let shown = cli(&dir).run("--store events.db events show imported").result();
    for text in [&table, &shown] {
        assert!(!text.contains(|c: char| c.is_control() && c != '\n') && !text.contains('\u{202e}'));
    }
    let no = cli(&dir).run_with(["--store", "events.db", "events", "show", "\u{1b}[2J"]);
    no.fails(1, "error: there is no event \\u{1b}[2J in the store\n");
}

#[test]
fn raw_and_a_machine_format_exclude_each_other() {
    let dir = seed(&two_tasks());
    for line in ["--format json events recent --raw", "events --raw recent --format jsonl"] {
        cli(&dir).run(line).fails(
            2,
            "error: --raw and --format exclude each other: the stored text is also in the key `body` of \
             json and jsonl\n",
        );
    }
    cli(&dir).run("--store daily events recent --raw --format human").result();
}
