//! Timestamps as events write them: read from text, not yet placed on the UTC line.
//!
//! Read are RFC 3339 and its unambiguous neighbours, as Python and PostgreSQL write them: a space or a
//! lower-case `t` and `z`, no seconds, `,` before the fraction, offsets `+HHMM` and `+HH`, no offset at all,
//! a date alone. What has a second reading elsewhere (week dates, ordinal dates, `24:00`) is refused, never guessed.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use thiserror::Error;

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z: what RFC 3339 can print in UTC.
const PRINTABLE_MICROS: std::ops::RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_300_799_999_999;
/// How much of a refused text an error repeats; a log can hold a megabyte where a timestamp belongs.
const QUOTED_CHARACTERS: usize = 40;

/// A timestamp as written: read, but not yet placed on the UTC line, because its offset may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WrittenTimestamp {
    civil_micros: i64,
    offset_seconds: Option<i32>,
    leap_second: bool,
}

impl WrittenTimestamp {
    /// Reads one timestamp. The whole text must be the timestamp: surrounding blanks are refused.
    ///
    /// # Errors
    /// Says which part was expected in which form. Whether `:60` is a leap second, and whether the instant lies
    /// within the years 0001 to 9999, shows only once the offset is known: see [`at_offset`](Self::at_offset).
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        Self::parse_after(&mut LastDate::default(), text)
    }

    /// As [`parse`](Self::parse), of a timestamp that may well be of the same date as the last one.
    #[inline]
    pub(super) fn parse_after(last: &mut LastDate, text: &str) -> Result<Self, TimestampError> {
        read(text.as_bytes(), last).map_err(|refuse| refuse(excerpt(text)))
    }

    /// A time that was written as a number, in UTC; `None` outside the years 0001 to 9999.
    pub(super) fn from_unix_micros(micros: i64) -> Option<Self> {
        let is_printable = PRINTABLE_MICROS.contains(&micros);
        is_printable.then_some(Self { civil_micros: micros, offset_seconds: Some(0), leap_second: false })
    }

    /// The date and time as written, in microseconds since 1970-01-01T00:00:00 of its own calendar, whatever the
    /// offset. Further digits of the fraction are cut off, which is the floor on either side of 1970.
    /// Second 60 counts as second 0 of the next minute. A pure function of the text.
    pub fn civil_micros(&self) -> i64 {
        self.civil_micros
    }

    /// The written offset in seconds east of UTC; `None` where none is written. `-00:00` is zero.
    pub fn offset_seconds(&self) -> Option<i32> {
        self.offset_seconds
    }

    /// True where no offset is written, so that only a time zone can place it.
    pub fn is_naive(&self) -> bool {
        self.offset_seconds.is_none()
    }

    /// True where the second is written as 60.
    pub fn is_leap_second(&self) -> bool {
        self.leap_second
    }

    /// The instant, if local time is `offset_seconds` ahead of UTC. A leap second is the second after it.
    ///
    /// # Errors
    /// `:60` anywhere but at 23:59 UTC; an instant outside the years 0001 to 9999 in UTC, which could not be
    /// printed as RFC 3339 again.
    pub fn at_offset(&self, offset_seconds: i32) -> Result<DateTime<Utc>, TimestampError> {
        self.at_offset_after(&mut LastDay::default(), offset_seconds)
    }

    /// As [`at_offset`](Self::at_offset), of an instant that may well be on the same day as the last one.
    // Read for each event; other callers make the compiler put it apart.
    #[inline(always)]
    pub(super) fn at_offset_after(
        &self,
        last: &mut LastDay,
        offset_seconds: i32,
    ) -> Result<DateTime<Utc>, TimestampError> {
        let micros = self.civil_micros - i64::from(offset_seconds) * MICROS_PER_SECOND;
        if self.leap_second && micros.div_euclid(MICROS_PER_SECOND).rem_euclid(SECONDS_PER_DAY) != 0 {
            return Err(TimestampError::LeapSecondElsewhere(civil_time(micros - MICROS_PER_SECOND)));
        }
        let instant = if PRINTABLE_MICROS.contains(&micros) { last.instant(micros) } else { None };
        instant.ok_or_else(|| TimestampError::OutOfRange { local: self.civil_time(), offset_seconds })
    }

    /// The second to ask a time zone about, since 1970-01-01T00:00:00 of the timestamp's own calendar:
    /// second 60 still belongs to the minute that it ends.
    pub(super) fn civil_second(&self) -> i64 {
        self.civil_micros.div_euclid(MICROS_PER_SECOND) - i64::from(self.leap_second)
    }

    /// For error messages.
    pub(super) fn civil_time(&self) -> NaiveDateTime {
        civil_time(self.civil_micros)
    }
}

/// For the microseconds of a date that was read, give or take a day: far inside the years that chrono can hold.
fn civil_time(micros: i64) -> NaiveDateTime {
    DateTime::UNIX_EPOCH.naive_utc() + TimeDelta::microseconds(micros)
}

