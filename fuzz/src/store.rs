//! A SQLite store of which bytes and pages were changed, in the database and in its write-ahead log.
//!
//! An input is a list of changes of eight bytes each: what is done (to which file), where, and with what.

use std::path::Path;
use std::sync::LazyLock;

use mission_events::compare::TempScratch;
use mission_events::import::{
    FileSystem, ImportPorts, ImportSettings, LogList, OverlapPolicy, ReadOptions, SqliteImport, SystemClock,
    import, open_log,
};
use mission_events::internals::application::backup::{Depth, Proof, prove};
use mission_events::internals::infrastructure::sqlite::subject_of_events;
use mission_events::{
    DomainEvent, EventId, EventQuery, EventRepository, EventRepositoryExt, SqliteEventRepository,
    StoredEvent, Zone,
};

use super::place;

const PAGE: usize = 4096;

/// A store with an imported log, rejects and live events, of which the last are in the write-ahead log.
struct Base {
    database: Vec<u8>,
    log: Vec<u8>,
    events: Vec<StoredEvent>,
    proof: Proof,
}

static BASE: LazyLock<Base> = LazyLock::new(|| {
    let folder = place::folder();
    let path = folder.path().join("events.db");
    let log = folder.path().join("events.json");
    let records: Vec<String> = (0..12)
        .map(|n| format!(r#"{{"type": "TaskCreated", "task_id": "T{n}", "title": "old {n}", "timestamp": "2025-10-19T10:00:{n:02}"}}"#))
        .chain(["{\"torn\": ".to_owned()])
        .collect();
    place::write(&log, format!("[{}]", records.join(", ")).as_bytes());
    let settings = ImportSettings {
        logs: LogList { files: vec![log.clone()], skipped: Vec::new() },
        parts: false,
        options: ReadOptions::new(Zone::utc()),
        overlap: OverlapPolicy::Match,
        strict: false,
        dry_run: false,
    };
    let ports = ImportPorts {
        store: &SqliteImport::new(&path, 1000),
        open_log: &open_log,
        log_files: &FileSystem,
        scratch: &|| Box::new(TempScratch::default()),
        clock: &SystemClock::default(),
        progress: &mut (),
    };
    import(&settings, ports).expect("an import");
    let store = SqliteEventRepository::open(&path, Zone::utc()).expect("a store");
    for n in 0..24 {
        let filler = "x".repeat(n * 37 % 300);
        let text = format!(
            r#"{{"event_id": "e{n}", "event_type": "Task{}", "timestamp": "2025-10-20T10:00:{n:02}Z", "aggregate_id": "T{}", "title": "{filler}"}}"#,
            n % 3,
            n % 5
        );
        store
            .save_event(&DomainEvent::from_json(&text, &Zone::utc()).expect("an event"))
            .expect("it is stored");
    }
    // The log is there as long as the store is open.
    let beside = |suffix: &str| place::read(&folder.path().join(format!("events.db{suffix}")));
    let events = all(&store).expect("it can be read");
    let proof = proof(&path).expect("it can be proved");
    assert!(proof.findings.is_empty(), "{:?}", proof.findings);
    Base { database: beside(""), log: beside("-wal"), events, proof }
});

/// Panics where a changed store is taken for another one without a word.
pub fn check(bytes: &[u8]) {
    let base = &*BASE;
    let (mut database, mut log) = (base.database.clone(), base.log.clone());
    for change in bytes.chunks_exact(8).take(16) {
        let file = if change[0] & 0x80 == 0 { &mut database } else { &mut log };
        apply(change, file);
    }
    let folder = place::folder();
    let path = folder.path().join("events.db");
    place::write(&path, &database);
    place::write(&folder.path().join("events.db-wal"), &log);
    // A copy, since who reads a store brings its log into it.
    let copy = folder.path().join("copy.db");
    place::write(&copy, &database);
    place::write(&folder.path().join("copy.db-wal"), &log);
    let proof = proof(&copy);
    let is_known_to_be_another = match &proof {
        Err(error) => !error.is_empty(),
        // A backup of the store would have said so, by its manifest.
        Ok(proof) => {
            !proof.findings.is_empty() || !base.proof.contents.differences(&proof.contents).is_empty()
        }
    };
    if let Ok(store) = SqliteEventRepository::open_for_reading(&path, Zone::utc()) {
        let is_same = is_read_as_before(&store, base);
        assert!(is_same || is_known_to_be_another, "a change is not found");
    }
    // Writing fails, or what was written can be read.
    if let Ok(store) = SqliteEventRepository::open(&path, Zone::utc()) {
        let text = r#"{"event_id": "new", "event_type": "TaskCreated", "timestamp": "2025-10-20T11:00:00Z", "aggregate_id": "T1"}"#;
        let event = DomainEvent::from_json(text, &Zone::utc()).expect("an event");
        if store.save_event(&event).is_ok() {
            let found = store.find_by_id(event.event_id());
            assert!(
                is_known_to_be_another
                    || found.is_ok_and(|found| found.is_some_and(|found| found.event.body() == text)),
                "what was acknowledged is not there"
            );
        }
    }
}

/// Every answer is what it was, or an error.
fn is_read_as_before(store: &SqliteEventRepository, base: &Base) -> bool {
    let is_same = |found: Result<Vec<StoredEvent>, _>, expected: &mut dyn Iterator<Item = &StoredEvent>| {
        found.is_err() || found.is_ok_and(|found| found.iter().eq(expected))
    };
    let mut same = is_same(all(store), &mut base.events.iter());
    same &= store.summary().is_err()
        || store.summary().is_ok_and(|summary| summary.events == base.events.len() as u64);
    let of_type = store.query(&EventQuery::chronological().of_type("Task1"), 1000);
    same &= is_same(of_type, &mut base.events.iter().filter(|event| event.event.event_type() == "Task1"));
    let mut about: Vec<_> = base
        .events
        .iter()
        .filter(|found| found.event.aggregate_id().is_some_and(|id| id.as_str() == "T3"))
        .collect();
    same &= is_same(store.query(&EventQuery::chronological().about("T3"), 1000), &mut about.drain(..));
    for found in &base.events {
        let by_id: Result<Option<StoredEvent>, _> = store.find_by_id(found.event.event_id());
        same &= by_id.is_err() || by_id.is_ok_and(|by_id| by_id.as_ref() == Some(found));
    }
    let nobody = EventId::new("nobody").expect("an id");
    same &=
        store.find_by_id(&nobody).is_err() || store.find_by_id(&nobody).is_ok_and(|found| found.is_none());
    let recent = store.get_recent_events(5);
    same && (recent.is_err() || recent.is_ok_and(|recent| recent.len() == 5))
}

fn all(store: &SqliteEventRepository) -> Result<Vec<StoredEvent>, mission_events::RepositoryError> {
    store.query(&EventQuery::chronological(), 100_000)
}

fn proof(path: &Path) -> Result<Proof, String> {
    let zone = Zone::utc();
    let subject = subject_of_events(path, &zone).map_err(|error| error.to_string())?;
    prove(subject, Depth::Everything, &zone, &mut |_| {}).map_err(|error| error.to_string())
}

fn apply(change: &[u8], file: &mut Vec<u8>) {
    let number = |bytes: &[u8]| bytes.iter().fold(0_usize, |number, byte| number << 8 | usize::from(*byte));
    let (what, at, value) = (change[0] & 7, number(&change[1..4]), &change[4..8]);
    if file.is_empty() {
        return;
    }
    let (pages, at_byte) = (file.len().div_ceil(PAGE), at % file.len());
    let length = file.len();
    let page = |number: usize| number % pages * PAGE..(number % pages * PAGE + PAGE).min(length);
    match what {
        // A byte, with one bit flipped or all.
        0 => file[at_byte] ^= 1 << (value[0] & 7),
        1 => file[at_byte] = value[0],
        // Four bytes, as a number or a pointer of SQLite.
        2 => (0..4)
            .filter(|n| at_byte + n < file.len())
            .collect::<Vec<_>>()
            .iter()
            .for_each(|n| file[at_byte + n] = value[*n]),
        // A page is zeros, or has the bytes of another one.
        3 => file[page(at)].fill(0),
        4 => {
            let (from, to) = (page(number(value)), page(at));
            let bytes = file[from].to_vec();
            let length = bytes.len().min(to.len());
            file[to.start..to.start + length].copy_from_slice(&bytes[..length]);
        }
        // Cut off, and grown.
        5 => file.truncate(at_byte),
        6 => file.extend(vec![value[0]; at % (2 * PAGE)]),
        // A sector as it was not written.
        _ => {
            let sector = at_byte / 512 * 512;
            let end = (sector + 512).min(file.len());
            file[sector..end].fill(value[0]);
        }
    }
}
