//! The threads of a runner, with the real time that threads need: each wait ends as soon as what it waits for is there.

use std::sync::atomic::Ordering;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use super::doubles::{BusyStore, Ending, effect, of_type, projection};
use super::*;
use crate::application::handling::runner::{Outcome, Runner, RunnerSettings};

/// More than a loaded machine needs.
const PATIENCE: Duration = Duration::from_secs(30);

struct RealClock(Instant);

impl Clock for RealClock {
    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        chrono::Utc::now()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn wait(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

fn runner(setting: &Setting, look_again: Duration) -> Runner {
    let events = Arc::clone(&setting.events) as Arc<dyn EventRepository>;
    let settings = RunnerSettings { page: PAGE, look_again };
    Runner::new(events, Arc::clone(&setting.store), Arc::new(RealClock(Instant::now())), settings)
}

/// Never, as far as a test lasts.
const NEVER: Duration = Duration::from_secs(1_000_000);

#[test]
fn a_saved_event_is_handled_at_once_by_the_handlers_of_its_type_in_order_of_registration() {
    let (setting, tasks, mail) = (Setting::new(), Recorder::new("tasks"), Recorder::new("mail"));
    let other = Recorder::new("other");
    let runner = runner(&setting, NEVER);
    runner.register(projection(&tasks)).unwrap();
    runner.register(of_type("Other", projection(&other))).unwrap();
    runner.register(effect(&mail)).unwrap();
    for number in 1..=5 {
        let position = setting.events.append(1, &format!("e{number}"), "TaskCreated", None);
        runner.saved(&[position]);
        let outcomes = runner.outcomes("TaskCreated", position, PATIENCE);
        assert_eq!(outcomes, [("tasks".to_owned(), Outcome::Done), ("mail".to_owned(), Outcome::Done)]);
    }
    assert!(runner.shut_down(PATIENCE));
    assert_eq!((setting.handled("tasks", 1), setting.handled("mail", 1)), (ids(1..=5), ids(1..=5)));
}

#[test]
fn outcomes_say_what_failed_what_is_parked_and_what_waits() {
    let (setting, tasks, mail) = (Setting::new(), Recorder::new("tasks"), Recorder::new("mail"));
    let runner = runner(&setting, NEVER);
    runner.register(projection(&tasks)).unwrap();
    runner.register(effect(&mail)).unwrap();
    tasks.fail("e1", &[Ending::Transient; 4]);
    mail.fail("e1", &[Ending::Permanent]);
    let first = setting.events.append(1, "e1", "TaskCreated", Some("A"));
    let second = setting.events.append(1, "e2", "TaskCreated", Some("A"));
    runner.saved(&[first, second]);
    let outcomes = runner.outcomes("TaskCreated", first, PATIENCE);
    assert!(matches!(&outcomes[0].1, Outcome::Failed { error, .. } if error.ends_with("the server is away")));
    assert!(matches!(&outcomes[1].1, Outcome::Parked { error } if error.ends_with("the field is missing")));
    let outcomes = runner.outcomes("TaskCreated", second, PATIENCE);
    assert_eq!((&outcomes[0].1, &outcomes[1].1), (&Outcome::Waiting, &Outcome::Waiting));
    assert!(runner.shut_down(PATIENCE));
}

#[test]
fn patience_ends_and_a_handler_that_does_not_run_is_not_waited_for() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    setting.process(&[projection(&tasks)]);
    setting.operations(&[projection(&tasks)]).pause("tasks").unwrap();
    let runner = runner(&setting, Duration::from_millis(1));
    runner.register(projection(&tasks)).unwrap();
    let position = setting.events.append(1, "e1", "TaskCreated", None);
    runner.saved(&[position]);
    let behind = [("tasks".to_owned(), Outcome::Behind { events: 1 })];
    assert_eq!(runner.outcomes("TaskCreated", position, Duration::ZERO), behind);
    let begun = Instant::now();
    assert_eq!(runner.outcomes("TaskCreated", position, PATIENCE), behind);
    assert!(begun.elapsed() < PATIENCE);
    setting.operations(&[projection(&tasks)]).resume("tasks", false).unwrap();
    while runner.outcomes("TaskCreated", position, PATIENCE)[0].1 != Outcome::Done {
        assert!(begun.elapsed() < PATIENCE);
    }
}

#[test]
fn of_an_event_that_no_handler_is_given_the_store_is_not_asked() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    let runner = runner(&setting, NEVER);
    runner.register(of_type("TaskCreated", projection(&tasks))).unwrap();
    let position = setting.events.append(1, "e1", "Other", None);
    setting.events.failing_reads.store(1, Ordering::SeqCst);
    assert_eq!(runner.outcomes("Other", position, PATIENCE), []);
    assert_eq!(setting.events.failing_reads.load(Ordering::SeqCst), 1);
}

