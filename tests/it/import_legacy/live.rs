//! An import into a store that is in use.

use mission_events::internals::domain::repository::EventRepository;
use mission_events::internals::infrastructure::sqlite::SqliteEventRepository;

use super::processes::{start, write_log};
use super::{Counts, DATABASE, Report, rows};
use crate::support::test_dir::TestDir;
use crate::support::{event, events_to_last, utc};

/// So many batches that live events find a place between some of them.
const EVENTS: u64 = events_to_last(14_000, 20_000);

#[test]
fn live_events_are_saved_between_the_batches_of_an_import() {
    let dir = TestDir::new();
    write_log(&dir, "events.json", 1, EVENTS);
    let store = SqliteEventRepository::open(dir.join(DATABASE), utc()).unwrap();
    let live = |number: u64| event(&format!("live-{number}")).at("2040-01-01T00:00:00Z").build();
    store.save_event(&live(0)).unwrap();
    let (mut import, mut saved) = (start(&dir, "events.json"), 1);
    while !import.has_ended() {
        store.save_event(&live(saved)).unwrap();
        saved += 1;
    }
    let report = Report::of(import.end());
    assert_eq!(report.total, Counts { records: EVENTS, imported: EVENTS, ..Counts::default() });
    let rows = rows(&dir, DATABASE);
    let is_live: Vec<bool> = rows.iter().map(|row| row.event_id.starts_with("live-")).collect();
    assert_eq!(is_live.iter().filter(|&&live| live).count() as u64, saved);
    assert_eq!(rows.len() as u64, EVENTS + saved);
    let between = is_live.chunk_by(|a, b| a == b).filter(|run| !run[0]).count();
    assert!(between > 3, "imported events lie in {between} runs: live ones had to wait");
}
