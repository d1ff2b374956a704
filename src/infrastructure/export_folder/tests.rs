use std::io::Write;
use std::time::Duration;

use super::*;
use crate::application::export::{Occupied, Standing, StandingContent};
use crate::durable::lock::FileLock;

const MOMENT: Duration = Duration::from_millis(5);

fn begin(folder: &Path, replace: bool) -> Box<dyn NewFile> {
    FileFolder::new(folder, replace).begin(Path::new("a/b.json"), Some(2)).unwrap()
}

/// Publishes where whatever stands there may be replaced.
fn publish(file: Box<dyn NewFile>) -> Result<(), PlaceError> {
    file.publish(&mut |_| Ok(()))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[track_caller]
fn is_occupied<T>(result: Result<T, PlaceError>, expected: Occupied) {
    match result.err() {
        Some(PlaceError::Occupied(found)) => assert_eq!(found, expected),
        other => panic!("expected {expected:?}, found {other:?}"),
    }
}

#[test]
fn a_file_appears_when_it_is_published_and_leaves_nothing_when_it_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("to/here");
    let mut file = begin(&to, false);
    file.write_all(b"[]").unwrap();
    assert!(!to.join("a/b.json").exists());
    publish(file).unwrap();
    assert_eq!(fs::read(to.join("a/b.json")).unwrap(), b"[]");
    drop(begin(&dir.path().join("none"), false));
    assert_eq!(files(&dir.path().join("none/a")), [] as [PathBuf; 0]);
}

#[test]
fn a_file_that_appears_while_another_is_written_is_replaced_only_where_that_was_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("a/b.json");
    for (replace, content) in [(false, "theirs"), (true, "")] {
        let file = begin(dir.path(), replace);
        fs::write(&place, "theirs").unwrap();
        let published = publish(file);
        if replace {
            published.unwrap();
        } else {
            is_occupied(published, Occupied::Appeared);
        }
        assert_eq!(fs::read_to_string(&place).unwrap(), content);
        assert_eq!(files(&dir.path().join("a")).len(), 1);
    }
}

#[test]
fn what_stands_there_is_shown_before_it_is_replaced_and_stays_where_that_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("a/b.json");
    drop(begin(dir.path(), true));
    for (standing, content) in
        [("[]", StandingContent::Contained), ("[{}] and more", StandingContent::Longer { bytes: 9 })]
    {
        fs::write(&place, standing).unwrap();
        let mut file = begin(dir.path(), true);
        file.write_all(b"[{}]").unwrap();
        let mut shown = Vec::new();
        let refused = file.publish(&mut |standing| {
            shown.push(standing.clone());
            Err(Occupied::NotStored.into())
        });
        is_occupied(refused, Occupied::NotStored);
        assert_eq!(shown, [Standing { path: place.canonicalize().unwrap(), content }]);
        assert_eq!(fs::read_to_string(&place).unwrap(), standing);
    }
}

#[test]
fn a_file_with_the_same_bytes_is_left_as_it_is_and_nothing_is_asked() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("a/b.json");
    let mut file = begin(dir.path(), true);
    file.write_all(b"[]").unwrap();
    fs::write(&place, "[]").unwrap();
    let before = fs::File::open(&place).unwrap();
    file.publish(&mut |_| Err(Occupied::NotStored.into())).unwrap();
    // The file that stood there is still the one that a writer of it has open.
    fs::write(&place, "[more]").unwrap();
    assert_eq!(io::read_to_string(before).unwrap(), "[more]");
}

#[test]
fn what_is_written_to_while_it_is_judged_stays() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("a/b.json");
    let mut file = begin(dir.path(), true);
    file.write_all(b"[{}]").unwrap();
    fs::write(&place, "[]").unwrap();
    let published = file.publish(&mut |_| {
        fs::write(&place, "[1]").unwrap();
        Ok(())
    });
    is_occupied(published, Occupied::Changing);
    assert_eq!(fs::read_to_string(&place).unwrap(), "[1]");
}

#[test]
fn a_file_that_there_is_no_room_for_is_not_begun() {
    let dir = tempfile::tempdir().unwrap();
    let begun = FileFolder::new(dir.path(), false).begin(Path::new("a.json"), Some(u64::MAX));
    let Some(PlaceError::Io(error)) = begun.err() else { panic!("it was begun") };
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    assert!(files(dir.path()).is_empty());
}

#[test]
fn a_name_that_leads_out_of_the_folder_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("to");
    for name in ["../b.json", "a/../../b.json", "/b.json"] {
        let Some(PlaceError::Io(error)) = FileFolder::new(&to, true).begin(Path::new(name), None).err()
        else {
            panic!("{name} was begun")
        };
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    assert_eq!(files(dir.path()), [to]);
}

#[test]
fn a_folder_that_another_export_writes_into_is_waited_for_and_no_longer_than_that() {
    let dir = tempfile::tempdir().unwrap();
    let mut folder = FileFolder::new(dir.path(), true);
    Rc::make_mut(&mut folder.rules).patience = MOMENT;
    let locked = |folder: &mut FileFolder| {
        let file = folder.begin(Path::new("b.json"), None).unwrap();
        match publish(file) {
            Err(PlaceError::Locked { path, .. }) => Some(path),
            published => {
                published.unwrap();
                None
            }
        }
    };
    let root = dir.path().canonicalize().unwrap();
    #[cfg(unix)]
    {
        let _held = FileLock::of_folder(&root, Duration::ZERO).unwrap();
        assert_eq!(locked(&mut folder), Some(root.clone()));
    }
    assert_eq!(locked(&mut folder), None);
    assert!(!root.join(".events.lock").exists(), "it is no JSONL store");
    let side_file = root.join(".events.lock");
    {
        let _held = FileLock::exclusive(&side_file, Duration::ZERO).unwrap();
        assert_eq!(locked(&mut folder), Some(side_file.clone()));
    }
    assert_eq!(locked(&mut folder), None);
    fs::remove_file(&side_file).unwrap();
    // The configured store is one also before its first event.
    assert_eq!(locked(&mut folder.with_jsonl_store(dir.path())), None);
    assert!(side_file.exists());
}

#[cfg(unix)]
#[test]
fn others_may_read_a_file_as_far_as_the_mask_of_the_process_allows() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    publish(begin(dir.path(), false)).unwrap();
    fs::write(dir.path().join("ordinary"), "").unwrap();
    let mode = |name| fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
    assert_eq!(mode("a/b.json"), mode("ordinary"));
}
