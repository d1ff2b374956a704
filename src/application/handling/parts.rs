//! What all threads that run handlers share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::error::HandlingError;
use super::passed::{Passed, RunBy};
use super::reading::{Anchor, EventReader};
use super::registration::Registration;
use super::run::{Condition, HandlerRun};
use super::store::HandlerStore;
use crate::application::clock::Clock;
use crate::domain::repository::{EventRepository, RepositoryError, Stream};
use crate::domain::value_objects::{Position, StreamId};

/// What all threads that run handlers share.
pub(super) struct HandlingParts {
    pub events: EventReader,
    pub store: Arc<dyn HandlerStore>,
    pub clock: Arc<dyn Clock + Send + Sync>,
    /// How many events are handled in one transaction; at least one.
    pub page: usize,
    pub passed: Passed,
    stop: AtomicBool,
}

impl HandlingParts {
    pub fn new(
        events: Arc<dyn EventRepository>,
        store: Arc<dyn HandlerStore>,
        clock: Arc<dyn Clock + Send + Sync>,
        page: usize,
    ) -> Self {
        let stop = AtomicBool::new(false);
        let events = EventReader::new(events);
        Self { events, store, clock, page: page.max(1), passed: Passed::default(), stop }
    }

    /// Whether no further page is to be begun.
    pub fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        self.passed.close();
    }

    /// Checks that what a handler has read is in the event store: each stream reaches so far, and the last event is
    /// the one that was read, which is looked up the first time. Others are checked when their streams are read on.
    pub fn check_not_ahead<'a>(
        &self,
        registration: &Registration,
        read: impl Iterator<Item = (&'a StreamId, &'a Anchor)>,
        streams: &[Stream],
        is_first: bool,
    ) -> Result<(), HandlingError> {
        let mut last: Option<(&StreamId, &Anchor)> = None;
        for (stream, anchor) in read {
            let head = streams.iter().find(|found| found.id == *stream).map(|found| found.head);
            if head.is_none_or(|head| head < anchor.position) {
                return Err(ahead(registration, stream, anchor));
            }
            if last.is_none_or(|(_, last)| last.position < anchor.position) {
                last = Some((stream, anchor));
            }
        }
        match last {
            Some((stream, anchor)) if is_first && !self.events.has(stream, anchor)? => {
                Err(ahead(registration, stream, anchor))
            }
            _ => Ok(()),
        }
    }
}

/// Makes known what was found about a handler: how far it is, and what runs it.
///
/// `before` is the condition that was known.
pub(super) fn announce(
    parts: &HandlingParts,
    run: &mut HandlerRun,
    before: Condition,
    streams: &[Stream],
) -> Result<(), RepositoryError> {
    if run.condition == Condition::Running {
        match parts.check_not_ahead(&run.registration, run.read(), streams, before != Condition::Running) {
            Ok(()) => {}
            Err(HandlingError::Events(error)) => return Err(error),
            Err(error) => {
                run.condition = Condition::Ahead;
                set_trouble(parts, run, error.to_string());
            }
        }
    }
    let is_running = run.condition == Condition::Running;
    let read: Vec<(StreamId, Position)> = match before {
        Condition::Running => Vec::new(),
        _ => run.read().map(|(stream, anchor)| (stream.clone(), anchor.position)).collect(),
    };
    parts.passed.change(run.index, |passed| {
        // What another process has done is known from the store alone.
        read.iter().for_each(|(stream, position)| passed.find(stream, *position));
        passed.run_by = match is_running || run.condition == Condition::ReplayNeeded {
            true => RunBy::ThisProcess,
            false => RunBy::None,
        };
        if is_running {
            passed.trouble = None;
        }
    });
    Ok(())
}

/// Makes known why a handler does not go on, and logs it where it is new.
pub(super) fn set_trouble(parts: &HandlingParts, run: &mut HandlerRun, trouble: String) {
    if run.logged_trouble.as_ref() != Some(&trouble) {
        tracing::error!("{trouble}");
        run.logged_trouble = Some(trouble.clone());
    }
    parts.passed.change(run.index, |passed| {
        passed.run_by = RunBy::None;
        passed.trouble = Some(trouble);
    });
}

pub(super) fn ahead(registration: &Registration, stream: &StreamId, anchor: &Anchor) -> HandlingError {
    HandlingError::Ahead {
        handler: registration.handler.name().to_owned(),
        kind: registration.kind,
        stream: stream.clone(),
        position: anchor.position,
    }
}
