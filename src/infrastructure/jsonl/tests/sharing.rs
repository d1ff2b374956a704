//! Several writers on one folder. Each repository has its own handles and index, as another process
//! would have.

use std::collections::HashSet;
use std::thread;

use super::super::lock::lock_folder;
use super::super::reader::{Content, DayReader};
use super::*;
use crate::domain::repository::EventOrigin;

#[test]
fn two_repositories_take_turns() {
    let folder = folder();
    let stores = [open(&folder), open(&folder)];
    let mut saved = Vec::new();
    for number in 0..40 {
        let id = format!("e{number:02}");
        let at = format!("2025-10-2{}T10:00:00Z", 5 + number % 3);
        let event = event(&id, &at);
        let position = stores[number % 2].save_event(&event).unwrap();
        assert_eq!(stores[(number + 1) % 2].save_event(&event).unwrap(), position, "{id} is known to both");
        saved.push(StoredEvent { position, origin: EventOrigin::Saved, event });
    }
    saved.sort_by_key(|stored| stored.position);
    for store in &stores {
        assert_eq!(all(store), saved);
        for stored in &saved {
            assert_eq!(store.find_by_id(stored.event.event_id()).unwrap().as_ref(), Some(stored));
        }
    }
}

#[test]
fn eight_writers_store_each_of_their_events_once() {
    let folder = folder();
    let mine = |writer: usize, number: usize| {
        event(&format!("w{writer}-{number}"), &format!("2025-10-25T10:{writer:02}:{number:02}Z"))
    };
    let shared = |number: usize| event(&format!("all-{number}"), &format!("2025-10-26T10:00:{number:02}Z"));
    let positions: Vec<Vec<Position>> = thread::scope(|scope| {
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let store = open(&folder);
                scope.spawn(move || {
                    (0..25)
                        .map(|number| store.save_events(&[mine(writer, number), shared(number)]).unwrap()[1])
                        .collect()
                })
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    assert!(positions.iter().all(|own| *own == positions[0]), "an event has one position for every reader");
    let events = all(&open(&folder));
    let distinct: HashSet<&str> = ids(&events).into_iter().collect();
    assert_eq!((events.len(), distinct.len()), (9 * 25, 9 * 25));
    let lines: usize = names(folder.path()).iter().map(|name| read(&folder, name).lines().count()).sum();
    assert_eq!(lines, 9 * 25);
}

#[test]
fn threads_share_one_repository() {
    let folder = folder();
    let store = open(&folder);
    thread::scope(|scope| {
        for writer in 0..4 {
            let store = &store;
            scope.spawn(move || {
                for number in 0..25 {
                    let event = event(&format!("{writer}-{number}"), "2025-10-25T10:00:00Z");
                    store.save_event(&event).unwrap();
                    assert!(store.find_by_id(event.event_id()).unwrap().is_some());
                }
            });
        }
    });
    assert_eq!(all(&store).len(), 100);
}

#[test]
fn what_another_process_appended_is_seen_by_every_query() {
    let folder = folder();
    let (here, there) = (open(&folder), open(&folder));
    here.save_event(&event("e1", "2025-10-25T10:00:00Z")).unwrap();
    let other = event("e2", "2025-10-25T11:00:00Z");
    let position = there.save_event(&other).unwrap();
    let time = other.timestamp();
    let expected = [StoredEvent { position, origin: EventOrigin::Saved, event: other.clone() }];
    assert_eq!(here.find_by_id(&id("e2")).unwrap().as_ref(), expected.first());
    assert_eq!(here.get_recent_events(1).unwrap(), expected);
    assert_eq!(here.find_by_type("TaskCreated", 1).unwrap(), expected);
    assert_eq!(here.find_by_date_range(time, time, 9).unwrap(), expected);
    assert_eq!(here.find_by_aggregate("T1", 9).unwrap()[1..], expected);
    there.save_event(&event("e3", "2025-10-27T11:00:00Z")).unwrap();
    assert!(here.find_by_id(&id("e3")).unwrap().is_some(), "in a file that is new");
    assert_eq!(here.save_event(&other).unwrap(), position);
}

#[test]
fn a_file_that_was_replaced_is_read_anew() {
    let folder = folder();
    let store = open(&folder);
    let (one, two) = (event("e1", "2025-10-25T10:00:00Z"), event("e2", "2025-10-25T10:00:00Z"));
    store.save_event(&one).unwrap();
    write(&folder, "new", format!("{}\n", two.body()));
    fs::rename(folder.path().join("new"), folder.path().join(DAY)).unwrap();
    assert!(store.find_by_id(&id("e2")).unwrap().is_some());
    assert_eq!(store.find_by_id(&id("e1")).unwrap(), None);
    store.save_events(&[two.clone(), one.clone()]).unwrap();
    assert_eq!(read(&folder, DAY), format!("{}\n{}\n", two.body(), one.body()));
}

#[test]
fn a_file_that_was_cut_is_read_anew() {
    let folder = folder();
    let store = open(&folder);
    store.save_event(&event("long-id", "2025-10-25T10:00:00Z")).unwrap();
    write(&folder, DAY, line("e2", "2025-10-25T10:00:00Z"));
    assert!(store.find_by_id(&id("e2")).unwrap().is_some());
}

#[test]
fn a_file_that_was_removed_begins_anew() {
    let folder = folder();
    let store = open(&folder);
    let one = event("e1", "2025-10-25T10:00:00Z");
    store.save_event(&one).unwrap();
    fs::remove_file(folder.path().join(DAY)).unwrap();
    store.save_event(&event("e2", "2025-10-25T10:00:00Z")).unwrap();
    assert_eq!(store.find_by_id(&id("e1")).unwrap(), None);
    store.save_event(&one).unwrap();
    assert_eq!(ids(&all(&store)), ["e2", "e1"]);
}

#[test]
fn a_reader_does_not_take_the_rest_of_a_line_that_is_being_written_for_a_line() {
    let folder = folder();
    let whole = line("e1", "2025-10-25T10:00:00Z");
    write(&folder, DAY, &whole[..50]);
    let store = open(&folder);
    let day = store.folder.open_day(Day::of_file_name(DAY).unwrap()).unwrap().unwrap();
    let mut reader = DayReader::open(&store.folder, day).unwrap();
    assert!(matches!(reader.next_line().unwrap().unwrap().content, Content::Torn));
    write(&folder, DAY, format!("{whole}\n"));
    assert!(reader.next_line().unwrap().is_none());
}

#[test]
fn a_file_that_was_edited_in_place_is_read_anew() {
    let folder = folder();
    let store = open(&folder);
    let one = event("e1", "2025-10-25T10:00:00Z");
    store.save_event(&one).unwrap();
    write(&folder, DAY, read(&folder, DAY).replace("e1", "e2"));
    assert_eq!(store.find_by_id(&id("e1")).unwrap(), None);
    store.save_event(&event("e3", "2025-10-25T10:00:00Z")).unwrap();
    write(&folder, DAY, read(&folder, DAY).replace("e3", "e4"));
    store.save_events(&[event("e3", "2025-10-25T10:00:00Z"), event("e4", "2025-10-25T10:00:00Z")]).unwrap();
    assert_eq!(ids(&all(&store)), ["e2", "e4", "e3"]);
    assert_eq!(read(&folder, DAY).lines().count(), 3, "e4 is known by its line");
}

#[test]
fn a_lock_that_is_held_for_too_long_is_busy() {
    let folder = folder();
    let mut store = open(&folder);
    store.lock_patience = Duration::from_millis(5);
    let lock = lock_folder(folder.path(), Duration::ZERO).unwrap();
    let error = store.save_events(&[event("e1", "2025-10-25T10:00:00Z")]).unwrap_err();
    assert!(matches!(error, BatchError { saved: 0, error: RepositoryError::Busy { .. } }));
    let text = chain(&error);
    assert!(
        text.contains("could not append to the JSONL store: the store is busy: another process"),
        "{text}"
    );
    assert!(text.ends_with(".events.lock for 5ms"), "{text}");
    assert!(all(&store).is_empty(), "readers take no lock");
    drop(lock);
    store.save_event(&event("e1", "2025-10-25T10:00:00Z")).unwrap();
}
