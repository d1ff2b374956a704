//! An event on its way into the store, and the answer to it.
//!
//! Which of both happens is decided once, under one lock: the writer takes the event, or the caller withdraws it. So an
//! event that was withdrawn is not stored, and one that was taken is waited for until the store has answered.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::dispatched::DispatchError;
use crate::domain::event::DomainEvent;
use crate::domain::repository::{RepositoryError, Saved};

/// What the writer has to say of an event that is stored.
#[derive(Debug)]
pub(super) struct Stored {
    pub event: DomainEvent,
    pub saved: Saved,
    /// When it was taken from the queue, and when it was on disk, by the clock of the dispatcher.
    pub taken_at: Duration,
    pub stored_at: Duration,
}

#[derive(Debug)]
enum State {
    /// In the queue.
    Waiting,
    /// The writer stores it.
    Taken,
    /// The caller has given up: it will not be stored.
    Withdrawn,
    Answered(Result<Stored, DispatchError>),
    /// The caller has its answer.
    Fetched,
}

#[derive(Debug)]
struct Slot {
    /// Held for moments, and with no other lock.
    state: Mutex<State>,
    is_answered: Condvar,
    /// The caller has nothing to do before the handlers have passed the event: it need not run twice.
    awaits_handlers: AtomicBool,
    /// How often the caller was woken.
    #[cfg(test)]
    wakes: std::sync::atomic::AtomicUsize,
}

impl Slot {
    fn state(&self) -> MutexGuard<'_, State> {
        // It is set as a whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, answer: Result<Stored, DispatchError>) {
        *self.state() = State::Answered(answer);
        self.wake();
    }

    fn wake(&self) {
        #[cfg(test)]
        self.wakes.fetch_add(1, Ordering::Relaxed);
        self.is_answered.notify_all();
    }

    /// Waits for the answer for at most `limit`, looking for it each time that `look_again` has gone by.
    fn wait_pending<'s>(
        &'s self,
        mut state: MutexGuard<'s, State>,
        limit: Duration,
        look_again: Duration,
    ) -> MutexGuard<'s, State> {
        let mut left = limit;
        while state.is_pending() && !left.is_zero() {
            let time = left.min(look_again);
            let waited = self.is_answered.wait_timeout_while(state, time, |state| state.is_pending());
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            left = left.saturating_sub(time);
        }
        state
    }
}

impl State {
    fn is_pending(&self) -> bool {
        matches!(self, Self::Waiting | Self::Taken)
    }
}

/// An event and the two ends of its way.
pub(super) fn request(event: DomainEvent) -> (Request, Reply) {
    let slot = Arc::new(Slot {
        state: Mutex::new(State::Waiting),
        is_answered: Condvar::new(),
        awaits_handlers: AtomicBool::new(false),
        #[cfg(test)]
        wakes: Default::default(),
    });
    (Request { event, ticket: Ticket(Arc::clone(&slot)) }, Reply(slot))
}

/// An event that waits for the writer.
#[derive(Debug)]
pub(super) struct Request {
    event: DomainEvent,
    ticket: Ticket,
}

impl Request {
    /// Takes the event to store it; `None` where it was withdrawn.
    pub fn take(self) -> Option<(DomainEvent, Ticket)> {
        {
            let mut state = self.ticket.0.state();
            if !matches!(*state, State::Waiting) {
                return None;
            }
            *state = State::Taken;
        }
        Some((self.event, self.ticket))
    }
}

/// The writer's end. Dropped without an answer, as by a panic, it gives one.
#[derive(Debug)]
pub(super) struct Ticket(Arc<Slot>);

impl Ticket {
    /// Whether the caller can be woken when the handlers have passed the event, and not before.
    pub fn awaits_handlers(&self) -> bool {
        self.0.awaits_handlers.load(Ordering::Relaxed)
    }

    /// Gives the answer; the caller runs once what this answers is dropped.
    pub fn stored(self, stored: Stored) -> Wakeup {
        *self.0.state() = State::Answered(Ok(stored));
        Wakeup(Arc::clone(&self.0))
    }

    pub fn refused(self, error: RepositoryError) {
        self.0.answer(Err(error.into()));
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let unanswered = match *self.0.state() {
            State::Waiting => DispatchError::ShuttingDown,
            State::Taken => DispatchError::Interrupted,
            State::Withdrawn | State::Answered(_) | State::Fetched => return,
        };
        self.0.answer(Err(unanswered));
    }
}

/// A caller that has its answer, and sleeps until this is dropped.
#[derive(Debug)]
#[must_use]
pub(super) struct Wakeup(Arc<Slot>);

impl Drop for Wakeup {
    fn drop(&mut self) {
        self.0.wake();
    }
}

/// The caller's end.
#[derive(Debug)]
pub(super) struct Reply(Arc<Slot>);

