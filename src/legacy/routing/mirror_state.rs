//! What a mirror's thread and those that wait for it know of each other.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::routed::{MirrorOutcome, MirrorStatus, MirrorTrouble};
use crate::application::clock::Clock;
use crate::domain::value_objects::{Position, StreamId};

/// So many positions are kept for a thread that is at work; where there are more, it looks at all streams.
const POSITIONS: usize = 4_096;
/// So many of the last events that the other side has refused are kept for those that wait for them.
const REFUSED: usize = 256;

/// Shared by the mirror's thread and by all that dispatch. Its lock is held for moments, and with no other one.
pub(super) struct MirrorState {
    pub name: &'static str,
    behind_warn: u64,
    state: Mutex<State>,
    /// The thread has something to do.
    woken: Condvar,
    /// What is waited for may have come.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Up to where events are on the other side.
    mirrored: BTreeMap<StreamId, Position>,
    /// Those of them that the other side has refused, and why.
    refused: VecDeque<(StreamId, Position, String)>,
    news: News,
    /// How many events this process has given it.
    given: u64,
    /// How many of them there were when nothing was left last.
    caught_up_at: u64,
    /// Events are being brought to the other side.
    is_in_page: bool,
    /// None may be.
    is_held: bool,
    /// How many events are to be mirrored, as far as they were counted.
    behind: u64,
    /// Not all of them were.
    is_at_least: bool,
    trouble: Option<MirrorTrouble>,
    /// A caller has waited in vain since it had caught up.
    is_slow: bool,
    is_elsewhere: bool,
    is_warned: bool,
    is_stopping: bool,
    /// A thread runs.
    is_started: bool,
}

/// What has happened since the thread looked.
#[derive(Default)]
pub(super) struct News {
    pub positions: Vec<Position>,
    /// There are some.
    pub is_any: bool,
    /// There are others than these.
    pub is_all: bool,
}

impl State {
    /// How many events are to be mirrored, as far as is known: 0 only where none is.
    fn behind(&self) -> u64 {
        let is_any_left = self.is_at_least || self.caught_up_at < self.given;
        self.behind.max(u64::from(is_any_left))
    }
}

impl MirrorState {
    pub fn new(name: &'static str, behind_warn: u64) -> Self {
        let (state, [woken, changed]) = (Mutex::default(), std::array::from_fn(|_| Condvar::new()));
        Self { name, behind_warn, state, woken, changed }
    }

    /// An event is to be mirrored; its position, where it has one on the new side.
    pub fn give(&self, position: Option<Position>) {
        let mut state = self.state();
        state.given += 1;
        state.behind += 1;
        state.news.is_any = true;
        match position {
            Some(position) if state.news.positions.len() < POSITIONS => state.news.positions.push(position),
            _ => state.news.is_all = true,
        }
        self.warn_if_far_behind(&mut state);
        self.woken.notify_one();
    }

