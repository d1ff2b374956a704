//! What keeps a case that is GO from it, by one criterion each.

use super::*;
use crate::application::doctor::handlers::MirrorFacts;
use crate::application::evidence::record::{FileEvidence, LeftOutFile};
use crate::application::evidence::{CheckedInput, Fault, FaultKind, InputKind, InputState};
use crate::application::figures::DamagedLine;
use crate::application::handling::failure::{Failure, FailureState};
use crate::application::handling::status::Behind;
use CriterionName as Name;
use CriterionVerdict::{Fails, NotEnoughEvidence};

pub(super) type Change = fn(&mut Case);

pub(super) fn handler(case: &mut Case) -> &mut HandlerFacts {
    &mut case.facts.handlers.as_mut().unwrap().as_mut().unwrap()[0]
}

pub(super) fn failure(state: FailureState, failed: DateTime<Utc>) -> Failure {
    let stored = event(7, "TaskCreated", "T7", "");
    Failure {
        stream: crate::domain::value_objects::StreamId::single(),
        position: stored.position,
        event_id: stored.event.event_id().clone(),
        event_type: "TaskCreated".to_owned(),
        aggregate_id: None,
        state,
        attempts: 1,
        next_attempt_at: None,
        first_failed_at: Some(failed),
        last_failed_at: Some(failed),
        error: Some("no route to host".to_owned()),
        resolved_at: Some(failed),
        resolved_by: Some("skip: the user is gone".to_owned()),
    }
}

fn input(state: InputState) -> CheckedInput {
    CheckedInput { path: CONTROL.to_owned(), kind: InputKind::File, state, records: vec![7] }
}

pub(super) fn mirror(state: HandlerState, behind: u64) -> MirrorFacts {
    MirrorFacts { name: "new_mirror".to_owned(), state, reason: None, behind: Some(behind) }
}

/// A day after the 27th on which the last comparison has found a difference: it is open, and not one of those that are counted.
fn difference_of_today(case: &mut Case) {
    case.last().days.push(DayEvidence { differences: 1, ended: false, ..entry(day(28)) });
    case.last().recorded_at = at(day(28), 11, 0);
    case.last().window.as_of = at(day(28), 11, 0);
    case.last().verdict = Verdict::Different;
}

