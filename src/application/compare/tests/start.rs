//! Where a parallel run begins, whatever the candidate is read from.

use super::*;
use crate::application::compare::memory_side::{MemorySide, compare_in_memory, event};
use crate::application::compare::report::{BeginningKind, BeginningReport};
use crate::application::compare::settings::Start;

fn compared(start: Start, control: &MemorySide, candidate: &MemorySide) -> Comparison {
    let settings = Settings { start, ..settings() };
    compare_in_memory(&settings, control, candidate, |_, found| found.clone())
}

fn inferred(control: &MemorySide, candidate: &MemorySide) -> Comparison {
    compared(Start::Inferred, control, candidate)
}

/// An event as [`event`] gives it, so many seconds later.
fn late(number: u32, seconds: i64) -> String {
    let hours = |number: u32| time(i64::from(number) * 3_600_000);
    event(number).replace(&hours(number), &time(i64::from(number) * 3_600_000 + seconds * 1000))
}

fn legacy(numbers: impl Iterator<Item = u32>) -> MemorySide {
    MemorySide::legacy("events.json", numbers.map(event))
}

fn file(numbers: impl Iterator<Item = u32>) -> MemorySide {
    MemorySide::file("new.jsonl", numbers.map(event))
}

fn store(numbers: impl Iterator<Item = u32>) -> MemorySide {
    MemorySide::store("events.db", numbers.map(event), std::iter::empty())
}

fn instant(text: &str) -> chrono::DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn a_log_and_a_store_of_the_new_system_begin_alike_with_the_partner_of_their_first_event() {
    let expected = BeginningReport {
        kind: BeginningKind::Inferred,
        at: Some(instant("2025-10-20T08:00:00Z")),
        partial_day: Some("2025-10-20".parse().unwrap()),
        earlier: 8,
        is_paired: true,
    };
    let found = [file(8..40), store(8..40)].map(|candidate| inferred(&legacy(0..40), &candidate));
    for found in &found {
        assert_eq!((found.verdict, found.matched, found.missing), (Verdict::Inconclusive, 32, 0));
        assert_eq!(found.beginning, expected);
        assert_eq!(found.reasons, found.reasons[..1]);
        for way_out in ["8 events of the control lie before", "import-legacy", "--since TIME", "--since all"]
        {
            assert!(found.reasons[0].contains(way_out), "{:?}", found.reasons);
        }
    }
    assert_eq!(found[0].by_day, found[1].by_day);
}

#[test]
fn without_earlier_events_an_inferred_beginning_is_consistent_and_told() {
    let found = inferred(&legacy(8..40), &file(8..40));
    assert_eq!((found.verdict, found.matched), (Verdict::Consistent, 32), "{:?}", found.reasons);
    assert_eq!((found.beginning.kind, found.beginning.earlier), (BeginningKind::Inferred, 0));
}

#[test]
fn a_first_event_that_was_lost_is_missing_where_the_start_was_recorded_and_else_the_run_begins_one_later() {
    for lost in [file(9..20), store(9..20)] {
        let found = inferred(&legacy(8..20), &lost);
        assert_eq!((found.verdict, found.missing), (Verdict::Inconclusive, 0));
        assert_eq!(found.beginning.at, Some(instant("2025-10-20T09:00:00Z")));
        assert_eq!(found.beginning.earlier, 1);
        let found = compared(Start::Recorded(instant("2025-10-20T08:00:00Z")), &legacy(8..20), &lost);
        assert_eq!((found.verdict, found.missing), (Verdict::Different, 1), "{:?}", found.reasons);
        assert_eq!(found.beginning.kind, BeginningKind::Recorded);
        assert_eq!((found.beginning.at, found.beginning.earlier), (found.since, 0));
    }
}

#[test]
fn what_follows_a_recorded_start_belongs_to_the_run_by_either_clock() {
    let start = Start::Recorded(instant("2025-10-20T08:00:00Z"));
    let control = || (0..9).map(event).chain([late(8, 1).replace("T8", "T80")]).chain((9..20).map(event));
    let control = MemorySide::legacy("events.json", control());
    // The first of two that came within the tolerance was lost.
    let candidate = [late(8, 1).replace("T8", "T80")].into_iter().chain((9..20).map(event));
    let found = compared(start, &control, &MemorySide::file("new.jsonl", candidate));
    assert_eq!((found.matched, found.missing, found.beginning.earlier), (12, 1, 8));
    // Its partner was stamped a second before the start, by the new system or by the legacy one.
    let early = || [late(8, -1), late(8, 1).replace("T8", "T80")].into_iter().chain((9..20).map(event));
    let found = compared(start, &control, &MemorySide::file("new.jsonl", early()));
    assert_eq!((found.matched, found.missing, found.beginning.earlier), (13, 0, 8));
    let control = MemorySide::legacy("events.json", (0..8).map(event).chain(early()));
    let candidate = (8..9).map(event).chain(early().skip(1));
    let found = compared(start, &control, &MemorySide::file("new.jsonl", candidate));
    assert_eq!((found.matched, found.extra, found.beginning.earlier), (13, 0, 8));
}

