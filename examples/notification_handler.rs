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

use mission_events::internals::application::handling::{
    EventHandler, EventTypes, Handled, HandlerContext, HandlerError, HandlerKind, Registration, RetryPolicy,
    StartFrom,
};
use mission_events::{RecordedTaskEvent, StoredEvent, TaskDetail};

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

/// How the handler is registered: for events that are saved from now on, never for those of an imported log.
fn registration(messages: Arc<dyn MessageService>) -> Registration {
    let event_types = ["TaskCreated", "TaskCompleted", "TaskDeleted"].map(str::to_owned);
    Registration {
        handler: Arc::new(NotificationHandler { messages }),
        event_types: EventTypes::Named(event_types.into()),
        kind: HandlerKind::Effect,
        start: StartFrom::Now,
        retry: RetryPolicy::default(),
        version: 1,
        intervals: Vec::new(),
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
    let registration = registration(Arc::new(Screen::default()));
    println!("{} is registered from now on", registration.handler.name());
    Ok(())
}
