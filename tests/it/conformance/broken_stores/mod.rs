//! Stores that are broken on purpose, each in one point: they show that the clauses can fail.
//!
//! Each names the clauses that have to reject it. A clause that no store is rejected by proves
//! nothing, and a broken store that no clause rejects is a hole in the suite: both fail here.

mod answers;
mod each;
mod lifetime;
mod order;
mod saves;
mod streams;
mod texts;

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, Once};
use std::thread::ThreadId;

use mission_events::conformance::{CLAUSES, Clause, StoreUnderTest};
use mission_events::internals::domain::event::DomainEvent;
use mission_events::internals::domain::query::EventQuery;
use mission_events::internals::domain::repository::{
    self, BatchError, EventRepository, RepositoryError, StoreSummary, StoredEvent, Stream,
};
use mission_events::internals::domain::value_objects::{EventId, Position, StreamId};
use mission_events::internals::infrastructure::memory::InMemoryEventRepository;
use mission_events::internals::wire::zone::Zone;

use crate::support::Question;

type Saved = Result<Vec<Position>, BatchError>;
type Each = Vec<Result<repository::Saved, RepositoryError>>;
type Answer = Result<Vec<StoredEvent>, RepositoryError>;

/// What is broken. What a fault does not mention is [`SOUND`].
#[derive(Clone, Copy)]
struct Fault {
    /// What the broken store does, as the end of a sentence.
    name: &'static str,
    save: fn(&Inner, &[DomainEvent]) -> Saved,
    save_each: fn(&Inner, &[DomainEvent]) -> Each,
    answer: fn(&Inner, &Question, usize) -> Answer,
    streams: fn(&Inner) -> Result<Vec<Stream>, RepositoryError>,
    stream_of: fn(&Inner, Position) -> Result<Option<StreamId>, RepositoryError>,
    is_next: fn(&Inner, Position, &StoredEvent) -> bool,
    summary: fn(&Inner) -> Result<StoreSummary, RepositoryError>,
    open: fn(&Arc<Inner>) -> Arc<Inner>,
    /// The clauses that have to reject it; others may.
    rejected_by: &'static [&'static str],
}

const SOUND: Fault = Fault {
    name: "keeps the contract",
    save: |inner, events| inner.memory.save_events(events),
    save_each: |inner, events| inner.memory.save_each(events),
    answer: |inner, question, limit| question.ask(&inner.memory, limit),
    streams: |inner| inner.memory.streams(),
    stream_of: |inner, position| inner.memory.stream_of(position),
    is_next: |inner, position, event| inner.memory.is_next(position, event),
    summary: |inner| inner.memory.summary(),
    open: Arc::clone,
    rejected_by: &[],
};

/// The sound store that a fault is put on, and what the fault has to remember.
struct Inner {
    memory: InMemoryEventRepository,
    zone: Zone,
    notes: Mutex<Notes>,
}

#[derive(Default)]
struct Notes {
    /// Shown in the place of the stored event.
    replaced: HashMap<EventId, DomainEvent>,
    /// How often the same event was saved again.
    repeats: HashMap<EventId, usize>,
    times_opened: i64,
    /// Where the last page ended.
    last_page: Option<Position>,
    /// What was saved and is not durable.
    unsynced: HashSet<EventId>,
    /// What a power cut has taken.
    lost: HashSet<EventId>,
    first_thread: Option<ThreadId>,
}

impl Inner {
    fn new(zone: Zone) -> Arc<Self> {
        let memory = InMemoryEventRepository::new(zone.clone());
        Arc::new(Self { memory, zone, notes: Mutex::default() })
    }
}

pub struct BrokenStore {
    inner: Arc<Inner>,
    fault: Fault,
}

impl BrokenStore {
    fn new(fault: Fault, zone: Zone) -> Self {
        Self { inner: Inner::new(zone), fault }
    }

    /// A store without a fault: whatever rejects the others rejects their faults.
    pub fn sound(zone: Zone) -> Self {
        Self::new(SOUND, zone)
    }

