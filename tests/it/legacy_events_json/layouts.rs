//! The array is written as it was laid out.

use std::fs;

use super::{elements, file, open, set_aside, text, warnings};
use crate::support::test_dir::TestDir;

const RECORD: &str = r#"{"a":1.50,"b":["é",{}]}"#;

/// What each array is after two records.
#[test]
fn records_are_written_as_json_dump_would_in_the_layout_of_the_array() {
    let one = r#"{"a": 1.5, "b": ["\u00e9", {}]}"#;
    let lines = |newline: &str, indent: &str| {
        let text = "{\n@@\"a\": 1.5,\n@@\"b\": [\n@@@\"\\u00e9\",\n@@@{}\n@@]\n@}";
        text.replace('\n', newline).replace('@', indent)
    };
    let (two, four, tab, none, crlf) =
        (lines("\n", "  "), lines("\n", "    "), lines("\n", "\t"), lines("\n", ""), lines("\r\n", "  "));
    for (before, after) in [
        ("[]".to_owned(), format!("[{one}, {one}]")),
        ("[]\n".to_owned(), format!("[{one}, {one}]\n")),
        (" [ \n ] ".to_owned(), format!(" [{one}, {one} \n ] ")),
        (r#"[{"x": 1}]"#.to_owned(), format!(r#"[{{"x": 1}}, {one}, {one}]"#)),
        ("[{\"x\": 1}]\r\n\n".to_owned(), format!("[{{\"x\": 1}}, {one}, {one}]\r\n\n")),
        (r#"[{"x":1},{"y":2}]"#.to_owned(), format!(r#"[{{"x":1}},{{"y":2}}, {one}, {one}]"#)),
        ("[1, \"]\", [], null]".to_owned(), format!("[1, \"]\", [], null, {one}, {one}]")),
        ("\u{feff}[{}]".to_owned(), format!("\u{feff}[{{}}, {one}, {one}]")),
        (
            "[\n  {\n    \"x\": 1\n  }\n]".to_owned(),
            format!("[\n  {{\n    \"x\": 1\n  }},\n  {two},\n  {two}\n]"),
        ),
        (
            "[\n    {\n        \"x\": 1\n    },\n    {\n        \"y\": 1\n    }\n]\n".to_owned(),
            format!(
                "[\n    {{\n        \"x\": 1\n    }},\n    {{\n        \"y\": 1\n    }},\n    {four},\n    {four}\n]\n"
            ),
        ),
        (
            "[\n\t{\n\t\t\"x\": 1\n\t}\n]".to_owned(),
            format!("[\n\t{{\n\t\t\"x\": 1\n\t}},\n\t{tab},\n\t{tab}\n]"),
        ),
        ("[\n{\n\"x\": 1\n}\n]".to_owned(), format!("[\n{{\n\"x\": 1\n}},\n{none},\n{none}\n]")),
        (
            "[\r\n  {\r\n    \"x\": 1\r\n  }\r\n]".to_owned(),
            format!("[\r\n  {{\r\n    \"x\": 1\r\n  }},\r\n  {crlf},\r\n  {crlf}\r\n]"),
        ),
        (
            "[\n  {\"x\": 1},\n  {\"y\": 2}\n]".to_owned(),
            format!("[\n  {{\"x\": 1}},\n  {{\"y\": 2}},\n  {one},\n  {one}\n]"),
        ),
        ("[\n  {}\n]".to_owned(), format!("[\n  {{}},\n  {two},\n  {two}\n]")),
    ] {
        // One file that stays open, and one that is opened again.
        for is_opened_again in [false, true] {
            let dir = TestDir::new();
            let path = file(&dir, &before);
            let events = open(&path).unwrap();
            assert_eq!(text(&path), before, "to open it changes nothing");
            let first = events.append(RECORD).unwrap();
            let events = if is_opened_again { open(&path).unwrap() } else { events };
            let second = events.append(RECORD).unwrap();
            assert_eq!(text(&path), after, "{before:?}");
            for appended in [first, second] {
                let record = &text(&path)[appended.offset as usize..][..appended.length as usize];
                assert_eq!(serde_json::from_str::<serde_json::Value>(record).unwrap()["a"], 1.5, "{record}");
            }
            assert_eq!(set_aside(&dir), []);
        }
    }
}

#[test]
fn what_is_not_there_yet_is_made_with_its_folders_and_nothing_becomes_an_empty_array() {
    let dir = TestDir::new();
    let path = dir.join("data/deep/events.json");
    let (events, said) = warnings(|| open(&path).unwrap());
    assert_eq!((text(&path).as_str(), said.len()), ("[]", 0), "{said:?}");
    events.append("{}").unwrap();
    assert_eq!(text(&path), "[{}]");
    for (before, after) in
        [("", "[{}]"), (" \n\t", "[{}]"), ("\u{feff}", "\u{feff}[{}]"), ("\u{feff}\n", "\u{feff}[{}]")]
    {
        let dir = TestDir::new();
        let path = file(&dir, before);
        open(&path).unwrap().append("{}").unwrap();
        assert_eq!(text(&path), after, "{before:?}");
        assert_eq!(set_aside(&dir), []);
    }
}

#[test]
fn a_file_that_is_removed_while_it_is_open_is_made_again() {
    let dir = TestDir::new();
    let path = dir.join("events.json");
    let events = open(&path).unwrap();
    events.append("{}").unwrap();
    fs::remove_file(&path).unwrap();
    let (_, said) = warnings(|| events.append(r#"{"b": 1}"#).unwrap());
    assert_eq!(text(&path), r#"[{"b": 1}]"#);
    assert_eq!(said.len(), 1, "{said:?}");
}

#[test]
fn an_array_and_an_element_of_any_length_are_read_as_a_whole() {
    let numbers = vec!["1234567"; 100_000].join(", ");
    let long = format!("{{\"s\": \"{}\"}}", "x]".repeat(400_000));
    for before in [format!("[{numbers}"), format!("[{long}, 0, {long}"), format!("[0{}", " ".repeat(600_000))]
    {
        let dir = TestDir::new();
        let path = file(&dir, format!("{before}]"));
        open(&path).unwrap().append("{}").unwrap();
        assert_eq!(
            text(&path),
            format!("{}, {{}}{}]", before.trim_end(), &before[before.trim_end().len()..])
        );
    }
}

#[test]
fn records_that_are_appended_together_are_all_there_or_none_is() {
    let dir = TestDir::new();
    let path = file(&dir, "[0]");
    let events = open(&path).unwrap();
    let places = events.append_all(&[r#"{"a":1}"#, r#"{"b":2}"#]).unwrap();
    assert_eq!(text(&path), r#"[0, {"a": 1}, {"b": 2}]"#);
    assert_eq!(
        places.iter().map(|place| (place.offset, place.length)).collect::<Vec<_>>(),
        [(4, 8), (14, 8)]
    );
    events.append_all(&[r#"{"c": 3}"#, "[]"]).unwrap_err();
    assert_eq!(events.append_all(&[]).unwrap(), []);
    assert_eq!(elements(&path).len(), 3);
}

#[cfg(unix)]
#[test]
fn a_link_leads_to_the_array_and_stays_a_link() {
    let dir = TestDir::new();
    fs::create_dir(dir.join("real")).unwrap();
    fs::write(dir.join("real/events.json"), "[{}]").unwrap();
    for link in ["events.json", "later.json"] {
        std::os::unix::fs::symlink(format!("real/{link}"), dir.join(link)).unwrap();
        open(&dir.join(link)).unwrap().append("{}").unwrap();
        assert!(dir.join(link).is_symlink());
    }
    assert_eq!(text(&dir.join("real/events.json")), "[{}, {}]");
    assert_eq!(text(&dir.join("real/later.json")), "[{}]");
    assert_eq!(dir.names_like(""), ["events.json", "later.json", "real"], "the lock is beside the array");
}

#[test]
fn threads_and_several_openings_append_one_after_the_other() {
    let dir = TestDir::new();
    let path = dir.join("events.json");
    let (_, said) = warnings(|| {
        let openings = [open(&path).unwrap(), open(&path).unwrap()];
        std::thread::scope(|scope| {
            for (opening, events) in openings.iter().enumerate() {
                for thread in 0..2 {
                    scope.spawn(move || {
                        for number in 0..10 {
                            events
                                .append(&format!("{{\"by\": {}}}", opening * 100 + thread * 10 + number))
                                .unwrap();
                        }
                    });
                }
            }
        });
        openings[0].append("{}").unwrap();
    });
    let mut written: Vec<_> = elements(&path).iter().filter_map(|event| event["by"].as_u64()).collect();
    written.sort_unstable();
    assert_eq!(written, (0..20).chain(100..120).collect::<Vec<_>>());
    assert_eq!(said, [] as [String; 0], "what this program writes is no other program's");
}
