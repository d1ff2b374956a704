//! What a caller is answered, and what is logged.

use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use tracing::Level;

use super::doubles::*;
use crate::application::dispatch::*;
use crate::application::handling::{
    EventHandler, EventTypes, Handled, HandlerContext, HandlerError, HandlerKind, Outcome, Registration,
    RetryPolicy, StartFrom,
};
use crate::domain::repository::StoredEvent;
use crate::infrastructure::memory::InMemoryEventRepository;
use crate::wire::zone::Zone;

fn memory() -> Arc<InMemoryEventRepository> {
    Arc::new(InMemoryEventRepository::new(Zone::utc()))
}

fn over(store: &Arc<InMemoryEventRepository>) -> EventDispatcherService {
    dispatcher_with(Arc::clone(store) as _, Box::new(()), LONG)
}

#[test]
fn an_event_that_is_dispatched_again_is_where_it_was() {
    let dispatcher = over(&memory());
    let first = dispatcher.dispatch(event("e1")).unwrap();
    let again = dispatcher.dispatch(event("e1")).unwrap();
    assert_eq!((first.position, first.already_stored), (again.position, false));
    assert!(again.already_stored);
    assert_eq!(again.event_id.as_str(), "e1");
}

#[test]
fn a_dispatch_without_handlers_succeeds() {
    let dispatched = over(&memory()).dispatch(event("e1")).unwrap();
    assert!(dispatched.succeeded() && dispatched.handlers.is_empty());
}

#[test]
fn a_dispatch_succeeds_where_every_handler_is_done() {
    let mut dispatched = over(&memory()).dispatch(event("e1")).unwrap();
    dispatched.handlers = vec![("one".to_owned(), Outcome::Done), ("other".to_owned(), Outcome::Done)];
    assert!(dispatched.succeeded());
    for outcome in [Outcome::Waiting, Outcome::Behind { events: 1 }, Outcome::Parked { error: String::new() }]
    {
        dispatched.handlers[1].1 = outcome;
        assert!(!dispatched.succeeded(), "{dispatched:?}");
    }
}

#[test]
fn an_answer_comes_in_steps_where_it_is_not_waited_for() {
    let dispatcher = over(&memory());
    let stored = dispatcher.dispatch_async(event("e1")).unwrap().stored().unwrap();
    assert_eq!((stored.event_id().as_str(), stored.saved().position.get()), ("e1", 1));
    assert_eq!(stored.handled().position.get(), 1);
}

#[test]
fn the_history_is_of_all_sessions_newest_first() {
    let store = memory();
    for id in ["e1", "e2", "e3"] {
        over(&store).dispatch(event(id)).unwrap();
    }
    let history = over(&store).get_event_history(2).unwrap();
    let ids: Vec<&str> = history.iter().map(|stored| stored.event.event_id().as_str()).collect();
    assert_eq!(ids, ["e3", "e2"]);
}

struct Named(&'static str);

impl EventHandler for Named {
    fn name(&self) -> &str {
        self.0
    }

    fn handle(&self, _: &StoredEvent, _: &mut HandlerContext<'_>) -> Result<Handled, HandlerError> {
        Ok(Handled::Done)
    }
}

#[test]
fn handlers_are_listed_by_type_in_the_order_in_which_they_were_registered() {
    let dispatcher = over(&memory());
    dispatcher.register_handler("TaskDeleted", Arc::new(Named("clean_up"))).unwrap();
    dispatcher
        .register(Registration {
            handler: Arc::new(Named("mirror")),
            event_types: EventTypes::All,
            kind: HandlerKind::Effect,
            start: StartFrom::Now,
            retry: RetryPolicy::default(),
            version: 1,
            intervals: Vec::new(),
        })
        .unwrap();
    dispatcher.register_handler("TaskCreated", Arc::new(Named("notify"))).unwrap();
    let handlers = dispatcher.handlers();
    let handlers: Vec<(&str, String)> =
        handlers.iter().map(|(event_type, names)| (event_type.as_str(), names.join(" "))).collect();
    let expected = [("TaskCreated", "mirror notify"), ("TaskDeleted", "clean_up mirror"), ("all", "mirror")];
    assert_eq!(handlers, expected.map(|(event_type, names)| (event_type, names.to_owned())));
}

/// A dispatcher whose store takes so long, by its clock.
fn taking(milliseconds: u64) -> EventDispatcherService {
    let clock = Arc::new(SetClock::default());
    let store = {
        let clock = Arc::clone(&clock);
        Arc::new(Store::with(move |_| clock.advance(Duration::from_millis(milliseconds))))
    };
    let settings = DispatchSettings { wait_for_handlers: Duration::ZERO, ..DispatchSettings::default() };
    let ports = DispatchPorts { turn: Box::new(()), clock };
    EventDispatcherService::new(Arc::clone(&store) as _, runner(store), ports, settings)
}

#[test]
fn the_answer_says_where_the_time_went() {
    let timing = taking(7).dispatch(event("e1")).unwrap().timing;
    assert_eq!((timing.stored, timing.total()), (Duration::from_millis(7), Duration::from_millis(7)));
    assert_eq!(timing.queued, 0);
}

/// What is logged while `work` runs, a line each.
fn logged(work: impl FnOnce()) -> Vec<String> {
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);
    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let subscriber = |log: Log| {
        let lines =
            tracing_subscriber::fmt().with_max_level(Level::DEBUG).with_ansi(false).with_target(false);
        tracing::Dispatch::new(lines.without_time().with_writer(move || log.clone()).finish())
    };
    // While one subscriber is alive alone, a test on another thread, which has none, can have a line disabled for all
    // threads.
    static ANOTHER: LazyLock<tracing::Dispatch> = LazyLock::new(|| {
        tracing::Dispatch::new(
            tracing_subscriber::fmt().with_max_level(Level::DEBUG).with_writer(std::io::sink).finish(),
        )
    });
    LazyLock::force(&ANOTHER);
    let log = Log::default();
    tracing::dispatcher::with_default(&subscriber(log.clone()), work);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    text.lines().map(|line| line.trim_start().to_owned()).collect()
}

#[test]
fn entry_exit_and_slowness_are_logged_in_the_words_of_the_original() {
    let fast = logged(|| drop(taking(10).dispatch(event("e1")).unwrap()));
    assert_eq!(
        fast,
        [
            "DEBUG [EventDispatcherService] Executing dispatch: event_id=e1",
            "DEBUG [EventDispatcherService] Completed dispatch: success=true",
        ]
    );
    let slow = logged(|| drop(taking(12).dispatch(event("e1")).unwrap()));
    assert_eq!(
        slow[2..],
        [
            "WARN [EventDispatcherService] PERFORMANCE WARNING: Dispatch took 12.0ms (waited 0.0, stored 12.0, handled 0.0)"
        ]
    );
}

#[test]
fn the_exit_of_a_dispatch_that_failed_is_logged_as_well() {
    let lines = logged(|| drop(taking(0).dispatch(event("bad"))));
    assert_eq!(lines[1..], ["DEBUG [EventDispatcherService] Completed dispatch: success=false"]);
    let lines = logged(|| {
        let dispatcher = taking(0);
        dispatcher.shut_down(LONG);
        drop(dispatcher.dispatch(event("e1")));
    });
    assert_eq!(lines[1..], ["DEBUG [EventDispatcherService] Completed dispatch: success=false"]);
}
