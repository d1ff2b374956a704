//! The local days of instants, remembered: a zone is asked about few of millions.

use chrono::{DateTime, NaiveDate, Utc};

use crate::wire::zone::Zone;

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

pub(crate) struct LocalDayCache<'z> {
    zone: &'z Zone,
    /// The times of one offset that were asked for; the last one first.
    spans: Vec<Span>,
    /// LocalDayCache that were asked for, each by its number since the epoch, where the last digits of that lead to.
    known: [Option<(i64, NaiveDate)>; KNOWN],
}

/// How many days are remembered: a power of two.
const KNOWN: usize = 64;

/// Instants for which the offset is the same, in microseconds.
#[derive(Clone, Copy)]
struct Span {
    first: i64,
    last: i64,
    offset: i64,
}

impl<'z> LocalDayCache<'z> {
    pub fn new(zone: &'z Zone) -> Self {
        Self { zone, spans: Vec::new(), known: [None; KNOWN] }
    }

    /// The day of an instant, in microseconds since the epoch.
    #[inline]
    pub fn of(&mut self, at: i64) -> NaiveDate {
        let offset = match self.spans.first() {
            Some(span) if span.holds(at) => span.offset,
            _ => self.offset_at(at),
        };
        let number = at.saturating_add(offset).div_euclid(MICROS_PER_DAY);
        let known = &mut self.known[number as usize % KNOWN];
        match known {
            Some((of_number, day)) if *of_number == number => *day,
            _ => known.insert((number, self.zone.day_of(instant(at)))).1,
        }
    }

    fn offset_at(&mut self, at: i64) -> i64 {
        let known = self.spans.iter().position(|span| span.holds(at)).unwrap_or_else(|| {
            let (first, last, offset) = self.zone.offset_span(instant(at));
            self.spans.push(Span {
                first: first.saturating_mul(MICROS_PER_SECOND),
                last: last.saturating_mul(MICROS_PER_SECOND).saturating_add(MICROS_PER_SECOND - 1),
                offset: i64::from(offset) * MICROS_PER_SECOND,
            });
            self.spans.len() - 1
        });
        self.spans.swap(0, known);
        self.spans[0].offset
    }
}

impl Span {
    fn holds(&self, at: i64) -> bool {
        (self.first..=self.last).contains(&at)
    }
}

/// An instant that came from an event: chrono can hold all of those.
pub(crate) fn instant(at: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(at).unwrap_or(DateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_day_is_the_same_whatever_was_asked_for_before(
            minutes in proptest::collection::vec((0_usize..6, 0_i64..60 * 72), 1..60),
        ) {
            for (name, starts) in [
                // 25 hours on 2025-10-26, 23 on 2025-03-30; in St John's, clocks went back over a midnight.
                ("Europe/Berlin", ["2025-10-25", "2025-03-29", "1945-05-23", "1900-01-01", "2100-10-30", "0001-01-01"]),
                ("America/St_Johns", ["2010-11-06", "2010-03-13", "2011-11-05", "1987-10-24", "2006-10-28", "9999-12-28"]),
                ("Pacific/Apia", ["2011-12-29", "2011-09-23", "2012-04-01", "1892-07-03", "2021-04-03", "2030-01-01"]),
                ("UTC", ["2025-10-25", "2025-03-29", "2010-11-06", "1900-01-01", "2100-10-30", "0001-01-01"]),
            ] {
                let zone = Zone::new(name, jiff::tz::TimeZone::get(name).unwrap());
                let mut days = LocalDayCache::new(&zone);
                for (start, minute) in &minutes {
                    let start: NaiveDate = starts[*start].parse().unwrap();
                    let start = start.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros();
                    let at = start + minute * 60 * MICROS_PER_SECOND;
                    prop_assert_eq!(days.of(at), zone.day_of(instant(at)), "{} in {}", at, name);
                }
            }
        }

        #[test]
        fn a_span_begins_and_ends_with_its_offset(second in -5_000_000_000_i64..5_000_000_000) {
            for name in ["Europe/Berlin", "America/St_Johns", "Africa/Casablanca"] {
                let zone = Zone::new(name, jiff::tz::TimeZone::get(name).unwrap());
                let (first, last, offset) = zone.offset_span(instant(second * MICROS_PER_SECOND));
                prop_assert!((first..=last).contains(&second));
                for end in [first, last] {
                    let same = zone.offset_span(instant(end * MICROS_PER_SECOND));
                    prop_assert_eq!(same, (first, last, offset), "{} in {}", end, name);
                }
                for at in [first, second, last, first + (last - first) / 2] {
                    let civil = zone.civil_time(instant(at * MICROS_PER_SECOND));
                    prop_assert_eq!(civil.and_utc().timestamp() - at, i64::from(offset), "{} in {}", at, name);
                }
            }
        }
    }
}