/// Why a timestamp is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TimestampError {
    /// The date is written in a form that is not read.
    #[error(
        "expected a date as YYYY-MM-DD (week dates, ordinal dates and the basic format are not read), got {0}"
    )]
    DateForm(String),
    /// The calendar has no such date.
    #[error("expected a date that exists, from 0001-01-01 to 9999-12-31, got {0}")]
    NoSuchDate(String),
    /// The time is written in a form that is not read.
    #[error(
        "expected nothing after the date, or \"T\" or a space and a time as HH:MM, HH:MM:SS or HH:MM:SS.fraction, got {0}"
    )]
    TimeForm(String),
    /// The day has no such time.
    #[error("expected a time from 00:00:00 to 23:59:59 (24:00 is 00:00 of the next day), got {0}")]
    NoSuchTime(String),
    /// The offset is written in a form that is not read.
    #[error("expected nothing after the time, or an offset as Z, +HH:MM, +HHMM or +HH, got {0}")]
    OffsetForm(String),
    /// The offset is larger than any zone has.
    #[error("expected an offset from -23:59 to +23:59 with minutes up to 59, got {0}")]
    NoSuchOffset(String),
    /// Second 60 stands where no leap second is.
    #[error("expected second 60 only at 23:59 UTC, where leap seconds are, got it at {}", .0.format("%Y-%m-%dT%H:%M UTC"))]
    LeapSecondElsewhere(NaiveDateTime),
    /// The instant is in no year that can be stored.
    #[error(
        "expected an instant in the years 0001 to 9999 of UTC, got {local} at {offset_seconds} seconds east of UTC"
    )]
    OutOfRange {
        /// The local time.
        local: NaiveDateTime,
        /// Seconds east of UTC.
        offset_seconds: i32,
    },
    /// The zone has the local time twice, and such times are refused.
    #[error(
        "expected a local time that comes once, got {local}, which {zone} has twice; write it with its offset (records of a log can be placed by rule: --dst resolve)"
    )]
    AmbiguousLocalTime {
        /// The local time.
        local: NaiveDateTime,
        /// The name of the zone.
        zone: String,
    },
    /// The zone skips the local time, and such times are refused.
    #[error(
        "expected a local time that exists, got {local}, which {zone} skips; write it with its offset (records of a log can be placed by rule: --dst resolve)"
    )]
    MissingLocalTime {
        /// The local time.
        local: NaiveDateTime,
        /// The name of the zone.
        zone: String,
    },
}

/// The day in UTC of the last instant: the next one is mostly on the same, and need not be converted.
#[derive(Debug, Default)]
pub(super) struct LastDay(Option<(i64, NaiveDate)>);

impl LastDay {
    /// The instant so many microseconds after the epoch; `None` far beyond the years 0001 to 9999.
    #[inline]
    fn instant(&mut self, micros: i64) -> Option<DateTime<Utc>> {
        const MICROS_PER_DAY: i64 = SECONDS_PER_DAY * MICROS_PER_SECOND;
        let (day, of_day) = (micros.div_euclid(MICROS_PER_DAY), micros.rem_euclid(MICROS_PER_DAY));
        let date = match self.0 {
            Some((last, date)) if last == day => date,
            _ => {
                let date = DateTime::from_timestamp_micros(micros)?.date_naive();
                self.0 = Some((day, date));
                date
            }
        };
        let (seconds, micros) = (of_day / MICROS_PER_SECOND, of_day % MICROS_PER_SECOND);
        let time = NaiveTime::from_num_seconds_from_midnight_opt(seconds as u32, micros as u32 * 1000)?;
        Some(date.and_time(time).and_utc())
    }
}

/// The date that was read last: the next one is mostly the same, and need not be read.
#[derive(Debug, Default)]
pub(super) struct LastDate(Option<([u8; 10], i64)>);

/// An error that still lacks the text to quote, so that the readers below need not carry it along.
type Refusal = fn(String) -> TimestampError;

#[inline]
fn read(text: &[u8], last: &mut LastDate) -> Result<WrittenTimestamp, Refusal> {
    let (day, rest) = match (last.0, text.split_first_chunk()) {
        (Some((date, day)), Some((first, rest))) if date == *first => (day, rest),
        (_, first) => {
            let (day, rest) = read_date(text)?;
            last.0 = first.map(|(first, _)| (*first, day));
            (day, rest)
        }
    };
    let midnight = day * SECONDS_PER_DAY * MICROS_PER_SECOND;
    if rest.is_empty() {
        return Ok(WrittenTimestamp { civil_micros: midnight, offset_seconds: None, leap_second: false });
    }
    let (time, rest) = read_time(rest)?;
    Ok(WrittenTimestamp {
        civil_micros: midnight + time.micros,
        offset_seconds: read_offset(rest)?,
        leap_second: time.leap_second,
    })
}

/// Days since 1970-01-01, and what follows the date.
fn read_date(text: &[u8]) -> Result<(i64, &[u8]), Refusal> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, rest @ ..] = text else {
        return Err(TimestampError::DateForm);
    };
    let (Some(year), Some(month), Some(day)) =
        (number([*y1, *y2, *y3, *y4]), number([*m1, *m2]), number([*d1, *d2]))
    else {
        return Err(TimestampError::DateForm);
    };
    match NaiveDate::from_ymd_opt(year as i32, month, day) {
        Some(date) if year > 0 => Ok((i64::from(date.to_epoch_days()), rest)),
        _ => Err(TimestampError::NoSuchDate),
    }
}