#[test]
fn what_is_held_for_an_event_is_dropped_once_its_handlers_have_passed_it() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    let runner = runner(&setting, NEVER);
    runner.register(of_type("TaskCreated", projection(&tasks))).unwrap();
    let (held, dropped) = std::sync::mpsc::channel::<()>();
    let hold = |event_type: &str, position| {
        runner.hold_until_passed(event_type, position, Box::new(held.clone()));
    };
    let position = setting.events.append(1, "e1", "TaskCreated", None);
    let other = setting.events.append(1, "e2", "Other", None);
    hold("TaskCreated", position);
    hold("Other", other);
    drop(held);
    assert_eq!(dropped.recv_timeout(Duration::from_millis(5)), Err(RecvTimeoutError::Timeout));
    runner.saved(&[position]);
    assert_eq!(dropped.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected));
    assert_eq!(setting.handled("tasks", 1), ids(1..=1));
}

#[test]
fn what_is_held_for_an_event_that_is_not_handled_is_dropped_at_the_end() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    let runner = runner(&setting, NEVER);
    runner.register(projection(&tasks)).unwrap();
    let position = setting.events.append(1, "e1", "TaskCreated", None);
    let (held, dropped) = std::sync::mpsc::channel::<()>();
    runner.hold_until_passed("TaskCreated", position, Box::new(held.clone()));
    assert!(runner.shut_down(PATIENCE));
    runner.hold_until_passed("TaskCreated", position, Box::new(held));
    assert_eq!(dropped.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected));
}

#[test]
fn events_of_other_processes_are_found_without_a_word() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    let runner = runner(&setting, Duration::from_millis(1));
    runner.register(projection(&tasks)).unwrap();
    let position = setting.events.append(3, "e1", "TaskCreated", None);
    assert_eq!(runner.outcomes("TaskCreated", position, PATIENCE)[0].1, Outcome::Done);
}

#[test]
fn the_outcome_of_an_effect_that_another_process_runs_is_waited_for() {
    let (setting, mail) = (Setting::new(), Recorder::new("mail"));
    let mut other = setting.process(&[effect(&mail)]);
    other.look().unwrap();
    let runner = runner(&setting, Duration::from_millis(1));
    runner.register(effect(&mail)).unwrap();
    let position = setting.events.append(1, "e1", "TaskCreated", None);
    runner.saved(&[position]);
    let begun = Instant::now();
    let outcome = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| runner.outcomes("TaskCreated", position, PATIENCE));
        std::thread::sleep(Duration::from_millis(20));
        other.catch_up();
        waiting.join().unwrap()
    });
    assert_eq!(outcome[0].1, Outcome::Done);
    assert!(begun.elapsed() < PATIENCE);
    assert_eq!(mail.attempts().len(), 1);
}

#[test]
fn a_thread_outlives_errors_of_both_stores_and_says_them_meanwhile() {
    let busy = BusyStore::default();
    let setting = Setting::with(busy.store.clone(), Arc::new(busy.clone()));
    let tasks = Recorder::new("tasks");
    let runner = runner(&setting, NEVER);
    runner.register(projection(&tasks)).unwrap();
    let first = setting.events.append(1, "e1", "TaskCreated", None);
    runner.saved(&[first]);
    assert_eq!(runner.outcomes("TaskCreated", first, PATIENCE)[0].1, Outcome::Done);
    busy.busy.store(1_000_000, Ordering::SeqCst);
    let second = setting.events.append(1, "e2", "TaskCreated", None);
    runner.saved(&[second]);
    let begun = Instant::now();
    while runner.troubles().is_empty() {
        assert!(begun.elapsed() < PATIENCE);
        std::thread::yield_now();
    }
    assert_eq!(
        runner.troubles(),
        [(
            "tasks".to_owned(),
            "could not begin a transaction: the handler store is busy: it is locked".to_owned()
        )]
    );
    // Long enough for further attempts: what is wrong is said until it is over.
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(runner.troubles().len(), 1);
    let asked = Instant::now();
    assert_eq!(runner.outcomes("TaskCreated", second, PATIENCE)[0].1, Outcome::Behind { events: 1 });
    assert!(asked.elapsed() < PATIENCE, "the event is not waited for");
    busy.busy.store(0, Ordering::SeqCst);
    setting.events.failing_reads.store(2, Ordering::SeqCst);
    while runner.outcomes("TaskCreated", second, PATIENCE)[0].1 != Outcome::Done {
        assert!(begun.elapsed() < PATIENCE);
    }
    assert!(runner.shut_down(PATIENCE));
    assert_eq!(runner.troubles(), []);
    assert_eq!(setting.handled("tasks", 1), ids(1..=2));
}

