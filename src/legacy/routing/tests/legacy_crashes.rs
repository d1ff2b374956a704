//! The mirror to the legacy side is killed at every step: its events are in the legacy log once each, in their order.

use std::sync::Arc;

use super::doubles::*;
use crate::application::handling::memory::MemoryHandlerStore;
use crate::application::mode_log::ModeChange;
use crate::domain::repository::{EventOrigin, EventRepository, StoredEvent};
use crate::domain::value_objects::{Position, StreamId};
use crate::legacy::routing::legacy_mirror::LegacyMirror;
use crate::legacy::routing::legacy_pages::LegacyPage;
use crate::legacy::routing::log_progress::LEGACY_MIRROR;
use crate::legacy::routing::mirror::{MirrorWorker, Round};
use crate::legacy::routing::mirror_error::MirrorError;
use crate::legacy::routing::mirror_state::MirrorState;
use crate::legacy::routing::outbox_progress::BroughtEvents;

/// A mirror of a process of its own.
pub fn mirror(world: &World) -> (LegacyMirror, Arc<Faults>) {
    let faults = Arc::<Faults>::default();
    let state = Arc::new(MirrorState::new(LEGACY_MIRROR, 1_000));
    (LegacyMirror::new(world.sides(&faults), state), faults)
}

pub fn run(mirror: &mut LegacyMirror) -> Result<Round, MirrorError> {
    loop {
        match mirror.round()? {
            Round::Worked => {}
            round => return Ok(round),
        }
    }
}

/// A world in which the new side is primary of a parallel run, and has stored these.
pub fn world(ids: &[&str]) -> World {
    let world = World::default();
    begin(&world);
    save(&world, ids);
    world
}

pub fn begin(world: &World) {
    let faults = Arc::<Faults>::default();
    let ports = world.ports(&faults);
    let heads = world.store.streams().unwrap().into_iter().map(|stream| (stream.id, stream.head)).collect();
    let change = ModeChange {
        at: ports.clock.now(),
        from: None,
        to: routing(true, true),
        heads,
        legacy_end: Some(world.legacy.lock().unwrap().end()),
    };
    ports.modes.add_change(&change).unwrap();
}

pub fn save(world: &World, ids: &[&str]) {
    for id in ids {
        world.store.save_event(&event(id)).unwrap();
    }
}

#[test]
fn what_the_new_side_has_stored_is_in_the_legacy_log_in_its_shape_and_order() {
    let world = world(&["e1", "e2"]);
    let (mut mirror, _) = mirror(&world);
    assert_eq!(run(&mut mirror).unwrap(), Round::CaughtUp);
    save(&world, &["e3"]);
    mirror.forget();
    assert_eq!(run(&mut mirror).unwrap(), Round::CaughtUp);
    assert_eq!(world.legacy_ids(), ["e1", "e2", "e3"]);
    let legacy = world.legacy.lock().unwrap();
    assert_eq!(
        legacy.records[0].text,
        r#"{"type": "TaskCreated", "timestamp": "2025-10-25T10:00:00", "title": "e1"}"#
    );
}

/// Kills a mirror at each of its steps, does something to the world, and checks it after another one has run.
pub fn killed_at_each_step(after_kill: impl Fn(&mut World), check: impl Fn(&World, u64)) {
    for step in 1..60 {
        let mut world = world(&["e1", "e2", "e3"]);
        let (mut killed, faults) = mirror(&world);
        faults.kill_at(step);
        let is_done = run(&mut killed).is_ok();
        drop(killed);
        if is_done {
            assert!(step > 8, "there are steps");
            return;
        }
        after_kill(&mut world);
        save(&world, &["e4"]);
        let (mut next, _) = mirror(&world);
        assert_eq!(run(&mut next).unwrap(), Round::CaughtUp, "step {step}");
        check(&world, step);
    }
    panic!("it was killed at each step that was tried");
}

#[test]
fn a_mirror_that_is_killed_at_any_step_goes_on_where_it_was() {
    killed_at_each_step(
        |_| {},
        |world, step| {
            assert_eq!(world.legacy_ids(), ["e1", "e2", "e3", "e4"], "step {step}");
            assert_eq!(world.undecided(), []);
        },
    );
}

