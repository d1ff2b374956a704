//! The legacy side is primary, and its process is killed at every step: what the legacy log has, the new side has once.

use std::sync::Arc;

use super::doubles::*;
use crate::application::mode_log::ModeChange;
use crate::legacy::routing::RouteError;
use crate::legacy::routing::legacy_primary::{AppendedRecord, append};
use crate::legacy::routing::mirror::{MirrorWorker, Round};
use crate::legacy::routing::mirror_error::MirrorError;
use crate::legacy::routing::mirror_state::MirrorState;
use crate::legacy::routing::new_mirror::NewMirror;
use crate::legacy::routing::outbox_progress::NEW_MIRROR;
use crate::legacy::routing::sides::Sides;

/// A process without threads: its primary, and its mirror.
pub struct Steps {
    pub sides: Arc<Sides>,
    pub faults: Arc<Faults>,
    pub mirror: NewMirror,
}

pub fn steps(world: &World) -> Steps {
    let faults = Arc::<Faults>::default();
    let sides = world.sides(&faults);
    let mirror = NewMirror::new(Arc::clone(&sides), Arc::new(MirrorState::new(NEW_MIRROR, 1_000)));
    Steps { sides, faults, mirror }
}

impl Steps {
    pub fn append(&self, id: &str) -> Result<AppendedRecord, RouteError> {
        append(&self.sides, &event(id), true)
    }

    pub fn mirror(&mut self) -> Result<Round, MirrorError> {
        loop {
            match self.mirror.round() {
                Ok(Round::Worked) => {}
                Ok(round) => return Ok(round),
                Err(error) => {
                    self.mirror.forget();
                    return Err(error);
                }
            }
        }
    }
}

/// A world in which the legacy side is primary of a parallel run.
pub fn world() -> World {
    let world = World::default();
    let steps = steps(&world);
    let change = ModeChange {
        at: steps.sides.ports.clock.now(),
        from: None,
        to: routing(false, true),
        heads: Vec::new(),
        legacy_end: Some(1),
    };
    steps.sides.ports.modes.add_change(&change).unwrap();
    drop(steps);
    world
}

#[test]
fn what_the_legacy_side_has_taken_is_in_the_event_store_as_it_was_dispatched_and_in_its_order() {
    let world = world();
    let mut process = steps(&world);
    for id in ["e1", "e2", "e3"] {
        process.append(id).unwrap();
    }
    assert_eq!(process.mirror().unwrap(), Round::CaughtUp);
    assert_eq!(world.new_ids(), ["e1", "e2", "e3"]);
    assert_eq!(world.legacy_ids(), ["e1", "e2", "e3"]);
}

/// Kills a process at each of its steps, and checks the world after another one has run.
fn killed_at_each_step(after_kill: impl Fn(&World)) {
    for step in 1..60 {
        let world = world();
        let mut killed = steps(&world);
        killed.faults.kill_at(step);
        let answered: Vec<&str> =
            ["e1", "e2", "e3"].into_iter().filter(|id| killed.append(id).is_ok()).collect();
        let is_done = killed.mirror().is_ok();
        drop(killed);
        if is_done {
            assert!(step > 10, "there are steps");
            return;
        }
        after_kill(&world);
        let mut next = steps(&world);
        next.append("e4").unwrap();
        assert_eq!(next.mirror().unwrap(), Round::CaughtUp, "step {step}");
        let (mut legacy, new) = (world.legacy_ids(), world.new_ids());
        legacy.retain(|id| id != "queued");
        assert_eq!(legacy, new, "step {step}");
        assert!(
            answered.iter().all(|id| legacy.iter().any(|stored| stored == id)),
            "step {step}: {legacy:?}"
        );
        assert_eq!(world.undecided(), [], "step {step}");
    }
    panic!("it was killed at each step that was tried");
}

#[test]
fn a_process_that_is_killed_at_any_step_leaves_nothing_missing_and_nothing_doubled() {
    killed_at_each_step(|_| {});
}

