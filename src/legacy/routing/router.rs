//! The router.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::legacy_mirror::{self, LegacyMirror};
use super::legacy_primary::{Line, append};
use super::log_progress::LEGACY_MIRROR;
use super::mirror::Mirror;
use super::mirror_state::MirrorState;
use super::mode_record::{Recorded, record};
use super::new_mirror::{self, NewMirror};
use super::outbox_progress::NEW_MIRROR;
use super::pending_route::{Mirroring, Pending, PendingRoute, new_routed};
use super::routed::{MirrorStatus, RouteError, Routed};
use super::sides::{NewSide, RouterPorts, Sides};
use crate::application::entry_points::EventRoute;
use crate::application::mode_log::ProcessMode;
use crate::domain::error_chain::error_chain;
use crate::domain::event::DomainEvent;
use crate::domain::event_system_mode::{Routing, Side};

/// How long a switch waits for events that are being stored.
const SWITCH_PATIENCE: Duration = Duration::from_secs(15);
/// How long a router that is dropped waits for its threads.
const PATIENCE_AT_DROP: Duration = Duration::from_secs(15);

/// How long a router waits, and when it warns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouterSettings {
    /// How long a caller waits for the mirror: `parallel.secondary_timeout_ms`.
    pub secondary_timeout: Duration,
    /// A mirror that is behind by more events than this is warned of: `parallel.behind_warn`.
    pub behind_warn: u64,
}

impl Default for RouterSettings {
    /// 1 second, 1,000 events.
    fn default() -> Self {
        Self { secondary_timeout: Duration::from_secs(1), behind_warn: 1_000 }
    }
}

/// Takes each event to the side, or sides, that the mode asks for.
///
/// Any number of threads dispatch at a time. An event that was dispatched before is not stored again by the new side; the legacy
/// log has no ids, and takes it again. Dropped, a router shuts down as [`shut_down`](Self::shut_down) does, within 15 seconds.
pub struct Router {
    sides: Arc<Sides>,
    settings: RouterSettings,
    /// Held shared while an event goes to its primary.
    current: RwLock<Current>,
    legacy_mirror: Mirror,
    new_mirror: Mirror,
    is_closed: AtomicBool,
    /// A mode of another process was warned of.
    is_warned: AtomicBool,
}

struct Current {
    routing: Routing,
    since: DateTime<Utc>,
    /// Whether the last recorded switch leads there.
    recorded: Recorded,
}

impl Router {
    /// A router whose events go where `routing` says, which is recorded. Sides are opened when they are needed.
    ///
    /// # Errors
    /// It cannot be recorded, or the primary cannot say how far it is. The other side keeps no router from being opened.
    pub fn open(routing: Routing, ports: RouterPorts, settings: RouterSettings) -> Result<Self, RouteError> {
        let sides = Arc::new(Sides::new(ports));
        let since = sides.ports.clock.now();
        let recorded = record(&sides, &routing, since, settings.secondary_timeout)?;
        let state = |name| MirrorState::new(name, settings.behind_warn);
        let router = Self {
            legacy_mirror: Mirror::new(state(LEGACY_MIRROR), Arc::clone(&sides), LegacyMirror::boxed),
            new_mirror: Mirror::new(state(NEW_MIRROR), Arc::clone(&sides), NewMirror::boxed),
            sides,
            settings,
            current: RwLock::new(Current { routing, since, recorded }),
            is_closed: AtomicBool::new(false),
            is_warned: AtomicBool::new(false),
        };
        router.start_mirrors()?;
        router.put_process();
        Ok(router)
    }

    /// Where events go at present.
    pub fn routing(&self) -> Routing {
        self.current().routing.clone()
    }

    /// Stores an event on the side that is primary, waits for its handlers where that is the new side, and for at most
    /// `secondary_timeout` for the mirror: not at all where the mirror is in trouble, runs in another process, or was so slow that the last
    /// wait was in vain, until it has caught up.
    ///
    /// # Errors
    /// Those of the primary alone: the event is not stored, but where an error says that this is not known.
    pub fn dispatch(&self, event: DomainEvent) -> Result<Routed, RouteError> {
        let current = self.open_current()?;
        let route = current.routing.route(event.event_type());
        match route.primary {
            Side::New => {
                let (new, mirroring) = self.new_primary(route.is_mirrored)?;
                let stored = new.dispatcher.store(event)?;
                drop(current);
                Ok(new_routed(stored, &mirroring))
            }
            Side::Legacy => {
                let pending = self.append(&event, route.is_mirrored)?;
                drop(current);
                pending.routed()
            }
        }
    }

