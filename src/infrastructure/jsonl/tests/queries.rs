//! Which files a query reads.

use chrono::{DateTime, TimeDelta, Utc};

use super::*;

/// Ten days with two events each, and a damaged line in those of the given days of October 2025.
pub(super) fn ten_days(damaged: &[u32]) -> TempDir {
    let folder = folder();
    let store = open(&folder);
    for day in 10..20 {
        let at = |hour| format!("2025-10-{day}T{hour:02}:00:00Z");
        store.save_events(&[event(&format!("{day}b"), &at(20)), event(&format!("{day}a"), &at(8))]).unwrap();
    }
    for day in damaged {
        let name = format!("events-2025-10-{day}.jsonl");
        write(&folder, &name, format!("{}{{\n", read(&folder, &name)));
    }
    folder
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn a_range_reads_its_days_and_one_more_at_each_end() {
    let (start, end) = (instant("2025-10-13T20:00:00Z"), instant("2025-10-15T08:00:00Z"));
    let folder = ten_days(&[10, 11, 17, 18, 19]);
    let found = open(&folder).find_by_date_range(start, end, 9).unwrap();
    assert_eq!(ids(&found), ["13b", "14a", "14b", "15a"]);
    for day in 12..=16 {
        let folder = ten_days(&[day]);
        let found = open(&folder).find_by_date_range(start, end, 9);
        assert!(matches!(found, Err(RepositoryError::Corrupt { .. })), "day {day} is read");
    }
}

#[test]
fn a_range_that_ends_before_it_starts_reads_nothing() {
    let folder = ten_days(&[14]);
    let time = instant("2025-10-14T12:00:00Z");
    assert!(open(&folder).find_by_date_range(time, time - TimeDelta::microseconds(1), 9).unwrap().is_empty());
}

#[test]
fn the_newest_events_are_found_without_the_old_files() {
    // Two files back could hold an event of the next day; three files back none that is newer.
    let folder = ten_days(&[10, 11, 12, 13, 14, 15, 16]);
    let store = open(&folder);
    assert_eq!(ids(&store.get_recent_events(3).unwrap()), ["19b", "19a", "18b"]);
    assert_eq!(ids(&store.find_by_type("TaskCreated", 3).unwrap()), ["19b", "19a", "18b"]);
    assert!(matches!(store.get_recent_events(7), Err(RepositoryError::Corrupt { .. })));
    assert!(matches!(store.find_by_type("Other", 3), Err(RepositoryError::Corrupt { .. })));
}

#[test]
fn a_history_reads_no_newer_file_than_it_needs() {
    let folder = ten_days(&[13, 14, 15, 16, 17, 18, 19]);
    let store = open(&folder);
    assert_eq!(ids(&store.find_by_aggregate("T1", 3).unwrap()), ["10a", "10b", "11a"]);
    assert!(matches!(store.find_by_aggregate("T1", 7), Err(RepositoryError::Corrupt { .. })));
}

#[test]
fn the_order_is_right_where_another_zone_named_the_files() {
    let folder = folder();
    // 23:00 of the 24th and 1:00 of the 26th in UTC, in one file of a zone 14 hours ahead, and so on.
    let east = JsonlEventRepository::open(folder.path(), zone("Pacific/Kiritimati")).unwrap();
    let west = JsonlEventRepository::open(folder.path(), zone("Pacific/Pago_Pago")).unwrap();
    let times =
        ["2025-10-24T23:00:00Z", "2025-10-25T09:00:00Z", "2025-10-25T11:00:00Z", "2025-10-26T01:00:00Z"];
    for (number, at) in times.iter().enumerate() {
        east.save_event(&event(&format!("east{number}"), at)).unwrap();
        west.save_event(&event(&format!("west{number}"), &at.replace(":00Z", ":01Z"))).unwrap();
    }
    let store = open(&folder);
    let mut expected = all(&store);
    assert_eq!(expected.len(), 8);
    expected.sort_by_key(|stored| (stored.event.timestamp(), stored.position));
    for limit in 0..9 {
        assert_eq!(store.find_by_aggregate("T1", limit).unwrap(), expected[..limit]);
        let newest: Vec<StoredEvent> = expected.iter().rev().take(limit).cloned().collect();
        assert_eq!(store.get_recent_events(limit).unwrap(), newest);
    }
    for one in &expected {
        let time = one.event.timestamp();
        assert_eq!(store.find_by_date_range(time, time, 9).unwrap(), std::slice::from_ref(one));
    }
}

#[test]
fn a_limit_of_nothing_reads_nothing_and_one_without_end_is_no_allocation() {
    let folder = ten_days(&[10, 19]);
    let store = open(&folder);
    assert!(store.get_recent_events(0).unwrap().is_empty());
    assert!(store.find_by_type("TaskCreated", 0).unwrap().is_empty());
    assert!(store.read_stream(&stream("2025-10-10"), None, 0).unwrap().is_empty());
    let folder = ten_days(&[]);
    assert_eq!(open(&folder).find_by_type("TaskCreated", usize::MAX).unwrap().len(), 20);
}

#[test]
fn a_compressed_day_file_is_warned_of_once_and_other_files_are_ignored() {
    let folder = ten_days(&[]);
    for name in ["events-2025-10-01.jsonl.gz", "events-2025-10-02.jsonl.zst", "notes.jsonl", "events.json"] {
        write(&folder, name, "not an event");
    }
    let (store, told) = warnings(|| {
        let store = open(&folder);
        assert_eq!(all(&store).len(), 20);
        store
    });
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("nor is any other compressed file in its folder: move it into "), "{told:?}");
    assert_eq!(store.get_recent_events(99).unwrap().len(), 20);
}
