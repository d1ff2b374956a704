//! What only another program, or an operator, can have done to what the mirror to the legacy side knows.

use super::doubles::*;
use super::legacy_crashes::{killed_at_each_step, mirror, run, save, world};
use crate::application::handling::store::{Durability, HandlerRow, HandlerState, HandlerStore};
use crate::domain::error_chain::error_chain;
use crate::infrastructure::memory::InMemoryEventRepository;
use crate::legacy::routing::log_progress::LEGACY_MIRROR;
use crate::legacy::routing::mirror::MirrorWorker;
use crate::legacy::routing::mirror_error::MirrorError;
use crate::wire::zone::Zone;

#[test]
fn a_log_that_is_written_anew_while_records_are_under_way_leaves_them_undecided_and_none_is_written_twice() {
    let told = std::cell::Cell::new(0);
    killed_at_each_step(
        |world| {
            let mut legacy = world.legacy.lock().unwrap();
            legacy.write_anew(3);
            legacy.is_moved = true;
        },
        |world, step| {
            let (ids, undecided) = (world.legacy_ids(), world.undecided());
            for id in ["e1", "e2", "e3", "e4"] {
                let written = ids.iter().filter(|written| *written == id).count();
                let is_told = undecided.iter().any(|(event_id, _)| event_id.as_deref() == Some(id));
                assert!(written == 1 || written == 0 && is_told, "step {step}: {id} {written} {is_told}");
                told.set(told.get() + u32::from(is_told));
            }
            assert_eq!(ids.last().map(String::as_str), Some("e4"), "the mirror goes on");
        },
    );
    assert!(told.get() > 0, "some records were under way");
}

#[test]
fn what_is_not_decided_is_told_once() {
    let world = world(&["e1"]);
    let (mut killed, faults) = mirror(&world);
    faults.set(Part::LegacyWrite, Some(Fault::Fails("interrupted")));
    assert!(run(&mut killed).is_err());
    drop(killed);
    {
        let mut legacy = world.legacy.lock().unwrap();
        legacy.append(r#"{"title": "foreign"}"#);
        legacy.write_anew(3);
        // Where the array began, no record ends any more.
        legacy.is_moved = true;
    }
    for _ in 0..3 {
        let (mut next, _) = mirror(&world);
        run(&mut next).unwrap();
    }
    let undecided = world.undecided();
    assert_eq!(undecided.len(), 1, "{undecided:?}");
    assert!(undecided[0].1.contains("compare-logs"), "{undecided:?}");
}

#[test]
fn a_log_that_was_cut_is_told_and_the_mirror_goes_on() {
    let world = world(&["e1", "e2"]);
    let (mut mirror, _) = mirror(&world);
    run(&mut mirror).unwrap();
    world.legacy.lock().unwrap().records.pop();
    save(&world, &["e3"]);
    mirror.forget();
    run(&mut mirror).unwrap();
    assert_eq!(world.legacy_ids(), ["e1", "e3"]);
    let undecided = world.undecided();
    assert_eq!(undecided.len(), 1);
    assert!(undecided[0].1.contains("may be missing"), "{undecided:?}");
}

#[test]
fn another_event_store_than_the_one_that_was_mirrored_is_not_mirrored() {
    let mut world = world(&["e1", "e2"]);
    let (mut first, _) = mirror(&world);
    run(&mut first).unwrap();
    drop(first);
    world.store = InMemoryEventRepository::new(Zone::utc()).into();
    save(&world, &["other", "another", "third"]);
    let (mut next, _) = mirror(&world);
    let error = run(&mut next).unwrap_err();
    assert!(matches!(error, MirrorError::OtherStore { .. }), "{error:?}");
    assert!(error_chain(&error).contains("restore the one that was mirrored"));
    assert_eq!(world.legacy_ids(), ["e1", "e2"]);
}

#[test]
fn a_mirror_that_an_operator_has_paused_rests_until_it_is_resumed() {
    let world = world(&["e1"]);
    let (mut mirror, _) = mirror(&world);
    run(&mut mirror).unwrap();
    set_state(&world, HandlerState::Paused);
    save(&world, &["e2"]);
    mirror.forget();
    let error = run(&mut mirror).unwrap_err();
    assert_eq!(
        error_chain(&error),
        "an operator has paused it: mission-events handlers resume legacy_mirror"
    );
    set_state(&world, HandlerState::Running);
    run(&mut mirror).unwrap();
    assert_eq!(world.legacy_ids(), ["e1", "e2"]);
}

fn set_state(world: &World, state: HandlerState) {
    let mut session = world.handlers.session(Durability::AtCommit).unwrap();
    let mut transaction = session.begin().unwrap();
    let row = transaction.handler(LEGACY_MIRROR).unwrap().unwrap();
    transaction.put_handler(&HandlerRow { state, ..row }).unwrap();
    transaction.commit().unwrap();
}

#[test]
fn trouble_stands_in_the_handler_store_until_the_mirror_goes_on() {
    let world = world(&["e1"]);
    let (mut mirror, _) = mirror(&world);
    run(&mut mirror).unwrap();
    let reason = |world: &World| {
        let mut session = world.handlers.session(Durability::AtCommit).unwrap();
        session.snapshot().unwrap().handler(LEGACY_MIRROR).unwrap().unwrap().state_reason
    };
    mirror.note_trouble(Some("the disk is full"));
    assert_eq!(reason(&world).as_deref(), Some("the disk is full"));
    mirror.note_trouble(None);
    assert_eq!(reason(&world), None);
}