    /// Submits an event, and answers before the new side, as primary, has stored it, or after the legacy side has. The
    /// events of one thread are stored in the order in which it submits them.
    ///
    /// # Errors
    /// As [`dispatch`](Self::dispatch); what becomes of the event later, the answer tells.
    pub fn dispatch_async(&self, event: DomainEvent) -> Result<PendingRoute, RouteError> {
        let current = self.open_current()?;
        let route = current.routing.route(event.event_type());
        match route.primary {
            Side::New => {
                let (new, mirroring) = self.new_primary(route.is_mirrored)?;
                Ok(PendingRoute { pending: Pending::New(new.dispatcher.dispatch_async(event)?), mirroring })
            }
            Side::Legacy => self.append(&event, route.is_mirrored),
        }
    }

    /// Lets events go where `routing` says from now on: new events are held back until those that are being stored are, also those of which
    /// nothing awaits the answer, and until the switch is recorded. None is lost, and none goes both ways.
    ///
    /// # Errors
    /// The mode is as it was: events are being stored for longer than 15 seconds, the new primary cannot be used, or the switch cannot be
    /// recorded.
    pub fn switch(&self, routing: Routing) -> Result<(), RouteError> {
        if routing.answers(Side::New) {
            // Before events are held back.
            self.sides.new_side()?;
        }
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if self.is_closed.load(Ordering::SeqCst) {
            return Err(RouteError::ShuttingDown);
        }
        if current.routing == routing {
            return Ok(());
        }
        if current.routing.answers(Side::New)
            && let Some(new) = self.sides.open_new_side()
            && !new.dispatcher.flush(SWITCH_PATIENCE)
        {
            return Err(RouteError::InFlight);
        }
        let since = self.sides.ports.clock.now();
        // What the other mirror brings to the new side has to be known as such before that is primary.
        let is_held = routing.mirrors_to_legacy();
        let recorded = if is_held && !self.new_mirror.state.hold(SWITCH_PATIENCE) {
            Err(RouteError::InFlight)
        } else {
            record(&self.sides, &routing, since, self.settings.secondary_timeout)
        };
        if is_held {
            self.new_mirror.state.release();
        }
        let recorded = recorded?;
        tracing::info!(
            "events go another way: {} ({} side primary) to {} ({} side primary)",
            current.routing.mode,
            current.routing.primary,
            routing.mode,
            routing.primary
        );
        *current = Current { routing, since, recorded };
        drop(current);
        self.start_mirrors()?;
        self.put_process();
        Ok(())
    }

    /// To be called each minute: says that this process still runs, and records a switch that could not be recorded before. A
    /// switch that another process has recorded since is warned of.
    ///
    /// # Errors
    /// What is known of modes cannot be read or written.
    pub fn seen(&self) -> Result<(), RouteError> {
        self.put_process();
        // No event is routed elsewhere meanwhile: a switch waits for this.
        let current = self.current();
        let (routing, since, recorded) = (current.routing.clone(), current.since, current.recorded);
        if recorded == Recorded::Later {
            let recorded = record(&self.sides, &routing, since, self.settings.secondary_timeout)?;
            drop(current);
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            if current.routing == routing {
                current.recorded = recorded;
            }
        } else if let Some(last) = self.sides.ports.modes.changes()?.pop()
            && last.to != routing
            && !self.is_warned.swap(true, Ordering::SeqCst)
        {
            tracing::warn!(
                "another process dispatches as {} since {}, and this one as {}: what this one stores is not mirrored as it should be; let all \
                 processes have one mode",
                last.to.mode,
                last.at.format("%Y-%m-%dT%H:%M:%SZ"),
                routing.mode
            );
        }
        self.start_mirrors()
    }

    /// The mirrors of this process.
    pub fn mirrors(&self) -> Vec<MirrorStatus> {
        self.mirror_list().into_iter().filter_map(|mirror| mirror.state.status()).collect()
    }

