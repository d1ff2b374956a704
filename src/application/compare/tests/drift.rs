//! Clocks that drift, or are set while both logs are written.

use super::*;

/// Three days of the control, and of a candidate whose clock is ahead by so many milliseconds.
fn found(ahead: impl Fn(i64) -> i64) -> Comparison {
    let events = |ahead: &dyn Fn(i64) -> i64| -> Vec<Lived> {
        (0..432)
            .map(|number| {
                let at = number * 600_000;
                let (task, title) = (format!("T{number}"), format!("title {number}"));
                Lived { event_type: "A", task, title, at: at + ahead(at) }
            })
            .collect()
    };
    compared(&legacy(&events(&|_| 0)), &new(&events(&ahead)))
}

const DAY: i64 = 86_400_000;

#[test]
fn a_clock_that_gains_twenty_seconds_a_day_drifts_and_its_differences_say_what_was_taken_off() {
    let found = found(|at| at * 20 / 86_400);
    assert_eq!(found.clock.drift_us_per_day, Some(20_000_000));
    assert!(found.clock.drifts() && found.clock.steps.is_empty());
    assert!(found.time_shifted > 100);
    let first = &found.differences[0];
    assert_eq!((first.class, first.clock_offset_us), (Class::TimeShifted, Some(9_861_000)));
    assert_eq!(
        first.clock_taken_off(0).as_deref(),
        Some("9s 861ms was taken off the candidate's time, as its clock was that day")
    );
}

#[test]
fn a_clock_that_was_set_at_noon_has_a_step_there() {
    let found = found(|at| if at < DAY * 3 / 2 { 0 } else { -90_000 });
    let steps: Vec<_> =
        found.clock.steps.iter().map(|step| (step.at.to_rfc3339(), step.from_us, step.to_us)).collect();
    assert_eq!(steps, [("2025-10-21T12:00:00+00:00".to_owned(), 0, -90_000_000)]);
    assert_eq!(
        found.clock.steps[0].to_string(),
        "from 2025-10-21T12:00:00+00:00 on the control is 1m 30s ahead; before, neither clock was ahead: a clock was set"
    );
    assert_eq!(found.clock.drift_us_per_day, Some(0), "it was set, and does not drift");
    let told: Vec<_> =
        found.differences.iter().filter_map(|difference| difference.clock_taken_off(2_000_000)).collect();
    assert_eq!(told[0], "1m 30s was added to the candidate's time, as its clock was that day");
}

#[test]
fn clocks_that_run_alike_have_no_steps_and_no_drift_and_differences_say_nothing_of_them() {
    let found = found(|_| 4);
    assert!(!found.clock.drifts() && found.clock.steps.is_empty());
    assert_eq!(found.differences, []);
}

#[test]
fn a_clock_that_drifts_within_a_day_is_told_by_the_events_of_that_day() {
    let events = |gained: i64| -> Vec<Lived> {
        let event = |number: i64| Lived {
            event_type: "A",
            task: format!("T{number}"),
            title: format!("title {number}"),
            at: number * 600_000 + number * gained,
        };
        (0..100).map(event).collect()
    };
    let found = compared(&legacy(&events(0)), &new(&events(140)));
    assert!(found.clock.drifts());
    assert_eq!(found.clock.drift_us_per_day, Some(20_160_000));
    assert_eq!(compared(&legacy(&events(0)), &new(&events(0))).clock.drift_us_per_day, None);
}

#[test]
fn a_clock_that_loses_and_is_set_right_again_has_the_drift_and_the_steps() {
    for (sign, period) in [(-1, DAY), (1, DAY), (-1, DAY * 3 / 2)] {
        // Seven seconds a day.
        let found = found(|at| sign * (at % period) * 7 / 86_400);
        let expected = DAY * 3 / period - 1;
        assert_eq!(found.clock.steps.len() as i64, expected, "{:?}", found.clock.steps);
        let drift = found.clock.drift_us_per_day.unwrap();
        assert!((drift - sign * 7_000_000).abs() < 350_000, "{drift}");
        assert!(found.clock.drifts());
    }
}

#[test]
fn a_clock_that_was_set_twice_in_a_day_and_once_at_midnight_has_three_steps_and_no_drift() {
    let found = found(|at| match at {
        at if at < DAY / 4 => 0,
        at if at < DAY * 3 / 4 => 40_000,
        at if at < DAY * 2 => 10_000,
        _ => -20_000,
    });
    let steps: Vec<_> = found
        .clock
        .steps
        .iter()
        .map(|step| (step.at.timestamp() / 60 % 1440, step.from_us / 1_000_000, step.to_us / 1_000_000))
        .collect();
    assert_eq!(steps, [(360, 0, 40), (1080, 40, 10), (0, 10, -20)]);
    assert_eq!(found.clock.drift_us_per_day, Some(0));
}
