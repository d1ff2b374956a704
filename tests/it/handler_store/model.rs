use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use mission_events::internals::application::handling::HandlerKind;
use mission_events::internals::application::handling::failure::{Failure, FailureState};
use mission_events::internals::application::handling::store::{
    HandlerRow, HandlerState, HandlerTransaction, HandlerView, HandlingFigures, OpenFailures, StreamProgress,
};
use mission_events::{AggregateId, EventId, Position, StreamId};
use proptest::prelude::*;

use super::{at, open, session};
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

/// What a store holds, as maps.
#[derive(Debug, Clone, Default)]
struct Model {
    handlers: BTreeMap<String, HandlerRow>,
    progress: BTreeMap<(&'static str, StreamId), StreamProgress>,
    failures: BTreeMap<(&'static str, StreamId, Position), Failure>,
    handled: BTreeMap<&'static str, u64>,
}

impl Model {
    fn apply(&mut self, step: &Step) {
        match step.clone() {
            Step::PutHandler(row) => drop(self.handlers.insert(row.name.clone(), row)),
            Step::PutProgress(handler, progress) => {
                self.progress.insert((handler, progress.stream.clone()), progress);
            }
            Step::ClearProgress(handler) => self.progress.retain(|(of, _), _| *of != handler),
            Step::PutFailure(handler, failure) => {
                self.failures.insert((handler, failure.stream.clone(), failure.position), failure);
            }
            Step::AddFigures(handler, _, figures) => {
                *self.handled.entry(handler).or_default() += figures.handled
            }
            _ => {}
        }
    }

    fn failures(&self, handler: &str) -> Vec<Failure> {
        self.failures
            .iter()
            .filter(|((of, ..), _)| *of == handler)
            .map(|(_, failure)| failure.clone())
            .collect()
    }

    fn assert_is_what_is_seen(&self, view: &mut dyn HandlerView) {
        assert_eq!(view.handlers().unwrap(), self.handlers.values().cloned().collect::<Vec<_>>());
        for handler in HANDLERS {
            assert_eq!(view.handler(handler).unwrap().as_ref(), self.handlers.get(handler));
            let of_handler = self.progress.iter().filter(|((of, _), _)| *of == handler);
            let expected: Vec<_> = of_handler.map(|(_, progress)| progress.clone()).collect();
            assert_eq!(view.progress(handler).unwrap(), expected);
            for stream in STREAMS.map(StreamId::new) {
                let expected = self.progress.get(&(handler, stream.clone()));
                assert_eq!(view.progress_in(handler, &stream).unwrap().as_ref(), expected);
            }
            let failures = self.failures(handler);
            assert_eq!(view.failures(handler).unwrap(), failures);
            for failure in &failures {
                let found = view.failure(handler, &failure.stream, failure.position).unwrap();
                assert_eq!(found.as_ref(), Some(failure));
            }
            let open: Vec<Failure> = failures.into_iter().filter(|failure| failure.state.is_open()).collect();
            for aggregate in AGGREGATES.map(AggregateId::new) {
                let about = |failure: &&Failure| failure.aggregate_id.as_ref() == Some(&aggregate);
                let expected: Vec<Failure> = open.iter().filter(about).cloned().collect();
                assert_eq!(view.open_failures_about(handler, &aggregate).unwrap(), expected);
            }
            let count = |state| open.iter().filter(|failure| failure.state == state).count() as u64;
            let counts = OpenFailures {
                retrying: count(FailureState::Retrying),
                parked: count(FailureState::Parked),
                waiting: count(FailureState::Waiting),
            };
            assert_eq!(view.open_failures(handler).unwrap(), counts);
            let retrying = open.into_iter().filter(|failure| failure.state == FailureState::Retrying);
            let next = retrying
                .min_by_key(|failure| (failure.next_attempt_at, failure.stream.clone(), failure.position));
            assert_eq!(view.next_retry(handler).unwrap(), next);
            assert_eq!(
                view.events_handled(handler).unwrap(),
                self.handled.get(handler).copied().unwrap_or(0)
            );
        }
    }
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
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_transactions_leaves_what_the_model_has(
        rows in proptest::collection::vec(handler_rows(), 2),
        steps in proptest::collection::vec(steps(), 0..60),
    ) {
        let dir = TestDir::new();
        let store = open(&dir.join("handlers.db"));
        let (mut writing, mut reading) = (session(&store), session(&store));
        let mut committed = Model::default();
        let mut transaction = writing.begin().unwrap();
        for (name, row) in HANDLERS.into_iter().zip(rows) {
            let put = Step::PutHandler(HandlerRow { name: name.to_owned(), ..row });
            do_step(&mut *transaction, &put);
            committed.apply(&put);
        }
        transaction.commit().unwrap();

        let mut steps = steps.into_iter().peekable();
        while steps.peek().is_some() {
            let mut transaction = writing.begin().unwrap();
            let (mut seen, mut savepoint) = (committed.clone(), None);
            let mut is_committed = false;
            for step in steps.by_ref() {
                match step {
                    Step::Commit => is_committed = true,
                    Step::SetSavepoint if savepoint.is_none() => savepoint = Some(seen.clone()),
                    Step::UndoToSavepoint if savepoint.is_some() => seen = savepoint.take().unwrap(),
                    Step::ReleaseSavepoint if savepoint.is_some() => savepoint = None,
                    Step::SetSavepoint | Step::UndoToSavepoint | Step::ReleaseSavepoint => continue,
                    _ => seen.apply(&step),
                }
                do_step(&mut *transaction, &step);
                if matches!(step, Step::Commit | Step::Drop) {
                    break;
                }
            }
            seen.assert_is_what_is_seen(&mut *transaction);
            if is_committed {
                transaction.commit().unwrap();
                committed = seen;
            } else {
                drop(transaction);
            }
            committed.assert_is_what_is_seen(&mut *reading.snapshot().unwrap());
        }
    }
}
