//! Which event a record is: the id that it carries, or one that follows from its content.

use uuid::Uuid;

use super::{Counts, DATABASE, Report, ids, import, import_into, quiet, rows};
use crate::support::cli::write;
use crate::support::test_dir::TestDir;

/// The namespace of derived ids. Frozen: with another one, every import would import all again.
const NAMESPACE: Uuid = Uuid::from_u128(0x5e0a3c1d_9b64_4f27_8d1e_a4c7f3b26091);

const RECORD: &str =
    r#"{"type": "TaskCreated", "task_id": "T123", "title": "My Task", "timestamp": "2025-10-25T10:00:00"}"#;
/// The canonical form of [`RECORD`], version 1, written out by hand.
const CANONICAL: &[u8] =
    b"{s7:task_ids4:T123s9:timestamps19:2025-10-25T10:00:00s5:titles7:My Tasks4:types11:TaskCreated}";
/// The ids of three records that are [`RECORD`], computed by Python's `uuid.uuid5`.
const IDS: [&str; 3] = [
    "0f5c8ec7-e0b3-5e76-9aab-df3c2794c619",
    "60a22afd-d835-52b4-943e-5a818c18c194",
    "dff08aaa-8707-511d-9826-50538dfcfdce",
];

#[test]
fn a_record_with_an_id_keeps_it() {
    let dir = TestDir::new();
    let event =
        |id: &str| format!(r#"{{"event_id": {id}, "event_type": "A", "timestamp": "2025-10-25T10:00:00Z"}}"#);
    write(&dir, "a.jsonl", [r#""e1""#, r#""Z\u00fcrich \"1\"""#, "17"].map(event).join("\n"));
    import(&dir, "a.jsonl");
    assert_eq!(ids(&dir, DATABASE), ["e1", "Zürich \"1\"", "17"]);
}

#[test]
fn a_record_without_id_gets_the_frozen_one_that_follows_from_its_canonical_form() {
    let dir = TestDir::new();
    write(&dir, "a.json", format!("[{RECORD}, {RECORD}, {RECORD}]"));
    import(&dir, "a.json");
    let content = Uuid::new_v5(&NAMESPACE, CANONICAL);
    let derived = ["1", "2", "3"].map(|nth| Uuid::new_v5(&content, nth.as_bytes()).to_string());
    assert_eq!(derived, IDS);
    assert_eq!(ids(&dir, DATABASE), IDS);
}

#[test]
fn a_new_record_without_id_gets_a_derived_one_too() {
    let dir = TestDir::new();
    write(&dir, "a.jsonl", r#"{"event_type": "A", "timestamp": "2025-10-25T10:00:00Z", "event_id": null}"#);
    import(&dir, "a.jsonl");
    let canonical = b"{s8:event_idns10:event_types1:As9:timestamps20:2025-10-25T10:00:00Z}";
    let expected = Uuid::new_v5(&Uuid::new_v5(&NAMESPACE, canonical), b"1").to_string();
    assert_eq!(ids(&dir, DATABASE), [expected]);
}

#[test]
fn the_derived_id_does_not_depend_on_the_zone() {
    let dir = TestDir::new();
    write(&dir, "a.json", format!("[{RECORD}]"));
    let mut times = Vec::new();
    for (zone, database) in
        [("UTC", "utc.db"), ("Europe/Berlin", "berlin.db"), ("America/St_Johns", "st_johns.db")]
    {
        let run = quiet(&dir)
            .env("MISSION_CONTROL_TIMEZONE", zone)
            .run(&format!("--format json import-legacy a.json --into {database}"));
        Report::of(run);
        assert_eq!(ids(&dir, database), [IDS[0]], "{zone}");
        times.push(rows(&dir, database)[0].occurred_at);
    }
    assert_eq!(times[0] - times[1], 2 * 3_600_000_000, "the zones were in effect");
    assert_eq!(times[2] - times[0], 9_000_000_000);
}

#[test]
fn the_derived_id_does_not_depend_on_spelling() {
    let dir = TestDir::new();
    for (name, record) in [
        (
            "tight",
            r#"{"type":"TaskCreated","task_id":"T123","title":"My Task","timestamp":"2025-10-25T10:00:00"}"#,
        ),
        (
            "ordered",
            r#"{"timestamp": "2025-10-25T10:00:00", "title": "My Task", "task_id": "T123", "type": "TaskCreated"}"#,
        ),
        (
            "escaped",
            r#"{"t\u0079pe": "TaskCreated", "task_id": "T\u003123", "title": "My\u0020Task", "timestamp": "2025-10-25T10:00:00"}"#,
        ),
        (
            "indented",
            "{\n  \"type\": \"TaskCreated\",\r\n\t\"task_id\": \"T123\",\n  \"title\": \"My Task\",\n  \"timestamp\": \"2025-10-25T10:00:00\"\n}",
        ),
    ] {
        write(&dir, "log.json", format!("[{record}]"));
        let database = format!("{name}.db");
        import_into(&dir, "log.json", &database);
        assert_eq!(ids(&dir, &database), [IDS[0]], "{name}");
        assert_eq!(rows(&dir, &database)[0].body, record, "{name}");
    }
}

#[test]
fn a_copy_in_another_layout_adds_nothing() {
    let dir = TestDir::new();
    let other = RECORD.replace("T123", "T124");
    write(&dir, "events.json", format!("[\n  {RECORD},\n  {other},\n  {RECORD}\n]\n"));
    write(&dir, "compact.json", format!("[{RECORD},{other},{RECORD}]"));
    write(&dir, "reordered.jsonl", format!("{other}\n{RECORD}\n{RECORD}\n"));
    let first = import(&dir, "events.json");
    assert_eq!(first.total, Counts { records: 3, imported: 3, ..Counts::default() });
    let stored = rows(&dir, DATABASE);
    let copies = import(&dir, "compact.json reordered.jsonl");
    assert_eq!(copies.total, Counts { records: 6, already_present: 6, ..Counts::default() });
    assert_eq!(rows(&dir, DATABASE), stored);
}

#[test]
fn a_grown_log_adds_only_what_is_new() {
    let dir = TestDir::new();
    let other = RECORD.replace("T123", "T124");
    write(&dir, "events.json", format!("[{RECORD}, {other}]"));
    import(&dir, "events.json");
    write(&dir, "events.json", format!("[{RECORD}, {other}, {RECORD}, {other}, {RECORD}]"));
    let grown = import(&dir, "events.json");
    assert_eq!(grown.total, Counts { records: 5, imported: 3, already_present: 2, ..Counts::default() });
    let stored = ids(&dir, DATABASE);
    assert_eq!([&stored[0], &stored[2], &stored[4]], IDS);
    assert_eq!(import(&dir, "events.json").total.imported, 0);
}

#[test]
fn an_event_id_in_a_legacy_record_is_not_its_identity() {
    let dir = TestDir::new();
    let record = |task: &str| {
        format!(
            r#"{{"type": "A", "event_id": "task_1760615000", "task_id": "{task}", "timestamp": "2025-10-25T10:00:00"}}"#
        )
    };
    write(&dir, "a.json", format!("[{}, {}]", record("T1"), record("T2")));
    let report = import(&dir, "a.json");
    assert_eq!(report.total, Counts { records: 2, imported: 2, ..Counts::default() });
    assert!(ids(&dir, DATABASE).iter().all(|id| id.parse::<Uuid>().unwrap().get_version_num() == 5));
}