struct TimeOfDay {
    /// Since midnight.
    micros: i64,
    leap_second: bool,
}

#[inline]
fn read_time(text: &[u8]) -> Result<(TimeOfDay, &[u8]), Refusal> {
    if let Some((first, rest)) = text.split_first_chunk()
        && !rest.first().is_some_and(u8::is_ascii_digit)
        && let Some(micros) = micros_of_usual_time(first)
    {
        return Ok((TimeOfDay { micros, leap_second: false }, rest));
    }
    read_any_time(text)
}

/// The time as programs mostly write it, `T12:34:56.123456`; `None` where it is another one.
#[inline]
fn micros_of_usual_time(text: &[u8; 16]) -> Option<i64> {
    const FORM: &[u8; 16] = b"T00:00:00.000000";
    let mut digits = [0; FORM.len()];
    let mut is_usual = true;
    // No branch between the bytes, so that all are looked at together.
    for at in 0..FORM.len() {
        digits[at] = text[at].wrapping_sub(FORM[at]);
        is_usual &= digits[at] <= if FORM[at] == b'0' { 9 } else { 0 };
    }
    let number = |range: std::ops::Range<usize>| {
        digits[range].iter().fold(0, |number, &digit| number * 10 + i64::from(digit))
    };
    let (hour, minute, second) = (number(1..3), number(4..6), number(7..9));
    is_usual &= (hour < 24) & (minute < 60) & (second < 60);
    is_usual.then(|| (hour * 3600 + minute * 60 + second) * MICROS_PER_SECOND + number(10..16))
}

fn read_any_time(text: &[u8]) -> Result<(TimeOfDay, &[u8]), Refusal> {
    let [b'T' | b't' | b' ', h1, h2, b':', m1, m2, rest @ ..] = text else {
        return Err(TimestampError::TimeForm);
    };
    let (Some(hour), Some(minute)) = (number([*h1, *h2]), number([*m1, *m2])) else {
        return Err(TimestampError::TimeForm);
    };
    let (second, fraction, rest) = match rest {
        [b':', s1, s2, rest @ ..] => {
            let second = number([*s1, *s2]).ok_or(TimestampError::TimeForm as Refusal)?;
            let (fraction, rest) = read_fraction(rest)?;
            (second, fraction, rest)
        }
        [b':', ..] => return Err(TimestampError::TimeForm),
        rest => (0, 0, rest),
    };
    if hour > 23 || minute > 59 || second > 60 {
        return Err(TimestampError::NoSuchTime);
    }
    let seconds = i64::from(hour * 3600 + minute * 60 + second);
    Ok((TimeOfDay { micros: seconds * MICROS_PER_SECOND + fraction, leap_second: second == 60 }, rest))
}

/// Microseconds, cut off after six digits. No fraction is zero; a point without digits is an error.
fn read_fraction(text: &[u8]) -> Result<(i64, &[u8]), Refusal> {
    let [b'.' | b',', digits @ ..] = text else {
        return Ok((0, text));
    };
    let length = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    if length == 0 {
        return Err(TimestampError::TimeForm);
    }
    let (digits, rest) = digits.split_at(length);
    let micros = (0..6)
        .fold(0, |micros, place| micros * 10 + digits.get(place).map_or(0, |digit| i64::from(digit - b'0')));
    Ok((micros, rest))
}

fn read_offset(text: &[u8]) -> Result<Option<i32>, Refusal> {
    let (sign, hours, minutes) = match text {
        [] => return Ok(None),
        b"+00:00" => return Ok(Some(0)),
        [b'Z' | b'z'] => return Ok(Some(0)),
        [sign @ (b'+' | b'-'), h1, h2] => (sign, number([*h1, *h2]), Some(0)),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] | [sign @ (b'+' | b'-'), h1, h2, m1, m2] => {
            (sign, number([*h1, *h2]), number([*m1, *m2]))
        }
        _ => return Err(TimestampError::OffsetForm),
    };
    let (Some(hours), Some(minutes)) = (hours, minutes) else {
        return Err(TimestampError::OffsetForm);
    };
    if hours > 23 || minutes > 59 {
        return Err(TimestampError::NoSuchOffset);
    }
    let seconds = (hours * 3600 + minutes * 60) as i32;
    Ok(Some(if *sign == b'-' { -seconds } else { seconds }))
}

/// The number that ASCII digits spell; `None` where another byte is among them.
fn number<const DIGITS: usize>(digits: [u8; DIGITS]) -> Option<u32> {
    digits
        .into_iter()
        .try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0')))
}

/// The text in quotes, cut after its first characters, with control characters made visible.
#[cold]
fn excerpt(text: &str) -> String {
    match text.char_indices().nth(QUOTED_CHARACTERS) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}...", &text[..end]),
    }
}

#[cfg(test)]
mod tests;
