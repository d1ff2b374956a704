use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use super::*;
use crate::application::backup::{Depth, prove};
use crate::domain::event::DomainEvent;
use crate::domain::repository::EventRepository;
use crate::infrastructure::sqlite::SqliteEventRepository;

const NO_LIMIT: u64 = u64::MAX;
/// Long enough for a machine with much else to do; nothing waits that long where all is well.
const PATIENCE: Duration = Duration::from_secs(20);

fn event(id: &str) -> DomainEvent {
    let text = format!(
        r#"{{"event_id": "{id}", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z", "title": "{}"}}"#,
        "x".repeat(2_000)
    );
    DomainEvent::from_json(&text, &Zone::utc()).unwrap()
}

fn store(path: &Path, events: usize) -> SqliteEventRepository {
    let store = SqliteEventRepository::open(path, Zone::utc()).unwrap();
    let events: Vec<DomainEvent> = (0..events).map(|number| event(&format!("e{number}"))).collect();
    store.save_events(&events).unwrap();
    store
}

#[test]
fn a_copy_is_of_one_moment_though_each_step_of_it_is_followed_by_a_commit() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("events.db"), folder.path().join("it's a copy.db"));
    let store = store(&path, 3_000);
    let mut later = 0;
    let copied = copy_database(&EVENT_STORE, &path, &copy, NO_LIMIT, &mut |_| {
        store.save_event(&event(&format!("later{later}"))).unwrap();
        later += 1;
    })
    .unwrap();
    assert!(later > 2 && copied.log_growth > 0, "{later} {copied:?}");
    let subject = subject_of_events(&copy, &Zone::utc()).unwrap();
    let proof = prove(subject, Depth::Everything, &Zone::utc(), &mut |_| {}).unwrap();
    assert!(proof.findings.is_empty(), "{:?}", proof.findings);
    assert_eq!((proof.contents.events, proof.contents.last_position), (3_000, Some(3_000)));
    assert_eq!(store.summary().unwrap().events, 3_000 + later);
}

#[test]
fn writers_go_on_while_the_snapshot_is_held() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("events.db"), folder.path().join("copy.db"));
    drop(store(&path, 2_000));
    let (is_over, written) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let store = SqliteEventRepository::open(&path, Zone::utc()).unwrap();
            while !is_over.load(Ordering::SeqCst) {
                store.save_event(&event(&format!("w{}", written.load(Ordering::SeqCst)))).unwrap();
                written.fetch_add(1, Ordering::SeqCst);
            }
        });
        // Each step waits for an event that is written while the snapshot is held.
        let mut waited_in_vain = 0;
        copy_database(&EVENT_STORE, &path, &copy, NO_LIMIT, &mut |_| {
            let (before, deadline) = (written.load(Ordering::SeqCst), Instant::now() + PATIENCE);
            while written.load(Ordering::SeqCst) == before && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(1));
            }
            waited_in_vain += u32::from(written.load(Ordering::SeqCst) == before);
        })
        .unwrap();
        is_over.store(true, Ordering::SeqCst);
        assert_eq!(waited_in_vain, 0);
    });
}

#[test]
fn a_log_that_grows_too_long_ends_the_copy_and_says_by_how_much() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("events.db"), folder.path().join("copy.db"));
    let store = store(&path, 3_000);
    let mut later = 0;
    let failed = copy_database(&EVENT_STORE, &path, &copy, 1_000, &mut |_| {
        let events: Vec<DomainEvent> = (0..500).map(|number| event(&format!("l{later}-{number}"))).collect();
        store.save_events(&events).unwrap();
        later += 1;
    })
    .unwrap_err();
    assert!(failed.to_string().contains("and 1000 are allowed"), "{failed}");
}

#[test]
fn a_copy_is_one_file_that_is_read_and_never_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let copies = folder.path().join("copies");
    std::fs::create_dir(&copies).unwrap();
    let (path, copy) = (folder.path().join("events.db"), copies.join("events.db"));
    drop(store(&path, 2));
    copy_database(&EVENT_STORE, &path, &copy, NO_LIMIT, &mut |_| {}).unwrap();
    let bytes = std::fs::read(&copy).unwrap();
    let reading = SqliteEventRepository::open_for_reading(&copy, Zone::utc()).unwrap();
    assert_eq!(reading.summary().unwrap().events, 2);
    drop(reading);
    let refused = SqliteEventRepository::open(&copy, Zone::utc());
    assert!(matches!(refused, Err(SqliteError::Backup { .. })));
    assert_eq!(std::fs::read_dir(&copies).unwrap().count(), 1);
    assert!(std::fs::read(&copy).unwrap() == bytes, "it is as it was");
}

#[test]
fn a_damaged_page_is_found_whatever_it_is_of() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("events.db"), folder.path().join("copy.db"));
    drop(store(&path, 100));
    copy_database(&EVENT_STORE, &path, &copy, NO_LIMIT, &mut |_| {}).unwrap();
    let sound = std::fs::read(&copy).unwrap();
    // The first pages hold the schema and the roots of tables; a later one rows.
    for page in [1, 3, sound.len() / 8_192 - 2] {
        let mut bytes = sound.clone();
        bytes[page * 8_192..page * 8_192 + 16].fill(0xff);
        std::fs::write(&copy, &bytes).unwrap();
        let proof =
            prove(subject_of_events(&copy, &Zone::utc()).unwrap(), Depth::Copy, &Zone::utc(), &mut |_| {})
                .unwrap();
        assert!(!proof.findings.is_empty(), "page {page}");
    }
}
