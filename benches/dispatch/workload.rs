//! The events that are dispatched: made by the thread that dispatches them, as in a program.

use chrono::{DateTime, Utc};
use mission_events::dispatch::{EventIds, TimeOrderedIds};
use mission_events::{DomainEvent, Zone};
use uuid::{NoContext, Timestamp, Uuid};

/// Over how long the events of the filled store are spread, in microseconds: 30 days.
const SPAN: i64 = 30 * 86_400 * 1_000_000;
/// When that ended, in microseconds since 1970-01-01: before all that are dispatched.
const END: i64 = 1_760_000_000 * 1_000_000;

const TYPES: [&str; 4] = ["TaskCreated", "TaskUpdated", "TaskCompleted", "TaskDeleted"];

/// The text of an event of about 300 bytes.
pub fn text(id: &str, number: u64, at: DateTime<Utc>) -> String {
    let (event_type, task) = (TYPES[number as usize % 4], number / 4);
    format!(
        r#"{{"event_id": "{id}", "event_type": "{event_type}", "timestamp": "{}", "aggregate_id": "T{task}", "metadata": {{"source": "bench", "user": "u{}"}}, "task_id": "T{task}", "title": "Write the report of the week, number {number}", "priority": "P{}", "status": "NOT_STARTED"}}"#,
        at.to_rfc3339(),
        number % 97,
        number % 4,
    )
}

/// Events that a running system would dispatch.
pub struct Events {
    number: u64,
    random_ids: Option<fastrand::Rng>,
}

impl Events {
    /// Events with ids that are ordered by time.
    pub fn time_ordered(thread: u64) -> Self {
        Self { number: thread << 32, random_ids: None }
    }

    /// Events with random ids.
    pub fn random(thread: u64) -> Self {
        Self { number: thread << 32, random_ids: Some(fastrand::Rng::new()) }
    }

    pub fn next(&mut self) -> DomainEvent {
        self.number += 1;
        let id = match &mut self.random_ids {
            None => TimeOrderedIds.next().as_str().to_owned(),
            Some(random) => Uuid::from_u128(random.u128(..)).to_string(),
        };
        DomainEvent::from_json(&text(&id, self.number, Utc::now()), &Zone::utc()).unwrap()
    }
}

/// Times and texts of events of the past, the oldest first.
pub fn past(events: u64) -> impl Iterator<Item = (DateTime<Utc>, String)> {
    let apart = SPAN / events.max(1) as i64;
    (0..events).map(move |number| {
        let at = DateTime::from_timestamp_micros(END - SPAN + number as i64 * apart).unwrap();
        let time = Timestamp::from_unix(NoContext, at.timestamp() as u64, at.timestamp_subsec_nanos());
        let id = Uuid::new_v7(time).to_string();
        (at, text(&id, number, at))
    })
}
