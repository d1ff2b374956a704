//! What the tables of the read models answer.

use chrono::NaiveDate;
use rusqlite::{Connection, OptionalExtension, Row};

use super::read_models::failed;
use crate::application::read_models::ReadModelError;
use crate::application::read_models::reports::{
    ChangeReport, CompletionFigures, CompletionReport, DayActivity, DayCompletions, DeletionReport,
    LinkReport, TaskReport, TaskReports, TaskStateReport, TaskStatistics,
};

/// Answers questions about tasks from a database of handlers. Each answer is of one state of it.
pub struct SqliteTaskReports {
    connection: Connection,
}

impl SqliteTaskReports {
    /// The reports from the database that this connection is to.
    pub fn new(connection: Connection) -> Self {
        Self { connection }
    }

    fn list<T>(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        self.connection.prepare(sql)?.query_map(values, read)?.collect()
    }

    fn read_statistics(&self, since: &str, until: &str) -> rusqlite::Result<TaskStatistics> {
        let _state = self.connection.unchecked_transaction()?;
        let activity = self.list(
            "SELECT day, event_type, priority, events FROM task_activity_by_day \
             WHERE day BETWEEN ?1 AND ?2 ORDER BY day, event_type, priority",
            [since, until],
            |row| {
                Ok(DayActivity {
                    day: row.get(0)?,
                    event_type: row.get(1)?,
                    priority: row.get(2)?,
                    events: row.get(3)?,
                })
            },
        )?;
        let completions = self.list(
            "SELECT completed, average_seconds, median_seconds, longest_seconds, day FROM completion_statistics \
             WHERE day BETWEEN ?1 AND ?2 ORDER BY day",
            [since, until],
            |row| Ok(DayCompletions { figures: figures(row)?, day: row.get(4)? }),
        )?;
        let completed = self.connection.query_row(
            "SELECT count(*), round(avg(seconds), 3), \
                    round(avg(CASE WHEN place IN ((timed + 1) / 2, (timed + 2) / 2) THEN seconds END), 3), \
                    max(seconds) \
             FROM (SELECT seconds, row_number() OVER (ORDER BY seconds NULLS LAST) AS place, \
                          count(seconds) OVER () AS timed \
                   FROM task_completions WHERE substr(completed_at, 1, 10) BETWEEN ?1 AND ?2)",
            [since, until],
            figures,
        )?;
        Ok(TaskStatistics {
            events: activity.iter().map(|row| row.events).sum(),
            activity,
            completed,
            completions,
        })
    }

    fn read_task(&self, task_id: &str) -> rusqlite::Result<Option<TaskReport>> {
        let _state = self.connection.unchecked_transaction()?;
        let state = self
            .connection
            .query_row(
                "SELECT title, priority, status, created_at, completed_at, deleted_at, updated_at, last_position \
                 FROM tasks WHERE task_id = ?1",
                [task_id],
                |row| {
                    Ok(TaskStateReport {
                        title: row.get(0)?,
                        priority: row.get(1)?,
                        status: row.get(2)?,
                        created_at: row.get(3)?,
                        completed_at: row.get(4)?,
                        deleted_at: row.get(5)?,
                        updated_at: row.get(6)?,
                        last_position: row.get(7)?,
                    })
                },
            )
            .optional()?;
        let deletion = self
            .connection
            .query_row("SELECT deleted_at, reason FROM deleted_tasks WHERE task_id = ?1", [task_id], |row| {
                Ok(DeletionReport { deleted_at: row.get(0)?, reason: row.get(1)? })
            })
            .optional()?;
        let links = self.list(
            "SELECT kind, target FROM task_links WHERE task_id = ?1 ORDER BY kind",
            [task_id],
            |row| Ok(LinkReport { kind: row.get(0)?, target: row.get(1)? }),
        )?;
        let completions = self.list(
            "SELECT position, created_at, completed_at, seconds, notes \
             FROM task_completions WHERE task_id = ?1 ORDER BY completed_at, position",
            [task_id],
            |row| {
                Ok(CompletionReport {
                    position: row.get(0)?,
                    created_at: row.get(1)?,
                    completed_at: row.get(2)?,
                    seconds: row.get(3)?,
                    notes: row.get(4)?,
                })
            },
        )?;
        let changes = self.list(
            "SELECT position, changed_at, field, old_value, new_value FROM task_changes \
             WHERE task_id = ?1 ORDER BY changed_at, position, field",
            [task_id],
            |row| {
                Ok(ChangeReport {
                    position: row.get(0)?,
                    changed_at: row.get(1)?,
                    field: row.get(2)?,
                    old_value: row.get(3)?,
                    new_value: row.get(4)?,
                })
            },
        )?;
        let is_known =
            state.is_some() || deletion.is_some() || !completions.is_empty() || !changes.is_empty();
        let report = TaskReport { task_id: task_id.to_owned(), state, deletion, links, completions, changes };
        Ok(is_known.then_some(report))
    }
}

impl TaskReports for SqliteTaskReports {
    fn statistics(
        &self,
        since: Option<NaiveDate>,
        until: Option<NaiveDate>,
    ) -> Result<TaskStatistics, ReadModelError> {
        let bound = |day: Option<NaiveDate>, open: &str| day.map_or(open.to_owned(), |day| day.to_string());
        self.read_statistics(&bound(since, "0000-01-01"), &bound(until, "9999-12-31"))
            .map_err(|source| failed("read the statistics of tasks", source))
    }

    fn task(&self, task_id: &str) -> Result<Option<TaskReport>, ReadModelError> {
        self.read_task(task_id).map_err(|source| failed("read what is known of a task", source))
    }
}

fn figures(row: &Row<'_>) -> rusqlite::Result<CompletionFigures> {
    Ok(CompletionFigures {
        completed: row.get(0)?,
        average_seconds: row.get(1)?,
        median_seconds: row.get(2)?,
        longest_seconds: row.get(3)?,
    })
}
