//! What other programs wrote, and what was damaged.

use super::*;
use crate::domain::repository::EventOrigin;
use crate::infrastructure::jsonl::layout::LONGEST_LINE;

const LEGACY: &str = r#"{"type": "TaskCreated", "task_id": "T1", "timestamp": "2025-10-25T10:00:00"}"#;

#[test]
fn a_byte_order_mark_crlf_and_blank_lines_are_tolerated() {
    let folder = folder();
    let (one, two) = (line("e1", "2025-10-25T10:00:00Z"), line("e2", "2025-10-25T10:00:00Z"));
    write(&folder, DAY, format!("\u{feff}{one}\r\n\r\n \t\n  {two} \r\n\n"));
    let store = open(&folder);
    let events = all(&store);
    assert_eq!(events.iter().map(|stored| stored.event.body()).collect::<Vec<_>>(), [&one, &two]);
    assert_eq!(events[0].position.get(), 20_386 << 38);
    assert_eq!(events[1].position.get(), (20_386 << 38) + 3 + one.len() as i64 + 2 + 2 + 3);
    for stored in &events {
        assert_eq!(store.save_event(&stored.event).unwrap(), stored.position);
    }
}

#[test]
fn records_without_id_are_events_under_ids_that_count_their_occurrences() {
    let folder = folder();
    write(&folder, DAY, format!("{LEGACY}\n{}\n{LEGACY}\n", line("e1", "2025-10-25T11:00:00Z")));
    let store = open(&folder);
    let events = all(&store);
    assert_eq!(events.len(), 3);
    assert_eq!(events[1].event.event_id(), &id("e1"));
    assert_ne!(events[0].event.event_id(), events[2].event.event_id());
    let origins = [EventOrigin::Imported, EventOrigin::Saved, EventOrigin::Imported];
    assert_eq!(events.iter().map(|stored| stored.origin).collect::<Vec<_>>(), origins);
    let find_each = |store: &JsonlEventRepository| {
        for stored in &events {
            assert_eq!(store.find_by_id(stored.event.event_id()).unwrap().as_ref(), Some(stored));
        }
    };
    find_each(&store);
    store.save_event(&event("e2", "2025-10-25T12:00:00Z")).unwrap();
    find_each(&store);
    assert!(store.index().is_some(), "the index never led to a wrong line");
    // A page goes on with the occurrences that the pages before it had.
    assert_eq!(store.read_stream(&stream("2025-10-25"), Some(events[1].position), 1).unwrap(), events[2..]);
}

#[test]
fn an_ambiguous_local_time_is_placed_by_the_lines_before_it() {
    let folder = folder();
    let name = "events-2025-10-26.jsonl";
    let lines = [
        line("first", "2025-10-26T02:30:00"),
        line("second", "2025-10-26T02:10:00"),
        line("third", "2025-10-26T02:20:00"),
    ];
    write(&folder, name, lines.join("\n") + "\n");
    let store = JsonlEventRepository::open(folder.path(), zone("Europe/Berlin")).unwrap();
    let events = all(&store);
    let hours: Vec<String> =
        events.iter().map(|stored| stored.event.timestamp().format("%H:%M").to_string()).collect();
    assert_eq!(hours, ["00:30", "01:10", "01:20"]);
    store.save_event(&event("e1", "2025-10-26T12:00:00Z")).unwrap();
    assert_eq!(store.find_by_id(&id("third")).unwrap().as_ref(), Some(&events[2]));
    assert_eq!(store.read_stream(&stream("2025-10-26"), Some(events[1].position), 1).unwrap(), events[2..]);
}

#[test]
fn of_two_lines_with_one_id_the_first_is_the_event() {
    let folder = folder();
    let one = line("e1", "2025-10-25T10:00:00Z");
    let other = line("e1", "2025-10-25T11:00:00Z");
    write(&folder, DAY, format!("{one}\n{}\n{other}\n", one.replace(": ", ":")));
    let store = open(&folder);
    let (_, told) = warnings(|| {
        for events in [
            all(&store),
            store.get_recent_events(9).unwrap(),
            store.find_by_type("TaskCreated", 9).unwrap(),
            store.find_by_aggregate("T1", 9).unwrap(),
        ] {
            assert_eq!(events.iter().map(|stored| stored.event.body()).collect::<Vec<_>>(), [&one]);
        }
        let repeated = DomainEvent::from_json(&one, &Zone::utc()).unwrap();
        assert_eq!(store.save_event(&repeated).unwrap().get(), 20_386 << 38);
        assert!(matches!(
            store.save_event(&DomainEvent::from_json(&other, &Zone::utc()).unwrap()).unwrap_err(),
            RepositoryError::Conflict { .. }
        ));
    });
    assert_eq!(told.len(), 1, "{told:?}");
    let second = 2 * one.len() + 2 - one.matches(": ").count();
    assert!(told[0].contains("the event e1 at "), "{told:?}");
    assert!(
        told[0].contains(&format!("{DAY}, byte {second} has other content than the one at ")),
        "{told:?}"
    );
    assert!(told[0].contains(&format!("{DAY}, byte 0, which is kept")), "{told:?}");
}

