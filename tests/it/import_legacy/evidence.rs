//! Records that agree in no field of content stay two events.

use serde_json::{Value, json};

use super::{DATABASE, quiet};
use crate::support::cli::write;
use crate::support::test_dir::TestDir;

/// Two events of each side that lie a second apart, besides some that both have.
struct Logs {
    legacy: Vec<String>,
    native: Vec<String>,
}

fn time(number: usize, second: u32) -> String {
    format!("2025-10-25T08:{number:02}:{second:02}")
}

impl Logs {
    fn shared() -> Self {
        let legacy = |number| {
            format!(
                r#"{{"type": "Begun", "task_id": "A{number}", "title": "t{number}", "timestamp": "{}"}}"#,
                time(number, 0)
            )
        };
        let native = |number| {
            format!(
                r#"{{"event_id": "a{number}", "event_type": "Begun", "aggregate_id": "A{number}", "title": "t{number}", "timestamp": "{}Z"}}"#,
                time(number, 0)
            )
        };
        Self { legacy: (0..8).map(legacy).collect(), native: (0..8).map(native).collect() }
    }

    /// Adds two records, a second apart, with these types and contents.
    fn add(&mut self, (event_type, content): (&str, &str), (other_type, other): (&str, &str)) {
        let number = self.legacy.len();
        let comma = |content: &str| if content.is_empty() { String::new() } else { format!(", {content}") };
        self.legacy.push(format!(
            r#"{{"type": "{event_type}", "task_id": "B{number}", "timestamp": "{}"{}}}"#,
            time(number, 0),
            comma(content)
        ));
        self.native.push(format!(
            r#"{{"event_id": "b{number}", "event_type": "{other_type}", "aggregate_id": "B{number}", "timestamp": "{}Z"{}}}"#,
            time(number, 1),
            comma(other)
        ));
    }

    fn write(&self) -> TestDir {
        let dir = TestDir::new();
        write(&dir, "old.json", format!("[{}]", self.legacy.join(", ")));
        write(&dir, "new.jsonl", self.native.join("\n") + "\n");
        dir
    }
}

fn import(dir: &TestDir, arguments: &str) -> (Value, String) {
    let run = quiet(dir).run(&format!("--format json import-legacy --into {DATABASE} {arguments}"));
    assert_eq!(run.code, 0, "{}", run.stderr);
    (serde_json::from_str(&run.stdout).unwrap(), run.stderr)
}

#[test]
fn events_of_two_kinds_without_content_and_updates_of_two_fields_are_kept_apart_and_warned_of() {
    let mut logs = Logs::shared();
    logs.add(("Reminded", ""), ("Viewed", ""));
    logs.add(("Reminded", r#""why": null"#), ("Viewed", r#""why": null, "metadata": {"by": "x"}"#));
    logs.add(("Updated", r#""changes": {"owner": "ann"}"#), ("Updated", r#""changes": {"due": "today"}"#));
    logs.add(("Updated", r#""owner": "ann", "note": """#), ("Updated", r#""due": "today", "note": """#));
    for steps in [&["old.json new.jsonl"][..], &["new.jsonl", "old.json"], &["old.json", "new.jsonl"]] {
        let dir = logs.write();
        let (mut report, mut said) = (Value::Null, String::new());
        for step in steps {
            (report, said) = import(&dir, step);
        }
        assert_eq!(
            (&report["matched_existing"], &report["kept_apart"], &report["store"]["events"]),
            (&json!(8), &json!(4), &json!(16)),
            "{steps:?} {report:#}"
        );
        assert!(said.contains("4 records resemble what the other system wrote"), "{said}");
        let reminded =
            quiet(&dir).run(&format!("--store {DATABASE} --format json events by-type Reminded")).json();
        assert_eq!(reminded["events"].as_array().map(Vec::len), Some(2), "{reminded:#}");
        let run = quiet(&dir).run(&format!("--format json compare-logs old.json {DATABASE}"));
        let compared: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(
            (run.code, &compared["missing"], &compared["extra"], &compared["changed"], &compared["retyped"]),
            (1, &json!(4), &json!(4), &json!(0), &json!(0)),
            "{compared:#}"
        );
        // Nothing is told again of what is there already.
        let (again, said) = import(&dir, "old.json new.jsonl");
        assert_eq!((&again["kept_apart"], said.as_str()), (&json!(0), ""));
    }
}

#[test]
fn a_deletion_without_content_is_one_event_and_so_is_an_update_that_agrees_in_a_field() {
    let mut logs = Logs::shared();
    logs.add(("Deleted", ""), ("Deleted", r#""metadata": {}"#));
    logs.add(
        ("Updated", r#""owner": "ann", "due": "today""#),
        ("Updated", r#""owner": "ann", "due": "soon""#),
    );
    let dir = logs.write();
    let (report, _) = import(&dir, "new.jsonl old.json");
    assert_eq!(
        (&report["twins"], &report["kept_apart"], &report["store"]["events"]),
        (&json!({"matched": 9, "changed": 1}), &json!(0), &json!(10))
    );
}
