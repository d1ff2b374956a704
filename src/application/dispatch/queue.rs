//! The queue to the store: bounded, with a thread that empties it.
//!
//! One thread stores at a time. Where none does and nothing waits, that is the thread that dispatches an event and waits for
//! it: each change of threads costs a part of a sync. What comes meanwhile waits in the queue, and is stored by the writer's
//! thread.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::dispatched::DispatchError;
use super::gathering::Gathering;
use super::request::{Reply, Request, request};
use super::writer::Writer;
use crate::domain::event::DomainEvent;
use crate::domain::repository::RepositoryError;

/// How many events can wait; then those that dispatch more wait themselves.
const CAPACITY: usize = 1_024;
/// How long nothing comes before idle time begins.
pub(super) const IDLE_AFTER: Duration = Duration::from_millis(100);

/// The way of events to the store.
pub(super) struct Queue {
    shared: Arc<Shared>,
}

struct Shared {
    writer: Writer,
    idle_after: Duration,
    /// Held for moments, and with no other lock.
    state: Mutex<State>,
    /// The thread has something to do.
    work: Condvar,
    /// There is room in the queue, or no event comes in any more.
    room: Condvar,
    /// The thread has ended.
    end: Condvar,
    /// Events were stored for which a flush waits.
    flushed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Request>,
    /// A thread stores events, or has the store do what it does in idle time.
    is_storing: bool,
    /// Events were stored since the thread looked.
    is_busy: bool,
    /// The thread waits without a limit: it has to be told once events were stored, since idle time begins after that.
    is_asleep: bool,
    /// How many events have come in.
    submitted: u64,
    /// How many of them, counted from the first, were stored, refused or withdrawn.
    done: u64,
    /// How many flushes wait.
    flushes: usize,
    /// No event comes in any more. The thread ends when those that are in are stored.
    is_closed: bool,
    thread: Thread,
}

#[derive(Default)]
enum Thread {
    /// The first event starts it.
    #[default]
    NotStarted,
    Runs(JoinHandle<()>),
    Ended(Option<JoinHandle<()>>),
}

/// An event that is in the queue, or was.
pub(super) struct Submitted {
    pub reply: Reply,
    /// How many were before it.
    pub queued: usize,
}

impl Queue {
    pub fn new(writer: Writer, idle_after: Duration) -> Self {
        let (state, [work, room, end, flushed]) = (Mutex::default(), std::array::from_fn(|_| Condvar::new()));
        Self { shared: Arc::new(Shared { writer, idle_after, state, work, room, end, flushed }) }
    }

    /// Lines an event up. Where the queue is full, it waits for at most `limit`: `None`.
    pub fn submit(&self, event: DomainEvent, limit: Duration) -> Result<Option<Submitted>, DispatchError> {
        let shared = &self.shared;
        let state = self.open_state()?;
        let is_full = |state: &mut State| state.waiting.len() >= CAPACITY && !state.is_closed;
        let waited = shared.room.wait_timeout_while(state, limit, is_full);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.is_closed {
            return Err(DispatchError::ShuttingDown);
        }
        if state.waiting.len() >= CAPACITY {
            return Ok(None);
        }
        let (request, reply) = request(event);
        let queued = state.waiting.len();
        state.waiting.push_back(request);
        state.submitted += 1;
        // The thread that stores looks for what has come.
        if !state.is_storing {
            shared.work.notify_one();
        }
        Ok(Some(Submitted { reply, queued }))
    }

    /// Stores an event at once where nothing is to be waited for; else it lines it up.
    pub fn store(&self, event: DomainEvent, limit: Duration) -> Result<Option<Submitted>, DispatchError> {
        let mut state = self.open_state()?;
        if state.is_storing || !state.waiting.is_empty() {
            drop(state);
            return self.submit(event, limit);
        }
        state.is_storing = true;
        state.submitted += 1;
        drop(state);
        let (request, reply) = request(event);
        let refused = self.shared.writer.store_now(request, &|| self.shared.next());
        let mut state = self.shared.state();
        if let Err(request) = refused {
            // It came before all that has come meanwhile.
            state.waiting.push_front(request);
        }
        self.shared.has_stored(&mut state);
        Ok(Some(Submitted { reply, queued: 0 }))
    }

