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
    for path in [
        "data/events",
        "data/events/2025",
        "data/events/a.json",
        "link/events",
        "data/../data/events",
        "link/events.json",
    ] {
        let error = refusal(&place, source(&place.at(path))).expect(path).to_string();
        assert!(error.contains("expected a path outside the program's own files, got"), "{error}");
        assert!(error.contains("watch another folder"), "{error}");
    }
    for path in ["data", "data/events-old", "data/other.json", "elsewhere"] {
        assert!(refusal(&place, source(&place.at(path))).is_none(), "{path}");
    }
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
    place.assert_with_sentinel(&told, &[]);
}

#[test]
fn a_pattern_that_no_name_can_match_is_refused() {
    let place = Place::new();
    for pattern in ["daily/*.md", "[a-"] {
        let error = refusal(&place, with_patterns(&place.folder(), &[pattern])).expect(pattern).to_string();
        assert!(error.contains("expected a pattern for file names such as *.md"), "{error}");
        assert!(error.contains(pattern), "{error}");
    }
}
