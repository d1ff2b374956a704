//! The queue to the writer: bounded, and the thread that empties it.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, SendTimeoutError, Sender, bounded};

use super::dispatched::DispatchError;
use super::request::{Reply, Request, request};
use super::writer::Writer;
use crate::domain::event::DomainEvent;
use crate::domain::repository::RepositoryError;

/// How many events can wait; then those that dispatch more wait themselves.
const CAPACITY: usize = 1_024;

/// The way of events to the writer, whose thread the first event starts.
pub(super) struct Queue {
    writer: Arc<Writer>,
    idle_after: Duration,
    /// Held for moments, and with no other lock.
    state: Mutex<State>,
}

enum State {
    NotStarted,
    Open(Sender<Request>, WriterThread),
    /// No event comes in any more. The thread ends when those that are in are stored.
    Closed(Option<WriterThread>),
}

struct WriterThread {
    /// `None` once it was joined.
    thread: Option<JoinHandle<()>>,
    /// Nothing is ever sent: the sender goes with the thread.
    has_ended: Receiver<()>,
}

/// An event that is in the queue.
pub(super) struct Submitted {
    pub reply: Reply,
    /// How many were before it.
    pub queued: usize,
}

impl Queue {
    pub fn new(writer: Writer, idle_after: Duration) -> Self {
        Self { writer: Arc::new(writer), idle_after, state: Mutex::new(State::NotStarted) }
    }

    /// Lines an event up. Where the queue is full, it waits for at most `limit`: `None`.
    pub fn submit(&self, event: DomainEvent, limit: Duration) -> Result<Option<Submitted>, DispatchError> {
        let sender = self.sender()?;
        let queued = sender.len();
        let (request, reply) = request(event);
        match sender.send_timeout(request, limit) {
            Ok(()) => Ok(Some(Submitted { reply, queued })),
            Err(SendTimeoutError::Timeout(_)) => Ok(None),
            Err(SendTimeoutError::Disconnected(_)) => Err(DispatchError::ShuttingDown),
        }
    }

    /// A sender of its own for one event: while there is one, the writer goes on.
    fn sender(&self) -> Result<Sender<Request>, DispatchError> {
        let mut state = self.state();
        match &*state {
            State::Open(sender, _) => Ok(sender.clone()),
            State::Closed(_) => Err(DispatchError::ShuttingDown),
            State::NotStarted => {
                let (sender, requests) = bounded(CAPACITY);
                let thread = self.start(requests).map_err(|error| {
                    RepositoryError::storage("start the thread that stores events", error)
                })?;
                *state = State::Open(sender.clone(), thread);
                Ok(sender)
            }
        }
    }

    fn start(&self, requests: Receiver<Request>) -> io::Result<WriterThread> {
        let (ends, has_ended) = bounded(0);
        let (writer, idle_after) = (Arc::clone(&self.writer), self.idle_after);
        let thread = thread::Builder::new().name("event writer".to_owned()).spawn(move || {
            writer.run(&requests, idle_after);
            drop(ends);
        })?;
        Ok(WriterThread { thread: Some(thread), has_ended })
    }

    /// Lets no more events in, and waits for at most `patience` until all that are in are stored. Answers whether they
    /// are, to each that asks.
    pub fn close(&self, patience: Duration) -> bool {
        let Some(has_ended) = self.let_none_in() else { return true };
        if has_ended.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
            return false;
        }
        let thread = match &mut *self.state() {
            State::Closed(Some(writer)) => writer.thread.take(),
            _ => None,
        };
        thread.is_none_or(|thread| thread.join().is_ok())
    }

    /// What tells that the writer has ended; `None` where it was never started.
    fn let_none_in(&self) -> Option<Receiver<()>> {
        let mut state = self.state();
        *state = match std::mem::replace(&mut *state, State::Closed(None)) {
            State::NotStarted => State::Closed(None),
            State::Open(_, writer) => State::Closed(Some(writer)),
            closed @ State::Closed(_) => closed,
        };
        match &*state {
            State::Closed(Some(writer)) => Some(writer.has_ended.clone()),
            _ => None,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // It is set as a whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
