//! The proof of the import covers the whole legacy log.

use std::ops::Range;

use super::*;
use crate::application::compare::memory_side::{MemorySide, compare_in_memory, event};
use crate::application::compare::report::HistoryReport;
use crate::application::compare::settings::Start;

fn legacy(events: impl IntoIterator<Item = String>) -> MemorySide {
    MemorySide::legacy("events.json", events.into_iter())
}

fn store(native: Range<u32>, history: impl IntoIterator<Item = String>) -> MemorySide {
    MemorySide::store("events.db", native.map(event), history.into_iter())
}

fn compared(control: &MemorySide, candidate: &MemorySide) -> Comparison {
    compare_in_memory(&settings(), control, candidate, |_, found| found.clone())
}

/// How many were matched, are missing, are not imported yet, and of these, lie before the beginning.
fn counts(found: &Comparison) -> [u64; 4] {
    let HistoryReport { matched, missing, not_imported, not_imported_before, .. } =
        *found.history.as_ref().unwrap();
    [matched, missing, not_imported, not_imported_before]
}

fn events(numbers: Range<u32>) -> Vec<String> {
    numbers.map(event).collect()
}

/// Another event at the time of the one with this number.
fn at_the_time_of(number: u32, title: &str) -> String {
    event(number).replace(&format!("title {number}"), title)
}

#[test]
fn what_was_imported_of_the_log_is_told_with_what_is_not_imported_yet() {
    let found = compared(&legacy(events(0..200)), &store(100..200, events(0..150)));
    assert_eq!(found.verdict, Verdict::Consistent, "{:?}", found.reasons);
    assert_eq!(counts(&found), [150, 0, 50, 0]);
    let history = found.history.unwrap();
    assert_eq!((history.holds, history.control, history.candidate), (true, 200, 150));
}

#[test]
fn what_is_not_imported_before_the_beginning_is_inconclusive_and_the_rest_is_judged_by_the_comparison() {
    for (imported, before) in [(10, 90), (90, 10), (99, 1), (100, 0)] {
        let found = compared(&legacy(events(0..200)), &store(100..200, events(0..imported)));
        assert_eq!(counts(&found), [u64::from(imported), 0, 200 - u64::from(imported), before]);
        let verdict = if before > 0 { Verdict::Inconclusive } else { Verdict::Consistent };
        assert_eq!(found.verdict, verdict, "{:?}", found.reasons);
        if before > 0 {
            let reason = &found.reasons[0];
            assert!(reason.starts_with(&format!("{before} event")), "{reason}");
            assert!(reason.contains("not imported yet: import the log again (import-legacy)"), "{reason}");
        }
    }
    // The same where the run is different for another cause.
    let found = compared(&legacy(events(0..200)), &store(100..199, events(0..90)));
    assert_eq!((found.verdict, found.missing), (Verdict::Different, 1));
    assert_eq!(counts(&found), [90, 0, 110, 10]);
}

#[test]
fn an_event_that_is_missing_between_imported_ones_is_no_later_one() {
    let imported = (0..150).filter(|number| *number != 70).map(event);
    let found = compared(&legacy(events(0..200)), &store(100..200, imported));
    assert_eq!(found.verdict, Verdict::Different);
    assert_eq!(counts(&found), [149, 1, 50, 0]);
    assert!(!found.history.unwrap().holds);
}

#[test]
fn an_event_that_was_imported_otherwise_and_one_that_the_log_does_not_have_are_differences() {
    let mut changed = events(0..150);
    changed[149] = at_the_time_of(149, "another title");
    let found = compared(&legacy(events(0..200)), &store(100..200, changed));
    let history = found.history.as_ref().unwrap();
    assert_eq!((found.verdict, history.matched, history.holds), (Verdict::Different, 149, false));
    let more = (0..150).map(event).chain([at_the_time_of(149, "one more")]);
    let found = compared(&legacy(events(0..200)), &store(100..200, more));
    let history = found.history.as_ref().unwrap();
    assert_eq!((found.verdict, history.matched, history.extra), (Verdict::Different, 150, 1));
}

