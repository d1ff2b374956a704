//! How two logs are compared: what `compare-logs` and the commands that make the same comparison have in common.

use std::collections::BTreeSet;
use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use jiff::fmt::friendly::SpanParser;
use jiff::{SignedDuration, SpanRelativeTo};

use crate::application::compare::profile::{IgnoreRule, Profile};
use crate::application::compare::settings::{Settings, Start};
use crate::application::mode_log::start_of_parallel_run;
use crate::cli::error::CliError;
use crate::cli::event_system::mode_changes;
use crate::cli::events::parse_bound;
use crate::cli::global::Context;
use crate::cli::mapping::MappingArgs;
use crate::infrastructure::config::compare_profile;
use crate::infrastructure::config::spec;
use crate::wire::mapping::Mapping;

/// How two logs are compared
#[derive(Debug, Args)]
pub struct ComparisonArgs {
    /// Ignore events before TIME; `all`: compare from the first event of either side on [default, where a legacy log
    /// is compared with one of the new system: the start of the parallel run, where that is recorded, or else the
    /// partner of the first event that the new system wrote]
    #[arg(long, value_name = "TIME|all")]
    since: Option<String>,

    /// Ignore events after TIME; a date alone is its whole day
    #[arg(long, value_name = "TIME")]
    until: Option<String>,

    /// Judge as if it were TIME: what is later is pending
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,

    /// How far the times of a pair may lie apart, once the clocks are set against each other
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = duration)]
    tolerance: TimeDelta,

    /// How far apart the same content is still one event, at another time
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = duration)]
    max_shift: TimeDelta,

    /// How far apart the clocks may be
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = duration)]
    max_offset: TimeDelta,

    /// How old an event must be to be judged where only one side has it
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    settle: TimeDelta,

    /// Disregard a field, for a reason; what agrees only because of it is counted apart
    #[arg(long, value_name = "FIELD[=REASON]")]
    ignore: Vec<String>,

    /// Read from FILE (TOML) which fields one side alone has, and which do not count
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,

    /// How much memory to use before going to a temporary file; besides, a few records (of up to 64 MiB) are held at once
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = size)]
    memory: usize,

    /// Read compressed logs also where they decode to more than 1 GiB and 200 times their size
    #[arg(long)]
    pub allow_expansion: bool,

    /// Put every event through the stages; the report is the same
    #[arg(long, hide = true)]
    no_shortcuts: bool,

    #[command(flatten)]
    mapping: MappingArgs,

    #[command(flatten)]
    control_mapping: ControlMapping,

    #[command(flatten)]
    candidate_mapping: CandidateMapping,
}

/// The flags of a mapping for one side; each wins over the one for both.
macro_rules! side_mapping {
    ($name:ident, $side:literal) => {
        #[doc = concat!("Where the fields of the ", $side, " stand")]
        #[derive(Debug, Args)]
        #[command(next_help_heading = "Logs of other systems")]
        pub struct $name {
            /// As --event-id, for this side
            #[arg(id = concat!($side, "_event_id"), long = concat!($side, "-event-id"), value_name = "PATH|none")]
            event_id: Option<String>,
            /// As --event-type, for this side
            #[arg(id = concat!($side, "_event_type"), long = concat!($side, "-event-type"), value_name = "PATH")]
            event_type: Option<String>,
            /// As --timestamp, for this side
            #[arg(id = concat!($side, "_timestamp"), long = concat!($side, "-timestamp"), value_name = "PATH")]
            timestamp: Option<String>,
            /// As --timestamp-unit, for this side
            #[arg(id = concat!($side, "_timestamp_unit"), long = concat!($side, "-timestamp-unit"), value_name = "UNIT")]
            timestamp_unit: Option<String>,
            /// As --aggregate, for this side
            #[arg(id = concat!($side, "_aggregate"), long = concat!($side, "-aggregate"), value_name = "PATH")]
            aggregate: Option<String>,
            /// As --records, for this side
            #[arg(id = concat!($side, "_records"), long = concat!($side, "-records"), value_name = "KEY")]
            records: Option<String>,
        }

        impl $name {
            fn flags(&self) -> [(&'static str, &'static str, &Option<String>); 6] {
                [
                    (spec::MAPPING_EVENT_ID, concat!("--", $side, "-event-id"), &self.event_id),
                    (spec::MAPPING_EVENT_TYPE, concat!("--", $side, "-event-type"), &self.event_type),
                    (spec::MAPPING_TIMESTAMP, concat!("--", $side, "-timestamp"), &self.timestamp),
                    (spec::MAPPING_TIMESTAMP_UNIT, concat!("--", $side, "-timestamp-unit"), &self.timestamp_unit),
                    (spec::MAPPING_AGGREGATE, concat!("--", $side, "-aggregate"), &self.aggregate),
                    (spec::MAPPING_RECORDS, concat!("--", $side, "-records"), &self.records),
                ]
            }
        }
    };
}

