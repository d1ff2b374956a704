//! What is kept of completions, and how long they took.

use super::{event, statistics, task};
use crate::application::read_models::reports::{CompletionFigures, CompletionReport};

fn completions(lines: &[String]) -> Vec<CompletionReport> {
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    task(&lines, "T1").completions
}

/// The only completion of a task that was created at 10:00 in UTC: when it was, and after how many seconds.
fn completed(time: &str, fields: &str) -> (String, Option<f64>) {
    let lines = [event("TaskCreated", "10:00:00", ""), event("TaskCompleted", time, fields)];
    let [completion] = completions(&lines).try_into().unwrap();
    (completion.completed_at, completion.seconds)
}

#[test]
fn the_time_of_a_completion_is_the_written_one_or_that_of_the_event() {
    for (fields, at, seconds) in [
        ("", "2025-10-25T10:30:00+00:00", Some(1800.0)),
        (r#""completed_date":"2025-10-25T10:20:00Z","#, "2025-10-25T10:20:00+00:00", Some(1200.0)),
        (r#""completed_at":"2025-10-25T10:20:00.5Z","#, "2025-10-25T10:20:00.500000+00:00", Some(1200.5)),
        // Berlin has UTC+2 on this day.
        (r#""completed_date":"2025-10-25T12:10:00","#, "2025-10-25T10:10:00+00:00", Some(600.0)),
        (r#""completed_date":"2025-10-25","#, "2025-10-25T10:30:00+00:00", Some(1800.0)),
        (r#""completed_date":"2025-10-24","#, "2025-10-23T22:00:00+00:00", None),
        (r#""completed_date":"2025-10-27","#, "2025-10-26T23:00:00+00:00", Some(133_200.0)),
        (r#""completed_date":"yesterday","#, "2025-10-25T10:30:00+00:00", Some(1800.0)),
        (
            r#""completed_date":null,"completed_at":"2025-10-25T10:20:00Z","#,
            "2025-10-25T10:20:00+00:00",
            Some(1200.0),
        ),
        (r#""completed_date":1761388200,"#, "2025-10-25T10:30:00+00:00", Some(1800.0)),
        (r#""completed_date":{"day":1},"#, "2025-10-25T10:30:00+00:00", Some(1800.0)),
    ] {
        assert_eq!(completed("10:30:00", fields), (at.to_owned(), seconds), "{fields}");
    }
}

#[test]
fn a_completion_takes_as_long_as_since_the_last_creation_before_it() {
    let lines = [
        event("TaskCreated", "10:00:00", ""),
        event("TaskCompleted", "10:00:30", r#""completion_notes":"first","#),
        event("TaskCreated", "11:00:00", ""),
        event("TaskCompleted", "11:00:10", ""),
        event("TaskCompleted", "09:59:00", ""),
    ];
    let found: Vec<_> =
        completions(&lines).into_iter().map(|row| (row.position, row.seconds, row.notes)).collect();
    assert_eq!(found, [(5, None, None), (2, Some(30.0), Some("first".to_owned())), (4, Some(10.0), None)]);
}

#[test]
fn statistics_are_by_the_day_of_the_completion_and_over_all_of_them() {
    let mut lines = Vec::new();
    for (task, seconds) in [("T1", 10), ("T2", 20), ("T3", 60), ("T4", 30)] {
        for (event_type, second) in [("TaskCreated", 0), ("TaskCompleted", seconds)] {
            let day = if task == "T4" { 26 } else { 25 };
            lines.push(format!(
                r#"{{"type":"{event_type}","task_id":"{task}","timestamp":"2025-10-{day}T10:{:02}:{:02}Z"}}"#,
                second / 60,
                second % 60
            ));
        }
    }
    lines.push(r#"{"type":"TaskCompleted","task_id":"T9","timestamp":"2025-10-26T10:00:00Z"}"#.to_owned());
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let found = statistics(&lines);
    let figures = |completed, average, median, longest| CompletionFigures {
        completed,
        average_seconds: Some(average),
        median_seconds: Some(median),
        longest_seconds: Some(longest),
    };
    let days: Vec<_> = found.completions.into_iter().map(|day| (day.day, day.figures)).collect();
    let expected =
        [("2025-10-25", figures(3, 30.0, 20.0, 60.0)), ("2025-10-26", figures(2, 30.0, 30.0, 30.0))];
    assert_eq!(days, expected.map(|(day, figures)| (day.to_owned(), figures)));
    assert_eq!(found.completed, figures(5, 30.0, 25.0, 60.0));
}

#[test]
fn statistics_of_nothing_have_no_seconds() {
    assert_eq!(statistics(&[]).completed, CompletionFigures::default());
}
