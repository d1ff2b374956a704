//! The writer: one thread that stores what all others dispatch, with one sync for all that has come meanwhile.
//!
//! No event waits for others to come: a batch is what arrived during the last sync. It is a prefix of the queue, so that
//! the events of one thread are stored in the order in which it has dispatched them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::ports::StoreTurn;
use super::request::{Request, Stored, Ticket};
use crate::application::clock::Clock;
use crate::domain::event::DomainEvent;
use crate::domain::repository::{EventRepository, RepositoryError, Saved};
use crate::domain::value_objects::Position;

/// The most events of a batch.
const MOST_EVENTS: usize = 512;
/// From how many bytes of texts on a batch takes no more events: what is synced at once is what a checkpoint has to
/// copy later, in one go.
const MOST_BYTES: usize = 1 << 20;
/// How long nothing comes before idle time begins.
pub(super) const IDLE_AFTER: Duration = Duration::from_millis(100);

/// What is done with the positions of events that were stored.
pub(super) type WhenSaved = Box<dyn Fn(&[Position]) + Send + Sync>;

/// What the writer works with.
pub(super) struct Writer {
    pub events: Arc<dyn EventRepository>,
    /// Held by the writer for as long as it runs.
    pub turn: Mutex<Box<dyn StoreTurn>>,
    pub clock: Arc<dyn Clock + Send + Sync>,
    pub when_saved: WhenSaved,
}

impl Writer {
    /// Stores what comes, until nothing can come any more and nothing waits.
    pub fn run(&self, queue: &Receiver<Request>, idle_after: Duration) {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        // Before the first event there is nothing to do in idle time.
        let mut is_idle = true;
        loop {
            let first = if is_idle {
                queue.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                queue.recv_timeout(idle_after)
            };
            is_idle = match first {
                Ok(first) => {
                    // Events that were taken are answered where their tickets are dropped.
                    survive(|| self.store_batch(&mut **turn, first, queue));
                    false
                }
                Err(RecvTimeoutError::Timeout) => {
                    survive(|| turn.idle());
                    true
                }
                Err(RecvTimeoutError::Disconnected) => return,
            };
        }
    }

    /// Stores one event, and what has come until it is this process's turn.
    fn store_batch(&self, turn: &mut dyn StoreTurn, first: Request, queue: &Receiver<Request>) {
        // Fairness, never correctness: without a turn, events are stored all the same.
        let held = survive(|| turn.take());
        let mut batch = Batch::default();
        batch.add(first);
        while !batch.is_full()
            && let Ok(next) = queue.try_recv()
        {
            batch.add(next);
        }
        if batch.events.is_empty() {
            return;
        }
        let taken_at = self.clock.elapsed();
        let answers = self.events.save_each(&batch.events);
        let stored_at = self.clock.elapsed();
        drop(held);
        // Those that were stored before as well: they need not be handled yet, and their callers wait for that.
        let positions: Vec<Position> = answers.iter().flatten().map(|saved| saved.position).collect();
        if !positions.is_empty() {
            survive(|| (self.when_saved)(&positions));
        }
        batch.answer(answers, taken_at, stored_at);
    }
}

/// The writer goes on after a panic, whose message the panic hook has shown.
fn survive<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

/// Events that are stored together, with the tickets of their callers.
#[derive(Default)]
struct Batch {
    events: Vec<DomainEvent>,
    tickets: Vec<Ticket>,
    bytes: usize,
}

impl Batch {
    /// What was withdrawn is left out.
    fn add(&mut self, request: Request) {
        if let Some((event, ticket)) = request.take() {
            self.bytes += event.body().len();
            self.events.push(event);
            self.tickets.push(ticket);
        }
    }

    fn is_full(&self) -> bool {
        self.events.len() >= MOST_EVENTS || self.bytes >= MOST_BYTES
    }

    /// A store that gives fewer answers than it was given events leaves the rest to be answered by their tickets.
    fn answer(self, answers: Vec<Result<Saved, RepositoryError>>, taken_at: Duration, stored_at: Duration) {
        for ((event, ticket), answer) in self.events.into_iter().zip(self.tickets).zip(answers) {
            match answer {
                Ok(saved) => ticket.stored(Stored { event, saved, taken_at, stored_at }),
                Err(error) => ticket.refused(error),
            }
        }
    }
}
