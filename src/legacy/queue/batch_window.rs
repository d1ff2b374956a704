//! What watchers have seen is gathered for a while, limited, and queued.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::entry::NewEntry;
use super::error::QueueError;
use super::event_queue::EventQueue;
use super::gathered::Gathered;
use super::refusals::Refusals;
use super::token_bucket::TokenBucket;
use crate::application::clock::Clock;
use crate::legacy::counted::counted;
use crate::legacy::definition::RateLimit;
use crate::legacy::occurrence::{Occurrence, OccurrenceSink};
use crate::legacy::outage::Outage;
use crate::legacy::registry::Registry;

/// As many windows are open at once: where more would be, the one that ends first ends early.
const MOST_WINDOWS: usize = 10_000;
/// After how long the limit of a definition is read again.
const READ_AGAIN: Duration = Duration::from_secs(1);
/// After how long the queue is tried again that could not be written.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// Gathers occurrences. The first one of a definition and a path opens a window; what comes of them until it ends is merged into it.
/// At its end, one entry takes one token of its definition, or is refused: then it is counted, told at most once a
/// minute, and kept as `rate_limited`.
///
/// It has no thread of its own: [`tick`](Self::tick) ends the windows whose time is over. What is in an open window is not
/// accepted yet: a crash loses it, and [`flush`](Self::flush) does not. The buckets are full when a process begins.
pub struct BatchWindow {
    queue: Arc<EventQueue>,
    registry: Arc<Registry>,
    clock: Arc<dyn Clock + Send + Sync>,
    state: Mutex<State>,
    unwritten: Outage,
    unread: Outage,
}

/// The end of a window by the clock that is never set back, and the order in which it was opened.
type Place = (Duration, u64);
/// Definition and path.
type Key = (String, Option<String>);

#[derive(Default)]
struct State {
    windows: BTreeMap<Place, Window>,
    places: HashMap<Key, Place>,
    opened: u64,
    limits: HashMap<String, Limit>,
    /// The queue could not be written: it is tried again then, by the clock that is never set back.
    again: Duration,
}

struct Window {
    key: Key,
    gathered: Gathered,
    limit: RateLimit,
    /// A token was asked for; it is not again where the entry could not be written.
    was_asked: bool,
    /// There was one.
    has_token: bool,
}

/// What is known of one definition.
#[derive(Default)]
struct Limit {
    /// As it was read last; `None` where the definition is disabled.
    rate: Option<RateLimit>,
    /// When it was, by the clock that is never set back.
    read: Duration,
    /// Made with the first token that is asked for.
    bucket: Option<TokenBucket>,
    refusals: Refusals,
}

impl BatchWindow {
    /// Gathers for this queue, as the definitions of this registry say.
    pub fn new(queue: Arc<EventQueue>, registry: Arc<Registry>, clock: Arc<dyn Clock + Send + Sync>) -> Self {
        let unwritten = Outage::new(
            "the queue cannot be written; what is noticed stays in memory, and is tried again every second",
            "the queue is written again",
        );
        let unread = Outage::new(
            "limits stay as they were read, since the definitions cannot be",
            "the definitions are read again",
        );
        Self { queue, registry, clock, state: Mutex::default(), unwritten, unread }
    }

    /// Ends the windows whose time is over. It costs next to nothing where there are none.
    pub fn tick(&self) {
        self.end_windows(self.clock.elapsed());
        let now = self.clock.elapsed();
        for (id, limit) in &mut self.state().limits {
            limit.refusals.tell(id, now);
        }
    }

    /// Ends all windows, for the end of the process. Answers how many occurrences the queue could not take.
    pub fn flush(&self) -> u64 {
        self.state().again = Duration::ZERO;
        self.end_windows(Duration::MAX);
        let mut state = self.state();
        for (id, limit) in &mut state.limits {
            limit.refusals.tell_rest(id);
        }
        let left: u64 = state.windows.values().map(|window| window.gathered.count()).sum();
        if left > 0 {
            let left = counted(left, "occurrence");
            tracing::error!(
                "[EventDispatcher] {left} could not be written to the queue before the end: lost"
            );
        }
        left
    }

    /// How many entries of a definition were refused since the process began.
    pub fn refused(&self, definition_id: &str) -> u64 {
        self.state().limits.get(definition_id).map_or(0, |limit| limit.refusals.count())
    }

