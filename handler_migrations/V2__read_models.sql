-- What events changed in tasks.
CREATE TABLE task_changes (
    task_id    TEXT    NOT NULL,
    position   INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    field      TEXT    NOT NULL,
    old_value  TEXT,
    new_value  TEXT,
    PRIMARY KEY (task_id, position, field)
) STRICT, WITHOUT ROWID;
