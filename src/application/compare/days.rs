//! The local days of instants, remembered: a zone is asked about few of millions.

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::zone::Zone;

pub(super) struct Days<'z> {
    zone: &'z Zone,
    /// First and last instant known of a day, ascending.
    known: Vec<(i64, i64, NaiveDate)>,
}

impl<'z> Days<'z> {
    pub fn new(zone: &'z Zone) -> Self {
        Self { zone, known: Vec::new() }
    }

    /// The day of an instant, in microseconds since the epoch.
    pub fn of(&mut self, at: i64) -> NaiveDate {
        let behind = self.known.partition_point(|(first, ..)| *first <= at);
        if let Some(&(_, last, day)) = behind.checked_sub(1).and_then(|before| self.known.get(before))
            && at <= last
        {
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
