//! Two listings compared.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::legacy::definition::FileChange;
use crate::legacy::watchers::files::known_files::{Change, KnownFiles};
use crate::legacy::watchers::files::watched_path::FileState;

const ABSENCE: Duration = Duration::from_millis(500);

/// Names with inode and size. The modification time follows the size.
fn listing(files: &[(&str, u64, u64)]) -> BTreeMap<PathBuf, FileState> {
    let state = |&(name, inode, size): &(&str, u64, u64)| {
        let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(size);
        (PathBuf::from(name), FileState { size, modified, identity: Some((1, inode)) })
    };
    files.iter().map(state).collect()
}

fn change(kind: FileChange, path: &str) -> Change {
    Change::new(kind, Path::new(path))
}

fn moved(src_path: &str, path: &str, has_replaced: bool) -> Change {
    Change { src_path: Some(src_path.into()), has_replaced, ..change(FileChange::Moved, path) }
}

#[test]
fn a_file_that_comes_back_in_time_is_modified_and_never_was_deleted() {
    let mut known = KnownFiles::new(listing(&[("a", 1, 10)]), ABSENCE);
    assert_eq!(known.compare(listing(&[]), Duration::ZERO), []);
    assert!(known.is_waiting());
    let back = known.compare(listing(&[("a", 2, 11)]), Duration::from_millis(499));
    assert_eq!(back, [change(FileChange::Modified, "a")]);
    assert!(!known.is_waiting());
}

#[test]
fn a_file_that_stays_away_is_deleted_once() {
    let mut known = KnownFiles::new(listing(&[("a", 1, 10)]), ABSENCE);
    assert_eq!(known.compare(listing(&[]), Duration::ZERO), []);
    assert_eq!(known.compare(listing(&[]), ABSENCE), [change(FileChange::Deleted, "a")]);
    assert_eq!(known.compare(listing(&[]), ABSENCE * 2), []);
}

#[test]
fn a_backup_by_rename_is_a_creation_and_the_file_that_takes_its_place_a_modification() {
    let mut known = KnownFiles::new(listing(&[("a", 1, 10)]), ABSENCE);
    // Between the two steps of the save, and after them.
    assert_eq!(known.compare(listing(&[("a~", 1, 10)]), Duration::ZERO), []);
    assert_eq!(
        known.compare(listing(&[("a", 2, 11), ("a~", 1, 10)]), ABSENCE * 2),
        [change(FileChange::Created, "a~"), change(FileChange::Modified, "a")]
    );
}

#[test]
fn a_move_onto_another_file_says_so_and_its_halves_are_a_deletion_and_a_modification() {
    let mut known = KnownFiles::new(listing(&[("a", 1, 10), ("b", 2, 20)]), ABSENCE);
    assert_eq!(known.compare(listing(&[("b", 1, 10)]), Duration::ZERO), []);
    let changes = known.compare(listing(&[("b", 1, 10)]), ABSENCE);
    assert_eq!(changes, [moved("a", "b", true)]);
    assert_eq!(
        changes.into_iter().flat_map(Change::halves).collect::<Vec<_>>(),
        [change(FileChange::Deleted, "a"), change(FileChange::Modified, "b")]
    );
}

#[test]
fn another_file_with_the_inode_of_a_deleted_one_is_no_move() {
    let mut known = KnownFiles::new(listing(&[("a", 1, 10)]), ABSENCE);
    let other = listing(&[("b", 1, 99)]);
    assert_eq!(known.compare(other.clone(), Duration::ZERO), [change(FileChange::Created, "b")]);
    assert_eq!(known.compare(other, ABSENCE), [change(FileChange::Deleted, "a")]);
}

#[test]
fn a_file_that_is_written_to_on_its_way_is_moved_where_the_system_told_the_rename() {
    let mut known = KnownFiles::new(listing(&[("a", 1, 10)]), ABSENCE);
    known.was_renamed("a".into(), "b".into());
    let longer = listing(&[("b", 1, 99)]);
    assert_eq!(known.compare(longer.clone(), Duration::ZERO), []);
    assert_eq!(known.compare(longer, ABSENCE), [moved("a", "b", false)]);
}

#[test]
fn changes_come_in_the_order_of_their_times() {
    let mut known = KnownFiles::new(listing(&[("b", 1, 10)]), ABSENCE);
    let changes = known.compare(listing(&[("a", 2, 30), ("b", 1, 20), ("c", 3, 15)]), Duration::ZERO);
    let paths: Vec<_> = changes.iter().map(|change| change.path.to_str().unwrap()).collect();
    assert_eq!(paths, ["c", "b", "a"]);
}
