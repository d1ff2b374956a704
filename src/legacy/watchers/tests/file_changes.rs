//! Which changes of files are told, and with what.

use std::fs;

use super::support::{PACE, PATIENT, Place, source, watch, with_patterns};
use crate::legacy::definition::{FileChange, FileSource};

#[test]
fn a_file_is_created_then_modified_then_deleted() {
    let place = Place::new();
    let (told, _watching) = watch(&source(&place.folder()), PACE);
    place.put("a.md", "one");
    told.wait_for("created a.md");
    place.put("a.md", "another");
    told.wait_for("modified a.md");
    fs::remove_file(place.at("a.md")).unwrap();
    told.assert(&["created a.md", "modified a.md", "deleted a.md"]);
}

#[test]
fn an_occurrence_has_its_definition_and_the_path_as_the_definition_spells_it() {
    let place = Place::new();
    let spelled = place.root.path().join("elsewhere/../watched");
    let (told, _watching) = watch(&source(&spelled), PACE);
    place.put("a.md", "one");
    told.wait_for("created a.md");
    let occurrence = told.occurrences().remove(0);
    assert_eq!(occurrence.definition_id, "briefings");
    assert_eq!(occurrence.event_type, "file_system");
    assert_eq!(occurrence.data["path"], spelled.join("a.md").to_str().unwrap());
    assert_eq!(occurrence.data["event_type"], "created");
    assert!(!occurrence.data.contains_key("src_path"));
}

#[test]
fn a_renamed_file_is_moved_from_one_path_to_the_other() {
    let place = Place::new();
    place.put("a.md", "one");
    let (told, _watching) = watch(&source(&place.folder()), PACE);
    fs::rename(place.at("a.md"), place.at("b.md")).unwrap();
    told.assert(&["moved a.md to b.md"]);
    let data = told.occurrences().remove(0).data;
    assert_eq!(data["src_path"], place.at("a.md").to_str().unwrap());
    assert_eq!(data["path"], place.at("b.md").to_str().unwrap());
}

#[test]
fn half_a_rename_is_a_creation_or_a_deletion() {
    let place = Place::new();
    place.put("out.md", "one");
    let (told, _watching) = watch(&source(&place.folder()), PACE);
    fs::rename(place.at("out.md"), place.elsewhere("out.md")).unwrap();
    told.wait_for("deleted out.md");
    fs::rename(place.elsewhere("out.md"), place.at("in.md")).unwrap();
    told.assert(&["deleted out.md", "created in.md"]);
}

#[test]
fn a_rename_into_the_pattern_is_a_creation_and_one_out_of_it_a_deletion() {
    let place = Place::new();
    place.put("a.part", "one");
    let (told, _watching) = watch(&with_patterns(&place.folder(), &["*.md"]), PACE);
    fs::rename(place.at("a.part"), place.at("a.md")).unwrap();
    told.wait_for("created a.md");
    fs::rename(place.at("a.md"), place.at("a.old")).unwrap();
    told.assert(&["created a.md", "deleted a.md"]);
}

#[test]
fn a_definition_that_asks_for_no_moves_is_told_the_halves_that_it_asks_for() {
    let place = Place::new();
    place.put("a.md", "one");
    let changes = vec![FileChange::Created, FileChange::Deleted];
    let (told, _watching) = watch(&FileSource { changes, ..source(&place.folder()) }, PACE);
    fs::rename(place.at("a.md"), place.at("b.md")).unwrap();
    told.assert(&["deleted a.md", "created b.md"]);
}

#[test]
fn changes_that_are_not_asked_for_are_not_told() {
    let place = Place::new();
    place.put("a.md", "one");
    place.put("b.md", "one");
    let (told, _watching) =
        watch(&FileSource { changes: vec![FileChange::Deleted], ..source(&place.folder()) }, PACE);
    place.put("a.md", "another");
    place.put("new.md", "one");
    fs::remove_file(place.at("b.md")).unwrap();
    told.assert(&["deleted b.md"]);
}

#[test]
fn only_names_that_match_one_of_the_patterns_are_told() {
    let place = Place::new();
    let (told, _watching) = watch(&with_patterns(&place.folder(), &["*.md", "plan-?.txt"]), PACE);
    for name in ["a.md", "a.md.bak", "plan-10.txt"] {
        place.put(name, "one");
    }
    told.wait_for("created a.md");
    place.put("plan-1.txt", "one");
    told.wait_for("created plan-1.txt");
    place.assert_with_sentinel(&told, &["created a.md", "created plan-1.txt"]);
}

#[test]
fn files_that_were_there_before_and_folders_are_not_told() {
    let place = Place::new();
    place.put("before.md", "one");
    let (told, _watching) = watch(&source(&place.folder()), PACE);
    fs::create_dir(place.at("below")).unwrap();
    fs::write(place.at("below/deep.md"), "one").unwrap();
    place.assert_with_sentinel(&told, &[]);
}

#[test]
fn of_one_file_its_neighbours_are_not_told() {
    let place = Place::new();
    let (told, _watching) = watch(&source(&place.at("a.md")), PATIENT);
    place.put("a.md.bak", "one");
    place.put("b.md", "one");
    place.put("a.md", "one");
    told.assert(&["created a.md"]);
    place.put("b.md", "another");
    place.put("a.md", "another");
    told.assert(&["created a.md", "modified a.md"]);
}