    /// Lets no more events in, stores those that were submitted, gives mirrors that are not in trouble the time that a caller would
    /// wait for them, and ends all threads, within `patience`. Answers whether all that was submitted is stored and all threads have
    /// ended; what is not mirrored is at the next start.
    pub fn shut_down(&self, patience: Duration) -> bool {
        self.is_closed.store(true, Ordering::SeqCst);
        let clock = &self.sides.ports.clock;
        let end = clock.elapsed() + patience;
        let left = || end.saturating_sub(clock.elapsed());
        let is_new_answering = self.current().routing.answers(Side::New);
        let new = self.sides.open_new_side();
        let mut is_done = true;
        if let Some(new) = new.filter(|_| is_new_answering) {
            is_done &= new.dispatcher.flush(left());
        }
        for mirror in self.mirror_list() {
            mirror.state.wait_until_caught_up(left().min(self.settings.secondary_timeout));
            mirror.state.stop();
        }
        for mirror in self.mirror_list() {
            is_done &= mirror.state.wait_until_ended(left());
        }
        if let Some(new) = new {
            is_done &= new.dispatcher.shut_down(left());
        }
        if let Err(error) = self.sides.ports.modes.remove_process(self.sides.ports.pid) {
            tracing::warn!("the end of this process could not be recorded: {}", error_chain(&error));
        }
        is_done
    }

    fn current(&self) -> RwLockReadGuard<'_, Current> {
        self.current.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_current(&self) -> Result<RwLockReadGuard<'_, Current>, RouteError> {
        let current = self.current();
        if self.is_closed.load(Ordering::SeqCst) { Err(RouteError::ShuttingDown) } else { Ok(current) }
    }

    fn append(&self, event: &DomainEvent, is_mirrored: bool) -> Result<PendingRoute, RouteError> {
        let appended = append(&self.sides, event, is_mirrored)?;
        if let Line::Number(_) = appended.line {
            self.new_mirror.state.give(None);
        }
        let mirroring = self.mirroring(is_mirrored.then_some(&self.new_mirror));
        Ok(PendingRoute { pending: Pending::Legacy(event.event_id().clone(), appended), mirroring })
    }

    /// The new side as primary, and what is to be waited for after it.
    fn new_primary(&self, is_mirrored: bool) -> Result<(&NewSide, Mirroring), RouteError> {
        let new = self.sides.new_side()?;
        let mirror = is_mirrored.then_some(&self.legacy_mirror);
        Ok((new, Mirroring { events: Some(Arc::clone(&new.events)), ..self.mirroring(mirror) }))
    }

    fn mirroring(&self, mirror: Option<&Mirror>) -> Mirroring {
        let mirror = mirror.map(|mirror| Arc::clone(&mirror.state));
        Mirroring { mirror, events: None, limit: self.settings.secondary_timeout }
    }

    fn mirror_list(&self) -> [&Mirror; 2] {
        [&self.legacy_mirror, &self.new_mirror]
    }

    /// Starts the mirrors for which something is left, or may come.
    fn start_mirrors(&self) -> Result<(), RouteError> {
        let changes = self.sides.ports.modes.changes()?;
        let ports = &self.sides.ports;
        // What cannot be read now, the mirror reads later.
        if legacy_mirror::is_left(ports, &changes).unwrap_or(true) {
            self.legacy_mirror.start()?;
        }
        if new_mirror::is_left(ports, &changes).unwrap_or(true) {
            self.new_mirror.start()?;
        }
        Ok(())
    }

    /// It is for other processes to read, and keeps no event from being routed.
    fn put_process(&self) {
        let ports = &self.sides.ports;
        let (routing, since) = {
            let current = self.current();
            (current.routing.clone(), current.since)
        };
        let process = ProcessMode { pid: ports.pid, routing, since, seen_at: ports.clock.now() };
        if let Err(error) = ports.modes.put_process(&process) {
            tracing::warn!("the mode of this process could not be recorded: {}", error_chain(&error));
        }
    }
}

impl EventRoute for Router {
    type Answer = Routed;
    type Error = RouteError;

    fn dispatch(&self, event: DomainEvent) -> Result<Routed, RouteError> {
        Self::dispatch(self, event)
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        if !self.is_closed.load(Ordering::SeqCst) {
            self.shut_down(PATIENCE_AT_DROP);
        }
    }
}
