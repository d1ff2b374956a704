//! What is not known, what is too early, and what decides nothing.

use super::cases::{Change, failure, figures_of, handler};
use super::*;
use crate::application::handling::failure::FailureState;
use crate::application::handling::status::Behind;
use CriterionName as Name;
use CriterionVerdict::NotEnoughEvidence;

#[test]
fn what_cannot_be_looked_at_is_too_little_evidence_and_says_why() {
    let unread: [(Change, &[Name]); 7] = [
        (|case| case.facts.control = Err("denied".to_owned()), &[Name::CleanDays, Name::StateEquivalence]),
        (
            |case| case.facts.candidate = Err("denied".to_owned()),
            &[Name::CleanDays, Name::StateEquivalence, Name::Latency],
        ),
        (
            |case| case.facts.handlers = Err("denied".to_owned()),
            &[Name::HandlerErrors, Name::HandlersRunning],
        ),
        (|case| case.facts.mirrors = Err("denied".to_owned()), &[Name::Mirrors]),
        (|case| case.facts.undecided = Err("denied".to_owned()), &[Name::Mirrors]),
        (|case| case.facts.figures = Err("denied".to_owned()), &[Name::DispatchFailures, Name::Latency]),
        (|case| case.facts.complaints = Err("denied".to_owned()), &[Name::Integrity]),
    ];
    for (change, names) in unread {
        let report = judged(change);
        let expected: Vec<_> = names.iter().map(|name| (*name, NotEnoughEvidence)).collect();
        assert_eq!(not_held(&report), expected);
        assert!(names.iter().all(|name| criterion(&report, *name).reasons[0].contains("denied")));
    }
}

#[test]
fn without_a_handler_store_or_figures_nothing_is_known_of_handlers_and_dispatches() {
    let report = judged(|case| {
        case.facts.handlers = Ok(None);
        case.facts.figures = Ok(None);
    });
    let names = [Name::HandlerErrors, Name::HandlersRunning, Name::DispatchFailures, Name::Latency];
    assert_eq!(not_held(&report), names.map(|name| (name, NotEnoughEvidence)));
}

#[test]
fn without_any_evidence_it_is_never_go_and_nothing_fails() {
    let report = judged(|case| {
        case.comparisons.clear();
        case.rehearsals.clear();
    });
    assert_eq!(report.verdict, GateVerdict::NotEnoughEvidence);
    assert!(not_held(&report).len() >= 10, "{:?}", not_held(&report));
}

#[test]
fn what_happened_before_the_period_does_not_count_and_what_was_left_out_is_listed_with_its_reason() {
    let report = judged(|case| {
        handler(case).failures.push(failure(FailureState::Skipped, at(day(20), 23, 59)));
        figures_of(case).push(figures(day(20), 1_000, 100));
        let mut slow = figures(day(25), 1_000, 100);
        slow.0.mode = "legacy_events".to_owned();
        figures_of(case).push(slow);
    });
    assert_eq!((report.verdict, report.since), (GateVerdict::Go, Some(day(21))), "{:?}", not_held(&report));
    let notes = &criterion(&report, Name::HandlerErrors).notes;
    assert_eq!(*notes, ["task_state left out event e7: skip: the user is gone"]);
}

#[test]
fn a_young_event_may_be_unhandled_and_a_task_of_it_takes_no_part() {
    let report = judged(|case| {
        let earliest = Some(case.facts.now - TimeDelta::seconds(60));
        handler(case).status.behind = Behind { events: 1, is_at_least: false, earliest };
    });
    assert_eq!(report.verdict, GateVerdict::Go);
}

#[test]
fn a_store_of_daily_files_needs_no_history_where_nothing_is_earlier_than_what_was_compared() {
    let import = |earlier| {
        judged(|case| {
            case.last().history = None;
            case.last().candidate.kind = SideKind::Folder;
            case.last().window.beginning.as_mut().unwrap().earlier = earlier;
        })
    };
    assert_eq!(import(0).verdict, GateVerdict::Go);
    assert_eq!(not_held(&import(1)), [(Name::Import, NotEnoughEvidence)]);
}
