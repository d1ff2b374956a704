//! What is kept of differences for a report, beyond those that are listed.

use super::*;

fn record(number: u32, note: &str) -> String {
    format!(
        r#"{{"event_type": "TaskCreated", "timestamp": "2025-10-20T{:02}:00:00Z", "aggregate_id": "T{number}", "title": "title {number}", "note": "{note}"}}"#,
        number % 24
    )
}

/// Twenty pairs whose notes differ, with the notes of the candidate.
fn compared_for_report(limit: usize, is_reported: bool, note: &str) -> Comparison {
    let control: Vec<String> = (0..20).map(|number| record(number, "old")).collect();
    let candidate: Vec<String> = (0..20).map(|number| record(number, note)).collect();
    compared_with(&Settings { limit, is_reported, ..settings() }, &control, &candidate)
}

#[test]
fn a_report_gets_the_differences_that_follow_the_listed_ones_and_nothing_else_changes() {
    let all = compared_for_report(20, false, "new");
    let listed = compared_for_report(5, false, "new");
    let reported = compared_for_report(5, true, "new");
    assert_eq!((listed.differences.len(), listed.more_differences.len()), (5, 0));
    assert_eq!([&reported.differences[..], &reported.more_differences].concat(), all.differences);
    assert_eq!(
        serde_json::to_string(&reported).unwrap(),
        serde_json::to_string(&listed).unwrap(),
        "the document is the same"
    );
    assert!(compared_for_report(20, true, "new").more_differences.is_empty());
}

#[test]
fn long_texts_are_whole_where_a_difference_is_listed_and_cut_where_it_is_only_reported() {
    let long = "x".repeat(9_000);
    let found = compared_for_report(1, true, &long);
    let texts = |difference: &Difference| {
        let body = difference.candidate.as_ref().map(|place| place.body.clone());
        (difference.fields[0].candidate.clone().unwrap(), body.unwrap())
    };
    let (token, body) = texts(&found.differences[0]);
    assert_eq!((token, body.contains(&long)), (format!("\"{long}\""), true));
    for difference in &found.more_differences {
        let (token, body) = texts(difference);
        assert!(token.len() < 300 && token.ends_with('…'), "{token}");
        assert!(body.len() < 2_100 && body.ends_with('…'), "{body}");
    }
}

#[test]
fn a_difference_says_on_which_day_it_is_counted() {
    let control = [record(1, "old"), record(23, "old")];
    let late = record(23, "lost").replace("title 23", "another").replace("T23:00", "T23:59");
    let found = compared(&control, &[record(1, "old"), late]);
    let days: Vec<String> = found.differences.iter().map(|difference| difference.day.to_string()).collect();
    let counted: u64 = found.by_cause.iter().map(|cause| cause.count).sum();
    assert_eq!(counted as usize, days.len());
    assert!(!days.is_empty() && days.iter().all(|day| *day == found.by_cause[0].day.to_string()));
}

#[test]
fn little_memory_keeps_fewer_differences() {
    let kept = |memory| {
        let settings = Settings { memory, limit: 7, is_reported: true, ..settings() };
        context(&settings).kept_differences()
    };
    assert_eq!((kept(16 << 20), kept(256 << 20), kept(0)), (682, 10_000, 7));
    assert_eq!(context(&Settings { limit: 7, ..settings() }).kept_differences(), 7);
}
