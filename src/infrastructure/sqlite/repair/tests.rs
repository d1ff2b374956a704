use tempfile::TempDir;

use super::*;
use crate::application::import::ImportRecord;
use crate::application::log_source::Place;
use crate::domain::event::{DomainEvent, derived_event_id};
use crate::domain::repository::{EventOrigin, EventRepository, StoredEvent};
use crate::domain::value_objects::StreamId;
use crate::infrastructure::sqlite::SqliteEventRepository;
use crate::wire::local_time::DstPolicy;
use crate::wire::record::{ContentIds, RecordReader};
use crate::wire::zone::Zone;

/// A record of the legacy log that the new system did not write.
fn missing(task: &str) -> MissingEvent {
    let text =
        format!(r#"{{"type": "TaskCreated", "task_id": "{task}", "timestamp": "2025-10-25T10:00:00"}}"#);
    let zone = Zone::utc();
    let read = RecordReader::new(&zone, DstPolicy::Resolve).read_whole(text.as_bytes()).unwrap();
    let content = ContentIds::default().of(&text).unwrap();
    let record = ImportRecord {
        place: Place { line: 3, offset: 99 },
        identity: Identity::Derived { content, written_at: read.written_at.civil_micros() },
        event_type: read.event_type.into_owned(),
        occurred_at: read.occurred_at,
        aggregate_id: Some(AggregateId::new(task)),
        shape: read.shape,
        flags: read.flags,
        body: text.clone(),
    };
    let event_id = derived_event_id(content, 1);
    MissingEvent { event_id, record, path: "/logs/events.json".to_owned() }
}

fn native(id: &str, task: &str) -> DomainEvent {
    let text = format!(
        r#"{{"event_id": "{id}", "event_type": "TaskCreated", "timestamp": "2025-10-25T10:00:00Z", "aggregate_id": "{task}"}}"#
    );
    DomainEvent::from_json(&text, &Zone::utc()).unwrap()
}

/// A store with one native event, at position 1.
struct Store {
    folder: TempDir,
    events: SqliteEventRepository,
}

impl Store {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let events = SqliteEventRepository::open(folder.path().join("events.db"), Zone::utc()).unwrap();
        events.save_event(&native("e1", "T1")).unwrap();
        Self { folder, events }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("events.db")
    }

    fn repair(&self) -> SqliteRepair {
        SqliteRepair::open(&self.path()).unwrap()
    }

    fn events(&self) -> Vec<StoredEvent> {
        self.events.read_stream(&StreamId::single(), None, 100).unwrap()
    }
}

const COMPARED: Position = Position::new(1);

#[test]
fn a_missing_event_is_added_with_its_own_origin_and_the_place_that_it_came_from_and_adding_it_again_adds_nothing()
 {
    let store = Store::new();
    let events = [missing("T2"), missing("T3")];
    let events: Vec<&MissingEvent> = events.iter().collect();
    assert_eq!(store.repair().look_up(&events, COMPARED).unwrap(), [Disposition::Add; 2]);
    assert_eq!(store.events().len(), 1, "looking changes nothing");
    assert_eq!(store.repair().add(&events, COMPARED).unwrap(), [Disposition::Add; 2]);
    let stored = store.events();
    let origins: Vec<EventOrigin> = stored.iter().map(|event| event.origin).collect();
    assert_eq!(origins, [EventOrigin::Saved, EventOrigin::Repaired, EventOrigin::Repaired]);
    assert_eq!(stored[1].event.body(), events[0].record.body);
    let again = store.repair().add(&events, COMPARED).unwrap();
    assert_eq!(again, [2, 3].map(|position| Disposition::AlreadyRepaired(Position::new(position))));
    assert_eq!(store.events(), stored);
    let connection = Connection::open(store.path()).unwrap();
    let note = "SELECT path, source_offset, source_line FROM repairs WHERE position = 3";
    let note: (String, i64, i64) =
        connection.query_row(note, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    assert_eq!(note, ("/logs/events.json".to_owned(), 99, 3));
    assert_eq!(stored_rows::missing_records(&connection).unwrap(), Some(0));
}

#[test]
fn an_event_of_the_same_task_that_came_since_the_comparison_may_be_the_one_that_is_missing() {
    let store = Store::new();
    store.events.save_event(&native("e2", "T2")).unwrap();
    let (late, other) = (missing("T2"), missing("T3"));
    let found = store.repair().add(&[&late, &other], COMPARED).unwrap();
    assert_eq!(found, [Disposition::SavedMeanwhile(Position::new(2)), Disposition::Add]);
    assert_eq!(store.events().len(), 3);
}

#[test]
fn an_id_that_belongs_to_another_event_is_a_conflict_and_nothing_is_overwritten() {
    let store = Store::new();
    let event = missing("T2");
    store.events.save_event(&native(event.event_id.as_str(), "T9")).unwrap();
    let before = store.events();
    let found = store.repair().add(&[&event], Position::new(2)).unwrap();
    assert_eq!((found, store.events()), (vec![Disposition::Conflict(Position::new(2))], before));
}

#[test]
fn where_one_event_cannot_be_stored_none_is() {
    let store = Store::new();
    let (first, mut second) = (missing("T2"), missing("T3"));
    second.record.body = format!("{{\"type\": \"{}\"}}", "x".repeat(1 << 20));
    let mut repair = store.repair();
    let pages: i64 = repair.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    repair.connection.query_row(&format!("PRAGMA max_page_count = {}", pages + 4), [], |_| Ok(())).unwrap();
    let failed = repair.add(&[&first, &second], COMPARED).unwrap_err();
    assert!(matches!(failed, RepositoryError::Storage { .. }), "{failed:?}");
    assert_eq!(store.events().len(), 1);
    drop(repair);
    assert_eq!(store.repair().add(&[&first], COMPARED).unwrap(), [Disposition::Add]);
}

#[test]
fn what_was_repaired_is_not_changed_removed_or_replaced_by_any_program() {
    let store = Store::new();
    store.repair().add(&[&missing("T2")], COMPARED).unwrap();
    let connection = Connection::open(store.path()).unwrap();
    for (sql, refusal) in [
        ("UPDATE repairs SET path = 'x'", "repairs are never changed"),
        ("DELETE FROM repairs", "repairs are never deleted"),
        ("REPLACE INTO repairs VALUES (2, 'x', 0, 0, 0)", "repairs are never replaced"),
        ("UPDATE events SET origin = 'native'", "events are never changed"),
        ("INSERT INTO events VALUES (9, 'e9', 'A', 0, NULL, '{}', 'other', 0, 0, NULL, NULL, NULL)", "CHECK"),
    ] {
        let error = connection.execute(sql, []).unwrap_err().to_string();
        assert!(error.contains(refusal), "{sql}: {error}");
    }
}
