//! When a schedule ticks.
//!
//! - A time of day that the clocks go forward over is the first instant after the gap; one that comes twice is the
//!   earlier instant.
//! - An interval is time elapsed since the start, whatever the wall clock does meanwhile.
//! - Ticks that nothing looked for in time (the machine slept) are one tick, the last of them, with the number of
//!   the others. Those of before the start are none.
//! - A clock that is set back repeats no tick of the last day.

use std::time::Duration;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use jiff::civil::{Time, Weekday};

use crate::application::clock::Clock;
use crate::legacy::definition::Schedule;
use crate::wire::zone::Zone;

/// The wall clock is looked at as often, since it may be set and the machine may sleep.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// By less than that, a clock that is set back has told a tick already; by more, it had been wrong.
const DAY: TimeDelta = TimeDelta::days(1);

/// A time that has come.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::legacy::watchers) struct Tick {
    pub(in crate::legacy::watchers) scheduled_at: DateTime<Utc>,
    /// How many were passed over before it.
    pub(in crate::legacy::watchers) missed: u64,
}

/// The ticks of a schedule, from when this was made.
pub(in crate::legacy::watchers) struct Ticks {
    schedule: Schedule,
    zone: Zone,
    /// Of the clock, at the start.
    started: Duration,
    /// Intervals that have been told.
    intervals: u128,
    /// Up to here the wall clock has been looked at.
    looked: DateTime<Utc>,
    last: Option<DateTime<Utc>>,
}

impl Ticks {
    pub(in crate::legacy::watchers) fn new(schedule: Schedule, zone: Zone, clock: &dyn Clock) -> Self {
        let (started, looked) = (clock.elapsed(), clock.now());
        Self { schedule, zone, started, intervals: 0, looked, last: None }
    }

    /// The tick that has come since the last look.
    pub(in crate::legacy::watchers) fn due(&mut self, clock: &dyn Clock) -> Option<Tick> {
        match self.schedule {
            Schedule::Interval(interval) => self.due_interval(interval, clock),
            Schedule::Daily(_) | Schedule::Weekly(..) => self.due_time_of_day(clock.now()),
        }
    }

    /// How long to wait until the next look.
    pub(in crate::legacy::watchers) fn wait(&self, clock: &dyn Clock) -> Duration {
        let until_next = match self.schedule {
            Schedule::Interval(interval) => {
                let run = clock.elapsed().saturating_sub(self.started);
                nanos(interval).saturating_mul(self.intervals + 1).saturating_sub(run.as_nanos())
            }
            Schedule::Daily(_) | Schedule::Weekly(..) => {
                let next = self.next_time_of_day(self.looked).unwrap_or(DateTime::<Utc>::MAX_UTC);
                (next - clock.now()).to_std().unwrap_or_default().as_nanos()
            }
        };
        u64::try_from(until_next).map_or(LONGEST_WAIT, |nanos| Duration::from_nanos(nanos).min(LONGEST_WAIT))
    }

    fn due_interval(&mut self, interval: Duration, clock: &dyn Clock) -> Option<Tick> {
        let run = clock.elapsed().saturating_sub(self.started).as_nanos();
        let passed = run / nanos(interval);
        let missed = passed.checked_sub(self.intervals)?.checked_sub(1)?;
        self.intervals = passed;
        let late = Duration::from_nanos(u64::try_from(run % nanos(interval)).unwrap_or(u64::MAX));
        let scheduled_at =
            TimeDelta::from_std(late).ok().and_then(|late| clock.now().checked_sub_signed(late))?;
        Some(Tick { scheduled_at, missed: u64::try_from(missed).unwrap_or(u64::MAX) })
    }

    fn due_time_of_day(&mut self, now: DateTime<Utc>) -> Option<Tick> {
        // Set back: what lies between comes again.
        let mut from = self.looked.min(now);
        self.looked = now;
        let mut ticks = 0;
        while let Some(next) = self.next_time_of_day(from).filter(|next| *next <= now) {
            from = next;
            if self.last.is_none_or(|last| next > last || last - next >= DAY) {
                self.last = Some(next);
                ticks += 1;
            }
        }
        Some(Tick { scheduled_at: self.last?, missed: u64::checked_sub(ticks, 1)? })
    }

    fn next_time_of_day(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let (days, time) = match &self.schedule {
            Schedule::Interval(_) => return None,
            Schedule::Daily(time) => (None, time),
            Schedule::Weekly(days, time) => (Some(days.as_slice()), time),
        };
        // Of the day before, since the time of a day that a zone leaves out comes on the day after it.
        let first = self.zone.day_of(after).checked_sub_days(Days::new(1))?;
        first
            .iter_days()
            .take(10)
            .filter(|day| days.is_none_or(|days| days.iter().any(|weekday| is_on(*day, *weekday))))
            .map(|day| self.zone.first_showing(day.and_time(time_of_day(*time))))
            .find(|instant| *instant > after)
    }
}

/// Never none, which nothing can be divided by.
fn nanos(interval: Duration) -> u128 {
    interval.as_nanos().max(1)
}

fn is_on(day: NaiveDate, weekday: Weekday) -> bool {
    u32::try_from(weekday.to_monday_zero_offset()) == Ok(day.weekday().num_days_from_monday())
}

fn time_of_day(time: Time) -> NaiveTime {
    let part = |part: i8| u32::try_from(part).unwrap_or_default();
    NaiveTime::from_hms_opt(part(time.hour()), part(time.minute()), part(time.second())).unwrap_or_default()
}
