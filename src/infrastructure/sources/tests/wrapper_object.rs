use super::*;
use crate::wire::mapping::{DeclaredMapping, Mapping};

pub(super) fn under_records() -> Mapping {
    Mapping::Declared(DeclaredMapping {
        event_id: None,
        event_type: "type".parse().unwrap(),
        timestamp: "timestamp".parse().unwrap(),
        timestamp_unit: Default::default(),
        aggregate: None,
        records: Some("Records".to_owned()),
    })
}

/// The records under `Records`, or what is there instead. The pieces must be the bytes.
fn held(text: &str) -> Result<Vec<String>, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.json");
    std::fs::write(&path, text).unwrap();
    let open = || open_log(&path, &under_records());
    match open() {
        Ok(mut source) => {
            assert_eq!(joined(source.as_mut()), text.as_bytes());
            let items = read(open().unwrap().as_mut());
            Ok(items.into_iter().map(|(_, _, shown)| shown).collect())
        }
        Err(SourceError::NotALog { source, .. }) => Err(source.to_string()),
        Err(error) => panic!("{error}"),
    }
}

fn shown(kinds: &[&str]) -> Result<Vec<String>, String> {
    Ok(kinds.iter().map(ToString::to_string).collect())
}

#[test]
fn records_under_a_key_are_read_and_what_stands_around_them_is_layout() {
    let (a, b) = (event("A"), event("B"));
    for (before, after) in [
        ("{\"Records\": ", "}"),
        ("\u{feff} { \"Records\" :\n", "\n}\n"),
        (r#"{"v": {"Records": [1]}, "w": [{"Records": 2}], "Records": "#, r#", "x": {"Records": [NaN]}}"#),
        (r#"{"Rec\u006frds": "#, r#", "next": null} "#),
    ] {
        assert_eq!(held(&format!("{before}[{a}, {b}]{after}")), shown(&["A", "B"]), "{before}{after}");
        assert_eq!(held(&format!("{before}[]{after}")), shown(&[]), "{before}{after}");
    }
}

#[test]
fn what_holds_no_such_array_is_said_to_hold_none() {
    let declared = "as declared (records)";
    for (text, said) in [
        (
            "[1]",
            format!(
                "expected one object that holds the records under `Records` at its top level, {declared}"
            ),
        ),
        (
            "{\"v\": {\"Records\": []}}",
            format!(
                "expected one object that holds the records under `Records` at its top level, {declared}"
            ),
        ),
        ("{\"Records\": {}}", format!("expected an array of records under `Records`, {declared}")),
        (
            "{\"v\": tru, \"Records\": []}",
            format!(
                "expected one object that holds the records under `Records`, {declared}, found no JSON at byte 9"
            ),
        ),
        (
            "{\"v\": ",
            format!(
                "expected one object that holds the records under `Records`, {declared}, found no JSON at byte 6"
            ),
        ),
    ] {
        assert_eq!(held(text), Err(said), "{text}");
    }
}

#[test]
fn a_key_that_stands_twice_hides_no_records() {
    let (a, b) = (event("A"), event("B"));
    let kinds = held(&format!(r#"{{"Records": [{a}], "Records": [{b}]}}"#)).unwrap();
    assert_eq!(kinds[..2], ["A", "(duplicate_field)"]);
}

#[test]
fn a_wrapper_that_is_torn_or_broken_after_its_records_is_a_reject() {
    let a = event("A");
    for (rest, reject) in [
        ("", "(torn_tail)"),
        ("]", "(torn_tail)"),
        ("], ", "(torn_tail)"),
        ("], \"v\": 1", "(torn_tail)"),
        ("]]", "(syntax)"),
        ("], 1}", "(syntax)"),
        ("]} x", "(syntax)"),
    ] {
        assert_eq!(held(&format!("{{\"Records\": [{a}{rest}")), shown(&["A", reject]), "{rest}");
    }
}

#[test]
fn damage_in_the_last_record_does_not_swallow_the_end_of_the_wrapper() {
    let text = format!("{{\"Records\": [{}, {{\"v\": tru}}], \"x\": [1]}}", event("A"));
    assert_eq!(held(&text), shown(&["A", "(syntax)"]));
}

#[test]
fn what_stands_around_the_records_may_be_larger_than_a_piece() {
    let large = "x".repeat(3 * LONGEST_PIECE);
    let text = format!(r#"{{"v": "{large}", "Records": [{}], "w": "{large}"}}"#, event("A"));
    assert_eq!(held(&text), shown(&["A"]));
}

#[test]
fn held_records_are_resumed_after_the_last_one() {
    let (a, b) = (event("A"), event("B"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.json");
    std::fs::write(&path, format!(r#"{{"v": 1, "Records": [{a}], "w": 2}}"#)).unwrap();
    let mut source = open_log(&path, &under_records()).unwrap();
    read(source.as_mut());
    let point = source.resume_point();
    std::fs::write(&path, format!(r#"{{"v": 1, "Records": [{a}, {b}], "w": 2}}"#)).unwrap();
    let mut source = open_log(&path, &under_records()).unwrap();
    assert!(source.resume_at(&point).unwrap());
    let kinds: Vec<String> = read(source.as_mut()).into_iter().map(|(_, _, shown)| shown).collect();
    assert_eq!(kinds, ["B"]);
    assert_eq!(source.digest().content_bytes, std::fs::metadata(&path).unwrap().len());
}

#[test]
fn a_wrapper_whose_records_were_edited_is_read_from_its_beginning() {
    let (a, b) = (event("A"), event("B"));
    // What stands before the records is longer than the window that is left after the attempt to resume.
    for before in [r#""v": 1, "#.to_owned(), format!(r#""v": "{}", "#, "x".repeat(3 * LONGEST_PIECE))] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.json");
        let write = |record: &str| {
            std::fs::write(&path, format!(r#"{{{before}"Records": [{record}], "w": 2}}"#)).unwrap();
        };
        write(&a);
        let mut source = open_log(&path, &under_records()).unwrap();
        read(source.as_mut());
        let point = source.resume_point();
        write(&b);
        let mut source = open_log(&path, &under_records()).unwrap();
        assert!(!source.resume_at(&point).unwrap());
        let kinds: Vec<String> = read(source.as_mut()).into_iter().map(|(_, _, shown)| shown).collect();
        assert_eq!(kinds, ["B"]);
        assert_eq!(source.digest().content_bytes, std::fs::metadata(&path).unwrap().len());
    }
}
