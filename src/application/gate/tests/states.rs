//! What two logs say of tasks.

use super::*;

fn compared(control: &[StoredEvent], candidate: &[StoredEvent]) -> ComparedStates {
    let none = BTreeSet::new();
    compared_by(control, candidate, &none)
}

fn compared_by(
    control: &[StoredEvent],
    candidate: &[StoredEvent],
    ignored: &BTreeSet<String>,
) -> ComparedStates {
    let one_sided = ["metadata", "priority", "status"].map(str::to_owned).into();
    let rules = StateRules {
        one_sided: &one_sided,
        ignored,
        offset: TimeDelta::minutes(3),
        tolerance: TimeDelta::seconds(2),
        settled: at(day(21), 9, 50),
    };
    tasks(control).compare(&tasks(candidate), &rules)
}

fn fields(compared: &ComparedStates) -> Vec<(&str, Option<&str>, Option<&str>)> {
    let differences = compared.differences.iter();
    differences.map(|found| (found.field, found.control.as_deref(), found.candidate.as_deref())).collect()
}

#[test]
fn tasks_are_the_same_whatever_the_new_system_alone_says_of_them() {
    let new =
        event(1, "TaskCreated", "T1", r#", "title": "Pack", "priority": "P1", "status": "NOT_STARTED""#);
    let found = compared(&[created("T1", 1, "Pack")], &[new]);
    assert_eq!(found, ComparedStates { tasks: 1, young: 0, differences: Vec::new() });
}

#[test]
fn what_the_legacy_log_says_counts_though_it_need_not_say_it() {
    let legacy = event(1, "TaskCreated", "T1", r#", "title": "Pack", "priority": "P0""#);
    let new =
        event(1, "TaskCreated", "T1", r#", "title": "Pack", "priority": "P1", "status": "NOT_STARTED""#);
    assert_eq!(fields(&compared(&[legacy], &[new])), [("priority", Some("P0"), Some("P1"))]);
}

#[test]
fn a_task_that_one_log_does_not_know_or_has_deleted_is_different() {
    let deleted = event(2, "TaskDeleted", "T1", "");
    let found =
        compared(&[created("T1", 1, "Pack"), created("T2", 3, "Go")], &[created("T1", 1, "Pack"), deleted]);
    assert_eq!(fields(&found), [("deleted", Some("false"), Some("true")), ("task", Some("known"), None)]);
    assert_eq!(found.differences[1].task_id, "T2");
}

#[test]
fn events_in_another_order_can_leave_another_state() {
    let update = |position, title: &str| {
        let changes = format!(r#", "changes": {{"title": "{title}"}}"#);
        event(position, "TaskUpdated", "T1", &changes)
    };
    let one = [created("T1", 1, "Pack"), update(2, "Pack all"), update(3, "Pack less")];
    let other = [created("T1", 1, "Pack"), update(2, "Pack less"), update(3, "Pack all")];
    assert_eq!(compared(&one, &one).differences, []);
    assert_eq!(fields(&compared(&one, &other)), [("title", Some("Pack less"), Some("Pack all"))]);
}

#[test]
fn a_time_of_completion_may_be_that_of_either_clock() {
    let completed = |second: u32, minute: u32| {
        let date = format!(r#", "completed_date": "2025-10-21T09:{minute:02}:{second:02}Z""#);
        event(5, "TaskCompleted", "T1", &date)
    };
    for (candidate, is_same) in [
        (completed(0, 5), true),
        (completed(2, 5), true),
        (completed(3, 5), false),
        (completed(1, 8), true),
        (completed(0, 7), false),
    ] {
        assert_eq!(compared(&[completed(0, 5)], &[candidate]).differences.is_empty(), is_same);
    }
}

#[test]
fn a_task_with_an_event_that_may_not_have_arrived_takes_no_part() {
    let young = [created("T1", 1, "Pack"), event(50, "TaskDeleted", "T1", "")];
    let found = compared(&young, &[created("T1", 1, "Pack")]);
    assert_eq!(found, ComparedStates { tasks: 0, young: 1, differences: Vec::new() });
}

#[test]
fn a_field_that_a_rule_ignores_is_not_compared() {
    let (one, other) = ([created("T1", 1, "Pack")], [created("T1", 1, "Go")]);
    let ignored = BTreeSet::from(["title".to_owned()]);
    assert_eq!(compared_by(&one, &other, &ignored).differences, []);
}
