//! How long a caller waits for the mirror, and that the secondary never changes what the primary answers.

use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use tracing::Level;

use super::doubles::*;
use crate::application::clock::Clock;
use crate::domain::value_objects::{Position, StreamId};
use crate::legacy::routing::mirror_state::MirrorState;
use crate::legacy::routing::{MirrorOutcome, RouterSettings};

const SHORT: Duration = Duration::from_millis(20);

fn start(world: &World, use_new: bool, secondary_timeout: Duration) -> Process {
    let settings = RouterSettings { secondary_timeout, ..RouterSettings::default() };
    world.try_start(routing(use_new, true), settings).unwrap()
}

/// The part of a process that its mirror needs, and its primary does not.
fn secondary(use_new: bool) -> Part {
    if use_new { Part::LegacyWrite } else { Part::New }
}

#[test]
fn a_secondary_that_hangs_is_waited_for_once_and_the_primary_answers_as_before() {
    for use_new in [true, false] {
        let world = World::default();
        let process = start(&world, use_new, SHORT);
        process.faults.set(secondary(use_new), Some(Fault::Hangs));
        assert!(matches!(process.dispatch("e1").unwrap().mirror, Some(MirrorOutcome::Queued { .. })));
        let began = Instant::now();
        for number in 0..100 {
            let routed = process.dispatch(&format!("h{number}")).unwrap();
            assert!(routed.succeeded());
            assert!(matches!(routed.mirror, Some(MirrorOutcome::Queued { behind }) if behind > number));
        }
        assert!(began.elapsed() < 100 * SHORT, "none of them has waited");
        assert!(process.router.mirrors()[0].behind > 100);
        process.faults.set(secondary(use_new), None);
        wait_until("the mirror has caught up", || process.router.mirrors()[0].behind == 0);
        assert_eq!(world.legacy_ids(), world.new_ids());
        assert_eq!(world.legacy_ids().len(), 101);
    }
}

#[test]
fn a_mirror_that_has_caught_up_is_waited_for_again() {
    for use_new in [true, false] {
        let world = World::default();
        let process = start(&world, use_new, SHORT);
        process.faults.set(secondary(use_new), Some(Fault::Hangs));
        process.dispatch("e1").unwrap();
        process.faults.set(secondary(use_new), None);
        let next = std::cell::Cell::new(1);
        wait_until("it has caught up and is waited for", || {
            next.set(next.get() + 1);
            process.dispatch(&format!("e{}", next.get())).unwrap().mirror == Some(MirrorOutcome::Done)
        });
    }
}

#[test]
fn a_secondary_that_fails_is_trouble_that_is_answered_at_once_and_the_mirror_catches_up_after_it() {
    for use_new in [true, false] {
        let clock = Arc::new(SetClock::default());
        let world = World { clock: Arc::clone(&clock) as _, ..World::default() };
        let process = start(&world, use_new, LONG);
        process.faults.set(secondary(use_new), Some(Fault::Fails("no space left on device")));
        let began = Instant::now();
        for number in 0..10 {
            let routed = process.dispatch(&format!("e{number}")).unwrap();
            let Some(MirrorOutcome::Trouble(trouble)) = routed.mirror else { panic!("{:?}", routed.mirror) };
            assert!(trouble.reason.contains("no space left on device"), "{}", trouble.reason);
            assert_eq!(trouble.since, clock.now(), "since it began");
        }
        assert!(began.elapsed() < LONG);
        assert!(process.router.mirrors()[0].trouble.is_some());
        process.faults.set(secondary(use_new), None);
        process.dispatch("last").unwrap();
        wait_until("the mirror has caught up", || {
            clock.advance(Duration::from_secs(1));
            process.router.mirrors()[0].behind == 0 && process.router.mirrors()[0].trouble.is_none()
        });
        assert_eq!(world.legacy_ids(), world.new_ids());
        assert_eq!(world.legacy_ids().len(), 11);
    }
}

#[test]
fn a_pause_is_over_by_the_clock_which_each_event_has_looked_at() {
    let (clock, state) = (SetClock::default(), MirrorState::new("legacy_mirror", 10));
    std::thread::scope(|scope| {
        let paused = scope.spawn(|| state.pause(Duration::from_secs(3_600), &clock));
        wait_until("the pause is over", || {
            clock.advance(Duration::from_secs(1_000));
            state.give(None);
            paused.is_finished()
        });
    });
}

