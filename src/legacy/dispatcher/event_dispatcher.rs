//! The dispatcher as its users see it.

use std::sync::{Arc, Mutex, PoisonError};

use super::background::Background;
use super::error::DispatcherError;
use super::given_event::GivenEvent;
use super::handling::{DispatcherFigures, HandledEvent, Handling};
use super::last_read::LastReadDefinitions;
use super::settings::{DispatcherSettings, LegacyFiles};
use crate::application::clock::Clock;
use crate::domain::error_chain::error_chain;
use crate::legacy::definition::Definition;
use crate::legacy::events_json::EventsJson;
use crate::legacy::handlers::{HandlerLog, HandlerTable, LegacyHandler};
use crate::legacy::occurrence::OccurrenceSink;
use crate::legacy::queue::{BatchWindow, EventQueue, NewEntry};
use crate::legacy::registry::Registry;
use crate::legacy::watchers::{WatchError, Watcher, Watching};

/// Takes events, and gives those of definitions to their handlers: in the background between [`start`](Self::start) and
/// [`stop`](Self::stop), or one by one with [`process_next_event`](Self::process_next_event).
pub struct EventDispatcher {
    files: LegacyFiles,
    registry: Arc<Registry>,
    /// Opened with the first event of a task.
    events_json: Mutex<Option<Arc<EventsJson>>>,
    handling: Arc<Handling>,
    background: Mutex<Option<Background>>,
}

impl EventDispatcher {
    /// Opens the queue, for this process alone. No handler is known yet.
    ///
    /// # Errors
    /// The queue cannot be opened, or another process has it.
    pub fn open(
        files: LegacyFiles,
        settings: DispatcherSettings,
        clock: Arc<dyn Clock + Send + Sync>,
    ) -> Result<Self, DispatcherError> {
        let registry = Arc::new(Registry::open(&files.definitions));
        let queue = Arc::new(EventQueue::open(&files.queue(), Arc::clone(&clock))?);
        let window =
            Arc::new(BatchWindow::new(Arc::clone(&queue), Arc::clone(&registry), Arc::clone(&clock)));
        let handling = Arc::new(Handling {
            definitions: LastReadDefinitions::new(Arc::clone(&registry)),
            queue,
            window,
            handlers: HandlerTable::default(),
            log: HandlerLog::new(files.handler_log()),
            clock,
            settings,
            figures: Mutex::default(),
            unkept: Mutex::default(),
        });
        Ok(Self { files, registry, events_json: Mutex::default(), handling, background: Mutex::default() })
    }

    /// Makes a dotted name mean this handler, from now on.
    pub fn register_handler(&self, name: &str, handler: Arc<dyn LegacyHandler>) {
        self.handling.handlers.register(name, handler);
    }

    /// The names of the handlers, sorted.
    pub fn handlers(&self) -> Vec<String> {
        self.handling.handlers.names()
    }

    /// Takes an event, a JSON object. It is on disk when this returns.
    ///
    /// One of a task (with `type`) is appended to the legacy log; where it has no `timestamp`, it gets the present time. One of a
    /// definition (with `definition_id`, `data` and maybe `priority`) is queued for the handler of that definition.
    ///
    /// # Errors
    /// It is no such event, and the error names the field; or it is not stored.
    pub fn queue_event(&self, event: &str) -> Result<(), DispatcherError> {
        let now = self.handling.clock.now();
        match GivenEvent::from_json(event, &self.handling.settings.zone, now)? {
            GivenEvent::OfTask(record) => {
                self.events_json()?.append(&record)?;
            }
            GivenEvent::OfDefinition { definition_id, data, priority } => {
                let definition = self.enabled(&definition_id)?;
                let event_type = definition.source.type_name().to_owned();
                let entry =
                    self.handling.queue.push(NewEntry { definition_id, event_type, data, priority })?;
                tracing::info!("[EventDispatcher] {} is queued for {}", entry.event_id, definition.handler);
                self.wake();
            }
        }
        Ok(())
    }

    /// Gives the next event that is due to its handler; `None` where none is due. A handler that fails is no error here: its
    /// event is tried again, or has failed.
    ///
    /// # Errors
    /// The queue, the definitions or the log of handlers cannot be read or written.
    pub fn process_next_event(&self) -> Result<Option<HandledEvent>, DispatcherError> {
        self.handling.process_next()
    }

    /// Starts to process events in the background; where that is done already, nothing changes.
    ///
    /// # Errors
    /// The system gave no thread for it.
    pub fn start(&self) -> Result<(), DispatcherError> {
        let mut background = self.background();
        if background.is_none() {
            let started = Background::start(Arc::clone(&self.handling));
            *background = Some(started.map_err(DispatcherError::Thread)?);
        }
        Ok(())
    }

    /// Ends what [`start`](Self::start) has begun, and returns when it has ended; where it was not started, nothing changes. The
    /// event that is being handled is finished, and so are others that are due, for as long as the settings say. What is left
    /// stays in the queue.
    pub fn stop(&self) {
        let lost = self.handling.window.flush();
        self.handling.figures.lock().unwrap_or_else(PoisonError::into_inner).lost = lost;
        let background = self.background().take();
        if let Some(background) = background {
            background.stop();
        }
        if let Err(error) = self.handling.log.write_rest() {
            tracing::error!(
                "[EventDispatcher] lines of the log of handlers are lost: {}",
                error_chain(&error)
            );
        }
    }

    /// Begins to watch with a watcher, be it one of other programs: what it notices is gathered, limited and queued as its definition
    /// says, until the answer is dropped.
    ///
    /// # Errors
    /// It cannot be watched.
    pub fn watch(&self, watcher: Box<dyn Watcher>) -> Result<Watching, WatchError> {
        watcher.start(Arc::clone(&self.handling.window) as Arc<dyn OccurrenceSink>)
    }

    /// What it has done since it was opened.
    pub fn figures(&self) -> DispatcherFigures {
        *self.handling.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The definitions.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The queue.
    pub fn queue(&self) -> &EventQueue {
        &self.handling.queue
    }

    fn events_json(&self) -> Result<Arc<EventsJson>, DispatcherError> {
        let mut opened = self.events_json.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = &*opened {
            return Ok(Arc::clone(opened));
        }
        let events_json =
            Arc::new(EventsJson::open(self.files.events_json.clone(), self.handling.settings.writer)?);
        Ok(Arc::clone(opened.insert(events_json)))
    }

    fn enabled(&self, id: &str) -> Result<Definition, DispatcherError> {
        match self.registry.get(id)? {
            Some(definition) if definition.is_enabled => Ok(definition),
            Some(_) => Err(DispatcherError::DisabledDefinition { id: id.to_owned() }),
            None => {
                let known = self.registry.list()?.into_iter().map(|definition| definition.id).collect();
                Err(DispatcherError::UnknownDefinition { id: id.to_owned(), known })
            }
        }
    }

    fn wake(&self) {
        if let Some(background) = &*self.background() {
            background.wake();
        }
    }

    fn background(&self) -> std::sync::MutexGuard<'_, Option<Background>> {
        self.background.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for EventDispatcher {
    fn drop(&mut self) {
        self.stop();
    }
}