#[test]
fn two_runners_on_one_store_handle_everything_once() {
    let (setting, tasks, mail) = (Setting::new(), Recorder::new("tasks"), Recorder::new("mail"));
    let runners = [runner(&setting, Duration::from_millis(1)), runner(&setting, Duration::from_millis(1))];
    for runner in &runners {
        runner.register(projection(&tasks)).unwrap();
        runner.register(effect(&mail)).unwrap();
    }
    let mut last = None;
    for number in 1..=200 {
        let position = setting.events.append(number / 50, &format!("e{number}"), "TaskCreated", None);
        runners[number as usize % 2].saved(&[position]);
        last = Some(position);
    }
    for runner in &runners {
        let outcomes = runner.outcomes("TaskCreated", last.unwrap(), PATIENCE);
        assert!(outcomes.iter().all(|(_, outcome)| *outcome == Outcome::Done), "{outcomes:?}");
    }
    assert!(runners.iter().all(|runner| runner.shut_down(PATIENCE)));
    let all = |handler| (0..=4).flat_map(|stream| setting.handled(handler, stream)).collect::<Vec<_>>();
    assert_eq!((all("tasks"), all("mail")), (ids(1..=200), ids(1..=200)));
    assert_eq!((tasks.attempts().len(), mail.attempts().len()), (200, 200));
}

#[test]
fn a_handler_that_is_registered_for_further_types_is_given_what_was_stored_before() {
    let (setting, tasks, mail) = (Setting::new(), Recorder::new("tasks"), Recorder::new("mail"));
    setting.process(&[effect(&mail)]).catch_up();
    let first = setting.events.append(1, "e1", "TaskCreated", None);
    let second = setting.events.append(1, "e2", "TaskDeleted", None);
    let runner = runner(&setting, NEVER);
    for event_type in ["TaskCreated", "TaskDeleted"] {
        runner.register(of_type(event_type, projection(&tasks))).unwrap();
        runner.register(of_type(event_type, effect(&mail))).unwrap();
        // Time in which a thread that does not wait would pass the events by.
        std::thread::sleep(Duration::from_millis(20));
    }
    runner.saved(&[first, second]);
    for (event_type, position) in [("TaskCreated", first), ("TaskDeleted", second)] {
        let outcomes = runner.outcomes(event_type, position, PATIENCE);
        assert_eq!(outcomes, [("tasks".to_owned(), Outcome::Done), ("mail".to_owned(), Outcome::Done)]);
    }
    assert!(runner.shut_down(PATIENCE));
    assert_eq!((setting.handled("tasks", 1), setting.handled("mail", 1)), (ids(1..=2), ids(1..=2)));
    assert_eq!(runner.registrations().len(), 2);
}

#[test]
fn what_a_replay_has_handled_is_done() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    append_many(&setting, 2);
    setting.process(&[projection(&tasks)]).catch_up();
    let runner = runner(&setting, Duration::from_millis(1));
    runner.register(Registration { version: 2, ..projection(&tasks) }).unwrap();
    let last = setting.events.read_stream(&stream_id(1), None, 10).unwrap()[1].position;
    assert_eq!(runner.outcomes("TaskCreated", last, PATIENCE)[0].1, Outcome::Done);
    assert_eq!(setting.row("tasks").version, 2);
}

#[test]
fn a_name_is_registered_once() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    let runner = runner(&setting, NEVER);
    runner.register(projection(&tasks)).unwrap();
    let error = runner.register(effect(&tasks)).unwrap_err();
    assert_eq!(error.to_string(), "tasks cannot be registered: a handler of that name is registered");
    assert_eq!(runner.registrations().len(), 1);
}

#[test]
fn after_the_end_callers_wait_for_nothing() {
    let (setting, tasks) = (Setting::new(), Recorder::new("tasks"));
    let runner = runner(&setting, NEVER);
    runner.register(projection(&tasks)).unwrap();
    assert!(runner.shut_down(PATIENCE));
    let position = setting.events.append(1, "e1", "TaskCreated", None);
    let begun = Instant::now();
    assert_eq!(runner.outcomes("TaskCreated", position, PATIENCE)[0].1, Outcome::Behind { events: 1 });
    assert!(begun.elapsed() < PATIENCE);
}
