//! Definitions are read from JSON: what may be absent gets its default, and what is not allowed is named.

use std::time::Duration;

use jiff::civil::Weekday;
use serde_json::{Map, Value};

use super::error::InvalidDefinition;
use super::fields::Fields;
use super::model::{Definition, FileChange, FileSource, RateLimit, Schedule, Source, UnknownKeys};
use super::name_pattern::glob_of;
use super::schedule::{self, EXPECTED_DAYS, EXPECTED_DURATION, EXPECTED_TIME, LONGEST};
use crate::legacy::exact_json::{self, Inexact};
use crate::legacy::path_text;

const EXPECTED_ID: &str = "a text of one or more characters, without control characters";
const EXPECTED_HANDLER: &str =
    "the dotted name of a handler, of letters, digits and _, as \"handlers.briefing_updated.run\"";
const EXPECTED_SOURCE: &str = "an object that says what is watched";
const EXPECTED_TYPE: &str = "\"file_system\" or \"time_based\"";
const EXPECTED_CHANGES: &str = "a list of one or more of created, modified, deleted, moved";
const EXPECTED_PATTERNS: &str = "a list of patterns of file names, as \"*.md\"";
const EXPECTED_SCHEDULE: &str =
    "one of {\"interval\": \"30m\"}, {\"time\": \"09:00\"} and {\"days\": [\"monday\"], \"time\": \"09:00\"}";
const EXPECTED_INTERVAL: &str = "`interval`, or `seconds`, `minutes` or `hours` in whole numbers, of at least a second and at \
                                 most 3155760000 seconds (100 years) in all, for an interval";
const EXPECTED_POLL: &str = "a whole number of seconds, from 1 to 3155760000 (100 years)";
const EXPECTED_WINDOW: &str = "a number of seconds, from 0 to 86400";

/// No window is longer: a day.
const LONGEST_WINDOW: f64 = 86_400.0;
/// The units that an interval of the scheduler's spelling is counted in, in seconds.
const SCHEDULER_UNITS: [(&str, u64); 3] = [("seconds", 1), ("minutes", 60), ("hours", 3_600)];

impl Definition {
    /// Reads a definition.
    ///
    /// # Errors
    /// It is none; the error names the field and what is allowed there.
    pub fn from_json(text: &str) -> Result<Self, InvalidDefinition> {
        match exact_json::read(text.as_bytes()) {
            Ok(value) => Self::from_value(value),
            Err(Inexact { line, byte, reason }) => {
                Err(InvalidDefinition::Syntax(format!("line {line}, byte {byte}: {reason}")))
            }
        }
    }

    /// As [`from_json`](Self::from_json), of what was read already.
    ///
    /// # Errors
    /// As there.
    pub fn from_value(value: Value) -> Result<Self, InvalidDefinition> {
        let Value::Object(map) = value else { return Err(InvalidDefinition::not_an_object(&value)) };
        let mut fields = Fields::of_definition(map);
        let mut unknown = UnknownKeys::default();
        let id = fields.required_as("id", EXPECTED_ID, label)?;
        let name = fields.optional_as("name", "a text", text)?.unwrap_or_else(|| id.clone());
        let source = source(&mut fields, &mut unknown.source)?;
        let handler = fields.required_as("handler", EXPECTED_HANDLER, handler_name)?;
        let is_enabled = fields.optional_as("enabled", "true or false", Value::as_bool)?.unwrap_or(true);
        let rate_limit = rate_limit(&mut fields, &mut unknown.rate_limit)?;
        let metadata = fields.optional_as("metadata", "an object", |value| value.as_object().cloned())?;
        unknown.definition = fields.left();
        let metadata = metadata.unwrap_or_default();
        Ok(Self { id, name, source, handler, is_enabled, rate_limit, metadata, unknown })
    }
}

fn source(fields: &mut Fields, unknown: &mut Map<String, Value>) -> Result<Source, InvalidDefinition> {
    let is_of_files = fields.required_as("type", EXPECTED_TYPE, |value| match value.as_str()? {
        "file_system" => Some(true),
        "time_based" => Some(false),
        _ => None,
    })?;
    let source = fields.required("source", EXPECTED_SOURCE)?;
    let mut source = Fields::of_field("source", source, EXPECTED_SOURCE)?;
    let read = if is_of_files {
        Source::Files(file_source(&mut source)?)
    } else {
        Source::Times(schedule_of(&mut source)?)
    };
    *unknown = source.left();
    Ok(read)
}

fn file_source(source: &mut Fields) -> Result<FileSource, InvalidDefinition> {
    let path = source.required_as("path", "the path of a folder or a file", label)?;
    let changes = source.required_as("events", EXPECTED_CHANGES, |value| {
        some_of_each(value, |word| FileChange::ALL.into_iter().find(|change| change.as_str() == word))
    })?;
    let patterns = match source.optional("patterns") {
        Some(value) => patterns(&source.path("patterns"), &value)?,
        None => Vec::new(),
    };
    let poll_seconds = source.optional_as("poll_seconds", EXPECTED_POLL, |value| {
        value.as_u64().filter(|seconds| (1..=LONGEST.as_secs()).contains(seconds))
    })?;
    Ok(FileSource { path: path_text::path_of(&path), changes, patterns, poll_seconds })
}

