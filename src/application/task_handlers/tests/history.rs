//! What is kept of changes.

use super::{event, task};

/// Field, value before and value after of each change of one update.
fn changes(fields: &str) -> Vec<(String, Option<String>, Option<String>)> {
    let report = task(&[&event("TaskUpdated", "10:00:00", fields)], "T1");
    report.changes.into_iter().map(|change| (change.field, change.old_value, change.new_value)).collect()
}

#[test]
fn each_changed_field_is_kept_with_its_values_as_json() {
    let row = |field: &str, old: Option<&str>, new: Option<&str>| {
        (field.to_owned(), old.map(str::to_owned), new.map(str::to_owned))
    };
    for (fields, expected) in [
        (
            r#""changes":["title"],"old_values":{"title":"a"},"new_values":{"title":"b"},"#,
            vec![row("title", Some(r#""a""#), Some(r#""b""#))],
        ),
        (
            r#""changes":{"status":"DONE","estimate":2.50},"#,
            vec![row("estimate", None, Some("2.50")), row("status", None, Some(r#""DONE""#))],
        ),
        (
            r#""changes":{"tags":{"old":["x"],"new":["x", "y"]}},"#,
            vec![row("tags", Some(r#"["x"]"#), Some(r#"["x", "y"]"#))],
        ),
        (r#""changes":["title","title"],"#, vec![row("title", None, None)]),
        (r#""changes":{"estimate":NaN},"#, vec![row("estimate", None, Some("NaN"))]),
        (r#""changes":{"title":null},"#, vec![row("title", None, Some("null"))]),
    ] {
        assert_eq!(changes(fields), expected, "{fields}");
    }
}

#[test]
fn an_update_that_names_no_field_leaves_no_change() {
    let created = event("TaskCreated", "09:00:00", "");
    for fields in ["", r#""changes":[],"#, r#""changes":{},"#, r#""changes":null,"#] {
        let report = task(&[&created, &event("TaskUpdated", "10:00:00", fields)], "T1");
        assert_eq!(report.changes, [], "{fields}");
    }
}

#[test]
fn changes_outlive_their_task() {
    let lines = [
        event("TaskUpdated", "10:00:00", r#""changes":{"title":"b"},"#),
        event("TaskDeleted", "11:00:00", ""),
    ];
    let report = task(&lines.each_ref().map(String::as_str), "T1");
    assert_eq!((report.state, report.changes.len()), (None, 1));
}
