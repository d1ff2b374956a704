//! A store that is built whole and one that is added to in batches: two ways to write, one answer.

use mission_events::internals::application::import::{ImportLegacy, ImportTarget, Imported, Reading};
use mission_events::internals::infrastructure::sources::open_log;
use mission_events::internals::infrastructure::sqlite::{BatchLoad, SqliteEventRepository, open_import};
use mission_events::internals::wire::local_time::DstPolicy;
use mission_events::internals::wire::mapping::Mapping;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::described;
use crate::support::cli::write;
use crate::support::test_dir::TestDir;
use crate::support::utc;

/// Few ids with few contents, each content spelled in two ways, so that repeats are the rule.
const RECORDS: &[&str] = &[
    r#"{"event_id": "e1", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z", "n": 1}"#,
    r#"{"n": 1.0, "event_id": "e1", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z"}"#,
    r#"{"event_id": "e1", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z", "n": 2}"#,
    r#"{"event_id": "e2", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z", "n": NaN}"#,
    r#"{"event_id": "e2", "event_type": "A", "timestamp": "2025-10-25T10:00:00+00:00", "n": NaN}"#,
    r#"{"event_id": "e2", "event_type": "A", "timestamp": "2025-10-25T10:00:00Z",  "n":NaN}"#,
    r#"{"event_type": "A", "timestamp": "2025-10-25T10:00:00Z", "n": -0.0}"#,
    r#"{"event_type": "A", "timestamp": "2025-10-25T10:00:00Z", "n": 0}"#,
    r#"{"type": "A", "task_id": "T1", "timestamp": "2025-10-25T10:00:00"}"#,
    r#"{"task_id": "T\u0031", "type": "A", "timestamp": "2025-10-25T10:00:00"}"#,
    r#"{"type": "A", "task_id": "T1", "task_id": "T1", "timestamp": "2025-10-25T10:00:00"}"#,
    r#"{"type": "A", "k": 1, "k": 2, "timestamp": "2025-10-25T10:00:00"}"#,
    r#"{"type": "A", "k": 2, "timestamp": "2025-10-25T10:00:00"}"#,
    r#"{"type": "A", "timestamp": "never"}"#,
    "17",
];
/// Records without id, and others that carry the ids that follow from the content of the first: what a
/// repaired log of the new system holds.
const BORROWED: &[&str] = &[
    r#"{"type": "TaskCreated", "task_id": "T123", "title": "My Task", "timestamp": "2025-10-25T10:00:00"}"#,
    r#"{"event_id": "0f5c8ec7-e0b3-5e76-9aab-df3c2794c619", "event_type": "A", "timestamp": "2025-10-25T10:00:00"}"#,
    r#"{"event_id": "60a22afd-d835-52b4-943e-5a818c18c194", "event_type": "A", "timestamp": "2025-10-25T10:00:00"}"#,
    r#"{"event_id": "dff08aaa-8707-511d-9826-50538dfcfdce", "event_type": "A", "timestamp": "2025-10-25T10:00:00"}"#,
];
const EMPTY: &str = "empty.json";

#[derive(Debug, Clone)]
struct Log {
    is_array: bool,
    records: Vec<&'static str>,
}

impl Log {
    fn text(&self) -> String {
        if self.is_array {
            format!("[{}]", self.records.join(", "))
        } else {
            self.records.iter().map(|record| format!("{record}\n")).collect()
        }
    }
}

fn logs(pool: &'static [&'static str]) -> impl Strategy<Value = Vec<Log>> {
    let log =
        (any::<bool>(), vec(select(pool), 0..9)).prop_map(|(is_array, records)| Log { is_array, records });
    vec(log, 1..5)
}

fn load(dir: &TestDir, names: &[String], target: &mut dyn ImportTarget) -> Imported {
    let (mapping, zone) = (Mapping::default(), utc());
    let reading =
        Reading { zone, dst: DstPolicy::Resolve, mapping: mapping.clone(), since: None, until: None };
    let mut import = ImportLegacy::new(reading, target, &|_, _| ());
    for name in names {
        import.import(&|| open_log(&dir.join(name), &mapping)).unwrap();
    }
    let imported = import.finish().unwrap();
    target.publish().unwrap();
    imported
}

/// Imports the logs in both ways and demands one answer: the reports, and every row of every table.
fn same_in_both_ways(logs: &[Log]) {
    let dir = TestDir::new();
    let mut names = vec![EMPTY.to_owned()];
    write(&dir, EMPTY, "[]");
    for (number, log) in logs.iter().enumerate() {
        names.push(format!("{number}.log"));
        write(&dir, &names[number + 1], log.text());
    }
    let (new, existing) = (dir.join("new.db"), dir.join("existing.db"));
    let built = load(&dir, &names, open_import(&new, 0).unwrap().as_mut());
    drop(SqliteEventRepository::open(&existing, utc()).unwrap());
    let added = load(&dir, &names, &mut BatchLoad::open(&existing).unwrap());
    assert_eq!(built.sources, added.sources);
    assert_eq!(built.rejects, added.rejects);
    assert_eq!(
        (built.total, built.conflicts, built.flags, built.events),
        (added.total, added.conflicts, added.flags, added.events)
    );
    assert_eq!(described(&new), described(&existing));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn repeated_ids_come_to_the_same_in_a_new_store_and_in_one_that_exists(logs in logs(RECORDS)) {
        same_in_both_ways(&logs);
    }

    #[test]
    fn ids_that_carry_what_follows_from_other_contents_come_to_the_same_too(logs in logs(BORROWED)) {
        same_in_both_ways(&logs);
    }
}
