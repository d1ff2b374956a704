//! What became of what was compared.

use std::fs;
use std::path::Path;

use mission_events::internals::application::evidence::record::{
    FileEvidence, Prefix, SideEvidence, SideKind, StoreEvidence,
};
use mission_events::internals::application::evidence::{
    Chain, CheckedInput, ComparisonEvidence, EvidenceLog, InputKind, InputState, check_inputs, line_hash,
};
use mission_events::internals::domain::repository::EventRepository;
use mission_events::internals::domain::value_objects::Position;
use mission_events::internals::infrastructure::evidence::inputs::StoredInputs;
use mission_events::internals::infrastructure::evidence::log::JsonlEvidenceLog;
use mission_events::internals::infrastructure::sources::open_log;
use mission_events::internals::infrastructure::sqlite::SqliteEventRepository;
use mission_events::internals::wire::local_time::DstPolicy;
use mission_events::internals::wire::mapping::Mapping;
use mission_events::internals::wire::record::RecordReader;

use super::{chain, comparison, side};
use crate::support::test_dir::TestDir;
use crate::support::{event, tamper, utc};

/// A file as a comparison reads it: through the reader of logs, which knows what stays when it grows.
pub(super) fn file_evidence(path: &Path) -> FileEvidence {
    let mapping = Mapping::default();
    let mut log = open_log(path, &mapping).unwrap();
    let zone = utc();
    let mut reader = RecordReader::with_mapping(&zone, DstPolicy::default(), &mapping);
    while log.next_piece(&mut reader).unwrap().is_some() {}
    let (digest, point) = (log.digest(), log.resume_point());
    FileEvidence {
        path: path.display().to_string(),
        bytes: digest.bytes,
        sha256: digest.sha256,
        prefix: log.compression().is_none().then_some(Prefix { bytes: point.offset, sha256: point.sha256 }),
        events: 2,
    }
}

pub(super) fn with_file(path: &Path) -> SideEvidence {
    SideEvidence { files: vec![file_evidence(path)], ..side(path) }
}

fn with_store(path: &Path) -> SideEvidence {
    let store = SqliteEventRepository::open_for_reading(path, utc()).unwrap();
    let path_text = path.display().to_string();
    let summary = store.summary().unwrap();
    let last_position = summary.head.map_or(0, Position::get);
    let store = StoreEvidence { path: path_text, events: summary.events, last_position };
    SideEvidence { kind: SideKind::Store, store: Some(store), ..side(path) }
}

fn record(dir: &TestDir, control: SideEvidence, candidate: SideEvidence) {
    let log = JsonlEvidenceLog::new(&dir.join("evidence.jsonl"));
    log.append(&ComparisonEvidence { control, candidate, ..comparison(1) }.into()).unwrap();
}

fn checked(dir: &TestDir) -> Vec<CheckedInput> {
    let Chain { records, faults, .. } = chain(&dir.join("evidence.jsonl"));
    assert!(faults.is_empty());
    check_inputs(&records, &StoredInputs)
}

/// The state of the only file, after the edit of what was compared.
fn state_after(name: &str, before: &str, edit: impl FnOnce(&Path)) -> InputState {
    let dir = TestDir::new();
    let path = dir.join(name);
    fs::write(&path, before).unwrap();
    record(&dir, with_file(&path), side(Path::new("elsewhere")));
    edit(&path);
    let mut checked = checked(&dir);
    assert_eq!(checked.len(), 1);
    checked.remove(0).state
}

const ARRAY: &str =
    "[{\"type\": \"A\", \"timestamp\": \"2025-10-25\"}, {\"type\": \"B\", \"timestamp\": \"2025-10-25\"}]";
const INDENTED: &str = "[\n  {\n    \"type\": \"A\",\n    \"timestamp\": \"2025-10-25\"\n  }\n]";
const DAY: &str = "{\"event_id\": \"1\", \"event_type\": \"A\", \"timestamp\": \"2025-10-25\"}\n";

#[test]
fn a_log_that_is_as_it_was_is_unchanged_and_one_that_is_away_is_gone() {
    for (name, text) in [("a.json", ARRAY), ("a.json", INDENTED), ("a.jsonl", DAY)] {
        assert_eq!(state_after(name, text, |_| ()), InputState::Unchanged);
        assert_eq!(state_after(name, text, |path| fs::write(path, text).unwrap()), InputState::Unchanged);
        assert_eq!(state_after(name, text, |path| fs::remove_file(path).unwrap()), InputState::Gone);
    }
}

#[test]
fn a_log_to_which_its_writer_added_events_has_grown() {
    let more = r#", {"type": "C", "timestamp": "2025-10-26"}]"#;
    let cases = [
        ("a.json", ARRAY, ARRAY.replace("}]", &format!("}}{more}"))),
        ("a.json", INDENTED, INDENTED.replace("  }\n]", "  },\n  {\n    \"type\": \"C\"\n  }\n]")),
        ("a.jsonl", DAY, DAY.repeat(2)),
        ("a.jsonl", DAY.trim_end(), DAY.repeat(2)),
    ];
    for (name, before, after) in cases {
        assert_eq!(
            state_after(name, before, |path| fs::write(path, &after).unwrap()),
            InputState::Grown,
            "{before}"
        );
    }
}

