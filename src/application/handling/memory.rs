//! A handler store in memory: a double for tests that need no files.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::NaiveDate;

use super::failure::{Failure, FailureState};
use super::store::{
    Durability, HandlerRow, HandlerSession, HandlerStore, HandlerStoreError, HandlerTransaction, HandlerView,
    HandlingFigures, OpenFailures, StreamProgress,
};
use crate::application::read_models::TaskReadModels;
use crate::application::read_models::memory::MemoryReadModels;
use crate::domain::value_objects::{AggregateId, Position, StreamId};

/// A handler store in memory. Clones are the same store, as processes share a file.
#[derive(Clone, Default)]
pub struct MemoryHandlerStore {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    committed: Mutex<State>,
    /// Held by the transaction that writes.
    writer: Mutex<()>,
    claims: Mutex<BTreeSet<String>>,
}

#[derive(Debug, Clone, Default)]
struct State {
    handlers: BTreeMap<String, HandlerRow>,
    progress: BTreeMap<String, BTreeMap<StreamId, StreamProgress>>,
    failures: BTreeMap<String, BTreeMap<(StreamId, Position), Failure>>,
    figures: BTreeMap<(String, NaiveDate), HandlingFigures>,
    read_models: MemoryReadModels,
}

#[cfg(test)]
impl MemoryHandlerStore {
    /// The read models, as they were committed last.
    pub fn read_models(&self) -> MemoryReadModels {
        locked(&self.inner.committed).read_models.clone()
    }

    /// Another store, with what is committed in this one now.
    pub fn copy(&self) -> Self {
        let copy = Self::default();
        locked(&copy.inner.committed).clone_from(&locked(&self.inner.committed));
        copy
    }
}

impl HandlerStore for MemoryHandlerStore {
    fn session(&self, _durability: Durability) -> Result<Box<dyn HandlerSession>, HandlerStoreError> {
        Ok(Box::new(MemorySession { inner: Arc::clone(&self.inner) }))
    }

    fn claim(&self, handler: &str) -> Result<Option<Box<dyn Send>>, HandlerStoreError> {
        if !locked(&self.inner.claims).insert(handler.to_owned()) {
            return Ok(None);
        }
        Ok(Some(Box::new(Claim { inner: Arc::clone(&self.inner), handler: handler.to_owned() })))
    }
}

struct Claim {
    inner: Arc<Inner>,
    handler: String,
}

impl Drop for Claim {
    fn drop(&mut self) {
        locked(&self.inner.claims).remove(&self.handler);
    }
}

struct MemorySession {
    inner: Arc<Inner>,
}

impl HandlerSession for MemorySession {
    fn begin(&mut self) -> Result<Box<dyn HandlerTransaction + '_>, HandlerStoreError> {
        let writing = locked(&self.inner.writer);
        let state = locked(&self.inner.committed).clone();
        Ok(Box::new(MemoryTransaction { inner: &self.inner, _writing: writing, state, savepoint: None }))
    }

    fn snapshot(&mut self) -> Result<Box<dyn HandlerView + '_>, HandlerStoreError> {
        Ok(Box::new(locked(&self.inner.committed).clone()))
    }
}

/// A copy of the state, which takes its place when it is committed.
struct MemoryTransaction<'s> {
    inner: &'s Inner,
    _writing: MutexGuard<'s, ()>,
    state: State,
    savepoint: Option<State>,
}

impl HandlerView for State {
    fn handlers(&mut self) -> Result<Vec<HandlerRow>, HandlerStoreError> {
        Ok(self.handlers.values().cloned().collect())
    }

    fn handler(&mut self, name: &str) -> Result<Option<HandlerRow>, HandlerStoreError> {
        Ok(self.handlers.get(name).cloned())
    }

    fn progress(&mut self, handler: &str) -> Result<Vec<StreamProgress>, HandlerStoreError> {
        Ok(self.progress.get(handler).map(|streams| streams.values().cloned().collect()).unwrap_or_default())
    }

    fn progress_in(
        &mut self,
        handler: &str,
        stream: &StreamId,
    ) -> Result<Option<StreamProgress>, HandlerStoreError> {
        Ok(self.progress.get(handler).and_then(|streams| streams.get(stream)).cloned())
    }

    fn failures(&mut self, handler: &str) -> Result<Vec<Failure>, HandlerStoreError> {
        Ok(self.failures_of(handler).cloned().collect())
    }

    fn failure(
        &mut self,
        handler: &str,
        stream: &StreamId,
        position: Position,
    ) -> Result<Option<Failure>, HandlerStoreError> {
        let failures = self.failures.get(handler);
        Ok(failures.and_then(|failures| failures.get(&(stream.clone(), position))).cloned())
    }

