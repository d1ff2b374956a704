//! The times of both sides by one clock.

use std::collections::HashMap;

use chrono::NaiveDate;
use foldhash::fast::RandomState;

use crate::application::compare::clock::local_day_cache::{LocalDayCache, instant};
use crate::application::compare::clock::model::ClockModel;
use crate::application::compare::reading::packed_event::{EventHead, PackedEvent, Side};
use crate::application::compare::settings::Settings;

use super::timed_event::TimedEvent;

/// Sets the candidate's clock by the control's.
pub(crate) struct ClockCorrection<'m> {
    days: LocalDayCache<'m>,
    clock: &'m ClockModel,
    /// The offsets of the days that were asked for.
    offsets: HashMap<NaiveDate, i64, RandomState>,
    settings: &'m Settings,
}

impl<'m> ClockCorrection<'m> {
    pub fn new(settings: &'m Settings, clock: &'m ClockModel) -> Self {
        Self { days: LocalDayCache::new(&settings.zone), clock, offsets: HashMap::default(), settings }
    }

    /// The time of an event by the control's clock.
    pub fn time(&mut self, side: Side, entry: &PackedEvent<'_>) -> i64 {
        // What was repaired has the time that the control gives it.
        if entry.head.is(EventHead::REPAIRED) {
            entry.head.at
        } else {
            self.by_the_control(side, entry.head.at)
        }
    }

    /// What the control's clock showed when that of a side showed `at`.
    pub fn by_the_control(&mut self, side: Side, at: i64) -> i64 {
        match side {
            Side::Control => at,
            Side::Candidate => at - self.offset(at),
        }
    }

    fn offset(&mut self, at: i64) -> i64 {
        let day = self.days.of(at);
        *self.offsets.entry(day).or_insert_with(|| self.clock.offset_on(day))
    }

    /// An event with its times.
    pub fn timed<'b>(&mut self, side: Side, entry: PackedEvent<'b>) -> TimedEvent<'b> {
        let at = self.time(side, &entry);
        let other_reading = if entry.head.is(EventHead::AMBIGUOUS) {
            self.settings.zone.other_reading(instant(entry.head.at)).map(|other| at + (other - entry.head.at))
        } else {
            None
        };
        TimedEvent { entry, at, other_reading }
    }
}
