use super::*;
use crate::application::compare::memory_side::{MemorySide, compare_in_memory, event, settings};

fn compared(control: &MemorySide, candidate: &MemorySide) -> Comparison {
    compared_with(&settings(), control, candidate)
}

fn compared_with(settings: &Settings, control: &MemorySide, candidate: &MemorySide) -> Comparison {
    compare_in_memory(settings, control, candidate, |_, found| found.clone())
}

fn legacy(events: std::ops::Range<u32>) -> MemorySide {
    MemorySide::legacy("events.json", events.map(event))
}

fn store(native: std::ops::Range<u32>, history: std::ops::Range<u32>) -> MemorySide {
    MemorySide::store("events.db", native.map(event), history.map(event))
}

#[test]
fn what_the_new_system_wrote_and_what_was_imported_are_proved_apart() {
    let found = compared(&legacy(0..20), &store(8..20, 0..8));
    assert_eq!((found.verdict, found.matched), (Verdict::Consistent, 12), "{:?}", found.reasons);
    assert_eq!(found.since, Some("2025-10-20T08:00:00Z".parse().unwrap()));
    let history = found.history.unwrap();
    assert_eq!((history.holds, history.matched, history.control), (true, 8, 20));
}

#[test]
fn an_imported_row_never_stands_in_for_a_native_one() {
    let lost = MemorySide::store(
        "events.db",
        (8..20).filter(|n| *n != 12).map(event),
        (0..8).chain([12]).map(event),
    );
    let found = compared(&legacy(0..20), &lost);
    assert_eq!((found.verdict, found.missing), (Verdict::Different, 1), "{:?}", found.reasons);
}

#[test]
fn a_history_that_is_not_that_of_the_legacy_log_is_different_though_the_rest_agrees() {
    let lost =
        MemorySide::store("events.db", (8..20).map(event), (0..8).filter(|number| *number != 6).map(event));
    let found = compared(&legacy(0..20), &lost);
    assert_eq!((found.verdict, found.missing, found.matched), (Verdict::Different, 0, 12));
    assert_eq!(
        found.reasons,
        ["the history of the store is not that of the legacy log: 1 missing, 0 extra, 0 different"]
    );
}

#[test]
fn a_store_with_nothing_but_history_is_inconclusive_whatever_the_history_proves() {
    let found = compared(&legacy(0..8), &store(0..0, 0..8));
    assert_eq!((found.verdict, found.since), (Verdict::Inconclusive, None));
    assert!(found.reasons[0].ends_with("the parallel run has not begun"), "{:?}", found.reasons);
    assert!(found.history.unwrap().holds);
}

#[test]
fn a_legacy_log_that_begins_before_the_store_is_inconclusive_unless_a_beginning_is_declared() {
    let found = compared(&legacy(0..20), &store(8..20, 0..0));
    assert_eq!((found.verdict, found.matched, found.history), (Verdict::Inconclusive, 12, None));
    assert!(found.reasons[0].starts_with("8 events of the control lie before"), "{:?}", found.reasons);
    assert!(found.reasons[0].contains("import the control into the store"), "{:?}", found.reasons);
    let since = Settings { since: Some("2025-10-20T08:00:00Z".parse().unwrap()), ..settings() };
    let found = compared_with(&since, &legacy(0..20), &store(8..20, 0..0));
    assert_eq!(found.verdict, Verdict::Consistent, "{:?}", found.reasons);
}

#[test]
fn of_a_candidate_that_is_a_log_it_is_said_that_a_store_has_to_be_compared() {
    let log = MemorySide::file("new.jsonl", (8..20).map(event));
    let found = compared(&legacy(0..20), &log);
    assert_eq!((found.verdict, found.matched), (Verdict::Inconclusive, 12));
    let said = &found.reasons[0];
    for way in ["compare the control with that store", "--since TIME", "--since all"] {
        assert!(said.contains(way), "{said}");
    }
}

#[test]
fn two_logs_of_one_kind_are_compared_from_their_first_events_on_and_have_no_history() {
    let log = |events: std::ops::Range<u32>| MemorySide::file("new.jsonl", events.map(event));
    let found = compared(&log(0..20), &log(2..20));
    assert_eq!((found.verdict, found.missing), (Verdict::Different, 2));
    assert_eq!((found.since, found.history), (None, None));
}

#[test]
fn what_lies_in_the_folder_of_a_side_is_told_with_that_side() {
    let mut candidate = store(0..20, 0..0);
    let notes = SkippedFile {
        path: "notes.md".to_owned(),
        reason: "its name is not that of a log".to_owned(),
        holds_events: Some(false),
    };
    candidate.left_out.push(notes.clone());
    let found = compared(&legacy(0..20), &candidate);
    assert_eq!((found.control.left_out, found.candidate.left_out), (Vec::new(), vec![notes]));
}
