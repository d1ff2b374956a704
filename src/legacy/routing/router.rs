//! The router.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::legacy_primary::{Line, append};
use super::mirror::{Mirror, Right};
use super::mirrors::Mirrors;
use super::mode_record::{Recorded, record};
use super::pending_route::{Mirroring, Pending, PendingRoute, new_routed};
use super::routed::{MirrorStatus, RouteError, Routed};
use super::settings::RouterSettings;
use super::sides::{NewSide, RouterPorts, Sides};
use crate::application::entry_points::EventRoute;
use crate::application::mode_log::ProcessMode;
use crate::domain::error_chain::error_chain;
use crate::domain::event::DomainEvent;
use crate::domain::event_system_mode::{EventSystemMode, Routing, Side};

/// How long a switch waits for events that are being stored.
const SWITCH_PATIENCE: Duration = Duration::from_secs(15);
/// How long a router that is dropped waits for its threads.
const PATIENCE_AT_DROP: Duration = Duration::from_secs(15);

/// Takes each event to the side, or sides, that the mode asks for.
///
/// Any number of threads dispatch at a time. An event that was dispatched before is not stored again by the new side; the legacy
/// log has no ids, and takes it again. Dropped, a router shuts down as [`shut_down`](Self::shut_down) does, within 15 seconds.
pub struct Router {
    sides: Arc<Sides>,
    settings: RouterSettings,
    /// Held shared while an event goes to its primary.
    current: RwLock<Current>,
    mirrors: Mirrors,
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
        let router = Self {
            mirrors: Mirrors::of(Arc::clone(&sides), &settings, Right::Kept),
            sides,
            settings,
            current: RwLock::new(Current { routing, since, recorded }),
            is_closed: AtomicBool::new(false),
            is_warned: AtomicBool::new(false),
        };
        router.mirrors.start()?;
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
        let (mode, route) = (current.routing.mode, current.routing.route(event.event_type()));
        match route.primary {
            Side::New => {
                let (new, mirroring) = self.new_primary(mode, route.is_mirrored)?;
                let stored = new.dispatcher.store(event)?;
                drop(current);
                Ok(new_routed(stored, &mirroring))
            }
            Side::Legacy => {
                let pending = self.append(&event, mode, route.is_mirrored)?;
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
        let (mode, route) = (current.routing.mode, current.routing.route(event.event_type()));
        match route.primary {
            Side::New => {
                let (new, mirroring) = self.new_primary(mode, route.is_mirrored)?;
                Ok(PendingRoute { pending: Pending::New(new.dispatcher.dispatch_async(event)?), mirroring })
            }
            Side::Legacy => self.append(&event, mode, route.is_mirrored),
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
        let recorded = if is_held && !self.mirrors.new.state.hold(SWITCH_PATIENCE) {
            Err(RouteError::InFlight)
        } else {
            record(&self.sides, &routing, since, self.settings.secondary_timeout)
        };
        if is_held {
            self.mirrors.new.state.release();
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
        self.mirrors.start()?;
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
        } else if let Some(last) = self.sides.ports.modes.changes()?.last()
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
        self.mirrors.start()
    }

    /// The mirrors of this process.
    pub fn mirrors(&self) -> Vec<MirrorStatus> {
        self.mirrors.statuses()
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
        is_done &= self.mirrors.end(&left);
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

    fn append(
        &self,
        event: &DomainEvent,
        mode: EventSystemMode,
        is_mirrored: bool,
    ) -> Result<PendingRoute, RouteError> {
        let appended = append(&self.sides, event, is_mirrored)?;
        if let Line::Number(_) = appended.line {
            self.mirrors.new.state.give(None);
        }
        let mirroring = self.mirroring(mode, is_mirrored.then_some(&self.mirrors.new));
        Ok(PendingRoute { pending: Pending::Legacy(event.event_id().clone(), appended), mirroring })
    }

    /// The new side as primary, and what is to be waited for after it.
    fn new_primary(
        &self,
        mode: EventSystemMode,
        is_mirrored: bool,
    ) -> Result<(&NewSide, Mirroring), RouteError> {
        let new = self.sides.new_side()?;
        let mirror = is_mirrored.then_some(&self.mirrors.legacy);
        Ok((new, Mirroring { events: Some(Arc::clone(&new.events)), ..self.mirroring(mode, mirror) }))
    }

    fn mirroring(&self, mode: EventSystemMode, mirror: Option<&Mirror>) -> Mirroring {
        let mirror = mirror.map(|mirror| Arc::clone(&mirror.state));
        Mirroring { mode, mirror, events: None, limit: self.settings.secondary_timeout }
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
