//! What is not known, what is too early, and what decides nothing.

use super::cases::{Change, failure, figures_of, handler};
use super::*;
use crate::application::doctor::handlers::MirrorFacts;
use crate::application::figures::DamagedLine;
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
fn what_is_known_to_decide_nothing_leaves_it_go() {
    let harmless: [Change; 4] = [
        |case| {
            case.facts.control.as_mut().unwrap().left_out.insert("Moved".to_owned(), day(20));
        },
        |case| {
            let torn = DamagedLine { line: 9, offset: 900, is_torn: true, detail: "cut".to_owned() };
            case.facts.figures.as_mut().unwrap().as_mut().unwrap().damage.push(torn);
        },
        |case| {
            let earlier = rehearsal(Rehearsal::Rollback, Verdict::Different, at(day(22), 1, 0));
            case.rehearsals.insert(0, earlier);
        },
        |case| {
            let of_other = rehearsal(Rehearsal::State, Verdict::Different, at(day(28), 1, 0));
            case.rehearsals.push(of_other);
        },
    ];
    for change in harmless {
        let report = judged(change);
        assert_eq!(report.verdict, GateVerdict::Go, "{:?}", not_held(&report));
    }
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

#[test]
fn of_a_mirror_of_which_is_not_known_what_it_has_to_bring_nothing_is_known() {
    let left = MirrorFacts {
        name: "new_mirror".to_owned(),
        state: HandlerState::Running,
        reason: None,
        behind: None,
    };
    let report = judged(|case| case.facts.mirrors = Ok(vec![left]));
    assert_eq!(not_held(&report), [(Name::Mirrors, NotEnoughEvidence)]);
}
