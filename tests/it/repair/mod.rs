//! `repair`: what it says, what it adds, and what becomes of that.

mod interrupted;

use rusqlite::Connection;
use serde_json::Value;

use crate::support::cli::{Cli, Run, cli, write};
use crate::support::test_dir::TestDir;

/// The legacy record of a task's creation, on the day and at the minute of its number.
fn legacy(number: u32) -> String {
    let (day, minute) = (20 + number / 10, number % 10);
    format!(
        r#"{{"type": "TaskCreated", "task_id": "T{number}", "title": "title {number}", "timestamp": "2025-10-{day}T10:0{minute}:00"}}"#
    )
}

/// What the new system wrote of it, some milliseconds later.
fn native(number: u32) -> String {
    let (day, minute) = (20 + number / 10, number % 10);
    format!(
        r#"{{"event_id": "e{number}", "event_type": "TaskCreated", "timestamp": "2025-10-{day}T10:0{minute}:00.007Z", "aggregate_id": "T{number}", "task_id": "T{number}", "title": "title {number}"}}"#
    )
}

/// The program with a SQLite store, in a folder of its own.
fn program(dir: &TestDir) -> Cli {
    let environment = [
        ("MISSION_CONTROL_TIMEZONE", "UTC"),
        ("MISSION_CONTROL_STORAGE_BACKEND", "sqlite"),
        ("MISSION_CONTROL_LEGACY_EVENTS", "events.json"),
        ("MISSION_CONTROL_SQLITE_PATH", "events.db"),
        ("MISSION_CONTROL_HANDLERS", "handlers.db"),
        ("MISSION_CONTROL_EVIDENCE", "evidence.jsonl"),
    ];
    environment.iter().fold(cli(dir), |cli, (name, value)| cli.env(name, value))
}

fn run(dir: &TestDir, line: &str) -> Run {
    program(dir).run(line)
}

/// A parallel run of 14 events in two days, of which the new system has not written those of these numbers.
fn lacking(numbers: &[u32]) -> TestDir {
    let dir = TestDir::new();
    let control: Vec<String> = (0..14).map(legacy).collect();
    write(&dir, "events.json", format!("[{}]", control.join(", ")));
    let candidate = (0..14).filter(|number| !numbers.contains(number)).map(|number| native(number) + "\n");
    write(&dir, "new.jsonl", candidate.collect::<String>());
    run(&dir, "-q import-legacy new.jsonl").result();
    dir
}

