//! Times within the content of events: where a profile declares them, and where it does not.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use super::*;

/// A completion in the legacy shape, with one more member.
fn old(member: &str) -> String {
    format!(
        r#"{{"type": "TaskCompleted", "task_id": "T1", "list": "inbox", "timestamp": "2025-10-20T12:00:01", {member}}}"#
    )
}

fn berlin() -> Zone {
    Zone::new("Europe/Berlin", TimeZone::get("Europe/Berlin").unwrap())
}

/// The same as the new system writes it.
fn now(member: &str) -> String {
    format!(
        r#"{{"event_id": "a", "event_type": "TaskCompleted", "aggregate_id": "T1", "task_id": "T1", "list": "inbox", "timestamp": "2025-10-20T10:00:01Z", {member}}}"#
    )
}

/// In Berlin, with these times declared.
fn found(times: &[&str], control: &str, candidate: &str) -> Comparison {
    let times = times.iter().map(|field| (*field).to_owned()).collect();
    let profile = Profile { times, ..Profile::default() };
    let settings = Settings { profile, zone: berlin(), ..settings() };
    compared_with(&settings, &[old(control)], &[now(candidate)])
}

fn causes(comparison: &Comparison) -> Vec<(&str, Cause)> {
    let fields = comparison.differences.iter().flat_map(|difference| &difference.fields);
    fields.map(|field| (field.path.as_str(), field.cause)).collect()
}

