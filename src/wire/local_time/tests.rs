use jiff::tz::TimeZone;

use super::*;

fn zone(name: &str) -> Zone {
    Zone::new(name, TimeZone::get(name).unwrap())
}

/// What a log of these timestamps becomes: `instant flag,flag`, or the error.
fn log<'a>(zone: &Zone, dst: DstPolicy, texts: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut clock = LocalTimeResolver::new(zone, dst);
    let place = |text| match clock.resolve(&WrittenTimestamp::parse(text).unwrap()) {
        Ok((instant, flags)) => {
            let names: Vec<_> = flags.names().collect();
            format!("{} {}", instant.format("%FT%T%.fZ"), names.join(",")).trim_end().to_owned()
        }
        Err(error) => error.to_string(),
    };
    texts.into_iter().map(place).collect()
}

#[track_caller]
fn assert_log(zone: &Zone, lines: &[(&str, &str)]) {
    let (texts, expected): (Vec<&str>, Vec<&str>) = lines.iter().copied().unzip();
    assert_eq!(log(zone, DstPolicy::Resolve, texts), expected);
}

#[test]
fn a_naive_time_is_read_in_the_zone_and_a_written_offset_at_its_word() {
    assert_log(
        &zone("Europe/Berlin"),
        &[
            ("2025-10-25T10:00:00", "2025-10-25T08:00:00Z naive"),
            ("2025-12-24", "2025-12-23T23:00:00Z naive"),
            ("2025-10-25T10:00:00-08:00", "2025-10-25T18:00:00Z"),
            ("2025-10-26T02:30:00+01:00", "2025-10-26T01:30:00Z"),
            ("9999-12-31T23:59:59.999999", "9999-12-31T22:59:59.999999Z naive"),
        ],
    );
    assert_log(&Zone::utc(), &[("2025-03-30T02:30:00", "2025-03-30T02:30:00Z naive")]);
}

#[test]
fn a_repeated_hour_is_the_earlier_one_until_the_local_time_steps_back_within_it() {
    assert_log(
        &zone("Europe/Berlin"),
        &[
            ("2025-10-26T02:10:00", "2025-10-26T00:10:00Z naive,ambiguous_local_time"),
            ("2025-10-26T02:50:00", "2025-10-26T00:50:00Z naive,ambiguous_local_time"),
            ("2025-10-26T02:50:00", "2025-10-26T00:50:00Z naive,ambiguous_local_time"),
            ("2025-10-26T02:05:00", "2025-10-26T01:05:00Z naive,ambiguous_local_time"),
            ("2025-10-26T02:55:00", "2025-10-26T01:55:00Z naive,ambiguous_local_time"),
            ("2025-10-26T03:00:00", "2025-10-26T02:00:00Z naive"),
        ],
    );
}

#[test]
fn another_log_begins_the_repeated_hour_anew() {
    let zone = zone("Europe/Berlin");
    let mut clock = LocalTimeResolver::new(&zone, DstPolicy::Resolve);
    let mut hour = |text| {
        let (instant, _) = clock.resolve(&WrittenTimestamp::parse(text).unwrap()).unwrap();
        instant.format("%H:%M").to_string()
    };
    assert_eq!(["2025-10-26T02:50:00", "2025-10-26T02:10:00"].map(&mut hour), ["00:50", "01:10"]);
    clock.begin_log();
    let (instant, _) = clock.resolve(&WrittenTimestamp::parse("2025-10-26T02:20:00").unwrap()).unwrap();
    assert_eq!(instant.format("%H:%M").to_string(), "00:20");
}

#[test]
fn times_outside_the_repeated_hour_and_written_offsets_do_not_step_it_back() {
    assert_log(
        &zone("Europe/Berlin"),
        &[
            ("2025-10-26T03:10:00", "2025-10-26T02:10:00Z naive"),
            ("2025-10-26T02:40:00+02:00", "2025-10-26T00:40:00Z"),
            ("2025-10-26T02:30:00", "2025-10-26T00:30:00Z naive,ambiguous_local_time"),
            ("2025-10-26T01:30:00", "2025-10-25T23:30:00Z naive"),
            ("2025-10-26T02:31:00", "2025-10-26T00:31:00Z naive,ambiguous_local_time"),
        ],
    );
}