fn lines(run: &Run) -> Vec<Value> {
    run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn compared(dir: &TestDir) -> Value {
    serde_json::from_str(&run(dir, "-q compare-logs --format json").stdout).unwrap()
}

/// How many events of each origin the store has, and how many count as repaired.
fn stored(dir: &TestDir) -> [i64; 4] {
    let connection = Connection::open(dir.join("events.db")).unwrap();
    let count = |what: &str| {
        connection.query_row(&format!("SELECT count(*) FROM {what}"), [], |row| row.get(0)).unwrap()
    };
    ["native", "history", "repaired"]
        .map(|origin| count(&format!("events WHERE origin = '{origin}'")))
        .into_iter()
        .chain([count("repairs")])
        .collect::<Vec<i64>>()
        .try_into()
        .unwrap()
}

#[test]
fn a_missing_event_is_told_added_once_counted_apart_and_handled() {
    let dir = lacking(&[3, 12]);
    let said = run(&dir, "-q repair");
    assert_eq!((said.code, stored(&dir)), (1, [12, 0, 0, 0]), "{said:?}");
    let told = lines(&said);
    assert_eq!(told.len(), 2);
    for (line, (task, place)) in told.iter().zip([("T3", 4), ("T12", 13)]) {
        assert_eq!(
            (&line["kind"], &line["action"], &line["applied"]),
            (&"difference".into(), &"add".into(), &false.into())
        );
        assert_eq!((&line["class"], &line["aggregate_id"]), (&"missing".into(), &task.into()));
        assert_eq!(line["control"]["path"], "events.json");
        let text = std::fs::read_to_string(dir.join("events.json")).unwrap();
        let offset = line["control"]["offset"].as_u64().unwrap() as usize;
        assert!(text[offset..].starts_with(&legacy(place - 1)), "{line}");
    }
    let before = compared(&dir);
    assert_eq!((&before["verdict"], &before["missing"]), (&"different".into(), &2.into()));

    let applied = run(&dir, "-q repair --apply");
    assert_eq!((applied.code, stored(&dir)), (0, [12, 0, 2, 2]), "{applied:?}");
    assert!(lines(&applied).iter().all(|line| line["applied"] == true));
    let after = compared(&dir);
    let counts = ["missing", "matched", "repaired"].map(|class| after[class].as_u64().unwrap());
    assert_eq!((&after["verdict"], counts), (&"consistent".into(), [0, 12, 2]), "{after:#}");
    let said = run(&dir, "-q compare-logs").result();
    assert!(
        said.starts_with(
            "CONSISTENT: 12 events are the same on both sides, 2 events were added by a repair\n"
        ),
        "{said}"
    );
    assert!(said.contains("these days do not count as clean: 2025-10-20, 2025-10-21"), "{said}");
    let evidence = run(&dir, "evidence list --limit 1 --format json").json();
    let days = evidence["records"][0]["days"].as_array().unwrap();
    assert!(days.iter().all(|day| day["classes"]["repaired"] == 1 && day["differences"] == 0), "{days:?}");

    let again = run(&dir, "repair --apply");
    assert_eq!((again.code, again.stdout.as_str()), (0, ""));
    assert!(again.stderr.contains("nothing to repair"), "{}", again.stderr);
    assert_eq!(stored(&dir), [12, 0, 2, 2]);

    run(&dir, "-q handlers run").result();
    let task = run(&dir, "-q tasks show T12 --format json").json();
    assert_eq!(task["state"]["title"], "title 12");
    run(&dir, "-q doctor");
}

#[test]
fn what_a_later_import_brings_of_a_repaired_event_is_there_already_and_the_history_holds() {
    let dir = lacking(&[3]);
    assert_eq!(run(&dir, "-q repair --apply").code, 0);
    let imported = run(&dir, "-q import-legacy events.json --format json").json();
    assert_eq!((&imported["already_present"], &imported["matched_existing"]), (&1.into(), &13.into()));
    let found = compared(&dir);
    assert_eq!((&found["verdict"], &found["repaired"]), (&"consistent".into(), &1.into()), "{found:#}");
    assert_eq!((&found["history"]["holds"], &found["history"]["matched"]), (&true.into(), &14.into()));
    run(&dir, "-q export --to out").result();
    assert_eq!(
        std::fs::read(dir.join("out/events.json")).unwrap(),
        std::fs::read(dir.join("events.json")).unwrap()
    );
}

#[test]
fn where_an_import_has_brought_the_event_that_one_is_accepted_and_nothing_is_stored_twice() {
    let dir = lacking(&[3]);
    run(&dir, "-q import-legacy events.json").result();
    assert_eq!(stored(&dir), [13, 1, 0, 0]);
    assert_eq!(compared(&dir)["missing"], 1);
    let applied = run(&dir, "-q repair --apply");
    assert_eq!((applied.code, &lines(&applied)[0]["action"]), (0, &"accept_imported".into()), "{applied:?}");
    assert_eq!(stored(&dir), [13, 1, 0, 1]);
    let found = compared(&dir);
    assert_eq!((&found["verdict"], &found["repaired"]), (&"consistent".into(), &1.into()), "{found:#}");
    assert_eq!((&found["history"]["holds"], &found["history"]["matched"]), (&true.into(), &14.into()));
}

#[test]
fn what_a_program_cannot_decide_is_left_with_a_reason_and_a_way_out() {
    let dir = lacking(&[3]);
    let more = native(30).replace("2025-10-23", "2025-10-21");
    write(&dir, "more.jsonl", more + "\n");
    run(&dir, "-q import-legacy more.jsonl").result();
    let applied = run(&dir, "-q repair --apply");
    let told = lines(&applied);
    assert_eq!((applied.code, told.len()), (1, 2), "{applied:?}");
    assert_eq!((&told[0]["applied"], &told[1]["class"]), (&true.into(), &"extra".into()));
    assert!(told[1]["remedy"].as_str().unwrap().contains("legacy append"), "{}", told[1]);
}

#[test]
fn a_store_of_daily_jsonl_is_told_and_never_added_to() {
    let dir = TestDir::new();
    let control: Vec<String> = (0..4).map(legacy).collect();
    write(&dir, "events.json", format!("[{}]", control.join(", ")));
    let day: String = [0, 1, 3].map(|number| native(number) + "\n").concat();
    write(&dir, "days/events-2025-10-20.jsonl", &day);
    let said = run(&dir, "-q --store days repair");
    assert_eq!((said.code, &lines(&said)[0]["action"]), (1, &"none".into()), "{said:?}");
    run(&dir, "-q --store days repair --apply").code_is(2, "is no SQLite store");
    assert_eq!(std::fs::read_to_string(dir.join("days/events-2025-10-20.jsonl")).unwrap(), day);
}
