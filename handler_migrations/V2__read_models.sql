-- The read models of tasks. Each table belongs to one handler, which a replay empties. Times in tables are microseconds
-- since 1970-01-01T00:00:00Z where their names end in _micros, else RFC 3339 in UTC; days are days in UTC.

-- task_analytics: how many events there were, by day, type, and the priority of their tasks after them.
CREATE TABLE task_activity_by_day (
    day        TEXT    NOT NULL,        -- 2025-10-25
    event_type TEXT    NOT NULL,
    priority   TEXT    NOT NULL,        -- 'unknown' where no event says one
    events     INTEGER NOT NULL,
    PRIMARY KEY (day, event_type, priority)
) STRICT, WITHOUT ROWID;

-- task_analytics: the events of each task, so that one that comes late corrects the counts of those after it.
CREATE TABLE task_activity (
    task_id        TEXT    NOT NULL,
    occurred_micros INTEGER NOT NULL,
    position       INTEGER NOT NULL,
    event_type     TEXT    NOT NULL,
    priority       TEXT    NOT NULL,    -- under which it is counted
    says_priority  INTEGER NOT NULL CHECK (says_priority IN (0, 1)), -- 1 where the event says it itself
    PRIMARY KEY (task_id, occurred_micros, position)
) STRICT, WITHOUT ROWID;

