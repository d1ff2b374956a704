//! The legacy log as routing sees it, over `events.json`.

use std::error::Error;
use std::fs;
use std::path::Path;

use mission_events::legacy_system::routing::{LegacyLog, LegacyPlace};
use mission_events::legacy_system::{EventsJson, LegacyWriter};

use crate::support::test_dir::TestDir;

const COMPACT: &str = r#"[{"a": 1}, {"b": [{}, {"c": "]"}]}]"#;
const INDENTED: &str = "[\n  {\n    \"a\": 1\n  },\n  {\n    \"b\": 2\n  }\n]\n";

fn open(path: &Path, content: &str) -> EventsJson {
    fs::write(path, content).unwrap();
    EventsJson::open(path.to_owned(), LegacyWriter::This).unwrap()
}

fn text_at(path: &Path, place: &LegacyPlace) -> String {
    let text = fs::read_to_string(path).unwrap();
    text[place.offset as usize..(place.offset + place.length) as usize].to_owned()
}

#[test]
fn what_was_planned_stands_where_it_was_said_once_it_is_written_and_not_before() {
    for content in ["[]", "[\n]", COMPACT, INDENTED] {
        let dir = TestDir::new();
        let path = dir.join("events.json");
        let events = open(&path, content);
        let log: &dyn LegacyLog = &events;
        let end = log.lock().unwrap().end();
        let records = [r#"{"type":"ö","n":1e3}"#.to_owned(), r#"{"x": {"y": []}}"#.to_owned()];
        let mut locked = log.lock().unwrap();
        let mut places = locked.plan(&records[..1]).unwrap();
        places.extend(locked.plan(&records[1..]).unwrap());
        assert!(places.iter().all(|place| !locked.holds(place).unwrap()));
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
        locked.write().unwrap();

        let locked = log.lock().unwrap();
        assert!(places.iter().all(|place| locked.holds(place).unwrap()), "{content}");
        assert_eq!(places[1].offset + places[1].length, locked.end());
        let standing = locked.records_after(end, 9).unwrap().unwrap();
        assert_eq!(standing.iter().map(|record| record.place).collect::<Vec<_>>(), places);
        for record in &standing {
            assert_eq!(record.text, text_at(&path, &record.place));
        }
        assert!(standing[0].text.contains("\\u00f6") && standing[0].text.contains("1000.0"));
    }
}

#[test]
fn records_are_read_from_any_end_on_and_from_no_other_place() {
    for content in [COMPACT, INDENTED] {
        let dir = TestDir::new();
        let events = open(&dir.join("events.json"), content);
        let log: &dyn LegacyLog = &events;
        let locked = log.lock().unwrap();
        let all = locked.records_after(1, 9).unwrap().unwrap();
        assert_eq!(all.len(), 2);
        let first_end = all[0].place.offset + all[0].place.length;
        assert_eq!(locked.records_after(1, 1).unwrap().unwrap(), all[..1]);
        assert_eq!(locked.records_after(first_end, 9).unwrap().unwrap(), all[1..]);
        assert_eq!(locked.records_after(locked.end(), 9).unwrap().unwrap(), []);
        for end in 0..content.len() as u64 + 3 {
            let is_end = [1, first_end, locked.end()].contains(&end);
            assert_eq!(locked.records_after(end, 9).unwrap().is_some(), is_end, "{end} of {content}");
        }
    }
}

#[test]
fn a_text_is_held_at_its_place_alone() {
    let dir = TestDir::new();
    let events = open(&dir.join("events.json"), COMPACT);
    let log: &dyn LegacyLog = &events;
    let locked = log.lock().unwrap();
    let place = locked.records_after(1, 1).unwrap().unwrap()[0].place;
    assert!(locked.holds(&place).unwrap());
    for other in [
        LegacyPlace { offset: place.offset + 1, ..place },
        LegacyPlace { length: place.length + 1, ..place },
        LegacyPlace { sha256: [0; 32], ..place },
        LegacyPlace { offset: u64::MAX, ..place },
        LegacyPlace { offset: locked.end(), ..place },
    ] {
        assert!(!locked.holds(&other).unwrap(), "{other:?}");
    }
}

#[test]
fn of_records_of_which_one_is_none_nothing_is_planned() {
    let dir = TestDir::new();
    let path = dir.join("events.json");
    let events = open(&path, "[]");
    let log: &dyn LegacyLog = &events;
    let mut locked = log.lock().unwrap();
    let planned = locked.plan(&[r#"{"a": 1}"#.to_owned()]).unwrap();
    let error = locked.plan(&[r#"{"b": 2}"#.to_owned(), r#"{"n": 1e999}"#.to_owned()]).unwrap_err();
    assert!(error.to_string().contains("as Python would write it"), "{error}");
    assert!(
        error.source().unwrap().to_string().contains("beyond what a float can hold"),
        "the chain is kept"
    );
    let next = locked.plan(&[r#"{"c": 3}"#.to_owned()]).unwrap();
    locked.write().unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), r#"[{"a": 1}, {"c": 3}]"#);
    assert_eq!((planned[0].offset, next[0].offset), (1, 11));
}

#[test]
fn nothing_is_written_where_nothing_was_planned_or_the_lock_is_given_up() {
    let dir = TestDir::new();
    let path = dir.join("events.json");
    let events = open(&path, INDENTED);
    let log: &dyn LegacyLog = &events;
    log.lock().unwrap().write().unwrap();
    log.lock().unwrap().plan(&[r#"{"a": 1}"#.to_owned()]).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), INDENTED);
}
