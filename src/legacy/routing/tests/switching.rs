//! Switching between modes, at run time and from one process to the next.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use chrono::DateTime;

use super::doubles::*;
use crate::application::mode_log::ModeChange;
use crate::domain::event_system_mode::{EventSystemMode, Routing, Side};
use crate::domain::value_objects::{Position, StreamId};
use crate::legacy::routing::RouterSettings;

fn changes(world: &World) -> Vec<ModeChange> {
    world.modes.lock().unwrap().changes.clone()
}

fn caught_up(world: &World, process: &Process) {
    wait_until("the mirrors have caught up", || {
        process.router.mirrors().iter().all(|mirror| mirror.behind == 0 && mirror.trouble.is_none())
    });
    let _ = world;
}

#[test]
fn a_mode_is_recorded_where_it_differs_from_the_last_one_with_how_far_each_side_is() {
    let world = World::default();
    for mode in [routing(false, false), routing(false, false), routing(true, true), routing(true, false)] {
        let process = world.start(mode);
        process.dispatch(&format!("e{}", changes(&world).len())).unwrap();
        process.end();
    }
    let changes = changes(&world);
    let to: Vec<String> = changes.iter().map(|change| change.to.mode.to_string()).collect();
    assert_eq!(to, ["legacy_events", "parallel_events", "new_events"]);
    assert_eq!(changes[0].from, None);
    assert_eq!(changes[1].from.as_ref(), Some(&changes[0].to));
    assert!(changes[0].heads.is_empty() && changes[1].heads.is_empty());
    assert_eq!(changes[2].heads, [(StreamId::single(), Position::new(1))]);
    let legacy = world.legacy.lock().unwrap();
    let ends: Vec<Option<u64>> = changes.iter().map(|change| change.legacy_end).collect();
    assert_eq!(ends[0], Some(1));
    assert_eq!(ends[1], Some(legacy.records[1].place.end()));
}

#[test]
fn a_switch_sends_what_comes_after_it_the_other_way() {
    let world = World::default();
    let process = world.start(routing(false, false));
    let modes = [routing(true, false), routing(false, true), routing(true, true), routing(false, false)];
    let mut expected: (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for (number, mode) in modes.into_iter().cycle().take(12).enumerate() {
        process.router.switch(mode.clone()).unwrap();
        assert_eq!(process.router.routing(), mode);
        let id = format!("e{number}");
        assert_eq!(
            process.dispatch(&id).unwrap().primary(),
            if mode.answers(Side::New) { Side::New } else { Side::Legacy }
        );
        if mode.uses(Side::Legacy) {
            expected.0.push(id.clone());
        }
        if mode.uses(Side::New) {
            expected.1.push(id);
        }
    }
    caught_up(&world, &process);
    process.end();
    assert_eq!((world.legacy_ids(), world.new_ids()), expected);
}

#[test]
fn an_answer_that_is_asked_for_after_a_switch_has_the_mode_in_which_its_event_was_routed() {
    for use_new in [true, false] {
        let world = World::default();
        let process = world.start(routing(use_new, true));
        let pending = process.router.dispatch_async(event("e1")).unwrap();
        process.router.switch(routing(use_new, false)).unwrap();
        assert_eq!(pending.mode(), EventSystemMode::ParallelEvents);
        assert_eq!(pending.routed().unwrap().mode, EventSystemMode::ParallelEvents);
        assert_eq!(process.dispatch("e2").unwrap().mode, process.router.routing().mode);
        process.end();
    }
}

#[test]
fn switching_while_threads_dispatch_loses_and_doubles_nothing() {
    let world = World::default();
    let process = world.start(routing(true, true));
    let is_done = AtomicBool::new(false);
    let answers: Vec<(String, Side, bool)> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|thread| {
                let process = &process;
                scope.spawn(move || {
                    let dispatch = |number| {
                        let id = format!("{thread}-{number}");
                        let routed = if number % 3 == 0 {
                            process.router.dispatch_async(event(&id)).unwrap().routed().unwrap()
                        } else {
                            process.dispatch(&id).unwrap()
                        };
                        (id, routed.primary(), routed.mirror.is_some())
                    };
                    (0..60).map(dispatch).collect::<Vec<_>>()
                })
            })
            .collect();
        let switches = scope.spawn(|| {
            let modes =
                [routing(false, true), routing(true, false), routing(false, false), routing(true, true)];
            for mode in modes.into_iter().cycle() {
                if is_done.load(Ordering::SeqCst) {
                    return;
                }
                process.router.switch(mode).unwrap();
                thread::yield_now();
            }
        });
        let answers = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        is_done.store(true, Ordering::SeqCst);
        switches.join().unwrap();
        answers
    });
    caught_up(&world, &process);
    process.end();
    world.start(routing(true, true)).end();
    let (legacy, new) = (world.legacy_ids(), world.new_ids());
    for (id, primary, is_mirrored) in answers {
        let count = |ids: &[String]| ids.iter().filter(|other| **other == id).count();
        let expected = |side| usize::from(primary == side || is_mirrored);
        assert_eq!(
            (count(&legacy), count(&new)),
            (expected(Side::Legacy), expected(Side::New)),
            "{id} {primary} {is_mirrored}"
        );
    }
}

