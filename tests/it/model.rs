//! A store against the in-memory model: random operations, the same answers.
//!
//! Ids, types, times and aggregates are few, so that repeats, conflicts and ties are the rule. A new
//! backend is one line `model!` below.

use mission_events::internals::domain::event::DomainEvent;
use mission_events::internals::domain::repository::{EventRepository, RepositoryError, StoredEvent};
use mission_events::internals::domain::value_objects::Position;
use mission_events::internals::infrastructure::memory::InMemoryEventRepository;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::conformance::{BrokenStore, JsonlStore, MemoryStore, SqliteStore, Store, panics_quietly};
use crate::support::{Query, berlin, event, everything, ids, imported, live_in};

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
struct Life {
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
    OpenAgain,
    Ask(Query, usize),
    /// Reads on behind the event that stands there in the order of positions.
    ReadBehind(usize, usize),
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

fn lives() -> impl Strategy<Value = Life> {
    let content = (select(TYPES), select(TIMES), select(AGGREGATES), select(VALUES))
        .prop_map(|(event_type, time, aggregate, value)| Content { event_type, time, aggregate, value });
    (prop::collection::vec(content, IDS), prop::collection::vec(operations(), 1..40))
        .prop_map(|(contents, operations)| Life { contents, operations })
}

fn operations() -> impl Strategy<Value = Operation> {
    let limit = || select(&[0, 1, 2, 5, usize::MAX][..]);
    let time = || select(TIMES).prop_map(time_of);
    let query = prop_oneof![
        (0..IDS).prop_map(|id| Query::by_id(&name(id))),
        select(TYPES).prop_map(|name| Query::ByType(name.to_owned())),
        (time(), time()).prop_map(|(start, end)| Query::Between(start, end)),
        Just(Query::Recent),
        select(&["", "T1", "T2", "T3"][..]).prop_map(|name| Query::HistoryOf(name.to_owned())),
        Just(Query::Behind(None)),
    ];
    prop_oneof![
        6 => drafts().prop_map(Operation::Save),
        3 => prop::collection::vec(drafts(), 0..5).prop_map(Operation::SaveBatch),
        1 => Just(Operation::OpenAgain),
        6 => (query, limit()).prop_map(|(query, limit)| Operation::Ask(query, limit)),
        2 => (0..IDS, limit()).prop_map(|(index, limit)| Operation::ReadBehind(index, limit)),
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

/// Leads the life in the store and in the model, and compares every answer.
fn agrees_with_the_model(store: &dyn Store, life: &Life) {
    let model = InMemoryEventRepository::new(berlin());
    let mut repository = store.open();
    for operation in &life.operations {
        match operation {
            Operation::Save(draft) => {
                let event = draft.event(&life.contents);
                let (found, expected) = (repository.save_event(&event), model.save_event(&event));
                assert_eq!(kind(&found), kind(&expected), "{event:?}");
                if let Ok(position) = found {
                    assert_is_at(&*repository, &event, position);
                }
            }
            Operation::SaveBatch(drafts) => {
                let events: Vec<_> = drafts.iter().map(|draft| draft.event(&life.contents)).collect();
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
            Operation::OpenAgain => repository = store.open(),
            Operation::Ask(Query::Behind(None), limit) => {
                compare_pages(store, &*repository, &model, None, *limit)
            }
            Operation::ReadBehind(index, limit) => {
                compare_pages(store, &*repository, &model, Some(*index), *limit);
            }
            Operation::Ask(query, limit) => {
                let (found, expected) =
                    (query.ask(&*repository, *limit).unwrap(), query.ask(&model, *limit).unwrap());
                assert_eq!(events(&found), events(&expected), "{query:?}, limit {limit}");
            }
        }
    }
    compare_pages(store, &*repository, &model, None, usize::MAX);
}

/// Compares what is read by position, from the start or behind the event at `index`.
fn compare_pages(
    store: &dyn Store,
    repository: &dyn EventRepository,
    model: &InMemoryEventRepository,
    index: Option<usize>,
    limit: usize,
) {
    let mut expected = events(&everything(model));
    store.sort_by_position(&mut expected);
    let all = everything(repository);
    assert_eq!(events(&all), expected, "{:?}", ids(&all));
    assert!(all.is_sorted_by(|one, next| one.position < next.position), "{all:?}");

    let index = index.filter(|&index| index < all.len());
    let page = repository.read_from(index.map(|index| all[index].position), limit).unwrap();
    let rest = &all[index.map_or(0, |index| index + 1)..];
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

/// Compares a backend with the model in so many lives: `model!(sqlite, SqliteStore::create, 64)`.
macro_rules! model {
    ($backend:ident, $create:expr, $lives:expr) => {
        mod $backend {
            use super::*;

            proptest! {
                #![proptest_config(Config::with_cases($lives))]
                #[test]
                fn answers_as_the_model_does(life in lives()) {
                    agrees_with_the_model(&$create(berlin()), &life);
                }
            }
        }
    };
}

model!(memory, MemoryStore::create, 64);
model!(jsonl, JsonlStore::create, 32);
model!(sqlite, SqliteStore::create, 32);

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
    ] {
        let lives = lives();
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let config =
            Config { cases: 256, max_shrink_iters: 0, failure_persistence: None, ..Config::default() };
        let differs = panics_quietly(|| {
            TestRunner::new_with_rng(config, rng)
                .run(&lives, |life| {
                    agrees_with_the_model(&BrokenStore::named(name, berlin()), &life);
                    Ok(())
                })
                .unwrap();
        });
        assert!(differs, "the model does not tell a store that {name}");
    }
}
