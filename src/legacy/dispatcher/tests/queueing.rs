//! Where `queue_event` puts events, and which dispatcher the process has.

use std::fs;
use std::sync::Arc;

use super::super::{
    DispatcherSettings, EventDispatcher, GlobalDispatcherError, get_global_dispatcher, set_global_dispatcher,
};
use super::fixture::{Fixture, definition, event};
use crate::domain::error_chain::error_chain;
use crate::legacy::events_json::LegacyWriter;
use crate::legacy::occurrence::{Occurrence, OccurrenceSink};
use crate::legacy::queue::QueueStatus;
use crate::legacy::watchers::{WatchError, Watcher, Watching};

#[test]
fn there_is_no_global_dispatcher_until_it_is_set_and_it_is_set_once() {
    let (first, second) = (Fixture::new(), Fixture::new());
    assert_eq!(get_global_dispatcher().err(), Some(GlobalDispatcherError::NotSet));
    let dispatcher = Arc::new(first.dispatcher());
    set_global_dispatcher(Arc::clone(&dispatcher)).unwrap();
    assert_eq!(set_global_dispatcher(Arc::new(second.dispatcher())), Err(GlobalDispatcherError::AlreadySet));
    assert!(Arc::ptr_eq(&get_global_dispatcher().unwrap(), &dispatcher));
}

#[test]
fn a_task_event_is_in_the_legacy_log_when_it_is_queued_and_no_handler_is_given_it() {
    let fixture = Fixture::new();
    let dispatcher = fixture.dispatcher();
    let event =
        r#"{"type": "TaskCreated", "task_id": "T123", "title": "Zoë", "timestamp": "2025-10-25T10:00:00"}"#;
    dispatcher.queue_event(event).unwrap();
    dispatcher.queue_event(r#"{"type": "TaskDeleted", "task_id": "T123"}"#).unwrap();
    let log: serde_json::Value =
        serde_json::from_slice(&fs::read(fixture.files().events_json).unwrap()).unwrap();
    assert_eq!((&log[0]["title"], &log[0]["timestamp"]), (&"Zoë".into(), &"2025-10-25T10:00:00".into()));
    assert_eq!(log[1]["timestamp"], "2025-10-25T10:00:00+00:00");
    assert_eq!(dispatcher.process_next_event().unwrap(), None);
}

#[test]
fn where_another_program_writes_the_legacy_log_a_task_event_is_refused() {
    let fixture = Fixture::new();
    let settings = DispatcherSettings { writer: LegacyWriter::Other, ..DispatcherSettings::default() };
    let dispatcher = fixture.dispatcher_with(settings);
    let error = dispatcher.queue_event(r#"{"type": "TaskDeleted", "task_id": "T1"}"#).unwrap_err();
    assert!(error_chain(&error).contains("legacy.writer"), "{}", error_chain(&error));
    assert!(!fixture.files().events_json.exists());
}

#[test]
fn an_event_of_a_definition_waits_in_the_queue_with_what_is_known_of_it() {
    let fixture = Fixture::new();
    let dispatcher = fixture.dispatcher();
    dispatcher.registry().add(definition("a", "tests.done")).unwrap();
    dispatcher.queue_event(&event("a", "1", 2)).unwrap();
    let entries = dispatcher.queue().entries();
    let [entry] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!((&*entry.event_id, &*entry.event_type), ("a_1761386400", "time_based"));
    assert_eq!((entry.priority, entry.status), (2, QueueStatus::Pending));
    assert_eq!(entry.data["n"], "1");
    dispatcher.queue_event(r#"{"definition_id": "a"}"#).unwrap();
    assert_eq!(dispatcher.queue().entries()[1].priority, 5, "where none is given");
}

#[test]
fn an_event_of_a_definition_that_is_unknown_or_disabled_is_refused_with_the_way_out() {
    let fixture = Fixture::new();
    let dispatcher = fixture.dispatcher();
    let refused = |dispatcher: &EventDispatcher, id: &str| {
        error_chain(&dispatcher.queue_event(&event(id, "1", 5)).unwrap_err())
    };
    assert_eq!(
        refused(&dispatcher, "b"),
        "`definition_id`: expected the id of a definition, found \"b\"; there are none: `mission-events legacy \
         definitions add` adds one"
    );
    let disabled =
        crate::legacy::definition::Definition { is_enabled: false, ..definition("a", "tests.done") };
    dispatcher.registry().add(disabled).unwrap();
    assert_eq!(
        refused(&dispatcher, "b"),
        "`definition_id`: expected the id of a definition, found \"b\"; known definitions: a"
    );
    assert_eq!(
        refused(&dispatcher, "a"),
        "the definition \"a\" is disabled: `mission-events legacy definitions enable a` enables it"
    );
    assert!(dispatcher.queue().entries().is_empty());
}

/// Notices something at once.
struct DoorBell;

impl Watcher for DoorBell {
    fn start(self: Box<Self>, sink: Arc<dyn OccurrenceSink>) -> Result<Watching, WatchError> {
        sink.occurred(Occurrence {
            definition_id: "a".to_owned(),
            event_type: "door_bell".to_owned(),
            at: "2025-10-25T10:00:00Z".parse().unwrap(),
            data: serde_json::Map::new(),
        });
        Ok(Watching::new(()))
    }
}

#[test]
fn what_a_watcher_of_another_program_notices_comes_to_the_handler_of_its_definition() {
    let fixture = Fixture::new();
    let dispatcher = fixture.dispatcher();
    dispatcher.registry().add(definition("a", "tests.done")).unwrap();
    let _watching = dispatcher.watch(Box::new(DoorBell)).unwrap();
    let handled = dispatcher.process_next_event().unwrap().unwrap();
    assert_eq!(handled.definition_id, "a");
    assert_eq!(fixture.handler_log()[0].handler, "tests.done");
}
