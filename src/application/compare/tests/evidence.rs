//! Two events are one only where their contents are evidence of that.

use super::paired::found;
use super::*;

/// One event of each side, with these members besides a quiet day. The times are in milliseconds.
fn sides(
    (event_type, task, members, at): (&str, &str, &str, i64),
    (other_type, other_task, other_members, other_at): (&str, &str, &str, i64),
) -> [Vec<String>; 2] {
    let comma = |members: &str| if members.is_empty() { String::new() } else { format!(", {members}") };
    let (mut control, mut candidate) = (legacy(&day()), new(&day()));
    let (at, other_at) = (time(at).replace("+00:00", ""), time(other_at));
    control.push(format!(
        r#"{{"type": "{event_type}", "task_id": "{task}", "timestamp": "{at}"{}}}"#,
        comma(members)
    ));
    candidate.push(format!(
        r#"{{"event_id": "x", "event_type": "{other_type}", "aggregate_id": "{other_task}", "timestamp": "{other_at}"{}}}"#,
        comma(other_members)
    ));
    [control, candidate]
}

/// What a comparison makes of the two events, and what an import does: the classes of the pairs, and how
/// many pairs only resemble each other.
fn told(sides: &[Vec<String>; 2]) -> ([u64; 6], Vec<Class>, usize) {
    let report = compared(&sides[0], &sides[1]);
    let counts =
        [report.missing, report.extra, report.changed, report.retyped, report.misfiled, report.time_shifted];
    let (pairs, _) = found(&sides[0], &sides[1]);
    let resembling = pairs.iter().filter(|pair| pair.class.is_none()).count();
    let classes = pairs.iter().filter_map(|pair| pair.class).filter(|class| *class != Class::Matched);
    (counts, classes.collect(), resembling)
}

const APART: [u64; 6] = [1, 1, 0, 0, 0, 0];

#[test]
fn events_that_have_no_statement_in_common_are_missing_and_extra_and_an_import_is_told_that_they_resemble() {
    let (noon, later, hours) = (43_200_000, 43_201_000, 46_000_000);
    for (one, other) in [
        // Other kinds of events of one task, without content of their own.
        (("ReminderFired", "T1", "", noon), ("TaskViewed", "T1", "", later)),
        (("ReminderFired", "T1", r#""a": null"#, noon), ("TaskViewed", "T1", r#""a": null"#, later)),
        (
            ("ReminderFired", "T1", r#""a": {"b": [""]}"#, noon),
            ("TaskViewed", "T1", r#""a": {"b": [""]}"#, later),
        ),
        // What one side alone is expected to have is no content.
        (
            ("ReminderFired", "T1", r#""status": "x""#, noon),
            ("TaskViewed", "T1", r#""status": "x", "metadata": {}"#, later),
        ),
        // The same kind of event of two tasks.
        (("TaskViewed", "T1", "", noon), ("TaskViewed", "T2", "", later)),
        (("TaskViewed", "T1", r#""a": []"#, noon), ("TaskViewed", "T2", r#""a": []"#, later)),
        // Two updates of one task.
        (("Updated", "T1", r#""a": {"b": 1}"#, noon), ("Updated", "T1", r#""a": {"c": 1}"#, later)),
        (("Updated", "T1", r#""a": 1, "n": null"#, noon), ("Updated", "T1", r#""b": 1, "n": null"#, later)),
        (("Updated", "T1", r#""a": 1"#, noon), ("Updated", "T1", r#""a": 2"#, hours)),
        (("Updated", "T1", "", noon), ("Updated", "T1", r#""a": 2"#, later)),
        // Views of one task, half an hour apart.
        (("TaskViewed", "T1", "", noon), ("TaskViewed", "T1", "", hours)),
        // The same content, and neither type nor task.
        (("Updated", "T1", r#""a": 1"#, noon), ("Moved", "T2", r#""a": 1"#, later)),
    ] {
        assert_eq!(told(&sides(one, other)), (APART, vec![], 1), "{one:?} {other:?}");
    }
}

#[test]
fn what_has_nothing_but_its_time_in_common_does_not_even_resemble() {
    let (noon, later) = (43_200_000, 43_201_000);
    let sides = sides(("ReminderFired", "T1", "", noon), ("TaskViewed", "T2", "", later));
    assert_eq!(told(&sides), (APART, vec![], 0));
}

#[test]
fn a_statement_in_common_makes_one_event_of_two() {
    let (noon, later, hours) = (43_200_000, 43_201_000, 46_000_000);
    for (one, other, class) in [
        (("Updated", "T1", r#""a": 1"#, noon), ("Moved", "T1", r#""a": 1"#, later), Class::Retyped),
        (
            ("Updated", "T1", r#""a": {"b": 0}"#, noon),
            ("Updated", "T2", r#""a": {"b": 0}"#, later),
            Class::Misfiled,
        ),
        (
            ("Updated", "T1", r#""a": 1, "b": 1"#, noon),
            ("Updated", "T1", r#""a": 1, "b": 2"#, hours),
            Class::Changed,
        ),
        (
            ("Updated", "T1", r#""a": {"b": 1, "c": 1}"#, noon),
            ("Updated", "T1", r#""a": {"b": 1}"#, later),
            Class::Changed,
        ),
        (("Updated", "T1", r#""a": 1"#, noon), ("Updated", "T1", r#""a": 1"#, hours), Class::TimeShifted),
        // Nothing contradicts: a deletion, at the same time.
        (("Deleted", "T1", "", noon), ("Deleted", "T1", r#""why": null"#, later), Class::Changed),
        (
            ("Deleted", "T1", r#""status": "x""#, noon),
            ("Deleted", "T1", r#""status": "y""#, later),
            Class::Changed,
        ),
    ] {
        let mut counts = [0; 6];
        counts[match class {
            Class::Changed => 2,
            Class::Retyped => 3,
            Class::Misfiled => 4,
            _ => 5,
        }] = 1;
        assert_eq!(told(&sides(one, other)), (counts, vec![class], 0), "{one:?} {other:?}");
    }
}

#[test]
fn a_deletion_without_content_is_the_same_event_within_the_tolerance() {
    let (noon, later) = (43_200_000, 43_202_000);
    let sides = sides(("Deleted", "T1", "", noon), ("Deleted", "T1", r#""metadata": {"by": "a"}"#, later));
    assert_eq!(told(&sides), ([0; 6], vec![], 0));
}

#[test]
fn two_updates_that_agree_in_a_value_that_every_event_has_are_taken_for_one_event() {
    let (noon, later) = (43_200_000, 43_201_000);
    let update = |at, field: &'static str| ("Updated", "T1", field, at);
    let (one, other) = (r#""source": "web", "a": 1"#, r#""source": "web", "b": 1"#);
    let sides = sides(update(noon, one), update(later, other));
    assert_eq!(told(&sides), ([0, 0, 1, 0, 0, 0], vec![Class::Changed], 0));
    // Unless the profile names the field.
    let ignore = vec![IgnoreRule { field: "source".into(), reason: "a test".into() }];
    let settings = Settings { profile: Profile { ignore, ..Profile::default() }, ..settings() };
    let found = compared_with(&settings, &sides[0], &sides[1]);
    assert_eq!((found.missing, found.extra, found.changed), (1, 1, 0));
}
