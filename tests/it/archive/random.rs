//! Random saves, late ones too, and random days that are archived, against what was answered when the events were saved.

use std::collections::BTreeMap;
use std::fs;

use mission_events::{DomainEvent, EventRepository, EventRepositoryExt, JsonlEventRepository, StoredEvent};
use proptest::prelude::*;

use super::{folder, of_day, open};
use crate::conformance::{compress_days, move_days};
use crate::support::test_dir::TestDir;
use crate::support::{cases, everything, utc};

/// Days that events are of.
const DAYS: u32 = 4;
/// Handles that are open all along, as those of other processes.
const HANDLES: usize = 3;

#[derive(Debug, Clone)]
enum Operation {
    /// Saves events of these ids, each of the day that follows from it, through one of the handles.
    Save(usize, Vec<u32>),
    /// Compresses all days before that one.
    Archive(u32),
    /// Moves the files of all days by hand.
    Move,
    /// Leaves what a killed writer would leave at the end of the file of a day.
    Tear(u32),
    /// Opens one of the handles anew.
    OpenAgain(usize),
    /// Reads a stream on through one of the handles, so many events at a time.
    ReadOn(usize, u32, usize),
}

fn operations() -> impl Strategy<Value = Operation> {
    let handle = || 0..HANDLES;
    prop_oneof![
        8 => (handle(), prop::collection::vec(0_u32..60, 1..4)).prop_map(|(handle, ids)| Operation::Save(handle, ids)),
        3 => (1..=DAYS).prop_map(Operation::Archive),
        2 => Just(Operation::Move),
        1 => (0..DAYS).prop_map(Operation::Tear),
        1 => handle().prop_map(Operation::OpenAgain),
        3 => (handle(), 0..DAYS, 1_usize..5).prop_map(|(handle, day, limit)| Operation::ReadOn(handle, day, limit)),
    ]
}

fn numbered(number: u32) -> DomainEvent {
    of_day(&format!("e{number}"), 20 + number % DAYS, number)
}

/// What a store has to hold.
#[derive(Default)]
struct Model {
    /// By position.
    events: BTreeMap<i64, StoredEvent>,
}

impl Model {
    fn save(&mut self, store: &JsonlEventRepository, number: u32) {
        let event = numbered(number);
        let position = store.save_event(&event).unwrap();
        let known = self.events.values().find(|stored| stored.event == event);
        if let Some(known) = known {
            assert_eq!(position, known.position, "a position never changes");
            return;
        }
        let stored = store.find_by_id(event.event_id()).unwrap().unwrap();
        assert_eq!((&stored.event, stored.position), (&event, position));
        let stream = store.stream_of(position).unwrap().unwrap();
        assert_eq!(stream.to_string(), format!("2025-10-{}", 20 + number % DAYS));
        let later = self.events.range(position.get()..).next();
        assert!(
            later.is_none_or(
                |(_, later)| later.event.timestamp().date_naive() > event.timestamp().date_naive()
            ),
            "a later save of a day has the greater position"
        );
        assert!(self.events.insert(position.get(), stored).is_none(), "no two events have one position");
    }

    fn agrees_with(&self, store: &JsonlEventRepository) {
        let expected: Vec<StoredEvent> = self.events.values().cloned().collect();
        assert_eq!(everything(store), expected);
        let heads: Vec<i64> = store.streams().unwrap().iter().map(|stream| stream.head.get()).collect();
        assert!(heads.iter().all(|head| self.events.contains_key(head)), "{heads:?}");
        let summary = store.summary().unwrap();
        assert_eq!(
            (summary.events, summary.head),
            (expected.len() as u64, expected.last().map(|last| last.position))
        );
        let mut newest = expected.clone();
        newest.sort_by_key(|stored| std::cmp::Reverse((stored.event.timestamp(), stored.position)));
        newest.truncate(7);
        assert_eq!(store.get_recent_events(7).unwrap(), newest);
    }
}

fn run(operations: Vec<Operation>) {
    let dir = TestDir::new();
    fs::create_dir_all(folder(&dir)).unwrap();
    let mut handles: Vec<JsonlEventRepository> = (0..HANDLES).map(|_| open(&dir)).collect();
    let mut model = Model::default();
    for operation in operations {
        match operation {
            Operation::Save(handle, ids) => ids.into_iter().for_each(|id| model.save(&handles[handle], id)),
            Operation::Archive(days) => {
                // What is archived of later days stays where it is.
                let mut archiver =
                    mission_events::internals::infrastructure::jsonl::JsonlArchiver::new(folder(&dir), utc());
                let before = format!("2025-10-{}", 20 + days).parse().unwrap();
                for due in archiver.due(before).unwrap() {
                    archiver.archive(&due, &mut |_| {}).unwrap();
                }
            }
            Operation::Move => move_days(&folder(&dir), &utc()),
            Operation::Tear(day) => {
                let path = folder(&dir).join(format!("events-2025-10-{}.jsonl", 20 + day));
                let whole = fs::read_to_string(&path).unwrap_or_default();
                // Nothing is written on after a torn line.
                if whole.is_empty() || whole.ends_with('\n') {
                    fs::write(&path, whole + "{\"torn").unwrap();
                }
            }
            Operation::OpenAgain(handle) => handles[handle] = open(&dir),
            Operation::ReadOn(handle, day, limit) => {
                let stream = mission_events::StreamId::new(format!("2025-10-{}", 20 + day));
                let mut read: Vec<StoredEvent> = Vec::new();
                loop {
                    let after = read.last().map(|last| last.position);
                    let page = handles[handle].read_stream(&stream, after, limit).unwrap();
                    if page.is_empty() {
                        break;
                    }
                    read.extend(page);
                }
                let of_day = |stored: &&StoredEvent| {
                    stored.event.timestamp().date_naive().to_string() == stream.to_string()
                };
                assert!(read.iter().eq(model.events.values().filter(of_day)), "{stream}");
            }
        }
        model.agrees_with(&handles[0]);
    }
    compress_days(&folder(&dir), &utc());
    handles.push(open(&dir));
    handles.iter().for_each(|handle| model.agrees_with(handle));
}

proptest! {
    #![proptest_config(cases(48))]
    #[test]
    fn archived_days_answer_as_if_they_had_not_been_archived(operations in prop::collection::vec(operations(), 1..40)) {
        run(operations);
    }
}