    /// The state of a queue that lets events in, and whose thread runs.
    fn open_state(&self) -> Result<MutexGuard<'_, State>, DispatchError> {
        let mut state = self.shared.state();
        if state.is_closed {
            return Err(DispatchError::ShuttingDown);
        }
        if let Thread::NotStarted = state.thread {
            let thread = self
                .start()
                .map_err(|error| RepositoryError::storage("start the thread that stores events", error))?;
            state.thread = Thread::Runs(thread);
        }
        Ok(state)
    }

    fn start(&self) -> io::Result<JoinHandle<()>> {
        let shared = Arc::clone(&self.shared);
        thread::Builder::new().name("event writer".to_owned()).spawn(move || shared.run())
    }

    /// Waits for at most `patience` until every event that has come in before is stored or refused: whether that is so.
    pub fn flush(&self, patience: Duration) -> bool {
        let mut state = self.shared.state();
        let up_to = state.submitted;
        state.flushes += 1;
        let is_left = |state: &mut State| state.done < up_to;
        let waited = self.shared.flushed.wait_timeout_while(state, patience, is_left);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.flushes -= 1;
        state.done >= up_to
    }

    /// Lets no more events in, and waits for at most `patience` until all that are in are stored. Answers whether they
    /// are, to each that asks.
    pub fn close(&self, patience: Duration) -> bool {
        let shared = &self.shared;
        let mut state = shared.state();
        state.is_closed = true;
        shared.work.notify_one();
        shared.room.notify_all();
        let runs = |state: &mut State| matches!(state.thread, Thread::Runs(_));
        let waited = shared.end.wait_timeout_while(state, patience, runs);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let ended = match &mut state.thread {
            Thread::NotStarted => return true,
            Thread::Runs(_) => return false,
            Thread::Ended(thread) => thread.take(),
        };
        drop(state);
        ended.is_none_or(|thread| thread.join().is_ok())
    }
}

impl Shared {
    /// Stores what comes, until nothing can come any more and nothing waits.
    fn run(&self) {
        let mut gathering = Gathering::default();
        let mut state = self.state();
        loop {
            state = match self.task(state) {
                Task::Store => self.store_all(&mut gathering),
                Task::Idle => {
                    self.writer.idle();
                    let mut state = self.state();
                    state.is_storing = false;
                    state
                }
                Task::End(mut state) => {
                    if let Thread::Runs(thread) = std::mem::take(&mut state.thread) {
                        state.thread = Thread::Ended(Some(thread));
                    }
                    self.end.notify_all();
                    return;
                }
            };
        }
    }

    /// Waits for what is to be done next. But for the end, no other thread stores until that is done.
    fn task<'s>(&'s self, mut state: MutexGuard<'s, State>) -> Task<'s> {
        loop {
            if state.is_storing {
                state = self.sleep(state);
            } else if !state.waiting.is_empty() {
                state.is_storing = true;
                return Task::Store;
            } else if state.is_closed {
                return Task::End(state);
            } else if state.is_busy {
                state.is_busy = false;
                let is_quiet = |state: &mut State| {
                    state.waiting.is_empty() && !state.is_storing && !state.is_busy && !state.is_closed
                };
                let waited = self.work.wait_timeout_while(state, self.idle_after, is_quiet);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
                if is_quiet(&mut state) {
                    state.is_storing = true;
                    return Task::Idle;
                }
            } else {
                state = self.sleep(state);
            }
        }
    }

    /// Waits for work, or for the end of what another thread stores.
    fn sleep<'s>(&self, mut state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        state.is_asleep = true;
        let mut state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        state.is_asleep = false;
        state
    }

    /// Stores what is in the queue, and what comes meanwhile.
    fn store_all(&self, gathering: &mut Gathering) -> MutexGuard<'_, State> {
        loop {
            let stored = self.writer.store(&|| self.next());
            self.answered(&mut self.state());
            let elapsed = || self.writer.clock.elapsed();
            gathering.gather(stored, elapsed, || self.state().waiting.len(), thread::yield_now);
            let mut state = self.state();
            if state.waiting.is_empty() {
                (state.is_storing, state.is_busy) = (false, true);
                return state;
            }
        }
    }

    /// A thread that dispatches has stored what it had: the writer's thread goes on with what has come meanwhile.
    fn has_stored(&self, state: &mut State) {
        self.answered(state);
        (state.is_storing, state.is_busy) = (false, true);
        if !state.waiting.is_empty() || state.is_closed || state.is_asleep {
            self.work.notify_one();
        }
    }

    /// All that was taken from the queue is answered: it is taken in order.
    fn answered(&self, state: &mut State) {
        state.done = state.submitted - state.waiting.len() as u64;
        if state.flushes > 0 {
            self.flushed.notify_all();
        }
    }

    /// Takes the first event that waits.
    fn next(&self) -> Option<Request> {
        let mut state = self.state();
        let next = state.waiting.pop_front();
        if state.waiting.len() + 1 == CAPACITY {
            self.room.notify_all();
        }
        next
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is of one value: a panic leaves none half made.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the writer's thread does next.
enum Task<'s> {
    Store,
    Idle,
    End(MutexGuard<'s, State>),
}
