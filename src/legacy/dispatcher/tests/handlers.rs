//! Handlers by dotted names, the four examples, and the log of handlers.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::legacy::handlers::{
    ExamplePlaces, HandlerContext, HandlerLog, HandlerLogEntry, HandlerResult, HandlerTable, example_handlers,
};

fn context(data: Value) -> HandlerContext {
    HandlerContext {
        event_id: "briefings_1760615000".to_owned(),
        definition_id: "briefings".to_owned(),
        event_type: "file_system".to_owned(),
        timestamp: "2025-10-16T11:43:20Z".to_owned(),
        data: data.as_object().unwrap().clone(),
    }
}

fn success(output: &str) -> HandlerResult {
    HandlerResult::Success { output: output.to_owned() }
}

fn failure(error: &str) -> HandlerResult {
    HandlerResult::Failure { error: error.to_owned() }
}

/// A folder with `data/legacy` and `data/events.json` in it, and the four handlers over these.
fn examples() -> (TempDir, HandlerTable) {
    let dir = tempfile::tempdir().unwrap();
    let places =
        ExamplePlaces { folder: dir.path().join("legacy"), events_json: dir.path().join("events.json") };
    fs::create_dir(&places.folder).unwrap();
    let table = HandlerTable::default();
    for (name, handler) in example_handlers(places) {
        table.register(name, handler);
    }
    (dir, table)
}

#[test]
fn a_name_without_a_handler_is_a_failure_that_lists_the_known_ones() {
    let (_dir, table) = examples();
    assert_eq!(
        table.run("handlers.briefing_update.run", &context(json!({}))),
        failure(
            "there is no handler \"handlers.briefing_update.run\"; known handlers: handlers.briefing_updated.run, \
             handlers.health_check.run, handlers.notify_preference_change.run, handlers.update_dashboard.run"
        )
    );
    assert_eq!(
        HandlerTable::default().run("a.run", &context(json!({}))),
        failure("there is no handler \"a.run\"; known handlers: there are none")
    );
}

#[test]
fn a_handler_that_panics_has_failed_and_is_run_again() {
    let table = HandlerTable::default();
    table.register(
        "a.run",
        Arc::new(|context: &HandlerContext| match context.text("path") {
            Some(path) => success(path),
            None => panic!("no path at all"),
        }),
    );
    assert_eq!(table.run("a.run", &context(json!({}))), failure("panicked: no path at all"));
    assert_eq!(table.run("a.run", &context(json!({"path": "x"}))), success("x"));
}

#[test]
fn a_name_means_the_handler_that_was_registered_last() {
    let table = HandlerTable::default();
    for output in ["first", "second"] {
        table.register("a.run", Arc::new(move |_: &HandlerContext| success(output)));
    }
    assert_eq!(table.run("a.run", &context(json!({}))), success("second"));
    assert_eq!(table.names(), ["a.run"]);
}

#[test]
fn briefing_updated_reads_the_briefing_and_tells_of_one_that_is_gone() {
    let (dir, table) = examples();
    let path = dir.path().join("briefing.md").display().to_string();
    let run = |event_type: &str| {
        let data = json!({"path": path, "event_type": event_type});
        table.run("handlers.briefing_updated.run", &context(data))
    };
    let HandlerResult::Failure { error } = run("modified") else { panic!("there is no file") };
    assert!(error.starts_with(&format!("could not read the briefing {path}: ")), "{error}");
    fs::write(&path, "one\ntwo\nthree").unwrap();
    assert_eq!(run("created"), success(&format!("Briefing processed: {path}, 3 lines")));
    assert_eq!(run("deleted"), success(&format!("Briefing removed: {path}")));
    assert_eq!(
        table.run("handlers.briefing_updated.run", &context(json!({}))),
        failure("expected the text `path` in the data of the event, found none")
    );
}

#[cfg(unix)]
#[test]
fn a_briefing_whose_name_is_no_utf_8_is_read_and_a_pipe_is_not_waited_for() {
    use std::os::unix::ffi::OsStrExt;
    let (dir, table) = examples();
    let file = dir.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9.md"));
    let path = crate::legacy::path_text::text_of(&file);
    fs::write(&file, "one").unwrap();
    let data = json!({"path": path, "event_type": "created"});
    let run = || table.run("handlers.briefing_updated.run", &context(data.clone()));
    assert_eq!(run(), success(&format!("Briefing processed: {path}, 1 line")));
    fs::remove_file(&file).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&file).status().unwrap().success());
    let HandlerResult::Failure { error } = run() else { panic!("it is no file") };
    assert!(error.ends_with("expected a file there, found a named pipe: move it away"), "{error}");
    let log = HandlerLog::new(file);
    assert!(log.entries().is_err());
    let entry = HandlerLogEntry::new(
        ("a_1", "a"),
        "a.run",
        "2025-10-16T13:00:00Z".parse().unwrap(),
        Duration::ZERO,
        &success(""),
    );
    assert!(log.append(&entry).is_err());
}

