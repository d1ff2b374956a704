//! Tasks, for people and for programs.

use std::io::{self, Write};

use chrono::NaiveDate;
use serde::Serialize;

use crate::application::duration::rounded;
use crate::application::read_models::reports::{
    CompletionFigures, DayActivity, DayCompletions, TaskReport, TaskStatistics,
};
use crate::cli::output::{self, Format, visible};
use crate::cli::table::Columns;

/// The whole answer; its keys are stable.
#[derive(Serialize)]
struct Statistics<'s> {
    since: Option<NaiveDate>,
    until: Option<NaiveDate>,
    #[serde(flatten)]
    statistics: &'s TaskStatistics,
}

#[derive(Serialize)]
#[serde(tag = "row", rename_all = "snake_case")]
enum StatisticsRow<'s> {
    Activity(&'s DayActivity),
    Completions(&'s DayCompletions),
}

pub fn statistics(
    since: Option<NaiveDate>,
    until: Option<NaiveDate>,
    statistics: &TaskStatistics,
    format: Format,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Json => output::json_document(out, &Statistics { since, until, statistics }),
        Format::Jsonl => {
            let activity = statistics.activity.iter().map(StatisticsRow::Activity);
            let completions = statistics.completions.iter().map(StatisticsRow::Completions);
            activity.chain(completions).try_for_each(|row| output::json_line(out, &row))
        }
        Format::Human => human_statistics(statistics, out),
    }
}

fn human_statistics(statistics: &TaskStatistics, out: &mut dyn Write) -> io::Result<()> {
    if statistics.activity.is_empty() && statistics.completions.is_empty() {
        return writeln!(out, "no event about a task was counted on these days");
    }
    let mut activity = Columns::new(["DAY (UTC)", "EVENT", "PRIORITY", "EVENTS"]);
    for row in &statistics.activity {
        activity.add([&row.day, &row.event_type, &row.priority, &row.events.to_string()]);
    }
    activity.add(["all", "", "", &statistics.events.to_string()]);
    out.write_all(activity.text(&[(1, 12), (2, 8)]).as_bytes())?;
    if statistics.completions.is_empty() {
        return Ok(());
    }
    let mut completions = Columns::new(["DAY (UTC)", "COMPLETED", "AVERAGE", "MEDIAN", "LONGEST"]);
    let days = statistics.completions.iter().map(|row| (row.day.as_str(), &row.figures));
    for (day, figures) in days.chain([("all", &statistics.completed)]) {
        let CompletionFigures { completed, average_seconds, median_seconds, longest_seconds } = figures;
        let [average, median, longest] =
            [average_seconds, median_seconds, longest_seconds].map(|seconds| time(*seconds));
        completions.add([day, &completed.to_string(), &average, &median, &longest]);
    }
    write!(out, "\n{}", completions.text(&[]))
}

pub fn task(task: &TaskReport, format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Json => output::json_document(out, task),
        Format::Jsonl => output::json_line(out, task),
        Format::Human => human_task(task, out),
    }
}

fn human_task(task: &TaskReport, out: &mut dyn Write) -> io::Result<()> {
    let mut line = |name: &str, value: Option<&str>| match value {
        Some(value) => writeln!(out, "{name:<9}  {}", visible(value)),
        None => Ok(()),
    };
    line("task", Some(&task.task_id))?;
    if let Some(state) = &task.state {
        for (name, value) in [
            ("title", &state.title),
            ("priority", &state.priority),
            ("status", &state.status),
            ("created", &state.created_at),
            ("completed", &state.completed_at),
            ("updated", &state.updated_at),
        ] {
            line(name, value.as_deref())?;
        }
    }
    if let Some(deletion) = &task.deletion {
        line("deleted", Some(&deletion.deleted_at))?;
        line("reason", deletion.reason.as_deref())?;
    }
    for link in &task.links {
        line("link", Some(&format!("{} {}", link.kind, link.target)))?;
    }
    if !task.completions.is_empty() {
        let mut completions = Columns::new(["COMPLETED", "AFTER", "NOTES"]);
        for row in &task.completions {
            completions.add([
                &row.completed_at,
                &time(row.seconds),
                row.notes.as_deref().unwrap_or_default(),
            ]);
        }
        write!(out, "\n{}", completions.text(&[(2, 12)]))?;
    }
    if !task.changes.is_empty() {
        let mut changes = Columns::new(["CHANGED", "FIELD", "BEFORE", "AFTER"]);
        for row in &task.changes {
            let value = |value: &Option<String>| value.clone().unwrap_or_default();
            changes.add([&row.changed_at, &row.field, &value(&row.old_value), &value(&row.new_value)]);
        }
        write!(out, "\n{}", changes.text(&[(2, 8), (3, 8)]))?;
    }
    Ok(())
}

/// A span of time; nothing where it is not known.
fn time(seconds: Option<f64>) -> String {
    seconds.map_or(String::new(), |seconds| rounded((seconds * 1e6) as i64))
}
