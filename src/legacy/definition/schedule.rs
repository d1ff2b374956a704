//! How durations, times of day and days of the week are spelled.

use std::time::Duration;

use jiff::civil::{Time, Weekday};

const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];
const DAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

/// No interval is longer, so that times can be reckoned with it: 36,525 days, which are 100 years.
pub(super) const LONGEST: Duration = Duration::from_secs(3_155_760_000);

/// What a duration is, for messages.
pub(super) const EXPECTED_DURATION: &str = "a whole number of s, m, h or d, or several of them, as \"30m\" or \"1h30m\", of at least 1s and at most 36525d (100 years)";
/// The same of a time of day.
pub(super) const EXPECTED_TIME: &str = "a time of day, as \"09:00\" or \"09:00:30\"";
/// The same of days.
pub(super) const EXPECTED_DAYS: &str =
    "a list of one or more of monday, tuesday, wednesday, thursday, friday, saturday, sunday";

/// Reads `90s`, `30m`, `1h30m`; longer than nothing, and not longer than [`LONGEST`].
pub(super) fn duration(text: &str) -> Option<Duration> {
    let mut seconds: u64 = 0;
    let mut rest: &str = &text.split_whitespace().collect::<String>();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        let unit = rest[digits..].chars().next()?;
        let (_, in_seconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
        seconds = seconds.checked_add(number.checked_mul(*in_seconds)?)?;
        rest = &rest[digits + unit.len_utf8()..];
    }
    let duration = Duration::from_secs(seconds);
    (!duration.is_zero() && duration <= LONGEST).then_some(duration)
}

/// As [`duration`] reads it, in the largest units that fit.
pub(super) fn duration_text(duration: Duration) -> String {
    let mut left = duration.as_secs();
    let mut text = String::new();
    for (unit, in_seconds) in UNITS {
        if left >= in_seconds {
            text.push_str(&format!("{}{unit}", left / in_seconds));
            left %= in_seconds;
        }
    }
    text
}

/// Reads `09:00`, `9:00` or `09:00:30`.
pub(super) fn time(text: &str) -> Option<Time> {
    let text = text.trim();
    Time::strptime("%H:%M", text).or_else(|_| Time::strptime("%H:%M:%S", text)).ok()
}

/// As [`time`] reads it.
pub(super) fn time_text(time: Time) -> String {
    let format = if time.second() == 0 { "%H:%M" } else { "%H:%M:%S" };
    time.strftime(format).to_string()
}

/// Reads `monday` or `mon`, in letters of either case.
pub(super) fn day(text: &str) -> Option<Weekday> {
    let text = text.trim().to_lowercase();
    DAYS.iter().find(|(name, _)| *name == text || name[..3] == *text).map(|(_, day)| *day)
}

/// As [`day`] reads it.
pub(super) fn day_text(day: Weekday) -> &'static str {
    DAYS[usize::from(day.to_monday_zero_offset().unsigned_abs())].0
}
