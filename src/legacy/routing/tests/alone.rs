//! Mirrors without a router: what a command that dispatches nothing does for them.

use std::sync::Arc;

use super::doubles::*;
use super::new_crashes::steps;
use crate::application::handling::store::HandlerStore;
use crate::application::mode_log::ModeChange;
use crate::domain::repository::EventRepository;
use crate::legacy::routing::mirror::MirrorWorker;
use crate::legacy::routing::{Mirrors, RouterSettings, mirror_lags};

fn settings() -> RouterSettings {
    RouterSettings { secondary_timeout: LONG, ..RouterSettings::default() }
}

fn open(world: &World) -> (Mirrors, Arc<Faults>) {
    let faults = Arc::<Faults>::default();
    (Mirrors::open(world.ports(&faults), &settings()).unwrap(), faults)
}

/// The lags of the mirror to the legacy side and of that to the new one.
fn lags(world: &World) -> [u64; 2] {
    let ports = world.ports(&Arc::default());
    mirror_lags(&*world.store, &*ports.handlers, &*ports.modes, &*ports.outbox)
        .unwrap()
        .map(|(_, behind)| behind.events)
}

/// A world in which a process was killed before its mirror has brought these events.
fn left(use_new: bool, ids: &[&str]) -> World {
    let world = World::default();
    let short = RouterSettings { secondary_timeout: std::time::Duration::ZERO, ..settings() };
    let process = world.try_start(routing(use_new, true), short).unwrap();
    let part = if use_new { Part::LegacyWrite } else { Part::New };
    process.faults.set(part, Some(Fault::Hangs));
    ids.iter().for_each(|id| drop(process.dispatch(id).unwrap()));
    process.kill();
    world
}

#[test]
fn they_bring_what_a_killed_process_has_left_and_record_no_mode() {
    for use_new in [true, false] {
        let world = left(use_new, &["e1", "e2", "e3"]);
        let changes = world.modes.lock().unwrap().changes.clone();
        assert_eq!(lags(&world), if use_new { [3, 0] } else { [0, 3] });
        let (mirrors, _) = open(&world);
        mirrors.catch_up(&|| true);
        assert_eq!((world.legacy_ids(), world.new_ids()), (ids(3), ids(3)), "{use_new}");
        assert_eq!(lags(&world), [0, 0]);
        assert!(mirrors.shut_down(LONG));
        assert_eq!(world.modes.lock().unwrap().changes, changes);
        assert_eq!(world.undecided(), []);
    }
}

fn ids(count: u32) -> Vec<String> {
    (1..=count).map(|number| format!("e{number}")).collect()
}

#[test]
fn they_do_not_wait_for_a_side_that_fails_and_not_longer_than_they_are_told_to() {
    for use_new in [true, false] {
        let world = left(use_new, &["e1"]);
        let part = if use_new { Part::Legacy } else { Part::New };
        let (mirrors, faults) = open(&world);
        faults.set(part, Some(Fault::Fails("no space left on device")));
        mirrors.catch_up(&|| true);
        let (hanging, faults) = open(&left(use_new, &["e1"]));
        faults.set(part, Some(Fault::Hangs));
        let asked = std::cell::Cell::new(0);
        hanging.catch_up(&|| {
            asked.set(asked.get() + 1);
            asked.get() < 4
        });
        faults.set(part, None);
    }
}

#[test]
fn they_give_the_right_to_mirror_back_once_they_have_caught_up_and_a_router_keeps_it() {
    for use_new in [true, false] {
        let world = left(use_new, &["e1"]);
        let name = if use_new { "legacy_mirror" } else { "new_mirror" };
        let (mirrors, _) = open(&world);
        mirrors.catch_up(&|| true);
        wait_until("it is given back", || world.handlers.claim(name).unwrap().is_some());
        let process = world.start(routing(use_new, true));
        wait_until("the router has it", || {
            process.dispatch("e").unwrap();
            world.handlers.claim(name).unwrap().is_none()
        });
        assert!(mirrors.shut_down(LONG));
        process.end();
    }
}

#[test]
fn only_events_that_are_to_be_brought_to_the_legacy_side_count_as_its_lag() {
    let world = World::default();
    // Before the run, and brought by the other mirror.
    // The side that hangs is asked how far it is for no longer than that.
    let short = RouterSettings { secondary_timeout: std::time::Duration::from_millis(20), ..settings() };
    let process = world.try_start(routing(true, false), short).unwrap();
    process.dispatch("before").unwrap();
    process.router.switch(routing(false, true)).unwrap();
    process.dispatch("by the other mirror").unwrap();
    wait_until("it is brought", || lags(&world) == [0, 0]);
    process.faults.set(Part::LegacyWrite, Some(Fault::Hangs));
    process.router.switch(routing(true, true)).unwrap();
    let waits = process.router.dispatch_async(event("e1")).unwrap();
    drop(waits);
    process.router.switch(routing(true, false)).unwrap();
    process.dispatch("after").unwrap();
    assert_eq!(world.store.summary().unwrap().events, 4);
    assert_eq!(lags(&world), [1, 0]);
    process.faults.set(Part::LegacyWrite, None);
    process.end();
}

#[test]
fn of_an_outbox_that_ends_before_what_was_mirrored_all_is_left_also_once_the_run_is_over() {
    let world = super::new_crashes::world();
    let mut process = steps(&world);
    for id in ["e1", "e2"] {
        process.append(id).unwrap();
    }
    process.mirror().unwrap();
    world.outbox.lock().unwrap().lines.clear();
    process.append("e3").unwrap();
    process.mirror.forget();
    assert_eq!(lags(&world), [0, 1], "the outbox was deleted, and begun anew");
    let modes = &process.sides.ports.modes;
    let over = ModeChange { to: routing(false, false), ..modes.changes().unwrap().last().unwrap().clone() };
    modes.add_change(&over).unwrap();
    let (mirrors, _) = open(&world);
    mirrors.catch_up(&|| true);
    assert_eq!((world.new_ids(), lags(&world)), (ids(3), [0, 0]));
}
