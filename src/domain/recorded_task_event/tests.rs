use super::*;
use crate::domain::value_objects::EventId;
use crate::wire::local_time::DstPolicy;
use crate::wire::record::RecordReader;
use crate::wire::zone::Zone;

fn of(json: &str) -> RecordedTaskEvent {
    let (zone, id) = (Zone::utc(), EventId::new("e").unwrap());
    let mut reader = RecordReader::new(&zone, DstPolicy::Resolve);
    let event = DomainEvent::from_record(&reader.read_whole(json.as_bytes()).unwrap(), id);
    RecordedTaskEvent::of(&event).unwrap()
}

/// A new event of the type with these further members.
fn new(event_type: &str, members: &str) -> TaskDetail {
    of(&format!(r#"{{"event_type": "{event_type}", "timestamp": "2025-10-25T10:00:00Z"{members}}}"#)).detail
}

fn updated(members: &str) -> Vec<(String, Option<String>, Option<String>)> {
    match new("TaskUpdated", members) {
        TaskDetail::Updated { changes } => {
            changes.into_iter().map(|change| (change.field, change.old, change.new)).collect()
        }
        other => panic!("{other:?}"),
    }
}

fn change(field: &str, old: Option<&str>, new: Option<&str>) -> (String, Option<String>, Option<String>) {
    (field.to_owned(), old.map(str::to_owned), new.map(str::to_owned))
}

#[test]
fn changes_are_an_object_of_values_before_and_after() {
    assert_eq!(
        updated(r#", "changes": {"status": {"old": "todo", "new": "done"}, "due": {"new": null}}"#),
        [change("status", Some("\"todo\""), Some("\"done\"")), change("due", None, Some("null"))]
    );
}

#[test]
fn changes_are_an_object_of_values_after() {
    assert_eq!(
        updated(
            r#", "changes": {"status": "done", "tags": ["a"], "at": {"old": 1, "x": 2}, "empty": {}}, "old_values": {"status": "todo"}, "new_values": null"#
        ),
        [
            change("status", Some("\"todo\""), Some("\"done\"")),
            change("tags", None, Some("[\"a\"]")),
            change("at", None, Some(r#"{"old": 1, "x": 2}"#)),
            change("empty", None, Some("{}")),
        ]
    );
}

#[test]
fn changes_are_a_list_of_names() {
    assert_eq!(
        updated(
            r#", "changes": ["status", "title", "status", 7], "old_values": {"status": null}, "new_values": {"status": NaN, "more": "\ud800"}"#
        ),
        [
            change("status", Some("null"), Some("NaN")),
            change("title", None, None),
            change("7", None, None),
            change("more", None, Some(r#""\ud800""#)),
        ]
    );
    assert_eq!(updated(r#", "changes": "status""#), [change("status", None, None)]);
}

#[test]
fn an_update_that_says_nothing_of_its_changes_has_none() {
    for members in ["", r#", "changes": null"#, r#", "changes": [], "old_values": 7"#, r#", "changes": {}"#] {
        assert_eq!(updated(members), [], "{members}");
    }
}

#[test]
fn the_values_in_changes_come_before_those_beside_it() {
    assert_eq!(
        updated(
            r#", "changes": {"a": {"old": 1, "new": 2}}, "old_values": {"a": 3}, "new_values": {"a": 4}"#
        ),
        [change("a", Some("1"), Some("2"))]
    );
}

#[test]
fn words_of_the_list_are_known_and_all_others_are_kept() {
    let words = |priority: &str, status: &str| match new(
        "TaskCreated",
        &format!(r#", "title": "x", "priority": {priority}, "status": {status}"#),
    ) {
        TaskDetail::Created { priority, status, .. } => (priority, status),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        words("\"p1\"", "\"not_started\""),
        (Some(Word::Known(Priority::P1)), Some(Word::Known(Status::NotStarted)))
    );
    let (priority, status) = words("\"must_win_today\"", "\"todo\"");
    assert_eq!(
        (priority.as_ref().map(|word| word.as_str()), status.as_ref().map(|word| word.as_str())),
        (Some("must_win_today"), Some("todo"))
    );
    assert_eq!(words("1", "\"\""), (Some(Word::Other("1".into())), Some(Word::Other(String::new()))));
    assert_eq!(words("null", "{}"), (None, None));
}

#[test]
fn the_date_of_a_completion_has_two_names() {
    let date = |members: &str| match new("TaskCompleted", members) {
        TaskDetail::Completed { completed_date, .. } => completed_date,
        other => panic!("{other:?}"),
    };
    assert_eq!(date(r#", "completed_at": "yesterday""#).as_deref(), Some("yesterday"));
    assert_eq!(date(r#", "completed_date": null, "completed_at": 7"#).as_deref(), Some("7"));
    assert_eq!(date(r#", "completed_date": "a", "completed_at": "b""#).as_deref(), Some("a"));
    assert_eq!(date(""), None);
}

#[test]
fn the_task_is_named_by_its_field_or_else_by_the_aggregate() {
    let task = |members: &str| {
        of(&format!(r#"{{"event_type": "TaskDeleted", "timestamp": "2025-10-25T10:00:00Z"{members}}}"#))
            .task_id
    };
    assert_eq!(task(r#", "task_id": 7, "aggregate_id": "T1""#).as_deref(), Some("7"));
    assert_eq!(task(r#", "aggregate_id": "T1""#).as_deref(), Some("T1"));
    assert_eq!(task(r#", "task_id": " ", "aggregate_id": "T1""#).as_deref(), Some("T1"));
    assert_eq!(task(r#", "task_id": null"#), None);
    let legacy = of(r#"{"type": "TaskDeleted", "task_id": "T2", "timestamp": "2025-10-25T10:00:00"}"#);
    assert_eq!(legacy.task_id.as_deref(), Some("T2"));
}

#[test]
fn an_event_that_lacks_everything_is_read_all_the_same() {
    assert_eq!(
        new("TaskCreated", r#", "title": {"de": "x"}"#),
        TaskDetail::Created { title: None, priority: None, status: None, links: TaskLinks::default() }
    );
    assert_eq!(new("TaskDeleted", ""), TaskDetail::Deleted { reason: None });
}

#[test]
fn an_event_of_another_type_says_nothing_about_a_task() {
    let text = r#"{"event_id": "e", "event_type": "BriefingRead", "timestamp": "2025-10-25T10:00:00Z"}"#;
    assert_eq!(RecordedTaskEvent::of(&DomainEvent::from_json(text, &Zone::utc()).unwrap()), None);
}
