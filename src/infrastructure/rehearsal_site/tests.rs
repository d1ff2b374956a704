//! A rehearsal on copies: what may differ, and which logs are read.

use std::io::Write;

use super::*;
use crate::application::compare::profile::IgnoreRule;
use crate::application::compare::report::Verdict;
use crate::domain::event::DomainEvent;
use crate::domain::repository::EventRepository;
use crate::wire::mapping::Mapping;
use crate::wire::zone::Zone;

/// The event with this title, `second` seconds after ten.
fn event(title: &str, second: u32) -> String {
    format!(
        r#"{{"event_id": "e1", "event_type": "A", "timestamp": "2025-10-25T10:00:0{second}Z", "aggregate_id": "T1", "title": "{title}"}}"#
    )
}

#[test]
fn what_may_differ_between_the_systems_may_not_between_a_store_and_its_export() {
    let mut comparison = Settings::new(Zone::utc(), Utc::now());
    comparison.profile.ignore.push(IgnoreRule { field: "title".to_owned(), reason: "noise".to_owned() });
    comparison.profile.event_types.insert("B".to_owned());
    comparison.tolerance = TimeDelta::minutes(1);
    comparison.since = Some(Utc::now());
    let plan = RehearsalPlan {
        legacy_log: PathBuf::new(),
        new_log: None,
        store: None,
        mapping: Mapping::default(),
        allow_expansion: false,
        comparison,
    };
    let site = TemporarySite::new(plan, Arc::new(SystemClock::default())).unwrap();
    let store = SqliteEventRepository::open(site.database(), Zone::utc()).unwrap();
    store.save_event(&DomainEvent::from_json(&event("a", 0), &Zone::utc()).unwrap()).unwrap();
    let path = site.path().join("exported.jsonl");
    for (exported, expected) in [
        (event("a", 0), Verdict::Consistent),
        (event("b", 0), Verdict::Different),
        (event("a", 1), Verdict::Different),
        (String::new(), Verdict::Different),
    ] {
        fs::write(&path, exported.clone() + "\n").unwrap();
        let file = ExportedFile {
            path: text_of(&path),
            source_path: None,
            source_id: None,
            compression: None,
            bytes: 0,
            sha256: String::new(),
            records: 1,
            written: true,
            exact: false,
            reason: None,
        };
        let found = site.compare_back(&[&file]).unwrap().unwrap();
        assert_eq!(found.verdict, expected, "{exported}: {:?}", found.reasons);
    }
}

#[test]
fn a_log_that_decodes_to_many_times_its_size_is_rehearsed_where_that_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let legacy_log = folder.path().join("events.json.gz");
    let mut encoder =
        flate2::write::GzEncoder::new(fs::File::create(&legacy_log).unwrap(), flate2::Compression::best());
    let record = r#"{"type": "A", "task_id": "T1", "timestamp": "2025-10-25T10:00:00Z"}"#;
    write!(encoder, "[{record}{}]", " ".repeat(2 << 20)).unwrap();
    encoder.finish().unwrap();
    for allow_expansion in [false, true] {
        let plan = RehearsalPlan {
            legacy_log: legacy_log.clone(),
            new_log: None,
            store: None,
            mapping: Mapping::default(),
            allow_expansion,
            comparison: Settings::new(Zone::utc(), Utc::now()),
        };
        let mut site = TemporarySite::new(plan, Arc::new(SystemClock::default())).unwrap();
        site.copy().unwrap();
        match site.import() {
            Ok(report) => assert_eq!((allow_expansion, report.total.imported), (true, 1)),
            Err(error) => {
                let said = error_chain(&error);
                assert!(!allow_expansion && said.contains("(--allow-expansion)"), "{said}");
                continue;
            }
        }
        site.compare().unwrap();
        site.roll_back().unwrap();
        site.compare_states().unwrap();
    }
}