#[test]
fn a_side_that_cannot_be_opened_keeps_no_event_from_the_primary() {
    for use_new in [true, false] {
        let world = World::default();
        let process = start(&world, use_new, SHORT);
        let part = if use_new { Part::Legacy } else { Part::New };
        process.faults.set(part, Some(Fault::Hangs));
        assert!(process.dispatch("e1").unwrap().succeeded());
        process.faults.set(part, None);
        wait_until("the mirror has caught up", || world.legacy_ids() == world.new_ids());
    }
}

#[test]
fn a_primary_that_fails_is_the_answer_and_nothing_is_mirrored() {
    for (use_new, part) in [(true, Part::New), (false, Part::LegacyWrite)] {
        let world = World::default();
        let process = start(&world, use_new, SHORT);
        process.faults.set(part, Some(Fault::Fails("no space left on device")));
        assert!(process.dispatch("e1").is_err());
        process.faults.set(part, None);
        process.dispatch("e2").unwrap();
        wait_until("the mirror has caught up", || {
            !world.new_ids().is_empty() && !world.legacy_ids().is_empty()
        });
        process.end();
        assert_eq!((world.legacy_ids(), world.new_ids()), (vec!["e2".to_owned()], vec!["e2".to_owned()]));
    }
}

#[test]
fn shutting_down_does_not_wait_for_a_secondary_that_hangs() {
    let world = World::default();
    let process = start(&world, true, SHORT);
    process.faults.set(Part::LegacyWrite, Some(Fault::Hangs));
    process.dispatch("e1").unwrap();
    let began = Instant::now();
    assert!(!process.router.shut_down(Duration::from_millis(50)), "its thread has not ended");
    assert!(began.elapsed() < LONG);
    process.faults.set(Part::LegacyWrite, None);
}

/// What is logged while `work` runs.
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
    fn dispatch(log: Log) -> tracing::Dispatch {
        let lines =
            tracing_subscriber::fmt().with_max_level(Level::DEBUG).with_ansi(false).with_target(false);
        tracing::Dispatch::new(lines.without_time().with_writer(move || log.clone()).finish())
    }
    // While one subscriber is alive alone, a test on another thread, which has none, can have a line disabled for all threads.
    static ANOTHER: LazyLock<tracing::Dispatch> = LazyLock::new(|| dispatch(Log::default()));
    LazyLock::force(&ANOTHER);
    let log = Log::default();
    tracing::dispatcher::with_default(&dispatch(log.clone()), work);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    text.lines().map(|line| line.trim().to_owned()).collect()
}

#[test]
fn trouble_is_logged_once_when_it_begins_and_once_when_it_ends() {
    let clock = SetClock::default();
    let lines = logged(|| {
        let state = MirrorState::new("legacy_mirror", 10);
        for reason in ["no space", "no space", "another reason"] {
            state.set_trouble(reason, clock.now());
        }
        state.clear_trouble();
        state.clear_trouble();
    });
    assert_eq!(lines, ["ERROR legacy_mirror does not go on for now: no space", "INFO legacy_mirror goes on"]);
}

#[test]
fn a_mirror_that_is_far_behind_is_warned_of_once_until_it_has_caught_up() {
    let lines = logged(|| {
        let state = MirrorState::new("legacy_mirror", 3);
        for _ in 0..8 {
            state.give(None);
        }
        state.set_mirrored(&StreamId::single(), Position::new(1), 7);
        (0..3).for_each(|_| state.give(None));
    });
    assert_eq!(lines, ["WARN legacy_mirror is 4 events behind, more than parallel.behind_warn (3)"]);
    let again = logged(|| {
        let state = MirrorState::new("legacy_mirror", 1);
        for _ in 0..2 {
            state.give(None);
            state.give(None);
            let (_, given) = state.take_news();
            state.set_caught_up(given);
        }
    });
    assert_eq!(again.len(), 2, "{again:?}");
}

#[test]
fn a_mirror_of_which_not_all_events_were_counted_is_behind_until_it_has_caught_up() {
    let state = MirrorState::new("legacy_mirror", 100);
    state.start();
    let behind = || state.status().unwrap().behind;
    state.set_behind(7, true);
    state.set_mirrored(&StreamId::single(), Position::new(7), 7);
    assert_eq!(behind(), 1);

    let (_, given) = state.take_news();
    state.set_caught_up(given);
    assert_eq!(behind(), 0);
}

#[test]
fn a_mirror_that_was_given_an_event_since_its_events_were_counted_is_behind() {
    let state = MirrorState::new("legacy_mirror", 100);
    state.start();
    state.give(None);
    // They were counted before the event was stored.
    state.set_behind(0, false);
    assert_eq!(state.status().unwrap().behind, 1);
}
