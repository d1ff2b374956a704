//! Writers and readers beside an archive at work: each has its own handles, as another process would have.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::{folder, of_day, open};
use crate::conformance::{compress_days, move_days};
use crate::support::test_dir::TestDir;
use crate::support::{everything, utc};
use mission_events::internals::infrastructure::jsonl::{ArchiveError, JsonlArchiver};
use mission_events::{EventRepository, Position, StreamId};

const EVENTS: u32 = 120;

#[test]
fn events_that_are_saved_and_read_while_their_days_are_archived_are_neither_lost_nor_doubled() {
    let dir = TestDir::new();
    open(&dir).save_event(&of_day("first", 20, 0)).unwrap();
    let is_over = AtomicBool::new(false);
    let saved: BTreeMap<String, Position> = thread::scope(|scope| {
        let writers: Vec<_> = (0..2)
            .map(|writer| {
                let (store, dir) = (open(&dir), &dir);
                scope.spawn(move || {
                    let save = |number: u32| {
                        let id = format!("w{writer}-{number}");
                        let event = of_day(&id, 20 + number % 3, number);
                        // A move by hand takes no lock: the save that it meets is refused, and has stored nothing.
                        let saves = (0..10).map(|_| store.save_event(&event));
                        let position = saves.into_iter().find_map(Result::ok).unwrap();
                        assert_eq!(
                            open(dir).find_by_id(event.event_id()).unwrap().map(|at| at.position),
                            Some(position)
                        );
                        (id, position)
                    };
                    (0..EVENTS).map(save).collect::<Vec<_>>()
                })
            })
            .collect();
        for _ in 0..2 {
            scope.spawn(|| {
                let store = open(&dir);
                let (mut read, stream) = (Vec::new(), StreamId::new("2025-10-20"));
                while !is_over.load(Ordering::SeqCst) {
                    let whole = store.read_stream(&stream, None, usize::MAX).unwrap();
                    assert!(
                        whole.len() >= read.len() && whole[..read.len()] == read[..],
                        "what was read stays"
                    );
                    let after = whole.last().map(|stored| stored.position);
                    read = whole;
                    read.extend(store.read_stream(&stream, after, 5).unwrap());
                    let head = store.streams().unwrap()[0].head;
                    assert!(read.last().is_none_or(|last| last.position <= head));
                }
            });
        }
        let archiver = scope.spawn(|| {
            let mut rounds = 0;
            while !is_over.load(Ordering::SeqCst) {
                rounds += 1;
                if rounds % 3 == 0 {
                    move_days(&folder(&dir), &utc());
                    continue;
                }
                let mut archiver = JsonlArchiver::new(folder(&dir), utc());
                for due in archiver.due("2025-11-01".parse().unwrap()).unwrap() {
                    let done = archiver.archive(&due, &mut |_| {});
                    // One that changes meanwhile is left.
                    assert!(matches!(done, Ok(_) | Err(ArchiveError::Left { .. })), "{done:?}");
                }
            }
            rounds
        });
        let saved: Vec<_> = writers.into_iter().map(|writer| writer.join()).collect();
        // Also where one has failed: the others would go on for ever.
        is_over.store(true, Ordering::SeqCst);
        let saved = saved.into_iter().flat_map(Result::unwrap).collect();
        assert!(archiver.join().unwrap() > 0);
        saved
    });
    compress_days(&folder(&dir), &utc());
    let stored: BTreeMap<String, Position> = everything(&open(&dir))
        .into_iter()
        .map(|stored| (stored.event.event_id().to_string(), stored.position))
        .filter(|(id, _)| id != "first")
        .collect();
    assert_eq!(stored, saved);
    assert_eq!(everything(&open(&dir)).len(), 2 * EVENTS as usize + 1);
}
