//! The program's own files are not watched.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::Arc;

use super::support::{ManualClock, PACE, Place, Told, file_watcher, source, with_patterns};
use crate::legacy::definition::{Definition, FileSource, RateLimit, Source, UnknownKeys};
use crate::legacy::watchers::{WatchError, Watcher, WatcherPorts, watcher_for};
use crate::wire::zone::Zone;

fn refusal(place: &Place, source: FileSource) -> Option<WatchError> {
    let definition = Definition {
        id: "briefings".to_owned(),
        name: "Briefings".to_owned(),
        source: Source::Files(source),
        handler: "handlers.briefing_updated.run".to_owned(),
        is_enabled: true,
        rate_limit: RateLimit::default(),
        metadata: serde_json::Map::new(),
        unknown: UnknownKeys::default(),
    };
    let ports = WatcherPorts {
        clock: Arc::new(ManualClock::at("2025-10-25T10:00:00Z")),
        zone: Zone::utc(),
        own_paths: vec![place.at("data/events"), place.at("data/events.json")],
        polls: false,
    };
    watcher_for(&definition, &ports).err()
}

#[test]
fn a_path_of_the_programs_own_is_refused_however_it_is_spelled() {
    let place = Place::new();
    fs::create_dir_all(place.at("data/events")).unwrap();
    symlink(place.at("data"), place.at("link")).unwrap();
    symlink("../watched/data/events", place.elsewhere("far")).unwrap();
    symlink(place.elsewhere("far"), place.at("farther")).unwrap();
    // What they lead to does not exist yet.
    symlink("data/events.json", place.at("later.json")).unwrap();
    symlink("../../later.json", place.at("data/events/still_later.json")).unwrap();
    symlink("data/events/2025/10", place.at("later")).unwrap();
    for path in [
        "data/events",
        "data/events/",
        "data/./events",
        "data//events",
        "data/events/2025",
        "data/events/a.json",
        "link/events",
        "data/../data/events",
        "nowhere/../data/events",
        "nowhere/../../watched/data/events",
        "link/events.json",
        "farther",
        "farther/2025",
        "later.json",
        "later",
        "data/events.json.lock",
    ] {
        let error = refusal(&place, source(&place.at(path))).expect(path).to_string();
        assert!(error.contains("expected a path outside the program's own files, got"), "{error}");
        assert!(error.contains("watch another folder"), "{error}");
    }
    symlink("circle", place.at("circle")).unwrap();
    for path in ["data", "data/events-old", "data/other.json", "elsewhere", "data/events/../other", "circle"]
    {
        assert!(refusal(&place, source(&place.at(path))).is_none(), "{path}");
    }
}

#[test]
fn another_name_of_an_own_file_is_refused_and_a_file_of_others_with_two_names_is_not() {
    let place = Place::new();
    fs::create_dir_all(place.at("data/events")).unwrap();
    for file in ["data/events.json", "data/events/events-2025-10-25.jsonl", "theirs.json"] {
        fs::write(place.at(file), "").unwrap();
    }
    for (file, name) in [
        ("data/events.json", "log.json"),
        ("data/events/events-2025-10-25.jsonl", "day.jsonl"),
        ("theirs.json", "same.json"),
    ] {
        fs::hard_link(place.at(file), place.at(name)).unwrap();
    }
    for name in ["log.json", "day.jsonl"] {
        let error = refusal(&place, source(&place.at(name))).expect(name).to_string();
        assert!(error.contains("which lies in"), "{error}");
    }
    assert!(refusal(&place, source(&place.at("same.json"))).is_none());
}

#[test]
fn own_files_in_a_watched_folder_are_not_told_and_neither_are_those_beside_them() {
    let place = Place::new();
    let told = Arc::new(Told::default());
    let own = [place.at("events.json"), place.at("events.db")];
    let _watching = Box::new(file_watcher(&source(&place.folder()), &own, PACE)).start(told.clone()).unwrap();
    for name in ["events.json", "events.json.lock", "events.db-wal"] {
        place.put(name, "one");
    }
    symlink("events.json", place.at("by_link.json")).unwrap();
    fs::hard_link(place.at("events.json"), place.at("by_name.json")).unwrap();
    place.assert_with_sentinel(&told, &[]);
}

#[test]
fn a_pattern_that_no_name_can_match_is_refused() {
    let place = Place::new();
    for pattern in ["daily/*.md", "[a-", "*.{md,txt}", ""] {
        let error = refusal(&place, with_patterns(&place.folder(), &[pattern])).expect(pattern).to_string();
        assert!(error.contains("expected a pattern for file names such as *.md"), "{error}");
        assert!(error.contains(pattern), "{error}");
    }
}
