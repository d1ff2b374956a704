//! Events that a repair has put into a store.

use crate::application::compare::memory_side::{MemorySide, compare_in_memory, event, settings};
use crate::application::compare::report::{Comparison, Verdict};
use crate::application::compare::settings::Settings;

fn compared(settings: &Settings, control: &MemorySide, candidate: &MemorySide) -> Comparison {
    compare_in_memory(settings, control, candidate, |_, found| found.clone())
}

fn legacy() -> MemorySide {
    MemorySide::legacy("events.json", (0..40).map(event))
}

fn native() -> impl Iterator<Item = String> {
    (0..40).filter(|number| ![12, 30].contains(number)).map(event)
}

#[test]
fn a_repaired_event_is_neither_missing_nor_matched_and_counts_on_its_day() {
    let candidate = MemorySide::store("events.db", native(), [].into_iter());
    let before = compared(&settings(), &legacy(), &candidate);
    assert_eq!((before.verdict, before.missing, before.repaired), (Verdict::Different, 2, 0));
    let candidate = candidate.with_repaired([12, 30].map(event).into_iter());
    let found = compared(&settings(), &legacy(), &candidate);
    assert_eq!(
        (found.verdict, found.missing, found.matched, found.repaired),
        (Verdict::Consistent, 0, 38, 2)
    );
    let by_day: Vec<u64> = found.by_day.iter().map(|day| day.counts.repaired).collect();
    assert_eq!(by_day, [1, 1]);
    assert!(found.differences.is_empty() && found.by_cause.is_empty());
}

#[test]
fn a_repaired_event_has_the_clock_of_the_control_and_says_nothing_of_that_of_the_candidate() {
    let later = |text: String| text.replace(":00:00", ":03:20");
    let candidate = MemorySide::store("events.db", native().map(later), [].into_iter())
        .with_repaired([12, 30].map(event).into_iter());
    let found = compared(&settings(), &legacy(), &candidate);
    assert_eq!(
        (found.verdict, found.repaired, found.time_shifted),
        (Verdict::Consistent, 2, 0),
        "{:?}",
        found.reasons
    );
    assert_eq!((found.clock.offset_us, found.clock.anchors), (200_000_000, 38));
    assert_eq!(found.clock.spread.max_us, 0);
}

#[test]
fn a_run_does_not_begin_with_a_repaired_event() {
    let candidate = MemorySide::store("events.db", (8..40).map(event), [].into_iter())
        .with_repaired([2].map(event).into_iter());
    let found = compared(&settings(), &legacy(), &candidate);
    assert_eq!(found.since, Some("2025-10-20T08:00:00Z".parse().unwrap()));
    assert_eq!((found.matched, found.repaired, found.missing), (32, 0, 0));
}

#[test]
fn a_repaired_event_that_the_new_system_wrote_after_all_is_there_twice() {
    let candidate = MemorySide::store("events.db", (0..40).map(event), [].into_iter())
        .with_repaired([12].map(event).into_iter());
    let found = compared(&settings(), &legacy(), &candidate);
    assert_eq!((found.verdict, found.duplicated.candidate), (Verdict::Different, 1));
}

#[test]
fn a_repaired_event_that_says_something_else_is_changed() {
    let candidate = MemorySide::store("events.db", native(), [].into_iter())
        .with_repaired([event(12).replace("title 12", "title x"), event(30)].into_iter());
    let found = compared(&settings(), &legacy(), &candidate);
    assert_eq!((found.verdict, found.repaired), (Verdict::Different, 1));
}

#[test]
fn where_every_event_was_repaired_nothing_was_compared() {
    let candidate =
        MemorySide::store("events.db", [].into_iter(), [].into_iter()).with_repaired((0..40).map(event));
    let all = Settings { start: crate::application::compare::settings::Start::FirstEvents, ..settings() };
    let found = compared(&all, &legacy(), &candidate);
    assert_eq!((found.verdict, found.matched), (Verdict::Inconclusive, 0));
    assert!(found.reasons[0].starts_with("every event was repaired"), "{:?}", found.reasons);
}

#[test]
fn a_repaired_event_that_carries_an_id_counts_apart_with_and_without_shortcuts() {
    let with_id = |number: u32| event(number).replacen('{', &format!(r#"{{"event_id": "e{number}", "#), 1);
    let control = MemorySide::file("events.jsonl", (0..40).map(with_id));
    let native = (0..40).filter(|number| *number != 12).map(with_id);
    let candidate =
        MemorySide::store("events.db", native, [].into_iter()).with_repaired([12].map(with_id).into_iter());
    for shortcuts in [true, false] {
        let found = compared(&Settings { shortcuts, ..settings() }, &control, &candidate);
        assert_eq!((found.verdict, found.matched, found.repaired), (Verdict::Consistent, 39, 1));
    }
}
