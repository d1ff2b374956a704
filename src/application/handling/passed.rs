//! How far the handlers of this process are, for callers that wait for what becomes of an event.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::domain::value_objects::{Position, StreamId};

/// How many failed events of a handler are kept in memory; what became of others is looked up in the store.
const FAILED: usize = 10_000;

/// How far each handler is, in order of registration.
#[derive(Default)]
pub(super) struct Passed {
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Default)]
struct State {
    handlers: Vec<PassedByHandler>,
    held: Vec<Held>,
    is_closed: bool,
}

/// What is dropped once these handlers have passed a position.
struct Held {
    handlers: Vec<usize>,
    stream: StreamId,
    position: Position,
    _value: Box<dyn Send>,
}

/// How far one handler is.
#[derive(Debug, Default)]
pub(super) struct PassedByHandler {
    pub run_by: RunBy,
    /// Why it does not go on for now.
    pub trouble: Option<String>,
    streams: HashMap<StreamId, PassedInStream>,
    /// Events that this process has found to fail; some may have been resolved since.
    failed: BTreeSet<Position>,
}

#[derive(Debug, Clone, Copy)]
struct PassedInStream {
    up_to: Position,
    /// Up to here another process may have handled events: what became of them is in the store alone.
    known_after: Option<Position>,
}

/// Which process runs a handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum RunBy {
    /// This one, as far as is known.
    #[default]
    ThisProcess,
    /// Another one.
    AnotherProcess,
    /// None: the handler is paused or stopped.
    None,
}

/// What is known of an event with a handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// It was handled, or passed by.
    Handled,
    /// The handler has passed it; what became of it is in the store.
    InStore,
    /// The handler is not so far.
    NotPassed(RunBy),
}

impl Passed {
    /// Adds the handlers up to that number.
    pub fn add_up_to(&self, index: usize) {
        let mut state = self.state();
        let handlers = state.handlers.len().max(index + 1);
        state.handlers.resize_with(handlers, PassedByHandler::default);
    }

    /// Changes what is known of a handler; waiting callers look again.
    pub fn change(&self, index: usize, change: impl FnOnce(&mut PassedByHandler)) {
        self.change_each([(index, change)]);
    }

    /// Changes what is known of several handlers at once.
    pub fn change_each<C: FnOnce(&mut PassedByHandler)>(
        &self,
        changes: impl IntoIterator<Item = (usize, C)>,
    ) {
        let mut state = self.state();
        for (index, change) in changes {
            if let Some(handler) = state.handlers.get_mut(index) {
                change(handler);
            }
        }
        let passed = state.take_passed();
        drop(state);
        self.moved.notify_all();
        drop(passed);
    }

    /// From now on callers wait for nothing.
    pub fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        let passed = state.take_passed();
        drop(state);
        self.moved.notify_all();
        drop(passed);
    }

    /// Drops a value once those of these handlers that this process runs have passed an event.
    pub fn hold(&self, handlers: Vec<usize>, stream: StreamId, position: Position, value: Box<dyn Send>) {
        let held = Held { handlers, stream, position, _value: value };
        let mut state = self.state();
        if state.is_waited_for(&held.handlers, &held.stream, held.position) {
            state.held.push(held);
        } else {
            drop(state);
            drop(held);
        }
    }

    /// What is known of an event with these handlers, once those of this process have passed it, at the latest after
    /// `patience`.
    pub fn wait(
        &self,
        handlers: &[usize],
        stream: &StreamId,
        position: Position,
        patience: Duration,
    ) -> Vec<Known> {
        let is_waited_for = |state: &mut State| state.is_waited_for(handlers, stream, position);
        let state = self.state();
        let waited = self.moved.wait_timeout_while(state, patience, is_waited_for);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        handlers.iter().map(|index| state.known(*index, stream, position)).collect()
    }

    /// Why a handler does not go on for now.
    pub fn trouble(&self, index: usize) -> Option<String> {
        self.state().handlers.get(index).and_then(|handler| handler.trouble.clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is of one value: a panic leaves none half made.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_waited_for(&self, handlers: &[usize], stream: &StreamId, position: Position) -> bool {
        // When a handler in trouble goes on, its store says and nothing here: a caller that waited for each event would store one a second.
        let is_in_trouble =
            |index: &usize| self.handlers.get(*index).is_some_and(|handler| handler.trouble.is_some());
        let is_open = |index: &usize| {
            self.known(*index, stream, position) == Known::NotPassed(RunBy::ThisProcess)
                && !is_in_trouble(index)
        };
        !self.is_closed && handlers.iter().any(is_open)
    }

    /// Takes out what is waited for no longer, to be dropped when the lock is not held.
    fn take_passed(&mut self) -> Vec<Held> {
        let held = std::mem::take(&mut self.held);
        let is_waited_for = |held: &Held| self.is_waited_for(&held.handlers, &held.stream, held.position);
        let (held, passed) = held.into_iter().partition(is_waited_for);
        self.held = held;
        passed
    }

    fn known(&self, index: usize, stream: &StreamId, position: Position) -> Known {
        let Some(handler) = self.handlers.get(index) else { return Known::NotPassed(RunBy::None) };
        match handler.streams.get(stream) {
            Some(passed) if position <= passed.up_to => {
                let is_known = passed.known_after.is_none_or(|known_after| position > known_after);
                if is_known && !handler.failed.contains(&position) { Known::Handled } else { Known::InStore }
            }
            _ => Known::NotPassed(handler.run_by),
        }
    }
}

impl PassedByHandler {
    /// This process has handled events up to here, of which these failed.
    pub fn pass(&mut self, stream: &StreamId, up_to: Position, failed: &[Position]) {
        match self.streams.get_mut(stream) {
            Some(passed) => passed.up_to = passed.up_to.max(up_to),
            None => drop(self.streams.insert(stream.clone(), PassedInStream { up_to, known_after: None })),
        }
        self.failed.extend(failed);
        if self.failed.len() > FAILED {
            self.failed.clear();
            self.streams.values_mut().for_each(|passed| passed.known_after = Some(passed.up_to));
        }
    }

    /// Progress was found in the store.
    pub fn find(&mut self, stream: &StreamId, up_to: Position) {
        let found = PassedInStream { up_to, known_after: Some(up_to) };
        let passed = self.streams.entry(stream.clone()).or_insert(found);
        if up_to > passed.up_to {
            *passed = found;
        }
    }
}
