//! Imports of a parallel run that are killed, or that run at once.

use std::time::{Duration, Instant};

use std::fs::File;
use std::io::Write;

use mission_events::internals::application::import::pass::ImportPass;
use mission_events::internals::application::import::twin_matching::matching_settings;
use mission_events::internals::application::import::{ImportError, IncrementalSink, ReadOptions};
use mission_events::internals::domain::repository::EventRepository;
use mission_events::internals::infrastructure::compare_inputs::TempScratch;
use mission_events::internals::infrastructure::sources::{FileSystem, open_log};
use mission_events::internals::infrastructure::sqlite::SqliteEventRepository;
use mission_events::internals::infrastructure::sqlite::import::incremental_load::IncrementalLoad;
use mission_events::internals::infrastructure::system_clock::SystemClock;
use mission_events::internals::wire::local_time::DstPolicy;
use mission_events::internals::wire::mapping::Mapping;

use super::*;
use crate::import_legacy::killed::PAUSE;
use crate::import_legacy::{Report, import, import_into, quiet};
use crate::support::cli::Running;
use crate::support::{at_kill_moments, events_to_last, live, utc};

/// Long enough for a machine with much else to do; nothing waits that long where all is well.
const PATIENCE: Duration = Duration::from_secs(120);

/// Many events in little time, so that an import takes several batches.
fn busy() -> Vec<ActualEvent> {
    let mut actual = Vec::new();
    for number in 0..events_to_last(5_000, 9_000) as i64 {
        let mut event = ActualEvent::new(day(0) + TimeDelta::seconds(number * 20), number as u32);
        (event.by_legacy, event.by_new) = (number % 97 != 3, number % 89 != 5);
        actual.push(event);
    }
    actual
}

fn start(dir: &TestDir, logs: &str) -> Running {
    quiet(dir).start(&format!("--format json import-legacy {logs} --into {DATABASE}"))
}

