//! `archive`, killed at moments spread over its work: no event is lost or doubled, and the next run finishes.

use std::fs;
use std::time::{Duration, Instant};

use super::{ARCHIVE, folder, names, of_day, open, quiet, write_days};
use crate::support::test_dir::TestDir;
use crate::support::{at_kill_moments, events_to_last, everything};
use mission_events::EventRepository;

const PATIENCE: Duration = Duration::from_secs(120);
const DAYS: u32 = 6;

/// How much of the archive is written, in bytes.
fn written(dir: &TestDir) -> u64 {
    let Ok(entries) = fs::read_dir(folder(dir).join("archive")) else { return 0 };
    entries.filter_map(|entry| entry.ok()?.metadata().ok()).map(|metadata| metadata.len()).sum()
}

#[test]
fn an_archive_that_is_killed_at_any_moment_loses_nothing_and_is_finished_by_the_next_run() {
    let events = events_to_last(2_000, 8_000) as u32;
    let (dir, template) = (TestDir::new(), TestDir::new());
    write_days(&template, 10..10 + DAYS, events);
    let restore = || {
        fs::remove_dir_all(dir.join("data")).ok();
        fs::create_dir_all(folder(&dir)).unwrap();
        for name in names(&template) {
            fs::copy(folder(&template).join(&name), folder(&dir).join(&name)).unwrap();
        }
        // A day that is archived already, and goes on.
        quiet(&dir).run("archive --before 2025-10-11").result();
        open(&dir).save_event(&of_day("late", 10, 0)).unwrap();
        everything(&open(&dir))
    };
    restore();
    let first = written(&dir);
    quiet(&dir).run(ARCHIVE).result();
    let whole = written(&dir) - first;
    at_kill_moments(|moment, moments| {
        let expected = restore();
        let far = first + whole * moment / moments;
        let mut archive = quiet(&dir).start(ARCHIVE);
        let deadline = Instant::now() + PATIENCE;
        while written(&dir) <= far && !archive.has_ended() {
            assert!(Instant::now() < deadline, "it does not get so far");
        }
        let was_in_time = !archive.has_ended();
        archive.kill();
        let store = open(&dir);
        assert!(everything(&store) == expected, "killed at {far} of {whole} bytes");
        store.save_event(&of_day("later", 11, 0)).unwrap();
        let expected = everything(&store);
        quiet(&dir).run(ARCHIVE).result();
        assert_eq!(
            names(&dir),
            (0..DAYS).map(|day| format!("archive/events-2025-10-{}.jsonl.zst", 10 + day)).collect::<Vec<_>>()
        );
        assert!(everything(&store) == expected, "killed at {far} of {whole} bytes, and finished");
        assert!(everything(&open(&dir)) == expected, "killed at {far} of {whole} bytes, and finished");
        was_in_time
    });
}
