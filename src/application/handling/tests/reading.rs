//! What of the event store is not asked again: which stream a position is in, and what this process has saved.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::doubles::{FakeEvents, stream_id};
use crate::application::handling::anchor::Anchor;
use crate::application::handling::reading::EventReader;
use crate::domain::repository::{EventRepository, Saved, StoredEvent};
use crate::domain::value_objects::Position;

#[test]
fn a_position_between_two_of_one_stream_is_in_it_and_the_store_is_not_asked() {
    let events = Arc::new(FakeEvents::default());
    let [first, between, last, after] = ["e1", "e2", "e3", "e4"].map(|id| events.append(1, id, "A", None));
    let other = events.append(2, "e5", "A", None);
    let reader = EventReader::new(Arc::clone(&events) as _);
    for position in [last, first] {
        assert_eq!(reader.stream_of(position).unwrap(), Some(stream_id(1)));
    }
    events.failing_reads.store(1, Ordering::SeqCst);
    assert_eq!(reader.stream_of(between).unwrap(), Some(stream_id(1)));
    assert!(reader.stream_of(after).is_err(), "it may be in another stream");
    assert_eq!(reader.stream_of(other).unwrap(), Some(stream_id(2)));
    assert_eq!(reader.stream_of(between).unwrap(), Some(stream_id(1)), "between two streams is nothing");
}

/// A store of which every read fails, once it is told so, and a reader of it.
struct Reading {
    events: Arc<FakeEvents>,
    reader: EventReader,
}

impl Reading {
    fn new() -> Self {
        let events = Arc::new(FakeEvents::default());
        let reader = EventReader::new(Arc::clone(&events) as _);
        Self { events, reader }
    }

    /// Another process saves an event.
    fn of_another(&self, stream: u32, id: &str) -> StoredEvent {
        let position = self.events.append(stream, id, "A", None);
        let before = Position::new(position.get() - 1);
        self.events.read_stream(&stream_id(stream), Some(before), 1).unwrap().remove(0)
    }

    /// This process saves an event.
    fn saved(&self, stream: u32, id: &str) -> StoredEvent {
        let event = self.of_another(stream, id);
        self.tell(&event, true);
        event
    }

    fn tell(&self, event: &StoredEvent, is_new: bool) {
        self.reader.saved(&[(&event.event, Saved { position: event.position, is_new })]);
    }

    /// The ids of the page after an event, and whether the store was read for it.
    fn after(&self, stream: u32, event: &StoredEvent) -> (Vec<String>, bool) {
        let read = || self.reader.page_after(&stream_id(stream), Some(&Anchor::from(event)), 10);
        self.events.failing_reads.store(1, Ordering::SeqCst);
        let (page, is_read) = match read() {
            Ok(page) => (page, false),
            Err(_) => (read().unwrap(), true),
        };
        self.events.failing_reads.store(0, Ordering::SeqCst);
        (page.unwrap().iter().map(|event| event.event.event_id().to_string()).collect(), is_read)
    }
}

fn page(ids: &[&str], is_read: bool) -> (Vec<String>, bool) {
    (ids.iter().map(|&id| id.to_owned()).collect(), is_read)
}

#[test]
fn what_this_process_has_saved_after_the_event_that_was_read_last_is_not_read_from_the_store() {
    let reading = Reading::new();
    let before = reading.of_another(1, "before");
    let e1 = reading.saved(1, "e1");
    assert_eq!(reading.after(1, &before), page(&["e1"], true), "what is between the two is not known");
    let e2 = reading.saved(1, "e2");
    reading.saved(1, "e3");
    reading.tell(&e1, false);
    assert_eq!(reading.after(1, &e1), page(&["e2", "e3"], false), "one that was there before is no news");
    assert_eq!(reading.after(1, &e2), page(&["e3"], false));
}

#[test]
fn an_event_of_another_process_in_between_is_read_from_the_store_with_those_after_it() {
    let reading = Reading::new();
    let e1 = reading.saved(1, "e1");
    let e2 = reading.of_another(1, "e2");
    let e3 = reading.saved(1, "e3");
    assert_eq!(reading.after(1, &e1), page(&["e2", "e3"], true));
    assert_eq!(reading.after(1, &e2), page(&["e3"], true));
    assert_eq!(reading.after(1, &e3), page(&[], true), "another process may have saved since");
    reading.saved(1, "e4");
    assert_eq!(reading.after(1, &e3), page(&["e4"], false), "then it goes on");
}

#[test]
fn an_event_that_arrives_late_for_an_earlier_stream_is_not_taken_for_one_that_follows() {
    let reading = Reading::new();
    let first = reading.saved(1, "first");
    let second = reading.saved(2, "second");
    reading.saved(1, "late");
    assert_eq!(reading.after(2, &second), page(&[], true));
    assert_eq!(reading.after(1, &first), page(&["late"], true));
}

#[test]
fn the_stream_of_an_event_that_follows_one_that_is_known_is_not_asked_for() {
    let reading = Reading::new();
    let first = reading.saved(1, "e1");
    assert_eq!(reading.reader.stream_of(first.position).unwrap(), Some(stream_id(1)));
    let second = reading.saved(1, "e2");
    reading.events.failing_reads.store(1, Ordering::SeqCst);
    assert_eq!(reading.reader.stream_of(second.position).unwrap(), Some(stream_id(1)));
    let other = reading.events.append(2, "e3", "A", None);
    assert!(reading.reader.stream_of(other).is_err(), "the next one need not be in it");
}
