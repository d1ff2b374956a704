use chrono::{FixedOffset, SecondsFormat};
use proptest::prelude::*;

use super::*;

/// A naive text is read as UTC here: this module knows no zone.
fn instant(text: &str) -> Result<String, TimestampError> {
    let written = WrittenTimestamp::parse(text)?;
    let instant = written.at_offset(written.offset_seconds().unwrap_or(0))?;
    Ok(instant.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

#[test]
fn every_accepted_form_gives_its_instant() {
    for (text, expected) in [
        ("1963-06-19T08:30:06.283185Z", "1963-06-19T08:30:06.283185Z"),
        ("1963-06-19t08:30:06.283185z", "1963-06-19T08:30:06.283185Z"),
        ("1937-01-01T12:00:27.87+00:20", "1937-01-01T11:40:27.870Z"),
        ("1990-12-31T15:59:50.123-08:00", "1990-12-31T23:59:50.123Z"),
        ("1985-04-12T23:20:50+01", "1985-04-12T22:20:50Z"),
        ("1997-09-09T09:09:09.09+0909", "1997-09-09T00:00:09.090Z"),
        ("2018-01-02T03:04:05-1234", "2018-01-02T15:38:05Z"),
        ("2000-01-01T00:00:00+23:59", "1999-12-31T00:01:00Z"),
        ("2018-01-02T03:04:05-00:00", "2018-01-02T03:04:05Z"),
        ("2018-11-01 20:42:09.058000+01:30", "2018-11-01T19:12:09.058Z"),
        ("2018-01-02 03:04:05z", "2018-01-02T03:04:05Z"),
        ("2025-01-02T03:04:05,678", "2025-01-02T03:04:05.678Z"),
        ("2018-01-02T03:04Z", "2018-01-02T03:04:00Z"),
        ("1987-07-05T17:45", "1987-07-05T17:45:00Z"),
        ("2025-10-25T10:00:00", "2025-10-25T10:00:00Z"),
        ("2024-02-29", "2024-02-29T00:00:00Z"),
        ("2000-02-29T15:15:15Z", "2000-02-29T15:15:15Z"),
        ("0001-01-01", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999Z"),
    ] {
        assert_eq!(instant(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn fractions_of_any_length_are_floored_to_microseconds_on_either_side_of_1970() {
    for (text, expected) in [
        ("1969-12-31T23:59:59.9999999Z", -1),
        ("1969-12-31T23:59:59.0000009Z", -1_000_000),
        ("1970-01-01T00:00:00.1Z", 100_000),
        ("1970-01-01T00:00:00.0000019Z", 1),
        ("1970-01-01T00:00:01.999999999999999999999999999999Z", 1_999_999),
    ] {
        assert_eq!(
            WrittenTimestamp::parse(text).map(|written| written.civil_micros()),
            Ok(expected),
            "{text}"
        );
    }
}

#[test]
fn the_civil_time_is_the_same_whatever_the_offset() {
    for text in ["2025-10-25T10:00:00", "2025-10-25 10:00Z", "2025-10-25T10:00:00.0-08:00"] {
        let written = WrittenTimestamp::parse(text).unwrap();
        assert_eq!(written.civil_micros(), 1_761_386_400_000_000, "{text}");
    }
}

#[test]
fn only_a_text_without_an_offset_is_naive() {
    for (text, naive) in
        [("2025-10-25", true), ("2025-10-25T10:00:00", true), ("2025-10-25T10:00:00-00:00", false)]
    {
        assert_eq!(WrittenTimestamp::parse(text).unwrap().is_naive(), naive, "{text}");
    }
}

#[test]
fn a_second_60_at_2359_utc_is_the_next_second() {
    for (text, expected) in [
        ("1998-12-31T23:59:60Z", "1999-01-01T00:00:00Z"),
        ("1998-12-31T15:59:60.123-08:00", "1999-01-01T00:00:00.123Z"),
        ("2016-12-31T23:59:60", "2017-01-01T00:00:00Z"),
    ] {
        assert!(WrittenTimestamp::parse(text).unwrap().is_leap_second(), "{text}");
        assert_eq!(instant(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn a_second_60_anywhere_else_is_refused_with_its_place() {
    let error = instant("1998-12-31T23:59:60.5+01:00").unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected second 60 only at 23:59 UTC, where leap seconds are, got it at 1998-12-31T22:59 UTC"
    );
    for text in ["1998-12-31T23:58:60Z", "1998-12-31T22:59:60Z", "2015-02-18T23:59:60.234567+05:00"] {
        assert!(matches!(instant(text), Err(TimestampError::LeapSecondElsewhere(_))), "{text}");
    }
}

#[test]
fn instants_outside_the_years_0001_to_9999_of_utc_are_refused() {
    for text in ["0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "9999-12-31T23:59:60Z"] {
        assert!(matches!(instant(text), Err(TimestampError::OutOfRange { .. })), "{text}");
    }
}

#[test]
fn everything_else_is_refused_for_the_part_that_is_wrong() {
    let cases: [(Refusal, &[&str]); 6] = [
        (
            TimestampError::DateForm,
            &[
                "",
                "now",
                "T",
                "17:45",
                "1441497364.649",
                "2020-W53-6T03:04:05",
                "2025W014",
                "2014-059",
                "2014059",
                "20250102T030405",
                "2018-0102",
                "02026-05-07",
                "+11963-06-19T08:30:06Z",
                "-2014-01-02",
                "199-09-09",
                "1987-7-05",
                "1963-6-19T08:30:06Z",
                " 2020-01-01",
                "\n2020-01-01",
                "06/19/1963 08:30:06 PST",
                "1963-06-1\u{9ea}T00:00:00Z",
                "2009-1a-04",
                "\u{feff}2020-01-01",
            ],
        ),
        (
            TimestampError::NoSuchDate,
            &["0000-01-01", "2009-02-29", "1990-02-31T15:59:59Z", "2006-01-00", "2006-13-01", "2007-00-01"],
        ),
        (
            TimestampError::TimeForm,
            &[
                "2006-01-30T",
                "2020-01-01x",
                "2020-01-01 ",
                "2018-01-02T03",
                "2018-01-02T03Z",
                "2018-01-01_00:00:00",
                "1987-07-0517:45:00Z",
                "2014-05-06Z",
                "2012-12-12T 12:12:12Z",
                "2018-01-02T030405",
                "2023-10-01T1:32:00Z",
                "2018-01-01T00:00:",
                "2009-04-19T12:30:4",
                "1997-09-09T09:09:09.",
                "2016-09-09T09:09:09.Z",
                "1963-06-11T0\u{9ea}:00:00Z",
                "2014-02-03T10::27",
                "2019-01-01\u{1f435}01:02:03Z",
            ],
        ),
        (
            TimestampError::NoSuchTime,
            &[
                "1990-12-31T24:00:00Z",
                "2014-02-03T24:00:00",
                "2001-01-01T24:01:01",
                "1990-12-31T15:60:00Z",
                "1998-12-31T23:59:61Z",
                "2016-12-31T24:59:60+01:00",
            ],
        ),
        (
            TimestampError::OffsetForm,
            &[
                "1985-04-12T23:20:50Z\n",
                "2012-12-12T12:12:12Z ",
                "2012-12-12T12:12:12ZZ",
                "2014-05-06 07:08:09 -05:00",
                "2014-05-06 07:08:09 UTC",
                "2018-01-01T10:30.5",
                "1997-09-09T09:09:09.09+",
                "1997-09-09T09:09:09.09+09:9",
                "2018-01-01T00:00:00-00:",
                "2025-01-02T03:04:05+00:00:00",
                "1963-06-19T08:30:06.28123+01:00Z",
                "2018-01-01T00:00:00\u{2212}01:00",
                "2018-01-01T00:00:00+0\u{9ea}",
            ],
        ),
        (
            TimestampError::NoSuchOffset,
            &["1990-12-31T10:00:00+10:60", "1985-06-18 17:04:07+25:00", "1990-12-31T15:59:59-24:00"],
        ),
    ];
    for (refusal, texts) in cases {
        for text in texts {
            assert_eq!(WrittenTimestamp::parse(text), Err(refusal(format!("{text:?}"))));
        }
    }
}

#[test]
fn a_long_text_is_quoted_by_its_first_40_characters() {
    let error = WrittenTimestamp::parse(&"\u{e9}".repeat(41)).unwrap_err();
    assert_eq!(error, TimestampError::DateForm(format!("\"{}\"...", "\u{e9}".repeat(40))));
}

proptest! {
    #[test]
    fn what_chrono_prints_at_any_offset_is_read_back_as_the_same_instant(
        micros in PRINTABLE_MICROS,
        offset_minutes in -1439..=1439,
    ) {
        let instant = DateTime::from_timestamp_micros(micros).unwrap();
        let local = instant.with_timezone(&FixedOffset::east_opt(offset_minutes * 60).unwrap());
        // Only years of four digits can be written, which an offset leaves by up to a day at either end.
        prop_assume!((1..=9999).contains(&chrono::Datelike::year(&local)));
        let written = WrittenTimestamp::parse(&local.to_rfc3339()).unwrap();
        prop_assert_eq!(written.at_offset(written.offset_seconds().unwrap()), Ok(instant));
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "[-+:.,TtZz 0-9\u{e9}]{0,40}") {
        let _ = instant(&text);
    }

    #[test]
    fn a_usual_time_is_read_as_any_time_is(
        time in "T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]\\.[0-9]{4,8}(Z|\\+00:00)?",
        changed in proptest::option::of(any::<(proptest::sample::Index, u8)>()),
    ) {
        let mut time = time.into_bytes();
        if let Some((at, byte)) = changed {
            let at = at.index(time.len());
            time[at] = byte;
        }
        let said = |read: Result<(TimeOfDay, &[u8]), Refusal>| match read {
            Ok((time, rest)) => Ok((time.micros, time.leap_second, rest.to_vec())),
            Err(refuse) => Err(refuse(String::new())),
        };
        prop_assert_eq!(said(read_time(&time)), said(read_any_time(&time)));
    }

    #[test]
    fn what_was_read_before_changes_nothing_about_a_timestamp(
        texts in proptest::collection::vec(
            prop_oneof![
                4 => "2025-0[12]-0[1-3](T(00|12|23):[0-5][0-9]:[0-5][0-9](\\.[0-9]{6})?(Z|[+-](00|14):00)?)?",
                1 => "[0-9]{4}-[01][0-9]-[0-3][0-9]T23:59:60Z",
                1 => "(0001-01-01|9999-12-31)T00:00:00[+-]23:59",
                1 => "[-+:.TZ 0-9\0]{0,30}",
            ],
            1..10,
        ),
    ) {
        let (mut last_date, mut last_day) = (LastDate::default(), LastDay::default());
        for text in texts {
            let read = WrittenTimestamp::parse_after(&mut last_date, &text);
            prop_assert_eq!(&read, &WrittenTimestamp::parse(&text));
            if let Ok(read) = read {
                let offset = read.offset_seconds().unwrap_or(0);
                prop_assert_eq!(read.at_offset_after(&mut last_day, offset), read.at_offset(offset));
            }
        }
    }
}
