//! A store against the in-memory model: random operations, the same answers.
//!
//! Ids, types, times and aggregates are few, so that repeats, conflicts and ties are the rule. A new
//! backend is one line `model!` below.

use mission_events::conformance::StoreUnderTest;
use mission_events::internals::domain::event::DomainEvent;
use mission_events::internals::domain::query::EventQuery;
use mission_events::internals::domain::repository::{
    EventRepository, RepositoryError, StoreSummary, StoredEvent,
};
use mission_events::internals::domain::value_objects::Position;
use mission_events::internals::infrastructure::memory::InMemoryEventRepository;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

#[cfg(feature = "postgres")]
use crate::conformance::PostgresStore;
use crate::conformance::{BrokenStore, JsonlStore, MemoryStore, SqliteStore, panics_quietly};
use crate::support::{Question, berlin, cases, event, everything, ids, imported, live_in};

const IDS: usize = 10;
const TYPES: &[&str] = &["TaskCreated", "TaskCompleted", "Odd \u{0} type"];
const AGGREGATES: &[Option<&str>] = &[None, Some(""), Some("T1"), Some("T2")];
const VALUES: &[&str] = &["1.50", "NaN", r#""\ud800""#, r#"{"b": [1, {}], "a": "é"}"#];
/// On both sides of a local midnight, of 1970, and of the hour that comes twice; some are the same instant.
const TIMES: &[&str] = &[
    "2025-10-25T21:59:59.999999Z",
    "2025-10-25T22:00:00Z",
    "2025-10-26T00:00:00",
    "2025-10-26T00:30:00Z",
    "2025-10-26T01:30:00+00:00",
    "2025-10-26T02:30:00+01:00",
    "1969-12-31T23:59:59.999999Z",
    "1970-01-01T00:00:00Z",
];

/// The contents of the ids, and what is done.
#[derive(Debug, Clone)]
struct Scenario {
    contents: Vec<Content>,
    operations: Vec<Operation>,
}

#[derive(Debug, Clone)]
struct Content {
    event_type: &'static str,
    time: &'static str,
    aggregate: Option<&'static str>,
    value: &'static str,
}

#[derive(Debug, Clone)]
enum Operation {
    Save(Draft),
    SaveBatch(Vec<Draft>),
    SaveEach(Vec<Draft>),
    OpenAgain,
    Ask(Question, usize),
    /// Reads a stream on after one of its events: which stream, which event, and the limit.
    ReadOn(usize, usize, usize),
}

/// An event to be saved: an id with its content, in one of several ways to write it.
#[derive(Debug, Clone)]
struct Draft {
    id: usize,
    writing: Writing,
}

#[derive(Debug, Clone, Copy)]
enum Writing {
    Plain,
    Compact,
    Escaped,
    OtherContent,
    NotLive,
}

fn scenarios() -> impl Strategy<Value = Scenario> {
    let content = (select(TYPES), select(TIMES), select(AGGREGATES), select(VALUES))
        .prop_map(|(event_type, time, aggregate, value)| Content { event_type, time, aggregate, value });
    (prop::collection::vec(content, IDS), prop::collection::vec(operations(), 1..40))
        .prop_map(|(contents, operations)| Scenario { contents, operations })
}

fn operations() -> impl Strategy<Value = Operation> {
    let limit = || select(&[0, 1, 2, 5, usize::MAX][..]);
    let time = || select(TIMES).prop_map(time_of);
    let order = select(vec![EventQuery::chronological(), EventQuery::newest_first()]);
    let aggregate = select(&["", "T1", "T2", "T3"][..]);
    let question = prop_oneof![
        (0..IDS).prop_map(|id| Question::by_id(&name(id))),
        select(TYPES).prop_map(Question::of_type),
        (time(), time()).prop_map(|(start, end)| Question::between(start, end)),
        Just(Question::recent()),
        aggregate.clone().prop_map(Question::about),
        (order, select(TYPES), aggregate, time(), time()).prop_map(|(query, name, about, start, end)| {
            Question::Matching(query.of_type(name).about(about).between(start, end))
        }),
    ];
    prop_oneof![
        6 => drafts().prop_map(Operation::Save),
        3 => prop::collection::vec(drafts(), 0..5).prop_map(Operation::SaveBatch),
        3 => prop::collection::vec(drafts(), 0..8).prop_map(Operation::SaveEach),
        1 => Just(Operation::OpenAgain),
        6 => (question, limit()).prop_map(|(question, limit)| Operation::Ask(question, limit)),
        2 => (0..IDS, 0..IDS, limit())
            .prop_map(|(stream, event, limit)| Operation::ReadOn(stream, event, limit)),
    ]
}

fn drafts() -> impl Strategy<Value = Draft> {
    let writing = prop_oneof![
        8 => Just(Writing::Plain),
        2 => Just(Writing::Compact),
        2 => Just(Writing::Escaped),
        1 => Just(Writing::OtherContent),
        1 => Just(Writing::NotLive),
    ];
    (0..IDS, writing).prop_map(|(id, writing)| Draft { id, writing })
}

fn name(id: usize) -> String {
    format!("e{id}")
}

fn time_of(text: &str) -> chrono::DateTime<chrono::Utc> {
    event("e").at(text).build_in(&berlin()).timestamp()
}

impl Draft {
    fn event(&self, contents: &[Content]) -> DomainEvent {
        let Content { event_type, time, aggregate, value } = &contents[self.id];
        let mut built = event(&name(self.id)).of_type(event_type).at(time).with("value", value);
        if let Some(aggregate) = aggregate {
            built = built.about(aggregate);
        }
        let zone = berlin();
        match self.writing {
            Writing::Plain => built.build_in(&zone),
            Writing::Compact => live_in(&zone, &built.text().replace(": ", ":")),
            Writing::Escaped => live_in(&zone, &built.text().replace("event_", r"event\u005f")),
            Writing::OtherContent => built.with("other", "true").build_in(&zone),
            Writing::NotLive => imported(&name(self.id), &zone, &built.text().replace(", ", ",\n")),
        }
    }
}

/// Runs the scenario in the store and in the model, and compares every answer.
fn agrees_with_the_model(store: &dyn StoreUnderTest, scenario: &Scenario) {
    let model = InMemoryEventRepository::new(berlin());
    let mut repository = store.open();
    for operation in &scenario.operations {
        match operation {
            Operation::Save(draft) => {
                let event = draft.event(&scenario.contents);
                let (found, expected) = (repository.save_event(&event), model.save_event(&event));
                assert_eq!(kind(&found), kind(&expected), "{event:?}");
                if let Ok(position) = found {
                    assert_is_at(&*repository, &event, position);
                }
            }
            Operation::SaveBatch(drafts) => {
                let events: Vec<_> = drafts.iter().map(|draft| draft.event(&scenario.contents)).collect();
                match (repository.save_events(&events), model.save_events(&events)) {
                    (Ok(positions), Ok(_)) => {
                        assert_eq!(positions.len(), events.len());
                        for (event, position) in events.iter().zip(positions) {
                            assert_is_at(&*repository, event, position);
                        }
                    }
                    // Which of several reasons is given is not laid down.
                    (Err(batch), Err(_)) => assert_eq!(batch.saved, 0),
                    (found, expected) => panic!("expected {expected:?}, found {found:?}"),
                }
            }
            Operation::SaveEach(drafts) => {
                let events: Vec<_> = drafts.iter().map(|draft| draft.event(&scenario.contents)).collect();
                save_each(&*repository, &model, &events);
            }
            Operation::OpenAgain => repository = store.open(),
            Operation::ReadOn(stream, event, limit) => reads_on(&*repository, *stream, *event, *limit),
            Operation::Ask(question, limit) => {
                let (found, expected) =
                    (question.ask(&*repository, *limit).unwrap(), question.ask(&model, *limit).unwrap());
                assert_eq!(events(&found), events(&expected), "{question:?}, limit {limit}");
            }
        }
        compare_streams(&*repository, &model);
    }
}

/// Saves events each for itself in the store, and one after the other in the model: it comes to the same.
fn save_each(repository: &dyn EventRepository, model: &InMemoryEventRepository, events: &[DomainEvent]) {
    let answers = repository.save_each(events);
    assert_eq!(answers.len(), events.len());
    for (event, found) in events.iter().zip(answers) {
        let was_stored = model.find_by_id(event.event_id()).unwrap().is_some();
        let expected = model.save_event(event);
        assert_eq!(kind(&found.clone().map(|saved| saved.position)), kind(&expected), "{event:?}");
        if let Ok(saved) = found {
            assert_eq!(saved.is_new, !was_stored, "{event:?}");
            assert_is_at(repository, event, saved.position);
        }
    }
}

/// Compares the streams, end to end, and the summary. The model is one stream, in the order of the saves.
fn compare_streams(repository: &dyn EventRepository, model: &InMemoryEventRepository) {
    let all = everything(repository);
    assert!(all.is_sorted_by(|one, next| one.position < next.position), "{all:?}");
    let by_save = |stored: &StoredEvent| model.find_by_id(stored.event.event_id()).unwrap().unwrap().position;
    let mut in_order = all.clone();
    in_order.sort_by_key(by_save);
    assert_eq!(events(&in_order), events(&everything(model)), "{:?}", ids(&all));
    for stream in repository.streams().unwrap() {
        let found = repository.read_stream(&stream.id, None, usize::MAX).unwrap();
        assert!(found.is_sorted_by_key(by_save), "{stream:?}: {:?}", ids(&found));
        assert_eq!(found.last().map(|stored| stored.position), Some(stream.head));
    }
    let head = all.last().map(|stored| stored.position);
    let expected = StoreSummary { head, ..model.summary().unwrap() };
    assert_eq!(repository.summary().unwrap(), expected);
}

/// Checks that a page after an event of a stream is what follows it there.
fn reads_on(repository: &dyn EventRepository, stream: usize, event: usize, limit: usize) {
    let streams = repository.streams().unwrap();
    if streams.is_empty() {
        return;
    }
    let stream = &streams[stream % streams.len()].id;
    let whole = repository.read_stream(stream, None, usize::MAX).unwrap();
    let event = event % whole.len();
    let page = repository.read_stream(stream, Some(whole[event].position), limit).unwrap();
    let rest = &whole[event + 1..];
    assert_eq!(page, rest[..limit.min(rest.len())]);
}

fn events(found: &[StoredEvent]) -> Vec<DomainEvent> {
    found.iter().map(|stored| stored.event.clone()).collect()
}

fn assert_is_at(repository: &dyn EventRepository, event: &DomainEvent, position: Position) {
    let stored = repository.find_by_id(event.event_id()).unwrap().expect("the event just saved");
    assert_eq!(stored.position, position, "{event:?}");
}

fn kind(saved: &Result<Position, RepositoryError>) -> &'static str {
    match saved {
        Ok(_) => "saved",
        Err(RepositoryError::Conflict { .. }) => "conflict",
        Err(RepositoryError::NotLive { .. }) => "not live",
        Err(_) => "failed",
    }
}

