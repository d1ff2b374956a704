//! The local days of instants, remembered: a zone is asked about few of millions.

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::zone::Zone;

pub(super) struct Days<'z> {
    zone: &'z Zone,
    /// First and last instant known of a day, ascending.
    known: Vec<(i64, i64, NaiveDate)>,
    /// The last one that was asked for, as far as it was known then.
    last: (i64, i64, NaiveDate),
}

impl<'z> Days<'z> {
    pub fn new(zone: &'z Zone) -> Self {
        Self { zone, known: Vec::new(), last: (i64::MAX, i64::MIN, NaiveDate::MIN) }
    }

    /// The day of an instant, in microseconds since the epoch.
    #[inline]
    pub fn of(&mut self, at: i64) -> NaiveDate {
        let (first, last, day) = self.last;
        if (first..=last).contains(&at) { day } else { self.among_all(at) }
    }

    fn among_all(&mut self, at: i64) -> NaiveDate {
        let behind = self.known.partition_point(|(first, ..)| *first <= at);
        if let Some(&(_, last, day)) = behind.checked_sub(1).and_then(|before| self.known.get(before))
            && at <= last
        {
            self.last = self.known[behind - 1];
            return day;
        }
        let day = self.zone.day_of(instant(at));
        if let Some((first, ..)) = self.known.get_mut(behind).filter(|known| known.2 == day) {
            *first = at;
        } else if let Some((_, last, _)) =
            behind.checked_sub(1).and_then(|before| self.known.get_mut(before)).filter(|known| known.2 == day)
        {
            *last = at;
        } else {
            self.known.insert(behind, (at, at, day));
        }
        day
    }
}

/// An instant that came from an event: chrono can hold all of those.
pub(super) fn instant(at: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(at).unwrap_or(DateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_day_is_the_same_whatever_was_asked_for_before(
            hours in proptest::collection::vec(0_i64..96, 1..60),
        ) {
            let berlin = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
            let zone = Zone::new("Europe/Berlin", berlin);
            let mut days = Days::new(&zone);
            // Around 2025-10-26, which has 25 hours there.
            let start = 1_761_350_400_000_000;
            for hour in hours {
                let at = start + hour * 3_600_000_000;
                prop_assert_eq!(days.of(at), zone.day_of(instant(at)));
            }
        }
    }
}
