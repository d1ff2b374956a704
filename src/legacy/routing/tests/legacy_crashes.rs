//! The mirror to the legacy side is killed at every step: its events are in the legacy log once each, in their order.

use std::sync::Arc;

use super::doubles::*;
use crate::application::mode_log::{ModeChange, ModeLog};
use crate::domain::repository::EventRepository;
use crate::legacy::routing::legacy_mirror::LegacyMirror;
use crate::legacy::routing::log_progress::LEGACY_MIRROR;
use crate::legacy::routing::mirror::{MirrorWorker, Round};
use crate::legacy::routing::mirror_error::MirrorError;
use crate::legacy::routing::mirror_state::MirrorState;

/// A mirror of a process of its own.
fn mirror(world: &World) -> (LegacyMirror, Arc<Faults>) {
    let faults = Arc::<Faults>::default();
    let state = Arc::new(MirrorState::new(LEGACY_MIRROR, 1_000));
    (LegacyMirror::new(world.sides(&faults), state), faults)
}

fn run(mirror: &mut LegacyMirror) -> Result<Round, MirrorError> {
    loop {
        match mirror.round()? {
            Round::Worked => {}
            round => return Ok(round),
        }
    }
}

/// A world in which the new side is primary of a parallel run, and has stored these.
fn world(ids: &[&str]) -> World {
    let world = World::default();
    begin(&world);
    save(&world, ids);
    world
}

fn begin(world: &World) {
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

fn save(world: &World, ids: &[&str]) {
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

#[test]
fn a_mirror_that_is_killed_at_any_step_goes_on_where_it_was() {
    for step in 1..40 {
        let world = world(&["e1", "e2", "e3"]);
        let (mut killed, faults) = mirror(&world);
        faults.kill_at(step);
        let is_done = run(&mut killed).is_ok();
        drop(killed);
        save(&world, &["e4"]);
        let (mut next, _) = mirror(&world);
        assert_eq!(run(&mut next).unwrap(), Round::CaughtUp, "step {step}");
        assert_eq!(world.legacy_ids(), ["e1", "e2", "e3", "e4"], "step {step}");
        assert_eq!(world.undecided(), []);
        if is_done {
            assert!(step > 8, "there are steps");
            return;
        }
    }
    panic!("it was killed at each step that was tried");
}
