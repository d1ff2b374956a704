//! Notifies of tasks that were created, completed and deleted: a handler that acts on the world.
//!
//! ```sh
//! cargo run --example notification_handler
//! ```
//!
//! An effect is run at least once for each event: after a crash between a message and the record of it, again. The
//! id of the event goes with each message, so that the receiver can tell a repetition from something new.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mission_events::dispatch::{
    DispatchPorts, DispatchSettings, EventDispatcherService, EventHandler, Handled, HandlerContext,
    HandlerError, Runner, RunnerSettings, SqliteHandlerStore, SqliteStoreTurn, SystemClock,
};
use mission_events::{DomainEvent, RecordedTaskEvent, SqliteEventRepository, StoredEvent, TaskDetail, Zone};

/// What messages are sent with.
trait MessageService: Send + Sync {
    /// Sends a message, once for each key.
    fn send(&self, idempotency_key: &str, text: &str) -> Result<(), Box<dyn Error + Send + Sync>>;
}

/// Sends a message for each event; it is given what it sends with.
struct NotificationHandler {
    messages: Arc<dyn MessageService>,
}

impl EventHandler for NotificationHandler {
    fn name(&self) -> &str {
        "notifications"
    }

    fn handle(&self, event: &StoredEvent, context: &mut HandlerContext<'_>) -> Result<Handled, HandlerError> {
        let Some(RecordedTaskEvent { task_id: Some(task), detail }) = RecordedTaskEvent::of(&event.event)
        else {
            return Ok(Handled::NotForMe);
        };
        let text = match detail {
            TaskDetail::Created { title, .. } => format!("new: {}", title.unwrap_or(task)),
            TaskDetail::Completed { .. } => format!("done: {task}"),
            TaskDetail::Deleted { reason: Some(reason) } => format!("deleted: {task} ({reason})"),
            TaskDetail::Deleted { reason: None } => format!("deleted: {task}"),
            TaskDetail::Updated { .. } => return Ok(Handled::NotForMe),
        };
        // A service that cannot be reached may be reached later: the event is tried again.
        self.messages.send(context.idempotency_key().as_str(), &text).map_err(HandlerError::Transient)?;
        Ok(Handled::Done)
    }
}

/// A receiver that shows each message once, whatever is repeated.
#[derive(Default)]
struct Screen {
    shown: Mutex<BTreeMap<String, String>>,
}

impl MessageService for Screen {
    fn send(&self, idempotency_key: &str, text: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.insert(idempotency_key.to_owned(), text.to_owned()).is_none() {
            println!("{text}");
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let zone = Zone::utc();
    let events = Arc::new(SqliteEventRepository::open(folder.path().join("events.db"), zone.clone())?);
    let handled = Arc::new(SqliteHandlerStore::open(folder.path().join("handlers.db"))?);
    let clock = Arc::new(SystemClock::default());
    let runner = Runner::new(events.clone(), handled, clock.clone(), RunnerSettings::default());
    let ports = DispatchPorts { turn: Box::new(SqliteStoreTurn::new(events.clone())), clock };
    let dispatcher =
        EventDispatcherService::new(events, Arc::new(runner), ports, DispatchSettings::default());

    // From now on, never for what the store has already, and never for events of an imported log.
    let handler = Arc::new(NotificationHandler { messages: Arc::new(Screen::default()) });
    for event_type in ["TaskCreated", "TaskCompleted", "TaskDeleted"] {
        dispatcher.register_handler(event_type, handler.clone())?;
    }

    for text in [
        r#"{"event_id": "e1", "event_type": "TaskCreated", "timestamp": "2025-10-25T10:00:00Z", "aggregate_id": "T1", "title": "Call Priya"}"#,
        r#"{"event_id": "e2", "event_type": "TaskCompleted", "timestamp": "2025-10-25T11:00:00Z", "aggregate_id": "T1"}"#,
    ] {
        let dispatched = dispatcher.dispatch(DomainEvent::from_json(text, &zone)?)?;
        assert!(dispatched.succeeded(), "{dispatched:?}");
    }
    dispatcher.shut_down(Duration::from_secs(5));
    Ok(())
}
