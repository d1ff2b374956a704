//! The two sides, each opened when it is needed first.

use std::error::Error as StdError;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use crossbeam_channel::bounded;

use super::ports::{LegacyLog, Outbox};
use super::routed::RouteError;
use crate::application::clock::Clock;
use crate::application::dispatch::EventDispatcherService;
use crate::application::handling::store::HandlerStore;
use crate::application::mode_log::ModeLog;
use crate::domain::event_system_mode::Side;
use crate::domain::repository::EventRepository;
use crate::wire::zone::Zone;

/// The new side.
#[derive(Clone)]
pub struct NewSide {
    /// Its store.
    pub events: Arc<dyn EventRepository>,
    /// What stores events in it and has them handled. The router shuts it down.
    pub dispatcher: Arc<EventDispatcherService>,
}

/// Opens a side; called again where it failed.
pub type Opener<T> = Box<dyn Fn() -> Result<T, Box<dyn StdError + Send + Sync>> + Send + Sync>;

/// What a router needs.
pub struct RouterPorts {
    /// Opens the new side, and is called by the first event that goes there, or by a thread of the router.
    pub new_side: Opener<NewSide>,
    /// Opens the legacy log, in the same way.
    pub legacy_log: Opener<Arc<dyn LegacyLog>>,
    /// What the legacy side, as primary, was about to take.
    pub outbox: Arc<dyn Outbox>,
    /// Where mirrors keep their progress.
    pub handlers: Arc<dyn HandlerStore>,
    /// What is recorded of modes.
    pub modes: Arc<dyn ModeLog>,
    /// The clock.
    pub clock: Arc<dyn Clock + Send + Sync>,
    /// In which naive times are read and written.
    pub zone: Zone,
    /// The number of this process.
    pub pid: u32,
}

/// What a router and its mirrors share.
pub(super) struct Sides {
    pub ports: RouterPorts,
    new: Opened<NewSide>,
    legacy: Opened<Arc<dyn LegacyLog>>,
}

/// Something that is opened once.
struct Opened<T> {
    value: OnceLock<T>,
    /// Held while it is opened.
    opening: Mutex<()>,
}

impl Sides {
    pub fn new(ports: RouterPorts) -> Self {
        Self { ports, new: Opened::new(), legacy: Opened::new() }
    }

    /// The new side, opened now if it was not before.
    pub fn new_side(&self) -> Result<&NewSide, RouteError> {
        self.new.get(Side::New, &self.ports.new_side)
    }

    /// The legacy log, in the same way.
    pub fn legacy_log(&self) -> Result<&Arc<dyn LegacyLog>, RouteError> {
        self.legacy.get(Side::Legacy, &self.ports.legacy_log)
    }

    /// The new side, where it was opened.
    pub fn open_new_side(&self) -> Option<&NewSide> {
        self.new.value.get()
    }
}

impl<T> Opened<T> {
    fn new() -> Self {
        Self { value: OnceLock::new(), opening: Mutex::new(()) }
    }

    fn get(&self, side: Side, open: &Opener<T>) -> Result<&T, RouteError> {
        if let Some(value) = self.value.get() {
            return Ok(value);
        }
        let _opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = self.value.get() {
            return Ok(value);
        }
        let value = open().map_err(|source| RouteError::Side { side, source })?;
        Ok(self.value.get_or_init(|| value))
    }
}

/// Asks something of a side that may hang, in a thread of its own. `None` where there is no answer in time; the thread goes
/// on, and its answer is dropped.
pub(super) fn within<T: Send + 'static>(
    limit: Duration,
    ask: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (answer, answered) = bounded(1);
    let asking = thread::Builder::new().name("routing".to_owned()).spawn(move || {
        // It is not listened to for ever.
        let _ = answer.send(ask());
    });
    asking.ok()?;
    answered.recv_timeout(limit).ok()
}
