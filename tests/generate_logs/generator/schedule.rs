//! When things happen: working days and hours, in UTC.

use chrono::{Datelike, Days, NaiveDate, NaiveTime, Weekday};

use super::Plan;

pub const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_HOUR: f64 = 3_600e6;

/// How much of a day's work is done by which hour.
const WORKING_DAY: [(f64, f64); 6] =
    [(0.00, 7.5), (0.05, 8.5), (0.50, 12.0), (0.55, 13.0), (0.95, 17.5), (1.00, 20.0)];
const WEEKEND_SHARE: f64 = 0.2;

/// The times of a plan's events in microseconds since the Unix epoch, never going back.
pub struct Schedule {
    rng: fastrand::Rng,
    /// Midnight and number of events of the days to come.
    days: std::vec::IntoIter<(i64, u64)>,
    midnight: i64,
    events_of_day: u64,
    next_of_day: u64,
    last: i64,
}

impl Schedule {
    pub fn new(plan: &Plan) -> Self {
        let mut rng = fastrand::Rng::with_seed(plan.seed ^ 0x5c4e_d01e);
        let days = spread(plan, &mut rng);
        Self { rng, days: days.into_iter(), midnight: 0, events_of_day: 0, next_of_day: 0, last: i64::MIN }
    }
}

impl Iterator for Schedule {
    type Item = i64;

    fn next(&mut self) -> Option<i64> {
        while self.next_of_day == self.events_of_day {
            (self.midnight, self.events_of_day) = self.days.next()?;
            self.next_of_day = 0;
        }
        // Each event has a slot of its own, so times come out in order and nothing needs sorting.
        let progress = (self.next_of_day as f64 + self.rng.f64()) / self.events_of_day as f64;
        let mut at = self.midnight + (hour_at(progress) * MICROS_PER_HOUR) as i64;
        let first_of_day = self.next_of_day == 0;
        match self.rng.u8(..) {
            // Several tasks changed at one stroke share a timestamp.
            0..6 if !first_of_day => at = self.last,
            // Some times come from a client that counts whole seconds.
            6..24 => at -= at.rem_euclid(MICROS_PER_SECOND),
            _ => {}
        }
        self.next_of_day += 1;
        self.last = at.max(self.last);
        Some(self.last)
    }
}

/// Shares out the events so that the days' counts sum to exactly what was asked for.
fn spread(plan: &Plan, rng: &mut fastrand::Rng) -> Vec<(i64, u64)> {
    let weights: Vec<(NaiveDate, f64)> = (0..plan.days)
        .map(|offset| {
            let day = plan.start + Days::new(u64::from(offset));
            let share = match day.weekday() {
                Weekday::Sat | Weekday::Sun => WEEKEND_SHARE,
                _ => 1.0,
            };
            (day, share * (0.85 + 0.3 * rng.f64()))
        })
        .collect();
    let total: f64 = weights.iter().map(|(_, weight)| weight).sum();

    let mut weight_so_far = 0.0;
    let mut events_so_far = 0;
    weights
        .iter()
        .map(|(day, weight)| {
            weight_so_far += weight;
            // The last day's share is exactly 1: both sums add the same numbers in the same order.
            let due = (plan.events as f64 * (weight_so_far / total)).round() as u64;
            let events = due - events_so_far;
            events_so_far = due;
            let midnight = day.and_time(NaiveTime::MIN).and_utc().timestamp_micros();
            (midnight, events)
        })
        .collect()
}

fn hour_at(progress: f64) -> f64 {
    for pair in WORKING_DAY.windows(2) {
        let [(from, start), (to, end)] = [pair[0], pair[1]];
        if progress < to {
            return start + (end - start) * (progress - from) / (to - from);
        }
    }
    WORKING_DAY[WORKING_DAY.len() - 1].1
}
