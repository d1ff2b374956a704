//! `legacy definitions` and `legacy queue`: what they answer, and how they exit.

use serde_json::{Value, json};

use super::{add, briefings, defined};
use crate::support::test_dir::TestDir;
use crate::support::{cli, write};

fn ids(dir: &TestDir) -> Vec<String> {
    let list = cli(dir).run("legacy definitions list --format json").json();
    let definitions = list["definitions"].as_array().unwrap();
    definitions.iter().map(|definition| definition["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_definition_is_added_shown_disabled_enabled_and_removed_by_commands() {
    let dir = defined(&[briefings()]);
    let shown = |line: &str| -> Value { serde_json::from_str(&cli(&dir).run(line).result()).unwrap() };
    let show = "legacy definitions show file_changed_briefings";
    assert_eq!(shown(show), briefings());
    assert_eq!(shown(&format!("{show} --format jsonl")), briefings());
    cli(&dir).run("legacy definitions disable file_changed_briefings").result();
    assert_eq!(shown(show)["enabled"], false);
    let said = cli(&dir).run("legacy definitions enable file_changed_briefings --format json").json();
    assert_eq!(said, json!({"id": "file_changed_briefings", "said": "file_changed_briefings is enabled"}));
    assert_eq!(shown(show), briefings());

    let morning = json!({"id": "morning", "type": "time_based", "source": {"time": "09:00"}, "handler": "handlers.health_check.run"});
    add(&dir, &morning);
    assert_eq!(ids(&dir), ["file_changed_briefings", "morning"]);
    let table = cli(&dir).run("legacy definitions list").result();
    assert!(table.starts_with("ID ") && table.contains("handlers.health_check.run"), "{table}");
    assert_eq!(cli(&dir).run("legacy definitions remove morning").result(), "morning is removed\n");
    assert_eq!(ids(&dir), ["file_changed_briefings"]);
    assert!(dir.names_like("data").len() == 1, "nothing is made outside data");
}

#[test]
fn a_definition_that_is_not_there_or_not_sound_is_an_answer_of_no_and_changes_nothing() {
    let dir = defined(&[briefings()]);
    let before = std::fs::read(dir.join("data/events/event_definitions.json")).unwrap();
    for command in ["show", "enable", "disable", "remove"] {
        cli(&dir)
            .run(&format!("legacy definitions {command} briefings"))
            .code_is(1, "there is no definition \"briefings\"; known definitions: file_changed_briefings");
    }
    for (text, said) in [
        ("{\"id\": \"b\"", "error: "),
        (
            r#"{"id": "b", "type": "cron", "source": {}, "handler": "handlers.health_check.run"}"#,
            "file_system",
        ),
        (r#"{"id": "b", "type": "time_based", "source": {"time": "25:00"}, "handler": "a.run"}"#, "25:00"),
    ] {
        cli(&dir).run_with(["legacy", "definitions", "add", text]).code_is(1, said);
    }
    cli(&dir)
        .run_with(["legacy", "definitions", "add", &briefings().to_string()])
        .code_is(1, "file_changed_briefings");
    assert_eq!(std::fs::read(dir.join("data/events/event_definitions.json")).unwrap(), before);
}

#[test]
fn a_definition_that_could_never_be_watched_is_refused_when_it_is_added_or_enabled() {
    let dir = TestDir::new();
    #[cfg(unix)]
    std::os::unix::fs::symlink("data/legacy", dir.join("link")).unwrap();
    let own = "expected a path outside the program's own files, got";
    for path in [
        "data/events",
        "data/legacy/",
        "./data/../data/legacy/x",
        "data/events.json",
        "data/events.db-wal",
        "data/handlers.db",
    ] {
        let mut definition = briefings();
        definition["source"]["path"] = json!(path);
        cli(&dir).run_with(["legacy", "definitions", "add", &definition.to_string()]).code_is(1, own);
    }
    if cfg!(unix) {
        let mut definition = briefings();
        definition["source"]["path"] = json!("link");
        cli(&dir).run_with(["legacy", "definitions", "add", &definition.to_string()]).code_is(1, own);
    }
    let mut never = briefings();
    never["source"]["patterns"] = json!(["*.{md,txt}"]);
    cli(&dir)
        .run_with(["legacy", "definitions", "add", &never.to_string()])
        .code_is(1, "list a pattern for each, as \"*.md\", \"*.txt\"");
    assert!(!dir.join("data/events/event_definitions.json").exists());
    never["enabled"] = json!(false);
    write(&dir, "data/events/event_definitions.json", json!([never]).to_string());
    cli(&dir).run("legacy definitions enable file_changed_briefings").code_is(1, "list a pattern for each");
    cli(&dir).run("legacy definitions list").result();
    cli(&dir).run("legacy definitions disable file_changed_briefings").result();
}

#[test]
fn a_definition_can_come_on_standard_input_and_its_unknown_handler_is_warned_of() {
    let dir = TestDir::new();
    let definition = r#"{"id": "a", "type": "time_based", "source": {"interval": "30m"}, "handler": "handlers.of_others.run"}"#;
    write(&dir, "definition.json", definition);
    let run = cli(&dir)
        .stdin(std::fs::File::open(dir.join("definition.json")).unwrap())
        .run("legacy definitions add -");
    assert_eq!((run.code, run.stdout.as_str()), (0, "a is added\n"));
    assert!(run.stderr.contains("handlers.of_others.run is no handler of this program"), "{}", run.stderr);
}

#[test]
fn definitions_that_cannot_be_read_are_a_failure_that_names_the_file() {
    let dir = TestDir::new();
    write(&dir, "data/events/event_definitions.json", "[{\"id\": ");
    for line in ["legacy definitions list", "legacy watch"] {
        let run = cli(&dir).run(&format!("-q {line}"));
        assert_eq!((run.code, run.stdout.as_str()), (4, ""), "{}", run.stderr);
        assert!(run.stderr.contains("event_definitions.json"), "{}", run.stderr);
    }
}

#[test]
fn an_empty_queue_is_shown_and_makes_nothing() {
    let dir = TestDir::new();
    let queue = cli(&dir).run("legacy queue --format json").json();
    assert_eq!(
        queue,
        json!({
            "path": "data/legacy/queue.jsonl",
            "counts": {"pending": 0, "processing": 0, "done": 0, "failed": 0, "rate_limited": 0},
            "entries": [],
            "damage": [],
        })
    );
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}