    /// Waits for at most `limit` until what is at `position` is on the other side. It is not waited for where the mirror is in
    /// trouble, runs in another process, or was so slow that the last wait was in vain, until it has caught up.
    pub fn wait(&self, stream: &StreamId, position: Position, limit: Duration) -> MirrorOutcome {
        let is_there =
            |state: &State| state.mirrored.get(stream).is_some_and(|mirrored| *mirrored >= position);
        let is_to_come = |state: &mut State| {
            !is_there(state)
                && state.trouble.is_none()
                && !state.is_slow
                && !state.is_elsewhere
                && state.is_started
        };
        let waited = self.changed.wait_timeout_while(self.state(), limit, is_to_come);
        let (mut state, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if is_there(&state) {
            let refused = state.refused.iter().find(|(of, at, _)| of == stream && *at == position);
            return refused.map_or(MirrorOutcome::Done, |(_, _, reason)| MirrorOutcome::Refused {
                reason: reason.clone(),
            });
        }
        if let Some(trouble) = &state.trouble {
            return MirrorOutcome::Trouble(trouble.clone());
        }
        if waited.timed_out() && !state.is_slow {
            state.is_slow = true;
            // Others that wait stop to.
            self.changed.notify_all();
        }
        MirrorOutcome::Queued { behind: state.behind().max(1) }
    }

    /// Waits for at most `limit` until the mirror has caught up; not where that is not to be expected. Answers whether it is still to be
    /// expected.
    pub fn wait_until_caught_up(&self, limit: Duration) -> bool {
        let mut state = self.state();
        // What was stored without a word is looked for as well.
        state.given += 1;
        (state.news.is_any, state.news.is_all) = (true, true);
        let given = state.given;
        self.woken.notify_one();
        let is_to_come = |state: &mut State| {
            state.caught_up_at < given
                && state.trouble.is_none()
                && !state.is_slow
                && !state.is_elsewhere
                && state.is_started
        };
        let waited = self.changed.wait_timeout_while(state, limit, is_to_come);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        is_to_come(&mut state)
    }

    pub fn status(&self) -> Option<MirrorStatus> {
        let state = self.state();
        state.is_started.then(|| MirrorStatus {
            name: self.name,
            behind: state.behind(),
            trouble: state.trouble.clone(),
            is_elsewhere: state.is_elsewhere,
        })
    }

    fn warn_if_far_behind(&self, state: &mut State) {
        if state.behind > self.behind_warn && !state.is_warned {
            state.is_warned = true;
            tracing::warn!(
                "{} is {} events behind, more than parallel.behind_warn ({})",
                self.name,
                state.behind,
                self.behind_warn
            );
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is of values that agree with any others: a panic leaves none half made.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// For the thread.
impl MirrorState {
    /// A thread is to be started: whether there is none. Where there is one, it looks again before it ends.
    pub fn start(&self) -> bool {
        let mut state = self.state();
        (state.news.is_any, state.news.is_all) = (true, true);
        self.woken.notify_one();
        !std::mem::replace(&mut state.is_started, true)
    }

    /// Nothing is left to be mirrored: the thread ends, unless something has come meanwhile.
    pub fn end(&self) -> bool {
        let state = self.state();
        if state.news.is_any && !state.is_stopping {
            return false;
        }
        self.ended(state);
        true
    }

    /// The thread has ended, for whatever reason.
    pub fn set_ended(&self) {
        self.ended(self.state());
    }

    fn ended(&self, mut state: MutexGuard<'_, State>) {
        state.is_started = false;
        self.changed.notify_all();
    }

    /// The thread is to end.
    pub fn stop(&self) {
        self.state().is_stopping = true;
        self.woken.notify_all();
    }

    pub fn is_stopping(&self) -> bool {
        self.state().is_stopping
    }

    /// Waits for at most `patience` until there is no thread. Answers whether there is none.
    pub fn wait_until_ended(&self, patience: Duration) -> bool {
        let waited = self.changed.wait_timeout_while(self.state(), patience, |state| state.is_started);
        !waited.unwrap_or_else(PoisonError::into_inner).0.is_started
    }

    /// Events are about to be brought to the other side: whether they may be.
    pub fn begin_page(&self) -> bool {
        let mut state = self.state();
        state.is_in_page = !state.is_held;
        state.is_in_page
    }

    /// The events that were brought to the other side are in the progress, or none was.
    pub fn end_page(&self) {
        self.state().is_in_page = false;
        self.changed.notify_all();
    }

    /// Lets no events be brought to the other side until [`release`](Self::release), and waits for at most `limit` until none are.
    /// Answers whether that is so.
    pub fn hold(&self, limit: Duration) -> bool {
        let mut state = self.state();
        state.is_held = true;
        let waited = self.changed.wait_timeout_while(state, limit, |state| state.is_in_page);
        !waited.unwrap_or_else(PoisonError::into_inner).0.is_in_page
    }

    pub fn release(&self) {
        let mut state = self.state();
        (state.is_held, state.news.is_any, state.news.is_all) = (false, true, true);
        self.woken.notify_one();
    }

    /// Takes the news, and how many events were given so far.
    pub fn take_news(&self) -> (News, u64) {
        let mut state = self.state();
        (std::mem::take(&mut state.news), state.given)
    }

    /// Waits for news, at most for `time`.
    pub fn wait_for_news(&self, time: Duration) {
        let is_quiet = |state: &mut State| !state.news.is_any && !state.is_stopping;
        drop(self.woken.wait_timeout_while(self.state(), time, is_quiet));
    }

    /// Waits for `time` by that clock, which is looked at again with each event that is given; not where the thread is to end.
    pub fn pause(&self, time: Duration, clock: &dyn Clock) {
        let end = clock.elapsed() + time;
        let mut state = self.state();
        loop {
            let left = end.saturating_sub(clock.elapsed());
            if left.is_zero() || state.is_stopping {
                return;
            }
            state = self.woken.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// So many more events are on the other side, up to that one.
    pub fn set_mirrored(&self, stream: &StreamId, position: Position, events: u64) {
        let mut state = self.state();
        let mirrored = state.mirrored.entry(stream.clone()).or_insert(position);
        *mirrored = position.max(*mirrored);
        state.behind = state.behind.saturating_sub(events);
        self.changed.notify_all();
    }

    /// The other side has refused an event for what it is: it is passed by.
    pub fn set_refused(&self, stream: &StreamId, position: Position, reason: String) {
        let mut state = self.state();
        state.refused.truncate(REFUSED - 1);
        state.refused.push_front((stream.clone(), position, reason));
    }

    /// What was known of a stream is of another one: nothing of it is on the other side.
    pub fn set_unmirrored(&self, stream: &StreamId) {
        self.state().mirrored.remove(stream);
    }

    /// So many events were found that are to be mirrored; there may be more where they are `is_at_least` as many.
    pub fn set_behind(&self, events: u64, is_at_least: bool) {
        let mut state = self.state();
        (state.behind, state.is_at_least) = (events, is_at_least);
        self.warn_if_far_behind(&mut state);
    }

    /// Nothing was left when so many events had been given.
    pub fn set_caught_up(&self, given: u64) {
        let mut state = self.state();
        (state.behind, state.is_at_least, state.caught_up_at) = (state.given - given, false, given);
        (state.is_slow, state.is_warned, state.is_elsewhere) = (false, false, false);
        self.changed.notify_all();
    }

    pub fn set_elsewhere(&self, is_elsewhere: bool) {
        self.state().is_elsewhere = is_elsewhere;
        self.changed.notify_all();
    }

    /// Answers whether that is another trouble than before.
    pub fn set_trouble(&self, reason: &str, now: DateTime<Utc>) -> bool {
        let mut state = self.state();
        let before = state.trouble.take();
        let is_new = before.is_none();
        let is_other = before.as_ref().is_none_or(|before| before.reason != reason);
        let since = before.map_or(now, |before| before.since);
        state.trouble = Some(MirrorTrouble { reason: reason.to_owned(), since });
        self.changed.notify_all();
        if is_new {
            tracing::error!("{} does not go on for now: {reason}", self.name);
        }
        is_other
    }

    /// Answers whether there was trouble.
    pub fn clear_trouble(&self) -> bool {
        let had_trouble = self.state().trouble.take().is_some();
        if had_trouble {
            tracing::info!("{} goes on", self.name);
        }
        had_trouble
    }
}