#[test]
fn a_switch_waits_for_an_event_of_which_nothing_awaits_the_answer() {
    let world = World::default();
    let process = world.start(routing(true, true));
    process.dispatch("e1").unwrap();
    process.faults.set(Part::New, Some(Fault::Hangs));
    drop(process.router.dispatch_async(event("e2")).unwrap());
    thread::scope(|scope| {
        let switch = scope.spawn(|| process.router.switch(routing(false, false)));
        thread::sleep(Duration::from_millis(20));
        assert!(!switch.is_finished());
        process.faults.set(Part::New, None);
        switch.join().unwrap().unwrap();
    });
    assert_eq!(changes(&world)[1].heads, [(StreamId::single(), Position::new(2))]);
    wait_until("it is mirrored", || world.legacy_ids() == ["e1", "e2"]);
}

#[test]
fn what_was_left_of_a_parallel_run_is_mirrored_in_any_mode_and_then_the_mirror_ends() {
    for (use_new, part) in [(true, Part::LegacyWrite), (false, Part::New)] {
        for next_mode in [routing(true, false), routing(false, false), routing(!use_new, true)] {
            let world = World::default();
            let settings = RouterSettings { secondary_timeout: Duration::ZERO, ..RouterSettings::default() };
            let process = world.try_start(routing(use_new, true), settings).unwrap();
            process.faults.set(part, Some(Fault::Fails("no space left on device")));
            process.dispatch("e1").unwrap();
            process.dispatch("e2").unwrap();
            process.kill();
            let next = world.start(next_mode.clone());
            wait_until("the rest is mirrored", || {
                world.legacy_ids() == ["e1", "e2"] && world.new_ids() == ["e1", "e2"]
            });
            let lasting = usize::from(next_mode.is_parallel());
            wait_until("the mirror ends", || next.router.mirrors().len() == lasting);
            next.end();
            assert_eq!((world.legacy_ids().len(), world.new_ids().len()), (2, 2), "{next_mode:?}");
        }
    }
}

#[test]
fn events_that_come_late_to_the_new_side_after_it_became_primary_do_not_go_back_to_the_legacy_side() {
    let world = World::default();
    let settings = RouterSettings { secondary_timeout: Duration::ZERO, ..RouterSettings::default() };
    let process = world.try_start(routing(false, true), settings).unwrap();
    process.faults.set(Part::New, Some(Fault::Fails("no space left on device")));
    for id in ["e1", "e2", "e3"] {
        process.dispatch(id).unwrap();
    }
    process.kill();
    let next = world.start(routing(true, true));
    next.dispatch("e4").unwrap();
    wait_until("both sides have all", || world.legacy_ids().len() >= 4 && world.new_ids().len() == 4);
    caught_up(&world, &next);
    next.end();
    world.start(routing(true, true)).end();
    assert_eq!(world.legacy_ids(), ["e1", "e2", "e3", "e4"]);
}

#[test]
fn a_rollback_works_while_the_new_side_is_gone_and_is_recorded_when_it_is_back() {
    let world = World::default();
    let process = world.start(routing(true, true));
    process.dispatch("e1").unwrap();
    process.end();
    let faults = std::sync::Arc::<Faults>::default();
    faults.set(Part::New, Some(Fault::Fails("the disk is gone")));
    let settings = RouterSettings { secondary_timeout: LONG, ..RouterSettings::default() };
    let router =
        crate::legacy::routing::Router::open(routing(false, false), world.ports(&faults), settings).unwrap();
    assert_eq!(router.dispatch(event("e2")).unwrap().primary(), Side::Legacy);
    router.seen().unwrap();
    assert_eq!(changes(&world).len(), 1, "the end of the parallel run is not known yet");
    faults.set(Part::New, None);
    router.seen().unwrap();
    let last = changes(&world).pop().unwrap();
    assert_eq!((last.to, last.heads), (routing(false, false), vec![(StreamId::single(), Position::new(1))]));
    assert!(router.shut_down(LONG));
    assert_eq!(world.legacy_ids(), ["e1", "e2"]);
}

#[test]
fn a_switch_that_cannot_be_recorded_leaves_the_mode_as_it_was() {
    let world = World::default();
    let process = world.start(routing(true, true));
    process.dispatch("e1").unwrap();
    process.faults.set(Part::Modes, Some(Fault::Fails("no space left on device")));
    assert!(process.router.switch(routing(false, false)).is_err());
    assert_eq!(process.router.routing(), routing(true, true));
    process.dispatch("e2").unwrap();
    process.faults.set(Part::Modes, None);
    process.router.switch(routing(false, false)).unwrap();
    process.end();
    assert_eq!(world.legacy_ids(), ["e1", "e2"]);
}

#[test]
fn each_process_says_how_it_dispatches_until_it_ends() {
    let clock = std::sync::Arc::new(SetClock::default());
    let world = World { clock: std::sync::Arc::clone(&clock) as _, ..World::default() };
    let process = world.start(routing(true, false));
    let row = || world.modes.lock().unwrap().processes[0].clone();
    assert_eq!(
        (row().routing, row().since, row().seen_at),
        (routing(true, false), DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH)
    );
    clock.advance(Duration::from_secs(60));
    process.router.seen().unwrap();
    let minute = DateTime::UNIX_EPOCH + Duration::from_secs(60);
    assert_eq!((row().since, row().seen_at), (DateTime::UNIX_EPOCH, minute));
    process.router.switch(routing(false, false)).unwrap();
    assert_eq!((row().routing, row().since), (routing(false, false), minute));
    process.end();
    assert!(world.modes.lock().unwrap().processes.is_empty());
}

#[test]
fn a_switch_to_the_same_mode_is_none() {
    let world = World::default();
    let process = world.start(routing(true, false));
    process.router.switch(routing(true, false)).unwrap();
    assert_eq!(changes(&world).len(), 1);
    let _: Routing = process.router.routing();
}
