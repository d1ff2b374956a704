//! How far one handler has come, as its thread knows it.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::anchor::Anchor;
use super::registration::Registration;
use super::store::{HandlerState, HandlerStoreError, HandlerView, StreamProgress};
use crate::domain::repository::Stream;
use crate::domain::value_objects::{Position, StreamId};

/// A handler that is run.
pub(super) struct HandlerRun {
    /// Its number among the handlers of the runner, in order of registration.
    pub index: usize,
    pub registration: Arc<Registration>,
    pub condition: Condition,
    /// When the first of its failures is tried again.
    pub next_retry: Option<DateTime<Utc>>,
    /// What the last page has left.
    pub left: Option<Box<LeftState>>,
    /// A replay failed: it is not begun again before the next start.
    pub is_replay_given_up: bool,
    /// The trouble that was logged last: each is logged once.
    pub logged_trouble: Option<String>,
    cursors: HashMap<StreamId, Cursor>,
}

/// What a transaction has left of a handler that runs and has no open failure: as long as nothing else has changed the
/// store, the next transaction need not read it.
#[derive(Debug, Clone)]
pub(super) struct LeftState {
    /// That of the store, by [`version`](super::store::HandlerTransaction::version).
    pub version: i64,
    pub progress: StreamProgress,
}

/// Whether a handler is given events, as it was seen last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    /// Its progress has not been read yet.
    Unknown,
    /// It is given events.
    Running,
    /// It is paused, stopped, or of another version.
    NotRunning,
    /// Its read models are of another version than this one: they are made anew.
    ReplayNeeded,
    /// Its progress is not of this event store.
    Ahead,
}

/// How far a stream was read for a handler.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Cursor {
    /// The last event that was read.
    pub read: Option<Anchor>,
    /// The progress in the store: events that were passed by need not be recorded one by one.
    pub recorded: Option<Position>,
    /// How many events were read since then.
    pub unrecorded: usize,
    /// No event was found up to this position, though the stream was said to reach so far.
    empty_up_to: Option<Position>,
}

impl HandlerRun {
    pub fn new(index: usize, registration: Arc<Registration>) -> Self {
        Self {
            index,
            registration,
            condition: Condition::Unknown,
            next_retry: None,
            left: None,
            is_replay_given_up: false,
            logged_trouble: None,
            cursors: HashMap::new(),
        }
    }

    pub fn name(&self) -> &str {
        self.registration.handler.name()
    }

    /// Reads whether the handler runs, and the progress where it begins to.
    pub fn refresh(&mut self, view: &mut dyn HandlerView) -> Result<(), HandlerStoreError> {
        self.left = None;
        let Some(row) = view.handler(self.registration.handler.name())? else {
            self.condition = Condition::NotRunning;
            return Ok(());
        };
        let is_version = row.version == self.registration.version;
        let condition = match row.state {
            HandlerState::Running if is_version => Condition::Running,
            HandlerState::ReplayNeeded if !is_version => Condition::ReplayNeeded,
            _ => Condition::NotRunning,
        };
        match (self.condition, condition) {
            (Condition::Running, Condition::Running) => {}
            (_, Condition::Running) => {
                let progress = view.progress(self.name())?;
                self.load(progress);
                self.condition = condition;
            }
            _ => self.condition = condition,
        }
        let next = view.next_retry(self.name())?;
        self.next_retry = next.and_then(|failure| failure.next_attempt_at);
        Ok(())
    }

    /// Whether a failure is to be tried now.
    pub fn is_retry_due(&self, now: DateTime<Utc>) -> bool {
        self.condition == Condition::Running && self.next_retry.is_some_and(|at| at <= now)
    }

    /// Goes on from the progress in the store.
    fn load(&mut self, progress: Vec<StreamProgress>) {
        let cursor = |progress: StreamProgress| (progress.stream.clone(), Cursor::at(progress));
        self.cursors = progress.into_iter().map(cursor).collect();
    }

    pub fn cursor(&self, stream: &StreamId) -> Cursor {
        self.cursors.get(stream).cloned().unwrap_or_default()
    }

    pub fn set_cursor(&mut self, stream: &StreamId, cursor: Cursor) {
        self.cursors.insert(stream.clone(), cursor);
    }

    /// The first stream that holds events after what was read.
    pub fn next_stream<'s>(&self, streams: &'s [Stream]) -> Option<&'s StreamId> {
        let is_unread = |stream: &&Stream| match self.cursors.get(&stream.id) {
            Some(cursor) => cursor.looked_up_to().is_none_or(|position| position < stream.head),
            None => true,
        };
        streams.iter().find(is_unread).map(|stream| &stream.id)
    }

    /// A stream that was said to reach up to `head` holds nothing after what was read.
    pub fn found_nothing(&mut self, stream: &StreamId, head: Position) {
        self.cursors.entry(stream.clone()).or_default().empty_up_to = Some(head);
    }

    /// The streams in which events were passed by since progress was recorded.
    pub fn unrecorded(&self) -> Vec<(StreamId, Anchor)> {
        let unrecorded = self.cursors.iter().filter(|(_, cursor)| cursor.unrecorded > 0);
        unrecorded.filter_map(|(stream, cursor)| Some((stream.clone(), cursor.read.clone()?))).collect()
    }

    /// How far each stream was read.
    pub fn read(&self) -> impl Iterator<Item = (&StreamId, &Anchor)> {
        self.cursors.iter().filter_map(|(stream, cursor)| Some((stream, cursor.read.as_ref()?)))
    }
}

impl Cursor {
    /// At the progress in the store.
    pub fn at(progress: StreamProgress) -> Self {
        let recorded = Some(progress.position);
        Self { read: Some(Anchor::from(progress)), recorded, unrecorded: 0, empty_up_to: None }
    }

    /// At an event up to which progress is recorded.
    pub fn recorded_at(anchor: Anchor) -> Self {
        Self { recorded: Some(anchor.position), read: Some(anchor), unrecorded: 0, empty_up_to: None }
    }

    /// After events that were passed by.
    pub fn passed_by(self, last: Anchor, events: usize) -> Self {
        Self { read: Some(last), unrecorded: self.unrecorded + events, ..self }
    }

    fn looked_up_to(&self) -> Option<Position> {
        let read = self.read.as_ref().map(|anchor| anchor.position);
        read.max(self.empty_up_to)
    }
}
