//! When times come.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use jiff::civil::{Weekday, time};
use jiff::tz::TimeZone;

use super::support::{ManualClock, Told, wait_until};
use crate::application::clock::Clock;
use crate::infrastructure::system_clock::SystemClock;
use crate::legacy::definition::Schedule;
use crate::legacy::watchers::Watcher;
use crate::legacy::watchers::times::TimeWatcher;
use crate::legacy::watchers::times::ticks::{Tick, Ticks};
use crate::wire::zone::Zone;

fn zone(name: &str) -> Zone {
    Zone::new(name, TimeZone::get(name).unwrap())
}

fn text(tick: &Tick) -> String {
    let missed = if tick.missed > 0 { format!(" missed {}", tick.missed) } else { String::new() };
    tick.scheduled_at.to_rfc3339_opts(SecondsFormat::AutoSi, true) + &missed
}

/// Looks as the watcher does, until that time.
fn run(ticks: &mut Ticks, clock: &ManualClock, until: &str) -> Vec<String> {
    run_by(1, ticks, clock, until)
}

/// Looks so many times as seldom while no tick is near.
fn run_by(stride: u32, ticks: &mut Ticks, clock: &ManualClock, until: &str) -> Vec<String> {
    let until: DateTime<Utc> = until.parse().unwrap();
    let mut told = Vec::new();
    while clock.now() < until {
        told.extend(ticks.due(clock).as_ref().map(text));
        let wait = ticks.wait(clock);
        assert!(wait <= Duration::from_secs(30), "{wait:?}");
        let is_near = wait < Duration::from_secs(30);
        clock.wait(if is_near { wait } else { wait * stride });
    }
    told
}

fn told(schedule: Schedule, zone: Zone, from: &str, until: &str) -> Vec<String> {
    let clock = ManualClock::at(from);
    run_by(10, &mut Ticks::new(schedule, zone, &clock), &clock, until)
}

fn daily(hour: i8, minute: i8) -> Schedule {
    Schedule::Daily(time(hour, minute, 0, 0))
}

#[test]
fn a_daily_time_is_one_of_the_zone_and_one_of_before_the_start_is_not_made_up() {
    assert_eq!(
        told(daily(9, 0), zone("Europe/Berlin"), "2025-10-24T07:00:00Z", "2025-10-27T12:00:00Z"),
        ["2025-10-25T07:00:00Z", "2025-10-26T08:00:00Z", "2025-10-27T08:00:00Z"]
    );
}

#[test]
fn a_daily_time_that_the_clocks_skip_is_the_first_instant_after_the_gap() {
    assert_eq!(
        told(daily(2, 30), zone("Europe/Berlin"), "2025-03-29T00:00:00Z", "2025-04-01T00:00:00Z"),
        ["2025-03-29T01:30:00Z", "2025-03-30T01:00:00Z", "2025-03-31T00:30:00Z"]
    );
    assert_eq!(
        told(daily(2, 15), zone("Australia/Lord_Howe"), "2025-10-04T00:00:00Z", "2025-10-05T00:00:00Z"),
        ["2025-10-04T15:30:00Z"]
    );
}

#[test]
fn a_daily_time_that_comes_twice_is_told_once_at_the_earlier_instant() {
    assert_eq!(
        told(daily(2, 30), zone("Europe/Berlin"), "2025-10-25T12:00:00Z", "2025-10-27T12:00:00Z"),
        ["2025-10-26T00:30:00Z", "2025-10-27T01:30:00Z"]
    );
}

#[test]
fn a_day_that_a_zone_leaves_out_is_told_where_it_would_have_been() {
    assert_eq!(
        told(daily(9, 0), zone("Pacific/Apia"), "2011-12-29T12:00:00Z", "2011-12-31T12:00:00Z"),
        ["2011-12-29T19:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T19:00:00Z"]
    );
}

#[test]
fn a_weekly_time_comes_on_its_days_of_the_zone() {
    // Monday at half past midnight is Sunday in UTC.
    let schedule = Schedule::Weekly(vec![Weekday::Monday, Weekday::Friday], time(0, 30, 0, 0));
    assert_eq!(
        told(schedule, zone("Europe/Berlin"), "2025-10-23T00:00:00Z", "2025-11-01T00:00:00Z"),
        ["2025-10-23T22:30:00Z", "2025-10-26T23:30:00Z", "2025-10-30T23:30:00Z"]
    );
}

#[test]
fn a_weekly_time_on_one_day_has_a_week_between() {
    let schedule = Schedule::Weekly(vec![Weekday::Monday], time(9, 0, 0, 0));
    assert_eq!(
        told(schedule, Zone::utc(), "2025-10-20T09:00:00Z", "2025-11-04T00:00:00Z"),
        ["2025-10-27T09:00:00Z", "2025-11-03T09:00:00Z"]
    );
}

