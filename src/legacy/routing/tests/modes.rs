//! Where events go in each mode.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::doubles::*;
use crate::application::dispatch::EventIds;
use crate::application::entry_points::EntryPoints;
use crate::domain::event_system_mode::Side;
use crate::domain::repository::EventRepository;
use crate::domain::value_objects::{EventId, Priority, Status};
use crate::legacy::routing::{MirrorOutcome, PrimaryAnswer, RouteError};

fn opened(world: &World) -> (usize, usize) {
    (world.opened_legacy.load(Ordering::SeqCst), world.opened_new.load(Ordering::SeqCst))
}

#[test]
fn with_the_legacy_events_mode_events_are_in_the_legacy_log_alone_and_the_new_side_is_not_opened() {
    let world = World::default();
    let process = world.start(routing(false, false));
    let routed = process.dispatch("e1").unwrap();
    assert_eq!((routed.primary(), routed.mirror.clone()), (Side::Legacy, None));
    assert!(routed.succeeded());
    assert_eq!(routed.event_id.as_str(), "e1");
    let place = world.legacy.lock().unwrap().records[0].place;
    assert_eq!(routed.answer, PrimaryAnswer::Legacy(place));
    process.end();
    assert_eq!((world.legacy_ids(), world.new_ids()), (vec!["e1".to_owned()], vec![]));
    assert_eq!(opened(&world), (1, 0));
    assert!(world.outbox.lock().unwrap().lines.is_empty());
}

#[test]
fn with_the_new_events_mode_events_are_in_the_event_store_alone_and_the_legacy_log_is_not_opened() {
    let world = World::default();
    let process = world.start(routing(true, false));
    let routed = process.dispatch("e1").unwrap();
    assert_eq!((routed.primary(), routed.mirror.clone()), (Side::New, None));
    let PrimaryAnswer::New(dispatched) = routed.answer else { panic!("the new side is primary") };
    assert_eq!((dispatched.position.get(), dispatched.already_stored), (1, false));
    process.end();
    assert_eq!((world.legacy_ids(), world.new_ids()), (vec![], vec!["e1".to_owned()]));
    assert_eq!(opened(&world), (0, 1));
}

#[test]
fn in_a_parallel_run_each_event_is_on_both_sides_and_the_primary_answers() {
    for (use_new, primary) in [(true, Side::New), (false, Side::Legacy)] {
        let world = World::default();
        let process = world.start(routing(use_new, true));
        for id in ["e1", "e2"] {
            let routed = process.dispatch(id).unwrap();
            assert_eq!((routed.primary(), routed.mirror), (primary, Some(MirrorOutcome::Done)));
        }
        let mirrors = process.router.mirrors();
        let expected = if use_new { "legacy_mirror" } else { "new_mirror" };
        assert_eq!(mirrors.iter().map(|mirror| mirror.name).collect::<Vec<_>>(), [expected]);
        process.end();
        assert_eq!(world.legacy_ids(), ["e1", "e2"]);
        assert_eq!(world.new_ids(), ["e1", "e2"]);
    }
}

#[test]
fn without_a_parallel_run_there_is_no_mirror() {
    for use_new in [true, false] {
        let world = World::default();
        let process = world.start(routing(use_new, false));
        process.dispatch("e1").unwrap();
        assert_eq!(process.router.mirrors(), []);
    }
}

#[test]
fn types_that_are_named_go_to_the_new_side_while_the_others_stay() {
    let world = World::default();
    let process = world.start(named(false, false, &["TaskCreated"]));
    let created = process.router.dispatch(event_of("e1", "TaskCreated")).unwrap();
    let deleted = process.router.dispatch(event_of("e2", "TaskDeleted")).unwrap();
    assert_eq!((created.primary(), created.mirror), (Side::New, None));
    assert_eq!((deleted.primary(), deleted.mirror), (Side::Legacy, None));
    process.end();
    assert_eq!((world.legacy_ids(), world.new_ids()), (vec!["e2".to_owned()], vec!["e1".to_owned()]));
}

