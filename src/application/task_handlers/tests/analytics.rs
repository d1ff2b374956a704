//! Events are counted by day, type and priority.

use super::{event, statistics};

/// Day, type, priority and number of events.
fn counted(lines: &[&str]) -> Vec<(String, String, String, u64)> {
    let rows = statistics(lines).activity.into_iter();
    rows.map(|row| (row.day, row.event_type, row.priority, row.events)).collect()
}

fn priorities(lines: &[String]) -> Vec<String> {
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let mut rows = counted(&lines);
    rows.sort_by(|one, other| one.1.cmp(&other.1));
    rows.into_iter()
        .map(|(_, event_type, priority, events)| format!("{event_type} {priority} {events}"))
        .collect()
}

#[test]
fn an_event_counts_under_the_priority_that_its_task_has_after_it() {
    let lines = [
        event("TaskCreated", "10:00:00", r#""priority":"P2","#),
        event("TaskUpdated", "10:01:00", r#""changes":["title"],"new_values":{"title":"b"},"#),
        event("TaskUpdated", "10:02:00", r#""changes":["priority"],"new_values":{"priority":"P0"},"#),
        event("TaskCompleted", "10:03:00", ""),
    ];
    assert_eq!(
        priorities(&lines),
        ["TaskCompleted P0 1", "TaskCreated P2 1", "TaskUpdated P0 1", "TaskUpdated P2 1"]
    );
}

#[test]
fn a_priority_is_read_in_each_form_that_logs_have() {
    for (fields, priority) in [
        (r#""changes":{"priority":"P1"},"#, "P1"),
        (r#""changes":{"priority":"p1"},"#, "P1"),
        (r#""changes":{"priority":{"old":"P2","new":"P3"}},"#, "P3"),
        (r#""changes":{"priority":"must_win_today"},"#, "must_win_today"),
        (r#""changes":["priority"],"new_values":{"priority":1},"#, "1"),
        (r#""changes":{"priority":null},"#, "unknown"),
        (r#""changes":["priority"],"#, "unknown"),
        (r#""changes":["title"],"#, "P2"),
        (r#""changes":7,"#, "P2"),
        ("", "P2"),
    ] {
        let lines = [
            event("TaskCreated", "10:00:00", r#""priority":"P2","#),
            event("TaskUpdated", "10:01:00", fields),
        ];
        assert_eq!(priorities(&lines)[1], format!("TaskUpdated {priority} 1"), "{fields}");
    }
    for (fields, priority) in [
        (r#""priority":"nice_to_have","#, "nice_to_have"),
        (r#""priority":3,"#, "3"),
        (r#""priority":null,"#, "unknown"),
        (r#""priority":["P1"],"#, "unknown"),
        ("", "unknown"),
    ] {
        assert_eq!(
            priorities(&[event("TaskCreated", "10:00:00", fields)]),
            [format!("TaskCreated {priority} 1")]
        );
    }
}

#[test]
fn a_task_of_which_the_log_has_no_creation_has_an_unknown_priority() {
    assert_eq!(priorities(&[event("TaskDeleted", "10:00:00", "")]), ["TaskDeleted unknown 1"]);
}

#[test]
fn a_task_that_is_created_anew_does_not_keep_its_priority() {
    let lines = [
        event("TaskCreated", "10:00:00", r#""priority":"P0","#),
        event("TaskCreated", "10:01:00", ""),
        event("TaskCompleted", "10:02:00", ""),
    ];
    assert_eq!(priorities(&lines), ["TaskCompleted unknown 1", "TaskCreated P0 1", "TaskCreated unknown 1"]);
}

#[test]
fn a_day_is_a_day_in_utc_and_tasks_of_a_legacy_log_are_counted_with_it() {
    let lines = [
        r#"{"type":"TaskCreated","task_id":"T1","priority":"P1","timestamp":"2025-10-26T00:30:00+02:00"}"#,
        r#"{"type":"TaskCreated","task_id":"T2","priority":"P1","timestamp":"2025-10-25T23:59:59.999999Z"}"#,
        r#"{"type":"TaskCreated","task_id":"T3","priority":"P1","timestamp":"2025-10-26T00:00:00Z"}"#,
    ];
    let row = |day: &str, events| (day.to_owned(), "TaskCreated".to_owned(), "P1".to_owned(), events);
    assert_eq!(counted(&lines), [row("2025-10-25", 2), row("2025-10-26", 1)]);
}

#[test]
fn an_event_that_is_handled_late_corrects_those_after_it() {
    let lines = [
        event("TaskCreated", "10:00:00", r#""priority":"P2","#),
        event("TaskCompleted", "10:02:00", ""),
        event("TaskUpdated", "10:01:00", r#""changes":{"priority":"P0"},"#),
    ];
    assert_eq!(priorities(&lines), ["TaskCompleted P0 1", "TaskCreated P2 1", "TaskUpdated P0 1"]);
}
