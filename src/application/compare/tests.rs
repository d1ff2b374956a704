//! The comparison as a whole, over records in memory.

use std::path::PathBuf;

use chrono::{TimeDelta, Utc};

use super::profile::{IgnoreRule, OneSided, Profile};
use super::report::{Cause, Class, Comparison, Difference, RecordLocation, Verdict};
use super::settings::Settings;
use super::stages::Stage;
use super::*;
use crate::application::compare::memory_side::{MemoryFeed, MemoryScratch};
use crate::application::compare::report::CheckOutcome;
use crate::domain::event::format_timestamp;
use crate::wire::zone::Zone;

mod beginning;
mod clocks_apart;
mod declared_profile;
mod drift;
mod evidence;
mod exactness;
mod faults;
mod history;
mod identical_inputs;
mod many_fields;
mod one_key;
mod paired;
mod repaired;
mod repeated_times;
mod reported;
mod start;
mod streaming_join;
mod times;
mod types;
mod unused_rules;
mod verdicts;

pub(crate) use super::memory_side::settings;

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

fn context(settings: &Settings) -> Context<'_> {
    Context::new(settings, Box::new(MemoryScratch::default())).unwrap()
}

fn grouped_by(hash_bits: u32, settings: &Settings, control: &[String], candidate: &[String]) -> Comparison {
    let context = Context { hash_bits, ..context(settings) };
    run(&context, [input(control), input(candidate)]).unwrap().0
}

/// What the events of both sides come to where only these stages run: differences in the order of their
/// classes, then what is matched.
pub(crate) fn classes_after(
    stages: &[&dyn Stage],
    control: &[String],
    candidate: &[String],
) -> Vec<(Class, u64)> {
    let settings = settings();
    let context = context(&settings);
    let mut inputs = [input(control), input(candidate)];
    let ReadLogs { sides, unmatched, matched } =
        reading::read(&context, ReadRange::new(&settings), &mut inputs).unwrap();
    let tallies = match_events(stages, &context, &sides, unmatched, matched.ids_are_shared).unwrap();
    let outcome = outcome::add_up(&context, &sides, matched, tallies, &mut inputs).unwrap();
    let mut classes: BTreeMap<Class, u64> = BTreeMap::new();
    for cause in outcome.counts.causes.iter().map(|((_, class, ..), count)| (*class, *count)) {
        *classes.entry(cause.0).or_default() += cause.1;
    }
    let matched = outcome.counts.by.values().map(|counts| counts.matched).sum();
    classes.into_iter().chain((matched > 0).then_some((Class::Matched, matched))).collect()
}

/// An event that lived.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Lived {
    pub event_type: &'static str,
    pub task: String,
    pub title: String,
    /// Milliseconds since the beginning of 2025-10-20.
    pub at: i64,
}

impl Lived {
    pub fn as_legacy(&self) -> String {
        let Self { event_type, task, title, .. } = self;
        let at = time(self.at).replace("+00:00", "");
        format!(
            r#"{{"type": "{event_type}", "task_id": "{task}", "title": "{title}", "list": "inbox", "timestamp": "{at}"}}"#
        )
    }

    pub fn as_new(&self, id: &str) -> String {
        let Self { event_type, task, title, .. } = self;
        let at = time(self.at);
        format!(
            r#"{{"event_id": "{id}", "event_type": "{event_type}", "timestamp": "{at}", "aggregate_id": "{task}", "task_id": "{task}", "title": "{title}", "list": "inbox", "priority": "P1", "status": "NOT_STARTED", "metadata": {{"actor": "ben"}}}}"#
        )
    }
}

fn time(at: i64) -> String {
    let beginning: chrono::DateTime<Utc> = "2025-10-20T00:00:00Z".parse().unwrap();
    format_timestamp(beginning + TimeDelta::milliseconds(at))
}

/// A quiet day: an event of its own task every ten minutes.
pub(crate) fn day() -> Vec<Lived> {
    let event = |number: i64| Lived {
        event_type: if number % 3 == 0 { "TaskCompleted" } else { "TaskCreated" },
        task: format!("T{number}"),
        title: format!("title {number}"),
        at: number * 600_000,
    };
    (0..100).map(event).collect()
}

pub(crate) fn legacy(events: &[Lived]) -> Vec<String> {
    events.iter().map(Lived::as_legacy).collect()
}

pub(crate) fn new(events: &[Lived]) -> Vec<String> {
    new_with_ids("e", events)
}

/// The same with ids that begin with `prefix`.
pub(crate) fn new_with_ids(prefix: &str, events: &[Lived]) -> Vec<String> {
    events.iter().enumerate().map(|(number, event)| event.as_new(&format!("{prefix}{number}"))).collect()
}
