//! The bounds of `events between`.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::cli::error::CliError;
use crate::cli::exit_code::ExitCode;
use crate::domain::event::format_timestamp;
use crate::infrastructure::config::{Setting, Source};
use crate::wire::local_time::{DstPolicy, LocalTimeResolver, TimeFlags};
use crate::wire::timestamp::{TimestampError, WrittenTimestamp};
use crate::wire::zone::Zone;

/// How long a date alone is; every other timestamp is longer.
const DATE_ALONE: usize = "YYYY-MM-DD".len();

type Placed = Result<(DateTime<Utc>, TimeFlags), TimestampError>;

/// Reads START and END; both are part of the range.
///
/// Times are placed like two timestamps of one log: where START is later in an hour that comes
/// twice, END is in its second turn.
pub fn parse(
    start: &str,
    end: &str,
    timezone: &Setting<Zone>,
) -> Result<(DateTime<Utc>, DateTime<Utc>), CliError> {
    let zone = &timezone.value;
    let mut clock = LocalTimeResolver::new(zone, DstPolicy::Resolve);
    let mut place = |name: &'static str, text: &str, whole_day: fn(&str, &Zone) -> Placed| {
        let placed = match WrittenTimestamp::parse(text) {
            Ok(_) if text.len() == DATE_ALONE => whole_day(text, zone),
            Ok(written) => clock.resolve(&written).inspect(|placed| warn_of_choice(name, text, placed, zone)),
            Err(error) => Err(error),
        };
        placed.map_err(|error| {
            CliError::new(ExitCode::Usage, anyhow::Error::new(error).context(format!("bad {name}")))
        })
    };
    let (start, start_flags) = place("START", start, beginning_of_day)?;
    let (end, end_flags) = place("END", end, end_of_day)?;
    let any_naive = (start_flags | end_flags).contains(TimeFlags::NAIVE);
    if any_naive && matches!(timezone.source, Source::Default { .. }) {
        let zone = zone.name();
        tracing::warn!("the setting timezone is not set: times without offset are read in {zone}");
    }
    if end < start {
        return Err(CliError::usage(format!(
            "expected END at or after START, got {} before {}: exchange them",
            format_timestamp(end),
            format_timestamp(start)
        )));
    }
    Ok((start, end))
}

/// Reads one bound of a range that is open at its other end.
pub fn parse_bound(
    name: &'static str,
    text: &str,
    is_end: bool,
    zone: &Zone,
) -> Result<DateTime<Utc>, CliError> {
    let placed = match WrittenTimestamp::parse(text) {
        Ok(_) if text.len() == DATE_ALONE && is_end => end_of_day(text, zone),
        _ => beginning_of_day(text, zone),
    };
    let bound = placed.inspect(|placed| warn_of_choice(name, text, placed, zone)).map_err(|error| {
        CliError::new(ExitCode::Usage, anyhow::Error::new(error).context(format!("bad {name}")))
    })?;
    Ok(bound.0)
}

fn warn_of_choice(name: &str, text: &str, (instant, flags): &(DateTime<Utc>, TimeFlags), zone: &Zone) {
    let oddity = if flags.contains(TimeFlags::AMBIGUOUS) {
        "comes twice"
    } else if flags.contains(TimeFlags::MISSING) {
        "does not exist"
    } else {
        return;
    };
    let (zone, taken) = (zone.name(), format_timestamp(*instant));
    tracing::warn!("{name} {text} {oddity} in {zone}: taken as {taken}; write it with its offset to choose");
}

/// The day's first moment: the earlier midnight where there are two, the end of the gap where there
/// is none.
fn beginning_of_day(date: &str, zone: &Zone) -> Placed {
    LocalTimeResolver::new(zone, DstPolicy::Resolve).resolve(&WrittenTimestamp::parse(date)?)
}

/// The microsecond before the next day begins: the time 23:59:59.999999 may come twice or never.
fn end_of_day(date: &str, zone: &Zone) -> Placed {
    match next_day(date) {
        Some(next) => beginning_of_day(&next, zone)
            .map(|(midnight, flags)| (midnight - TimeDelta::microseconds(1), flags)),
        None => beginning_of_day(&format!("{date}T23:59:59.999999"), zone),
    }
}

/// `None` on the last day that timestamps reach.
fn next_day(date: &str) -> Option<String> {
    let next = date.parse::<NaiveDate>().ok()?.succ_opt()?.to_string();
    (next.len() == DATE_ALONE).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infrastructure::zones::load_zone;

    fn in_zone(zone: &str, start: &str, end: &str) -> Result<(String, String), CliError> {
        let source = Source::Default { value: zone.to_owned() };
        let timezone = Setting { value: load_zone(zone).unwrap(), source };
        parse(start, end, &timezone).map(|(start, end)| (format_timestamp(start), format_timestamp(end)))
    }

    #[test]
    fn a_date_alone_stands_for_its_whole_day_on_the_local_calendar() {
        for (zone, day, first, last) in [
            ("UTC", "2025-10-21", "2025-10-21T00:00:00+00:00", "2025-10-21T23:59:59.999999+00:00"),
            ("Europe/Berlin", "2025-10-26", "2025-10-25T22:00:00+00:00", "2025-10-26T22:59:59.999999+00:00"),
            ("Europe/Berlin", "2025-03-30", "2025-03-29T23:00:00+00:00", "2025-03-30T21:59:59.999999+00:00"),
            // Midnight comes twice on the one day, and never on the other.
            ("America/Havana", "2025-11-01", "2025-11-01T04:00:00+00:00", "2025-11-02T03:59:59.999999+00:00"),
            ("America/Havana", "2025-03-08", "2025-03-08T05:00:00+00:00", "2025-03-09T04:59:59.999999+00:00"),
            ("UTC", "9999-12-31", "9999-12-31T00:00:00+00:00", "9999-12-31T23:59:59.999999+00:00"),
        ] {
            assert_eq!(in_zone(zone, day, day).unwrap(), (first.to_owned(), last.to_owned()), "{zone} {day}");
        }
    }

    #[test]
    fn a_time_is_the_instant_that_it_says() {
        let (start, end) = in_zone("Europe/Berlin", "2025-10-20 08:00", "2025-10-20T08:00:00.5z").unwrap();
        assert_eq!(start, "2025-10-20T06:00:00+00:00");
        assert_eq!(end, "2025-10-20T08:00:00.500000+00:00");
    }

    #[test]
    fn in_an_hour_that_comes_twice_an_end_before_the_start_is_in_its_second_turn() {
        let (start, end) = in_zone("Europe/Berlin", "2025-10-26T02:50", "2025-10-26T02:10").unwrap();
        assert_eq!(start, "2025-10-26T00:50:00+00:00");
        assert_eq!(end, "2025-10-26T01:10:00+00:00");
    }

    #[test]
    fn a_range_that_ends_before_it_starts_is_refused() {
        let error = in_zone("UTC", "2025-10-21", "2025-10-20").unwrap_err();
        assert_eq!(error.exit_code(), ExitCode::Usage);
        assert!(in_zone("UTC", "2025-10-21T10:00", "2025-10-21T10:00").is_ok());
    }
}
