//! The check of the comparison by itself, made in every run on records of that run: what is the same
//! must come out as the same, and each fault that is planted must be found.

pub(crate) mod result;

use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use crate::domain::event::format_timestamp;
use crate::wire::json::{MemberValue, ObjectScanner};
use crate::wire::mapping::{FieldPath, Mapping};
use crate::wire::unix_time::TimestampUnit;

use crate::application::compare::feed::{CompareError, Scratch};
use crate::application::compare::input::Input;
use crate::application::compare::memory_side::{MemoryFeed, MemoryScratch};
use crate::application::compare::report::{Comparison, Verdict};
use crate::application::compare::settings::Settings;

use result::{Check, CheckOutcome, SelfTest};

/// How many events are synthetic.
const SYNTHETIC: usize = 24;
/// Their content, under names that no mapping has.
const TITLE: &str = "self_test_title";
const AMOUNT: &str = "self_test_amount";
/// The names of the built-in envelopes: what stands there is no content.
const ENVELOPE: [&[u8]; 6] = [b"event_id", b"event_type", b"type", b"timestamp", b"aggregate_id", b"task_id"];

/// Tests the comparison on sampled records, which are read through `mapping`.
///
/// # Errors
/// [`CompareError::SelfTest`] where a check fails.
pub(crate) fn run(
    settings: &Settings,
    mapping: &Mapping,
    sample: Vec<String>,
    compare: &Compare<'_>,
) -> Result<SelfTest, CompareError> {
    let settings = Settings {
        profile: settings.profile.without_rules(),
        as_of: DateTime::<Utc>::MAX_UTC,
        as_of_is_declared: true,
        settle: TimeDelta::zero(),
        since: None,
        until: None,
        limit: 0,
        is_reported: false,
        ..settings.clone()
    };
    let test = Test {
        settings: &settings,
        mapping,
        compare,
        sampled: sample.len(),
        records: {
            let mut records = sample;
            records.extend((0..SYNTHETIC).map(|number| synthetic(mapping, &settings, number, |_| {})));
            records
        },
    };
    let mut checks = Vec::new();
    for &(name, check) in CHECKS {
        let outcome = check(&test).map_err(|failure| match failure {
            Failure::Check(how) => CompareError::SelfTest { detail: format!("{name}: {how}") },
            Failure::Comparison(error) => error,
        })?;
        checks.push(Check { name, outcome });
    }
    Ok(SelfTest { passed: true, sampled: test.sampled, synthetic: SYNTHETIC, checks })
}

/// Why a check has no outcome.
enum Failure {
    /// It failed, in this way.
    Check(String),
    /// The comparison did not come to an end.
    Comparison(CompareError),
}

impl From<CompareError> for Failure {
    fn from(error: CompareError) -> Self {
        Self::Comparison(error)
    }
}

type Checked = Result<CheckOutcome, Failure>;

type NamedCheck = (&'static str, fn(&Test<'_>) -> Checked);

const CHECKS: &[NamedCheck] = &[
    ("a log equals itself", |test| test.same(test.records.clone())),
    ("a log equals itself in another order", |test| {
        let mut shuffled = test.records.clone();
        // Any order will do, as long as hardly anything keeps its place.
        shuffled.reverse();
        let middle = shuffled.len() / 3;
        shuffled.rotate_left(middle);
        test.same(shuffled)
    }),
    ("a dropped event is found", |test| {
        test.different(test.edited(|records| drop(records.remove(records.len() / 2))))
    }),
    ("an event written twice is found", |test| {
        test.different(test.edited(|records| records.push(records[records.len() / 2].clone())))
    }),
    ("null for a missing field is found", |test| {
        test.different(test.edited(|records| {
            let middle = records.len() / 2;
            records[middle] = records[middle].replacen('{', "{\"self_test_probe\": null, ", 1);
        }))
    }),
    ("another last digit is found", |test| {
        let changed = test.records[..test.sampled]
            .iter()
            .enumerate()
            .find_map(|(at, record)| last_digit(record, test.mapping).map(|record| (at, record)));
        let held =
            test.different(test.with_synthetic(1, |event| event[AMOUNT] = json!(0.1000000000000002)))?;
        match changed {
            Some((at, record)) => test.different(test.edited(|records| records[at] = record)),
            None => Ok(held),
        }
    }),
    ("times that were swapped are found", |test| {
        test.different(test.edited(|records| {
            let swapped = |of: usize, by: usize| {
                synthetic_at(test.mapping, test.settings, of, when(test.settings, by), |_| {})
            };
            records[test.sampled + 3] = swapped(3, 9);
            records[test.sampled + 9] = swapped(9, 3);
        }))
    }),
    ("a shift of every second event is found", |test| {
        test.different(test.edited(|records| {
            for number in (0..SYNTHETIC).step_by(2) {
                let later = when(test.settings, number) + test.settings.tolerance * 2 + TimeDelta::seconds(1);
                records[test.sampled + number] =
                    synthetic_at(test.mapping, test.settings, number, later, |_| {});
            }
        }))
    }),
    ("titles that were swapped between tasks are found", |test| {
        let title = |number: usize| json!(format!("self-test {number}"));
        test.different(test.edited(|records| {
            for (of, by) in [(5, 6), (6, 5)] {
                records[test.sampled + of] =
                    synthetic(test.mapping, test.settings, of, |event| event[TITLE] = title(by));
            }
        }))
    }),
    ("a torn tail is found", |test| {
        let torn = test.edited(|records| {
            if let Some(last) = records.last_mut() {
                last.truncate(last.len() / 2);
            }
        });
        test.not_consistent(torn)
    }),
    ("an empty side is never consistent", |test| test.not_consistent(Vec::new())),
    ("a sampled record reads back as itself", |test| {
        if test.sampled == 0 {
            return Ok(CheckOutcome::NotApplicable("no record was sampled"));
        }
        let found = test.compare(test.records.clone())?;
        held_if(found.control.events as usize == test.records.len(), || {
            format!("{} of {} records were read", found.control.events, test.records.len())
        })
    }),
];