    /// The store of that name.
    pub fn named(name: &str, zone: Zone) -> Self {
        let fault = faults().find(|fault| fault.name == name).expect("the name of a broken store");
        Self::new(fault, zone)
    }
}

impl StoreUnderTest for BrokenStore {
    fn open(&self) -> Box<dyn EventRepository> {
        self.inner.notes.lock().unwrap().times_opened += 1;
        let inner = (self.fault.open)(&self.inner);
        Box::new(Self { inner, fault: self.fault })
    }

    fn cut_power(&self) {
        let mut notes = self.inner.notes.lock().unwrap();
        let unsynced = std::mem::take(&mut notes.unsynced);
        notes.lost.extend(unsynced);
    }
}

impl EventRepository for BrokenStore {
    fn save_events(&self, events: &[DomainEvent]) -> Saved {
        (self.fault.save)(&self.inner, events)
    }

    fn save_each(&self, events: &[DomainEvent]) -> Each {
        (self.fault.save_each)(&self.inner, events)
    }

    fn find_by_id(&self, id: &EventId) -> Result<Option<StoredEvent>, RepositoryError> {
        Ok((self.fault.answer)(&self.inner, &Question::ById(id.clone()), 1)?.pop())
    }

    fn query(&self, query: &EventQuery, limit: usize) -> Answer {
        (self.fault.answer)(&self.inner, &Question::Matching(query.clone()), limit)
    }

    fn streams(&self) -> Result<Vec<Stream>, RepositoryError> {
        (self.fault.streams)(&self.inner)
    }

    fn read_stream(&self, stream: &StreamId, after: Option<Position>, limit: usize) -> Answer {
        let question = Question::Stream { stream: stream.clone(), after };
        (self.fault.answer)(&self.inner, &question, limit)
    }

    fn stream_of(&self, position: Position) -> Result<Option<StreamId>, RepositoryError> {
        (self.fault.stream_of)(&self.inner, position)
    }

    fn is_next(&self, position: Position, event: &StoredEvent) -> bool {
        (self.fault.is_next)(&self.inner, position, event)
    }

    fn summary(&self) -> Result<StoreSummary, RepositoryError> {
        (self.fault.summary)(&self.inner)
    }
}

fn faults() -> impl Iterator<Item = Fault> {
    [
        saves::FAULTS,
        each::FAULTS,
        texts::FAULTS,
        order::FAULTS,
        answers::FAULTS,
        streams::FAULTS,
        lifetime::FAULTS,
    ]
    .into_iter()
    .flatten()
    .copied()
}

#[test]
fn every_broken_store_is_rejected_by_the_clauses_that_it_is_named_for() {
    for fault in faults() {
        assert!(!fault.rejected_by.is_empty(), "no clause is named that rejects a store that {}", fault.name);
        for name in fault.rejected_by {
            let clause = CLAUSES.iter().find(|clause| clause.name() == *name);
            let clause = clause.unwrap_or_else(|| panic!("there is no clause {name}"));
            assert!(rejects(clause, fault), "{name} accepts a store that {}", fault.name);
            assert!(!rejects(clause, SOUND), "{name} rejects a sound store");
        }
    }
}

#[test]
fn every_clause_rejects_a_store_that_is_broken_in_its_point() {
    let shown: BTreeSet<&str> = faults().flat_map(|fault| fault.rejected_by).copied().collect();
    let unshown: Vec<&str> =
        CLAUSES.iter().map(|clause| clause.name()).filter(|name| !shown.contains(name)).collect();
    assert!(unshown.is_empty(), "no broken store shows that these can fail: {unshown:#?}");
}

fn rejects(clause: &Clause, fault: Fault) -> bool {
    let store = BrokenStore::new(fault, clause.zone());
    panics_quietly(|| clause.check(&store))
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Whether it panics on this thread, without the report of the panic among those of other tests.
pub fn panics_quietly(check: impl FnOnce()) -> bool {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                report(panic);
            }
        }));
    });
    QUIET.set(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(check));
    QUIET.set(false);
    outcome.is_err()
}
