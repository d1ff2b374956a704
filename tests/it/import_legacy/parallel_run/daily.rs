//! Day by day.

use std::fs;

use mission_events::internals::domain::repository::EventRepository;
use mission_events::internals::infrastructure::sqlite::SqliteEventRepository;

use super::*;
use crate::import_legacy::{Counts, described, import, quiet};
use crate::support::{berlin, live, utc};

/// The events of the first days.
fn until(actual: &[ActualEvent], day_number: i64) -> Vec<ActualEvent> {
    actual.iter().filter(|event| event.at < day(day_number)).cloned().collect()
}

#[test]
fn a_store_that_is_dispatched_to_takes_in_the_legacy_log_every_day_and_counts_each_event_once() {
    let (dir, actual) = (TestDir::new(), week());
    let mut saved = 0;
    for number in 1..=7 {
        let so_far = until(&actual, number);
        let store = SqliteEventRepository::open(dir.join(DATABASE), utc()).unwrap();
        for (id, event) in so_far.iter().enumerate().skip(saved).filter(|(_, event)| event.by_new) {
            store.save_event(&live(&event.native(id))).unwrap();
        }
        saved = so_far.len();
        write_legacy(&dir, &so_far);
        let report = import(&dir, "data/events.json");
        assert_eq!(report.total.rejected, 0);
        assert_eq!(report.store.events, recorded(&so_far), "day {number}");
        let again = import(&dir, "data/events.json").total;
        assert_eq!((again.imported, again.matched_existing), (0, 0), "day {number}");
    }
    assert_holds(&dir, &actual);
    assert_eq!(count(&dir, "SELECT count(*) FROM twins WHERE class <> 'matched'"), 0);
    assert_eq!(
        count(&dir, "SELECT count(*) FROM events WHERE origin = 'native' AND source_id IS NOT NULL"),
        0
    );
}

#[test]
fn the_default_command_takes_in_both_logs_every_day_and_what_the_new_system_wrote_is_the_event() {
    let (dir, actual) = (TestDir::new(), week());
    for number in 1..=7 {
        let so_far = until(&actual, number);
        write_legacy(&dir, &so_far);
        write_native(&dir, &so_far);
        let report = import(&dir, "");
        assert_eq!(report.store.events, recorded(&so_far), "day {number}");
        let paths: Vec<&str> = report.sources.iter().map(|source| source.path.as_str()).collect();
        assert_eq!(paths[0], "data/events.json", "the logs are told in their order: {paths:?}");
        let again = import(&dir, "").total;
        assert_eq!((again.imported, again.matched_existing), (0, 0), "day {number}");
    }
    assert_holds(&dir, &actual);
    assert_eq!(count(&dir, "SELECT count(*) FROM twins WHERE origin = 'native'"), 0);
}

#[test]
fn the_other_order_counts_each_event_once_too() {
    let (dir, actual) = (TestDir::new(), week());
    for number in 1..=7 {
        let so_far = until(&actual, number);
        write_legacy(&dir, &so_far);
        import(&dir, "data/events.json");
        write_native(&dir, &so_far);
        let report = import(&dir, "data/events");
        assert_eq!(report.store.events, recorded(&so_far), "day {number}");
        let again = import(&dir, "data/events data/events.json").total;
        assert_eq!((again.imported, again.matched_existing), (0, 0), "day {number}");
    }
    assert_holds(&dir, &actual);
    // The legacy records were there first, and rows are never changed.
    assert_eq!(count(&dir, "SELECT count(*) FROM twins WHERE origin = 'history'"), 0);
}

#[test]
fn a_whole_week_in_one_command_is_the_same_as_day_by_day() {
    let (dir, actual) = (TestDir::new(), week());
    write_legacy(&dir, &actual);
    write_native(&dir, &actual);
    let report = import(&dir, "");
    assert_holds(&dir, &actual);
    let both = actual.iter().filter(|event| event.by_legacy && event.by_new).count() as u64;
    assert_eq!((report.total.matched_existing, report.total.imported), (both, recorded(&actual)));
    assert_eq!(report.twins, BTreeMap::from([("matched".to_owned(), both)]));
}

#[test]
fn every_log_comes_back_byte_for_byte() {
    let (dir, actual) = (TestDir::new(), week());
    for number in [2, 5, 7] {
        write_legacy(&dir, &until(&actual, number));
        write_native(&dir, &until(&actual, number));
        import(&dir, "data/events.json");
        import(&dir, "data/events");
    }
    // A copy in another layout holds the same records: each repeats an event or a twin.
    let text = fs::read_to_string(dir.join("data/events.json")).unwrap();
    write(&dir, "copy/events-copied.jsonl", text[1..text.len() - 1].replace("}, {", "}\n{") + "\n");
    let copied = import(&dir, "copy/events-copied.jsonl").total;
    let legacy = actual.iter().filter(|event| event.by_legacy).count() as u64;
    assert_eq!(copied, Counts { records: legacy, already_present: legacy, ..Counts::default() });
    quiet(&dir).run(&format!("--store {DATABASE} export --to out")).result();
    for name in ["data/events.json", "copy/events-copied.jsonl"] {
        let exported = dir.join("out").join(name.rsplit('/').next().unwrap());
        assert!(fs::read(exported).unwrap() == fs::read(dir.join(name)).unwrap(), "{name}");
    }
    for entry in fs::read_dir(dir.join("data/events")).unwrap() {
        let path = entry.unwrap().path();
        let exported = dir.join("out").join(path.file_name().unwrap());
        assert!(fs::read(&exported).unwrap() == fs::read(&path).unwrap(), "{}", exported.display());
    }
}

