//! The file: one process has it, others read it, and it does not grow without bound.

use super::*;

#[test]
fn a_queue_is_open_once_at_a_time() {
    let place = Place::new();
    let queue = place.open();
    let again = || EventQueue::open(&place.path, Arc::clone(&place.clock) as _);
    assert!(matches!(again(), Err(QueueError::InUse { path }) if path == place.path));
    drop(queue);
    again().unwrap();
}

#[test]
fn an_open_queue_is_read_by_others_as_it_is() {
    let place = Place::new();
    assert_eq!(place.read(), [], "no file is an empty queue");
    let queue = place.open();
    for priority in [7, 2] {
        queue.push(new("a", Some(priority))).unwrap();
    }
    queue.next().unwrap();
    let text = place.text();
    fs::write(&place.path, format!("{text}{{\"event_id\": \"half")).unwrap();
    assert_eq!(
        place.read(),
        [
            ("a_1760615200_2".to_owned(), QueueStatus::Processing),
            ("a_1760615200".to_owned(), QueueStatus::Pending)
        ],
        "in the order of handling, without a line that is being written"
    );
}

#[test]
fn entries_of_others_may_lack_priority_and_data() {
    let place = Place::new();
    drop(place.open());
    let line = r#"{"event_id": "x", "definition_id": "a", "timestamp": "2025-10-16T13:00:00+02:00", "type": "file_system", "status": "pending"}"#;
    fs::write(&place.path, format!("{line}\r\n\n")).unwrap();
    let entry = place.open().next().unwrap().unwrap();
    assert_eq!((entry.event_id.as_str(), entry.priority, entry.data.len()), ("x", DEFAULT_PRIORITY, 0));
    assert_eq!(entry.timestamp.to_rfc3339(), "2025-10-16T11:00:00+00:00");
}

#[test]
fn a_damaged_line_is_passed_over_and_stays() {
    let place = Place::new();
    let queue = place.open();
    queue.push(new("a", None)).unwrap();
    drop(queue);
    let damaged = format!("\0\0\0\n{{\"event_id\": 7}}\n{}", place.text());
    fs::write(&place.path, &damaged).unwrap();
    let queue = place.open();
    assert_eq!(next_id(&queue).as_deref(), Some("a_1760615200"));
    assert!(place.text().starts_with(&damaged));
}

#[test]
fn what_has_the_id_of_a_finished_entry_is_another_one() {
    let place = Place::new();
    let queue = place.open();
    queue.push(new("a", None)).unwrap();
    let line = place.text();
    let a = queue.next().unwrap().unwrap();
    queue.done(&a).unwrap();
    drop(queue);
    fs::write(&place.path, place.text() + &line).unwrap();
    let expected =
        [QueueStatus::Done, QueueStatus::Pending].map(|status| ("a_1760615200".to_owned(), status));
    assert_eq!(place.read(), expected);
    assert_eq!(next_id(&place.open()).as_deref(), Some("a_1760615200"));
}

/// Fills a queue with two open entries and so much that is finished that its file begins anew.
fn begun_anew(place: &Place) -> EventQueue {
    let queue = place.open();
    queue.push(new("open", Some(9))).unwrap();
    queue.push(new("retried", Some(1))).unwrap();
    let retried = queue.next().unwrap().unwrap();
    queue.retry_at(&retried, place.clock.now() + TimeDelta::seconds(300)).unwrap();
    let mut large = new("large", None);
    large.data.insert("filler".to_owned(), json!("x".repeat(1 << 20)));
    while place.others().is_empty() {
        queue.push(large.clone()).unwrap();
        let entry = queue.next().unwrap().unwrap();
        queue.done(&entry).unwrap();
    }
    queue
}

#[test]
fn a_long_file_stays_as_a_part_and_a_new_one_begins_with_what_is_open() {
    let place = Place::new();
    let queue = begun_anew(&place);
    assert_eq!(place.others(), ["queue.jsonl.part-1"]);
    assert!(place.text().len() < 1000, "what is finished is not read again");
    let open = queue.entries();
    drop(queue);
    let queue = place.open();
    assert_eq!(queue.entries(), open);
    queue.push(new("later", None)).unwrap();
    let read = place.read();
    assert_eq!(read.len(), 6, "what is finished is history, which stays");
    assert_eq!(read.iter().filter(|(_, status)| *status == QueueStatus::Done).count(), 3);
}

#[test]
fn a_crash_while_a_part_is_made_neither_loses_nor_doubles_an_entry() {
    let place = Place::new();
    let queue = begun_anew(&place);
    let (open, read) = (queue.entries(), place.read());
    drop(queue);
    // The link was made, and the new file did not take its place yet.
    let part = place.path.with_added_extension("part-1");
    fs::remove_file(&place.path).unwrap();
    fs::hard_link(&part, &place.path).unwrap();
    assert_eq!(place.read(), read);
    assert_eq!(place.open().entries(), open);
    assert_eq!((place.others(), place.read()), (vec!["queue.jsonl.part-1".to_owned()], read));
    assert!(place.text().len() < 1000);
}

#[cfg(unix)]
#[test]
fn a_link_leads_to_one_queue() {
    let place = Place::new();
    let queue = place.open();
    let link = place.folder.path().join("link.jsonl");
    std::os::unix::fs::symlink(&place.path, &link).unwrap();
    let clock = || Arc::clone(&place.clock) as _;
    assert!(matches!(EventQueue::open(&link, clock()), Err(QueueError::InUse { .. })));
    drop(queue);
    EventQueue::open(&link, clock()).unwrap().push(new("a", None)).unwrap();
    assert_eq!(place.read().len(), 1);
}
