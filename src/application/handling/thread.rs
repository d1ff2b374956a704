//! The thread around a worker: it waits, looks, handles, and outlives every error.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::attempt::panic_message;
use super::error::HandlingError;
use super::parts::HandlingParts;
use super::passed::PassedByHandler;
use super::run::HandlerRun;
use super::worker::Worker;
use crate::domain::error_chain::error_chain;
use crate::domain::repository::Stream;
use crate::domain::value_objects::Position;

/// The pause after an error, which doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// So many positions are kept for a thread that is at work; where there are more, it looks at all streams.
const POSITIONS: usize = 4_096;

/// What a thread waits for.
#[derive(Default)]
pub(super) struct Wake {
    news: Mutex<News>,
    changed: Condvar,
}

/// What has happened since the thread looked.
#[derive(Default)]
struct News {
    positions: Vec<Position>,
    /// There were too many positions.
    is_all: bool,
    handlers: Vec<HandlerRun>,
    is_stop: bool,
}

impl Wake {
    /// Events were saved at these positions.
    pub fn saved(&self, positions: &[Position]) {
        self.tell(|news| {
            if news.positions.len() + positions.len() > POSITIONS {
                news.is_all = true;
                news.positions.clear();
            } else {
                news.positions.extend(positions);
            }
        });
    }

    /// A further handler is to be run.
    pub fn add(&self, run: HandlerRun) {
        self.tell(|news| news.handlers.push(run));
    }

    /// Waits until no handler was added for `time`, or there is something to do.
    ///
    /// Handlers are registered one after the other, and one handler type after type: an event must not pass by a
    /// handler that is about to be registered for it.
    fn settle(&self, time: Duration) {
        let mut news = self.news();
        loop {
            let handlers = news.handlers.len();
            let is_settling = |news: &mut News| {
                news.positions.is_empty() && !news.is_all && !news.is_stop && news.handlers.len() == handlers
            };
            let waited = self.changed.wait_timeout_while(news, time, is_settling);
            news = waited.unwrap_or_else(PoisonError::into_inner).0;
            if news.handlers.len() == handlers {
                return;
            }
        }
    }

    /// The thread is to end.
    pub fn stop(&self) {
        self.tell(|news| news.is_stop = true);
    }

    fn tell(&self, change: impl FnOnce(&mut News)) {
        change(&mut self.news());
        self.changed.notify_one();
    }

    fn take(&self) -> News {
        let mut news = self.news();
        let is_stop = news.is_stop;
        std::mem::replace(&mut *news, News { is_stop, ..News::default() })
    }

    /// Waits for news, at most for `time`.
    fn wait(&self, time: Duration) {
        let is_quiet = |news: &mut News| {
            news.positions.is_empty() && !news.is_all && news.handlers.is_empty() && !news.is_stop
        };
        drop(self.changed.wait_timeout_while(self.news(), time, is_quiet));
    }

    /// Waits for `time`, unless the thread is to end.
    fn pause(&self, time: Duration) {
        drop(self.changed.wait_timeout_while(self.news(), time, |news| !news.is_stop));
    }

    fn news(&self) -> MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A worker, and what its thread knows.
pub(super) struct WorkerThread<W> {
    pub parts: Arc<HandlingParts>,
    pub worker: W,
    pub wake: Arc<Wake>,
    pub look_again: Duration,
    /// The streams that may hold events that were not read.
    streams: Vec<Stream>,
    /// When the stores were looked at last, by the clock's run.
    looked_at: Option<Duration>,
    /// The error that keeps the handlers from going on.
    trouble: Option<String>,
    pause: Duration,
}

impl<W: Worker> WorkerThread<W> {
    pub fn new(parts: Arc<HandlingParts>, worker: W, wake: Arc<Wake>, look_again: Duration) -> Self {
        let (streams, looked_at, trouble) = (Vec::new(), None, None);
        Self { parts, worker, wake, look_again, streams, looked_at, trouble, pause: FIRST_PAUSE }
    }

    /// Runs until the thread is told to end.
    pub fn run(mut self) {
        self.wake.settle(self.look_again);
        while !self.parts.is_stopping() {
            match self.guarded(Self::step) {
                Ok(has_worked) => {
                    self.clear_trouble();
                    if !has_worked {
                        self.wake.wait(self.quiet_time());
                    }
                }
                Err(error) => {
                    self.set_trouble(&error);
                    // What was to be looked at may be forgotten: everything is looked at again.
                    self.looked_at = None;
                    self.wake.pause(self.pause);
                    self.pause = (self.pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
        if let Err(error) = self.guarded(|thread| thread.worker.end()) {
            self.set_trouble(&error);
        }
    }

    /// Takes the news, and handles at most a page of each handler. Answers whether there was anything to do.
    pub fn step(&mut self) -> Result<bool, HandlingError> {
        let mut news = self.wake.take();
        let is_new = !news.handlers.is_empty();
        news.handlers.into_iter().for_each(|run| self.worker.add(run));
        let since = self.looked_at.map(|at| self.parts.clock.elapsed().saturating_sub(at));
        if is_new || news.is_all || since.is_none_or(|since| since >= self.look_again) {
            self.streams = self.parts.events.streams()?;
            self.worker.look(&self.streams)?;
            self.looked_at = Some(self.parts.clock.elapsed());
        } else {
            for stream in self.parts.events.streams_of(&mut news.positions)? {
                self.reaches(stream);
            }
        }
        let has_worked = self.worker.round(&self.streams)?;
        if !has_worked {
            self.streams.clear();
        }
        Ok(has_worked)
    }

    /// A stream holds events up to its head.
    fn reaches(&mut self, stream: Stream) {
        match self.streams.iter_mut().find(|known| known.id == stream.id) {
            Some(known) => known.head = known.head.max(stream.head),
            None => {
                self.streams.push(stream);
                self.streams.sort_by_key(|stream| stream.head);
            }
        }
    }

    /// How long nothing is to be done without news.
    fn quiet_time(&self) -> Duration {
        let looked_at = self.looked_at.unwrap_or_default();
        let until_look = (looked_at + self.look_again).saturating_sub(self.parts.clock.elapsed());
        let until_retry =
            self.worker.next_retry().map(|at| (at - self.parts.clock.now()).to_std().unwrap_or_default());
        until_retry.map_or(until_look, |until_retry| until_look.min(until_retry))
    }

    /// A panic in a store is an error like others: the thread goes on. A transaction that was open is undone, and
    /// what the worker has in memory is of the last one that was committed; `AssertUnwindSafe` asserts that.
    fn guarded<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, HandlingError>,
    ) -> Result<T, HandlingError> {
        catch_unwind(AssertUnwindSafe(|| work(self))).unwrap_or_else(|panic| {
            Err(HandlingError::Panicked { message: panic_message(&*panic).to_owned() })
        })
    }

    fn set_trouble(&mut self, error: &HandlingError) {
        let text = error_chain(error);
        if self.trouble.as_ref() != Some(&text) {
            tracing::error!("handlers do not go on for now: {text}");
        }
        self.make_known(Some(&text));
        self.trouble = Some(text);
    }

    fn clear_trouble(&mut self) {
        self.pause = FIRST_PAUSE;
        if self.trouble.take().is_some() {
            tracing::info!("handlers go on");
            self.make_known(None);
        }
    }

    fn make_known(&self, trouble: Option<&str>) {
        let changes = self.worker.indices().into_iter();
        self.parts.passed.change_each(changes.map(|index| {
            (index, move |passed: &mut PassedByHandler| passed.trouble = trouble.map(str::to_owned))
        }));
    }
}