#[test]
fn a_recorded_start_leaves_out_what_either_system_wrote_before() {
    let start = Start::Recorded(instant("2025-10-20T08:30:00Z"));
    // Two events from before the start as a test, of which one is in both logs.
    let candidate = || (3..4).chain(8..9).chain(9..20);
    for candidate in [file(candidate()), store(candidate())] {
        let found = compared(start, &legacy((0..3).chain(4..20)), &candidate);
        assert_eq!((found.matched, found.missing, found.extra), (11, 0, 0), "{:?}", found.differences);
        assert_eq!((found.beginning.earlier, found.candidate.out_of_range), (8, 2));
        assert_eq!(found.verdict, Verdict::Inconclusive);
        assert!(found.reasons[0].contains("before the recorded start"), "{:?}", found.reasons);
    }
}

#[test]
fn a_recorded_start_is_a_time_of_the_new_system_s_clock() {
    for seconds in [-240, 240] {
        let start = instant("2025-10-20T08:00:00Z") + TimeDelta::seconds(seconds);
        // The second event of the run was lost.
        let candidate = (0..20).filter(|number| *number != 9).map(|number| late(number, seconds));
        let found =
            compared(Start::Recorded(start), &legacy(0..20), &MemorySide::file("new.jsonl", candidate));
        assert_eq!((found.matched, found.missing, found.extra), (11, 1, 0), "{:?}", found.differences);
        assert_eq!(found.beginning.at, Some(instant("2025-10-20T08:00:00Z")));
        assert_eq!((found.beginning.earlier, found.candidate.out_of_range), (8, 8));
    }
}

#[test]
fn a_recorded_start_at_midnight_cuts_no_day_and_an_inferred_one_does() {
    let found = compared(Start::Recorded(instant("2025-10-21T00:00:00Z")), &legacy(24..50), &file(24..50));
    assert_eq!((found.verdict, found.beginning.partial_day), (Verdict::Consistent, None));
    let found = inferred(&legacy(24..50), &file(24..50));
    assert_eq!(found.beginning.partial_day, Some("2025-10-21".parse().unwrap()));
}

#[test]
fn a_first_event_without_a_partner_begins_the_run_at_its_own_time_less_the_tolerance() {
    // What the new system wrote first has no partner, and an event just before it no partner either.
    let mut control: Vec<String> = (5..20).map(event).collect();
    control.push(late(6, 3598));
    control.push(late(7, 3597));
    let control = MemorySide::legacy("events.json", control.into_iter());
    let candidate =
        (9..20).map(event).chain([late(30, 0).replace(&time(30 * 3_600_000), &time(8 * 3_600_000 - 1000))]);
    let found = inferred(&control, &MemorySide::file("new.jsonl", candidate));
    assert_eq!(found.beginning.at, Some(instant("2025-10-20T07:59:57Z")), "{:?}", found.differences);
    // The event at 08:00:00 and the one at 07:59:57.
    assert_eq!((found.missing, found.extra, found.matched), (2, 1, 11));
    assert!(!found.beginning.is_paired);
}

#[test]
fn a_test_event_long_before_the_run_makes_all_that_follows_missing_and_that_is_explained() {
    let test_event = event(90).replace(&time(90 * 3_600_000), &time(-20 * 3_600_000));
    let candidate = [test_event].into_iter().chain((30..40).map(event));
    let found = inferred(&legacy(0..40), &MemorySide::file("new.jsonl", candidate));
    assert_eq!((found.verdict, found.missing, found.extra), (Verdict::Different, 30, 1));
    let explained = found.reasons.iter().any(|reason| {
        reason.contains("begins with the first event of the candidate, which has no partner")
            && reason.contains("--since TIME")
    });
    assert!(explained, "{:?}", found.reasons);
    // Where the start is known, it explains nothing.
    let candidate = MemorySide::file("new.jsonl", [event(90)].into_iter().chain((30..40).map(event)));
    let found = compared(Start::Recorded(instant("2025-10-21T06:00:00Z")), &legacy(0..40), &candidate);
    assert_eq!((found.verdict, found.missing, found.extra), (Verdict::Different, 0, 1));
    assert!(
        !found.reasons.iter().any(|reason| reason.contains("begins with the first")),
        "{:?}",
        found.reasons
    );
}

#[test]
fn it_does_not_matter_where_the_first_event_stands_in_its_log() {
    let expected = inferred(&legacy(0..40), &file(8..40));
    for candidate in [file((8..40).rev()), file((9..40).chain(8..9)), file((20..40).chain(8..20))] {
        let found = inferred(&legacy(0..40), &candidate);
        assert_eq!((found.verdict, found.matched), (expected.verdict, expected.matched));
        assert_eq!((&found.beginning, found.since), (&expected.beginning, expected.since));
        assert_eq!((&found.by_day, &found.control.days), (&expected.by_day, &expected.control.days));
    }
}