#[test]
fn events_that_the_mirror_brings_to_the_new_side_are_given_to_its_handlers() {
    let world = World { has_handler: true, ..World::default() };
    let process = world.start(routing(false, true));
    process.dispatch("e1").unwrap();
    wait_until("the handler has it", || world.handled.load(Ordering::SeqCst) == 1);
    process.end();
}

#[test]
fn the_answer_of_the_new_side_tells_of_its_handlers() {
    let world = World { has_handler: true, ..World::default() };
    let process = world.start(routing(true, true));
    let PrimaryAnswer::New(dispatched) = process.dispatch("e1").unwrap().answer else { panic!("it is new") };
    assert_eq!(dispatched.handlers.len(), 1);
}

#[test]
fn events_that_are_not_waited_for_are_on_both_sides_too() {
    for use_new in [true, false] {
        let world = World::default();
        let process = world.start(routing(use_new, true));
        let first = process.router.dispatch_async(event("e1")).unwrap();
        drop(process.router.dispatch_async(event("e2")).unwrap());
        let third = process.router.dispatch_async(event("e3")).unwrap();
        for pending in [first, third] {
            assert_eq!(pending.routed().unwrap().mirror, Some(MirrorOutcome::Done));
        }
        process.end();
        assert_eq!(world.legacy_ids(), ["e1", "e2", "e3"], "in their order");
        assert_eq!(world.new_ids(), ["e1", "e2", "e3"]);
    }
}

#[test]
fn an_event_that_is_dispatched_again_is_not_stored_again_by_the_new_side() {
    let world = World::default();
    let process = world.start(routing(true, true));
    process.dispatch("e1").unwrap();
    let again = process.dispatch("e1").unwrap();
    let PrimaryAnswer::New(dispatched) = again.answer else { panic!("the new side is primary") };
    assert!(dispatched.already_stored);
    assert_eq!(again.mirror, Some(MirrorOutcome::Done));
    process.end();
    assert_eq!(world.legacy_ids(), ["e1"]);
}

struct FirstId;

impl EventIds for FirstId {
    fn next(&self) -> EventId {
        EventId::new("minted").unwrap()
    }
}

#[test]
fn an_entry_point_that_leads_to_a_router_gives_both_sides_the_same_event() {
    let world = World::default();
    let process = world.start(routing(false, true));
    let entries = EntryPoints::new(Arc::new(process.router), Box::new(FirstId), Arc::clone(&world.clock));
    let routed = entries.on_task_created("T1", "My Task", Priority::P1, Status::NotStarted).unwrap();
    assert_eq!(routed.mirror, Some(MirrorOutcome::Done));
    let stored = world.store.find_by_id(&EventId::new("minted").unwrap()).unwrap().unwrap();
    let record = world.legacy.lock().unwrap().records[0].text.clone();
    let fields = crate::domain::recorded_fields::RecordedFields::of_json(&record);
    assert_eq!(fields.text("task_id").as_deref(), Some("T1"));
    let of_store = crate::domain::recorded_fields::RecordedFields::of(&stored.event);
    assert!(of_store.text("timestamp").unwrap().starts_with(&*fields.text("timestamp").unwrap()));
}

#[test]
fn a_router_that_is_shut_down_lets_no_event_in() {
    let world = World::default();
    let process = world.start(routing(true, true));
    process.dispatch("e1").unwrap();
    assert!(process.router.shut_down(LONG));
    assert!(matches!(process.dispatch("late"), Err(RouteError::ShuttingDown)));
    assert!(matches!(process.router.dispatch_async(event("late")).err(), Some(RouteError::ShuttingDown)));
    assert!(matches!(process.router.switch(routing(false, false)), Err(RouteError::ShuttingDown)));
    assert_eq!(world.new_ids(), ["e1"]);
    assert!(world.modes.lock().unwrap().processes.is_empty());
}

#[test]
fn a_shutdown_mirrors_what_was_stored_without_a_word() {
    for _ in 0..20 {
        let world = World::default();
        let process = world.start(routing(true, true));
        for id in ["e1", "e2", "e3"] {
            drop(process.router.dispatch_async(event(id)).unwrap());
        }
        process.end();
        assert_eq!(world.legacy_ids(), ["e1", "e2", "e3"]);
    }
}