fn patterns(field: &str, value: &Value) -> Result<Vec<String>, InvalidDefinition> {
    let refused = |expected: String| InvalidDefinition::field(field, expected, value);
    let read = |element: &Value| {
        let pattern = element.as_str().ok_or_else(|| refused(EXPECTED_PATTERNS.to_owned()))?;
        glob_of(pattern)
            .map_err(|reason| refused(format!("{EXPECTED_PATTERNS} ({pattern:?} is none: {reason})")))?;
        Ok(pattern.to_owned())
    };
    value.as_array().ok_or_else(|| refused(EXPECTED_PATTERNS.to_owned()))?.iter().map(read).collect()
}

fn schedule_of(source: &mut Fields) -> Result<Schedule, InvalidDefinition> {
    let kind = source.optional_as("type", "\"daily\", \"weekly\" or \"interval\"", |kind| {
        match kind.as_str()? {
            "interval" => Some(Kind::Interval),
            "daily" => Some(Kind::Daily),
            "weekly" => Some(Kind::Weekly),
            _ => None,
        }
    })?;
    let in_units = SCHEDULER_UNITS.iter().any(|(name, _)| source.has(name));
    let is_interval = source.has("interval") || (kind == Some(Kind::Interval) && in_units);
    // What a source says twice would be read by halves.
    match (kind, is_interval, source.has("days"), source.has("time")) {
        (None | Some(Kind::Interval), true, false, false) => Ok(Schedule::Interval(interval(source)?)),
        (None | Some(Kind::Daily), false, false, true) => Ok(Schedule::Daily(time_of(source)?)),
        (None | Some(Kind::Weekly), false, true, true) => {
            let days = source.required_as("days", EXPECTED_DAYS, days)?;
            Ok(Schedule::Weekly(days, time_of(source)?))
        }
        _ => {
            let expected = match kind {
                None => EXPECTED_SCHEDULE,
                Some(Kind::Interval) => EXPECTED_INTERVAL,
                Some(Kind::Daily) => "`time`, and no `days` or `interval`, for a daily time",
                Some(Kind::Weekly) => "`days` and `time`, and no `interval`, for a weekly time",
            };
            Err(InvalidDefinition::field("source", expected, &source.as_value()))
        }
    }
}

/// The scheduler's word for what a source of times says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Interval,
    Daily,
    Weekly,
}

fn interval(source: &mut Fields) -> Result<Duration, InvalidDefinition> {
    let all = source.as_value();
    let whole =
        source.optional_as("interval", EXPECTED_DURATION, |value| schedule::duration(value.as_str()?))?;
    let mut seconds = whole.map_or(0, |whole| whole.as_secs());
    for (name, in_seconds) in SCHEDULER_UNITS {
        let part = source.optional_as(name, "a whole number", Value::as_u64)?;
        seconds = seconds.saturating_add(part.unwrap_or(0).saturating_mul(in_seconds));
    }
    if seconds == 0 || seconds > LONGEST.as_secs() {
        return Err(InvalidDefinition::field("source", EXPECTED_INTERVAL, &all));
    }
    Ok(Duration::from_secs(seconds))
}

fn time_of(source: &mut Fields) -> Result<jiff::civil::Time, InvalidDefinition> {
    source.required_as("time", EXPECTED_TIME, |value| schedule::time(value.as_str()?))
}

fn days(value: &Value) -> Option<Vec<Weekday>> {
    some_of_each(value, schedule::day)
}

/// The elements of a list of words, each once, and never none.
fn some_of_each<T: PartialEq>(value: &Value, read: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    let mut elements = Vec::new();
    for word in value.as_array()? {
        let element = read(word.as_str()?)?;
        if !elements.contains(&element) {
            elements.push(element);
        }
    }
    (!elements.is_empty()).then_some(elements)
}

fn rate_limit(fields: &mut Fields, unknown: &mut Map<String, Value>) -> Result<RateLimit, InvalidDefinition> {
    let mut limit = RateLimit::default();
    let Some(value) = fields.optional("rate_limit") else { return Ok(limit) };
    let expected = "an object with max_per_minute and batch_window_seconds";
    let mut fields = Fields::of_field("rate_limit", value, expected)?;
    let most = fields.optional_as("max_per_minute", "a whole number, from 1 to 4294967295", |value| {
        u32::try_from(value.as_u64()?).ok().filter(|most| *most > 0)
    })?;
    let window = fields.optional_as("batch_window_seconds", EXPECTED_WINDOW, |value| {
        let seconds = value.as_f64().filter(|seconds| (0.0..=LONGEST_WINDOW).contains(seconds))?;
        Duration::try_from_secs_f64(seconds).ok()
    })?;
    limit.max_per_minute = most.unwrap_or(limit.max_per_minute);
    limit.batch_window = window.unwrap_or(limit.batch_window);
    *unknown = fields.left();
    Ok(limit)
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// A text that names something on one line.
fn label(value: &Value) -> Option<String> {
    text(value).filter(|text| !text.trim().is_empty() && !text.contains(char::is_control))
}

fn handler_name(value: &Value) -> Option<String> {
    let is_part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_');
    text(value).filter(|name| name.contains('.') && name.split('.').all(is_part))
}
