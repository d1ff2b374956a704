//! Stores an event in SQLite, and finds it again.
//!
//! ```sh
//! cargo run --example append_and_query
//! ```

use std::error::Error;

use chrono::{TimeZone, Utc};
use mission_events::{
    AggregateId, DomainEvent, EventId, EventRepository, EventRepositoryExt, RepositoryError,
    SqliteEventRepository, Zone,
};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let zone = Zone::utc();
    let store = SqliteEventRepository::open(folder.path().join("events.db"), zone.clone())?;

    // An event is the JSON text that it was written as. Id, type, time and aggregate are read from it.
    let text = r#"{"event_id": "e1", "event_type": "TaskCreated", "timestamp": "2025-10-25T10:00:00+00:00", "aggregate_id": "T123", "title": "My Task"}"#;
    let created = DomainEvent::from_json(text, &zone)?;
    let position = store.save_event(&created)?;
    assert_eq!(created.aggregate_id(), Some(&AggregateId::new("T123")));

    // Saving it again changes nothing; other content under its id is refused.
    assert_eq!(store.save_event(&created)?, position);
    let other = DomainEvent::from_json(&text.replace("My Task", "Another"), &zone)?;
    assert!(matches!(store.save_event(&other), Err(RepositoryError::Conflict { .. })));

    // What is found is what was written, byte for byte.
    let october = Utc.with_ymd_and_hms(2025, 10, 1, 0, 0, 0).single().ok_or("no such day")?;
    let november = Utc.with_ymd_and_hms(2025, 11, 1, 0, 0, 0).single().ok_or("no such day")?;
    for found in store.find_by_date_range(october, november, 100)? {
        println!("position {}: {}", found.position, found.event.body());
        assert_eq!(found.event.body(), text);
    }
    assert!(store.find_by_id(&EventId::new("e1")?)?.is_some());
    Ok(())
}