#[test]
fn every_repeated_hour_has_its_own_step_back_and_keeps_it() {
    assert_log(
        &zone("Europe/Berlin"),
        &[
            ("2024-10-27T02:30:00", "2024-10-27T00:30:00Z naive,ambiguous_local_time"),
            ("2024-10-27T02:20:00", "2024-10-27T01:20:00Z naive,ambiguous_local_time"),
            ("2025-10-26T02:30:00", "2025-10-26T00:30:00Z naive,ambiguous_local_time"),
            ("2024-10-27T02:59:59.999999", "2024-10-27T01:59:59.999999Z naive,ambiguous_local_time"),
            ("2023-10-29T02:30:00", "2023-10-29T00:30:00Z naive,ambiguous_local_time"),
        ],
    );
}

#[test]
fn the_whole_repeated_hour_counts_from_its_first_to_its_last_microsecond() {
    assert_log(
        &zone("Europe/Berlin"),
        &[
            ("2025-10-26T02:59:59.999999", "2025-10-26T00:59:59.999999Z naive,ambiguous_local_time"),
            ("2025-10-26T02:00:00", "2025-10-26T01:00:00Z naive,ambiguous_local_time"),
        ],
    );
}

#[test]
fn a_missing_hour_moves_forward_by_the_size_of_the_gap() {
    assert_log(
        &zone("Europe/Berlin"),
        &[("2025-03-30T02:30:00", "2025-03-30T01:30:00Z naive,missing_local_time")],
    );
    // A gap of half an hour.
    assert_log(
        &zone("Australia/Lord_Howe"),
        &[("2025-10-05T02:15:00", "2025-10-04T15:45:00Z naive,missing_local_time")],
    );
}

#[test]
fn midnight_of_a_day_that_begins_with_a_gap_moves_forward() {
    assert_log(&zone("Africa/Cairo"), &[("2025-04-25", "2025-04-24T22:00:00Z naive,missing_local_time")]);
}

#[test]
fn a_naive_leap_second_is_checked_against_utc_and_belongs_to_the_minute_before_it() {
    assert_log(
        &zone("Europe/Berlin"),
        &[
            ("2017-01-01T00:59:60", "2017-01-01T00:00:00Z naive,leap_second"),
            (
                "2016-12-31T23:59:60",
                "expected second 60 only at 23:59 UTC, where leap seconds are, got it at 2016-12-31T22:59 UTC",
            ),
        ],
    );
    // These clocks go forward at 00:00 UTC, just after the leap second: it is not in the gap.
    let zone = Zone::new("gap", TimeZone::posix("STD0DST,M3.5.0/0,M10.5.0/0").unwrap());
    assert_log(&zone, &[("2025-03-29T23:59:60", "2025-03-30T00:00:00Z naive,leap_second")]);
}

#[test]
fn a_naive_time_whose_instant_leaves_the_years_0001_to_9999_is_refused() {
    assert_eq!(
        log(&zone("Europe/Berlin"), DstPolicy::Resolve, ["0001-01-01T00:00:00"]),
        [
            "expected an instant in the years 0001 to 9999 of UTC, got 0001-01-01 00:00:00 at 3208 seconds east of UTC"
        ],
    );
}

#[test]
fn the_reject_policy_refuses_local_times_that_come_twice_or_never() {
    let texts =
        ["2025-10-26T02:30:00", "2025-03-30T02:30:00", "2025-03-30T03:00:00", "2025-10-26T02:30:00+01:00"];
    assert_eq!(
        log(&zone("Europe/Berlin"), DstPolicy::Reject, texts),
        [
            "expected a local time that comes once, got 2025-10-26 02:30:00, which Europe/Berlin has twice; \
             write it with its offset (records of a log can be placed by rule: --dst resolve)",
            "expected a local time that exists, got 2025-03-30 02:30:00, which Europe/Berlin skips; \
             write it with its offset (records of a log can be placed by rule: --dst resolve)",
            "2025-03-30T01:00:00Z naive",
            "2025-10-26T01:30:00Z",
        ],
    );
}
