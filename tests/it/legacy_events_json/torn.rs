//! The last write, cut off in every way: the array is whole at the next open.

use std::fs;
use std::path::Path;

use super::{elements, event, file, leave_alone, open, set_aside, text, warnings};
use crate::support::test_dir::TestDir;

/// An array with acknowledged events in it, and as the next write would leave it.
struct LastWrite {
    acknowledged: String,
    /// One past the last acknowledged event.
    end: usize,
    written: String,
}

fn last_write(before: &str, count: u64) -> LastWrite {
    let dir = TestDir::new();
    let path = file(&dir, before);
    let events = open(&path).unwrap();
    let place = events.append(&event(1)).unwrap();
    let acknowledged = text(&path);
    let batch: Vec<String> = (2..2 + count).map(event).collect();
    events.append_all(&batch.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
    LastWrite { acknowledged, end: (place.offset + place.length) as usize, written: text(&path) }
}

const LAYOUTS: [&str; 3] = ["[]", "[\n  {\n    \"x\": 1\n  }\n]\n", "[\n{\"x\": 1}\n]"];

/// Opens what is left of the write, and appends to it.
#[track_caller]
fn is_whole_again(dir: &TestDir, path: &Path, last: &LastWrite) {
    let left = fs::read(path).unwrap();
    let (events, said) = warnings(|| open(path).unwrap());
    let acknowledged: Vec<serde_json::Value> = serde_json::from_str(&last.acknowledged).unwrap();
    let found = elements(path);
    if found.len() > acknowledged.len() {
        let written: Vec<serde_json::Value> = serde_json::from_str(&last.written).unwrap();
        assert_eq!(found, written, "its record is there as a whole");
    } else {
        assert_eq!(found, acknowledged);
    }
    let aside = set_aside(dir);
    if let [(name, torn)] = &aside[..] {
        let offset: usize = name.rsplit_once('-').unwrap().1.parse().unwrap();
        assert!(offset == last.end || last.acknowledged[..offset].ends_with(']'), "{offset}");
        assert_eq!(*torn, left[offset..], "byte for byte");
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains(&format!("torn at byte {offset}: the {} bytes", torn.len())), "{said:?}");
    } else {
        let is_mended = fs::read(path).unwrap() != left;
        assert!(aside.is_empty() && said.len() == usize::from(is_mended), "{said:?}");
    }
    events.append(&event(9)).unwrap();
    assert_eq!(elements(path).len(), found.len() + 1);
    assert_eq!(elements(path).last().unwrap()["task_id"], "T9");
}

#[track_caller]
fn mended(content: &[u8], last: &LastWrite) {
    let dir = TestDir::new();
    let path = file(&dir, content);
    is_whole_again(&dir, &path, last);
}

#[test]
fn a_cut_at_every_byte_of_the_last_write_leaves_the_acknowledged_events() {
    for before in LAYOUTS {
        let last = last_write(before, 1);
        for cut in last.end..=last.written.len() {
            mended(&last.written.as_bytes()[..cut], &last);
        }
    }
}

#[test]
fn zeros_in_the_place_of_each_part_of_the_last_write_leave_the_acknowledged_events() {
    for before in LAYOUTS {
        let last = last_write(before, 1);
        let parts: Vec<usize> =
            (last.end..last.written.len()).step_by(7).chain([last.written.len()]).collect();
        for (from, start) in parts.iter().enumerate() {
            for end in &parts[from + 1..] {
                let mut content = last.written.clone().into_bytes();
                content[*start..*end].fill(0);
                mended(&content, &last);
            }
        }
    }
}

#[test]
fn the_old_end_with_the_new_bytes_after_it_leaves_the_acknowledged_events() {
    for before in LAYOUTS {
        let last = last_write(before, 1);
        for boundary in last.end..last.written.len() {
            // The block before the boundary is the old one, that after it the new one.
            let mut content = last.acknowledged.clone().into_bytes();
            content.resize(boundary, 0);
            content.extend_from_slice(&last.written.as_bytes()[boundary..]);
            mended(&content, &last);
        }
    }
}

/// What a process leaves that is killed within a write, and as it notes that it writes.
#[cfg(unix)]
#[test]
fn a_write_of_several_events_that_was_cut_off_keeps_those_that_are_whole_in_front_and_no_other() {
    use std::os::unix::fs::MetadataExt;
    let last = last_write("[]", 3);
    let third = last.written.find("\"T3\"").unwrap();
    for (cut, zeros, stored) in [
        (last.written.len() - 2, 0..0, 3),
        (third, 0..0, 2),
        (last.written.len(), last.end..last.end + 40, 1),
        (last.written.len(), last.end..last.end + 2, 1),
    ] {
        let mut content = last.written.clone().into_bytes();
        content[zeros.clone()].fill(0);
        content.truncate(cut);
        let dir = TestDir::new();
        let path = file(&dir, &content);
        let metadata = fs::metadata(&path).unwrap();
        let note = format!(
            r#"{{"state":"writing","device":{},"inode":{},"offset":{},"length":{}}}"#,
            metadata.dev(),
            metadata.ino(),
            last.end,
            last.written.len()
        );
        let is_refused = !zeros.is_empty();
        assert_eq!(open(&path).is_err(), is_refused, "without the note, whole events may not be set aside");
        fs::write(&path, &content).unwrap();
        fs::write(dir.join("events.json.end"), note).unwrap();
        open(&path).unwrap();
        assert_eq!(elements(&path).len(), stored);
    }
}

#[test]
fn nothing_but_zeros_is_an_array_whose_bytes_were_lost() {
    let dir = TestDir::new();
    let path = file(&dir, [0; 500]);
    open(&path).unwrap().append(&event(1)).unwrap();
    assert_eq!(text(&path), format!("[{}]", event(1)));
    assert_eq!(set_aside(&dir), [("events.json.torn-0".to_owned(), vec![0; 500])]);
}

#[test]
fn an_array_that_is_torn_twice_has_two_files_beside_it() {
    let dir = TestDir::new();
    let path = file(&dir, "[{}, {\"a\"");
    open(&path).unwrap();
    fs::write(&path, "[{}, {\"b\": [").unwrap();
    leave_alone(&path);
    open(&path).unwrap();
    assert_eq!(text(&path), "[{}]");
    let names: Vec<String> = set_aside(&dir).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["events.json.torn-3", "events.json.torn-3-2"]);
}

#[test]
fn brackets_and_braces_within_what_was_torn_close_no_array() {
    let nested = r#"[{"x": 1}, {"type": "updated", "changes": [{"field": "title", "new": "}]"}]"#;
    let in_text = r#"[{"x": 1}, {"title": "a }]"#;
    for torn in [nested, in_text, r#"[{"x": 1}, {"a": []"#] {
        let dir = TestDir::new();
        let path = file(&dir, torn);
        open(&path).unwrap();
        assert_eq!(text(&path), r#"[{"x": 1}]"#);
        assert_eq!(set_aside(&dir)[0].1, torn.as_bytes()[9..]);
    }
}
