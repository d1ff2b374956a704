//! What is refused is told, and left as it is.

use std::error::Error;
use std::fs;
use std::path::Path;

use mission_events::internals::legacy::events_json::{EventsJson, LegacyWriter};

use super::{event, file, open, text};
use crate::support::test_dir::TestDir;

fn refusal(path: &Path) -> String {
    open(path).unwrap_err().to_string()
}

#[test]
fn a_file_that_is_no_array_is_refused_with_what_was_expected_and_what_came() {
    for (content, at, found) in [
        (&b"{\"events\": []}"[..], 0, "`{`"),
        (b"{\"type\": \"a\"}\n{\"type\": \"b\"}\n", 0, "`{`"),
        (b"  null", 2, "`n`"),
        (b"\xEF\xBB\xBF\n{}", 4, "`{`"),
        (b"\xFF\xFE[\0]\0", 0, "the byte 0xff"),
        (b"\0\0[]", 0, "the byte 0x00"),
    ] {
        let dir = TestDir::new();
        let path = file(&dir, content);
        let said = refusal(&path);
        let expected = format!(
            "expected the `[` of an array of events at byte {at} of {}, found {found}: nothing was changed; name the \
             file of the legacy events in legacy.events_json, or move this one away",
            path.display()
        );
        assert_eq!(said, expected);
        assert_eq!(fs::read(&path).unwrap(), content);
        assert_eq!(dir.names_like(""), ["events.json", "events.json.lock"]);
    }
}

#[test]
fn damage_with_whole_events_after_it_is_refused_and_nothing_is_set_aside() {
    let (one, two, three) = (event(1), event(2), event(3));
    for (content, offset) in [
        (format!("[{one}, {}, {three}]", two.replace("\"T2\"", "\"T\0\"")), one.len() + 1),
        (format!("[{one} {two}]"), one.len() + 1),
        (format!("[{one}, \0\0\0, {two}"), one.len() + 1),
        (format!("[{one}][{two}, {three}]"), one.len() + 2),
    ] {
        let dir = TestDir::new();
        let path = file(&dir, &content);
        let said = refusal(&path);
        let place = format!("goes on with damage at byte {offset}, and whole events stand after it");
        assert!(said.contains(&place) && said.contains("import-legacy"), "{said}");
        assert_eq!(text(&path), content);
        assert_eq!(dir.names_like(""), ["events.json", "events.json.lock"]);
    }
}

#[test]
fn something_else_than_a_file_in_its_place_is_refused() {
    let dir = TestDir::new();
    fs::create_dir(dir.join("folder")).unwrap();
    let said = refusal(&dir.join("folder"));
    let expected = format!("expected a file at {}, found a folder: ", dir.join("folder").display());
    assert!(said.starts_with(&expected), "{said}");
    fs::write(dir.join("file"), "").unwrap();
    let said = refusal(&dir.join("file/events.json"));
    assert_eq!(said, format!("could not create the folder {}", dir.join("file").display()));
    assert_eq!(dir.names_like(""), ["file", "folder"]);
}

#[test]
fn a_record_that_is_none_is_refused_and_nothing_is_stored() {
    let dir = TestDir::new();
    let path = file(&dir, "[]");
    let events = open(&path).unwrap();
    for (record, reason) in [
        ("[]", "it is not one JSON object, at byte 0"),
        ("{\"a\": 1", "it is not one JSON object, at byte 7"),
        ("{} {}", "expected nothing after the JSON object, found more at byte 3"),
        ("{\"a\": 1, \"a\": 2}", "the same name twice"),
        ("{\"a\": 1e999}", "the number 1e999 is beyond what a float can hold"),
    ] {
        let error = events.append(record).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("it cannot be written to {} as Python would write it", path.display())
        );
        let source = error.source().unwrap().to_string();
        assert!(source.contains(reason), "{record}: {source}");
        assert_eq!(text(&path), "[]");
    }
}

#[test]
fn where_another_program_is_the_writer_nothing_is_touched_and_every_append_is_refused() {
    let dir = TestDir::new();
    let path = dir.join("data/events.json");
    let events = EventsJson::open(path.clone(), LegacyWriter::Other).unwrap();
    let said = events.append("{}").unwrap_err().to_string();
    assert_eq!(
        said,
        format!(
            "{} is written by another program (legacy.writer is `other`), and nothing was stored: dispatch through that program, \
             or set legacy.writer to `this` once no other program writes the file",
            path.display()
        )
    );
    assert_eq!(dir.names_like(""), [] as [String; 0]);
}

/// As far as a file may have, which is a full disk to what writes it.
#[cfg(unix)]
#[test]
fn a_disk_that_is_full_leaves_the_array_as_it_was_and_has_stored_nothing() {
    let dir = TestDir::new();
    let path = file(&dir, format!("[{}]", event(1)));
    let before = text(&path);
    let output = super::killed::child(&path, "until_full").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("refused could not write to"), "{said}");
    let stored = said.matches("stored ").count();
    assert_eq!(super::elements(&path).len(), 1 + stored, "{said}");
    assert!(text(&path).starts_with(&before[..before.len() - 1]));
    open(&path).unwrap().append(&event(0)).unwrap();
    assert_eq!(super::elements(&path).len(), 2 + stored);
    assert_eq!(super::set_aside(&dir), []);
}
