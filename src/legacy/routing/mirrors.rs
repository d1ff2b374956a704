//! The mirrors of a process.

use std::sync::Arc;
use std::time::Duration;

use super::legacy_mirror::{self, LegacyMirror};
use super::log_progress::LEGACY_MIRROR;
use super::mirror::{Mirror, Right};
use super::mirror_state::MirrorState;
use super::new_mirror::{self, NewMirror};
use super::outbox_progress::NEW_MIRROR;
use super::routed::{MirrorStatus, RouteError};
use super::settings::RouterSettings;
use super::sides::{RouterPorts, Sides};

/// How often is asked whether to wait any longer.
const LOOK: Duration = Duration::from_millis(50);

/// The mirrors of a process that routes no events: they bring what is left to the other side, by the recorded switches. No mode is
/// recorded for it.
///
/// What a mirror has the right to do, one process does at a time. These give it back whenever they have caught up, so that
/// a process that dispatches mirrors its events itself.
pub struct Mirrors {
    sides: Arc<Sides>,
    secondary_timeout: Duration,
    pub(super) legacy: Mirror,
    pub(super) new: Mirror,
}

impl Mirrors {
    /// Starts the mirrors for which something is left, or may come.
    ///
    /// # Errors
    /// What is known of modes cannot be read, or a thread not be started.
    pub fn open(ports: RouterPorts, settings: &RouterSettings) -> Result<Self, RouteError> {
        let mirrors = Self::of(Arc::new(Sides::new(ports)), settings, Right::GivenBack);
        mirrors.start()?;
        Ok(mirrors)
    }

    pub(super) fn of(sides: Arc<Sides>, settings: &RouterSettings, right: Right) -> Self {
        let state = |name| MirrorState::new(name, settings.behind_warn);
        Self {
            legacy: Mirror::new(state(LEGACY_MIRROR), Arc::clone(&sides), LegacyMirror::boxed, right),
            new: Mirror::new(state(NEW_MIRROR), Arc::clone(&sides), NewMirror::boxed, right),
            secondary_timeout: settings.secondary_timeout,
            sides,
        }
    }

    /// Starts those that do not run and for which something is left, or may come: after a switch of another process, for one.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn start(&self) -> Result<(), RouteError> {
        let ports = &self.sides.ports;
        let changes = ports.modes.changes()?;
        // What cannot be read now, the mirror reads later.
        if legacy_mirror::is_left(ports, &changes).unwrap_or(true) {
            self.legacy.start()?;
        }
        if new_mirror::is_left(ports, &changes).unwrap_or(true) {
            self.new.start()?;
        }
        Ok(())
    }

    /// Those that run.
    pub fn statuses(&self) -> Vec<MirrorStatus> {
        self.list().into_iter().filter_map(|mirror| mirror.state.status()).collect()
    }

    /// Waits until nothing is left for them, but not for one that is in trouble or that another process runs, and for as long
    /// as `goes_on` says.
    pub fn catch_up(&self, goes_on: &dyn Fn() -> bool) {
        for mirror in self.list() {
            while goes_on() && mirror.state.wait_until_caught_up(LOOK) {}
        }
    }

    /// Ends them, and the new side where it was opened, within `patience`. Answers whether all threads have ended.
    pub fn shut_down(&self, patience: Duration) -> bool {
        let clock = &self.sides.ports.clock;
        let end = clock.elapsed() + patience;
        self.end(&|| end.saturating_sub(clock.elapsed()))
    }

    /// Gives those that are not in trouble the time that a caller would wait for them, and ends all threads within what is `left`.
    pub(super) fn end(&self, left: &dyn Fn() -> Duration) -> bool {
        for mirror in self.list() {
            mirror.state.wait_until_caught_up(left().min(self.secondary_timeout));
            mirror.state.stop();
        }
        let mut is_done = true;
        for mirror in self.list() {
            is_done &= mirror.state.wait_until_ended(left());
        }
        if let Some(new) = self.sides.open_new_side() {
            is_done &= new.dispatcher.shut_down(left());
        }
        is_done
    }

    fn list(&self) -> [&Mirror; 2] {
        [&self.legacy, &self.new]
    }
}