#[test]
fn an_interval_begins_at_the_start() {
    let schedule = Schedule::Interval(Duration::from_secs(1800));
    assert_eq!(
        told(schedule, Zone::utc(), "2025-10-25T10:07:00Z", "2025-10-25T11:10:00Z"),
        ["2025-10-25T10:37:00Z", "2025-10-25T11:07:00Z"]
    );
}

#[test]
fn an_interval_is_time_elapsed_whatever_the_wall_clock_is_set_to() {
    let clock = ManualClock::at("2025-10-25T10:00:00Z");
    let mut ticks = Ticks::new(Schedule::Interval(Duration::from_secs(600)), Zone::utc(), &clock);
    assert_eq!(run(&mut ticks, &clock, "2025-10-25T10:05:00Z"), [""; 0]);
    clock.set("2025-10-26T00:00:00Z");
    assert_eq!(run(&mut ticks, &clock, "2025-10-26T00:06:00Z"), ["2025-10-26T00:05:00Z"]);
    clock.set("2025-10-20T00:00:00Z");
    assert_eq!(run(&mut ticks, &clock, "2025-10-20T00:10:00Z"), ["2025-10-20T00:09:00Z"]);
}

#[test]
fn ticks_that_were_missed_are_one_late_tick_the_last_of_them_with_the_number_of_the_others() {
    let clock = ManualClock::at("2025-10-20T10:00:00Z");
    let mut days = Ticks::new(daily(9, 0), Zone::utc(), &clock);
    // The machine sleeps over three times.
    clock.set("2025-10-23T15:00:00Z");
    assert_eq!(
        run(&mut days, &clock, "2025-10-24T10:00:00Z"),
        ["2025-10-23T09:00:00Z missed 2", "2025-10-24T09:00:00Z"]
    );

    let clock = ManualClock::at("2025-10-20T10:00:00Z");
    let mut intervals = Ticks::new(Schedule::Interval(Duration::from_secs(60)), Zone::utc(), &clock);
    clock.wait(Duration::from_secs(250));
    assert_eq!(
        run(&mut intervals, &clock, "2025-10-20T10:05:01Z"),
        ["2025-10-20T10:04:00Z missed 3", "2025-10-20T10:05:00Z"]
    );
}

#[test]
fn a_clock_that_is_set_back_tells_no_time_again_and_one_that_was_far_ahead_goes_on_from_the_right_time() {
    let clock = ManualClock::at("2025-10-20T08:00:00Z");
    let mut ticks = Ticks::new(daily(9, 0), Zone::utc(), &clock);
    assert_eq!(run(&mut ticks, &clock, "2025-10-20T09:05:00Z"), ["2025-10-20T09:00:00Z"]);
    clock.set("2025-10-20T08:50:00Z");
    assert_eq!(run(&mut ticks, &clock, "2025-10-20T10:00:00Z"), [""; 0]);
    clock.set("2031-10-20T08:50:00Z");
    assert_eq!(run(&mut ticks, &clock, "2031-10-20T09:30:00Z").len(), 2);
    clock.set("2025-10-20T10:00:00Z");
    assert_eq!(run(&mut ticks, &clock, "2025-10-21T10:00:00Z"), ["2025-10-21T09:00:00Z"]);
}

#[test]
fn a_clock_that_was_ahead_at_the_start_misses_no_time_when_it_is_set_back() {
    let clock = ManualClock::at("2025-10-20T10:00:00Z");
    let mut ticks = Ticks::new(daily(9, 0), Zone::utc(), &clock);
    clock.set("2025-10-20T08:00:00Z");
    assert_eq!(run(&mut ticks, &clock, "2025-10-20T09:30:00Z"), ["2025-10-20T09:00:00Z"]);
}

#[test]
fn by_the_real_clock_an_interval_is_told_again_and_again() {
    let told = Arc::new(Told::default());
    let schedule = Schedule::Interval(Duration::from_millis(100));
    let clock = Arc::new(SystemClock::default());
    let watcher = TimeWatcher::new("health".to_owned(), schedule, Zone::utc(), clock);
    let _watching = Box::new(watcher).start(told.clone()).unwrap();
    wait_until(|| told.occurrences().len() >= 2, || format!("{:?}", told.occurrences()));
    for occurrence in told.occurrences() {
        assert_eq!(
            (occurrence.definition_id.as_str(), occurrence.event_type.as_str()),
            ("health", "time_based")
        );
        let scheduled_at: DateTime<Utc> = occurrence.data["scheduled_at"].as_str().unwrap().parse().unwrap();
        assert!(scheduled_at <= occurrence.at);
    }
}
