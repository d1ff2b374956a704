//! A store that is built whole, one that is added to in batches, and one that is no database: three ways to
//! write, one answer. The third takes every decision from the rules of identity.

use std::collections::HashMap;

use crate::support::imports::open_import;
use mission_events::internals::application::import::identity::repetition;
use mission_events::internals::application::import::import_totals::ImportTotals;
use mission_events::internals::application::import::pass::ImportPass;
use mission_events::internals::application::import::{
    Batch, Correction, Identity, ImportSink, ImportedLog, IncrementalSink, KnownPart, KnownSource, Outcome,
    ReadOptions, SharedCounts, SourceHeader,
};
use mission_events::internals::application::log_source::SourceDigest;
use mission_events::internals::domain::event::derived_event_id;
use mission_events::internals::domain::repository::RepositoryError;
use mission_events::internals::domain::value_objects::{EventId, Position};
use mission_events::internals::infrastructure::sources::{FileSystem, open_log};
use mission_events::internals::infrastructure::sqlite::SqliteEventRepository;
use mission_events::internals::infrastructure::sqlite::import::incremental_load::IncrementalLoad;
use mission_events::internals::infrastructure::system_clock::SystemClock;
use mission_events::internals::wire::local_time::DstPolicy;
use mission_events::internals::wire::mapping::Mapping;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rusqlite::Connection;
use uuid::Uuid;

use super::described;
use crate::support::cli::write;
use crate::support::test_dir::TestDir;
use crate::support::{cases, utc};

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
    // A file that holds records, and among them no object, is no log, and is refused.
    let is_log =
        |log: &Log| log.records.is_empty() || log.records.iter().any(|record| record.starts_with('{'));
    vec(log.prop_filter("an object among the records", is_log), 1..5)
}

/// Events in memory, with the number of their log.
#[derive(Default)]
struct MemorySink {
    events: Vec<(EventId, String, i64)>,
    by_id: HashMap<EventId, usize>,
    occurrences: HashMap<Uuid, u64>,
    source_id: i64,
    shared: SharedCounts,
}

impl MemorySink {
    fn id_of(&mut self, identity: &Identity) -> EventId {
        match identity {
            Identity::Carried(id) => id.clone(),
            Identity::Derived { content, .. } => {
                let number = self.occurrences.entry(*content).or_default();
                *number += 1;
                derived_event_id(*content, *number)
            }
        }
    }
}

impl ImportSink for MemorySink {
    fn last_import(&mut self, _: &str, _: &str) -> Result<Option<ImportedLog>, RepositoryError> {
        Ok(None)
    }

    fn begin_parts(&mut self, _: &[KnownPart]) -> Result<SharedCounts, RepositoryError> {
        unreachable!("the logs are no parts")
    }

    fn known(&mut self, _: &SourceHeader) -> Result<Option<KnownSource>, RepositoryError> {
        Ok(None)
    }

    fn begin_source(&mut self, _: &SourceHeader, _: Option<&KnownSource>) -> Result<i64, RepositoryError> {
        self.occurrences.clear();
        self.source_id += 1;
        Ok(self.source_id)
    }

    fn store(&mut self, batch: &Batch) -> Result<Vec<Outcome>, RepositoryError> {
        let mut outcomes = Vec::new();
        for record in &batch.records {
            let id = self.id_of(&record.identity);
            outcomes.push(match self.by_id.get(&id) {
                Some(&first) => {
                    let (_, body, source_id) = &self.events[first];
                    let position = Position::new(first as i64 + 1);
                    repetition(body, &record.body, *source_id == self.source_id).outcome(&id, position)
                }
                None => {
                    self.by_id.insert(id.clone(), self.events.len());
                    self.events.push((id, record.body.clone(), self.source_id));
                    Outcome::Imported
                }
            });
        }
        Ok(outcomes)
    }

    fn end_source(&mut self, _: Option<&SourceDigest>) -> Result<(), RepositoryError> {
        Ok(())
    }

    fn shared_records(&self) -> &SharedCounts {
        &self.shared
    }

    fn finish(&mut self, _: &mut dyn FnMut(Correction)) -> Result<u64, RepositoryError> {
        Ok(self.events.len() as u64)
    }

    fn publish(&mut self) -> Result<(), RepositoryError> {
        Ok(())
    }
}

/// The events of a database, in the form of those in memory.
fn events_of(database: &std::path::Path) -> Vec<(EventId, String, i64)> {
    let connection = Connection::open(database).unwrap();
    let mut statement =
        connection.prepare("SELECT event_id, body, source_id FROM events ORDER BY position").unwrap();
    let rows = statement.query_map([], |row| {
        let id: String = row.get(0)?;
        Ok((EventId::new(id).unwrap(), row.get(1)?, row.get(2)?))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn reading() -> ReadOptions {
    let (mapping, zone) = (Mapping::default(), utc());
    ReadOptions { zone, dst: DstPolicy::Resolve, mapping, since: None, until: None }
}

fn load(dir: &TestDir, names: &[String], target: &mut dyn ImportSink) -> ImportTotals {
    let mapping = Mapping::default();
    let (clock, mut progress) = (SystemClock::default(), ());
    let mut import = ImportPass::new(reading(), target, &clock, &mut progress);
    for name in names {
        import.import(&dir.join(name), &FileSystem, &|| open_log(&dir.join(name), &mapping)).unwrap();
    }
    let imported = import.finish().unwrap();
    target.publish().unwrap();
    imported
}

/// Imports the logs in all ways and demands one answer: the reports, every row of every table, and the events.
fn same_in_all_ways(logs: &[Log]) {
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
    let added = load(&dir, &names, &mut IncrementalLoad::open(&existing).unwrap());
    let mut memory = MemorySink::default();
    let by_the_rules = load(&dir, &names, &mut memory);
    for imported in [built, added] {
        assert_eq!(imported.sources, by_the_rules.sources);
        assert_eq!(imported.rejects, by_the_rules.rejects);
        assert_eq!(
            (imported.total, &imported.flags, imported.events),
            (by_the_rules.total, &by_the_rules.flags, by_the_rules.events)
        );
    }
    assert_eq!(events_of(&existing), memory.events);
    assert_eq!(described(&new), described(&existing));
}

proptest! {
    #![proptest_config(cases(32))]

    #[test]
    fn repeated_ids_come_to_the_same_in_a_new_store_and_in_one_that_exists(logs in logs(RECORDS)) {
        same_in_all_ways(&logs);
    }

    #[test]
    fn ids_that_carry_what_follows_from_other_contents_come_to_the_same_too(logs in logs(BORROWED)) {
        same_in_all_ways(&logs);
    }
}

#[test]
fn a_preview_follows_a_load_that_a_log_has_cut_short() {
    let dir = TestDir::new();
    write(&dir, "log.jsonl", format!("{}\n", RECORDS[0]));
    let existing = dir.join("existing.db");
    drop(SqliteEventRepository::open(&existing, utc()).unwrap());
    let mut cut_short = IncrementalLoad::open(&existing).unwrap();
    let (clock, mut progress) = (SystemClock::default(), ());
    let log = dir.join("log.jsonl");
    let open = || open_log(&log, &Mapping::default());
    // What was read so far is written, and nothing ends the load.
    ImportPass::new(reading(), &mut cut_short, &clock, &mut progress)
        .import(&log, &FileSystem, &open)
        .unwrap();
    let mut preview = cut_short.preview().unwrap();
    ImportPass::new(reading(), &mut preview, &clock, &mut progress).import(&log, &FileSystem, &open).unwrap();
    drop((preview, cut_short));
    assert_eq!(events_of(&existing).len(), 1);
}
