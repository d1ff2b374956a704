//! A retry takes turns with other writers of the store.

use std::fs::File;
use std::time::{Duration, Instant};

use super::{in_berlin, rejects, with_rejects};

#[test]
fn a_retry_waits_for_its_turn_and_a_dry_run_takes_none() {
    let dir = with_rejects();
    let path = dir.path().canonicalize().unwrap().join("events.db.turn");
    let turn = File::options().create(true).truncate(false).write(true).open(&path).unwrap();
    turn.lock().unwrap();
    assert_eq!(in_berlin(&dir).run("rejects retry --dry-run").code, 1);
    let open = rejects(&dir, "").len();
    let mut retry = in_berlin(&dir).start("--format json rejects retry");
    let deadline = Instant::now() + Duration::from_secs(30);
    while !retry.has_open(&path) {
        assert!(Instant::now() < deadline && !retry.has_ended(), "it does not wait for its turn");
        std::thread::yield_now();
    }
    assert!(!retry.has_ended());
    turn.unlock().unwrap();
    let report: serde_json::Value = serde_json::from_str(&retry.end().stdout).unwrap();
    assert_eq!((report["imported"].as_u64(), open), (Some(1), 7));
}