#[test]
fn what_is_appended_besides_after_a_kill_is_not_taken_for_the_mirrors() {
    killed_at_each_step(
        |world| {
            world.legacy.lock().unwrap().append(r#"{"type": "TaskCreated", "title": "queued"}"#);
        },
        |world, step| {
            let mut ids = world.legacy_ids();
            ids.retain(|id| id != "queued");
            assert_eq!(ids, ["e1", "e2", "e3", "e4"], "step {step}");
            assert_eq!(world.undecided(), []);
        },
    );
}

#[test]
fn records_are_found_where_a_power_cut_has_taken_back_all_progress() {
    killed_at_each_step(
        |world| world.handlers = MemoryHandlerStore::default(),
        |world, step| {
            assert_eq!(world.legacy_ids(), ["e1", "e2", "e3", "e4"], "step {step}");
            assert_eq!(world.undecided(), []);
        },
    );
}

#[test]
fn records_are_found_where_a_power_cut_has_taken_back_what_was_noted_after_any_step() {
    for step in 1..60 {
        let mut world = world(&["e1", "e2", "e3"]);
        let (mut killed, faults) = mirror(&world);
        faults.kill_at(step);
        let is_done = run(&mut killed).is_ok();
        drop(killed);
        let noted = world.handlers.copy();
        for id in ["e4", "e5"] {
            save(&world, &[id]);
            let (mut later, _) = mirror(&world);
            run(&mut later).unwrap();
        }
        world.handlers = noted;
        save(&world, &["e6"]);
        let (mut next, _) = mirror(&world);
        run(&mut next).unwrap();
        assert_eq!(world.legacy_ids(), ["e1", "e2", "e3", "e4", "e5", "e6"], "step {step}");
        assert_eq!(world.undecided(), []);
        if is_done {
            return;
        }
    }
    panic!("it was killed at each step that was tried");
}

#[test]
fn records_of_before_the_parallel_run_are_not_taken_for_the_mirrors() {
    let world = World::default();
    let text = r#"{"type": "TaskCreated", "timestamp": "2025-10-25T10:00:00", "title": "e1"}"#;
    world.legacy.lock().unwrap().append(text);
    begin(&world);
    save(&world, &["e1"]);
    let (mut mirror, _) = mirror(&world);
    run(&mut mirror).unwrap();
    assert_eq!(world.legacy_ids(), ["e1", "e1"], "the parallel run has one of its own");
}

#[test]
fn a_write_that_failed_after_some_of_its_records_is_gone_on_with() {
    let world = world(&["e1", "e2", "e3"]);
    let (mut mirror, faults) = mirror(&world);
    faults.set(Part::LegacyWrite, Some(Fault::Fails("the disk is full")));
    for _ in 0..3 {
        // To find out what was written is no step that went well by itself: it would end the pauses.
        assert!(mirror.round().is_err());
        mirror.forget();
    }
    assert_eq!(world.legacy_ids(), [""; 0]);
    faults.set(Part::LegacyWrite, None);
    run(&mut mirror).unwrap();
    assert_eq!(world.legacy_ids(), ["e1", "e2", "e3"]);
}

#[test]
fn many_pages_come_in_order() {
    let ids: Vec<String> = (0..450).map(|number| format!("e{number}")).collect();
    let world = world(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    let (mut mirror, _) = mirror(&world);
    run(&mut mirror).unwrap();
    assert_eq!(world.legacy_ids(), ids);
}

#[test]
fn imported_events_and_those_that_came_from_the_legacy_side_are_left_out() {
    let stored =
        |position, origin| StoredEvent { position: Position::new(position), origin, event: event("e1") };
    let mut page = LegacyPage {
        stream: StreamId::single(),
        events: vec![
            stored(1, EventOrigin::Saved),
            stored(2, EventOrigin::Imported),
            stored(3, EventOrigin::Saved),
        ],
        read: (Position::new(3), event("e1").event_id().clone()),
    };
    let mut brought = BroughtEvents::default();
    brought.add(&StreamId::single(), Position::new(3));
    page.keep_mirrored(&brought);
    assert_eq!(page.events.iter().map(|event| event.position.get()).collect::<Vec<_>>(), [1]);
    assert_eq!(page.read.0, Position::new(3), "they are passed by");
}

#[test]
fn one_process_mirrors_at_a_time_and_another_goes_on_when_it_ends() {
    let world = world(&["e1"]);
    let (mut first, _) = mirror(&world);
    let (mut second, _) = mirror(&world);
    run(&mut first).unwrap();
    save(&world, &["e2"]);
    assert_eq!(run(&mut second).unwrap(), Round::Waits);
    assert_eq!(world.legacy_ids(), ["e1"]);
    drop(first);
    assert_eq!(run(&mut second).unwrap(), Round::CaughtUp);
    assert_eq!(world.legacy_ids(), ["e1", "e2"]);
}

#[test]
fn what_is_stored_after_a_switch_that_the_mirror_has_not_seen_yet_is_not_mirrored() {
    let world = world(&["e1"]);
    let store = Arc::clone(&world.store);
    let switch = move |changes: &mut Vec<ModeChange>| {
        let heads = store.streams().unwrap().into_iter().map(|stream| (stream.id, stream.head)).collect();
        let last = changes[0].clone();
        changes.push(ModeChange { from: Some(last.to.clone()), to: routing(true, false), heads, ..last });
        store.save_event(&event("e2")).unwrap();
    };
    world.modes.lock().unwrap().after_read = Some(Box::new(switch));
    let (mut mirror, _) = mirror(&world);
    run(&mut mirror).unwrap();
    assert_eq!(world.legacy_ids(), ["e1"], "the new side alone was asked for");
}
