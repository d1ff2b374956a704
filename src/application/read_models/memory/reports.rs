//! What read models in memory answer.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use super::MemoryReadModels;
use crate::application::read_models::UNKNOWN_PRIORITY;
use crate::application::read_models::occurrence::Occurrence;
use crate::application::read_models::port::ReadModelError;
use crate::application::read_models::reports::{
    ChangeReport, CompletionFigures, CompletionReport, DayActivity, DayCompletions, DeletionReport,
    LinkReport, TaskReport, TaskReports, TaskStateReport, TaskStatistics,
};
use crate::application::read_models::task_state::{TaskField, TaskState};
use crate::domain::event::format_timestamp;

impl TaskReports for MemoryReadModels {
    fn statistics(
        &self,
        since: Option<NaiveDate>,
        until: Option<NaiveDate>,
    ) -> Result<TaskStatistics, ReadModelError> {
        let is_asked_for = |at: DateTime<Utc>| {
            let day = at.date_naive();
            since.is_none_or(|since| since <= day) && until.is_none_or(|until| day <= until)
        };
        let activity = self.activity_by_day(is_asked_for);
        let mut days: BTreeMap<String, Vec<Option<f64>>> = BTreeMap::new();
        for ((task_id, occurrence), completion) in &self.completions {
            if is_asked_for(completion.completed_at) {
                let created = self.created_before(task_id, *occurrence);
                let seconds = created.and_then(|created| seconds_between(created, completion.completed_at));
                days.entry(day_of(completion.completed_at)).or_default().push(seconds);
            }
        }
        Ok(TaskStatistics {
            events: activity.iter().map(|row| row.events).sum(),
            activity,
            completed: figures(&days.values().flatten().copied().collect::<Vec<_>>()),
            completions: days
                .into_iter()
                .map(|(day, seconds)| DayCompletions { day, figures: figures(&seconds) })
                .collect(),
        })
    }

    fn task(&self, task_id: &str) -> Result<Option<TaskReport>, ReadModelError> {
        let state = self.states.get(task_id);
        let of_task = |found: &(String, Occurrence)| found.0 == task_id;
        let completions = self.completions.iter().filter(|(key, _)| of_task(key));
        let completions = completions.map(|((_, occurrence), completion)| {
            let created = self.created_before(task_id, *occurrence);
            CompletionReport {
                position: occurrence.position.get(),
                created_at: created.map(format_timestamp),
                completed_at: format_timestamp(completion.completed_at),
                seconds: created.and_then(|created| seconds_between(created, completion.completed_at)),
                notes: completion.notes.clone(),
            }
        });
        let changes = self.changes.iter().filter(|((task, _), _)| task == task_id);
        let changes = changes.map(|((_, change), values)| ChangeReport {
            position: change.position.get(),
            changed_at: format_timestamp(change.changed_at),
            field: change.field.clone(),
            old_value: values.old.clone(),
            new_value: values.new.clone(),
        });
        let mut completions: Vec<CompletionReport> = completions.collect();
        completions.sort_by(|one, other| {
            (&one.completed_at, one.position).cmp(&(&other.completed_at, other.position))
        });
        let report = TaskReport {
            task_id: task_id.to_owned(),
            state: state.filter(|state| !state.is_deleted()).map(state_report),
            deletion: state.filter(|state| state.is_deleted()).and_then(deletion_report),
            links: state.filter(|state| !state.is_deleted()).map_or(Vec::new(), |state| self.links(state)),
            completions,
            changes: changes.collect(),
        };
        let is_known = state.is_some() || !report.completions.is_empty() || !report.changes.is_empty();
        Ok(is_known.then_some(report))
    }
}

impl MemoryReadModels {
    fn activity_by_day(&self, is_asked_for: impl Fn(DateTime<Utc>) -> bool) -> Vec<DayActivity> {
        let mut counts: BTreeMap<(String, &str, &str), u64> = BTreeMap::new();
        let mut before: Option<(&str, &str)> = None;
        for ((task_id, occurrence), activity) in &self.activity {
            let inherited = before.filter(|(task, _)| Some(*task) == task_id.as_deref());
            let inherited = inherited.map_or(UNKNOWN_PRIORITY, |(_, priority)| priority);
            let priority = activity.priority.as_deref().unwrap_or(inherited);
            before = task_id.as_deref().map(|task| (task, priority));
            if is_asked_for(occurrence.at) {
                *counts.entry((day_of(occurrence.at), &activity.event_type, priority)).or_default() += 1;
            }
        }
        counts
            .into_iter()
            .map(|((day, event_type, priority), events)| DayActivity {
                day,
                event_type: event_type.to_owned(),
                priority: priority.to_owned(),
                events,
            })
            .collect()
    }

    /// When the task was created last before an event.
    fn created_before(&self, task_id: &str, occurrence: Occurrence) -> Option<DateTime<Utc>> {
        let until = (task_id.to_owned(), occurrence);
        let (task, created) = self.creations.range(..until).next_back()?;
        (task == task_id).then_some(created.at)
    }

    fn links(&self, state: &TaskState) -> Vec<LinkReport> {
        let kinds =
            [("goal", TaskField::Goal), ("project", TaskField::Project), ("task", TaskField::LinkedTask)];
        let mut links = Vec::new();
        for (kind, field) in kinds {
            let Some(link) = &state.fields[field as usize] else { continue };
            let Some(target) = &link.value else { continue };
            let target_deleted = self.states.get(target).and_then(|target| target.deleted);
            if field != TaskField::LinkedTask || target_deleted < Some(link.set) {
                links.push(LinkReport { kind: kind.to_owned(), target: target.clone() });
            }
        }
        links
    }
}

fn state_report(state: &TaskState) -> TaskStateReport {
    let text = |field| state.value(field).map(str::to_owned);
    let time = |occurrence: Option<Occurrence>| occurrence.map(|occurrence| format_timestamp(occurrence.at));
    TaskStateReport {
        title: text(TaskField::Title),
        priority: text(TaskField::Priority),
        status: text(TaskField::Status),
        created_at: time(state.created),
        completed_at: text(TaskField::CompletedAt),
        deleted_at: time(state.deleted),
        updated_at: time(state.last),
        last_position: state.last.map(|last| last.position.get()),
    }
}

fn deletion_report(state: &TaskState) -> Option<DeletionReport> {
    let deleted_at = format_timestamp(state.deleted?.at);
    Some(DeletionReport { deleted_at, reason: state.value(TaskField::DeletionReason).map(str::to_owned) })
}

fn day_of(at: DateTime<Utc>) -> String {
    at.date_naive().to_string()
}

/// `None` where the second is before the first.
fn seconds_between(first: DateTime<Utc>, second: DateTime<Utc>) -> Option<f64> {
    let micros = second.timestamp_micros() - first.timestamp_micros();
    (micros >= 0).then_some(micros as f64 / 1e6)
}

fn figures(all: &[Option<f64>]) -> CompletionFigures {
    let mut known: Vec<f64> = all.iter().flatten().copied().collect();
    known.sort_by(f64::total_cmp);
    let rounded = |seconds: f64| (seconds * 1e3).round() / 1e3;
    let middle = match known.len() {
        0 => None,
        count => Some((known[(count - 1) / 2] + known[count / 2]) / 2.0),
    };
    CompletionFigures {
        completed: all.len() as u64,
        average_seconds: middle.map(|_| rounded(known.iter().sum::<f64>() / known.len() as f64)),
        median_seconds: middle.map(rounded),
        longest_seconds: known.last().copied(),
    }
}