#[test]
fn a_declared_time_is_the_same_in_every_spelling_of_its_instant_and_that_is_counted() {
    assert!(Profile::default().times.contains("completed_date"));
    for (control, candidate, respelled) in [
        ("2025-10-20T12:00:00", "2025-10-20T12:00:00", 0),
        ("2025-10-20T12:00:00", "2025-10-20T10:00:00Z", 1),
        ("2025-10-20T12:00:00", "2025-10-20T10:00:00+00:00", 1),
        ("2025-10-20 12:00:00.000", "2025-10-20T12:00:00+02:00", 1),
        ("2025-10-20T12:00:00.5", "2025-10-20T10:00:00.500000Z", 1),
        (r"2025-10-20T12\u003a00:00", "2025-10-20T12:00:00", 1),
        ("no time", "no time", 0),
    ] {
        let member = |date: &str| format!(r#""completed_date": "{date}""#);
        let found = found(&["completed_date"], &member(control), &member(candidate));
        assert_eq!((found.verdict, found.matched), (Verdict::Consistent, 1), "{control} {candidate}");
        assert_eq!(found.representation, respelled, "{control} {candidate}");
    }
}

#[test]
fn what_is_not_one_instant_for_certain_is_compared_as_text() {
    for (control, candidate) in [
        // Second 60 and the next one; a local time that was skipped and the one an hour later; a date and its midnight.
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
        ("2017-01-01T00:59:60", "2017-01-01T01:00:00"),
        ("2016-12-31T23:59:60.5Z", "2017-01-01T00:00:00.5Z"),
        ("2025-03-30T02:30:00", "2025-03-30T03:30:00"),
        ("2025-03-30T02:30:00", "2025-03-30T01:30:00Z"),
        ("2025-03-30T02:30:00", "2025-03-30 02:30:00"),
        ("2025-10-20", "2025-10-20T00:00:00"),
        ("2025-10-20", "2025-10-19T22:00:00Z"),
    ] {
        let member = |date: &str| format!(r#""due": "{date}""#);
        for times in [&["due"][..], &[]] {
            let compared = found(times, &member(control), &member(candidate));
            assert_eq!(causes(&compared), [("due", Cause::Real)], "{control} {candidate} {times:?}");
            assert_eq!((compared.verdict, compared.undeclared_times.len()), (Verdict::Different, 0));
            for time in [control, candidate] {
                let same = found(times, &member(time), &member(time));
                assert_eq!((same.verdict, same.representation), (Verdict::Consistent, 0), "{time}");
            }
        }
    }
}

#[test]
fn digits_that_were_cut_off_a_declared_time_are_a_difference_of_precision() {
    for (control, candidate, cause) in [
        ("2025-10-20T12:00:00.123456", "2025-10-20T10:00:00.123Z", Cause::Precision),
        ("2025-10-20T12:00:00.1234567", "2025-10-20T10:00:00.123456Z", Cause::Precision),
        ("2025-10-20T12:00:00", "2025-10-20T10:00:00.7Z", Cause::Precision),
        ("2025-10-20T12:00:01", "2025-10-20T10:00:00.7Z", Cause::Precision),
        ("2025-10-20T12:00:00.1", "2025-10-20T10:00:00.2Z", Cause::Real),
        ("2025-10-20T12:00:00", "2025-10-20T12:00:00Z", Cause::Real),
        ("2025-10-20T12:00:00", "yesterday", Cause::Real),
    ] {
        let member = |date: &str| format!(r#""completed_date": "{date}""#);
        let found = found(&["completed_date"], &member(control), &member(candidate));
        assert_eq!(causes(&found), [("completed_date", cause)], "{control} {candidate}");
        assert_eq!((found.verdict, found.changed), (Verdict::Different, 1));
        let token = found.differences[0].fields[0].control.as_deref();
        assert_eq!(token, Some(format!("\"{control}\"").as_str()), "tokens are shown as they are written");
    }
}

#[test]
fn the_same_instant_in_another_field_is_a_difference_of_spelling_and_how_to_declare_it_is_told() {
    let (control, candidate) = (
        r#""due": "2025-10-21T12:00:00", "steps": [{"at": "2025-10-20 12:00"}], "seen": ["2025-10-20T00:00"], "n": 1"#,
        r#""due": "2025-10-21T10:00:00Z", "steps": [{"at": "2025-10-20T10:00:00Z"}], "seen": ["2025-10-19T22:00Z"], "n": 1"#,
    );
    let undeclared = found(&[], control, candidate);
    assert_eq!((undeclared.verdict, undeclared.changed), (Verdict::Different, 1));
    let spelling = Cause::TimeSpelling;
    assert_eq!(causes(&undeclared), [("due", spelling), ("seen[0]", spelling), ("steps[0].at", spelling)]);
    assert_eq!(undeclared.differences[0].cause, spelling);
    let hint: Vec<&str> = undeclared.undeclared_times.iter().map(String::as_str).collect();
    assert_eq!(hint, ["due", "seen", "steps.at"]);
    let declared = found(&hint, control, candidate);
    assert_eq!((declared.verdict, declared.representation), (Verdict::Consistent, 1));
    assert_eq!(declared.undeclared_times, BTreeSet::new());
}

#[test]
fn a_time_of_which_nothing_but_the_spelling_differs_is_evidence_that_two_events_are_one() {
    let alone = |shape: fn(&str) -> String, date: &str| {
        shape(&format!(r#""due": "{date}""#)).replace(r#""list": "inbox", "#, "")
    };
    let settings = Settings { zone: berlin(), ..settings() };
    let control = [alone(old, "2025-10-21T12:00:00")];
    let found = compared_with(&settings, &control, &[alone(now, "2025-10-21T10:00:00Z")]);
    assert_eq!((found.changed, found.missing, found.extra), (1, 0, 0));
    let found = compared_with(&settings, &control, &[alone(now, "2025-10-21T10:00:01Z")]);
    assert_eq!((found.changed, found.missing, found.extra), (0, 1, 1));
}

#[test]
fn a_one_sided_field_that_is_a_time_has_its_default_in_any_spelling() {
    let one_sided = OneSided { field: "due".to_owned(), default: Some("\"2025-10-21T12:00:00\"".to_owned()) };
    let profile = Profile {
        one_sided: vec![one_sided],
        times: BTreeSet::from(["due".to_owned()]),
        ..Profile::default()
    };
    let settings = Settings { profile, zone: berlin(), ..settings() };
    for (due, verdict) in
        [("2025-10-21T10:00:00Z", Verdict::Consistent), ("2025-10-21T12:00:00Z", Verdict::Different)]
    {
        let candidate = now(&format!(r#""n": 1, "due": "{due}""#));
        let found = compared_with(&settings, &[old(r#""n": 1"#)], &[candidate]);
        assert_eq!((found.verdict, found.representation), (verdict, 0), "{due}");
    }
}

#[test]
fn a_local_time_that_comes_twice_has_the_reading_near_its_event() {
    let settings = Settings { zone: berlin(), ..settings() };
    let at = |record: String, hour: &str| {
        record.replace("2025-10-20T10:00:01Z", &format!("2025-10-26T{hour}:30:01Z"))
    };
    let old = |hour| {
        at(
            old(r#""completed_date": "2025-10-26T02:30:00""#)
                .replace("2025-10-20T12:00:01", "2025-10-20T10:00:01Z"),
            hour,
        )
    };
    let now =
        |hour: &str, utc: &str| at(now(&format!(r#""completed_date": "2025-10-26T{utc}:30:00Z""#)), hour);
    for (hour, utc, verdict) in [
        ("00", "00", Verdict::Consistent),
        ("01", "01", Verdict::Consistent),
        ("00", "01", Verdict::Different),
        ("01", "00", Verdict::Different),
    ] {
        assert_eq!(
            compared_with(&settings, &[old(hour)], &[now(hour, utc)]).verdict,
            verdict,
            "{hour} {utc}"
        );
    }
}

#[test]
fn the_default_of_a_one_sided_time_that_comes_twice_is_the_same_text_and_the_reading_near_the_event() {
    let default = Some("\"2025-10-26T02:30:00\"".to_owned());
    let profile = Profile {
        one_sided: vec![OneSided { field: "due".to_owned(), default }],
        times: BTreeSet::from(["due".to_owned()]),
        ..Profile::default()
    };
    let settings = Settings { profile, zone: berlin(), ..settings() };
    for (hour, due, expected) in [
        ("00", "2025-10-26T02:30:00", Verdict::Consistent),
        ("01", "2025-10-26T02:30:00", Verdict::Consistent),
        ("12", "2025-10-26 02:30", Verdict::Consistent),
        ("00", "2025-10-26T00:30:00Z", Verdict::Consistent),
        ("01", "2025-10-26T01:30:00Z", Verdict::Consistent),
        ("00", "2025-10-26T01:30:00Z", Verdict::Different),
        ("01", "2025-10-26T02:30:00+02:00", Verdict::Different),
        ("01", "2025-10-26T02:30:01", Verdict::Different),
    ] {
        let at = |record: String| {
            let record = record.replace("2025-10-20T12:00:01", &format!("2025-10-26T{hour}:30:01Z"));
            record.replace("2025-10-20T10:00:01Z", &format!("2025-10-26T{hour}:30:01Z"))
        };
        // Once alone, and once among events of the same content.
        for others in 0..2 {
            let control = vec![at(old(r#""n": 1"#)); 1 + others];
            let candidate: Vec<String> = (0..=others)
                .map(|number| {
                    at(now(&format!(r#""n": 1, "due": "{due}""#))).replace("\"a\"", &format!("\"a{number}\""))
                })
                .collect();
            assert_eq!(
                compared_with(&settings, &control, &candidate).verdict,
                expected,
                "{hour} {due} {others}"
            );
        }
    }
}

#[test]
fn events_of_the_repeated_hour_find_their_partners_whatever_says_the_offset() {
    let settings = Settings { zone: berlin(), ..settings() };
    // Every ten minutes through both passes; one system writes local times, the other one says the offset.
    let minutes = (0..13).map(|number| number * 10);
    let shown = |minute: i64| format!("{:02}:{:02}", minute / 60, minute % 60);
    let control: Vec<String> = minutes
        .clone()
        .map(|minute| {
            let local = shown(120 + minute % 60 + if minute == 120 { 60 } else { 0 });
            old(&format!(r#""completed_date": "2025-10-26T{local}:00""#))
                .replace("2025-10-20T12:00:01", &format!("2025-10-26T{local}:01"))
        })
        .collect();
    let candidate = |shift: i64| -> Vec<String> {
        minutes
            .clone()
            .map(|minute| {
                now(&format!(r#""completed_date": "2025-10-26T{}:00Z""#, shown(minute + shift)))
                    .replace("2025-10-20T10:00:01Z", &format!("2025-10-26T{}:01Z", shown(minute)))
                    .replace("\"a\"", &format!("\"a{minute}\""))
            })
            .collect()
    };
    let found = compared_with(&settings, &control, &candidate(0));
    assert_eq!((found.verdict, found.matched, found.representation), (Verdict::Consistent, 13, 13));
    let found = compared_with(&settings, &control, &candidate(60));
    assert_eq!((found.verdict, found.matched), (Verdict::Different, 0));
}
