//! Events that were saved live, and not imported.

use std::fs;

use mission_events::internals::domain::repository::EventRepository;
use mission_events::internals::infrastructure::jsonl::JsonlEventRepository;
use mission_events::internals::infrastructure::sqlite::SqliteEventRepository;
use mission_events::internals::infrastructure::zones::load_zone;
use mission_events::internals::wire::zone::Zone;
use serde_json::Value;

use super::{DATABASE, comes_back, export, import, quiet, tamper};
use crate::support::cli::write;
use crate::support::test_dir::TestDir;
use crate::support::{berlin, event, everything, live_in, utc};

fn save(dir: &TestDir, zone: &Zone, texts: &[String]) {
    let store = SqliteEventRepository::open(dir.join(DATABASE), zone.clone()).unwrap();
    for text in texts {
        store.save_event(&live_in(zone, text)).unwrap();
    }
}

fn read(dir: &TestDir, name: &str) -> String {
    fs::read_to_string(dir.join(name)).unwrap()
}

/// In the order in which they are saved: one comes late.
fn texts() -> Vec<String> {
    vec![
        event("e1").at("2025-10-25T21:00:00Z").with("cost", "1.10").text(),
        event("e2").at("2025-10-25T22:30:00Z").with("cost", "[NaN,  1e400]").text(),
        event("e3").at("2025-10-26T12:00:00Z").about("T3").text(),
        event("e4").at("2025-10-25T20:00:00Z").text(),
    ]
}

#[test]
fn live_events_lie_in_the_file_of_their_day_in_the_order_in_which_they_were_saved() {
    let dir = TestDir::new();
    let texts = texts();
    save(&dir, &utc(), &texts);
    let report = export(&dir, "");
    assert_eq!(report.files.iter().map(|file| file.records).collect::<Vec<_>>(), [3, 1]);
    let first = format!("{}\n{}\n{}\n", texts[0], texts[1], texts[3]);
    assert_eq!(read(&dir, "out/events-2025-10-25.jsonl"), first);
    assert_eq!(read(&dir, "out/events-2025-10-26.jsonl"), format!("{}\n", texts[2]));
}

#[test]
fn days_are_those_of_the_configured_zone() {
    let dir = TestDir::new();
    let texts = texts();
    save(&dir, &berlin(), &texts);
    let run = quiet(&dir)
        .env("MISSION_CONTROL_TIMEZONE", "Europe/Berlin")
        .run(&format!("--store {DATABASE} export --to out"));
    assert_eq!(run.code, 0);
    assert_eq!(read(&dir, "out/events-2025-10-25.jsonl"), format!("{}\n{}\n", texts[0], texts[3]));
    assert_eq!(read(&dir, "out/events-2025-10-26.jsonl"), format!("{}\n{}\n", texts[1], texts[2]));
}

#[test]
fn a_day_that_begins_again_when_the_clocks_go_back_over_midnight_has_its_events_in_one_file() {
    let dir = TestDir::new();
    let st_johns = load_zone("America/St_Johns").unwrap();
    // At 00:01 on November 7 it was 23:01 on November 6 again.
    let texts =
        ["2010-11-07T02:29:00Z", "2010-11-07T02:30:30Z", "2010-11-07T03:00:00Z", "2010-11-07T04:00:00Z"]
            .map(|time| event(time).at(time).text());
    save(&dir, &st_johns, &texts);
    let run = quiet(&dir)
        .env("MISSION_CONTROL_TIMEZONE", "America/St_Johns")
        .run(&format!("--store {DATABASE} export --to out"));
    assert_eq!(run.code, 0);
    assert_eq!(read(&dir, "out/events-2010-11-06.jsonl"), format!("{}\n{}\n", texts[0], texts[2]));
    assert_eq!(read(&dir, "out/events-2010-11-07.jsonl"), format!("{}\n{}\n", texts[1], texts[3]));
}

