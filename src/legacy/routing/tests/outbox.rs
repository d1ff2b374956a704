//! The outbox: its room, its loss, and what it cannot note.

use std::sync::Arc;
use std::time::Duration;

use super::doubles::*;
use super::new_crashes::{steps, world};
use crate::legacy::routing::mirror::{MirrorWorker, Round};
use crate::legacy::routing::outbox_tail::tell_records_without_line;
use crate::legacy::routing::ports::{LegacyPlace, LegacySideError, Outbox, OutboxLine};
use crate::legacy::routing::sides::Sides;
use crate::legacy::routing::{MirrorOutcome, PrimaryAnswer, Router, RouterSettings};

#[test]
fn the_room_of_what_is_mirrored_is_given_back_and_the_numbers_go_on() {
    let world = world();
    let mut process = steps(&world);
    process.append("e1").unwrap();
    process.append(&"x".repeat(1 << 20)).unwrap();
    process.mirror().unwrap();
    let numbers = || world.outbox.lock().unwrap().lines.iter().map(|line| line.number).collect::<Vec<u64>>();
    assert_eq!(numbers(), [2], "the last line stays");
    process.append("e3").unwrap();
    assert_eq!(process.mirror().unwrap(), Round::CaughtUp);
    assert_eq!(numbers(), [3]);
    assert_eq!(world.new_ids().last().map(String::as_str), Some("e3"));
}

#[test]
fn an_outbox_that_was_deleted_begins_anew_and_that_is_told() {
    let world = world();
    let mut process = steps(&world);
    process.append("e1").unwrap();
    process.append("e2").unwrap();
    process.mirror().unwrap();
    world.outbox.lock().unwrap().lines.clear();
    process.mirror.forget();
    process.append("e3").unwrap();
    process.mirror().unwrap();
    assert_eq!(world.new_ids(), ["e1", "e2", "e3"]);
    assert!(world.undecided()[0].1.contains("was deleted, moved or restored"), "{:?}", world.undecided());
}

#[test]
fn an_outbox_that_takes_no_line_changes_nothing_for_the_primary_and_is_told() {
    let world = World::default();
    let process = world.start(routing(false, true));
    process.faults.set(Part::Outbox, Some(Fault::Fails("the disk is full")));
    let routed = process.dispatch("e1").unwrap();
    assert!(matches!(routed.answer, PrimaryAnswer::Legacy(_)));
    assert_eq!(routed.mirror, Some(MirrorOutcome::NotNoted { reason: "the disk is full".to_owned() }));
    assert_eq!(world.legacy_ids(), ["e1"]);
    let undecided = world.undecided();
    assert_eq!(undecided[0].0.as_deref(), Some("e1"));
    assert!(undecided[0].1.contains("could not be noted in the outbox"), "{undecided:?}");
}

#[test]
fn records_whose_lines_a_power_cut_has_taken_are_told_once() {
    let world = World::default();
    let process = world.start(routing(false, true));
    for id in ["e1", "e2", "e3"] {
        process.dispatch(id).unwrap();
    }
    process.end();
    world.outbox.lock().unwrap().lines.truncate(1);
    for _ in 0..3 {
        world.start(routing(false, true)).end();
    }
    let modes = world.modes.lock().unwrap();
    let offsets: Vec<u64> = modes
        .undecided
        .iter()
        .filter(|record| record.event_id.is_none())
        .filter_map(|record| record.legacy_offset)
        .collect();
    let legacy = world.legacy.lock().unwrap();
    assert_eq!(offsets, [legacy.records[1].place.offset, legacy.records[2].place.offset]);
}

#[test]
fn records_of_types_that_are_not_mirrored_are_not_missed_in_the_outbox() {
    let world = World::default();
    let process = world.start(named(false, true, &["TaskDeleted"]));
    process.router.dispatch(event_of("e1", "TaskDeleted")).unwrap();
    process.router.dispatch(event_of("e2", "TaskCreated")).unwrap();
    process.end();
    world.start(named(false, true, &["TaskDeleted"])).end();
    assert_eq!(world.undecided(), []);
    assert_eq!(
        (world.legacy_ids(), world.new_ids()),
        (vec!["e1".to_owned(), "e2".to_owned()], vec!["e1".to_owned()])
    );
}