/// Compares a backend with the model in so many scenarios: `model!(sqlite, SqliteStore::create, 64)`.
macro_rules! model {
    ($backend:ident, $create:expr, $scenarios:expr) => {
        mod $backend {
            use super::*;

            proptest! {
                #![proptest_config(cases($scenarios))]
                #[test]
                fn answers_as_the_model_does(scenario in scenarios()) {
                    agrees_with_the_model(&$create(berlin()), &scenario);
                }
            }
        }
    };
}

model!(memory, MemoryStore::create, 64);
model!(jsonl, JsonlStore::create, 32);
model!(sqlite, SqliteStore::create, 32);
#[cfg(feature = "postgres")]
model!(postgres, PostgresStore::create, 32);

#[test]
fn broken_stores_do_not_answer_as_the_model_does() {
    for name in [
        "loses the last event of a batch",
        "keeps the first half of a batch that failed",
        "reports a conflict and overwrites all the same",
        "keeps the last spelling",
        "stores a repeated event again",
        "answers a repeated event with a new position",
        "says that it took an event that is not live",
        "compacts the text",
        "reverses ties",
        "orders times without their sign",
        "leaves out the end of a range",
        "takes no aggregate for an empty one",
        "gives one event more than the limit",
        "begins a page with the last event of the one before",
        "forgets everything when it is opened again",
        "has one position for events of all days",
        "takes the first event saved for the earliest",
        "fails the neighbours of a bad event",
        "answers the events of a call in another order",
        "calls every event new",
    ] {
        let scenarios = scenarios();
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let config =
            Config { cases: 256, max_shrink_iters: 0, failure_persistence: None, ..Config::default() };
        let differs = panics_quietly(|| {
            TestRunner::new_with_rng(config, rng)
                .run(&scenarios, |scenario| {
                    agrees_with_the_model(&BrokenStore::named(name, berlin()), &scenario);
                    Ok(())
                })
                .unwrap();
        });
        assert!(differs, "the model does not tell a store that {name}");
    }
}