/// Events and twins, as a set: which of two imports stored a record first is not told.
fn everything(dir: &TestDir, database: &str) -> Vec<String> {
    let connection = Connection::open(dir.join(database)).unwrap();
    let query = "SELECT event_id || ' ' || events.origin || ' ' || ifnull(twin.id || twin.class, 'alone')
        FROM events LEFT JOIN (SELECT position, event_id AS id, class FROM twins) AS twin USING (position)
        ORDER BY event_id";
    let mut statement = connection.prepare(query).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn an_import_that_was_killed_at_any_moment_is_finished_by_another_to_the_same_twins() {
    let (dir, actual) = (TestDir::new(), busy());
    write_legacy(&dir, &actual);
    write_native(&dir, &actual);
    import_into(&dir, "data/events", "uninterrupted.db");
    std::fs::copy(dir.join("uninterrupted.db"), dir.join("before.db")).unwrap();
    import_into(&dir, "data/events.json", "uninterrupted.db");
    let expected = everything(&dir, "uninterrupted.db");
    let twins = actual.iter().filter(|event| event.by_legacy && event.by_new).count() as u64;
    at_kill_moments(|moment, moments| {
        std::fs::copy(dir.join("before.db"), dir.join(DATABASE)).unwrap();
        let mut running = start(&dir, "data/events.json");
        let (far, deadline) = (twins * moment / moments, Instant::now() + PATIENCE);
        let stored = || count(&dir, "SELECT count(*) FROM twins");
        while stored() < far.max(1) && !running.has_ended() {
            assert!(Instant::now() < deadline, "it does not get so far");
            std::thread::sleep(PAUSE);
        }
        running.kill();
        let was_in_time = stored() < twins;
        let report = import_into(&dir, "data/events.json", DATABASE);
        assert_eq!(report.store.events, recorded(&actual));
        assert!(everything(&dir, DATABASE) == expected, "killed after {far} twins");
        for left in [DATABASE, "events.db-wal", "events.db-shm"] {
            std::fs::remove_file(dir.join(left)).ok();
        }
        was_in_time
    });
}

#[test]
fn the_two_logs_imported_at_once_count_each_event_once() {
    let (dir, actual) = (TestDir::new(), busy());
    write_legacy(&dir, &actual);
    write_native(&dir, &actual);
    let runs = ["data/events.json", "data/events", "data/events.json"].map(|log| start(&dir, log));
    for run in runs {
        Report::of(run.end());
    }
    assert_holds(&dir, &actual);
}

fn options() -> ReadOptions {
    let (mapping, zone) = (Mapping::default(), utc());
    ReadOptions { zone, dst: DstPolicy::Resolve, mapping, since: None, until: None }
}

fn load(dir: &TestDir, target: &mut IncrementalLoad) -> Result<u64, ImportError> {
    let (clock, mut progress) = (SystemClock::default(), ());
    let mut pass = ImportPass::new(options(), target, &clock, &mut progress);
    pass.import(&dir.join("old.jsonl"), &FileSystem, &|| {
        open_log(&dir.join("old.jsonl"), &Mapping::default())
    })?;
    Ok(pass.finish()?.total.matched_existing)
}

fn preview(dir: &TestDir, target: &mut IncrementalLoad) -> u64 {
    let (clock, mut progress, mut preview) = (SystemClock::default(), (), target.preview().unwrap());
    let mut pass = ImportPass::new(options(), &mut preview, &clock, &mut progress);
    pass.import(&dir.join("old.jsonl"), &FileSystem, &|| {
        open_log(&dir.join("old.jsonl"), &Mapping::default())
    })
    .unwrap();
    pass.match_twins(&matching_settings(utc()), Box::new(TempScratch::default())).unwrap();
    pass.finish().unwrap().total.matched_existing
}

/// The legacy log as JSONL, to which can be appended.
fn append_legacy(dir: &TestDir, actual: &[ActualEvent]) {
    let lines: String =
        actual.iter().filter(|event| event.by_legacy).map(|event| event.legacy() + "\n").collect();
    let mut log = File::options().create(true).append(true).open(dir.join("old.jsonl")).unwrap();
    log.write_all(lines.as_bytes()).unwrap();
}

#[test]
fn a_record_that_came_after_the_preview_ends_the_load_and_the_next_preview_finds_its_partner() {
    let (dir, actual) = (TestDir::new(), week());
    write_native(&dir, &actual);
    import(&dir, "data/events");
    let (before, after) = actual.split_at(actual.len() - 5);
    append_legacy(&dir, before);
    let mut target = IncrementalLoad::open(&dir.join(DATABASE)).unwrap();
    let planned = preview(&dir, &mut target);
    target.follow_preview();
    append_legacy(&dir, after);
    let error = load(&dir, &mut target).unwrap_err();
    assert!(target.is_outdated() && matches!(error, ImportError::Store { .. }), "{error}");
    assert!(count(&dir, "SELECT count(*) FROM twins") < planned + 1);
    let planned = preview(&dir, &mut target);
    target.follow_preview();
    assert_eq!(load(&dir, &mut target).unwrap(), planned);
    assert_holds(&dir, &actual);
}

#[test]
fn a_log_that_grows_while_it_is_imported_is_counted_once() {
    let (dir, actual) = (TestDir::new(), busy());
    write_native(&dir, &actual);
    import(&dir, "data/events");
    let mut written = actual.len() / 2;
    append_legacy(&dir, &actual[..written]);
    let mut running = start(&dir, "old.jsonl");
    while !running.has_ended() {
        let more = (written + 3).min(actual.len());
        append_legacy(&dir, &actual[written..more]);
        written = more;
    }
    // Where it grew each time that it was looked at, it says so, and what is stored is right.
    assert!([0, 4].contains(&running.end().code));
    append_legacy(&dir, &actual[written..]);
    import(&dir, "old.jsonl");
    assert_holds(&dir, &actual);
}

#[test]
fn what_the_new_system_records_a_moment_after_the_legacy_one_is_waited_for() {
    let (dir, actual) = (TestDir::new(), week());
    write_native(&dir, &actual);
    write_legacy(&dir, &actual);
    import(&dir, "");
    let store = SqliteEventRepository::open(dir.join(DATABASE), utc()).unwrap();
    let now = Utc::now();
    // The new system runs: it has recorded something a moment ago.
    let mut actual = actual;
    actual.push(ActualEvent::new(now - TimeDelta::minutes(1), 8_000));
    store.save_event(&live(&actual[actual.len() - 1].native(actual.len() - 1))).unwrap();
    let latest = ActualEvent::new(now, 9_000);
    actual.push(latest.clone());
    write_legacy(&dir, &actual);
    let mut running = start(&dir, "data/events.json");
    // An import that does not wait has ended by then. However slow the machine is, one that waits looks
    // at the store later than this.
    let moment = Instant::now() + Duration::from_millis(1_500);
    while Instant::now() < moment && !running.has_ended() {
        std::thread::sleep(PAUSE);
    }
    store.save_event(&live(&latest.native(actual.len() - 1))).unwrap();
    let report = Report::of(running.end());
    assert_eq!((report.total.matched_existing, report.store.events), (2, recorded(&actual)));
}
