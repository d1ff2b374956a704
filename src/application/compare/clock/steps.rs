//! Steps of a clock: moments at which it was set.

use chrono::DateTime;

use super::report::{ClockReport, ClockStep};

/// So many anchors before a step, and after it, agree on their offsets.
const AGREEING: usize = ClockReport::MIN_ANCHORS as usize;
/// Of these, the ones in the middle are nearer to each other than this part of the step: a clock that drifts has none.
const NEARER: i64 = 4;
/// How many steps are told.
const MOST: usize = 20;

/// The first steps of more than `tolerance_us` that anchors show, each a time of the control and the offset there, sorted.
pub(crate) fn steps(anchors: &[(i64, i64)], tolerance_us: i64) -> Vec<ClockStep> {
    let step = |place: usize| {
        let sorted = |anchors: &[(i64, i64)]| {
            let mut offsets: Vec<i64> = anchors.iter().map(|(_, offset)| *offset).collect();
            offsets.sort_unstable();
            offsets
        };
        let sides = [sorted(&anchors[place - AGREEING..place]), sorted(&anchors[place..place + AGREEING])];
        let middle = AGREEING / 2;
        let spread = sides.iter().map(|offsets| offsets[middle + 1] - offsets[middle - 1]).max()?;
        let [from_us, to_us] = sides.map(|offsets| offsets[middle]);
        let size = (to_us - from_us).abs();
        (size > tolerance_us && spread < size / NEARER).then_some((place, size, from_us, to_us))
    };
    let places = AGREEING..(anchors.len() + 1).saturating_sub(AGREEING);
    let jump = |place: usize| (anchors[place].1 - anchors[place - 1].1).abs();
    let mut found: Vec<(usize, i64, i64, i64)> = Vec::new();
    for candidate in places.filter(|place| jump(*place) > tolerance_us).filter_map(step) {
        match found.last_mut() {
            // Seen from the next place, it is the same step.
            Some(last) if candidate.0 - last.0 < AGREEING => {
                if jump(candidate.0) > jump(last.0) {
                    *last = candidate;
                }
            }
            _ => found.push(candidate),
        }
        if found.len() > MOST {
            break;
        }
    }
    let told = found.into_iter().take(MOST).filter_map(|(place, _, from_us, to_us)| {
        Some(ClockStep { at: DateTime::from_timestamp_micros(anchors[place].0)?, from_us, to_us })
    });
    told.collect()
}

/// Takes steps off the offsets of the anchors after them.
pub(crate) fn without_steps(anchors: &mut [(i64, i64)], steps: &[ClockStep]) {
    let mut steps =
        steps.iter().map(|step| (step.at.timestamp_micros(), step.to_us - step.from_us)).peekable();
    let mut taken_off = 0;
    for (at, offset) in anchors {
        while let Some((_, size)) = steps.next_if(|(step, _)| *step <= *at) {
            taken_off += size;
        }
        *offset -= taken_off;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;
    const MINUTE: i64 = 60 * SECOND;

    /// The steps of a clock that is looked at every ten minutes: when, from where and to where, in seconds.
    fn found(offset_at: impl Fn(i64) -> i64) -> Vec<(i64, i64, i64)> {
        let anchors: Vec<_> = (0..144).map(|number| (number * 10 * MINUTE, offset_at(number))).collect();
        let told = steps(&anchors, 2 * SECOND).into_iter();
        told.map(|step| (step.at.timestamp() / 600, step.from_us / SECOND, step.to_us / SECOND)).collect()
    }

    #[test]
    fn a_clock_that_was_set_at_noon_has_a_step_there_though_a_few_events_were_moved() {
        assert_eq!(found(|number| if number < 72 { 0 } else { 60 * SECOND }), [(72, 0, 60)]);
        let moved = |number: i64| match number {
            71 | 80 => 1000 * SECOND,
            number if number < 72 => number % 3 * SECOND / 10,
            _ => -60 * SECOND,
        };
        let told = found(moved);
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!((told[0].1, told[0].2), (0, -60));
    }

    #[test]
    fn a_clock_that_was_set_twice_has_two_steps() {
        let set = |number: i64| if (50..90).contains(&number) { 30 * SECOND } else { 5 * SECOND };
        assert_eq!(found(set), [(50, 5, 30), (90, 30, 5)]);
    }

    #[test]
    fn a_clock_that_drifts_or_is_uneven_has_none() {
        assert_eq!(found(|number| number * 10 * SECOND), []);
        assert_eq!(found(|number| number % 7 * SECOND), []);
        assert_eq!(found(|number| if number == 72 { 60 * SECOND } else { 0 }), []);
        assert_eq!(found(|number| if number < 72 { 0 } else { 2 * SECOND }), []);
        assert_eq!(steps(&[(0, 0), (1, 60 * SECOND)], SECOND), []);
        assert_eq!(steps(&[], SECOND), []);
    }

    #[test]
    fn the_first_twenty_steps_are_told() {
        let anchors: Vec<_> = (0..1000).map(|number| (number, number / 10 * MINUTE)).collect();
        assert_eq!(steps(&anchors, SECOND).len(), MOST);
    }

    #[test]
    fn without_its_steps_a_clock_that_was_set_is_one_that_was_not() {
        let set = |number: i64| if (50..90).contains(&number) { 30 * SECOND } else { 5 * SECOND };
        let mut anchors: Vec<_> = (0..144).map(|number| (number * MINUTE, set(number))).collect();
        let found = steps(&anchors, SECOND);
        without_steps(&mut anchors, &found);
        assert!(anchors.iter().all(|(_, offset)| *offset == 5 * SECOND));
    }
}
