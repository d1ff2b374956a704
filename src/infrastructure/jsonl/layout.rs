//! Which day file an event belongs to, what its file is called, and what a position says.

use std::path::Path;

use chrono::{DateTime, Datelike, NaiveDate, Utc};

use crate::domain::value_objects::{Position, StreamId};

/// Bits of a position that hold the byte offset of the line; those above hold the day.
const OFFSET_BITS: u32 = 38;
/// The greatest length of a day file: every line of it starts at an offset that fits a position.
pub(super) const MAX_FILE_LENGTH: u64 = 1 << OFFSET_BITS;
/// No more of a line is held in memory (64 MiB; in tests 4 MiB): what is longer is no event, as it is none of any log.
pub(super) const LONGEST_LINE: usize = if cfg!(test) { 4 << 20 } else { 64 << 20 };

const SECONDS_PER_DAY: i64 = 86_400;
const PREFIX: &str = "events-";
const SUFFIX: &str = ".jsonl";
/// What a compressed file is named besides.
const COMPRESSED: [&str; 2] = [".gz", ".zst"];
/// The folder within that of a store to which days are archived.
pub(super) const ARCHIVE: &str = "archive";

/// Whether the name of a file is that of a compressed one.
pub(super) fn is_named_as_compressed(path: &Path) -> bool {
    let name = path.as_os_str().as_encoded_bytes();
    COMPRESSED.iter().any(|suffix| name.ends_with(suffix.as_bytes()))
}

/// The calendar day that a file is named after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Day(NaiveDate);

impl Day {
    pub(super) fn new(date: NaiveDate) -> Self {
        Self(date)
    }

    /// Days since 1970-01-01.
    pub(super) fn number(self) -> i64 {
        i64::from(self.0.to_epoch_days())
    }

    /// `events-YYYY-MM-DD.jsonl`. Year 10000, which a zone east of UTC reaches, has five digits.
    pub(super) fn file_name(self) -> String {
        format!("{PREFIX}{:04}-{:02}-{:02}{SUFFIX}", self.0.year(), self.0.month(), self.0.day())
    }