/// Compares two sides, control first, without a test of itself.
pub(crate) type Compare<'c> =
    dyn Fn(&Settings, [Input; 2], Box<dyn Scratch>) -> Result<Comparison, CompareError> + 'c;

struct Test<'t> {
    settings: &'t Settings,
    mapping: &'t Mapping,
    compare: &'t Compare<'t>,
    records: Vec<String>,
    sampled: usize,
}

impl Test<'_> {
    fn edited(&self, edit: impl FnOnce(&mut Vec<String>)) -> Vec<String> {
        let mut records = self.records.clone();
        edit(&mut records);
        records
    }

    fn with_synthetic(&self, number: usize, edit: impl FnOnce(&mut Value)) -> Vec<String> {
        self.edited(|records| {
            records[self.sampled + number] = synthetic(self.mapping, self.settings, number, edit);
        })
    }

    fn compare(&self, candidate: Vec<String>) -> Result<Comparison, CompareError> {
        let input = |records: Vec<String>| Input {
            path: PathBuf::from("self-test"),
            mapping: self.mapping.clone(),
            feeds: vec![Box::new(MemoryFeed::new(records))],
            skipped: Vec::new(),
        };
        let sides = [input(self.records.clone()), input(candidate)];
        (self.compare)(self.settings, sides, Box::<MemoryScratch>::default())
    }

    fn same(&self, candidate: Vec<String>) -> Checked {
        let found = self.compare(candidate)?;
        let is_same = found.verdict == Verdict::Consistent && found.matched as usize == self.records.len();
        held_if(is_same, || format!("{} of {} events matched", found.matched, self.records.len()))
    }

    fn different(&self, candidate: Vec<String>) -> Checked {
        let verdict = self.compare(candidate)?.verdict;
        held_if(verdict == Verdict::Different, || format!("the verdict was {verdict:?}"))
    }

    fn not_consistent(&self, candidate: Vec<String>) -> Checked {
        let verdict = self.compare(candidate)?.verdict;
        held_if(verdict != Verdict::Consistent, || "it was taken for consistent".to_owned())
    }
}

fn held_if(holds: bool, how_it_failed: impl FnOnce() -> String) -> Checked {
    if holds { Ok(CheckOutcome::Held) } else { Err(Failure::Check(how_it_failed())) }
}

/// When a synthetic event happened: farther apart than anything is matched.
fn when(settings: &Settings, number: usize) -> DateTime<Utc> {
    let step = (settings.max_shift + settings.tolerance) * 2 + TimeDelta::seconds(17);
    let start = DateTime::from_timestamp(1_000_000_000, 0).unwrap_or_default();
    start + step * number as i32
}

fn synthetic(mapping: &Mapping, settings: &Settings, number: usize, edit: impl FnOnce(&mut Value)) -> String {
    synthetic_at(mapping, settings, number, when(settings, number), edit)
}

fn synthetic_at(
    mapping: &Mapping,
    _settings: &Settings,
    number: usize,
    at: DateTime<Utc>,
    edit: impl FnOnce(&mut Value),
) -> String {
    let id = format!("self-test-{number}");
    let mut event = json!({TITLE: format!("self-test {number}"), AMOUNT: 0.1});
    match mapping {
        Mapping::BuiltIn => {
            event["event_id"] = json!(id);
            event["event_type"] = json!("SelfTest");
            event["timestamp"] = json!(format_timestamp(at));
            event["aggregate_id"] = json!(id);
        }
        Mapping::Declared(declared) => {
            let time = match declared.timestamp_unit {
                TimestampUnit::Iso => json!(format_timestamp(at)),
                TimestampUnit::Seconds => json!(at.timestamp()),
                TimestampUnit::Milliseconds => json!(at.timestamp_millis()),
                TimestampUnit::Microseconds => json!(at.timestamp_micros()),
                TimestampUnit::Nanoseconds => json!(at.timestamp_micros() * 1000),
            };
            set(&mut event, &declared.event_type, json!("SelfTest"));
            set(&mut event, &declared.timestamp, time);
            for path in [&declared.event_id, &declared.aggregate].into_iter().flatten() {
                set(&mut event, path, json!(id));
            }
        }
    }
    edit(&mut event);
    event.to_string()
}

fn set(event: &mut Value, path: &FieldPath, value: Value) {
    let mut at = event;
    for name in path.names() {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        at = &mut at[name.as_str()];
    }
    *at = value;
}

/// The record with another last digit in its first number that is content.
fn last_digit(record: &str, mapping: &Mapping) -> Option<String> {
    if *mapping != Mapping::BuiltIn {
        return None;
    }
    let mut scanner = ObjectScanner::new();
    scanner.scan(record.as_bytes(), 0).ok()?;
    let last = scanner.members().iter().find_map(|member| match member.value {
        // A name that is escaped may be one of the envelope.
        MemberValue::Number(span)
            if !member.key.escaped
                && !ENVELOPE.contains(&member.key.span.of(record.as_bytes()))
                && span.of(record.as_bytes()).iter().all(u8::is_ascii_digit) =>
        {
            Some(span.end - 1)
        }
        _ => None,
    })?;
    let digit = if record.as_bytes()[last] == b'7' { "8" } else { "7" };
    Some(format!("{}{digit}{}", &record[..last], &record[last + 1..]))
}
