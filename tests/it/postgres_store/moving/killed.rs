//! A move that is killed goes on where it was.

use std::time::Duration;

use super::{STORE, all_rows, exported, on_sqlite, save_native, store_with_everything};
use crate::support::kill_moments;
use crate::support::postgres::server;
use crate::support::test_dir::TestDir;

/// Runs a command again and again, killed each time a little later, until it ends by itself; answers how often it was killed.
fn killed_until_done(dir: &TestDir, command: &str, moments: u64) -> u64 {
    for moment in 0..moments {
        let mut running = on_sqlite(dir).start(command);
        std::thread::sleep(Duration::from_millis(30 + moment * 60));
        if running.has_ended() {
            assert_eq!(running.code(), 0);
            return moment;
        }
        running.kill();
    }
    let run = on_sqlite(dir).run(command);
    assert_eq!(run.code, 0, "{}", run.stderr);
    moments
}

#[test]
fn a_move_that_was_killed_at_any_moment_is_finished_by_another_to_the_same_rows() {
    let (dir, url) = (TestDir::new(), server().new_store());
    store_with_everything(&dir);
    save_native(&dir.join(STORE), 100..6_000);
    let before = all_rows(&dir.join(STORE));
    let killed = killed_until_done(&dir, &format!("-q move --to {url} --cut-over"), kill_moments());
    assert!(killed > 0, "it is killed before its end");
    assert_eq!(all_rows(&dir.join(STORE)), before);
    killed_until_done(&dir, &format!("-q move --from {url} --to back.db --cut-over"), kill_moments());
    assert_eq!(all_rows(&dir.join("back.db")), before);
    assert_eq!(exported(&dir, &url, "of-target"), exported(&dir, "back.db", "of-back"));
}
