use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::recorder::Recording;
use super::*;
use crate::application::clock::Clock;
use crate::domain::event_system_mode::EventSystemMode::{self, LegacyEvents, NewEvents, ParallelEvents};
use crate::infrastructure::zones::load_zone;
use crate::wire::zone::Zone;

const TAKEN: DispatchOutcome = DispatchOutcome::Taken;
const FAST: Duration = Duration::from_millis(1);

/// A file in memory, which may be full.
#[derive(Default)]
struct MemoryLog {
    lines: Mutex<Vec<FiguresLine>>,
    appends: AtomicUsize,
    is_full: AtomicBool,
}

impl FiguresLog for Arc<MemoryLog> {
    fn append(&self, lines: &[FiguresLine]) -> Result<(), FiguresError> {
        self.appends.fetch_add(1, Ordering::SeqCst);
        if self.is_full.load(Ordering::SeqCst) {
            return Err(FiguresError::Busy { place: "memory".to_owned(), seconds: 0 });
        }
        self.lines.lock().unwrap().extend_from_slice(lines);
        Ok(())
    }

    fn read(&self) -> Result<Option<RecordedFigures>, FiguresError> {
        let lines = self.lines.lock().unwrap();
        let read = lines.iter().map(|line| FiguresLine::parse(&serde_json::to_vec(line).unwrap()).unwrap());
        Ok(Some(RecordedFigures { lines: read.collect(), damage: Vec::new() }))
    }
}

struct ManualClock {
    now: Mutex<DateTime<Utc>>,
    asked: AtomicUsize,
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        *self.now.lock().unwrap()
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn wait(&self, _: Duration) {}
}

struct Fixture {
    recording: Recording,
    log: Arc<MemoryLog>,
    clock: Arc<ManualClock>,
}

impl Fixture {
    fn at(now: &str) -> Self {
        Self::in_zone(now, Zone::utc())
    }

    fn in_zone(now: &str, zone: Zone) -> Self {
        let (log, clock) = (
            Arc::new(MemoryLog::default()),
            Arc::new(ManualClock { now: Mutex::new(now.parse().unwrap()), asked: AtomicUsize::new(0) }),
        );
        let recording = Recording::new(Box::new(Arc::clone(&log)), Arc::clone(&clock) as _, zone, 7);
        Self { recording, log, clock }
    }

    fn record(&self, mode: EventSystemMode, latency: Duration, outcome: DispatchOutcome) {
        self.recording.record(mode, latency, outcome);
    }

    fn pass(&self, seconds: i64) {
        *self.clock.now.lock().unwrap() += TimeDelta::seconds(seconds);
    }

    fn lines(&self) -> Vec<FiguresLine> {
        self.log.lines.lock().unwrap().clone()
    }

    /// Day, from, to and number of dispatches of each line.
    fn spans(&self) -> Vec<(String, String, String, u64)> {
        let clock_time = |time: DateTime<Utc>| time.format("%H:%M:%S").to_string();
        let span = |line: &FiguresLine| {
            (line.day.to_string(), clock_time(line.from), clock_time(line.to), line.dispatches)
        };
        self.lines().iter().map(span).collect()
    }
}

fn span(day: &str, from: &str, to: &str, dispatches: u64) -> (String, String, String, u64) {
    (day.to_owned(), from.to_owned(), to.to_owned(), dispatches)
}

#[test]
fn a_minute_with_traffic_is_one_line_once_it_has_ended() {
    let fixture = Fixture::at("2025-10-25T10:00:20Z");
    for micros in [100, 200, 10_000, 10_001] {
        fixture.record(NewEvents, Duration::from_micros(micros), TAKEN);
    }
    fixture.recording.write_ended();
    assert_eq!(fixture.lines(), [], "the minute goes on");
    fixture.pass(45);
    fixture.recording.write_ended();
    fixture.recording.write_ended();
    assert_eq!(fixture.spans(), [span("2025-10-25", "10:00:20", "10:01:00", 4)]);
    let line = &fixture.lines()[0];
    assert_eq!((line.pid, line.mode.as_str(), line.over_10ms), (7, "new_events", 1));
    assert_eq!((line.p50_us, line.max_us), (Some(200), Some(10_007)), "to three digits");
    let (_, latencies) = FiguresLine::parse(&serde_json::to_vec(line).unwrap()).unwrap();
    assert_eq!(latencies.count(), 4);
}

