//! Saves of editors and programs: each is a modification, whichever way the file is replaced.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use super::support::{PATIENT, Place, source, wait_until, watch, with_patterns};
use crate::legacy::definition::{FileChange, FileSource};
use crate::legacy::watchers::files::watch::Pace;

type Save = fn(&Path, &str);

/// vim with `backup`: the old file becomes the backup, and a new one is written.
fn vim_with_backup(path: &Path, contents: &str) {
    let backup = path.with_extension("md~");
    fs::rename(path, &backup).unwrap();
    fs::write(path, contents).unwrap();
    fs::remove_file(backup).unwrap();
}

/// vim with `backupcopy`, and most other programs.
fn truncate_and_write(path: &Path, contents: &str) {
    fs::write(path, contents).unwrap();
}

/// `sed -i`: a file with a name of its own in the same folder, renamed.
fn sed_in_place(path: &Path, contents: &str) {
    let temporary = path.with_file_name("sedA1b2C3");
    fs::write(&temporary, contents).unwrap();
    fs::rename(temporary, path).unwrap();
}

/// Python: `NamedTemporaryFile`, `fsync`, `os.replace`.
fn python_replace(path: &Path, contents: &str) {
    let temporary = path.with_extension("md.tmp");
    let mut file = File::create(&temporary).unwrap();
    file.write_all(contents.as_bytes()).unwrap();
    file.sync_all().unwrap();
    fs::rename(temporary, path).unwrap();
}

const SAVES: [(&str, Save); 4] = [
    ("vim with backup", vim_with_backup),
    ("truncate and write", truncate_and_write),
    ("sed -i", sed_in_place),
    ("os.replace", python_replace),
];

/// Each kind of save, after each other: none ends the watch.
fn assert_each_is_a_modification(place: &Place, source: &FileSource, pace: Pace) {
    place.put("a.md", "");
    let (told, _watching) = watch(source, pace);
    let mut contents = String::new();
    for (name, save) in SAVES.into_iter().chain(SAVES) {
        let before = told.lines().len();
        contents.push_str("one more line\n");
        save(&place.at("a.md"), &contents);
        wait_until(|| told.lines().len() > before, || format!("{name}: told were {:?}", told.lines()));
    }
    let others: Vec<_> = told.lines().into_iter().filter(|line| line != "modified a.md").collect();
    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn every_kind_of_save_of_one_file_is_a_modification() {
    let place = Place::new();
    assert_each_is_a_modification(&place, &source(&place.at("a.md")), PATIENT);
}

#[test]
fn every_kind_of_save_in_a_folder_with_a_pattern_is_a_modification() {
    let place = Place::new();
    assert_each_is_a_modification(&place, &with_patterns(&place.folder(), &["*.md"]), PATIENT);
}

#[test]
fn a_definition_that_asks_for_modifications_alone_is_told_every_kind_of_save() {
    let place = Place::new();
    let modified = vec![FileChange::Modified];
    assert_each_is_a_modification(
        &place,
        &FileSource { changes: modified, ..source(&place.at("a.md")) },
        PATIENT,
    );
}

#[test]
fn every_kind_of_save_of_a_polled_file_is_a_modification() {
    let place = Place::new();
    let pace = Pace { poll: Some(Duration::from_millis(10)), ..PATIENT };
    assert_each_is_a_modification(&place, &source(&place.at("a.md")), pace);
}
