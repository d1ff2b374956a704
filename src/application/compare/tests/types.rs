//! Events of some types alone are compared.

use std::collections::BTreeSet;

use super::*;
use crate::application::compare::memory_side::{MemorySide, compare_in_memory, event};
use crate::application::compare::profile::Profile;

/// An event as [`event`] gives it, of another type.
fn other(number: u32) -> String {
    event(number).replace("TaskCreated", "TaskUpdated")
}

fn compared(control: &MemorySide, candidate: &MemorySide) -> Comparison {
    let event_types = BTreeSet::from(["TaskCreated".to_owned()]);
    let settings = Settings { profile: Profile { event_types, ..Profile::default() }, ..settings() };
    compare_in_memory(&settings, control, candidate, |_, found| found.clone())
}

#[test]
fn events_of_other_types_are_counted_and_take_no_part() {
    let control = MemorySide::legacy("events.json", (0..6).map(event).chain((0..4).map(other)));
    let candidate = MemorySide::file("new.jsonl", (0..6).map(event).chain([other(9)]));
    let found = compared(&control, &candidate);
    assert_eq!((found.verdict, found.matched), (Verdict::Consistent, 6), "{:?}", found.reasons);
    assert_eq!((found.control.events, found.control.other_types), (6, 4));
    assert_eq!((found.candidate.events, found.candidate.other_types), (6, 1));
    assert_eq!((found.control.out_of_range, found.beginning.earlier), (0, 0));
    assert!(found.self_test.unwrap().passed);
}

#[test]
fn a_fault_of_a_compared_type_is_found_and_one_of_another_type_is_not() {
    let control = MemorySide::legacy("events.json", (0..6).map(event).chain((6..9).map(other)));
    let candidate =
        MemorySide::file("new.jsonl", (0..6).filter(|number| *number != 3).map(event).chain([other(6)]));
    let found = compared(&control, &candidate);
    assert_eq!(
        (found.verdict, found.missing, found.extra),
        (Verdict::Different, 1, 0),
        "{:?}",
        found.reasons
    );
}

#[test]
fn a_run_begins_with_the_first_event_of_a_compared_type() {
    let control = MemorySide::legacy("events.json", (0..9).map(event));
    let candidate = MemorySide::file("new.jsonl", [other(1)].into_iter().chain((4..9).map(event)));
    let found = compared(&control, &candidate);
    assert_eq!((found.matched, found.missing, found.beginning.earlier), (5, 0, 4), "{:?}", found.reasons);
}

#[test]
fn what_was_imported_is_proved_whatever_its_type() {
    let control = MemorySide::legacy("events.json", (0..4).map(other).chain((4..9).map(event)));
    let all = MemorySide::store("events.db", (4..9).map(event), (0..4).map(other));
    let found = compared(&control, &all);
    assert_eq!(found.verdict, Verdict::Consistent, "{:?}", found.reasons);
    let lost = MemorySide::store("events.db", (4..9).map(event), (0..3).map(other).chain([other(30)]));
    let found = compared(&control, &lost);
    assert_eq!(found.verdict, Verdict::Different, "{:?}", found.reasons);
}

#[test]
fn nothing_of_a_compared_type_is_inconclusive() {
    let log = || MemorySide::file("new.jsonl", (0..4).map(other));
    assert_eq!(compared(&log(), &log()).verdict, Verdict::Inconclusive);
}