    fn open_failures_about(
        &mut self,
        handler: &str,
        aggregate: &AggregateId,
    ) -> Result<Vec<Failure>, HandlerStoreError> {
        let open = self.failures_of(handler).filter(|failure| failure.state.is_open());
        Ok(open.filter(|failure| failure.aggregate_id.as_ref() == Some(aggregate)).cloned().collect())
    }

    fn next_retry(&mut self, handler: &str) -> Result<Option<Failure>, HandlerStoreError> {
        let retrying = self.failures_of(handler).filter(|failure| failure.state == FailureState::Retrying);
        Ok(retrying.min_by_key(|failure| failure.next_attempt_at).cloned())
    }

    fn open_failures(&mut self, handler: &str) -> Result<OpenFailures, HandlerStoreError> {
        let count = |state| self.failures_of(handler).filter(|failure| failure.state == state).count() as u64;
        Ok(OpenFailures {
            retrying: count(FailureState::Retrying),
            parked: count(FailureState::Parked),
            waiting: count(FailureState::Waiting),
        })
    }

    fn events_handled(&mut self, handler: &str) -> Result<u64, HandlerStoreError> {
        let of_handler = self.figures.iter().filter(|((name, _), _)| name == handler);
        Ok(of_handler.map(|(_, figures)| figures.handled).sum())
    }
}

impl State {
    fn failures_of(&self, handler: &str) -> impl Iterator<Item = &Failure> {
        self.failures.get(handler).into_iter().flat_map(BTreeMap::values)
    }
}

/// What a transaction sees is its own copy of the state.
macro_rules! view_of_own_state {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        impl HandlerView for MemoryTransaction<'_> {
            $(fn $name(&mut self, $($argument: $type),*) -> Result<$answer, HandlerStoreError> {
                self.state.$name($($argument),*)
            })*
        }
    };
}

view_of_own_state! {
    handlers() -> Vec<HandlerRow>;
    handler(name: &str) -> Option<HandlerRow>;
    progress(handler: &str) -> Vec<StreamProgress>;
    progress_in(handler: &str, stream: &StreamId) -> Option<StreamProgress>;
    failures(handler: &str) -> Vec<Failure>;
    failure(handler: &str, stream: &StreamId, position: Position) -> Option<Failure>;
    open_failures_about(handler: &str, aggregate: &AggregateId) -> Vec<Failure>;
    next_retry(handler: &str) -> Option<Failure>;
    open_failures(handler: &str) -> OpenFailures;
    events_handled(handler: &str) -> u64;
}

impl HandlerTransaction for MemoryTransaction<'_> {
    fn version(&mut self) -> Result<Option<i64>, HandlerStoreError> {
        Ok(None)
    }

    fn put_handler(&mut self, handler: &HandlerRow) -> Result<(), HandlerStoreError> {
        self.state.handlers.insert(handler.name.clone(), handler.clone());
        Ok(())
    }

    fn put_progress(&mut self, handler: &str, progress: &StreamProgress) -> Result<(), HandlerStoreError> {
        let streams = self.state.progress.entry(handler.to_owned()).or_default();
        streams.insert(progress.stream.clone(), progress.clone());
        Ok(())
    }

    fn clear_progress(&mut self, handler: &str) -> Result<(), HandlerStoreError> {
        self.state.progress.remove(handler);
        Ok(())
    }

    fn put_failure(&mut self, handler: &str, failure: &Failure) -> Result<(), HandlerStoreError> {
        let failures = self.state.failures.entry(handler.to_owned()).or_default();
        failures.insert((failure.stream.clone(), failure.position), failure.clone());
        Ok(())
    }

    fn add_figures(
        &mut self,
        handler: &str,
        day: NaiveDate,
        figures: &HandlingFigures,
    ) -> Result<(), HandlerStoreError> {
        self.state.figures.entry((handler.to_owned(), day)).or_default().add(figures);
        Ok(())
    }

    fn set_savepoint(&mut self) -> Result<(), HandlerStoreError> {
        self.savepoint = Some(self.state.clone());
        Ok(())
    }

    fn undo_to_savepoint(&mut self) -> Result<(), HandlerStoreError> {
        if let Some(savepoint) = self.savepoint.take() {
            self.state = savepoint;
        }
        Ok(())
    }

    fn release_savepoint(&mut self) -> Result<(), HandlerStoreError> {
        self.savepoint = None;
        Ok(())
    }

    fn read_models(&mut self) -> &mut dyn TaskReadModels {
        &mut self.state.read_models
    }

    /// In memory, the read models of all handlers are emptied.
    fn clear_read_models(&mut self, handler: &str) -> Result<(), HandlerStoreError> {
        self.state.read_models.clear(handler);
        Ok(())
    }

    fn commit(self: Box<Self>) -> Result<(), HandlerStoreError> {
        *locked(&self.inner.committed) = self.state;
        Ok(())
    }
}

/// A value is replaced whole: a panic leaves none half changed.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
