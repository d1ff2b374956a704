//! Any bytes as an evidence log.

use mission_events::internals::application::evidence::{
    Chain, Evidence, EvidenceLog, EvidenceRecord, RecordedBackup, record_backup,
};
use mission_events::internals::infrastructure::evidence::log::JsonlEvidenceLog;
use mission_events::internals::infrastructure::system_clock::SystemClock;

use super::place;

/// Panics where the log is read or continued otherwise than it should be.
pub fn check(bytes: &[u8]) {
    let folder = place::folder();
    let path = folder.path().join("evidence.jsonl");
    place::write(&path, bytes);
    let log = JsonlEvidenceLog::new(&path);
    let lines = || log.lines().expect("the file can be read").expect("the file is there");
    let before = Chain::of(&lines());
    assert_eq!(place::read(&path), bytes, "reading changes nothing");
    for record in &before.records {
        // Times are spelled to the microsecond: what was spelled once is spelled so for ever.
        let spelled = |record: &EvidenceRecord| serde_json::to_string(record).expect("a record is JSON");
        let again = serde_json::from_str(&spelled(&record.record)).expect("a record is read back");
        assert_eq!(spelled(&again), spelled(&record.record));
    }
    match record_backup(recorded(), &log, &SystemClock::default()) {
        Err(error) => {
            assert!(!error.to_string().is_empty());
            assert_eq!(place::read(&path), bytes, "what is refused changes nothing");
        }
        Ok(record) => {
            let left = place::read(&path);
            let kept = bytes.trim_ascii_end();
            assert!(left.starts_with(kept), "what stood there stands there");
            let after = Chain::of(&lines());
            let known: Vec<_> = after.records.iter().map(|known| &known.record).collect();
            assert_eq!(known.len(), before.records.len() + 1);
            // A file has times to the microsecond.
            let last = known[known.len() - 1];
            assert_eq!((last.sequence, &last.previous), (record.sequence, &record.previous));
            assert!(matches!(last.evidence, Evidence::Backup(_)));
            assert!(
                before.records.iter().map(|known| &known.record).eq(known[..known.len() - 1].iter().copied())
            );
            // A chain that held goes on to hold.
            assert!(!before.holds() || after.holds(), "{:?}", after.faults);
        }
    }
}

fn recorded() -> RecordedBackup {
    RecordedBackup {
        store: "/data/events.db".to_owned(),
        backend: "sqlite".to_owned(),
        backup: "/backups/2025-10-25T100000.000000Z".to_owned(),
        made_at: "2025-10-25T10:00:00Z".parse().expect("a time"),
        events: 1,
        last_position: Some(1),
        digest: "aa".to_owned(),
        manifest_sha256: "bb".to_owned(),
        elapsed_seconds: 1.0,
    }
}
