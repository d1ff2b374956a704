//! The drift of a clock within less than two days, by the anchors themselves.

use super::report::ClockReport;

const DAY_US: f64 = 86_400_000_000.0;
/// There are half as many slopes as the square of this.
const MOST: usize = 400;
/// Half of the anchors lie so many times nearer to the line of the drift than to one offset: else the clock was set, or
/// is uneven.
const NEARER: f64 = 4.0;

/// By how much the offset grows in a day, in microseconds, where that comes to more than the tolerance between the first
/// anchor and the last one, and the anchors lie on one line. Each is a time and the offset there, sorted.
pub(crate) fn drift_of(anchors: &[(i64, i64)], tolerance_us: i64) -> Option<i64> {
    if anchors.len() < 2 * ClockReport::MIN_ANCHORS as usize {
        return None;
    }
    let apart = anchors.len().div_ceil(MOST).max(1);
    let chosen: Vec<(f64, f64)> = anchors
        .iter()
        .step_by(apart)
        .map(|(at, offset)| ((at - anchors[0].0) as f64 / DAY_US, *offset as f64))
        .collect();
    let pairs = chosen
        .iter()
        .enumerate()
        .flat_map(|(number, one)| chosen[number + 1..].iter().map(move |other| (one, other)));
    let slopes = pairs
        .filter(|(one, other)| other.0 > one.0)
        .map(|(one, other)| (other.1 - one.1) / (other.0 - one.0));
    let slope = median(slopes.collect())?;
    let span = chosen.last()?.0;
    let offset = median(chosen.iter().map(|(_, offset)| *offset).collect())?;
    let start = median(chosen.iter().map(|(at, offset)| offset - slope * at).collect())?;
    let from_line = median(chosen.iter().map(|(at, offset)| (offset - start - slope * at).abs()).collect())?;
    let from_offset = median(chosen.iter().map(|(_, other)| (other - offset).abs()).collect())?;
    let is_line = from_line * NEARER < from_offset;
    (is_line && (slope * span).abs() > tolerance_us as f64).then_some(slope.round() as i64)
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;
    const MINUTE: i64 = 60 * SECOND;

    /// The drift of a clock that is looked at every ten minutes of half a day, in whole seconds a day.
    fn found(offset_at: impl Fn(i64) -> i64) -> Option<i64> {
        let anchors: Vec<(i64, i64)> =
            (0..72).map(|number| (number * 10 * MINUTE, offset_at(number))).collect();
        drift_of(&anchors, 2 * SECOND).map(|drift| (drift + SECOND / 2).div_euclid(SECOND))
    }

    #[test]
    fn a_clock_that_gains_or_loses_all_the_time_drifts_though_a_few_events_were_moved() {
        assert_eq!(found(|number| number * SECOND / 7), Some(21));
        assert_eq!(found(|number| -number * SECOND), Some(-144));
        assert_eq!(found(|number| if number % 10 == 3 { 500 * SECOND } else { number * SECOND }), Some(144));
    }

    #[test]
    fn a_clock_that_was_set_or_is_uneven_or_hardly_gains_does_not_drift() {
        assert_eq!(found(|number| if number < 36 { 0 } else { 60 * SECOND }), None);
        assert_eq!(found(|number| number * 7919 % 13 * SECOND), None);
        assert_eq!(found(|number| number * SECOND / 100), None);
        assert_eq!(found(|_| 5 * SECOND), None);
        assert_eq!(drift_of(&[(0, 0), (MINUTE, 60 * SECOND)], SECOND), None);
    }
}
