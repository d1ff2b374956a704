//! The comparison as a whole, over records in memory.

use std::path::PathBuf;

use chrono::{TimeDelta, Utc};

use super::profile::{IgnoreRule, OneSided, Profile};
use super::report::{Cause, Class, Comparison, RecordLocation, Verdict};
use super::settings::Settings;
use super::*;
use crate::application::compare::memory_side::{MemoryFeed, MemoryScratch};
use crate::application::compare::self_test::CheckOutcome;
use crate::domain::event::format_timestamp;
use crate::wire::zone::Zone;

mod beginning;
mod exactness;
mod faults;
mod identical_inputs;
mod paired;
mod streaming_join;
mod verdicts;

fn settings() -> Settings {
    Settings {
        zone: Zone::utc(),
        profile: Profile::default(),
        tolerance: TimeDelta::seconds(2),
        max_shift: TimeDelta::hours(1),
        max_offset: TimeDelta::minutes(5),
        settle: TimeDelta::seconds(60),
        as_of: "2026-01-01T00:00:00Z".parse::<chrono::DateTime<Utc>>().unwrap(),
        as_of_is_declared: true,
        since: None,
        until: None,
        memory: 64 << 20,
        limit: 1000,
    }
}

fn input(records: &[String]) -> Input {
    Input {
        path: PathBuf::from("memory"),
        mapping: Mapping::BuiltIn,
        feeds: vec![Box::new(MemoryFeed::new(records.to_vec()))],
        skipped: Vec::new(),
    }
}

fn compared(control: &[String], candidate: &[String]) -> Comparison {
    compared_with(&settings(), control, candidate)
}

/// Without the self-test, which has tests of its own.
fn compared_with(settings: &Settings, control: &[String], candidate: &[String]) -> Comparison {
    grouped_by(64, settings, control, candidate)
}

fn grouped_by(hash_bits: u32, settings: &Settings, control: &[String], candidate: &[String]) -> Comparison {
    let run = Run::new(settings, Box::new(MemoryScratch::default()), 0, hash_bits).unwrap();
    run.compare(input(control), input(candidate)).unwrap().0
}

/// An event that lived.
#[derive(Debug, Clone, PartialEq)]
struct Lived {
    event_type: &'static str,
    task: String,
    title: String,
    /// Milliseconds since the beginning of 2025-10-20.
    at: i64,
}

impl Lived {
    fn as_legacy(&self) -> String {
        let Self { event_type, task, title, .. } = self;
        let at = time(self.at).replace("+00:00", "");
        format!(r#"{{"type": "{event_type}", "task_id": "{task}", "title": "{title}", "timestamp": "{at}"}}"#)
    }

    fn as_new(&self, id: &str) -> String {
        let Self { event_type, task, title, .. } = self;
        let at = time(self.at);
        format!(
            r#"{{"event_id": "{id}", "event_type": "{event_type}", "timestamp": "{at}", "aggregate_id": "{task}", "task_id": "{task}", "title": "{title}", "priority": "P1", "status": "NOT_STARTED", "metadata": {{"actor": "ben"}}}}"#
        )
    }
}

fn time(at: i64) -> String {
    let beginning: chrono::DateTime<Utc> = "2025-10-20T00:00:00Z".parse().unwrap();
    format_timestamp(beginning + TimeDelta::milliseconds(at))
}

/// A quiet day: an event of its own task every ten minutes.
fn day() -> Vec<Lived> {
    let event = |number: i64| Lived {
        event_type: if number % 3 == 0 { "TaskCompleted" } else { "TaskCreated" },
        task: format!("T{number}"),
        title: format!("title {number}"),
        at: number * 600_000,
    };
    (0..100).map(event).collect()
}

fn legacy(events: &[Lived]) -> Vec<String> {
    events.iter().map(Lived::as_legacy).collect()
}

fn new(events: &[Lived]) -> Vec<String> {
    events.iter().enumerate().map(|(number, event)| event.as_new(&format!("e{number}"))).collect()
}