side_mapping!(ControlMapping, "control");
side_mapping!(CandidateMapping, "candidate");

impl ComparisonArgs {
    /// The settings of the comparison, which lists `limit` differences, `now` being the time where none is declared; of the types on the new system where the
    /// candidate is `the_configured_store`, and the profile names none.
    ///
    /// # Errors
    /// A time, a rule or the profile cannot be read.
    pub fn settings(
        &self,
        context: &Context,
        the_configured_store: bool,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<Settings, CliError> {
        let zone = context.config.timezone.value.clone();
        let bound = |name, text: &Option<String>, is_end| {
            text.as_deref().map(|text| parse_bound(name, text, is_end, &zone)).transpose()
        };
        let mut profile = match &self.profile {
            Some(file) => compare_profile::read(file)?,
            None => Profile::default(),
        };
        for rule in &self.ignore {
            let (field, reason) = rule.split_once('=').unwrap_or((rule, "no reason given"));
            if field.is_empty() || reason.is_empty() {
                return Err(CliError::usage(format!(
                    "bad --ignore: expected FIELD or FIELD=REASON, got {rule:?}"
                )));
            }
            if !profile.ignore.iter().any(|known| known.field == field) {
                profile.ignore.push(IgnoreRule { field: field.to_owned(), reason: reason.to_owned() });
            }
        }
        if the_configured_store && profile.event_types.is_empty() {
            profile.event_types = context.config.new_event_types_in_effect();
        }
        let as_of = bound("--as-of", &self.as_of, true)?;
        let compares_all = self.since.as_deref() == Some("all");
        let settings = Settings {
            since: if compares_all { None } else { bound("--since", &self.since, false)? },
            start: match compares_all {
                true => Start::FirstEvents,
                false => self.recorded_start(context, the_configured_store, &profile.event_types)?,
            },
            until: bound("--until", &self.until, true)?,
            as_of: as_of.unwrap_or(now),
            as_of_is_declared: as_of.is_some(),
            zone,
            profile,
            tolerance: self.tolerance,
            max_shift: self.max_shift,
            max_offset: self.max_offset,
            settle: self.settle,
            memory: self.memory,
            limit,
            shortcuts: !self.no_shortcuts,
            is_reported: false,
        };
        Ok(settings)
    }

    /// The start of the parallel run, where the candidate is the store that it writes to and its start is recorded.
    fn recorded_start(
        &self,
        context: &Context,
        the_configured_store: bool,
        types: &BTreeSet<String>,
    ) -> Result<Start, CliError> {
        if !the_configured_store || self.since.is_some() {
            return Ok(Start::Inferred);
        }
        let changes = mode_changes(&context.config)?;
        Ok(start_of_parallel_run(&changes, types).map_or(Start::Inferred, Start::Recorded))
    }

    /// Where the fields of each side stand, the control's first.
    ///
    /// # Errors
    /// A path or unit cannot be read, or something is declared and type or time are not.
    pub fn mappings(&self, context: &Context) -> Result<[Mapping; 2], CliError> {
        let side = |flags: [(&'static str, &'static str, &Option<String>); 6]| {
            let mut settings = self.mapping.settings(&context.config);
            for (key, flag, value) in flags {
                if let Some(value) = value {
                    settings.set(key, flag, value);
                }
            }
            Ok::<_, CliError>(settings.mapping()?)
        };
        Ok([side(self.control_mapping.flags())?, side(self.candidate_mapping.flags())?])
    }
}

/// Reads a length of time, as `500ms`, `2s`, `5m`, `1h 30m` or `1d`, which is 24 hours; at most 366 days. Rounded
/// down to microseconds, which timestamps are in.
fn duration(text: &str) -> Result<TimeDelta, String> {
    const LONGEST: SignedDuration = SignedDuration::from_hours(366 * 24);
    let length = SpanParser::new()
        .parse_span(text)
        .and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()))
        .ok()
        .filter(|length| !length.is_negative());
    match length {
        None => Err(format!("expected a length of time such as 500ms, 2s, 5m or 1h 30m, got {text:?}")),
        Some(length) if length > LONGEST => Err(format!("expected at most 366 days, got {text:?}")),
        Some(length) => {
            Ok(TimeDelta::seconds(length.as_secs())
                + TimeDelta::microseconds(i64::from(length.subsec_micros())))
        }
    }
}