    /// The day of a file of that name; `None` for every name that `file_name` does not give.
    pub(super) fn of_file_name(name: &str) -> Option<Self> {
        let date = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
        let mut parts = date.splitn(3, '-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        let date = NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)?;
        Some(Self(date)).filter(|day| day.file_name() == name)
    }

    /// The day of a file of that name, which may be named as compressed; and whether it is not.
    pub(super) fn of_any_file_name(name: &str) -> Option<(Self, bool)> {
        let plain = COMPRESSED.iter().find_map(|suffix| name.strip_suffix(suffix));
        Some((Self::of_file_name(plain.unwrap_or(name))?, plain.is_none()))
    }

    /// The names that archived files of this day can have, in the order of their contents: what was compressed has been
    /// archived before what was not yet.
    pub(super) fn archived_file_names(self) -> [String; 3] {
        let name = self.file_name();
        [name.clone() + COMPRESSED[0], self.archive_file_name(), name]
    }

    /// The name of the file that this program archives the day to.
    pub(super) fn archive_file_name(self) -> String {
        self.file_name() + COMPRESSED[1]
    }

    /// The stream of this day, `YYYY-MM-DD`.
    pub(super) fn stream(self) -> StreamId {
        let name = self.file_name();
        StreamId::new(&name[PREFIX.len()..name.len() - SUFFIX.len()])
    }

    /// The day of a stream; `None` for every name that `stream` does not give.
    pub(super) fn of_stream(stream: &StreamId) -> Option<Self> {
        Self::of_file_name(&format!("{PREFIX}{stream}{SUFFIX}"))
    }

    /// The position of the line that starts at `offset` in this day's file.
    pub(super) fn position(self, offset: u64) -> Option<Position> {
        let offset = i64::try_from(offset).ok().filter(|_| offset < MAX_FILE_LENGTH)?;
        Some(Position::new((self.number() << OFFSET_BITS) | offset))
    }

    /// Where the line of a position starts; `None` outside the calendar.
    pub(super) fn of_position(position: Position) -> Option<(Self, u64)> {
        let number = i32::try_from(position.get() >> OFFSET_BITS).ok()?;
        let offset = position.get() & (MAX_FILE_LENGTH as i64 - 1);
        Some((Self(NaiveDate::from_epoch_days(number)?), offset as u64))
    }

    /// Whether the file of this day is where an event of that time can be.
    ///
    /// The day of an event in any zone is its day in UTC or a neighbour of it, so that this holds
    /// whatever the zone was when the file was written.
    pub(super) fn can_hold(self, time: DateTime<Utc>) -> bool {
        (self.number() - utc_day(time)).abs() <= 1
    }

    /// Whether every event that this day's file can hold is before `time`.
    pub(super) fn is_before(self, time: DateTime<Utc>) -> bool {
        self.number() + 1 < utc_day(time)
    }

    /// Whether every event that this day's file can hold is after `time`.
    pub(super) fn is_after(self, time: DateTime<Utc>) -> bool {
        self.number() - 1 > utc_day(time)
    }
}

fn utc_day(time: DateTime<Utc>) -> i64 {
    time.timestamp().div_euclid(SECONDS_PER_DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::new(text.parse().unwrap())
    }

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_and_the_name_of_its_file_are_the_same_thing() {
        for (date, name) in [
            ("2025-10-25", "events-2025-10-25.jsonl"),
            ("0001-01-01", "events-0001-01-01.jsonl"),
            ("0000-12-31", "events-0000-12-31.jsonl"),
            ("+10000-01-01", "events-10000-01-01.jsonl"),
        ] {
            assert_eq!(day(date).file_name(), name);
            assert_eq!(Day::of_stream(&day(date).stream()), Some(day(date)));
            assert_eq!(Day::of_file_name(name), Some(day(date)));
        }
    }

    #[test]
    fn any_other_name_is_no_day_file() {
        for name in [
            "events-2025-10-5.jsonl",
            "events-2025-02-30.jsonl",
            "events-+2025-10-25.jsonl",
            "events-02025-10-25.jsonl",
            "events-2025-10-25.jsonl.torn-17",
            "events-2025-10-25.json",
            "2025-10-25.jsonl",
            "events-.jsonl",
        ] {
            assert_eq!(Day::of_file_name(name), None, "{name}");
        }
        assert_eq!(day("2025-10-25").stream(), StreamId::new("2025-10-25"));
        for name in ["", "2025-10-5", "events-2025-10-25.jsonl"] {
            assert_eq!(Day::of_stream(&StreamId::new(name)), None, "{name}");
        }
    }

    #[test]
    fn a_file_of_a_day_is_known_whether_it_is_named_as_compressed_or_not() {
        let day = day("2025-10-25");
        for name in day.archived_file_names() {
            let is_plain = name.ends_with(".jsonl");
            assert_eq!(Day::of_any_file_name(&name), Some((day, is_plain)), "{name}");
        }
        assert_eq!(day.archive_file_name(), "events-2025-10-25.jsonl.zst");
        for name in ["backup.jsonl.gz", "events-2025-10-25.jsonl.xz", "events-2025-10-25.jsonl.gz.zst"] {
            assert_eq!(Day::of_any_file_name(name), None, "{name}");
        }
    }

    #[test]
    fn positions_grow_with_day_and_offset_and_lead_back_to_the_line() {
        let places = [
            ("0000-12-31", 0),
            ("0001-01-01", 5),
            ("1969-12-31", MAX_FILE_LENGTH - 1),
            ("1970-01-01", 0),
            ("2025-10-25", 0),
            ("2025-10-25", 1),
            ("2025-10-25", MAX_FILE_LENGTH - 1),
            ("2025-10-26", 0),
            ("+10000-01-01", MAX_FILE_LENGTH - 1),
        ];
        let positions: Vec<Position> =
            places.iter().map(|&(date, offset)| day(date).position(offset).unwrap()).collect();
        assert!(positions.is_sorted());
        for (&(date, offset), &position) in places.iter().zip(&positions) {
            assert_eq!(Day::of_position(position), Some((day(date), offset)));
        }
        assert_eq!(day("2025-10-25").position(MAX_FILE_LENGTH), None);
    }

    #[test]
    fn positions_are_exact_in_readers_that_hold_numbers_as_doubles_until_2059() {
        let last = day("2059-09-18").position(MAX_FILE_LENGTH - 1).unwrap();
        assert!(last.get() < 1 << 53);
        assert_eq!(day("2059-09-19").position(0).unwrap().get(), 1 << 53);
    }

    #[test]
    fn a_file_can_hold_what_any_zone_calls_its_day_and_nothing_else() {
        let day = day("2025-10-25");
        for (instant, before, holds, after) in [
            ("2025-10-23T23:59:59.999999Z", false, false, true),
            ("2025-10-24T00:00:00Z", false, true, false),
            ("2025-10-26T23:59:59.999999Z", false, true, false),
            ("2025-10-27T00:00:00Z", true, false, false),
        ] {
            let instant = time(instant);
            assert_eq!(
                (day.is_before(instant), day.can_hold(instant), day.is_after(instant)),
                (before, holds, after),
                "{instant}"
            );
        }
    }
}
