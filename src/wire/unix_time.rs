//! Times as numbers: counted since 1970-01-01T00:00:00Z in a unit that is declared, never guessed.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::wire::timestamp::WrittenTimestamp;

/// How the timestamps of a log are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimestampUnit {
    /// As text: ISO 8601, RFC 3339.
    #[default]
    Iso,
    /// As a number of seconds since 1970 in UTC; a fraction counts.
    Seconds,
    /// As a number of milliseconds.
    Milliseconds,
    /// As a number of microseconds.
    Microseconds,
    /// As a number of nanoseconds.
    Nanoseconds,
}

impl TimestampUnit {
    /// Every unit.
    pub const ALL: [Self; 5] =
        [Self::Iso, Self::Seconds, Self::Milliseconds, Self::Microseconds, Self::Nanoseconds];

    /// As settings and flags name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Iso => "iso",
            Self::Seconds => "s",
            Self::Milliseconds => "ms",
            Self::Microseconds => "us",
            Self::Nanoseconds => "ns",
        }
    }

    /// The power of ten that makes microseconds of it.
    fn power(self) -> i64 {
        match self {
            Self::Seconds => 6,
            Self::Milliseconds => 3,
            Self::Iso | Self::Microseconds => 0,
            Self::Nanoseconds => -3,
        }
    }
}

impl fmt::Display for TimestampUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The unit is not one of those that are known.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected iso, s, ms, us or ns")]
pub struct UnknownUnit;

impl FromStr for TimestampUnit {
    type Err = UnknownUnit;

    fn from_str(text: &str) -> Result<Self, UnknownUnit> {
        Self::ALL.into_iter().find(|unit| unit.name() == text).ok_or(UnknownUnit)
    }
}

/// Why a text is not a time in its unit.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UnixTimeError {
    /// It is not a decimal number.
    #[error("expected a number of {unit} since 1970, got {text:?}")]
    NotANumber {
        /// The declared unit.
        unit: TimestampUnit,
        /// The beginning of the text.
        text: String,
    },
    /// The instant is one that no timestamp can write.
    #[error(
        "expected an instant in the years 0001 to 9999, got {text} {unit} since 1970: is the unit another?"
    )]
    OutOfRange {
        /// The declared unit.
        unit: TimestampUnit,
        /// The beginning of the text.
        text: String,
    },
}

/// Reads a JSON number of `unit` since 1970: exactly, then floored to microseconds.
pub(super) fn parse(text: &str, unit: TimestampUnit) -> Result<WrittenTimestamp, UnixTimeError> {
    const QUOTED_CHARACTERS: usize = 40;
    let excerpt = || text.chars().take(QUOTED_CHARACTERS).collect::<String>();
    let decimal = Decimal::read(text).ok_or_else(|| UnixTimeError::NotANumber { unit, text: excerpt() })?;
    decimal
        .floor_at(unit.power())
        .and_then(WrittenTimestamp::from_unix_micros)
        .ok_or_else(|| UnixTimeError::OutOfRange { unit, text: excerpt() })
}

/// A decimal number: its digits, and where its point stands.
struct Decimal<'t> {
    negative: bool,
    whole: &'t [u8],
    fraction: &'t [u8],
    exponent: i64,
}