#[test]
fn the_daily_files_are_a_jsonl_store_with_the_same_events() {
    let dir = TestDir::new();
    save(&dir, &utc(), &texts());
    export(&dir, "");
    let store = JsonlEventRepository::open_existing(dir.join("out"), utc()).unwrap().unwrap();
    let mut bodies: Vec<String> =
        everything(&store).into_iter().map(|stored| stored.event.body().to_owned()).collect();
    let mut expected = texts();
    bodies.sort();
    expected.sort();
    assert_eq!(bodies, expected);
}

#[test]
fn a_log_and_live_events_of_the_same_name_both_survive() {
    let dir = TestDir::new();
    let imported = event("e0").at("2025-10-25T10:00:00Z").text() + "\n";
    write(&dir, "events-2025-10-25.jsonl", &imported);
    import(&dir, "events-2025-10-25.jsonl");
    let texts = texts();
    save(&dir, &utc(), &texts);
    comes_back(&dir);
    assert_eq!(read(&dir, "out/events-2025-10-25.jsonl"), imported);
    assert_eq!(read(&dir, "out/live/events-2025-10-25.jsonl").lines().count(), 3);
    assert_eq!(read(&dir, "out/live/events-2025-10-26.jsonl"), format!("{}\n", texts[2]));
    let source = export(&dir, "--force --source 1");
    assert_eq!(source.files.len(), 1, "one log alone is without live events");
}

#[test]
fn with_legacy_live_events_are_one_array_that_the_legacy_system_could_have_written() {
    let dir = TestDir::new();
    write(&dir, "data/events.json", r#"[{"type": "Z", "timestamp": "2025-10-01"}]"#);
    import(&dir, "data/events.json");
    let texts = [
        r#"{"event_id": "e1", "event_type": "TaskCreated", "timestamp": "2025-10-25T10:00:00+02:00", "aggregate_id": "T1", "task_id": "T1", "title": "é\u00e9", "cost": 1.10, "metadata": {"a": 1}}"#,
        r#"{"event_id": "e2", "event_type": "Tick", "timestamp": "2025-10-25T10:00:00.5Z"}"#,
    ];
    save(&dir, &utc(), &texts.map(str::to_owned));
    let report = export(&dir, "--legacy");
    assert_eq!(report.files[1].records, 2);
    let said = report.files[1].reason.as_deref().unwrap();
    assert_eq!(said, "2 events of the new shape are written in the legacy one");
    let array = concat!(
        r#"[{"type": "TaskCreated", "task_id": "T1", "timestamp": "2025-10-25T08:00:00", "title": "é\u00e9", "cost": 1.10}, "#,
        r#"{"type": "Tick", "timestamp": "2025-10-25T10:00:00.500000"}]"#,
    );
    assert_eq!(read(&dir, "out/live/events.json"), array);
    assert!(read(&dir, "out/events.json").contains("\"Z\""));

    // And it is a log that can be imported: the same times, types and tasks.
    let run = quiet(&dir).run("--format json import-legacy out/live/events.json --into again.db");
    let counts: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((counts["imported"].as_u64(), counts["rejected"].as_u64()), (Some(2), Some(0)));
    let columns = "SELECT group_concat(event_type || occurred_at || ifnull(aggregate_id, ''))
                   FROM events WHERE event_type != 'Z'";
    let answer = |database: &str| -> String {
        rusqlite::Connection::open(dir.join(database))
            .unwrap()
            .query_row(columns, [], |row| row.get(0))
            .unwrap()
    };
    assert_eq!(answer("again.db"), answer(DATABASE));
}

#[test]
fn without_live_events_there_is_no_legacy_array() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", event("e0").text());
    import(&dir, "a.jsonl");
    assert_eq!(export(&dir, "--legacy").files.len(), 1);
}

#[test]
fn a_live_event_that_would_break_the_lines_of_its_file_is_not_written_there() {
    let dir = TestDir::new();
    save(&dir, &utc(), &texts());
    tamper(&dir, "UPDATE events SET body = replace(body, ', ', ',\n') WHERE event_id = 'e1'");
    let report = export(&dir, "");
    assert_eq!(report.files.iter().map(|file| file.written).collect::<Vec<_>>(), [false, true]);
    let said = report.files[0].reason.as_deref().unwrap();
    assert_eq!(said, "the event at position 1 spans several lines, and JSONL has one for each");
}
