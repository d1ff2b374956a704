//! Times that stand within the content of an event: which instant a text is, with all the digits that it has.
//!
//! A time without an offset is read off a clock of a zone. A local time that comes twice there has two readings, and
//! what reads it says near which time it lies. What is not one instant for certain is none: a date alone, a local time
//! that never comes, second 60.

use std::borrow::Cow;

use crate::wire::json::write_head;
use crate::wire::timestamp::WrittenTimestamp;
use crate::wire::zone::{LocalTime, Zone};

/// The kinds of an instant, and of a local time that comes twice, where the canonical form of a value would stand, which
/// has no such kinds. After length and `:` come the microseconds since 1970 in eight bytes, of either reading where there
/// are two, and the digits after them, without zeros at the end.
const INSTANT_TAG: u8 = b'i';
const TWO_READINGS_TAG: u8 = b'w';

/// How long a text is that is a time at least; where the digits of its fraction begin, and those after the microsecond.
const SHORTEST: usize = "2025-10-25T10:00".len();
const FRACTION: usize = "2025-10-25T10:00:00.".len();
const FINER: usize = FRACTION + 6;

/// The instant that a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instant<'t> {
    /// In microseconds since 1970, further digits cut off.
    micros: i64,
    /// The same for the other reading of a local time that comes twice.
    other_reading: Option<i64>,
    /// The digits after those of the microsecond, without zeros at the end.
    finer: &'t str,
}

impl<'t> Instant<'t> {
    /// The instant that `text` is; `None` where it is no time, or not one instant for certain.
    pub fn read(text: &'t str, zone: &Zone) -> Option<Self> {
        // Most texts are told from times by one byte.
        if text.len() < SHORTEST || text.as_bytes()[4] != b'-' {
            return None;
        }
        let written = WrittenTimestamp::parse(text).ok().filter(|written| !written.is_leap_second())?;
        let (offset, other) = match written.offset_seconds() {
            Some(offset) => (offset, None),
            None => match zone.local_time(written.civil_second()) {
                LocalTime::Once { offset } => (offset, None),
                LocalTime::Twice { first_offset, second_offset } => (first_offset, Some(second_offset)),
                LocalTime::Never { .. } => return None,
            },
        };
        let at = |offset: i32| written.civil_micros() - i64::from(offset) * 1_000_000;
        Some(Self { micros: at(offset), other_reading: other.map(at), finer: finer_digits(text) })
    }

    /// Whether a text is a time, of one instant for certain or not.
    pub fn is_written(text: &str) -> bool {
        WrittenTimestamp::parse(text).is_ok()
    }

    /// Whether it is a local time that comes twice.
    pub fn comes_twice(&self) -> bool {
        self.other_reading.is_some()
    }

    /// Whether two texts can be the same instant.
    pub fn is_same(&self, other: &Self) -> bool {
        let readings = |instant: &Self| [Some(instant.micros), instant.other_reading];
        let mut shared = readings(self).into_iter().flatten();
        self.finer == other.finer && shared.any(|at| readings(other).contains(&Some(at)))
    }

    /// Appends the form of the instant, or of both of its readings.
    pub fn write(&self, out: &mut Vec<u8>) {
        let length = size_of::<i64>() + self.finer.len();
        match self.other_reading {
            None => write_head(INSTANT_TAG, length, out),
            Some(other) => {
                write_head(TWO_READINGS_TAG, size_of::<i64>() + length, out);
                out.extend_from_slice(&other.to_be_bytes());
            }
        }
        out.extend_from_slice(&self.micros.to_be_bytes());
        out.extend_from_slice(self.finer.as_bytes());
    }
}