#[test]
fn minutes_without_traffic_have_no_line() {
    let fixture = Fixture::at("2025-10-25T10:00:20Z");
    fixture.record(NewEvents, FAST, TAKEN);
    for _ in 0..5 {
        fixture.pass(60);
        fixture.recording.write_ended();
    }
    fixture.record(NewEvents, FAST, TAKEN);
    fixture.recording.write_all();
    fixture.recording.write_all();
    assert_eq!(
        fixture.spans(),
        [span("2025-10-25", "10:00:20", "10:01:00", 1), span("2025-10-25", "10:05:00", "10:05:20", 1)]
    );
}

#[test]
fn a_minute_that_is_written_late_is_a_line_of_its_own() {
    let fixture = Fixture::at("2025-10-25T10:00:00Z");
    for _ in 0..3 {
        fixture.record(NewEvents, FAST, TAKEN);
        fixture.pass(60);
    }
    fixture.recording.write_ended();
    assert_eq!(fixture.spans().iter().map(|(.., dispatches)| *dispatches).collect::<Vec<_>>(), [1, 1, 1]);
}

#[test]
fn each_mode_of_a_minute_is_a_line() {
    let fixture = Fixture::at("2025-10-25T10:00:00Z");
    for mode in [LegacyEvents, ParallelEvents, LegacyEvents] {
        fixture.record(mode, FAST, TAKEN);
    }
    fixture.recording.write_all();
    let modes: Vec<_> = fixture.lines().into_iter().map(|line| (line.mode, line.dispatches)).collect();
    assert_eq!(modes, [("legacy_events".to_owned(), 2), ("parallel_events".to_owned(), 1)]);
}

#[test]
fn a_line_has_one_day_in_the_configured_zone() {
    for (zone, before, day, next) in [
        ("Europe/Berlin", "2025-10-25T21:59:30Z", "2025-10-25", "2025-10-26"),
        ("Asia/Kathmandu", "2025-10-25T18:14:30Z", "2025-10-25", "2025-10-26"),
        ("UTC", "2025-10-25T23:59:30Z", "2025-10-25", "2025-10-26"),
    ] {
        let fixture = Fixture::in_zone(before, load_zone(zone).unwrap());
        fixture.record(NewEvents, FAST, TAKEN);
        fixture.pass(40);
        fixture.record(NewEvents, FAST, TAKEN);
        fixture.recording.write_all();
        let days: Vec<_> =
            fixture.spans().into_iter().map(|(day, _, _, dispatches)| (day, dispatches)).collect();
        assert_eq!(days, [(day.to_owned(), 1), (next.to_owned(), 1)], "{zone}");
    }
}

#[test]
fn a_clock_that_is_set_back_ends_the_minute() {
    let fixture = Fixture::at("2025-10-25T10:00:20Z");
    fixture.record(NewEvents, FAST, TAKEN);
    fixture.pass(-3_600);
    fixture.record(NewEvents, FAST, TAKEN);
    fixture.recording.write_all();
    assert_eq!(
        fixture.spans(),
        [span("2025-10-25", "10:00:20", "10:01:00", 1), span("2025-10-25", "09:00:00", "09:00:20", 1)]
    );
}

#[test]
fn a_failure_of_the_primary_side_is_written_at_once_and_counted_once() {
    let fixture = Fixture::at("2025-10-25T10:00:20Z");
    fixture.record(NewEvents, FAST, TAKEN);
    fixture.record(NewEvents, Duration::from_secs(15), DispatchOutcome::PrimaryFailed);
    let failures = |fixture: &Fixture| {
        fixture.lines().iter().map(|line| (line.dispatches, line.primary_failures)).collect::<Vec<_>>()
    };
    assert_eq!(failures(&fixture), [(0, 1)], "its latency is no latency of a dispatch");
    assert_eq!((fixture.lines()[0].p50_us, &fixture.lines()[0].histogram), (None, &None));
    fixture.recording.write_all();
    assert_eq!(failures(&fixture), [(0, 1), (1, 0)]);
}

