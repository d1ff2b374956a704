//! What the state of a task is after its events.

use super::{event, handled, task};
use crate::application::read_models::TaskReports;
use crate::application::read_models::reports::TaskReport;

fn report(lines: &[String]) -> TaskReport {
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    task(&lines, "T1")
}

/// Title, priority and status; empty where there is none.
fn fields(report: &TaskReport) -> [&str; 3] {
    let state = report.state.as_ref().unwrap();
    [&state.title, &state.priority, &state.status].map(|field| field.as_deref().unwrap_or_default())
}

fn links(report: &TaskReport) -> Vec<(&str, &str)> {
    report.links.iter().map(|link| (link.kind.as_str(), link.target.as_str())).collect()
}

#[test]
fn a_task_has_what_its_last_events_say() {
    let report = report(&[
        event("TaskCreated", "10:00:00", r#""title":"a","priority":"P2","status":"not_started","#),
        event("TaskUpdated", "10:01:00", r#""changes":["title"],"new_values":{"title":"b"},"#),
        event("TaskCompleted", "10:02:00", r#""completed_at":"2025-10-25T10:01:30Z","#),
    ]);
    let state = report.state.as_ref().unwrap();
    assert_eq!(fields(&report), ["b", "P2", "COMPLETED"]);
    assert_eq!(state.created_at.as_deref(), Some("2025-10-25T10:00:00+00:00"));
    assert_eq!(state.completed_at.as_deref(), Some("2025-10-25T10:01:30+00:00"));
    assert_eq!(state.updated_at.as_deref(), Some("2025-10-25T10:02:00+00:00"));
    assert_eq!((state.last_position, &state.deleted_at, &report.deletion), (Some(3), &None, &None));
}

#[test]
fn words_of_older_logs_and_missing_fields_make_a_state_as_well() {
    for (created, expected) in [
        (r#""title":"a","priority":"should_do","status":"todo","#, ["a", "should_do", "todo"]),
        (r#""title":7,"priority":1,"status":true,"#, ["7", "1", "true"]),
        (r#""title":null,"status":{"is":"odd"},"#, ["", "", ""]),
        ("", ["", "", ""]),
    ] {
        assert_eq!(fields(&report(&[event("TaskCreated", "10:00:00", created)])), expected, "{created}");
    }
    let created = event("TaskCreated", "10:00:00", r#""title":"a","status":"todo","#);
    for (updated, expected) in [
        (r#""changes":{"status":"deferred"},"#, ["a", "", "deferred"]),
        (r#""changes":{"status":{"old":"todo","new":"in_progress"}},"#, ["a", "", "IN_PROGRESS"]),
        (r#""changes":["status"],"#, ["a", "", ""]),
        (r#""changes":{"title":null,"priority":"P0"},"#, ["", "P0", "todo"]),
        (r#""changes":"title","new_values":{"title":"b"},"#, ["b", "", "todo"]),
    ] {
        let lines = [created.clone(), event("TaskUpdated", "10:01:00", updated)];
        assert_eq!(fields(&report(&lines)), expected, "{updated}");
    }
}

#[test]
fn a_legacy_log_that_begins_in_the_middle_of_a_life_gives_what_it_says() {
    let line =
        r#"{"type":"TaskUpdated","task_id":7,"changes":{"status":"DONE"},"timestamp":"2025-10-25T10:00:00"}"#;
    let report = task(&[line], "7");
    assert_eq!(fields(&report), ["", "", "DONE"]);
    assert_eq!(report.state.unwrap().created_at, None);
}

#[test]
fn links_are_read_in_both_spellings_and_follow_updates() {
    let created = |fields: &str| event("TaskCreated", "10:00:00", fields);
    for (fields, expected) in [
        (r#""linked_goal_id":"G1","linked_project_id":"P1","#, vec![("goal", "G1"), ("project", "P1")]),
        (r#""linked_to":{"goal_id":"G1","project_id":8},"#, vec![("goal", "G1"), ("project", "8")]),
        (r#""linked_to":{"goal_id":null},"linked_project_id":"P1","#, vec![("project", "P1")]),
        (r#""linked_goal_id":null,"linked_to":{"goal_id":"G1"},"#, vec![("goal", "G1")]),
        (r#""linked_to":"G1","#, vec![]),
    ] {
        assert_eq!(links(&report(&[created(fields)])), expected, "{fields}");
    }
    let before = created(r#""linked_goal_id":"G1","linked_project_id":"P1","#);
    for (changes, expected) in [
        (r#"{"linked_goal_id":"G2"}"#, vec![("goal", "G2"), ("project", "P1")]),
        (r#"{"linked_goal_id":null}"#, vec![("project", "P1")]),
        (r#"{"linked_to":{"goal_id":"G3"}}"#, vec![("goal", "G3")]),
        (r#"{"linked_to":null}"#, vec![]),
        (r#"["linked_to"]"#, vec![]),
    ] {
        let lines = [before.clone(), event("TaskUpdated", "10:01:00", &format!(r#""changes":{changes},"#))];
        assert_eq!(links(&report(&lines)), expected, "{changes}");
    }
}

#[test]
fn a_deletion_takes_the_task_and_its_links_away_and_says_why() {
    let report = report(&[
        event("TaskCreated", "10:00:00", r#""title":"a","linked_goal_id":"G1","#),
        event("TaskDeleted", "10:01:00", r#""reason":"duplicate","#),
    ]);
    assert_eq!((&report.state, links(&report)), (&None, vec![]));
    let deletion = report.deletion.unwrap();
    assert_eq!(deletion.deleted_at, "2025-10-25T10:01:00+00:00");
    assert_eq!(deletion.reason.as_deref(), Some("duplicate"));
}

#[test]
fn a_deletion_takes_links_to_the_task_away_for_ever() {
    let other = |event_type: &str, time: &str| {
        format!(r#"{{"type":"{event_type}","task_id":"T2","timestamp":"2025-10-25T{time}Z"}}"#)
    };
    let mut lines = vec![
        other("TaskCreated", "09:00:00"),
        event("TaskCreated", "10:00:00", r#""linked_to":{"task_id":"T2"},"#),
    ];
    assert_eq!(links(&report(&lines)), [("task", "T2")]);
    lines.push(other("TaskDeleted", "11:00:00"));
    assert_eq!(links(&report(&lines)), []);
    lines.push(other("TaskCreated", "12:00:00"));
    assert_eq!(links(&report(&lines)), [], "it is another task of that id");
    lines.push(event("TaskUpdated", "13:00:00", r#""changes":{"linked_task_id":"T2"},"#));
    assert_eq!(links(&report(&lines)), [("task", "T2")]);
}

#[test]
fn a_goal_whose_id_is_that_of_a_deleted_task_stays_linked() {
    let lines = [
        event("TaskCreated", "10:00:00", r#""linked_goal_id":"5","#),
        r#"{"type":"TaskDeleted","task_id":"5","timestamp":"2025-10-25T11:00:00Z"}"#.to_owned(),
    ];
    assert_eq!(links(&report(&lines)), [("goal", "5")]);
}

#[test]
fn what_is_before_the_deletion_does_not_bring_a_task_back_and_neither_does_an_update_after_it() {
    let created = event("TaskCreated", "10:00:00", r#""title":"a","#);
    let deleted = event("TaskDeleted", "11:00:00", "");
    for late in [
        event("TaskUpdated", "10:30:00", r#""changes":{"title":"b"},"#),
        event("TaskCreated", "10:30:00", ""),
        event("TaskCompleted", "10:30:00", ""),
        event("TaskUpdated", "11:30:00", r#""changes":{"title":"b"},"#),
    ] {
        let report = report(&[created.clone(), deleted.clone(), late.clone()]);
        assert!(report.state.is_none() && report.deletion.is_some(), "{late}");
    }
}

#[test]
fn a_task_that_is_created_anew_has_nothing_of_the_one_before() {
    let mut lines = vec![
        event("TaskCreated", "10:00:00", r#""title":"a","priority":"P1","linked_goal_id":"G1","#),
        event("TaskCompleted", "10:01:00", ""),
        event("TaskDeleted", "10:02:00", r#""reason":"duplicate","#),
        event("TaskCreated", "10:03:00", r#""title":"b","#),
    ];
    for _ in 0..2 {
        let report = report(&lines);
        let state = report.state.as_ref().unwrap();
        assert_eq!((fields(&report), links(&report), &state.completed_at), (["b", "", ""], vec![], &None));
        assert_eq!(state.created_at.as_deref(), Some("2025-10-25T10:03:00+00:00"));
        assert_eq!(state.deleted_at.as_deref(), Some("2025-10-25T10:02:00+00:00"));
        // A late event of the one before changes nothing.
        lines.push(event("TaskUpdated", "10:01:30", r#""changes":{"priority":"P0"},"#));
    }
}

#[test]
fn a_task_that_no_event_is_about_is_not_known() {
    assert_eq!(handled(&[&event("TaskCreated", "10:00:00", "")]).task("T2").unwrap(), None);
}
