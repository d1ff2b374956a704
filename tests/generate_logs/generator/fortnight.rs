//! The sample data: a week in which only the legacy system ran, and a week in which both did.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::Path;

use chrono::Days;

use super::Plan;
use super::python_json::{self, Layout, Spelling, Value};
use super::shapes::{self, naive_timestamp};
use super::sinks::{ArraySink, DailySink, RecordSink};
use super::workload::{Event, Kind, Workload};

const LAYOUT: Layout = Layout::Indented(2);
const MICROS_PER_MILLI: i64 = 1_000;

/// What the two systems do not record alike, by the number of the event in the second week.
const LOST_BY_NEW: usize = 40;
const LOST_BY_LEGACY: usize = 75;
const WRITTEN_TWICE: usize = 120;
/// The first task that is created from here on gets another title in the new log.
const RETITLED_FROM: usize = 100;

/// Writes the legacy system's `events.json` of both weeks, and the new system's
/// `events/events-YYYY-MM-DD.jsonl` of the second one.
pub fn write(seed: u64, folder: &Path) -> io::Result<()> {
    let plan = Plan { seed, days: 14, events: 315, ..Plan::default() };
    let second_week = plan.start + Days::new(7);
    fs::create_dir_all(folder)?;
    let file = File::create(folder.join("events.json"))?;
    let mut legacy = ArraySink::new(BufWriter::new(file), LAYOUT, false)?;
    let mut daily = ParallelRun::new(seed, &folder.join("events"))?;
    for event in Workload::new(&plan) {
        if event.day() < second_week {
            write_legacy(&mut legacy, &event, event.at)?;
        } else {
            daily.record(&event, &mut legacy)?;
        }
    }
    legacy.finish(false)?;
    daily.sink.finish(false)?;
    Ok(())
}

fn write_legacy(sink: &mut ArraySink<BufWriter<File>>, event: &Event, recorded_at: i64) -> io::Result<()> {
    let mut record = shapes::legacy_record(event);
    if let Some((_, time)) = record.iter_mut().find(|(key, _)| *key == "timestamp") {
        *time = Value::Text(naive_timestamp(recorded_at).into());
    }
    let mut text = Vec::new();
    python_json::write_object(&mut text, &record, Spelling { layout: LAYOUT, ascii: true });
    sink.record(event.day(), &text)
}

/// The second week: each event is recorded by both systems, the clock of the legacy one
/// being some milliseconds slow.
struct ParallelRun {
    sink: DailySink,
    ids: shapes::EventIds,
    clock: fastrand::Rng,
    number: usize,
    has_retitled: bool,
}

impl ParallelRun {
    fn new(seed: u64, folder: &Path) -> io::Result<Self> {
        Ok(Self {
            sink: DailySink::new(folder, false)?,
            ids: shapes::EventIds::new(seed),
            clock: fastrand::Rng::with_seed(seed ^ 0xc10c),
            number: 0,
            has_retitled: false,
        })
    }

    fn record(&mut self, event: &Event, legacy: &mut ArraySink<BufWriter<File>>) -> io::Result<()> {
        let number = self.number;
        self.number += 1;
        let lag = self.clock.i64(3 * MICROS_PER_MILLI..9 * MICROS_PER_MILLI);
        if number != LOST_BY_LEGACY {
            write_legacy(legacy, event, event.at - lag)?;
        }
        let id = self.ids.next(event.at);
        if number == LOST_BY_NEW {
            return Ok(());
        }
        let retitled = self.retitled(number, event);
        let record = shapes::daily_record(retitled.as_ref(), id);
        let mut text = Vec::new();
        python_json::write_object(&mut text, &record, shapes::DAILY_SPELLING);
        for _ in 0..if number == WRITTEN_TWICE { 2 } else { 1 } {
            self.sink.record(event.day(), &text)?;
        }
        Ok(())
    }

    /// The event as the new system recorded it.
    fn retitled<'e>(&mut self, number: usize, event: &'e Event) -> Cow<'e, Event> {
        match &event.kind {
            Kind::Created { title, .. } if number >= RETITLED_FROM && !self.has_retitled => {
                self.has_retitled = true;
                let title = format!("{title} (copy)");
                let mut event = event.clone();
                if let Kind::Created { title: into, .. } = &mut event.kind {
                    *into = title.into();
                }
                Cow::Owned(event)
            }
            _ => Cow::Borrowed(event),
        }
    }
}
