//! What is written here is read by the commands that read logs.

use super::{event, open};
use crate::support::cli::{cli, write};
use crate::support::test_dir::TestDir;

const ODD: &str = r#"{"type": "completed", "task_id": "T1", "timestamp": "2025-10-25T10:00:00.5", "n": [1e16, NaN, -0], "s": "é😀\ud800"}"#;

/// A folder with two arrays of the same events, in two layouts.
fn written() -> TestDir {
    let dir = TestDir::new();
    write(
        &dir,
        "data/indented.json",
        "[\n  {\n    \"type\": \"created\",\n    \"task_id\": \"T0\",\n    \"timestamp\": \"2025-10-24T09:00:00\"\n  }\n]",
    );
    write(
        &dir,
        "control.json",
        r#"[{"type": "created", "task_id": "T0", "timestamp": "2025-10-24T09:00:00"}]"#,
    );
    for name in ["data/indented.json", "control.json"] {
        let events = open(&dir.join(name)).unwrap();
        for number in 1..30 {
            events.append(&event(number)).unwrap();
        }
        events.append(ODD).unwrap();
    }
    dir
}

#[test]
fn an_import_reads_each_event_without_a_reject_and_finds_no_event_beside_the_array() {
    let dir = written();
    for source in ["control.json", "data/indented.json", "data"] {
        let run = cli(&dir)
            .env("MISSION_CONTROL_TIMEZONE", "Europe/Berlin")
            .run(&format!("--format json import-legacy {source} --into {}.db", source.replace('/', "-")));
        assert_eq!(run.code, 0, "{} {}", run.stdout, run.stderr);
        let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!((&report["imported"], &report["rejected"]), (&31.into(), &0.into()), "{report}");
    }
}

#[test]
fn a_comparison_finds_both_layouts_consistent() {
    let dir = written();
    let run = cli(&dir)
        .env("MISSION_CONTROL_TIMEZONE", "Europe/Berlin")
        .run("--format json compare-logs control.json data/indented.json");
    assert_eq!(run.code, 0, "{} {}", run.stdout, run.stderr);
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((&report["verdict"], &report["matched"]), (&"consistent".into(), &31.into()), "{report}");
}

#[test]
fn what_was_torn_off_beside_the_array_is_no_event_that_is_missing() {
    for (cut, set_aside) in [(9, 1), (2, 0)] {
        let dir = written();
        let path = dir.join("data/indented.json");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, &text[..text.len() - cut]).unwrap();
        super::leave_alone(&path);
        open(&path).unwrap();
        assert_eq!(std::fs::read_dir(dir.join("data")).unwrap().count(), 3 + set_aside);
        let run = cli(&dir).env("MISSION_CONTROL_TIMEZONE", "UTC");
        let run = run.run("--format json import-legacy data --into events.db");
        assert_eq!(run.code, 0, "{} {}", run.stdout, run.stderr);
    }
}
