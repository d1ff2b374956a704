//! Handling, step by step: a manual clock, stores in memory, and workers that tests drive by hand.

mod aheads;
mod doubles;
mod effects;
mod failures;
mod model;
mod operations;
mod pages;
mod reading;
mod replays;
mod runners;

use std::ops::ControlFlow;
use std::sync::Arc;

use chrono::TimeDelta;

use self::doubles::{FakeEvents, ManualClock, Recorder, stream_id};
use super::effect::Effect;
use super::error::HandlingError;
use super::failure::{Failure, FailureState};
use super::memory::MemoryHandlerStore;
use super::operations::HandlerOperations;
use super::parts::HandlingParts;
use super::projections::Projections;
use super::registration::{HandlerKind, Registration};
use super::run::HandlerRun;
use super::start::enter;
use super::store::{Durability, HandlerRow, HandlerState, HandlerStore, StreamProgress};
use super::worker::Worker;
use crate::application::clock::Clock;
use crate::domain::repository::EventRepository;

/// How many events a page has in these tests.
const PAGE: usize = 3;

/// The stores and the clock of a test.
struct Setting {
    events: Arc<FakeEvents>,
    handlers: MemoryHandlerStore,
    store: Arc<dyn HandlerStore>,
    clock: Arc<ManualClock>,
}

/// A process that runs handlers: dropped, it is a process that was killed.
struct Process {
    parts: Arc<HandlingParts>,
    workers: Vec<Box<dyn Worker>>,
}

impl Setting {
    fn new() -> Self {
        let handlers = MemoryHandlerStore::default();
        Self::with(handlers.clone(), Arc::new(handlers))
    }

    fn with(handlers: MemoryHandlerStore, store: Arc<dyn HandlerStore>) -> Self {
        Self { events: Arc::default(), handlers, store, clock: Arc::default() }
    }

    fn parts(&self) -> Arc<HandlingParts> {
        let events = Arc::clone(&self.events) as Arc<dyn EventRepository>;
        Arc::new(HandlingParts::new(events, Arc::clone(&self.store), Arc::clone(&self.clock) as _, PAGE))
    }

    /// A process that runs these handlers.
    fn process(&self, registrations: &[Registration]) -> Process {
        self.try_process(registrations).unwrap()
    }

    fn try_process(&self, registrations: &[Registration]) -> Result<Process, HandlingError> {
        let parts = self.parts();
        let mut projections = Projections::new(Arc::clone(&parts))?;
        let mut workers: Vec<Box<dyn Worker>> = Vec::new();
        for (index, registration) in registrations.iter().enumerate() {
            enter(&parts, &mut *self.store.session(Durability::AtCommit)?, registration)?;
            parts.passed.add_up_to(index);
            let run = HandlerRun::new(index, Arc::new(registration.clone()));
            match registration.kind {
                HandlerKind::Projection => projections.add(run),
                HandlerKind::Effect => workers.push(Box::new(Effect::new(Arc::clone(&parts), run)?)),
            }
        }
        workers.insert(0, Box::new(projections));
        Ok(Process { parts, workers })
    }

    fn operations(&self, registrations: &[Registration]) -> HandlerOperations {
        let events = Arc::clone(&self.events) as Arc<dyn EventRepository>;
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock) as _);
        HandlerOperations::new(events, store, clock, PAGE, registrations.to_vec())
    }

    fn progress(&self, handler: &str, stream: u32) -> Option<StreamProgress> {
        let mut session = self.handlers.session(Durability::Later).unwrap();
        session.snapshot().unwrap().progress_in(handler, &stream_id(stream)).unwrap()
    }

    /// The ids that a recorder has handled in a stream, in order, as they are kept with its progress.
    fn handled(&self, handler: &str, stream: u32) -> Vec<String> {
        let detail = self.progress(handler, stream).and_then(|progress| progress.detail).unwrap_or_default();
        detail.split_whitespace().map(str::to_owned).collect()
    }

    fn row(&self, handler: &str) -> HandlerRow {
        let mut session = self.handlers.session(Durability::Later).unwrap();
        session.snapshot().unwrap().handler(handler).unwrap().unwrap()
    }

    fn state(&self, handler: &str) -> HandlerState {
        self.row(handler).state
    }

    fn all_failures(&self, handler: &str) -> Vec<Failure> {
        let mut session = self.handlers.session(Durability::Later).unwrap();
        session.snapshot().unwrap().failures(handler).unwrap()
    }

    /// Id, state and attempts of each failure.
    fn failures(&self, handler: &str) -> Vec<(String, FailureState, u32)> {
        let short = |failure: Failure| (failure.event_id.to_string(), failure.state, failure.attempts);
        self.all_failures(handler).into_iter().map(short).collect()
    }

    fn after(&self, seconds: i64) {
        self.clock.wait(TimeDelta::seconds(seconds).to_std().unwrap());
    }
}

impl Process {
    /// Looks at the stores, and handles everything that is there.
    fn catch_up(&mut self) {
        self.try_catch_up().unwrap();
    }

    fn try_catch_up(&mut self) -> Result<(), HandlingError> {
        self.look()?;
        while self.round()? {}
        Ok(())
    }

    fn look(&mut self) -> Result<(), HandlingError> {
        let streams = self.parts.events.streams()?;
        self.workers.iter_mut().try_for_each(|worker| worker.look(&streams))
    }

    /// One page of each handler.
    fn round(&mut self) -> Result<bool, HandlingError> {
        let streams = self.parts.events.streams()?;
        let mut has_worked = false;
        for worker in &mut self.workers {
            has_worked |= worker.round(&streams)?;
        }
        Ok(has_worked)
    }
}

fn to_the_end(_read: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn ids(numbers: impl IntoIterator<Item = u32>) -> Vec<String> {
    numbers.into_iter().map(|number| format!("e{number}")).collect()
}

/// Appends events e1 to e`count` about no aggregate to stream 1.
fn append_many(setting: &Setting, count: u32) {
    for number in 1..=count {
        setting.events.append(1, &format!("e{number}"), "TaskCreated", None);
    }
}
