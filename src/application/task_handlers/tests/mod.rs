//! What the handlers of tasks make of events as logs have them.

mod analytics;
mod completions;
mod history;
mod state;

use chrono::DateTime;

use super::default_registrations;
use crate::application::handling::{GivenEvent, HandlerContext};
use crate::application::read_models::memory::MemoryReadModels;
use crate::application::read_models::reports::{TaskReport, TaskStatistics};
use crate::application::read_models::{TaskReadModels, TaskReports};
use crate::domain::event::DomainEvent;
use crate::domain::repository::{EventOrigin, StoredEvent};
use crate::domain::value_objects::{EventId, Position};
use crate::infrastructure::zones::load_zone;
use crate::wire::local_time::DstPolicy;
use crate::wire::record::RecordReader;
use crate::wire::zone::Zone;

/// An event of either shape at a position, as a store has it.
pub(crate) fn stored(position: i64, json: &str) -> StoredEvent {
    let zone = Zone::utc();
    let mut reader = RecordReader::new(&zone, DstPolicy::Resolve);
    let record = reader.read_whole(json.as_bytes()).unwrap();
    let event = DomainEvent::from_record(&record, EventId::new(format!("e{position}")).unwrap());
    StoredEvent { position: Position::new(position), origin: EventOrigin::Saved, event }
}

/// Gives each event to each handler that is registered for its type.
pub(crate) fn handle<'e>(
    read_models: &mut dyn TaskReadModels,
    zone: &Zone,
    events: impl IntoIterator<Item = &'e StoredEvent>,
) {
    let registrations = default_registrations(zone);
    for event in events {
        let concerned = registrations
            .iter()
            .filter(|registration| registration.event_types.contain(event.event.event_type()));
        for registration in concerned {
            let mut context = HandlerContext {
                now: DateTime::UNIX_EPOCH,
                is_replay: false,
                attempt: 1,
                event: &GivenEvent::new(event),
                detail: None,
                read_models: Some(read_models),
            };
            registration.handler.handle(event, &mut context).unwrap();
        }
    }
}

/// The read models of a log in Berlin, of events of 25 October 2025, handled in the order of the lines.
fn handled(lines: &[&str]) -> MemoryReadModels {
    let mut read_models = MemoryReadModels::default();
    let events: Vec<StoredEvent> = (1..).zip(lines).map(|(position, line)| stored(position, line)).collect();
    handle(&mut read_models, &load_zone("Europe/Berlin").unwrap(), &events);
    read_models
}

fn statistics(lines: &[&str]) -> TaskStatistics {
    handled(lines).statistics(None, None).unwrap()
}

fn task(lines: &[&str], task_id: &str) -> TaskReport {
    handled(lines).task(task_id).unwrap().unwrap()
}

/// An event of the new shape about T1 at a time of the day, with these fields.
fn event(event_type: &str, time: &str, fields: &str) -> String {
    format!(
        r#"{{"event_id":"x","event_type":"{event_type}","timestamp":"2025-10-25T{time}Z","aggregate_id":"T1",{fields}"metadata":{{}}}}"#
    )
}

#[test]
fn there_are_four_projections_whose_names_never_change() {
    let names: Vec<String> =
        default_registrations(&Zone::utc()).iter().map(|found| found.handler.name().to_owned()).collect();
    assert_eq!(names, ["task_analytics", "task_completions", "task_state", "task_history"]);
}

#[test]
fn an_event_that_is_about_no_task_changes_only_the_count_of_its_day() {
    let line = |event_type: &str| {
        format!(r#"{{"type":"{event_type}","timestamp":"2025-10-25T10:00:00Z","priority":"P1"}}"#)
    };
    let lines = ["TaskCreated", "TaskUpdated", "TaskCompleted", "TaskDeleted"].map(line);
    let read_models = handled(&lines.each_ref().map(String::as_str));
    assert_eq!(read_models.statistics(None, None).unwrap().events, 4);
    let mut without_counts = read_models;
    without_counts.clear("task_analytics");
    assert_eq!(without_counts, MemoryReadModels::default());
}

#[test]
fn events_of_other_types_change_nothing() {
    let read_models = handled(&[&event("ProjectCreated", "10:00:00", r#""title":"a","#)]);
    assert_eq!(read_models, MemoryReadModels::default());
}

#[test]
fn a_handler_clears_its_own_read_models_and_no_others() {
    let lines = [
        event("TaskCreated", "10:00:00", r#""title":"a","#),
        event("TaskUpdated", "10:01:00", r#""changes":{"title":"b"},"#),
        event("TaskCompleted", "10:02:00", ""),
    ];
    let full = handled(&lines.each_ref().map(String::as_str));
    let mut cleared = full.clone();
    for registration in default_registrations(&Zone::utc()) {
        let before = cleared.clone();
        cleared.clear(registration.handler.name());
        assert_ne!(cleared, before, "{}", registration.handler.name());
    }
    assert_eq!(cleared, MemoryReadModels::default());
}
