//! An event on its way into the store, and the answer to it.
//!
//! Which of both happens is decided once, under one lock: the writer takes the event, or the caller withdraws it. So an
//! event that was withdrawn is not stored, and one that was taken is waited for until the store has answered.

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
}

impl Slot {
    fn state(&self) -> MutexGuard<'_, State> {
        // It is set as a whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, answer: Result<Stored, DispatchError>) {
        *self.state() = State::Answered(answer);
        self.is_answered.notify_all();
    }
}

/// An event and the two ends of its way.
pub(super) fn request(event: DomainEvent) -> (Request, Reply) {
    let slot = Arc::new(Slot { state: Mutex::new(State::Waiting), is_answered: Condvar::new() });
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
    pub fn stored(self, stored: Stored) {
        self.0.answer(Ok(stored));
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

/// The caller's end.
#[derive(Debug)]
pub(super) struct Reply(Arc<Slot>);

impl Reply {
    /// Waits for the answer. An event that is not taken within `limit` is withdrawn: `None`. One that was taken is waited
    /// for.
    pub fn wait(self, limit: Duration) -> Option<Result<Stored, DispatchError>> {
        let is_pending = |state: &mut State| matches!(state, State::Waiting | State::Taken);
        let is_answered = &self.0.is_answered;
        let (mut state, _) = is_answered
            .wait_timeout_while(self.0.state(), limit, is_pending)
            .unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::Waiting) {
            *state = State::Withdrawn;
            return None;
        }
        let mut state = is_answered.wait_while(state, is_pending).unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *state, State::Fetched) {
            State::Answered(answer) => Some(answer),
            State::Waiting | State::Taken | State::Withdrawn | State::Fetched => None,
        }
    }
}

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
            ticket.stored(stored(event));
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
                    ticket.stored(stored(event));
                }
                assert_eq!(caller.join().unwrap(), was_taken);
            });
        }
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
