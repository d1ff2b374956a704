//! The times of both sides by one clock.

use chrono::NaiveDate;

use super::clock::ClockModel;
use super::days::{Days, instant};
use super::entry::{Entry, Head, Side};
use super::group::Timed;
use super::settings::Settings;

/// Sets the candidate's clock by the control's.
pub(super) struct Corrector<'m> {
    days: Days<'m>,
    clock: &'m ClockModel,
    /// The day that was asked for last, and its offset.
    last: Option<(NaiveDate, i64)>,
    settings: &'m Settings,
}

impl<'m> Corrector<'m> {
    pub fn new(settings: &'m Settings, clock: &'m ClockModel) -> Self {
        Self { days: Days::new(&settings.zone), clock, last: None, settings }
    }

    /// The time of an event by the control's clock.
    pub fn time(&mut self, side: Side, entry: &Entry<'_>) -> i64 {
        match side {
            Side::Control => entry.head.at,
            Side::Candidate => entry.head.at - self.offset(entry.head.at),
        }
    }

    fn offset(&mut self, at: i64) -> i64 {
        let day = self.days.of(at);
        match self.last {
            Some((last, offset)) if last == day => offset,
            _ => {
                let offset = self.clock.offset_on(day);
                self.last = Some((day, offset));
                offset
            }
        }
    }

    /// An event with its times.
    pub fn timed<'b>(&mut self, side: Side, entry: Entry<'b>) -> Timed<'b> {
        let at = self.time(side, &entry);
        let other_reading = if entry.head.is(Head::AMBIGUOUS) {
            self.settings.zone.other_reading(instant(entry.head.at)).map(|other| at + (other - entry.head.at))
        } else {
            None
        };
        Timed { entry, at, other_reading }
    }
}