#[test]
fn a_log_whose_recorded_part_is_another_one_is_changed_whatever_its_size() {
    let cases = [
        ("a.json", ARRAY, ARRAY.replace('A', "X")),
        ("a.json", ARRAY, format!("[{ARRAY}, {{}}]")),
        ("a.json", ARRAY, "[]".to_owned()),
        ("a.jsonl", DAY, DAY.replace('A', "X").repeat(2)),
        ("a.jsonl", DAY, DAY.trim_end().to_owned()),
        ("a.jsonl", DAY, String::new()),
    ];
    for (name, before, after) in cases {
        let state = state_after(name, before, |path| fs::write(path, &after).unwrap());
        assert!(matches!(state, InputState::Changed { .. }), "{after}: {state:?}");
    }
    let state = state_after("a.json", ARRAY, |path| {
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
    });
    assert!(matches!(state, InputState::Unreadable { .. }), "{state:?}");
}

#[test]
fn a_log_with_events_of_which_nothing_is_known_to_stay_has_not_just_grown() {
    for (events, is_grown) in [(0, true), (2, false)] {
        let dir = TestDir::new();
        let path = dir.join("a.json");
        fs::write(&path, "[]").unwrap();
        let prefix = Some(Prefix { bytes: 0, sha256: line_hash(b"") });
        let file = FileEvidence { prefix, events, ..file_evidence(&path) };
        record(&dir, SideEvidence { files: vec![file], ..side(&path) }, side(&path));
        fs::write(&path, ARRAY).unwrap();
        assert_eq!(checked(&dir)[0].state == InputState::Grown, is_grown);
    }
}

#[test]
fn a_log_that_grew_from_comparison_to_comparison_is_read_once_and_told_by_its_states() {
    let dir = TestDir::new();
    let path = dir.join("a.jsonl");
    for days in 1..=3 {
        fs::write(&path, DAY.repeat(days)).unwrap();
        // On both sides: a log can be compared with itself.
        record(&dir, with_file(&path), with_file(&path));
    }
    let told = |checked: Vec<CheckedInput>| -> Vec<(InputState, Vec<u64>)> {
        checked.into_iter().map(|input| (input.state, input.records)).collect()
    };
    assert_eq!(told(checked(&dir)), [(InputState::Grown, vec![1, 2]), (InputState::Unchanged, vec![3])]);
    fs::write(&path, DAY.repeat(2)).unwrap();
    let states = told(checked(&dir));
    assert_eq!(states[..2], [(InputState::Grown, vec![1]), (InputState::Unchanged, vec![2])]);
    assert!(matches!(&states[2], (InputState::Changed { .. }, records) if *records == [3]));
}

#[test]
fn a_store_is_held_to_the_number_of_its_events_up_to_the_recorded_position() {
    let dir = TestDir::new();
    let path = dir.join("events.db");
    let store = SqliteEventRepository::open(&path, utc()).unwrap();
    let save = |id: &str| store.save_event(&event(id).build()).unwrap();
    save("e1");
    record(&dir, with_store(&path), side(Path::new("elsewhere")));
    save("e2");
    record(&dir, with_store(&path), side(Path::new("elsewhere")));
    let states = |dir: &TestDir| -> Vec<(InputKind, InputState, Vec<u64>)> {
        checked(dir).into_iter().map(|input| (input.kind, input.state, input.records)).collect()
    };
    assert_eq!(
        states(&dir),
        [(InputKind::Store, InputState::Grown, vec![1]), (InputKind::Store, InputState::Unchanged, vec![2])]
    );
    drop(store);
    tamper(&path, "DELETE FROM events WHERE position = 1");
    let after = states(&dir);
    let detail = |detail: &str| InputState::Changed { detail: detail.to_owned() };
    assert_eq!(after.len(), 2);
    assert_eq!(after[0].1, detail("it has 0 events up to position 1, and had 1"));
    assert_eq!(after[1].1, detail("it has 1 event up to position 2, and had 2"));
    fs::write(&path, "no database any more, and longer than a magic number").unwrap();
    assert!(matches!(states(&dir)[0].1, InputState::Unreadable { .. }));
    fs::remove_file(&path).unwrap();
    for log in ["events.db-wal", "events.db-shm"] {
        drop(fs::remove_file(dir.join(log)));
    }
    assert_eq!(states(&dir), [(InputKind::Store, InputState::Gone, vec![1, 2])]);
}

#[test]
fn the_hash_of_a_file_is_that_of_its_bytes() {
    let dir = TestDir::new();
    let path = dir.join("a.jsonl");
    fs::write(&path, DAY).unwrap();
    assert_eq!(file_evidence(&path).sha256, line_hash(DAY.as_bytes()));
}
