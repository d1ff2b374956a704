//! Another program that writes the same file.

use std::fs;
use std::thread;
use std::time::Duration;

use super::{elements, event, file, open, set_aside, text, warnings};
use crate::support::test_dir::TestDir;

#[test]
fn what_another_program_has_written_is_said_once_and_appended_to() {
    let dir = TestDir::new();
    let path = file(&dir, "[]");
    let events = open(&path).unwrap();
    events.append(&event(1)).unwrap();
    for written in [
        format!("[\n  {},\n  {}\n]", event(1), event(2)),
        format!("[{}]", event(3)),
        "[]".to_owned(),
        String::from("[ ]"),
    ] {
        fs::write(&path, &written).unwrap();
        let before = elements(&path);
        let (_, said) = warnings(|| {
            events.append(&event(4)).unwrap();
            events.append(&event(5)).unwrap();
        });
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains(&format!("another program has written {}", path.display())), "{said:?}");
        let after = elements(&path);
        assert_eq!(after[..before.len()], before);
        assert_eq!(after.len(), before.len() + 2, "{written}");
    }
    assert_eq!(set_aside(&dir), []);
}

#[test]
fn a_change_that_leaves_length_and_time_as_they_were_is_seen_where_the_array_ends() {
    let dir = TestDir::new();
    let path = file(&dir, "[]");
    let events = open(&path).unwrap();
    events.append(&event(1)).unwrap();
    let before = fs::metadata(&path).unwrap();
    let written = format!("{:width$}", "[{\"x\": 1}]", width = before.len() as usize);
    fs::write(&path, &written).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(before.modified().unwrap()).unwrap();
    events.append(&event(2)).unwrap();
    assert_eq!(elements(&path).len(), 2);
}

#[test]
fn an_array_that_another_program_puts_in_its_place_is_appended_to() {
    let dir = TestDir::new();
    let path = file(&dir, "[]");
    let events = open(&path).unwrap();
    events.append(&event(1)).unwrap();
    fs::write(dir.join("new"), text(&path)).unwrap();
    fs::rename(dir.join("new"), &path).unwrap();
    let (_, said) = warnings(|| events.append(&event(2)).unwrap());
    assert_eq!(text(&path), format!("[{}, {}]", event(1), event(2)));
    assert_eq!(said.len(), 1, "{said:?}");
}

#[test]
fn an_array_that_another_program_is_writing_is_waited_for_and_not_mended() {
    for begun in ["", "[", "[{\"x\": 1}, {\"y\""] {
        let dir = TestDir::new();
        let path = file(&dir, "[]");
        let events = open(&path).unwrap();
        fs::write(&path, begun).unwrap();
        thread::scope(|scope| {
            let appended = scope.spawn(|| events.append(&event(1)).map(drop));
            thread::sleep(Duration::from_millis(300));
            assert_eq!(text(&path), begun, "nothing is changed meanwhile");
            fs::write(&path, "[{\"x\": 1}, {\"y\": 2}]").unwrap();
            appended.join().unwrap().unwrap();
        });
        assert_eq!(text(&path), format!("[{{\"x\": 1}}, {{\"y\": 2}}, {}]", event(1)));
        assert_eq!(set_aside(&dir), []);
    }
}

#[test]
fn what_another_program_has_left_torn_is_mended_once_it_was_left_alone() {
    let dir = TestDir::new();
    let path = dir.join("events.json");
    fs::write(&path, "[{\"x\": 1}, {\"y\"").unwrap();
    open(&path).unwrap();
    assert_eq!(text(&path), "[{\"x\": 1}]");
}

#[test]
fn without_its_note_the_array_is_read_again_and_no_other_program_is_blamed() {
    let dir = TestDir::new();
    let path = file(&dir, "[]");
    let events = open(&path).unwrap();
    events.append(&event(1)).unwrap();
    for note in [None, Some(""), Some("\0\0\0"), Some("{\"state\": \"left\"}")] {
        let file = dir.join("events.json.end");
        note.map_or_else(|| fs::remove_file(&file), |note| fs::write(&file, note)).unwrap();
        let (_, said) = warnings(|| events.append(&event(2)).unwrap());
        assert_eq!(said, [] as [String; 0]);
    }
    assert_eq!(elements(&path).len(), 5);
}
