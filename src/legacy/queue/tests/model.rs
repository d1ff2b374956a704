//! The queue against a model of it: whatever is done, and wherever its file is cut off, it holds what the whole lines say.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::property_cases::cases;

#[derive(Debug, Clone)]
enum Step {
    Push {
        definition: u8,
        priority: Option<i64>,
    },
    Next,
    /// Of the entry that was taken first, of those that are being handled.
    Done,
    Failed,
    Retry {
        seconds: u16,
    },
    Pass {
        seconds: u16,
    },
    SetBack,
    Reopen,
    /// Cut off so many bytes of the file, as a crash would that left these out.
    Crash {
        bytes: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (0..3u8, prop_oneof![Just(None), (0..8i64).prop_map(Some)])
            .prop_map(|(definition, priority)| Step::Push { definition, priority }),
        4 => Just(Step::Next),
        2 => Just(Step::Done),
        1 => Just(Step::Failed),
        1 => (0..400u16).prop_map(|seconds| Step::Retry { seconds }),
        1 => (0..400u16).prop_map(|seconds| Step::Pass { seconds }),
        1 => Just(Step::SetBack),
        1 => Just(Step::Reopen),
        1 => (1..600usize).prop_map(|bytes| Step::Crash { bytes }),
    ]
}

/// The state after each line of the file: all entries, by the order in which they were accepted.
#[derive(Debug, Clone, Default)]
struct Model {
    entries: BTreeMap<usize, QueueEntry>,
}

impl Model {
    fn change(&mut self, entry: &QueueEntry) {
        let place = self.entries.iter().find(|(_, there)| there.event_id == entry.event_id);
        let place = place.map_or(self.entries.len(), |(place, _)| *place);
        self.entries.insert(place, entry.clone());
    }

    fn open(&self) -> Vec<QueueEntry> {
        let mut open: Vec<_> = self.entries.iter().filter(|(_, entry)| entry.status.is_open()).collect();
        open.sort_by_key(|(place, entry)| (entry.priority, **place));
        open.into_iter().map(|(_, entry)| entry.clone()).collect()
    }

    fn reopen(&mut self) {
        for entry in self.entries.values_mut().filter(|entry| entry.status == QueueStatus::Processing) {
            entry.status = QueueStatus::Pending;
        }
    }
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn a_queue_holds_what_the_model_holds_whatever_is_done(steps in prop::collection::vec(step(), 1..60)) {
        let place = Place::new();
        let mut queue = place.open();
        let mut model = Model::default();
        // After which length of the file which state is whole.
        let mut states = vec![(0, model.clone())];
        let mut taken: Vec<QueueEntry> = Vec::new();
        for step in steps {
            match step {
                Step::Push { definition, priority } => {
                    let pushed = queue.push(new(&format!("d{definition}"), priority)).unwrap();
                    prop_assert!(model.entries.values().all(|entry| entry.event_id != pushed.event_id), "its id is new");
                    model.change(&pushed);
                }
                Step::Next => {
                    let now = place.clock.now();
                    let due = |entry: &QueueEntry| entry.next_attempt.is_none_or(|at| at <= now);
                    let pending = model.open().into_iter().filter(|entry| entry.status == QueueStatus::Pending);
                    let next = queue.next().unwrap();
                    match &next {
                        // By the clock that is never set back, one may be due earlier.
                        Some(next) => {
                            let ids: Vec<_> = pending.take_while(|entry| entry.event_id != next.event_id).collect();
                            prop_assert!(!ids.iter().any(due), "none that is due is passed over");
                            prop_assert_eq!(next.status, QueueStatus::Processing);
                            model.change(next);
                            taken.push(next.clone());
                        }
                        None => prop_assert!(!pending.into_iter().any(|entry| due(&entry))),
                    }
                }
                Step::Done | Step::Failed | Step::Retry { .. } if taken.is_empty() => {}
                Step::Done => {
                    let mut entry = taken.remove(0);
                    queue.done(&entry).unwrap();
                    entry.status = QueueStatus::Done;
                    model.change(&entry);
                }
                Step::Failed => {
                    let mut entry = taken.remove(0);
                    queue.failed(&entry).unwrap();
                    (entry.status, entry.attempts) = (QueueStatus::Failed, entry.attempts + 1);
                    model.change(&entry);
                }
                Step::Retry { seconds } => {
                    let mut entry = taken.remove(0);
                    let at = place.clock.now() + TimeDelta::seconds(seconds.into());
                    queue.retry_at(&entry, at).unwrap();
                    (entry.status, entry.attempts) = (QueueStatus::Pending, entry.attempts + 1);
                    entry.next_attempt = Some(at);
                    model.change(&entry);
                }
                Step::Pass { seconds } => place.clock.pass(seconds.into()),
                Step::SetBack => place.clock.set_back(50),
                Step::Reopen | Step::Crash { .. } => {
                    drop(queue);
                    if let Step::Crash { bytes } = step {
                        let text = place.text();
                        let cut = text.len().saturating_sub(bytes);
                        fs::write(&place.path, &text[..cut]).unwrap();
                        // A line that lacks its end alone is whole.
                        states.retain(|(length, _)| *length <= cut + 1);
                        model = states.last().unwrap().1.clone();
                    }
                    model.reopen();
                    taken.clear();
                    queue = place.open();
                }
            }
            prop_assert_eq!(queue.entries(), model.open());
            let length = place.text().len();
            if states.last().unwrap().0 != length {
                states.push((length, model.clone()));
            }
        }
        drop(queue);
        let mut read = EventQueue::read(&place.path).unwrap().entries;
        read.sort_by(|one, other| one.event_id.cmp(&other.event_id));
        let mut all: Vec<_> = model.entries.into_values().collect();
        all.sort_by(|one, other| one.event_id.cmp(&other.event_id));
        prop_assert_eq!(read, all, "what is finished is there as well");
    }
}
