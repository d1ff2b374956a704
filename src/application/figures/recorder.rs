//! Records dispatches, and writes what was recorded a minute at a time.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::collected::{Collected, DispatchOutcome, Period, end_of_minute};
use super::line::FiguresLine;
use super::log::FiguresLog;
use crate::application::clock::Clock;
use crate::domain::error_chain::error_chain;
use crate::domain::event_system_mode::EventSystemMode;
use crate::wire::zone::Zone;

/// So many lines that could not be written are kept: those of a day. Of more, the oldest are lost.
const KEPT: usize = 1_440;

/// The recorder of one process. Any number of threads record at a time.
///
/// A thread of it writes a line for each minute that has ended and each mode in it. Dropped, it writes the rest.
pub struct DispatchRecorder {
    recording: Arc<Recording>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

pub(super) struct Recording {
    log: Box<dyn FiguresLog>,
    clock: Arc<dyn Clock + Send + Sync>,
    zone: Zone,
    pid: u32,
    /// Held while a number is added, or what was added is taken out: no dispatch waits for a disk, but one that failed.
    collected: Mutex<Collected>,
    /// The lines that could not be written before. Held while lines are written, and taken before `collected`.
    unwritten: Mutex<Unwritten>,
    is_ending: Mutex<bool>,
    ends: Condvar,
}

#[derive(Default)]
struct Unwritten {
    lines: Vec<FiguresLine>,
    is_told: bool,
}

impl DispatchRecorder {
    /// A recorder of the process with that number, which writes to `log` and counts days in `zone`.
    pub fn start(
        log: Box<dyn FiguresLog>,
        clock: Arc<dyn Clock + Send + Sync>,
        zone: Zone,
        pid: u32,
    ) -> Self {
        let recording = Arc::new(Recording::new(log, clock, zone, pid));
        let writing = Arc::clone(&recording);
        let thread =
            thread::Builder::new().name("figures".to_owned()).spawn(move || writing.write_each_minute());
        if let Err(error) = &thread {
            tracing::warn!(
                "figures of dispatching are written at the end alone: no thread for them: {error}"
            );
        }
        Self { recording, thread: Mutex::new(thread.ok()) }
    }

    /// Records a dispatch of an event: in which mode it was routed, how long it took until it was answered, and what became of it.
    /// Where the primary side failed, that is on disk when this returns, or warned of.
    pub fn record(&self, mode: EventSystemMode, latency: Duration, outcome: DispatchOutcome) {
        self.recording.record(mode, latency, outcome);
    }

    /// Writes what was recorded, and ends. What is recorded later is written when this is called again, or the recorder dropped.
    pub fn shut_down(&self) {
        *self.recording.is_ending.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.recording.ends.notify_all();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that writes figures of dispatching has panicked");
        }
        self.recording.write_all();
    }
}

impl Drop for DispatchRecorder {
    fn drop(&mut self) {
        self.shut_down();
    }
}

impl Recording {
    pub fn new(log: Box<dyn FiguresLog>, clock: Arc<dyn Clock + Send + Sync>, zone: Zone, pid: u32) -> Self {
        let collected = Mutex::new(Collected::new(clock.now()));
        Self {
            log,
            clock,
            zone,
            pid,
            collected,
            unwritten: Mutex::default(),
            is_ending: Mutex::default(),
            ends: Condvar::new(),
        }
    }

    pub fn record(&self, mode: EventSystemMode, latency: Duration, outcome: DispatchOutcome) {
        let now = self.clock.now();
        self.collected().record(now, mode, latency, outcome);
        if outcome == DispatchOutcome::PrimaryFailed {
            // Several that fail at a time are written together, by the first one that comes so far.
            self.write(|collected| collected.take_failures(now));
        }
    }

    /// Writes the minutes that have ended.
    pub fn write_ended(&self) {
        let now = self.clock.now();
        self.write(|collected| collected.take_ended(now));
    }

    pub fn write_all(&self) {
        let now = self.clock.now();
        self.write(|collected| collected.take_all(now));
    }

    fn write_each_minute(&self) {
        let mut is_ending = self.is_ending.lock().unwrap_or_else(PoisonError::into_inner);
        while !*is_ending {
            let now = self.clock.now();
            let left = (end_of_minute(now) - now).to_std().unwrap_or(Duration::from_secs(1));
            let waited = self.ends.wait_timeout(is_ending, left);
            let (guard, timed_out) = waited.unwrap_or_else(PoisonError::into_inner);
            is_ending = guard;
            if timed_out.timed_out() {
                drop(is_ending);
                self.write_ended();
                is_ending = self.is_ending.lock().unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    fn write(&self, take: impl FnOnce(&mut Collected) -> Vec<Period>) {
        let mut unwritten = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
        let periods = take(&mut self.collected());
        unwritten.lines.extend(periods.iter().map(|period| period.to_line(self.pid, &self.zone)));
        if unwritten.lines.is_empty() {
            return;
        }
        match self.log.append(&unwritten.lines) {
            Ok(()) => *unwritten = Unwritten::default(),
            Err(error) => {
                if !unwritten.is_told {
                    tracing::warn!(
                        "figures of dispatching are not written, which is tried again: {}",
                        error_chain(&error)
                    );
                    unwritten.is_told = true;
                }
                let lost = unwritten.lines.len().saturating_sub(KEPT);
                unwritten.lines.drain(..lost);
            }
        }
    }

    fn collected(&self) -> MutexGuard<'_, Collected> {
        self.collected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
