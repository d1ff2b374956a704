//! No false "consistent".

use super::*;

#[test]
fn each_second_event_shifted_by_the_same_time_is_different() {
    let mut shifted = day();
    shifted.iter_mut().step_by(2).for_each(|event| event.at += 5_000);
    let found = compared(&legacy(&day()), &new(&shifted));
    assert_eq!((found.verdict, found.time_shifted), (Verdict::Different, 50));
}

#[test]
fn a_log_that_is_three_hours_off_is_different_and_a_zone_is_suspected() {
    let mut shifted = day();
    shifted.iter_mut().for_each(|event| event.at += 3 * 3_600_000);
    let found = compared(&legacy(&day()), &new(&shifted));
    assert_eq!((found.verdict, found.time_shifted), (Verdict::Different, 100));
    assert!(
        found.reasons[0].contains("3h apart") && found.reasons[0].contains("time zone"),
        "{:?}",
        found.reasons
    );
    assert!(found.by_cause.iter().all(|cause| cause.cause == Cause::ClockOrZone));
}

#[test]
fn values_that_only_look_alike_are_different() {
    for (control, candidate, cause) in [
        ("1", "true", "real"),
        ("1", "\"1\"", "real"),
        ("9007199254740993", "9007199254740992", "precision"),
        ("0.1", "0.10000000000000002", "precision"),
        ("\"é\"", "\"e\u{301}\"", "unicode-form"),
        ("\"\"", "null", "real"),
        ("[1, 2]", "[1, 3]", "real"),
        ("{\"a\": 1}", "{\"a\": 1, \"b\": null}", "null-versus-missing"),
    ] {
        let with = |records: Vec<String>, value: &str| -> Vec<String> {
            let record = |(number, record): (usize, String)| match number {
                7 => record.replacen('{', &format!("{{\"value\": {value}, "), 1),
                _ => record,
            };
            records.into_iter().enumerate().map(record).collect()
        };
        let found = compared(&with(legacy(&day()), control), &with(new(&day()), candidate));
        assert_eq!((found.verdict, found.changed), (Verdict::Different, 1), "{control} and {candidate}");
        let difference = &found.differences[0];
        assert_eq!(
            (difference.cause.as_str(), difference.fields.len()),
            (cause, 1),
            "{control} and {candidate}"
        );
        if !control.starts_with(['{', '[']) {
            assert_eq!(difference.fields[0].control.as_deref(), Some(control));
            assert_eq!(difference.fields[0].candidate.as_deref(), Some(candidate));
        }
    }
}

#[test]
fn null_for_a_missing_field_is_different() {
    let mut candidate = new(&day());
    candidate[3] = candidate[3].replacen('{', "{\"note\": null, ", 1);
    let found = compared(&legacy(&day()), &candidate);
    assert_eq!((found.verdict, found.changed), (Verdict::Different, 1));
    assert_eq!(found.differences[0].cause, Cause::NullVersusMissing);
}

#[test]
fn titles_that_were_swapped_between_tasks_are_different() {
    let mut swapped = day();
    (swapped[10].title, swapped[13].title) = (swapped[13].title.clone(), swapped[10].title.clone());
    let found = compared(&legacy(&day()), &new(&swapped));
    assert_eq!((found.verdict, found.changed), (Verdict::Different, 2));
}

#[test]
fn one_twin_of_a_repeated_event_that_was_removed_is_different() {
    let mut twins = day();
    twins.insert(5, twins[5].clone());
    let found = compared(&legacy(&twins), &new(&day()));
    assert_eq!((found.verdict, found.duplicated.control), (Verdict::Different, 1));
    let found = compared(&legacy(&day()), &new(&twins));
    assert_eq!((found.verdict, found.duplicated.candidate), (Verdict::Different, 1));
}

#[test]
fn an_empty_side_is_never_consistent() {
    assert_eq!(compared(&[], &[]).verdict, Verdict::Inconclusive);
    assert_eq!(compared(&legacy(&day()), &[]).verdict, Verdict::Different);
    assert_eq!(compared(&[], &new(&day())).verdict, Verdict::Different);
}

#[test]
fn a_day_that_is_missing_shows_as_missing_on_that_day() {
    let mut life = day();
    life.extend(day().into_iter().map(|event| Lived {
        task: format!("later {}", event.task),
        at: event.at + 86_400_000,
        ..event
    }));
    let found = compared(&legacy(&life), &new(&day()));
    assert_eq!((found.verdict, found.missing), (Verdict::Different, 100));
    assert_eq!(found.by_day.len(), 2);
    assert_eq!((found.by_day[1].counts.control, found.by_day[1].counts.candidate), (100, 0));
}

#[test]
fn a_side_that_stopped_yesterday_misses_events_that_are_not_pending() {
    let found = compared(&legacy(&day()), &new(&day()[..90]));
    assert_eq!((found.verdict, found.missing, found.pending.control), (Verdict::Different, 10, 0));
}

