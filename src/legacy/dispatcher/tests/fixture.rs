//! A dispatcher in a folder of its own, with a clock in the hand of the test.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;

use super::super::{DispatcherSettings, EventDispatcher, LegacyFiles};
use crate::application::clock::Clock;
use crate::legacy::definition::{Definition, RateLimit, Schedule, Source, UnknownKeys};
use crate::legacy::handlers::{HandlerContext, HandlerLog, HandlerLogEntry, HandlerResult};
use crate::legacy::queue::{EventQueue, QueueEntry};

/// A clock that stands still until it is put forward.
pub struct ManualClock(Mutex<DateTime<Utc>>);

impl ManualClock {
    pub fn put_forward(&self, time: Duration) {
        *self.0.lock().unwrap() += TimeDelta::from_std(time).unwrap();
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }

    fn elapsed(&self) -> Duration {
        (self.now() - DateTime::UNIX_EPOCH).to_std().unwrap()
    }

    fn wait(&self, duration: Duration) {
        self.put_forward(duration);
    }
}

/// What a handler answers.
type Answer = fn() -> HandlerResult;

/// A folder, and what the handlers of its dispatcher were given.
pub struct Fixture {
    pub dir: TempDir,
    pub clock: Arc<ManualClock>,
    given: Arc<Mutex<Vec<String>>>,
}

impl Fixture {
    /// An empty folder, at 2025-10-25 10:00.
    pub fn new() -> Self {
        let clock = ManualClock(Mutex::new("2025-10-25T10:00:00Z".parse().unwrap()));
        Self { dir: tempfile::tempdir().unwrap(), clock: Arc::new(clock), given: Arc::default() }
    }

    pub fn files(&self) -> LegacyFiles {
        LegacyFiles::beside(&self.dir.path().join("events.json"), &self.dir.path().join("events"))
    }

    /// A dispatcher over the folder, with 2 retries after 60 seconds and the handlers `tests.done`, `tests.failing` and
    /// `tests.panicking`.
    pub fn dispatcher(&self) -> EventDispatcher {
        self.dispatcher_with(DispatcherSettings {
            max_retries: 2,
            retry_delay: Duration::from_secs(60),
            ..DispatcherSettings::default()
        })
    }

    pub fn dispatcher_with(&self, settings: DispatcherSettings) -> EventDispatcher {
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock + Send + Sync>;
        let dispatcher = EventDispatcher::open(self.files(), settings, clock).unwrap();
        let answers: [(&str, Answer); 3] = [
            ("tests.done", || HandlerResult::Success { output: "as it should be".to_owned() }),
            ("tests.failing", || HandlerResult::Failure { error: "out of paper".to_owned() }),
            ("tests.panicking", || panic!("out of ink")),
        ];
        for (name, answer) in answers {
            let given = Arc::clone(&self.given);
            dispatcher.register_handler(
                name,
                Arc::new(move |context: &HandlerContext| {
                    given.lock().unwrap().push(context.text("n").unwrap_or_default().to_owned());
                    answer()
                }),
            );
        }
        dispatcher
    }

    /// The member `n` of what handlers were given, in that order.
    pub fn given(&self) -> Vec<String> {
        self.given.lock().unwrap().clone()
    }

    /// The queue as other processes see it, with what is done.
    pub fn queue(&self) -> Vec<QueueEntry> {
        EventQueue::read(&self.files().queue()).unwrap().entries
    }

    pub fn handler_log(&self) -> Vec<HandlerLogEntry> {
        HandlerLog::new(self.files().handler_log()).entries().unwrap()
    }
}

/// A definition that is for that handler.
pub fn definition(id: &str, handler: &str) -> Definition {
    Definition {
        id: id.to_owned(),
        name: id.to_owned(),
        source: Source::Times(Schedule::Interval(Duration::from_secs(3_600))),
        handler: handler.to_owned(),
        is_enabled: true,
        rate_limit: RateLimit { batch_window: Duration::ZERO, ..RateLimit::default() },
        metadata: serde_json::Map::new(),
        unknown: UnknownKeys::default(),
    }
}

/// The text of an event of a definition.
pub fn event(definition_id: &str, n: &str, priority: i64) -> String {
    serde_json::json!({"definition_id": definition_id, "data": {"n": n}, "priority": priority}).to_string()
}

/// Waits until it is so, for half a minute at most.
pub fn until(is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < deadline, "it has not come to that");
        std::thread::sleep(Duration::from_millis(5));
    }
}