#[test]
fn a_failure_of_the_secondary_side_waits_for_its_minute() {
    let fixture = Fixture::at("2025-10-25T10:00:20Z");
    fixture.record(ParallelEvents, FAST, DispatchOutcome::SecondaryFailed);
    assert_eq!(fixture.lines(), []);
    fixture.recording.write_all();
    assert_eq!((fixture.lines()[0].dispatches, fixture.lines()[0].secondary_failures), (1, 1));
}

#[test]
fn recording_asks_the_clock_once_and_writes_nothing() {
    let fixture = Fixture::at("2025-10-25T10:00:20Z");
    let before = fixture.clock.asked.load(Ordering::SeqCst);
    for _ in 0..1_000 {
        fixture.record(NewEvents, FAST, TAKEN);
    }
    assert_eq!(fixture.clock.asked.load(Ordering::SeqCst) - before, 1_000);
    assert_eq!(fixture.log.appends.load(Ordering::SeqCst), 0);
}

#[test]
fn what_cannot_be_written_is_kept_up_to_a_day_and_written_later() {
    let fixture = Fixture::at("2025-10-25T10:00:00Z");
    fixture.log.is_full.store(true, Ordering::SeqCst);
    for _ in 0..1_500 {
        fixture.record(NewEvents, FAST, TAKEN);
        fixture.pass(60);
        fixture.recording.write_ended();
    }
    fixture.log.is_full.store(false, Ordering::SeqCst);
    fixture.recording.write_all();
    assert_eq!(fixture.lines().len(), 1_440);
    assert_eq!(fixture.lines()[0].from.to_rfc3339(), "2025-10-25T11:00:00+00:00", "the oldest are lost");
}

#[test]
fn what_many_threads_record_is_there_once_they_have_ended() {
    let fixture = Fixture::at("2025-10-25T10:00:00Z");
    let recorder = DispatchRecorder::start(
        Box::new(Arc::clone(&fixture.log)),
        Arc::clone(&fixture.clock) as _,
        Zone::utc(),
        8,
    );
    thread::scope(|scope| {
        for thread in 0..8 {
            let recorder = &recorder;
            scope.spawn(move || {
                for number in 0..500 {
                    let outcome =
                        if number == 250 && thread % 2 == 0 { DispatchOutcome::PrimaryFailed } else { TAKEN };
                    recorder.record(NewEvents, FAST, outcome);
                }
            });
        }
    });
    drop(recorder);
    let days = figures_by_day(&fixture.log.read().unwrap().unwrap().lines);
    let day = &days[&"2025-10-25".parse().unwrap()];
    assert_eq!((day.dispatches, day.latencies.count(), day.primary_failures), (3_996, 3_996, 4));
}

#[test]
fn days_are_sums_over_processes_and_modes() {
    let fixture = Fixture::at("2025-10-25T23:59:00Z");
    fixture.record(NewEvents, Duration::from_millis(20), DispatchOutcome::SecondaryFailed);
    fixture.record(ParallelEvents, FAST, TAKEN);
    fixture.pass(60);
    fixture.record(NewEvents, FAST, TAKEN);
    fixture.recording.write_all();
    let days = figures_by_day(&fixture.log.read().unwrap().unwrap().lines);
    let found: Vec<_> = days
        .iter()
        .map(|(day, figures)| {
            (day.to_string(), figures.dispatches, figures.over_10ms, figures.secondary_failures)
        })
        .collect();
    assert_eq!(found, [("2025-10-25".to_owned(), 2, 1, 1), ("2025-10-26".to_owned(), 1, 0, 0)]);
}

#[test]
fn a_line_whose_latencies_are_not_those_of_its_dispatches_is_damaged() {
    let fixture = Fixture::at("2025-10-25T10:00:00Z");
    fixture.record(NewEvents, FAST, TAKEN);
    fixture.recording.write_all();
    let line = FiguresLine { dispatches: 2, ..fixture.lines()[0].clone() };
    let error = FiguresLine::parse(&serde_json::to_vec(&line).unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "expected 2 latencies, as many as dispatches, found 1");
    assert!(FiguresLine::parse(br#"{"event_type": "TaskCreated"}"#).is_err());
}