/// What is changed in a case that is GO, and the one criterion that does not hold then.
pub(super) const CASES: &[(&str, Change, Name, CriterionVerdict)] = &[
    (
        "a line of the evidence was altered",
        |case| {
            let comparisons: Vec<_> = case.comparisons.iter().cloned().map(Evidence::from).collect();
            let rehearsals: Vec<_> = case.rehearsals.iter().cloned().map(Evidence::from).collect();
            let verifications: Vec<_> = case.verifications.iter().cloned().map(Evidence::from).collect();
            let all = comparisons.into_iter().chain(rehearsals).chain(verifications);
            case.facts.evidence = Chain::of(&lines(all));
            case.facts.evidence.faults.push(Fault { line: 3, kind: FaultKind::Altered { before: 2 } });
        },
        Name::Evidence,
        Fails,
    ),
    (
        "what was compared last was altered",
        |case| case.facts.inputs = vec![input(InputState::Changed { detail: "other bytes".to_owned() })],
        Name::Evidence,
        Fails,
    ),
    (
        "what was compared last cannot be read",
        |case| {
            case.facts.inputs = vec![input(InputState::Unreadable { detail: "permission denied".to_owned() })]
        },
        Name::Evidence,
        NotEnoughEvidence,
    ),
    (
        "what was compared last is gone",
        |case| case.facts.inputs = vec![input(InputState::Gone)],
        Name::Evidence,
        NotEnoughEvidence,
    ),
    (
        "a day was different once, and not in later comparisons",
        |case| {
            case.comparisons[2].verdict = Verdict::Different;
            case.comparisons[2].days[2].differences = 1;
        },
        Name::CleanDays,
        Fails,
    ),
    (
        "events of a day were repaired",
        |case| {
            case.entry(day(25)).classes.insert("repaired".to_owned(), 2);
        },
        Name::CleanDays,
        Fails,
    ),
    (
        "a day more is needed than there are",
        |case| case.settings.days = 8,
        Name::CleanDays,
        NotEnoughEvidence,
    ),
    (
        "the program counts days in another zone than the comparisons",
        |case| case.settings.zone = Zone::new("Europe/Berlin", jiff::tz::TimeZone::UTC),
        Name::RulesUnchanged,
        NotEnoughEvidence,
    ),
    ("the last comparison has a difference today", difference_of_today, Name::Differences, Fails),
    (
        "a comparison has found a difference today, and a later one has not",
        |case| {
            let green = case.last().clone();
            difference_of_today(case);
            case.comparisons.push(ComparisonEvidence { recorded_at: at(day(28), 11, 30), ..green });
        },
        Name::Differences,
        Fails,
    ),
    (
        "an event of today was repaired",
        |case| {
            let repaired = BTreeMap::from([("repaired".to_owned(), 1)]);
            case.last().days.push(DayEvidence { classes: repaired, ended: false, ..entry(day(28)) });
        },
        Name::Differences,
        Fails,
    ),
    (
        "the last comparison is inconclusive, and the one before was not",
        |case| {
            let mut last = case.comparisons.last().unwrap().clone();
            last.verdict = Verdict::Inconclusive;
            last.doubts = Some(vec!["events.json changed each time it was read".to_owned()]);
            case.comparisons.push(last);
        },
        Name::Differences,
        NotEnoughEvidence,
    ),
    ("a record is no event", |case| case.last().candidate.quarantined = 1, Name::Quarantined, Fails),
    (
        "an event of today is too young to be judged",
        |case| {
            let mut today = entry(day(28));
            today.candidate.pending = 1;
            case.last().days.push(today);
        },
        Name::Pending,
        NotEnoughEvidence,
    ),
    (
        "a file was not read",
        |case| {
            let file = LeftOutFile {
                path: "/data/events-old.json".to_owned(),
                reason: "it may hold events".to_owned(),
            };
            case.last().control.left_out.push(file);
        },
        Name::FilesRead,
        NotEnoughEvidence,
    ),
    (
        "a type was seen on one side alone",
        |case| case.entry(day(26)).control.event_types.push("TaskDeleted".to_owned()),
        Name::EventTypes,
        Fails,
    ),
    (
        "a type of the legacy log was not compared",
        |case| {
            case.facts.control.as_mut().unwrap().left_out.insert("TaskDeleted".to_owned(), day(21));
        },
        Name::EventTypes,
        NotEnoughEvidence,
    ),
    (
        "the history is not that of the legacy log",
        |case| case.last().history.as_mut().unwrap().differences = 1,
        Name::Import,
        Fails,
    ),
    (
        "the history does not hold, whatever its counts are",
        |case| case.last().history.as_mut().unwrap().verdict = Verdict::Different,
        Name::Import,
        Fails,
    ),
    (
        "an event of the legacy log is not imported yet",
        |case| case.last().history.as_mut().unwrap().not_imported = Some(1),
        Name::Import,
        NotEnoughEvidence,
    ),
    (
        "the legacy log has grown since it was compared with what is imported",
        |case| {
            case.facts.inputs = vec![input(InputState::Grown)];
            let (path, sha256) = (CONTROL.to_owned(), "ab".repeat(32));
            let file = FileEvidence { path, bytes: 9_000, sha256, prefix: None, events: 70 };
            case.last().control.files.push(file);
        },
        Name::Import,
        NotEnoughEvidence,
    ),
    ("nothing was imported", |case| case.last().history = None, Name::Import, NotEnoughEvidence),
    (
        "a task has another title by the store",
        |case| case.facts.candidate.as_mut().unwrap().tasks = tasks(&[created("T1", 1, "Pack all")]),
        Name::StateEquivalence,
        Fails,
    ),
    (
        "no event is about a task",
        |case| {
            case.facts.candidate.as_mut().unwrap().tasks = TaskStates::default();
            case.facts.control.as_mut().unwrap().tasks = TaskStates::default();
        },
        Name::StateEquivalence,
        NotEnoughEvidence,
    ),
    (
        "a handler failed once, and handled the event later",
        |case| handler(case).failures.push(failure(FailureState::Resolved, at(day(23), 9, 0))),
        Name::HandlerErrors,
        Fails,
    ),
    (
        "a handler failed again on an event of before these days",
        |case| {
            let mut again = failure(FailureState::Resolved, at(day(20), 9, 0));
            again.last_failed_at = Some(at(day(21), 9, 0));
            handler(case).failures.push(again);
        },
        Name::HandlerErrors,
        Fails,
    ),
    (
        "an event on which a handler failed was left out",
        |case| handler(case).failures.push(failure(FailureState::Skipped, at(day(21), 0, 0))),
        Name::HandlerErrors,
        Fails,
    ),
    (
        "a handler has parked an event before the period",
        |case| handler(case).status.open = OpenFailures { parked: 1, ..OpenFailures::default() },
        Name::HandlersRunning,
        Fails,
    ),
    (
        "a handler was stopped",
        |case| handler(case).status.state = Some(HandlerState::Stopped),
        Name::HandlersRunning,
        Fails,
    ),
    (
        "a handler is ahead of the store",
        |case| handler(case).status.is_ahead = true,
        Name::HandlersRunning,
        Fails,
    ),
    (
        "an event that has settled is not handled",
        |case| {
            let earliest = Some(case.facts.now - TimeDelta::seconds(61));
            handler(case).status.behind = Behind { events: 1, is_at_least: false, earliest };
        },
        Name::HandlersRunning,
        Fails,
    ),
    (
        "a mirror was stopped",
        |case| case.facts.mirrors = Ok(vec![mirror(HandlerState::Stopped, 0)]),
        Name::Mirrors,
        Fails,
    ),
    (
        "a mirror has an event left to bring",
        |case| case.facts.mirrors = Ok(vec![mirror(HandlerState::Running, 1)]),
        Name::Mirrors,
        NotEnoughEvidence,
    ),
    (
        "the secondary side failed on a dispatch",
        |case| figures_of(case)[6].0.secondary_failures = 1,
        Name::DispatchFailures,
        Fails,
    ),
    (
        "the primary side failed on a dispatch",
        |case| figures_of(case)[0].0.primary_failures = 1,
        Name::DispatchFailures,
        Fails,
    ),
    (
        "a line of the figures was altered",
        |case| {
            let line =
                DamagedLine { line: 2, offset: 400, is_torn: false, detail: "a wrong count".to_owned() };
            case.facts.figures.as_mut().unwrap().as_mut().unwrap().damage.push(line);
        },
        Name::DispatchFailures,
        NotEnoughEvidence,
    ),
    (
        "dispatches were slow on average",
        |case| figures_of(case)[3] = figures(day(24), EVENTS, 80),
        Name::Latency,
        Fails,
    ),
    (
        "dispatches of a day were not timed, and those of another one twice",
        |case| {
            figures_of(case)[2] = figures(day(23), 2 * EVENTS, 2);
            figures_of(case).remove(3);
        },
        Name::Latency,
        NotEnoughEvidence,
    ),
    (
        "one dispatch of seventy was not timed",
        |case| figures_of(case)[3] = figures(day(24), EVENTS - 1, 2),
        Name::Latency,
        NotEnoughEvidence,
    ),
    ("no rollback was rehearsed", |case| case.rehearsals.clear(), Name::RollbackRehearsed, NotEnoughEvidence),
    (
        "the rehearsed rollback went wrong",
        |case| case.rehearsals[0].findings.verdict = Verdict::Different,
        Name::RollbackRehearsed,
        Fails,
    ),
    (
        "the rehearsal of the rollback was inconclusive",
        |case| case.rehearsals[0].findings.verdict = Verdict::Inconclusive,
        Name::RollbackRehearsed,
        NotEnoughEvidence,
    ),
    (
        "the rollback of an empty store was rehearsed",
        |case| case.rehearsals[0].findings.events = 0,
        Name::RollbackRehearsed,
        NotEnoughEvidence,
    ),
    (
        "a later rehearsal of the rollback went wrong",
        |case| {
            let wrong = rehearsal(Rehearsal::Rollback, Verdict::Different, at(day(28), 1, 0));
            case.rehearsals.push(wrong);
        },
        Name::RollbackRehearsed,
        Fails,
    ),
    (
        "the rollback was rehearsed before these days",
        |case| case.rehearsals[0].recorded_at = at(day(20), 23, 59),
        Name::RollbackRehearsed,
        NotEnoughEvidence,
    ),
    (
        "the rollback of another store was rehearsed",
        |case| case.rehearsals[0].findings.candidate = "/data/copy.db".to_owned(),
        Name::RollbackRehearsed,
        NotEnoughEvidence,
    ),
    (
        "a state was rehearsed, and no rollback",
        |case| case.rehearsals[0].rehearsal = Rehearsal::State,
        Name::RollbackRehearsed,
        NotEnoughEvidence,
    ),
    (
        "a store is damaged",
        |case| case.facts.complaints = Ok(vec!["events.db: row 3 missing".to_owned()]),
        Name::Integrity,
        Fails,
    ),
];

pub(super) fn figures_of(case: &mut Case) -> &mut Vec<(FiguresLine, Latencies)> {
    &mut case.facts.figures.as_mut().unwrap().as_mut().unwrap().lines
}
