use chrono::{Days, NaiveDate};
use mission_events::internals::application::handling::HandlerKind;
use mission_events::internals::application::handling::failure::{Failure, FailureState};
use mission_events::internals::application::handling::memory::MemoryHandlerStore;
use mission_events::internals::application::handling::store::{
    Durability, HandlerRow, HandlerState, HandlerStore, HandlerTransaction, HandlerView, HandlingFigures,
    StreamProgress,
};
use mission_events::{AggregateId, EventId, Position, StreamId};
use proptest::prelude::*;

use super::{at, open, session};
use crate::support::cases;
use crate::support::test_dir::TestDir;

const HANDLERS: [&str; 2] = ["task_history", "notifications"];
const STREAMS: [&str; 3] = ["", "2025-10-25", "2025-10-26"];
const AGGREGATES: [&str; 3] = ["", "T1", "täsk \0 2"];

#[derive(Debug, Clone)]
enum Step {
    PutHandler(HandlerRow),
    PutProgress(&'static str, StreamProgress),
    ClearProgress(&'static str),
    PutFailure(&'static str, Failure),
    AddFigures(&'static str, NaiveDate, HandlingFigures),
    SetSavepoint,
    UndoToSavepoint,
    ReleaseSavepoint,
    Commit,
    Drop,
}

/// Everything that a view answers.
fn answers(view: &mut dyn HandlerView) -> Vec<String> {
    let mut answers = vec![format!("{:?}", view.handlers().unwrap())];
    for handler in HANDLERS {
        answers.push(format!("{handler}: {:?}", view.handler(handler).unwrap()));
        answers.push(format!("{:?}", view.progress(handler).unwrap()));
        for stream in STREAMS.map(StreamId::new) {
            answers.push(format!("{:?}", view.progress_in(handler, &stream).unwrap()));
        }
        let failures = view.failures(handler).unwrap();
        for failure in &failures {
            let found = view.failure(handler, &failure.stream, failure.position).unwrap();
            assert_eq!(found.as_ref(), Some(failure));
        }
        answers.push(format!("{failures:?}"));
        for aggregate in AGGREGATES.map(AggregateId::new) {
            answers.push(format!("{:?}", view.open_failures_about(handler, &aggregate).unwrap()));
        }
        answers.push(format!("{:?}", view.open_failures(handler).unwrap()));
        answers.push(format!("{:?}", view.next_retry(handler).unwrap()));
        answers.push(format!("{:?}", view.events_handled(handler).unwrap()));
    }
    answers
}

fn do_step(transaction: &mut dyn HandlerTransaction, step: &Step) {
    match step {
        Step::PutHandler(row) => transaction.put_handler(row),
        Step::PutProgress(handler, progress) => transaction.put_progress(handler, progress),
        Step::ClearProgress(handler) => transaction.clear_progress(handler),
        Step::PutFailure(handler, failure) => transaction.put_failure(handler, failure),
        Step::AddFigures(handler, day, figures) => transaction.add_figures(handler, *day, figures),
        Step::SetSavepoint => transaction.set_savepoint(),
        Step::UndoToSavepoint => transaction.undo_to_savepoint(),
        Step::ReleaseSavepoint => transaction.release_savepoint(),
        Step::Commit | Step::Drop => Ok(()),
    }
    .unwrap();
}

fn handlers() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(&HANDLERS[..])
}

fn streams() -> impl Strategy<Value = StreamId> {
    proptest::sample::select(&STREAMS[..]).prop_map(StreamId::new)
}

fn texts() -> impl Strategy<Value = Option<String>> {
    proptest::option::of("\\PC{0,8}|a\0b")
}

fn times() -> impl Strategy<Value = chrono::DateTime<chrono::Utc>> {
    prop_oneof![-3_i64..3, 1_761_386_400_000_000_i64..1_761_386_400_000_009].prop_map(at)
}

fn event_ids() -> impl Strategy<Value = EventId> {
    "\\PC{1,8}".prop_map(|id| EventId::new(id).unwrap())
}

fn handler_rows() -> impl Strategy<Value = HandlerRow> {
    let kinds = proptest::sample::select(vec![HandlerKind::Projection, HandlerKind::Effect]);
    let states = proptest::sample::select(vec![
        HandlerState::Running,
        HandlerState::Paused,
        HandlerState::Stopped,
        HandlerState::ReplayNeeded,
    ]);
    (handlers(), kinds, any::<u32>(), states, texts(), times()).prop_map(
        |(name, kind, version, state, state_reason, created_at)| HandlerRow {
            name: name.to_owned(),
            kind,
            version,
            state,
            state_reason,
            created_at,
        },
    )
}

fn progress() -> impl Strategy<Value = StreamProgress> {
    (streams(), any::<i64>(), event_ids(), times(), texts()).prop_map(
        |(stream, position, event_id, updated_at, detail)| StreamProgress {
            stream,
            position: Position::new(position),
            event_id,
            updated_at,
            detail,
        },
    )
}

fn failures() -> impl Strategy<Value = Failure> {
    let states = proptest::sample::select(vec![
        FailureState::Retrying,
        FailureState::Parked,
        FailureState::Waiting,
        FailureState::Skipped,
        FailureState::Resolved,
    ]);
    let event = (streams(), 0_i64..6, event_ids(), texts());
    let aggregates = proptest::option::of(proptest::sample::select(&AGGREGATES[..]));
    let optional_times = || proptest::option::of(times());
    let attempts = (any::<u32>(), times(), optional_times(), optional_times(), texts());
    (event, aggregates, states, attempts, optional_times(), texts()).prop_map(
        |((stream, position, event_id, event_type), aggregate, state, attempts, resolved_at, resolved_by)| {
            let (attempts, next, first_failed_at, last_failed_at, error) = attempts;
            Failure {
                stream,
                position: Position::new(position),
                event_id,
                event_type: event_type.unwrap_or_default(),
                aggregate_id: aggregate.map(AggregateId::new),
                state,
                attempts,
                next_attempt_at: (state == FailureState::Retrying).then_some(next),
                first_failed_at,
                last_failed_at,
                error,
                resolved_at,
                resolved_by,
            }
        },
    )
}

fn figures() -> impl Strategy<Value = (NaiveDate, HandlingFigures)> {
    let day = |days| NaiveDate::from_ymd_opt(2025, 10, 25).unwrap() + Days::new(days);
    (0_u64..3, 0_u64..1000, 0_u64..10, 0_u64..1000).prop_map(move |(days, handled, failed, micros)| {
        (day(days), HandlingFigures { handled, failed, micros, slowest_micros: micros })
    })
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => handler_rows().prop_map(Step::PutHandler),
        4 => (handlers(), progress()).prop_map(|(handler, progress)| Step::PutProgress(handler, progress)),
        1 => handlers().prop_map(Step::ClearProgress),
        6 => (handlers(), failures()).prop_map(|(handler, failure)| Step::PutFailure(handler, failure)),
        2 => (handlers(), figures()).prop_map(|(handler, (day, figures))| Step::AddFigures(handler, day, figures)),
        1 => Just(Step::SetSavepoint),
        1 => Just(Step::UndoToSavepoint),
        1 => Just(Step::ReleaseSavepoint),
        1 => Just(Step::Commit),
        1 => Just(Step::Drop),
    ]
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn any_sequence_of_transactions_leaves_what_the_store_in_memory_has(
        rows in proptest::collection::vec(handler_rows(), 2),
        steps in proptest::collection::vec(steps(), 0..60),
    ) {
        let dir = TestDir::new();
        let (store, model) = (open(&dir.join("handlers.db")), MemoryHandlerStore::default());
        let mut sessions = [session(&store), model.session(Durability::Later).unwrap()];
        let mut readers = [session(&store), model.session(Durability::Later).unwrap()];
        for session in &mut sessions {
            let mut transaction = session.begin().unwrap();
            for (name, row) in HANDLERS.into_iter().zip(&rows) {
                transaction.put_handler(&HandlerRow { name: name.to_owned(), ..row.clone() }).unwrap();
            }
            transaction.commit().unwrap();
        }
        for steps in steps.split_inclusive(|step| matches!(step, Step::Commit | Step::Drop)) {
            let [seen, expected] = sessions.each_mut().map(|session| {
                let mut transaction = session.begin().unwrap();
                let mut has_savepoint = false;
                for step in steps {
                    let is_possible = match step {
                        Step::SetSavepoint => !has_savepoint,
                        Step::UndoToSavepoint | Step::ReleaseSavepoint => has_savepoint,
                        _ => true,
                    };
                    if is_possible {
                        do_step(&mut *transaction, step);
                        has_savepoint = match step {
                            Step::SetSavepoint => true,
                            Step::UndoToSavepoint | Step::ReleaseSavepoint => false,
                            _ => has_savepoint,
                        };
                    }
                }
                let seen = answers(&mut *transaction);
                if let Some(Step::Commit) = steps.last() {
                    transaction.commit().unwrap();
                }
                seen
            });
            prop_assert_eq!(seen, expected);
            let [committed, expected] = readers.each_mut().map(|session| answers(&mut *session.snapshot().unwrap()));
            prop_assert_eq!(committed, expected);
        }
    }
}