    /// The limit of a definition, read at most once a second, so that a flood does not wait for a file; `None` where it is
    /// disabled.
    fn rate_limit(&self, definition_id: &str, now: Duration) -> Option<RateLimit> {
        let known = self.state().limits.get(definition_id).map(|limit| (limit.rate, limit.read));
        if let Some((rate, read)) = known
            && now.saturating_sub(read) < READ_AGAIN
        {
            return rate;
        }
        let found = self.registry.get(definition_id);
        if found.is_ok() {
            self.unread.is_over(now);
        }
        let rate = match found {
            Ok(Some(definition)) => definition.is_enabled.then_some(definition.rate_limit),
            // A watcher of others, whose definition is not there; its entries fail visibly.
            Ok(None) => Some(RateLimit::default()),
            Err(error) => {
                self.unread.has_failed(&error, now);
                known.map_or_else(|| Some(RateLimit::default()), |(rate, _)| rate)
            }
        };
        let mut state = self.state();
        let limit = state.limits.entry(definition_id.to_owned()).or_default();
        (limit.rate, limit.read) = (rate, now);
        rate
    }

    /// Ends what ends until then, the first first. The queue is written to while other occurrences can be gathered. Where that
    /// fails, all that is left waits.
    fn end_windows(&self, until: Duration) {
        loop {
            let mut state = self.state();
            if self.clock.elapsed() < state.again {
                return;
            }
            let Some((place, window)) = state.take_first(|end| end <= until) else { return };
            let window = state.with_token(window, self.clock.elapsed());
            drop(state);
            match self.end(&window) {
                Ok(()) => self.unwritten.is_over(self.clock.elapsed()),
                Err(error) => {
                    let now = self.clock.elapsed();
                    self.unwritten.has_failed(&error, now);
                    let mut state = self.state();
                    state.again = now.saturating_add(TRY_AGAIN);
                    state.put_back(place, window);
                    return;
                }
            }
        }
    }

    /// Queues what a window has gathered, or keeps it as refused.
    fn end(&self, window: &Window) -> Result<(), QueueError> {
        let (definition_id, event_type) = window.gathered.names();
        let new = NewEntry { definition_id, event_type, data: window.gathered.data(), priority: None };
        let at = window.gathered.began();
        if window.has_token { self.queue.push_at(new, at).map(drop) } else { self.queue.refuse_at(new, at) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OccurrenceSink for BatchWindow {
    fn occurred(&self, occurrence: Occurrence) {
        let key = (occurrence.definition_id.clone(), Gathered::path_of(&occurrence));
        if self.state().merge(&key, &occurrence) {
            return;
        }
        let now = self.clock.elapsed();
        let Some(limit) = self.rate_limit(&key.0, now) else {
            tracing::debug!("[EventDispatcher] {}: not queued, as it is disabled", key.0);
            return;
        };
        let mut state = self.state();
        // Another thread may have opened it meanwhile.
        if !state.merge(&key, &occurrence) {
            let window = Window {
                key,
                gathered: Gathered::new(occurrence),
                limit,
                was_asked: false,
                has_token: false,
            };
            state.open(window, now.saturating_add(limit.batch_window));
        }
        let early = if state.windows.len() > MOST_WINDOWS { state.first_end() } else { None };
        drop(state);
        if limit.batch_window.is_zero() || early.is_some() {
            self.end_windows(early.unwrap_or(now));
        }
    }
}

impl State {
    fn merge(&mut self, key: &Key, occurrence: &Occurrence) -> bool {
        let window = self.places.get(key).and_then(|place| self.windows.get_mut(place));
        window.map(|window| window.gathered.merge(occurrence)).is_some()
    }

    fn open(&mut self, window: Window, end: Duration) {
        let place = (end, self.opened);
        self.opened += 1;
        self.put_back(place, window);
    }

    fn put_back(&mut self, place: Place, window: Window) {
        // One that is tried again may find that another one was opened meanwhile.
        self.places.entry(window.key.clone()).or_insert(place);
        self.windows.insert(place, window);
    }

    fn first_end(&self) -> Option<Duration> {
        self.windows.keys().next().map(|(end, _)| *end)
    }

    /// Takes the window out that ends first, where its end is one of those.
    fn take_first(&mut self, is_over: impl Fn(Duration) -> bool) -> Option<(Place, Window)> {
        let end = self.first_end().filter(|end| is_over(*end));
        end?;
        let (place, window) = self.windows.pop_first()?;
        if self.places.get(&window.key) == Some(&place) {
            self.places.remove(&window.key);
        }
        Some((place, window))
    }

    /// Takes a token for it, or counts it as refused.
    fn with_token(&mut self, mut window: Window, now: Duration) -> Window {
        if window.was_asked {
            return window;
        }
        let most = window.limit.max_per_minute;
        let limit = self.limits.entry(window.key.0.clone()).or_default();
        window.was_asked = true;
        window.has_token = limit.bucket.get_or_insert_with(|| TokenBucket::full(most, now)).take(most, now);
        if !window.has_token {
            limit.refusals.add(&window.key.0, most, now);
        }
        window
    }
}
