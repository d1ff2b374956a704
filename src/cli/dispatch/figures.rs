//! Figures of dispatching: how long events took, and which failed.

use std::sync::Arc;
use std::time::Duration;

use super::not_stored::NotStored;
use crate::application::clock::Clock;
use crate::application::figures::{DispatchOutcome, DispatchRecorder};
use crate::cli::exit_code::ExitCode;
use crate::domain::event_system_mode::EventSystemMode;
use crate::infrastructure::config::Config;
use crate::infrastructure::dispatch_figures::JsonlDispatchFigures;
use crate::infrastructure::system_clock::SystemClock;

/// Records figures in the file of the settings, until it is shut down.
pub struct Figures {
    recorder: DispatchRecorder,
    clock: Arc<SystemClock>,
}

impl Figures {
    /// Those of this process.
    pub fn start(config: &Config, clock: &Arc<SystemClock>) -> Self {
        let log = Box::new(JsonlDispatchFigures::new(&config.dispatch_figures.value));
        let of_clock = Arc::clone(clock) as Arc<dyn Clock + Send + Sync>;
        let zone = config.timezone.value.clone();
        let recorder = DispatchRecorder::start(log, of_clock, zone, std::process::id());
        Self { recorder, clock: Arc::clone(clock) }
    }

    /// The time by the clock of the figures.
    pub fn now(&self) -> Duration {
        self.clock.elapsed()
    }

    /// Records an event that its primary has.
    pub fn took(&self, mode: EventSystemMode, latency: Duration, secondary_failed: bool) {
        let outcome =
            if secondary_failed { DispatchOutcome::SecondaryFailed } else { DispatchOutcome::Taken };
        self.recorder.record(mode, latency, outcome);
    }

    /// Records an event that its primary could not take. One that is refused for what it is, is none of that.
    pub fn failed(&self, mode: EventSystemMode, began: Duration, not_stored: &NotStored) {
        if not_stored.code == ExitCode::Storage {
            let latency = self.now().saturating_sub(began);
            self.recorder.record(mode, latency, DispatchOutcome::PrimaryFailed);
        }
    }

    /// Writes what was recorded.
    pub fn shut_down(&self) {
        self.recorder.shut_down();
    }
}