#[test]
fn update_dashboard_keeps_the_last_event_of_each_definition() {
    let (dir, table) = examples();
    let mut event = context(json!({"scheduled_at": "09:00"}));
    let run = |event: &HandlerContext| table.run("handlers.update_dashboard.run", event);
    assert_eq!(run(&event), success("Dashboard updated: 1 definition"));
    event.definition_id = "morning".to_owned();
    assert_eq!(run(&event), success("Dashboard updated: 2 definitions"));
    event.event_id = "morning_2".to_owned();
    assert_eq!(run(&event), success("Dashboard updated: 2 definitions"));
    let dashboard = fs::read(dir.path().join("legacy/dashboard.json")).unwrap();
    let dashboard: Value = serde_json::from_slice(&dashboard).unwrap();
    assert_eq!(
        dashboard["morning"],
        json!({"event_id": "morning_2", "noticed_at": "2025-10-16T11:43:20Z", "data": {"scheduled_at": "09:00"}})
    );
    assert_eq!(dashboard["briefings"]["event_id"], "briefings_1760615000");
    assert_eq!(fs::read_dir(dir.path().join("legacy")).unwrap().count(), 1, "nothing else is left there");
}

#[test]
fn notify_preference_change_names_what_has_changed() {
    let (_dir, table) = examples();
    let data = json!({"path": "data/preferences.json", "event_type": "modified"});
    assert_eq!(
        table.run("handlers.notify_preference_change.run", &context(data)),
        success("Preferences modified: data/preferences.json")
    );
}

#[test]
fn health_check_looks_at_the_folder_the_space_and_the_log() {
    let (dir, table) = examples();
    let run = || match table.run("handlers.health_check.run", &context(json!({}))) {
        HandlerResult::Success { output } => output,
        HandlerResult::Failure { error } => error,
    };
    let log = dir.path().join("events.json");
    let said = run();
    assert!(said.starts_with("healthy: "), "{said}");
    assert!(said.ends_with(&format!("{} is not written yet", log.display())), "{said}");
    fs::write(&log, "[]").unwrap();
    assert!(run().ends_with(&format!("{} has 2 bytes", log.display())));
    fs::remove_file(&log).unwrap();
    fs::create_dir(&log).unwrap();
    assert_eq!(run(), format!("unhealthy: {} is no file", log.display()));
    fs::remove_dir(dir.path().join("legacy")).unwrap();
    assert_eq!(run(), format!("unhealthy: {} is no folder", dir.path().join("legacy").display()));
}

fn entry(result: &HandlerResult) -> HandlerLogEntry {
    let began = "2025-10-16T13:00:00Z".parse().unwrap();
    let ids = ("file_changed_briefings_1760615000", "file_changed_briefings");
    HandlerLogEntry::new(ids, "handlers.briefing_updated.run", began, Duration::from_millis(45), result)
}

#[test]
fn an_entry_of_the_log_of_handlers_has_the_fields_of_the_contract_in_their_order() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("legacy/handlers.jsonl");
    let log = HandlerLog::new(path.clone());
    assert_eq!(log.entries().unwrap(), []);
    let entries = [entry(&success("Briefing processed")), entry(&failure("no disk"))];
    for entry in &entries {
        log.append(entry).unwrap();
    }
    assert_eq!(
        fs::read_to_string(path).unwrap(),
        "{\"event_id\":\"file_changed_briefings_1760615000\",\"definition_id\":\"file_changed_briefings\",\
         \"timestamp\":\"2025-10-16T13:00:00Z\",\"handler\":\"handlers.briefing_updated.run\",\"status\":\"success\",\
         \"duration_ms\":45,\"output\":\"Briefing processed\",\"error\":null}\n\
         {\"event_id\":\"file_changed_briefings_1760615000\",\"definition_id\":\"file_changed_briefings\",\
         \"timestamp\":\"2025-10-16T13:00:00Z\",\"handler\":\"handlers.briefing_updated.run\",\"status\":\"failure\",\
         \"duration_ms\":45,\"output\":null,\"error\":\"no disk\"}\n"
    );
    assert_eq!(log.entries().unwrap(), entries);
}

#[test]
fn a_torn_line_stays_in_the_log_of_handlers_and_is_no_entry() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("handlers.jsonl");
    let log = HandlerLog::new(path.clone());
    let (first, second) = (entry(&success("one")), entry(&success("two")));
    log.append(&first).unwrap();
    let whole = fs::read(&path).unwrap();
    for cut in [1, 20, whole.len() / 2, whole.len() - 2, whole.len() - 1] {
        fs::write(&path, &whole[..cut]).unwrap();
        log.append(&second).unwrap();
        assert!(fs::read(&path).unwrap().starts_with(&whole[..cut]), "nothing is taken away");
        let entries = log.entries().unwrap();
        // Without its line end alone it is whole.
        let expected =
            if cut == whole.len() - 1 { vec![first.clone(), second.clone()] } else { vec![second.clone()] };
        assert_eq!(entries, expected, "cut at {cut}");
    }
}

#[test]
fn two_writers_of_the_log_of_handlers_lose_no_entry() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("handlers.jsonl");
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let log = HandlerLog::new(path.clone());
                for _ in 0..5 {
                    log.append(&entry(&success("x"))).unwrap();
                }
            });
        }
    });
    assert_eq!(HandlerLog::new(path).entries().unwrap().len(), 10);
}
