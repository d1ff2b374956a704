//! A named time zone: which UTC offset a local time has, which local day an instant falls on.
//! The one module of the domain that knows how jiff answers these questions.

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{SignedDuration, Timestamp, civil};

const UNIX_EPOCH: civil::DateTime = civil::DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// A named time zone, loaded once.
#[derive(Debug, Clone)]
pub struct Zone {
    name: String,
    rules: TimeZone,
    /// Set where the offset never changes, as for UTC: then no rule needs to be asked.
    fixed_offset: Option<i32>,
}

/// How often a local time comes in a zone. Offsets are seconds east of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LocalTime {
    Once {
        offset: i32,
    },
    /// The clocks went back over it: it comes first with the one offset and again with the other.
    Twice {
        first_offset: i32,
        second_offset: i32,
    },
    /// The clocks went forward over it; the offset is the one before they did.
    Never {
        offset_before: i32,
    },
}

impl Zone {
    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self::new("UTC", TimeZone::UTC)
    }

    /// The zone of that name, with its rules.
    pub fn new(name: impl Into<String>, rules: TimeZone) -> Self {
        let fixed_offset = rules.to_fixed_offset().ok().map(Offset::seconds);
        Self { name: name.into(), rules, fixed_offset }
    }

    /// The name as the zone database spells it, such as `Europe/Berlin`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The calendar day in this zone. Near the ends of the years 0001 to 9999 it may lie just outside them.
    pub fn day_of(&self, instant: DateTime<Utc>) -> NaiveDate {
        self.civil_time(instant).date()
    }

    /// What calendar and clock of this zone show, with the same limits.
    pub fn civil_time(&self, instant: DateTime<Utc>) -> NaiveDateTime {
        let offset = TimeDelta::seconds(i64::from(self.offset_at(instant)));
        instant.checked_add_signed(offset).unwrap_or(instant).naive_utc()
    }

    /// The other instant that has the same local time, where the clocks went back over it.
    pub fn other_reading(&self, instant: DateTime<Utc>) -> Option<i64> {
        let civil = self.civil_time(instant).and_utc();
        match self.local_time(civil.timestamp()) {
            LocalTime::Twice { first_offset, second_offset } => {
                let other = first_offset + second_offset - self.offset_at(instant);
                Some(civil.timestamp_micros() - i64::from(other) * 1_000_000)
            }
            LocalTime::Once { .. } | LocalTime::Never { .. } => None,
        }
    }

    fn offset_at(&self, instant: DateTime<Utc>) -> i32 {
        if let Some(offset) = self.fixed_offset {
            return offset;
        }
        // jiff's instants end a day before the year 9999 does. No zone changes its offset in that day.
        let nearest = if instant.timestamp() < 0 { Timestamp::MIN } else { Timestamp::MAX };
        let instant = Timestamp::from_second(instant.timestamp()).unwrap_or(nearest);
        self.rules.to_offset(instant).seconds()
    }

    /// For how long around an instant the offset stays the same: seconds since the epoch, the first and the
    /// last one, and the offset in seconds east of UTC. It may stay so for longer.
    pub fn offset_span(&self, instant: DateTime<Utc>) -> (i64, i64, i32) {
        let offset = self.offset_at(instant);
        if self.fixed_offset.is_some() {
            return (i64::MIN, i64::MAX, offset);
        }
        let Ok(at) = Timestamp::from_second(instant.timestamp()) else {
            return (instant.timestamp(), instant.timestamp(), offset);
        };
        // A change at the instant itself begins the span.
        let just_after = at.checked_add(SignedDuration::from_secs(1)).unwrap_or(at);
        let first = self.rules.preceding(just_after).next().map(|change| change.timestamp().as_second());
        let next = self.rules.following(at).next().map(|change| change.timestamp().as_second());
        let last = next.map_or(Timestamp::MAX.as_second(), |next| next - 1);
        (first.unwrap_or(Timestamp::MIN.as_second()), last, offset)
    }

    /// The instant at which the clocks of this zone first show `civil`: the earlier one where they show it twice, and
    /// the first after the gap where they skip it.
    pub fn first_showing(&self, civil: NaiveDateTime) -> DateTime<Utc> {
        let civil = civil.and_utc();
        let at_offset =
            |offset: i32| civil.checked_sub_signed(TimeDelta::seconds(i64::from(offset))).unwrap_or(civil);
        match self.local_time(civil.timestamp()) {
            LocalTime::Once { offset } | LocalTime::Twice { first_offset: offset, .. } => at_offset(offset),
            LocalTime::Never { offset_before } => {
                let in_new_offset = at_offset(offset_before);
                let (first, ..) = self.offset_span(in_new_offset);
                DateTime::from_timestamp(first, 0).unwrap_or(in_new_offset)
            }
        }
    }

    /// How the second `civil_seconds` after 1970-01-01T00:00:00, both as read off a clock of this zone, is placed.
    pub(super) fn local_time(&self, civil_seconds: i64) -> LocalTime {
        if let Some(offset) = self.fixed_offset {
            return LocalTime::Once { offset };
        }
        let placed = self
            .rules
            .to_ambiguous_timestamp(UNIX_EPOCH.saturating_add(SignedDuration::from_secs(civil_seconds)))
            .offset();
        match placed {
            AmbiguousOffset::Unambiguous { offset } => LocalTime::Once { offset: offset.seconds() },
            AmbiguousOffset::Fold { before, after } => {
                LocalTime::Twice { first_offset: before.seconds(), second_offset: after.seconds() }
            }
            AmbiguousOffset::Gap { before, .. } => LocalTime::Never { offset_before: before.seconds() },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::local_time::{DstPolicy, LocalTimeResolver};
    use crate::wire::timestamp::WrittenTimestamp;

    fn berlin() -> Zone {
        Zone::new("Europe/Berlin", TimeZone::get("Europe/Berlin").unwrap())
    }

    fn seconds(civil: &str) -> i64 {
        civil.parse::<NaiveDateTime>().unwrap().and_utc().timestamp()
    }

    #[test]
    fn a_local_time_comes_once_twice_or_never() {
        for (civil, expected) in [
            ("2025-10-25T10:00:00", LocalTime::Once { offset: 7200 }),
            ("2025-03-30T01:59:59", LocalTime::Once { offset: 3600 }),
            ("2025-03-30T02:00:00", LocalTime::Never { offset_before: 3600 }),
            ("2025-03-30T02:59:59", LocalTime::Never { offset_before: 3600 }),
            ("2025-03-30T03:00:00", LocalTime::Once { offset: 7200 }),
            ("2025-10-26T01:59:59", LocalTime::Once { offset: 7200 }),
            ("2025-10-26T02:00:00", LocalTime::Twice { first_offset: 7200, second_offset: 3600 }),
            ("2025-10-26T02:59:59", LocalTime::Twice { first_offset: 7200, second_offset: 3600 }),
            ("2025-10-26T03:00:00", LocalTime::Once { offset: 3600 }),
            ("1850-01-01T00:00:00", LocalTime::Once { offset: 3208 }),
            ("9999-12-31T23:59:59", LocalTime::Once { offset: 3600 }),
        ] {
            assert_eq!(berlin().local_time(seconds(civil)), expected, "{civil}");
        }
    }

    #[test]
    fn a_local_time_that_comes_twice_has_another_reading() {
        let first: DateTime<Utc> = "2025-10-26T00:30:00.5Z".parse().unwrap();
        let second: DateTime<Utc> = "2025-10-26T01:30:00.5Z".parse().unwrap();
        assert_eq!(berlin().other_reading(first), Some(second.timestamp_micros()));
        assert_eq!(berlin().other_reading(second), Some(first.timestamp_micros()));
        assert_eq!(berlin().other_reading("2025-10-26T02:30:00Z".parse().unwrap()), None);
    }

    #[test]
    fn a_local_time_is_first_shown_at_the_earlier_instant_or_at_the_first_one_after_a_gap() {
        for (zone, civil, instant) in [
            ("Europe/Berlin", "2025-10-25T09:00:00", "2025-10-25T07:00:00Z"),
            ("Europe/Berlin", "2025-03-30T02:30:00", "2025-03-30T01:00:00Z"),
            ("Europe/Berlin", "2025-03-30T02:00:00", "2025-03-30T01:00:00Z"),
            ("Europe/Berlin", "2025-10-26T02:30:00", "2025-10-26T00:30:00Z"),
            ("Australia/Lord_Howe", "2025-10-05T02:15:00", "2025-10-04T15:30:00Z"),
            ("Africa/Cairo", "2025-04-25T00:00:00", "2025-04-24T22:00:00Z"),
            // This day was left out.
            ("Pacific/Apia", "2011-12-30T09:00:00", "2011-12-30T10:00:00Z"),
        ] {
            let zone = Zone::new(zone, TimeZone::get(zone).unwrap());
            assert_eq!(zone.first_showing(civil.parse().unwrap()), instant.parse::<DateTime<Utc>>().unwrap());
        }
    }

    #[test]
    fn the_day_of_an_instant_is_the_one_on_the_local_calendar() {
        for (zone, instant, day) in [
            (Zone::utc(), "2025-10-25T23:59:59Z", "2025-10-25"),
            (berlin(), "2025-10-25T21:59:59Z", "2025-10-25"),
            (berlin(), "2025-10-25T22:00:00Z", "2025-10-26"),
            (berlin(), "2025-10-26T22:59:59.999999Z", "2025-10-26"),
            (berlin(), "2025-10-26T23:00:00Z", "2025-10-27"),
            (berlin(), "0001-01-01T00:00:00Z", "0001-01-01"),
            (berlin(), "9999-12-31T22:59:59Z", "9999-12-31"),
            (berlin(), "9999-12-31T23:00:00Z", "+10000-01-01"),
        ] {
            let instant: DateTime<Utc> = instant.parse().unwrap();
            assert_eq!(zone.day_of(instant), day.parse::<NaiveDate>().unwrap(), "{} {instant}", zone.name());
        }
    }

    proptest! {
        #[test]
        fn a_naive_time_is_placed_where_jiff_places_it(
            days in 0..365 * 250_i64, seconds in 0..86_400_i64, micros in 0..1_000_000_i64,
        ) {
            let zone = berlin();
            let civil = civil::date(1850, 1, 1)
                .at(0, 0, 0, 0)
                .saturating_add(SignedDuration::from_hours(days * 24))
                .saturating_add(SignedDuration::from_secs(seconds))
                .saturating_add(SignedDuration::from_micros(micros));
            let expected = zone.rules.to_timestamp(civil).unwrap();
            let written = WrittenTimestamp::parse(&civil.to_string()).unwrap();
            let (instant, _) = LocalTimeResolver::new(&zone, DstPolicy::Resolve).resolve(&written).unwrap();
            prop_assert_eq!(instant.timestamp_micros(), expected.as_microsecond());
            prop_assert_eq!(zone.day_of(instant).to_string(), expected.to_zoned(zone.rules.clone()).date().to_string());
        }
    }
}