#[test]
fn what_is_too_young_to_be_judged_is_pending_on_either_side() {
    let young = Settings { as_of: time(59_400_000 + 30_000).parse().unwrap(), ..settings() };
    let found = compared_with(&young, &legacy(&day()), &new(&day()[..99]));
    assert_eq!((found.verdict, found.pending.control), (Verdict::Consistent, 1), "{:?}", found.reasons);
    let found = compared_with(&young, &legacy(&day()[..99]), &new(&day()));
    assert_eq!((found.verdict, found.pending.candidate), (Verdict::Consistent, 1));
    let too_early = Settings { as_of: time(-1).parse().unwrap(), ..settings() };
    let found = compared_with(&too_early, &legacy(&day()), &new(&day()[..1])[..0]);
    assert_eq!(found.verdict, Verdict::Inconclusive, "{:?}", found.reasons);
}

#[test]
fn an_event_from_far_in_the_future_is_wrong_and_not_young() {
    let now = Settings { as_of: time(0).parse().unwrap(), as_of_is_declared: false, ..settings() };
    let found = compared_with(&now, &legacy(&day()), &new(&day()[..99]));
    assert_eq!((found.verdict, found.missing), (Verdict::Different, 1));
}

#[test]
fn a_torn_tail_is_inconclusive() {
    let mut torn = new(&day());
    let last = torn.len() - 1;
    torn.push(torn[last][..20].to_owned());
    let found = compared(&legacy(&day()), &torn);
    assert_eq!((found.verdict, found.quarantined.candidate), (Verdict::Inconclusive, 1));
    assert!(matches!(found.candidate.rejects[0].location, RecordLocation::File { line: 101, .. }));
}

#[test]
fn an_ignored_field_is_never_counted_as_matched() {
    let mut candidate = new(&day());
    candidate[3] = candidate[3].replacen('{', "{\"host\": \"b\", ", 1);
    let ignore = |field: &str| IgnoreRule { field: field.to_owned(), reason: "moved".to_owned() };
    let profile = Profile { ignore: vec![ignore("host"), ignore("unused")], ..Profile::default() };
    let with_rule = Settings { profile, ..settings() };
    let found = compared_with(&with_rule, &legacy(&day()), &candidate);
    assert_eq!((found.verdict, found.matched), (Verdict::Consistent, 99), "{:?}", found.differences);
    let pairs: Vec<u64> = found.ignored.iter().map(|rule| rule.pairs).collect();
    assert_eq!(pairs, [1, 0], "a rule that matched nothing is reported");
    assert_eq!(compared(&legacy(&day()), &candidate).changed, 1);
}

#[test]
fn a_field_of_one_side_must_have_its_declared_default() {
    let field = OneSided { field: "priority".to_owned(), default: Some("\"P1\"".to_owned()) };
    let mut profile = Profile { name: "strict".to_owned(), ..Profile::default() };
    profile.one_sided.retain(|expected| expected.field != "priority");
    profile.one_sided.push(field);
    let strict = Settings { profile, ..settings() };
    let mut candidate = new(&day());
    assert_eq!(compared_with(&strict, &legacy(&day()), &candidate).verdict, Verdict::Consistent);
    candidate[3] = candidate[3].replace("P1", "P2");
    let found = compared_with(&strict, &legacy(&day()), &candidate);
    assert_eq!((found.verdict, found.changed), (Verdict::Different, 1));
    assert_eq!(found.differences[0].cause, Cause::DeclaredDefault);
    assert_eq!(found.differences[0].fields[0].path, "priority");
}

#[test]
fn a_field_that_the_control_speaks_about_must_be_the_same() {
    let mut control = legacy(&day());
    control[3] = control[3].replacen('{', "{\"priority\": \"P1\", ", 1);
    control[4] = control[4].replacen('{', "{\"priority\": \"P3\", ", 1);
    let found = compared(&control, &new(&day()));
    assert_eq!((found.verdict, found.changed, found.matched), (Verdict::Different, 1, 99));
}

#[test]
fn the_self_test_is_part_of_every_comparison() {
    let found =
        compare(&settings(), input(&legacy(&day())), input(&new(&day())), Box::new(MemoryScratch::default()))
            .unwrap();
    let test = found.self_test.unwrap();
    assert!(test.passed && test.sampled > 0);
    assert!(test.checks.iter().all(|check| check.outcome == CheckOutcome::Held), "{:?}", test.checks);
}

#[test]
fn the_self_test_takes_no_field_of_the_envelope_for_content_however_its_name_is_written() {
    let record = r#"{"event_\u0069d": 0, "event_type": "A", "aggregate_id": "T1", "timestamp": "2025-10-25T22:37:03Z"}"#;
    let sides = [input(&[record.to_owned()]), input(&[record.replace(": 0", ":0")])];
    let [control, candidate] = sides;
    let found = compare(&settings(), control, candidate, Box::new(MemoryScratch::default())).unwrap();
    assert!(found.self_test.unwrap().passed);
}