#[test]
fn a_dry_run_says_what_the_import_does_and_changes_nothing() {
    let (dir, actual) = (TestDir::new(), week());
    let so_far = until(&actual, 3);
    write_legacy(&dir, &so_far);
    write_native(&dir, &so_far);
    import(&dir, "");
    write_legacy(&dir, &actual);
    write_native(&dir, &actual);
    let before = described(&dir.join(DATABASE));
    let dry = import(&dir, "--dry-run");
    assert!(described(&dir.join(DATABASE)) == before);
    let strict = import(&dir, "--strict");
    for (dry, strict) in dry.sources.iter().zip(&strict.sources) {
        assert_eq!((&dry.path, dry.counts), (&strict.path, strict.counts));
    }
    assert_eq!((dry.total, &dry.twins), (strict.total, &strict.twins));
    assert_holds(&dir, &actual);
}

#[test]
fn the_comparison_of_the_legacy_log_with_the_store_proves_both_the_parallel_run_and_the_import() {
    let (dir, mut actual) = (TestDir::new(), week());
    actual.iter_mut().for_each(|event| (event.by_legacy, event.by_new) = (true, true));
    // Before the parallel run there was only the legacy system.
    let mut before = ActualEvent::new(day(-3), 9_000);
    before.by_new = false;
    actual.insert(0, before);
    for logs in [["data/events.json", "data/events"], ["data/events", "data/events.json"]] {
        write_legacy(&dir, &actual);
        write_native(&dir, &actual);
        logs.iter().for_each(|log| drop(import(&dir, log)));
        let compared = quiet(&dir).run(&format!("compare-logs data/events.json {DATABASE} --format json"));
        let compared = compared.json();
        // All but what came before the parallel run.
        let events = actual.len() as u64 - 1;
        assert_eq!((&compared["verdict"], &compared["matched"]), (&"consistent".into(), &events.into()));
        assert_eq!(compared["history"]["holds"], true);
        // All of the log, the last moment too.
        let history = ["control", "matched", "not_imported"].map(|key| compared["history"][key].as_u64());
        assert_eq!(history, [Some(events + 1), Some(events + 1), Some(0)], "{}", compared["history"]);
        fs::remove_file(dir.join(DATABASE)).unwrap();
    }
}

#[test]
fn a_history_twin_never_stands_in_for_what_the_new_system_wrote() {
    let (dir, mut actual) = (TestDir::new(), week());
    actual.iter_mut().for_each(|event| (event.by_legacy, event.by_new) = (true, true));
    let lost = actual.len() / 2;
    actual[lost].by_new = false;
    write_legacy(&dir, &actual);
    write_native(&dir, &actual);
    import(&dir, "");
    let compared = quiet(&dir).run(&format!("compare-logs data/events.json {DATABASE} --format json"));
    assert_eq!(compared.code, 1);
    let compared: serde_json::Value = serde_json::from_str(&compared.stdout).unwrap();
    assert_eq!((&compared["missing"], &compared["extra"]), (&1.into(), &0.into()));
    assert_eq!(compared["history"]["holds"], true);
}

#[test]
fn the_hour_that_comes_twice_is_paired_day_by_day_as_well() {
    let dir = TestDir::new();
    let zone = berlin();
    let actual: Vec<ActualEvent> = (0..36)
        .map(|number| ActualEvent::new(day(5) + TimeDelta::hours(22) + TimeDelta::minutes(10 * number), 1))
        .collect();
    write_native(&dir, &actual);
    for so_far in [14, 20, 36] {
        let records: Vec<String> = actual[..so_far]
            .iter()
            .map(|event| {
                let local = zone.civil_time(event.at).and_utc();
                ActualEvent { at: local, ..event.clone() }.legacy()
            })
            .collect();
        write(&dir, "data/events.json", format!("[{}]", records.join(", ")));
        let berlin = quiet(&dir).env("MISSION_CONTROL_TIMEZONE", "Europe/Berlin");
        berlin.run(&format!("import-legacy --into {DATABASE}")).result();
        assert_eq!(count(&dir, "SELECT count(*) FROM events"), actual.len() as u64);
        assert_eq!(count(&dir, "SELECT count(*) FROM twins WHERE class = 'matched'"), so_far as u64);
    }
}