-- task_completions: the events that have created and completed tasks.
CREATE TABLE created_tasks (
    task_id        TEXT    NOT NULL,
    created_micros INTEGER NOT NULL,
    position       INTEGER NOT NULL,
    PRIMARY KEY (task_id, created_micros, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE completed_tasks (
    task_id          TEXT    NOT NULL,
    occurred_micros  INTEGER NOT NULL,  -- when the event occurred
    position         INTEGER NOT NULL,
    completed_micros INTEGER NOT NULL,  -- when it says that the task was completed
    notes            TEXT,
    PRIMARY KEY (task_id, occurred_micros, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX completed_tasks_by_time ON completed_tasks (completed_micros);

-- task_state: the state of each task; of each field also the event that has set it, so that an earlier one that comes
-- late does not. A deleted task keeps a row here, so that an earlier event does not bring it back.
CREATE TABLE task_states (
    task_id                  TEXT PRIMARY KEY,
    created_micros           INTEGER,
    created_position         INTEGER,
    deleted_micros           INTEGER,
    deleted_position         INTEGER,
    last_micros              INTEGER,
    last_position            INTEGER,
    title                    TEXT,
    title_micros             INTEGER,
    title_position           INTEGER,
    priority                 TEXT,
    priority_micros          INTEGER,
    priority_position        INTEGER,
    status                   TEXT,
    status_micros            INTEGER,
    status_position          INTEGER,
    completed_at             TEXT,
    completed_at_micros      INTEGER,
    completed_at_position    INTEGER,
    goal                     TEXT,
    goal_micros              INTEGER,
    goal_position            INTEGER,
    project                  TEXT,
    project_micros           INTEGER,
    project_position         INTEGER,
    linked_task              TEXT,
    linked_task_micros       INTEGER,
    linked_task_position     INTEGER,
    deletion_reason          TEXT,
    deletion_reason_micros   INTEGER,
    deletion_reason_position INTEGER
) STRICT, WITHOUT ROWID;

-- task_history: what was changed, one row a field.
CREATE TABLE task_changes (
    task_id    TEXT    NOT NULL,
    position   INTEGER NOT NULL,        -- of the event
    changed_at TEXT    NOT NULL,        -- when it occurred
    field      TEXT    NOT NULL,
    old_value  TEXT,                    -- JSON; NULL where the event does not say it
    new_value  TEXT,
    PRIMARY KEY (task_id, position, field)
) STRICT, WITHOUT ROWID;

-- The completions of tasks, each with the last creation before it; seconds where that is not after the completion.
CREATE VIEW task_completions AS
SELECT task_id,
       position,
       strftime('%Y-%m-%dT%H:%M:%S', (created_micros - created_fraction) / 1000000, 'unixepoch')
           || CASE created_fraction WHEN 0 THEN '' ELSE printf('.%06d', created_fraction) END
           || '+00:00' AS created_at,
       strftime('%Y-%m-%dT%H:%M:%S', (completed_micros - completed_fraction) / 1000000, 'unixepoch')
           || CASE completed_fraction WHEN 0 THEN '' ELSE printf('.%06d', completed_fraction) END
           || '+00:00' AS completed_at,
       CASE WHEN completed_micros >= created_micros THEN (completed_micros - created_micros) / 1e6 END AS seconds,
       notes
FROM (SELECT *,
             ((created_micros % 1000000) + 1000000) % 1000000 AS created_fraction,
             ((completed_micros % 1000000) + 1000000) % 1000000 AS completed_fraction
      FROM (SELECT *,
                   (SELECT created.created_micros FROM created_tasks AS created
                    WHERE created.task_id = completed.task_id
                      AND (created.created_micros, created.position)
                          < (completed.occurred_micros, completed.position)
                    ORDER BY created.created_micros DESC, created.position DESC LIMIT 1) AS created_micros
            FROM completed_tasks AS completed));

-- The completions of each day, and how long they took.
CREATE VIEW completion_statistics AS
SELECT day,
       count(*) AS completed,
       round(avg(seconds), 3) AS average_seconds,
       round(avg(CASE WHEN place IN ((timed + 1) / 2, (timed + 2) / 2) THEN seconds END), 3) AS median_seconds,
       max(seconds) AS longest_seconds
FROM (SELECT day,
             seconds,
             row_number() OVER (PARTITION BY day ORDER BY seconds NULLS LAST) AS place,
             count(seconds) OVER (PARTITION BY day) AS timed
      FROM (SELECT substr(completed_at, 1, 10) AS day, seconds FROM task_completions))
GROUP BY day;

-- The tasks that there are.
CREATE VIEW tasks AS
SELECT task_id,
       title,
       priority,
       status,
       strftime('%Y-%m-%dT%H:%M:%S', (created_micros - created_fraction) / 1000000, 'unixepoch')
           || CASE created_fraction WHEN 0 THEN '' ELSE printf('.%06d', created_fraction) END
           || '+00:00' AS created_at,
       completed_at,
       strftime('%Y-%m-%dT%H:%M:%S', (deleted_micros - deleted_fraction) / 1000000, 'unixepoch')
           || CASE deleted_fraction WHEN 0 THEN '' ELSE printf('.%06d', deleted_fraction) END
           || '+00:00' AS deleted_at,    -- when the task of that id before it was deleted
       strftime('%Y-%m-%dT%H:%M:%S', (last_micros - last_fraction) / 1000000, 'unixepoch')
           || CASE last_fraction WHEN 0 THEN '' ELSE printf('.%06d', last_fraction) END
           || '+00:00' AS updated_at,
       last_position
FROM (SELECT *,
             ((created_micros % 1000000) + 1000000) % 1000000 AS created_fraction,
             ((deleted_micros % 1000000) + 1000000) % 1000000 AS deleted_fraction,
             ((last_micros % 1000000) + 1000000) % 1000000 AS last_fraction
      FROM task_states)
WHERE deleted_micros IS NULL OR (created_micros, created_position) > (deleted_micros, deleted_position);

-- The tasks that were deleted, and not created anew.
CREATE VIEW deleted_tasks AS
SELECT task_id,
       strftime('%Y-%m-%dT%H:%M:%S', (deleted_micros - deleted_fraction) / 1000000, 'unixepoch')
           || CASE deleted_fraction WHEN 0 THEN '' ELSE printf('.%06d', deleted_fraction) END
           || '+00:00' AS deleted_at,
       deletion_reason AS reason
FROM (SELECT *, ((deleted_micros % 1000000) + 1000000) % 1000000 AS deleted_fraction FROM task_states)
WHERE deleted_micros IS NOT NULL
  AND (created_micros IS NULL OR (created_micros, created_position) < (deleted_micros, deleted_position));

-- What the tasks that there are are linked to: goals, projects, and tasks that were not deleted since.
CREATE VIEW task_links AS
SELECT task_id, kind, target
FROM (SELECT task_id, 'goal' AS kind, goal AS target, NULL AS set_micros, NULL AS set_position FROM task_states
      UNION ALL
      SELECT task_id, 'project', project, NULL, NULL FROM task_states
      UNION ALL
      SELECT task_id, 'task', linked_task, linked_task_micros, linked_task_position FROM task_states) AS links
WHERE target IS NOT NULL
  AND EXISTS (SELECT 1 FROM task_states AS own
              WHERE own.task_id = links.task_id
                AND (own.deleted_micros IS NULL
                     OR (own.created_micros, own.created_position) > (own.deleted_micros, own.deleted_position)))
  AND NOT EXISTS (SELECT 1 FROM task_states AS other
                  WHERE kind = 'task' AND other.task_id = target
                    AND (other.deleted_micros, other.deleted_position) > (set_micros, set_position));
