//! A repair beside others, killed, and where it may not write.

use rusqlite::Connection;

use super::{compared, lacking, program, run, stored};
use crate::support::cli::cli_without_privileges;

#[test]
fn of_two_repairs_at_once_each_event_is_added_once() {
    let dir = lacking(&[3, 5, 12]);
    let both = [(); 2].map(|()| program(&dir).start("-q repair --apply"));
    let codes = both.map(|repair| repair.code());
    assert!(codes.contains(&0), "{codes:?}");
    assert_eq!(stored(&dir), [11, 0, 3, 3]);
    assert_eq!(compared(&dir)["verdict"], "consistent");
}

#[cfg(target_os = "linux")]
#[test]
fn a_repair_that_is_killed_before_its_commit_has_added_nothing_and_the_next_one_finishes() {
    let dir = lacking(&[3, 12]);
    let writer = Connection::open(dir.join("events.db")).unwrap();
    writer.pragma_update(None, "journal_mode", "wal").unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let repair = program(&dir).start("-q repair --apply");
    // It has its lock, and waits for the transaction.
    crate::support::until("the repair waits", || repair.has_open(&dir.join("events.db.import.lock")));
    repair.kill();
    writer.execute_batch("ROLLBACK").unwrap();
    assert_eq!(stored(&dir), [12, 0, 0, 0]);
    assert_eq!((run(&dir, "-q repair --apply").code, stored(&dir)), (0, [12, 0, 2, 2]));
}

#[cfg(unix)]
#[test]
fn a_store_in_a_folder_that_may_not_be_written_to_gets_nothing_and_says_so() {
    use std::os::unix::fs::PermissionsExt;
    let dir = lacking(&[3]);
    let unprivileged = cli_without_privileges(&dir);
    let mode = |mode| std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(mode)).unwrap();
    mode(0o555);
    let refused =
        unprivileged.env("MISSION_CONTROL_TIMEZONE", "UTC").run("-q repair events.json events.db --apply");
    mode(0o755);
    assert_eq!((refused.code, refused.stdout.as_str()), (4, ""), "{refused:?}");
    assert_eq!(stored(&dir), [12 + 1, 0, 0, 0]);
}
