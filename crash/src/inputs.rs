//! Events and logs that the lives are made of.

/// What happens to tasks, one JSON object a line: each with an id, and some longer than a sector.
pub fn task_events(first: usize, count: usize) -> Vec<String> {
    (first..first + count)
        .map(|number| {
            let task = number % 7;
            let time = format!("2025-10-{:02}T{:02}:{:02}:{:02}+00:00", 20 + number % 3, number / 60 % 24, number % 60, number % 59);
            let filler = "x".repeat(if number % 5 == 0 { 1500 } else { number % 90 });
            let (kind, fields) = match number % 4 {
                0 => ("TaskCreated", format!(r#""title": "Task {number} {filler}", "priority": "P1", "status": "NOT_STARTED""#)),
                1 => ("TaskUpdated", format!(r#""changes": {{"title": "{filler}"}}, "old_values": {{"title": "é"}}"#)),
                2 => ("TaskCompleted", format!(r#""completed_date": "2025-10-24T10:00:00", "completion_notes": "{filler}""#)),
                _ => ("TaskDeleted", format!(r#""reason": "{filler}""#)),
            };
            format!(
                r#"{{"event_id": "e-{number:05}", "event_type": "{kind}", "timestamp": "{time}", "aggregate_id": "T{task}", "task_id": "T{task}", {fields}, "metadata": {{}}}}"#
            )
        })
        .collect()
}

/// The same life as the legacy system recorded it, as records of its array.
pub fn legacy_records(first: usize, count: usize) -> Vec<String> {
    (first..first + count)
        .map(|number| {
            let task = number % 7;
            let filler = "y".repeat(if number % 5 == 0 { 1500 } else { number % 90 });
            format!(
                r#"{{"type": "TaskCreated", "task_id": "T{task}", "title": "Legacy {number} {filler}", "timestamp": "2025-10-19T{:02}:{:02}:{:02}.{number:06}"}}"#,
                number / 60 % 24,
                number % 60,
                number % 59
            )
        })
        .collect()
}

pub fn as_lines(records: &[String]) -> Vec<u8> {
    records.iter().flat_map(|record| [record.as_bytes(), b"\n"].concat()).collect()
}

pub fn as_array(records: &[String]) -> Vec<u8> {
    format!("[{}]", records.join(", ")).into_bytes()
}
