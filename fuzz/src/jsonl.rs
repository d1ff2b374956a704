//! Any bytes as the day files of a JSONL store: those of a day, after a line of `%` those of the next, and then an archived file of the
//! first.

use std::collections::HashSet;
use std::path::Path;

use mission_events::internals::application::backup::{Depth, prove};
use mission_events::internals::infrastructure::jsonl::subject_of_days;
use mission_events::{
    DomainEvent, EventQuery, EventRepository, JsonlEventRepository, RepositoryError, StoredEvent, Zone,
};

use super::{parts, place};

const NEW: &str = r#"{"event_id": "new", "event_type": "TaskCreated", "timestamp": "2025-10-20T10:00:00Z", "aggregate_id": "T1"}"#;

/// Panics where the store is read or continued otherwise than it should be.
pub fn check(bytes: &[u8]) {
    let folder = place::folder();
    let days = folder.path().join("events");
    std::fs::create_dir_all(days.join("archive")).expect("a folder can be made");
    let parts = parts(bytes);
    let names = ["events-2025-10-20.jsonl", "events-2025-10-21.jsonl", "archive/events-2025-10-20.jsonl.zst"];
    for (name, part) in names.iter().zip(&parts) {
        place::write(&days.join(name), part);
    }
    let first = days.join(names[0]);
    let proof = prove(subject_of_days(&days, &Zone::utc()), Depth::Everything, &Zone::utc(), &mut |_| {});
    let store = JsonlEventRepository::open(&days, Zone::utc()).expect("the folder is there");
    let read = all(&store);
    if let Ok(read) = &read {
        assert_events(read, &parts, &store);
    }
    match &proof {
        // What is proved to be whole is read as a whole.
        Ok(proof) if proof.findings.is_empty() => {
            let read = read.as_ref().expect("what is whole can be read");
            assert_eq!(read.len() as u64, proof.contents.events);
            assert_eq!(store.summary().expect("what is whole can be read").events, proof.contents.events);
        }
        // What cannot be read is told by both.
        Ok(_) => assert!(read.is_err(), "a finding is of what cannot be read"),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    let appended = JsonlEventRepository::open(&days, Zone::utc()).expect("the folder is there");
    let event = DomainEvent::from_json(NEW, &Zone::utc()).expect("an event");
    if let Ok(position) = appended.save_event(&event) {
        // A torn tail is taken away, to a file of its own.
        let whole = parts[0].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        assert_kept(&parts[0][..whole], &first);
        let found = appended.find_by_id(event.event_id()).expect("it can be read").expect("it is stored");
        assert_eq!(found.position, position);
    }
}

/// The lines that stood in a file stand there; but where the zeros of one say that a power cut has kept it from being written, blanks do, and it
/// is in a file of its own.
fn assert_kept(lines: &[u8], file: &Path) {
    let (left, mut offset) = (place::read(file), 0);
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        let now = left.get(offset..offset + line.len()).expect("the file is no shorter");
        if now != line {
            let text = &line[..line.len() - 1];
            assert!(text.contains(&0), "a line without zeros stands there");
            assert!(now[..text.len()].iter().all(|byte| *byte == b' '), "blanks stand in its place");
            let copy = format!("{}.torn-{offset}", file.display());
            assert_eq!(place::read(Path::new(&copy)), text, "its bytes are in a file of its own");
        }
        offset += line.len();
    }
}

fn all(store: &JsonlEventRepository) -> Result<Vec<StoredEvent>, RepositoryError> {
    store.query(&EventQuery::chronological(), usize::MAX)
}

fn assert_events(read: &[StoredEvent], parts: &[&[u8]], store: &JsonlEventRepository) {
    let mut positions = HashSet::new();
    for found in read {
        assert!(positions.insert(found.position), "two events have one position");
        let body = found.event.body().as_bytes();
        let is_there = |part: &&[u8]| part.windows(body.len()).any(|window| window == body);
        // An archived file is compressed.
        assert!(parts.len() > 2 || parts.iter().any(is_there), "nobody wrote {}", found.event.body());
        assert!(store.find_by_id(found.event.event_id()).is_ok_and(|found| found.is_some()));
    }
}