#[test]
fn clocks_that_are_hours_apart_do_not_hide_the_partner_of_the_first_event() {
    for seconds in [-3 * 3600, 3 * 3600, 24 * 3600, -9 * 24 * 3600, 9 * 24 * 3600] {
        // A run of some days, and one that is younger than its clock is wrong.
        for events in [8..200, 8..10] {
            let candidate = events.clone().map(|number| late(number, seconds));
            let candidate = MemorySide::file("new.jsonl", candidate);
            let found = inferred(&legacy(0..events.end), &candidate);
            let classes = (found.time_shifted, found.missing, found.extra);
            assert_eq!(
                classes,
                (u64::from(events.end) - 8, 0, 0),
                "{seconds} {events:?} {:?}",
                found.reasons
            );
            assert_eq!(found.beginning.at, Some(instant("2025-10-20T08:00:00Z")));
            assert_eq!(found.beginning.earlier, 8);
        }
    }
}

#[test]
fn events_of_one_time_begin_together() {
    let at_once = |numbers: std::ops::Range<u32>| {
        numbers
            .map(|number| event(number).replace(&time(i64::from(number) * 3_600_000), &time(8 * 3_600_000)))
    };
    let life = || (0..8).map(event).chain(at_once(8..12)).chain((12..20).map(event));
    let control = MemorySide::legacy("events.json", life());
    let found = inferred(&control, &MemorySide::file("new.jsonl", life().skip(8)));
    assert_eq!((found.matched, found.missing, found.beginning.earlier), (12, 0, 8));
    // One of those that came first was lost: it is of the same moment.
    let lost = MemorySide::file("new.jsonl", life().skip(9));
    let found = inferred(&control, &lost);
    assert_eq!((found.matched, found.missing, found.beginning.earlier), (11, 1, 8));
}

#[test]
fn logs_of_one_kind_are_compared_from_their_first_events_on_and_so_is_everything_on_request() {
    let both_legacy = (legacy(0..20), legacy(8..20));
    let both_new = (file(0..20), file(8..20));
    for (control, candidate) in [both_legacy, both_new] {
        for start in [Start::Inferred, Start::Recorded(instant("2025-10-20T08:00:00Z"))] {
            let found = compared(start, &control, &candidate);
            assert_eq!((found.verdict, found.missing), (Verdict::Different, 8));
            assert_eq!((found.beginning.kind, found.beginning.at), (BeginningKind::All, None));
        }
    }
    for candidate in [file(8..20), store(8..20)] {
        let found = compared(Start::FirstEvents, &legacy(0..20), &candidate);
        assert_eq!((found.verdict, found.missing), (Verdict::Different, 8));
        assert_eq!((found.beginning.kind, found.since), (BeginningKind::All, None));
    }
}

#[test]
fn what_is_later_than_the_range_is_not_counted_as_earlier() {
    let settings = Settings { until: Some(instant("2025-10-21T00:30:00Z")), ..settings() };
    for candidate in [file(8..40), store(8..40)] {
        let found = compare_in_memory(&settings, &legacy(0..40), &candidate, |_, found| found.clone());
        assert_eq!((found.matched, found.control.out_of_range), (17, 23), "{:?}", found.reasons);
        assert_eq!(found.beginning.earlier, 8);
    }
}

#[test]
fn a_declared_beginning_wins_over_a_recorded_one() {
    let settings = Settings {
        since: Some(instant("2025-10-20T10:00:00Z")),
        start: Start::Recorded(instant("2025-10-20T08:00:00Z")),
        ..settings()
    };
    let found = compare_in_memory(&settings, &legacy(0..20), &file(10..20), |_, found| found.clone());
    assert_eq!((found.verdict, found.matched), (Verdict::Consistent, 10), "{:?}", found.reasons);
    let BeginningReport { kind, earlier, partial_day, .. } = found.beginning;
    assert_eq!((kind, earlier), (BeginningKind::Declared, 10));
    assert_eq!(partial_day, Some("2025-10-20".parse().unwrap()));
}

#[test]
fn a_new_system_that_wrote_nothing_is_missing_all_and_so_it_is_since_a_recorded_start() {
    for candidate in [file(0..0), store(0..0)] {
        let found = inferred(&legacy(0..20), &candidate);
        assert_eq!((found.verdict, found.missing), (Verdict::Different, 20));
        assert_eq!(found.beginning.kind, BeginningKind::All);
        let start = Start::Recorded(instant("2025-10-20T08:00:00Z"));
        let found = compared(start, &legacy(0..20), &candidate);
        assert_eq!((found.verdict, found.missing), (Verdict::Different, 12));
    }
}
