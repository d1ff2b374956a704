//! What an append leaves in the folder, and what it refuses.

use super::*;

#[test]
fn the_first_append_creates_the_folder_and_those_above_it() {
    let parent = folder();
    let path = parent.path().join("data/events");
    let store = JsonlEventRepository::open(&path, Zone::utc()).unwrap();
    assert!(all(&store).is_empty());
    assert!(!path.exists());
    store.save_event(&event("e1", "2025-10-25T10:00:00Z")).unwrap();
    assert_eq!(names(&path), [DAY]);
}

#[test]
fn a_folder_that_is_not_there_is_told_from_an_empty_one() {
    let parent = folder();
    let open = |name| JsonlEventRepository::open_existing(parent.path().join(name), Zone::utc());
    assert!(open("missing").unwrap().is_none());
    fs::create_dir(parent.path().join("empty")).unwrap();
    assert!(open("empty").unwrap().is_some());
    write(&parent, "file", "");
    let error = open("file").err().unwrap();
    assert!(
        chain(&error).starts_with("could not open the JSONL store: could not list "),
        "{}",
        chain(&error)
    );
}

#[test]
fn a_file_holds_the_texts_as_they_were_saved_one_a_line() {
    let folder = folder();
    let (one, two) = (event("e1", "2025-10-25T10:00:00"), event("e2", "2025-10-25T15:30:00+02:00"));
    let positions = open(&folder).save_events(&[one.clone(), two.clone()]).unwrap();
    assert_eq!(read(&folder, DAY), format!("{}\n{}\n", one.body(), two.body()));
    assert_eq!(positions[0].get(), 20_386 << 38);
    assert_eq!(positions[1].get(), (20_386 << 38) + one.body().len() as i64 + 1);
}

#[test]
fn a_file_is_named_after_the_day_in_the_zone_of_the_store() {
    let folder = folder();
    let store = JsonlEventRepository::open(folder.path(), zone("Asia/Tokyo")).unwrap();
    let saved = [
        event("before", "2025-10-25T14:59:59.999999Z"),
        event("at", "2025-10-25T15:00:00Z"),
        event("west", "2025-10-25T23:00:00-05:00"),
    ];
    store.save_events(&saved).unwrap();
    assert_eq!(names(folder.path()), [DAY, "events-2025-10-26.jsonl"]);
    assert_eq!(read(&folder, DAY).lines().count(), 1);
    let naive = DomainEvent::from_json(&line("naive", "2025-10-25T23:59:59"), &zone("Asia/Tokyo")).unwrap();
    store.save_event(&naive).unwrap();
    assert_eq!(read(&folder, DAY).lines().count(), 2);
    assert_eq!(ids(&all(&store)), ["before", "naive", "at", "west"]);
}

#[test]
fn the_ends_of_the_calendar_have_files_too() {
    let folder = folder();
    let berlin = JsonlEventRepository::open(folder.path(), zone("Europe/Berlin")).unwrap();
    let new_york = JsonlEventRepository::open(folder.path(), zone("America/New_York")).unwrap();
    let (first, last) = (event("first", "0001-01-01T00:00:00Z"), event("last", "9999-12-31T23:30:00Z"));
    berlin.save_event(&last).unwrap();
    new_york.save_event(&first).unwrap();
    assert_eq!(names(folder.path()), ["events-0000-12-31.jsonl", "events-10000-01-01.jsonl"]);
    assert_eq!(ids(&all(&berlin)), ["first", "last"]);
    let range = |time| berlin.find_by_date_range(time, time, 9).unwrap();
    assert_eq!(ids(&range(first.timestamp())), ["first"]);
    assert_eq!(ids(&range(last.timestamp())), ["last"]);
    assert_eq!(ids(&berlin.get_recent_events(1).unwrap()), ["last"]);
}

#[test]
fn a_repeated_event_keeps_its_first_position_also_after_reopening() {
    let folder = folder();
    let first = event("e1", "2025-10-25T10:00:00Z");
    let position = open(&folder).save_event(&first).unwrap();
    let respelled = first.body().replace(": ", ":").replace("TaskCreated", "Task\\u0043reated");
    let respelled = DomainEvent::from_json(&respelled, &Zone::utc()).unwrap();
    let store = open(&folder);
    let new = event("e2", "2025-10-25T10:00:00Z");
    let positions = store.save_events(&[new.clone(), respelled, new.clone(), first.clone()]).unwrap();
    assert_eq!((positions[1], positions[3]), (position, position));
    assert_eq!(positions[0], positions[2]);
    assert_eq!(read(&folder, DAY), format!("{}\n{}\n", first.body(), new.body()));
}

#[test]
fn a_conflict_is_found_before_anything_is_written() {
    let folder = folder();
    let store = open(&folder);
    let position = store.save_event(&event("e1", "2025-10-25T10:00:00Z")).unwrap();
    let before = read(&folder, DAY);
    let batch = [event("e2", "2025-10-25T10:00:00Z"), event("e1", "2025-10-24T10:00:00Z")];
    for store in [store, open(&folder)] {
        let error = store.save_events(&batch).unwrap_err();
        assert_eq!(error.saved, 0);
        assert!(
            matches!(error.error, RepositoryError::Conflict { ref event_id, position: at } if event_id.as_str() == "e1" && at == position)
        );
        assert_eq!(read(&folder, DAY), before);
        assert_eq!(names(folder.path()), [DAY]);
        assert!(store.index().is_some(), "a conflict does not cost another pass over all files");
    }
}

#[test]
fn a_conflict_within_a_batch_is_one_too() {
    let folder = folder();
    let batch = [event("e1", "2025-10-25T10:00:00Z"), event("e1", "2025-10-25T11:00:00Z")];
    let error = open(&folder).save_events(&batch).unwrap_err();
    assert!(matches!(error, BatchError { saved: 0, error: RepositoryError::Conflict { .. } }));
    assert!(names(folder.path()).is_empty());
}

#[test]
fn an_event_that_is_not_its_text_is_refused_before_anything_is_written() {
    let folder = folder();
    let store = JsonlEventRepository::open(folder.path().join("events"), zone("Europe/Berlin")).unwrap();
    // Read in UTC, the naive time is another instant than in the zone of the store.
    let error = store.save_event(&event("e1", "2025-10-25T10:00:00")).unwrap_err();
    assert!(matches!(error, RepositoryError::NotLive { .. }));
    assert!(names(folder.path()).is_empty());
}

#[test]
fn nothing_to_save_leaves_nothing() {
    let parent = folder();
    let path = parent.path().join("events");
    assert!(JsonlEventRepository::open(&path, Zone::utc()).unwrap().save_events(&[]).unwrap().is_empty());
    assert!(!path.exists());
}

#[test]
fn a_file_over_100_mb_is_warned_of_once() {
    let folder = folder();
    let filler = format!("{}\n", line("e1", &format!("2025-10-25T10:00:00.{:0>9}Z", 1)));
    write(&folder, DAY, &filler);
    let file = fs::OpenOptions::new().append(true).open(folder.path().join(DAY)).unwrap();
    // Blank lines are no records: a cheap way to be long.
    (&file).write_all(&vec![b'\n'; 100_000_001 - filler.len()]).unwrap();
    let store = open(&folder);
    let (_, told) = warnings(|| {
        store.find_by_id(&id("e1")).unwrap();
        store.find_by_id(&id("e1")).unwrap();
    });
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("events-2025-10-25.jsonl has 100000001 bytes"), "{told:?}");
}
