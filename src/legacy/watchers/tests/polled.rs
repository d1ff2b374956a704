//! Folders that are listed from time to time, where the system tells nothing of changes.

use std::fs;
use std::time::Duration;

use super::support::{PACE, PATIENT, Place, put, source, wait_until, watch, with_patterns};
use crate::legacy::watchers::files::watch::Pace;

const POLLED: Pace = Pace { poll: Some(Duration::from_millis(10)), ..PACE };

#[test]
fn every_kind_of_change_of_one_file_that_is_polled_is_told() {
    let place = Place::new();
    let (told, _watching) = watch(&source(&place.at("a.md")), POLLED);
    place.put("a.md", "one");
    told.wait_for("created a.md");
    place.put("a.md", "another");
    told.wait_for("modified a.md");
    fs::rename(place.at("a.md"), place.elsewhere("a.md")).unwrap();
    told.wait_for("deleted a.md");
    fs::rename(place.elsewhere("a.md"), place.at("a.md")).unwrap();
    wait_until(|| told.lines().len() == 4, || format!("{:?}", told.lines()));
    assert_eq!(told.lines(), ["created a.md", "modified a.md", "deleted a.md", "created a.md"]);
}

#[test]
fn a_polled_folder_that_is_deleted_and_made_again_stays_watched() {
    let place = Place::new();
    let folder = place.at("reports");
    fs::create_dir(&folder).unwrap();
    let (told, _watching) = watch(&source(&folder), POLLED);
    for round in ["1.md", "2.md", "3.md"] {
        put(&place.elsewhere("put"), &folder.join(round), "one");
        told.wait_for(&format!("created {round}"));
        fs::remove_dir_all(&folder).unwrap();
        fs::create_dir(&folder).unwrap();
        told.wait_for(&format!("deleted {round}"));
    }
}

#[test]
fn patterns_hold_in_a_polled_folder_that_appears_later_and_is_replaced() {
    let place = Place::new();
    let folder = place.at("reports/daily");
    let (told, _watching) = watch(&with_patterns(&folder, &["*.md", "*.txt"]), POLLED);
    fs::create_dir_all(&folder).unwrap();
    put(&place.elsewhere("put"), &folder.join("a.csv"), "one");
    put(&place.elsewhere("put"), &folder.join("a.txt"), "one");
    told.wait_for("created a.txt");
    fs::rename(&folder, place.at("reports/weekly")).unwrap();
    told.wait_for("deleted a.txt");
    fs::create_dir(&folder).unwrap();
    put(&place.elsewhere("put"), &folder.join("b.md"), "one");
    told.assert(&["created a.txt", "deleted a.txt", "created b.md"]);
}

#[cfg(unix)]
#[test]
fn names_that_are_no_utf_8_are_told_each_for_itself() {
    use std::os::unix::ffi::OsStrExt;
    for pace in [POLLED, PATIENT] {
        let place = Place::new();
        let (told, _watching) = watch(&with_patterns(&place.folder(), &["caf?.md"]), pace);
        let names = [&b"caf\xe8.md"[..], b"caf\xe9.md"].map(std::ffi::OsStr::from_bytes);
        for name in names {
            put(&place.elsewhere("put"), &place.folder().join(name), "one");
        }
        wait_until(|| told.lines().len() == 2, || format!("{:?}", told.lines()));
        let mut paths: Vec<_> = told
            .occurrences()
            .iter()
            .map(|occurrence| crate::legacy::path_text::path_of(occurrence.data["path"].as_str().unwrap()))
            .collect();
        paths.sort();
        assert_eq!(paths, names.map(|name| place.folder().join(name)));
    }
}