#[test]
fn a_damaged_line_fails_the_queries_that_read_it_and_says_the_way_out() {
    for (damaged, detail) in [
        (
            r#"{"event_id": "#.to_owned(),
            "not a JSON object, from byte 14 of the record on: expected a value, but the text ends;",
        ),
        (
            r#"{"a": 1}"#.to_owned(),
            "expected a field `event_type` (new shape) or `type` (legacy shape), found neither;",
        ),
        (line("e2", "yesterday"), "bad timestamp: expected a date as YYYY-MM-DD"),
        ("[1]".to_owned(), "not a JSON object, from byte 0 of the record on: expected an object, found `[`;"),
        (format!("{LEGACY}{LEGACY}"), "expected nothing after the object, found more at its byte 76;"),
    ] {
        let folder = folder();
        let first = line("e1", "2025-10-25T10:00:00Z");
        write(&folder, DAY, format!("{first}\n\n{damaged}\n{}\n", line("e3", "2025-10-25T10:00:00Z")));
        let store = open(&folder);
        let RepositoryError::Corrupt { place, detail: found } = store.get_recent_events(1).unwrap_err()
        else {
            panic!("{damaged} is damage");
        };
        let offset = first.len() + 2;
        assert_eq!(place, format!("{}, line 3 at byte {offset}", folder.path().join(DAY).display()));
        assert!(found.starts_with(detail), "{found}");
        assert!(
            found.ends_with("; import-legacy reports every damaged line; remove or repair the line"),
            "{found}"
        );
    }
}

#[test]
fn a_damaged_line_does_not_stop_appends_but_keeps_a_missing_id_unanswered() {
    let folder = folder();
    write(&folder, DAY, format!("{}\n{{\n", line("e1", "2025-10-25T10:00:00Z")));
    let store = open(&folder);
    let (_, told) = warnings(|| {
        store.save_event(&event("e2", "2025-10-25T10:00:00Z")).unwrap();
        store.save_event(&event("e3", "2025-10-25T10:00:00Z")).unwrap();
    });
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("line 2 at byte 107 is damaged: "), "{told:?}");
    assert!(store.find_by_id(&id("e3")).unwrap().is_some());
    for store in [store, open(&folder)] {
        assert!(matches!(store.find_by_id(&id("e4")), Err(RepositoryError::Corrupt { .. })));
    }
}

#[test]
fn an_event_in_the_file_of_a_far_day_is_warned_of() {
    let folder = folder();
    write(&folder, DAY, format!("{}\n", line("e1", "2025-10-20T10:00:00Z")));
    let (events, told) = warnings(|| all(&open(&folder)));
    assert_eq!(ids(&events), ["e1"]);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains(
            "line 1 at byte 0: the event e1 of 2025-10-20 10:00:00 UTC is in the file of another day"
        ),
        "{told:?}"
    );
}

#[test]
fn a_line_that_is_too_long_to_be_held_is_damage_and_an_event_of_that_length_is_not_stored() {
    let long =
        line("long", "2025-10-25T10:00:00Z").replace("\"T1\"", &format!("\"{}\"", "x".repeat(LONGEST_LINE)));
    let folder = folder();
    let (first, last) = (line("e1", "2025-10-25T09:00:00Z"), line("e3", "2025-10-25T11:00:00Z"));
    write(&folder, DAY, format!("{first}\n{long}\n{last}\n"));
    let RepositoryError::Corrupt { place, detail } = all_of(&folder).unwrap_err() else {
        panic!("it is damage")
    };
    assert!(place.ends_with(&format!("{DAY}, line 2 at byte {}", first.len() + 1)), "{place}");
    assert_eq!(
        detail,
        format!("it is longer than {LONGEST_LINE} bytes; move the line into a file of its own")
    );
    // As long as it has no end, it may be one that is being written.
    write(&folder, DAY, format!("{first}\n{long}"));
    assert_eq!(all_of(&folder).unwrap().len(), 1);
    let event = DomainEvent::from_json(&long, &Zone::utc()).unwrap();
    let refused = open(&folder).save_event(&event).unwrap_err();
    assert!(
        crate::domain::error_chain::error_chain(&refused).contains("are the most that are read of one"),
        "{refused}"
    );
}

fn all_of(folder: &TempDir) -> Result<Vec<StoredEvent>, RepositoryError> {
    let store = open(folder);
    store.read_stream(&stream("2025-10-25"), None, usize::MAX)
}