impl<'t> Decimal<'t> {
    /// Reads what JSON calls a number.
    fn read(text: &'t str) -> Option<Self> {
        let (negative, rest) = match text.as_bytes() {
            [b'-', rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        let (whole, rest) = digits(rest)?;
        if whole.len() > 1 && whole.starts_with(b"0") {
            return None;
        }
        let (fraction, rest) = match rest {
            [b'.', rest @ ..] => digits(rest)?,
            rest => (&[][..], rest),
        };
        let exponent = match rest {
            [] => 0,
            [b'e' | b'E', b'-', rest @ ..] => -exponent(rest)?,
            [b'e' | b'E', b'+', rest @ ..] | [b'e' | b'E', rest @ ..] => exponent(rest)?,
            _ => return None,
        };
        Some(Self { negative, whole, fraction, exponent })
    }

    /// The greatest integer that is not above the number times ten to the `power`; `None` where that
    /// is beyond 64 bits.
    fn floor_at(&self, power: i64) -> Option<i64> {
        let point = self.whole.len() as i64 + self.exponent + power;
        let mut magnitude: i64 = 0;
        let mut is_cut = false;
        let all = self.whole.iter().chain(self.fraction).map(|digit| i64::from(digit - b'0'));
        let count = (self.whole.len() + self.fraction.len()) as i64;
        for (place, digit) in (0..).zip(all) {
            if place < point {
                magnitude = magnitude.checked_mul(10)?.checked_add(digit)?;
            } else {
                is_cut |= digit != 0;
            }
        }
        // A zero stays zero however many more are put after it.
        for _ in count..if magnitude == 0 { count } else { point } {
            magnitude = magnitude.checked_mul(10)?;
        }
        Some(if self.negative { -magnitude - i64::from(is_cut) } else { magnitude })
    }
}

/// At least one digit, and what follows.
fn digits(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    (length > 0).then(|| text.split_at(length))
}

/// Beyond a length that no record has, all exponents are alike.
fn exponent(text: &[u8]) -> Option<i64> {
    const LARGEST: i64 = 1 << 40;
    let (digits, []) = digits(text)? else {
        return None;
    };
    Some(digits.iter().fold(0, |value: i64, digit| (value * 10 + i64::from(digit - b'0')).min(LARGEST)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(text: &str, unit: &str) -> Result<i64, UnixTimeError> {
        parse(text, unit.parse().unwrap()).map(|time| time.civil_micros())
    }

    #[test]
    fn a_number_is_taken_in_its_unit_and_floored_to_microseconds() {
        for (text, unit, expected) in [
            ("1761386400", "s", 1_761_386_400_000_000),
            ("1761386400", "ms", 1_761_386_400_000),
            ("1761386400", "us", 1_761_386_400),
            ("1761386400", "ns", 1_761_386),
            ("0", "s", 0),
            ("-0", "s", 0),
            ("-1", "ns", -1),
            ("-1000", "ns", -1),
            ("-1001", "ns", -2),
            ("1.5", "us", 1),
            ("-1.5", "us", -2),
            ("-0.0000001", "s", -1),
            ("0e999999999999999999999", "s", 0),
            ("1e-999999999999999999999", "s", 0),
            ("-1e-999999999999999999999", "s", -1),
            ("1.7613864e9", "s", 1_761_386_400_000_000),
            ("17613864E+2", "s", 1_761_386_400_000_000),
            ("1761386400123456789", "ns", 1_761_386_400_123_456),
            ("0.00001761386400123e20", "us", 1_761_386_400_123_000),
        ] {
            assert_eq!(micros(text, unit), Ok(expected), "{text} {unit}");
        }
    }

    #[test]
    fn no_digit_is_lost_where_a_float_would_lose_it() {
        assert_eq!(micros("1761386400.123457", "s"), Ok(1_761_386_400_123_457));
        assert_eq!(micros("9007199254740993", "us"), Ok(9_007_199_254_740_993));
        assert_eq!(micros("1761386400.9999999999999999999999999", "s"), Ok(1_761_386_400_999_999));
    }

    #[test]
    fn the_years_0001_to_9999_are_read_and_nothing_beyond() {
        assert_eq!(micros("-62135596800", "s"), Ok(-62_135_596_800_000_000));
        assert_eq!(micros("253402300799.999999", "s"), Ok(253_402_300_799_999_999));
        for text in ["-62135596800.0000001", "253402300800", "1e30", "9e18", "1e999999999999999999999"] {
            assert!(matches!(micros(text, "s"), Err(UnixTimeError::OutOfRange { .. })), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_number_is_refused() {
        for text in
            ["", "-", "1.", ".5", "+1", "01", "1e", "1e+", "0x10", "1 ", "1_000", "NaN", "2025-10-25", "١"]
        {
            assert!(matches!(micros(text, "s"), Err(UnixTimeError::NotANumber { .. })), "{text}");
        }
    }
}