/// The form of a local time that comes twice in the reading that is nearer to `near`, in microseconds since 1970, the
/// earlier one of two that are equally near. Any other form is given back.
pub fn read_near(form: &[u8], near: i64) -> Cow<'_, [u8]> {
    let two = payload(form, TWO_READINGS_TAG).and_then(|rest| {
        let (later, rest) = rest.split_first_chunk()?;
        let (earlier, finer) = rest.split_first_chunk()?;
        Some((i64::from_be_bytes(*earlier), i64::from_be_bytes(*later), finer))
    });
    let Some((earlier, later, finer)) = two else { return Cow::Borrowed(form) };
    let at = if later.abs_diff(near) < earlier.abs_diff(near) { later } else { earlier };
    let mut placed = Vec::new();
    write_head(INSTANT_TAG, size_of::<i64>() + finer.len(), &mut placed);
    placed.extend_from_slice(&at.to_be_bytes());
    placed.extend_from_slice(finer);
    Cow::Owned(placed)
}

/// What follows the length of a form of a kind.
fn payload(form: &[u8], tag: u8) -> Option<&[u8]> {
    let rest = form.strip_prefix(&[tag])?;
    Some(&rest[rest.iter().position(|byte| *byte == b':')? + 1..])
}

/// The digits of the fraction of a second beyond those of the microsecond, of a text that is a time.
fn finer_digits(text: &str) -> &str {
    let bytes = text.as_bytes();
    if bytes.len() <= FINER || !matches!(bytes[FRACTION - 1], b'.' | b',') {
        return "";
    }
    let digits = bytes[FRACTION..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    text.get(FINER..FRACTION + digits).unwrap_or_default().trim_end_matches('0')
}

/// Whether two different values are one instant of which digits were cut off or rounded away; their forms are given.
pub fn differ_in_precision(one: &[u8], other: &[u8]) -> bool {
    let (Some(one), Some(other)) = (digits(one), digits(other)) else { return false };
    let (short, long) = if one.1.len() <= other.1.len() { (one, other) } else { (other, one) };
    let (kept, lost) = long.1.split_at(short.1.len());
    if lost.is_empty() {
        return false;
    }
    let rounded_up =
        || lost.as_bytes()[0] >= b'5' && number(short.0, &short.1) == number(long.0, kept).map(|cut| cut + 1);
    short.0 == long.0 && short.1 == kept || rounded_up()
}

/// The whole seconds of an instant, and the digits of its fraction, from its form.
fn digits(form: &[u8]) -> Option<(i64, String)> {
    let (micros, finer) = payload(form, INSTANT_TAG)?.split_first_chunk()?;
    let micros = i64::from_be_bytes(*micros);
    let fraction = format!("{:06}{}", micros.rem_euclid(1_000_000), std::str::from_utf8(finer).ok()?);
    Some((micros.div_euclid(1_000_000), fraction.trim_end_matches('0').to_owned()))
}

/// Seconds and digits as one number; `None` where there are more digits than it holds.
fn number(seconds: i64, digits: &str) -> Option<i128> {
    let unit = 10_i128.checked_pow(u32::try_from(digits.len()).ok()?)?;
    let fraction = if digits.is_empty() { 0 } else { digits.parse::<i128>().ok()? };
    i128::from(seconds).checked_mul(unit)?.checked_add(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    fn berlin() -> Zone {
        Zone::new("Europe/Berlin", TimeZone::get("Europe/Berlin").unwrap())
    }

    fn form(text: &str, near: i64) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        Instant::read(text, &berlin())?.write(&mut out);
        Some(read_near(&out, near).into_owned())
    }

    fn digits_of(text: &str, near: i64) -> Option<(i64, String)> {
        form(text, near).map(|form| digits(&form).unwrap())
    }

    #[test]
    fn an_instant_is_written_alike_however_it_is_spelled_and_with_all_its_digits() {
        for (texts, seconds, fraction) in [
            (
                &[
                    "2025-10-25T10:00:00Z",
                    "2025-10-25T12:00:00",
                    "2025-10-25 12:00",
                    "2025-10-25t10:00:00.000+00",
                ][..],
                1_761_386_400,
                "",
            ),
            (&["2025-10-25T10:00:00.10Z", "2025-10-25T12:00:00,1"], 1_761_386_400, "1"),
            (&["2025-10-25T10:00:00.12345678Z", "2025-10-25T10:00:00.123456780Z"], 1_761_386_400, "12345678"),
            (&["2025-10-25T10:00:00.0000001Z"], 1_761_386_400, "0000001"),
            (&["1969-12-31T23:59:58.75Z"], -2, "75"),
        ] {
            for text in texts {
                assert_eq!(digits_of(text, 0), Some((seconds, fraction.to_owned())), "{text}");
                assert_eq!(form(text, 0), form(texts[0], 0), "{text}");
            }
        }
        for text in
            ["", "2025", "yesterday, at ten", "2025-13-01T10:00", "2025-W43-1T10:00", "2025-10-25T10:00:00Zx"]
        {
            assert_eq!(form(text, 0), None, "{text}");
        }
    }

    #[test]
    fn what_is_not_one_instant_for_certain_is_none() {
        for text in [
            "2025-10-25",
            // Local times that never came; the last one did, where an offset is written.
            "2025-03-30T02:00:00",
            "2025-03-30 02:59:59.999999",
            "2016-12-31T23:59:60Z",
            "2017-01-01T00:59:60",
            "2025-03-30T02:30:60+01:00",
        ] {
            assert_eq!(Instant::read(text, &berlin()), None, "{text}");
            assert!(Instant::is_written(text), "{text}");
        }
        for text in ["2025-03-30T02:30:00+01:00", "2025-03-30T03:00:00", "2025-03-30T01:59:59"] {
            assert!(Instant::read(text, &berlin()).is_some_and(|instant| !instant.comes_twice()), "{text}");
        }
        assert!(Instant::read("2025-10-26T02:30", &berlin()).is_some_and(|instant| instant.comes_twice()));
    }

    #[test]
    fn of_a_local_time_that_comes_twice_the_reading_near_the_event_is_taken() {
        for near in [1_761_438_600, 1_761_442_200] {
            let found = digits_of("2025-10-26T02:30:00", (near + 600) * 1_000_000);
            assert_eq!(found, Some((near, String::new())));
        }
        // In the middle, the earlier one is.
        assert_eq!(
            digits_of("2025-10-26T02:30:00.5", 1_761_440_400_500_000),
            Some((1_761_438_600, "5".to_owned()))
        );
        let certain = form("2025-10-26T02:30:00Z", 0).unwrap();
        assert_eq!(read_near(&certain, 0), certain);
        assert_eq!(read_near(b"s1:w", 0), Cow::Borrowed(b"s1:w"));
    }

    #[test]
    fn texts_are_the_same_instant_in_one_of_their_readings() {
        for (one, other, expected) in [
            ("2025-10-25T10:00:00Z", "2025-10-25T10:00:00+00:00", true),
            ("2025-10-25T10:00:00Z", "2025-10-25 12:00", true),
            ("2025-10-25T10:00:00Z", "2025-10-25T10:00:00.0000001Z", false),
            ("2025-10-26T02:30:00", "2025-10-26T02:30:00+02:00", true),
            ("2025-10-26T02:30:00", "2025-10-26T02:30:00+01:00", true),
            ("2025-10-26T02:30:00+02:00", "2025-10-26T02:30:00+01:00", false),
        ] {
            let [one, other] = [one, other].map(|text| Instant::read(text, &berlin()).unwrap());
            assert_eq!((one.is_same(&other), other.is_same(&one)), (expected, expected), "{one:?} {other:?}");
        }
    }

    #[test]
    fn instants_differ_in_precision_where_digits_were_cut_off_or_rounded_away() {
        for (one, other, expected) in [
            ("05.123", "05.123456", true),
            ("05", "05.9", true),
            ("05.1235", "05.12345678", true),
            ("06", "05.9", true),
            ("06", "05.4", false),
            ("05.123", "05.124", false),
            ("05.124", "05.123456", false),
            ("05", "06", false),
            ("05", "05", false),
        ] {
            for minute in ["2025-10-25T10:00", "1969-12-31T23:59"] {
                let [one, other] =
                    [one, other].map(|second| form(&format!("{minute}:{second}Z"), 0).unwrap());
                let found = (differ_in_precision(&one, &other), differ_in_precision(&other, &one));
                assert_eq!(found, (expected, expected), "{one:?} {other:?}");
            }
        }
        assert!(!differ_in_precision(b"s1:5", &form("2025-10-25T10:00", 0).unwrap()));
    }
}
