//! Events that the other side will never take: they are told, and those after them are mirrored.

use super::doubles::*;
use crate::domain::repository::EventRepository;
use crate::legacy::routing::{MirrorOutcome, PendingRoute, RouteError};

fn told(world: &World) -> Vec<(String, String)> {
    world.undecided().into_iter().map(|(id, detail)| (id.unwrap(), detail)).collect()
}

/// Whether the event is on the other side, or is one of those that are refused there.
fn assert_outcome(route: PendingRoute, refused: &[&str]) {
    let routed = route.routed().unwrap();
    assert!(routed.succeeded(), "the primary has it");
    match routed.mirror.unwrap() {
        MirrorOutcome::Refused { .. } => assert!(refused.contains(&routed.event_id.as_str())),
        outcome => {
            assert_eq!(outcome, MirrorOutcome::Done);
            assert!(!refused.contains(&routed.event_id.as_str()));
        }
    }
}

#[test]
fn an_event_that_the_new_side_refuses_for_its_id_is_told_and_those_after_it_are_mirrored_in_their_order() {
    // In a page of one, and in the middle of one.
    for others in [&[][..], &["e1", "e3"]] {
        let world = World::default();
        world.store.save_event(&event_of("e2", "TaskDeleted")).unwrap();
        let process = world.start(routing(false, true));
        process.faults.set(Part::New, Some(Fault::Hangs));
        let ids =
            [others.get(..1).unwrap_or_default(), &["e2"], others.get(1..).unwrap_or_default()].concat();
        let pending: Vec<_> =
            ids.iter().map(|id| process.router.dispatch_async(event(id)).unwrap()).collect();
        process.faults.set(Part::New, None);
        pending.into_iter().for_each(|route| assert_outcome(route, &["e2"]));
        process.end();
        assert_eq!(world.new_ids(), [&["e2"], others].concat());
        let told = told(&world);
        assert_eq!((told.len(), told[0].0.as_str()), (1, "e2"), "{told:?}");
        assert!(told[0].1.contains("the new side refuses it for what it is"), "{told:?}");
    }
}

/// The legacy log takes no number that no float can hold.
fn without_form(id: &str) -> crate::domain::event::DomainEvent {
    let text = format!(
        r#"{{"event_id": "{id}", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z", "title": "{id}", "n": 1e999}}"#
    );
    crate::domain::event::DomainEvent::from_json(&text, &crate::wire::zone::Zone::utc()).unwrap()
}

#[test]
fn an_event_that_the_legacy_log_has_no_form_for_is_told_and_those_after_it_are_mirrored_in_their_order() {
    for is_recovered in [true, false] {
        let world = World::default();
        let mut process = world.start(routing(true, true));
        if !is_recovered {
            // What the next one finds is not known to be unwritten.
            process.faults.set(Part::LegacyWrite, Some(Fault::Hangs));
        }
        let events = [event("e1"), without_form("e2"), event("e3"), without_form("e4")];
        let pending = events.map(|event| process.router.dispatch_async(event).unwrap());
        if is_recovered {
            pending.into_iter().for_each(|route| assert_outcome(route, &["e2", "e4"]));
        } else {
            // They are stored, whatever becomes of the mirror.
            pending.into_iter().for_each(drop);
            wait_until("they are stored", || world.new_ids().len() == 4);
            process.kill();
            process = world.start(routing(true, true));
        }
        assert_eq!(process.dispatch("e5").unwrap().mirror, Some(MirrorOutcome::Done));
        process.end();
        assert_eq!(world.legacy_ids(), ["e1", "e3", "e5"]);
        let told = told(&world);
        assert_eq!(told.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["e2", "e4"], "{told:?}");
        assert!(told[0].1.contains("the legacy log has no form for it"), "{told:?}");
    }
}

#[test]
fn as_primary_the_legacy_log_refuses_it_and_nothing_is_written_anywhere() {
    let world = World::default();
    let process = world.start(routing(false, true));
    let error = process.router.dispatch(without_form("e1")).unwrap_err();
    assert!(matches!(error, RouteError::Shape(_)), "{error:?}");
    process.end();
    assert_eq!((world.legacy_ids(), world.new_ids()), (vec![], vec![]));
    assert!(world.outbox.lock().unwrap().lines.is_empty());
}