/// Reads a size: `64MiB`, `1GiB`, `100000` (bytes).
fn size(text: &str) -> Result<usize, String> {
    let expected = || format!("expected a size such as 64MiB or 1GiB, got {text:?}");
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: usize = text[..digits].parse().map_err(|_| expected())?;
    let unit = match &text[digits..] {
        "" | "B" => 1,
        "KiB" | "K" => 1 << 10,
        "MiB" | "M" => 1 << 20,
        "GiB" | "G" => 1 << 30,
        _ => return Err(expected()),
    };
    const LEAST: usize = 16 << 20;
    let size = number.checked_mul(unit).ok_or_else(expected)?;
    if size < LEAST { Err(format!("expected at least 16MiB, got {text}")) } else { Ok(size) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_with_their_unit() {
        for (text, micros) in [
            ("0s", 0),
            ("70us", 70),
            ("500ms", 500_000),
            ("2s", 2_000_000),
            ("5m", 300_000_000),
            ("5min", 300_000_000),
            ("1h", 3_600_000_000),
            ("1h 30m", 5_400_000_000),
            ("1h30m", 5_400_000_000),
            ("1d", 86_400_000_000),
            ("1 s", 1_000_000),
            ("1.5s", 1_500_000),
            ("1999ns", 1),
            ("366d", 366 * 86_400_000_000),
        ] {
            assert_eq!(duration(text), Ok(TimeDelta::microseconds(micros)), "{text}");
        }
    }

    #[test]
    fn what_is_no_length_of_time_is_refused_with_what_is_expected() {
        for text in ["", "2", "s", "-1s", "1s ago", "1y", "1mo", "PT1S", "9999999999999999999s", "1é"] {
            let refusal = format!("expected a length of time such as 500ms, 2s, 5m or 1h 30m, got {text:?}");
            assert_eq!(duration(text), Err(refusal));
        }
        for text in ["400d", "366d 1us", "8785h"] {
            assert_eq!(duration(text), Err(format!("expected at most 366 days, got {text:?}")));
        }
    }

    #[test]
    fn sizes_are_read_with_their_unit() {
        assert_eq!(size("64MiB"), Ok(64 << 20));
        assert_eq!(size("1G"), Ok(1 << 30));
        for text in ["", "1", "64 MiB", "64mb", "-1GiB", "99999999999999999999GiB", "99999999999GiB"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
