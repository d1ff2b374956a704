//! Folders that come and go.

use std::fs;
use std::time::Duration;

use super::support::{PACE, Place, put, source, wait_until, watch, with_patterns};
use crate::legacy::watchers::files::watch::Pace;

#[test]
fn a_folder_that_does_not_exist_yet_is_watched_when_it_appears_and_a_note_says_so_until_then() {
    let place = Place::new();
    let folder = place.at("reports/daily");
    let (told, watching) = watch(&with_patterns(&folder, &["*.md"]), PACE);
    let note = format!(
        "{} does not exist yet; {} is watched until it appears",
        folder.display(),
        place.folder().display()
    );
    assert_eq!(watching.notes(), [note]);

    fs::create_dir_all(&folder).unwrap();
    put(&place.elsewhere("put"), &folder.join("a.md"), "one");
    told.wait_for("created a.md");
    put(&place.elsewhere("put"), &folder.join("b.md"), "one");
    told.assert(&["created a.md", "created b.md"]);
    wait_until(|| watching.notes().is_empty(), || format!("{:?}", watching.notes()));
}

#[test]
fn a_folder_that_is_deleted_and_made_again_stays_watched() {
    let place = Place::new();
    let folder = place.at("reports");
    fs::create_dir(&folder).unwrap();
    let (told, _watching) = watch(&source(&folder), PACE);
    for round in ["1.md", "2.md", "3.md"] {
        put(&place.elsewhere("put"), &folder.join(round), "one");
        told.wait_for(&format!("created {round}"));
        fs::remove_dir_all(&folder).unwrap();
        fs::create_dir(&folder).unwrap();
        told.wait_for(&format!("deleted {round}"));
    }
}

#[test]
fn a_folder_that_is_renamed_away_and_replaced_stays_watched() {
    let place = Place::new();
    let folder = place.at("reports");
    fs::create_dir(&folder).unwrap();
    put(&place.elsewhere("put"), &folder.join("a.md"), "one");
    let (told, _watching) = watch(&source(&folder), PACE);
    fs::rename(&folder, place.at("reports-2025")).unwrap();
    told.wait_for("deleted a.md");
    fs::create_dir(&folder).unwrap();
    put(&place.elsewhere("put"), &folder.join("b.md"), "one");
    told.assert(&["deleted a.md", "created b.md"]);
}

#[test]
fn one_file_is_told_when_its_folder_appears_with_it() {
    let place = Place::new();
    let (told, _watching) = watch(&source(&place.at("reports/a.md")), PACE);
    fs::create_dir(place.elsewhere("reports")).unwrap();
    fs::write(place.elsewhere("reports/a.md"), "one").unwrap();
    fs::rename(place.elsewhere("reports"), place.at("reports")).unwrap();
    told.assert(&["created a.md"]);
}

#[test]
fn a_polled_folder_tells_the_same_changes() {
    let place = Place::new();
    let folder = place.at("reports");
    let (told, _watching) = watch(&source(&folder), Pace { poll: Some(Duration::from_millis(10)), ..PACE });
    fs::create_dir(&folder).unwrap();
    put(&place.elsewhere("put"), &folder.join("a.md"), "one");
    told.wait_for("created a.md");
    put(&place.elsewhere("put"), &folder.join("a.md"), "another");
    told.wait_for("modified a.md");
    fs::rename(folder.join("a.md"), folder.join("b.md")).unwrap();
    told.wait_for("moved a.md to b.md");
    fs::remove_dir_all(&folder).unwrap();
    told.assert(&["created a.md", "modified a.md", "moved a.md to b.md", "deleted b.md"]);
}