impl Reply {
    /// Waits for the answer. An event that is not taken within `limit` is withdrawn: `None`. One that was taken is waited
    /// for.
    pub fn wait(self, limit: Duration) -> Option<Result<Stored, DispatchError>> {
        self.wait_looking(limit, Duration::MAX)
    }

    /// The same where the handlers are waited for next, for so long after the event was stored: the answer may come once they have
    /// passed it, or that time after it is there.
    pub fn wait_for_handlers(
        self,
        limit: Duration,
        patience: Duration,
    ) -> Option<Result<Stored, DispatchError>> {
        if patience < LEAST_PATIENCE {
            return self.wait(limit);
        }
        self.0.awaits_handlers.store(true, Ordering::Relaxed);
        self.wait_looking(limit, patience)
    }

    fn wait_looking(self, limit: Duration, look_again: Duration) -> Option<Result<Stored, DispatchError>> {
        let mut state = self.0.wait_pending(self.0.state(), limit, look_again);
        if matches!(*state, State::Waiting) {
            *state = State::Withdrawn;
            return None;
        }
        let mut state = self.0.wait_pending(state, Duration::MAX, look_again);
        match std::mem::replace(&mut *state, State::Fetched) {
            State::Answered(answer) => Some(answer),
            State::Waiting | State::Taken | State::Withdrawn | State::Fetched => None,
        }
    }
}

/// A caller that waits less for handlers is woken as soon as its event is stored.
const LEAST_PATIENCE: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use std::thread;

    use super::super::tests::doubles::event;
    use super::*;
    use crate::domain::value_objects::Position;

    const AT_ONCE: Duration = Duration::ZERO;
    const LONG: Duration = Duration::from_secs(60);

    fn stored(event: DomainEvent) -> Stored {
        let saved = Saved { position: Position::new(1), is_new: true };
        Stored { event, saved, taken_at: AT_ONCE, stored_at: AT_ONCE }
    }

    #[test]
    fn an_event_that_was_withdrawn_is_not_taken() {
        let (request, reply) = request(event("e1"));
        assert!(reply.wait(AT_ONCE).is_none());
        assert!(request.take().is_none());
    }

    #[test]
    fn an_event_that_was_taken_is_not_withdrawn_however_long_it_takes() {
        let (request, reply) = request(event("e1"));
        let (event, ticket) = request.take().unwrap();
        thread::scope(|scope| {
            let caller = scope.spawn(|| reply.wait(AT_ONCE));
            thread::yield_now();
            drop(ticket.stored(stored(event)));
            let answer = caller.join().unwrap().unwrap().unwrap();
            assert_eq!(answer.event.event_id().as_str(), "e1");
        });
    }

    #[test]
    fn a_caller_and_the_writer_never_both_have_an_event() {
        for _ in 0..2_000 {
            let (request, reply) = request(event("e1"));
            thread::scope(|scope| {
                let caller = scope.spawn(|| reply.wait(AT_ONCE).is_some());
                let taken = request.take();
                let was_taken = taken.is_some();
                if let Some((event, ticket)) = taken {
                    drop(ticket.stored(stored(event)));
                }
                assert_eq!(caller.join().unwrap(), was_taken);
            });
        }
    }

    #[test]
    fn a_caller_that_waits_for_handlers_too_is_woken_once_by_what_its_answer_leaves() {
        let (request, reply) = request(event("e1"));
        let (event, ticket) = request.take().unwrap();
        thread::scope(|scope| {
            let caller = scope.spawn(|| reply.wait_for_handlers(LONG, LONG));
            while !ticket.awaits_handlers() {
                thread::yield_now();
            }
            let wakeup = ticket.stored(stored(event));
            let slot = Arc::clone(&wakeup.0);
            let wakes = || slot.wakes.load(Ordering::Relaxed);
            assert_eq!(wakes(), 0, "it would run, and wait again");
            drop(wakeup);
            assert!(matches!(caller.join().unwrap(), Some(Ok(_))));
            assert_eq!(wakes(), 1);
        });
    }

    #[test]
    fn a_caller_that_is_not_woken_finds_its_answer_when_its_patience_is_over() {
        let (request, reply) = request(event("e1"));
        let (event, ticket) = request.take().unwrap();
        thread::scope(|scope| {
            let caller = scope.spawn(|| reply.wait_for_handlers(LONG, LEAST_PATIENCE));
            let never_dropped = ticket.stored(stored(event));
            assert!(matches!(caller.join().unwrap(), Some(Ok(_))));
            drop(never_dropped);
        });
    }

    #[test]
    fn an_event_that_is_lost_on_its_way_is_answered() {
        let (lost, reply) = request(event("e1"));
        drop(lost);
        assert!(matches!(reply.wait(LONG), Some(Err(DispatchError::ShuttingDown))), "it was not taken");
        let (lost, reply) = request(event("e1"));
        drop(lost.take());
        assert!(matches!(reply.wait(LONG), Some(Err(DispatchError::Interrupted))), "it may be stored");
    }
}