/// An outbox beside which another thread dispatches while its last line is looked at.
struct Beside {
    outbox: Arc<dyn Outbox>,
    dispatch: std::sync::Mutex<Option<Box<dyn FnOnce() + Send>>>,
    dispatched: std::sync::Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl Outbox for Beside {
    fn append(&self, event: &str, place: &LegacyPlace) -> Result<u64, LegacySideError> {
        self.outbox.append(event, place)
    }

    fn cross_out(&self, number: u64) -> Result<(), LegacySideError> {
        self.outbox.cross_out(number)
    }

    fn head(&self) -> Result<u64, LegacySideError> {
        self.outbox.head()
    }

    fn last(&self) -> Result<Option<OutboxLine>, LegacySideError> {
        let last = self.outbox.last();
        if let Some(dispatch) = self.dispatch.lock().unwrap().take() {
            let thread = std::thread::spawn(dispatch);
            // It may have to wait until this look is over.
            std::thread::sleep(Duration::from_millis(100));
            *self.dispatched.lock().unwrap() = Some(thread);
        }
        last
    }

    fn read_after(&self, number: u64, limit: usize) -> Result<Vec<OutboxLine>, LegacySideError> {
        self.outbox.read_after(number, limit)
    }

    fn rotate(&self, up_to: u64) -> Result<(), LegacySideError> {
        self.outbox.rotate(up_to)
    }

    fn bytes(&self) -> Result<u64, LegacySideError> {
        self.outbox.bytes()
    }
}

#[test]
fn what_is_dispatched_while_the_end_of_the_outbox_is_looked_at_is_not_missed_in_it() {
    let world = world();
    let process = steps(&world);
    process.append("e1").unwrap();
    let mut ports = world.ports(&Arc::default());
    let dispatch = Box::new(move || drop(process.append("e2").unwrap()));
    let beside = Arc::new(Beside {
        outbox: Arc::clone(&ports.outbox),
        dispatch: std::sync::Mutex::new(Some(dispatch)),
        dispatched: std::sync::Mutex::default(),
    });
    ports.outbox = Arc::clone(&beside) as _;
    let last_change = ports.modes.changes().unwrap().last().cloned().unwrap();
    tell_records_without_line(&Sides::new(ports), &last_change).unwrap();
    beside.dispatched.lock().unwrap().take().unwrap().join().unwrap();
    assert_eq!(world.legacy_ids(), ["e1", "e2"]);
    assert_eq!(world.undecided(), []);
}

#[test]
fn records_of_other_modes_are_not_missed_in_the_outbox() {
    let world = World::default();
    for mode in [routing(false, true), routing(false, false), routing(false, true), routing(false, true)] {
        let process = world.start(mode);
        process.dispatch("e1").unwrap();
        process.end();
    }
    assert_eq!(world.undecided(), []);
}

#[test]
fn a_record_that_the_other_mirror_has_written_when_it_was_killed_is_not_missed_in_the_outbox() {
    for step in 1..40 {
        let world = World::default();
        let settings = RouterSettings { secondary_timeout: Duration::ZERO, ..RouterSettings::default() };
        let first = world.try_start(routing(true, true), settings).unwrap();
        first.faults.set(Part::LegacyWrite, Some(Fault::Fails("no space left on device")));
        first.dispatch("e1").unwrap();
        first.kill();
        let faults = Arc::<Faults>::default();
        let killed = Router::open(routing(false, true), world.ports(&faults), settings).unwrap();
        faults.kill_at(step);
        wait_until("it is killed, or done", || faults.is_killed() || killed.mirrors().len() == 1);
        faults.kill();
        drop(killed);
        world.start(routing(false, true)).end();
        assert_eq!(world.undecided(), [], "step {step}");
        wait_until("it is mirrored", || {
            world.start(routing(false, true)).end();
            world.legacy_ids() == ["e1"]
        });
    }
}
