//! A last line that lacks its end.

use super::*;

#[test]
fn a_file_cut_anywhere_in_its_last_line_loses_nothing() {
    let first = line("e1", "2025-10-25T10:00:00Z") + "\n";
    let torn = line("e2", "2025-10-25T11:00:00Z");
    let next = event("e3", "2025-10-25T12:00:00Z");
    for cut in 0..=torn.len() {
        let folder = folder();
        write(&folder, DAY, format!("{first}{}", &torn[..cut]));
        let whole: &[&str] = if cut == torn.len() { &["e1", "e2"] } else { &["e1"] };
        let store = open(&folder);
        assert_eq!(ids(&all(&store)), whole, "cut at {cut}");

        let position = store.save_event(&next).unwrap();

        let known = store.index().as_ref().unwrap().end_of(Day::of_file_name(DAY).unwrap()).unwrap();
        if cut < torn.len() {
            assert_eq!(known.end, read(&folder, DAY).len() as u64, "cut at {cut}");
        }
        for store in [store, open(&folder)] {
            let events = all(&store);
            assert_eq!(ids(&events), [whole, &["e3"]].concat(), "cut at {cut}");
            let last = events.last().unwrap();
            assert_eq!((last.position, &last.event), (position, &next), "cut at {cut}");
        }
        let copy = format!("{DAY}.torn-{}", first.len());
        if (1..torn.len()).contains(&cut) {
            assert_eq!(read(&folder, &copy), torn[..cut], "cut at {cut}");
            assert_eq!(read(&folder, DAY), format!("{first}{}\n", next.body()), "cut at {cut}");
        } else {
            assert_eq!(names(folder.path()), [DAY], "cut at {cut}");
        }
    }
}

#[test]
fn a_retry_of_the_torn_event_is_stored_whole_and_of_a_whole_one_not_again() {
    let torn = event("e1", "2025-10-25T10:00:00Z");
    for cut in [torn.body().len() - 1, torn.body().len()] {
        let folder = folder();
        write(&folder, DAY, &torn.body()[..cut]);
        let store = open(&folder);
        assert_eq!(store.save_event(&torn).unwrap().get(), 20_386 << 38);
        store.save_event(&event("e2", "2025-10-25T10:00:00Z")).unwrap();
        store.save_event(&torn).unwrap();
        assert_eq!(read(&folder, DAY), format!("{}\n{}\n", torn.body(), line("e2", "2025-10-25T10:00:00Z")));
    }
}

#[test]
fn a_file_that_was_set_aside_is_never_overwritten() {
    let folder = folder();
    let copy = format!("{DAY}.torn-0");
    write(&folder, DAY, "{\"torn");
    write(&folder, &copy, "earlier");
    let (_, told) = warnings(|| open(&folder).save_event(&event("e1", "2025-10-25T10:00:00Z")).unwrap());
    assert_eq!(read(&folder, &copy), "earlier");
    assert_eq!(read(&folder, &format!("{copy}-2")), "{\"torn");
    assert_eq!(told.len(), 1, "{told:?}");
    for part in [DAY, "line 1 at byte 0", "its 6 bytes are now in", "events-2025-10-25.jsonl.torn-0-2"] {
        assert!(told[0].contains(part), "{part} in {told:?}");
    }
}

#[test]
fn a_torn_tail_is_set_aside_by_an_append_to_its_own_file_alone() {
    let folder = folder();
    write(&folder, DAY, "{\"torn");
    open(&folder).save_event(&event("e1", "2025-10-26T10:00:00Z")).unwrap();
    assert_eq!(read(&folder, DAY), "{\"torn");
    assert_eq!(names(folder.path()), [DAY, "events-2025-10-26.jsonl"]);
}

#[test]
fn readers_tell_of_a_torn_tail_once_and_go_on() {
    let folder = folder();
    write(&folder, DAY, format!("{}\n\0\0\0", line("e1", "2025-10-25T10:00:00Z")));
    let store = open(&folder);
    let (_, told) = warnings(|| {
        assert_eq!(ids(&all(&store)), ["e1"]);
        assert_eq!(ids(&store.get_recent_events(9).unwrap()), ["e1"]);
        assert_eq!(store.find_by_id(&id("e2")).unwrap(), None);
    });
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("line 2 at byte 107: the last line is not whole"), "{told:?}");
}

#[test]
fn a_tail_without_a_record_is_ended_and_kept() {
    for tail in ["\u{feff}", "  ", "\r"] {
        let folder = folder();
        write(&folder, DAY, tail);
        let store = open(&folder);
        let saved = event("e1", "2025-10-25T10:00:00Z");
        store.save_event(&saved).unwrap();
        store.save_event(&event("e2", "2025-10-25T10:00:00Z")).unwrap();
        assert!(read(&folder, DAY).starts_with(&format!("{tail}\n{}\n", saved.body())));
        assert_eq!(ids(&all(&open(&folder))), ["e1", "e2"]);
        assert_eq!(names(folder.path()), [DAY]);
    }
}

#[test]
fn a_whole_tail_without_id_keeps_the_id_that_it_had() {
    let record = r#"{"type": "TaskCreated", "task_id": "T1", "timestamp": "2025-10-25T10:00:00"}"#;
    let folder = folder();
    write(&folder, DAY, format!("{record}\n{record}"));
    let store = open(&folder);
    let before: Vec<EventId> = all(&store).iter().map(|stored| stored.event.event_id().clone()).collect();
    assert_ne!(before[0], before[1]);
    // The first append finds the tail, the second counts it, and then another program writes a third.
    store.save_event(&event("e1", "2025-10-25T10:00:00Z")).unwrap();
    store.save_event(&event("e2", "2025-10-25T10:00:00Z")).unwrap();
    write(&folder, DAY, format!("{}{record}\n", read(&folder, DAY)));
    store.save_event(&event("e3", "2025-10-25T10:00:00Z")).unwrap();
    let after = all(&store);
    assert_eq!(after.len(), 6);
    assert_eq!([after[0].event.event_id(), after[1].event.event_id()], [&before[0], &before[1]]);
    for stored in &after {
        assert_eq!(store.find_by_id(stored.event.event_id()).unwrap().as_ref(), Some(stored));
    }
    assert!(store.index().is_some(), "the index never led to a wrong line");
}
