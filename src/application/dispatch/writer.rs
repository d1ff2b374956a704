//! The writer: stores what all threads dispatch, with one sync for all that has come meanwhile.
//!
//! No event waits for others to come: a batch is what arrived during the last sync. It is a prefix of the queue, so that
//! the events of one thread are stored in the order in which it has dispatched them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::ports::{StoreTurn, Turn};
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

/// What is done with events that are in the store.
pub(super) type WhenSaved = Box<dyn Fn(&[(&DomainEvent, Saved)]) + Send + Sync>;

/// Drops a value once the handlers of a type have passed a position.
pub(super) type HoldUntilPassed = Box<dyn Fn(&str, Position, Box<dyn Send>) + Send + Sync>;

/// What events are stored with.
pub(super) struct Writer {
    pub events: Arc<dyn EventRepository>,
    /// Held by the thread that stores; the queue lets one thread store at a time.
    pub turn: Mutex<Box<dyn StoreTurn>>,
    pub clock: Arc<dyn Clock + Send + Sync>,
    pub when_saved: WhenSaved,
    pub hold_until_passed: HoldUntilPassed,
}

impl Writer {
    /// Waits for this process's turn, and stores what is in the queue then, as far as a batch takes it. `next` takes the
    /// first event that waits. Answers how many events it has taken.
    pub fn store(&self, next: &dyn Fn() -> Option<Request>) -> usize {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        // Fairness, never correctness: without a turn, events are stored all the same.
        let held = survive(|| turn.take());
        self.store_batch(held, Batch::default(), next)
    }

    /// Stores that event, with what comes until the batch begins, where nothing is to be waited for; gives it back where it
    /// is another process's turn.
    pub fn store_now(&self, first: Request, next: &dyn Fn() -> Option<Request>) -> Result<(), Request> {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(held) = survive(|| turn.take_now()).unwrap_or_default() else { return Err(first) };
        let mut batch = Batch::default();
        batch.add(first);
        self.store_batch(Some(held), batch, next);
        Ok(())
    }

    fn store_batch(
        &self,
        held: Option<Box<dyn Turn + '_>>,
        mut batch: Batch,
        next: &dyn Fn() -> Option<Request>,
    ) -> usize {
        while !batch.is_full()
            && let Some(next) = next()
        {
            batch.add(next);
        }
        let taken = batch.events.len();
        if taken == 0 {
            return 0;
        }
        // Events that were taken are answered where their tickets are dropped.
        survive(|| {
            let taken_at = self.clock.elapsed();
            let answers = self.events.save_each(&batch.events);
            let stored_at = self.clock.elapsed();
            drop(held);
            // Those that were stored before as well: they need not be handled yet, and their callers wait for that.
            let answered = batch.events.iter().zip(&answers);
            let saved: Vec<(&DomainEvent, Saved)> =
                answered.filter_map(|(event, answer)| Some((event, *answer.as_ref().ok()?))).collect();
            if !saved.is_empty() {
                survive(|| (self.when_saved)(&saved));
            }
            batch.answer(answers, taken_at, stored_at, &self.hold_until_passed);
        });
        taken
    }

    /// Has the store do what it does in idle time.
    pub fn idle(&self) {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        survive(|| turn.idle());
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
    fn answer(
        self,
        answers: Vec<Result<Saved, RepositoryError>>,
        taken_at: Duration,
        stored_at: Duration,
        hold_until_passed: &HoldUntilPassed,
    ) {
        for ((event, ticket), answer) in self.events.into_iter().zip(self.tickets).zip(answers) {
            match answer {
                Ok(saved) => {
                    let awaited = ticket.awaits_handlers().then(|| event.event_type().to_owned());
                    let wakeup = ticket.stored(Stored { event, saved, taken_at, stored_at });
                    if let Some(event_type) = awaited {
                        hold_until_passed(&event_type, saved.position, Box::new(wakeup));
                    }
                }
                Err(error) => ticket.refused(error),
            }
        }
    }
}