#[test]
fn what_is_appended_besides_after_a_kill_is_not_taken_for_a_lines_record() {
    killed_at_each_step(|world| {
        world
            .legacy
            .lock()
            .unwrap()
            .append(r#"{"type": "TaskCreated", "title": "queued", "more": "than before"}"#);
    });
}

#[test]
fn a_failed_append_is_crossed_out_and_never_brought_to_the_new_side() {
    let world = world();
    let mut process = steps(&world);
    process.append("e1").unwrap();
    process.faults.set(Part::LegacyWrite, Some(Fault::Fails("the disk is full")));
    assert!(matches!(process.append("e2"), Err(RouteError::Legacy(_))));
    process.faults.set(Part::LegacyWrite, None);
    assert!(world.outbox.lock().unwrap().lines[1].is_crossed_out);
    process.append("e3").unwrap();
    process.mirror().unwrap();
    assert_eq!(world.new_ids(), ["e1", "e3"]);
    assert_eq!(world.legacy_ids(), ["e1", "e3"]);
    assert_eq!(world.undecided(), []);
}

#[test]
fn a_failed_append_whose_line_could_not_be_crossed_out_is_not_brought_to_the_new_side_either() {
    let world = world();
    let mut process = steps(&world);
    let planned = {
        let log = process.sides.legacy_log().unwrap();
        let mut log = log.lock().unwrap();
        log.plan(&[r#"{"title": "e1"}"#.to_owned()]).unwrap()
    };
    process.sides.ports.outbox.append(event("e1").body(), &planned[0]).unwrap();
    process.mirror().unwrap();
    assert_eq!(world.new_ids(), [""; 0], "it was the last line");
    process.sides.ports.outbox.append(event("e2").body(), &planned[0]).unwrap();
    process.append("e3").unwrap();
    process.mirror().unwrap();
    assert_eq!(world.new_ids(), ["e3"], "another record stands in its place");
    assert_eq!(world.undecided(), []);
}

#[test]
fn of_two_equal_records_in_one_place_the_one_of_the_later_line_was_written() {
    // The second number puts the later line on the next page.
    for before in [0, 99] {
        let world = world();
        let mut process = steps(&world);
        let ids: Vec<String> = (0..before).map(|number| format!("before {number}")).collect();
        ids.iter().for_each(|id| drop(process.append(id).unwrap()));
        let sides = Arc::clone(&process.sides);
        let mut log = sides.legacy_log().unwrap().lock().unwrap();
        let planned = log.plan(&[r#"{"title": "e2"}"#.to_owned()]).unwrap();
        for id in ["killed", "e2"] {
            sides.ports.outbox.append(event(id).body(), &planned[0]).unwrap();
        }
        log.write().unwrap();
        process.mirror().unwrap();
        assert_eq!(world.new_ids(), [ids, vec!["e2".to_owned()]].concat());
        assert_eq!(world.undecided(), []);
    }
}

#[test]
fn a_record_that_another_program_has_removed_is_told_and_not_taken_for_one_that_was_never_written() {
    let world = world();
    let mut process = steps(&world);
    process.append("e1").unwrap();
    process.append("e2").unwrap();
    world.legacy.lock().unwrap().records.clear();
    process.mirror().unwrap();
    let told: Vec<_> = world.undecided().into_iter().filter_map(|(id, _)| id).collect();
    assert_eq!(told, ["e1"], "of the last line alone a kill can have left as much");
}

#[test]
fn a_log_that_was_written_anew_leaves_lines_undecided_which_is_told_once_and_the_mirror_goes_on() {
    let world = world();
    let mut process = steps(&world);
    process.append("e1").unwrap();
    process.append("e2").unwrap();
    world.legacy.lock().unwrap().write_anew(3);
    process.append("e3").unwrap();
    for _ in 0..2 {
        process.mirror().unwrap();
        process.mirror.forget();
    }
    assert_eq!(world.new_ids(), ["e3"]);
    let undecided = world.undecided();
    let ids: Vec<&str> = undecided.iter().filter_map(|(id, _)| id.as_deref()).collect();
    assert_eq!(ids, ["e1", "e2"]);
    assert!(undecided[0].1.contains("compare-logs"));
}

#[test]
fn an_event_that_the_new_side_cannot_take_for_now_is_not_passed_by() {
    let world = world();
    let mut process = steps(&world);
    for id in ["e1", "e2", "e3"] {
        process.append(id).unwrap();
    }
    process.faults.set(Part::New, Some(Fault::Fails("no space left on device")));
    for _ in 0..3 {
        let error = process.mirror().unwrap_err();
        assert!(
            matches!(&error, MirrorError::NotTaken { event_id, .. } if event_id.as_str() == "e1"),
            "{error:?}"
        );
    }
    process.faults.set(Part::New, None);
    process.mirror().unwrap();
    assert_eq!(world.new_ids(), ["e1", "e2", "e3"]);
    assert_eq!(world.undecided(), []);
}