#[test]
fn an_event_that_was_imported_in_another_form_was_imported() {
    // What stays the same is the evidence that it is the same event.
    let open = |event: String| event.replace('}', r#", "status": "open"}"#);
    let mut log = events(0..20);
    log[15] = open(event(15));
    let imported = events(0..10).into_iter().chain([open(at_the_time_of(15, "another title"))]);
    let found = compared(&legacy(log), &store(12..20, imported));
    assert_eq!((found.verdict, counts(&found)), (Verdict::Different, [10, 5, 4, 0]));
}

#[test]
fn of_several_events_at_the_last_moment_those_that_follow_are_not_imported_yet() {
    for titles in [["a", "b", "c"], ["title 20"; 3]] {
        let last = titles.map(|title| at_the_time_of(20, title));
        let log = || events(0..20).into_iter().chain(last.clone()).chain(events(21..30));
        for imported in 0..=3 {
            let history = events(0..20).into_iter().chain(last[..imported].to_vec());
            let found = compared(&legacy(log()), &store(25..30, history));
            let imported = imported as u64;
            assert_eq!(counts(&found), [20 + imported, 0, 12 - imported, 7 - imported], "{titles:?}");
            assert!(found.history.unwrap().holds);
        }
    }
    // The one in the middle was lost.
    let last = ["a", "b", "c"].map(|title| at_the_time_of(20, title));
    let log = events(0..20).into_iter().chain(last.clone());
    let history = events(0..20).into_iter().chain([last[0].clone(), last[2].clone()]);
    assert_eq!(counts(&compared(&legacy(log), &store(18..20, history))), [22, 1, 0, 0]);
}

#[test]
fn the_last_moment_counts_and_a_log_that_was_imported_whole_has_nothing_later() {
    let found = compared(&legacy(events(0..20)), &store(8..20, events(0..20)));
    assert_eq!((found.verdict, counts(&found)), (Verdict::Consistent, [20, 0, 0, 0]));
}

#[test]
fn a_late_record_at_the_end_of_the_log_is_not_imported_yet_whenever_it_occurred() {
    // Imported when the log ended with the event 14; then a record of the event 3 came, and 15 to 19.
    let log = || (0..15).filter(|number| *number != 3).chain([3]).chain(15..20).map(event);
    let imported = || (0..15).filter(|number| *number != 3).map(event);
    let found = compared(&legacy(log()), &store(10..20, imported()));
    assert_eq!((found.verdict, counts(&found)), (Verdict::Inconclusive, [14, 0, 6, 1]));
    // The log of another system, whose records have ids.
    let with_id = |record: String| {
        let id = record.split("title ").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
        record.replacen('{', &format!("{{\"event_id\": \"e{id}\", "), 1)
    };
    let found = compared(
        &legacy(log().map(with_id)),
        &MemorySide::store("events.db", (10..20).map(event), imported().map(with_id)),
    );
    assert_eq!((found.verdict, counts(&found)), (Verdict::Inconclusive, [14, 0, 6, 1]));
}

#[test]
fn a_log_in_any_order_is_imported_up_to_a_place_or_up_to_a_time() {
    let order: Vec<u32> = (0..20).map(|number| number * 7 % 20).collect();
    let log = || legacy(order.iter().copied().map(event));
    let up_to_a_place = order[..12].iter().copied().map(event);
    let found = compared(&log(), &store(0..20, up_to_a_place));
    assert_eq!((found.verdict, counts(&found)), (Verdict::Consistent, [12, 0, 8, 0]), "{:?}", found.reasons);
    let up_to_a_time = events(0..12);
    let found = compared(&log(), &store(0..20, up_to_a_time));
    assert_eq!((found.verdict, counts(&found)), (Verdict::Consistent, [12, 0, 8, 0]), "{:?}", found.reasons);
}

#[test]
fn a_range_that_was_asked_for_bounds_the_comparison_and_not_the_proof_of_the_import() {
    let instant = |text: &str| Some(text.parse().unwrap());
    let candidate = || store(30..60, events(0..50));
    for (since, until, matched, before) in [
        (instant("2025-10-21T12:00:00Z"), None, 24, 0),
        (None, instant("2025-10-21T12:00:00Z"), 7, 0),
        (instant("2025-10-21T12:00:00Z"), instant("2025-10-21T20:00:00Z"), 9, 0),
        (instant("2025-10-22T08:00:00Z"), None, 4, 6),
    ] {
        let settings = Settings { since, until, ..settings() };
        let found =
            compare_in_memory(&settings, &legacy(events(0..60)), &candidate(), |_, found| found.clone());
        assert_eq!((found.matched, counts(&found)), (matched, [50, 0, 10, before]), "{since:?} {until:?}");
        let verdict = if before > 0 { Verdict::Inconclusive } else { Verdict::Consistent };
        assert_eq!(found.verdict, verdict, "{:?}", found.reasons);
    }
    // A hole outside the range is a hole.
    let candidate = store(30..60, (0..50).filter(|number| *number != 4).map(event));
    let settings = Settings { since: instant("2025-10-21T12:00:00Z"), ..settings() };
    let found = compare_in_memory(&settings, &legacy(events(0..60)), &candidate, |_, found| found.clone());
    assert_eq!((found.verdict, counts(&found)), (Verdict::Different, [49, 1, 10, 0]));
}

#[test]
fn from_a_recorded_start_on_the_comparison_judges_what_is_not_imported() {
    let start = Start::Recorded("2025-10-20T12:00:00Z".parse().unwrap());
    let settings = Settings { start, ..settings() };
    for (imported, before) in [(12, 0), (10, 2)] {
        let candidate = store(12..20, events(0..imported));
        let found =
            compare_in_memory(&settings, &legacy(events(0..20)), &candidate, |_, found| found.clone());
        let imported = u64::from(imported);
        assert_eq!(counts(&found), [imported, 0, 20 - imported, before]);
        let verdict = if before > 0 { Verdict::Inconclusive } else { Verdict::Consistent };
        assert_eq!(found.verdict, verdict, "{:?}", found.reasons);
    }
}

#[test]
fn before_a_run_that_has_not_begun_everything_must_be_imported() {
    let found = compared(&legacy(events(0..20)), &store(0..0, events(0..15)));
    assert_eq!((found.verdict, counts(&found)), (Verdict::Inconclusive, [15, 0, 5, 5]));
    assert!(found.reasons[0].ends_with("the parallel run has not begun"), "{:?}", found.reasons);
    assert!(found.reasons.iter().any(|reason| reason.starts_with("5 events")), "{:?}", found.reasons);
}

#[test]
fn the_legacy_log_is_the_measure_on_either_side() {
    let found = compared(&store(0..20, events(0..15)), &legacy(events(0..20)));
    assert_eq!(counts(&found), [15, 0, 5, 0]);
    assert!(found.history.unwrap().holds);
}
