-- What is known of each handler, also of those that are not registered now.
CREATE TABLE handlers (
    handler      TEXT    PRIMARY KEY    -- its name, which never changes
        CHECK (length(handler) BETWEEN 1 AND 64 AND handler NOT GLOB '*[^a-z0-9_]*'),
    kind         TEXT    NOT NULL CHECK (kind IN ('projection', 'effect')),
    version      INTEGER NOT NULL,      -- of its read models
    state        TEXT    NOT NULL CHECK (state IN ('running', 'paused', 'stopped', 'replay_needed')),
    state_reason TEXT,
    created_at   INTEGER NOT NULL       -- microseconds since 1970-01-01T00:00:00Z, as all times here
) STRICT, WITHOUT ROWID;

-- How far each handler is in each stream of the event store. The event store is another file, or a folder: what is
-- said of its events here refers to it by position and id, and no constraint can.
CREATE TABLE handler_progress (
    handler    TEXT    NOT NULL REFERENCES handlers DEFERRABLE INITIALLY DEFERRED,
    stream     TEXT    NOT NULL,        -- '' for a SQLite store, '2025-10-25' for a day of JSONL
    position   INTEGER NOT NULL,        -- everything up to here is handled, parked, waiting or skipped
    event_id   TEXT    NOT NULL CHECK (event_id <> ''), -- of the event there: another one there is another store
    updated_at INTEGER NOT NULL,
    detail     TEXT,                    -- what the handler itself keeps with it
    PRIMARY KEY (handler, stream)
) STRICT, WITHOUT ROWID;

-- Events that are not handled, or were not at first.
CREATE TABLE handler_failures (
    handler         TEXT    NOT NULL REFERENCES handlers DEFERRABLE INITIALLY DEFERRED,
    stream          TEXT    NOT NULL,
    position        INTEGER NOT NULL,
    event_id        TEXT    NOT NULL CHECK (event_id <> ''),
    event_type      TEXT    NOT NULL,
    aggregate_id    TEXT,
    state           TEXT    NOT NULL CHECK (state IN (
        'retrying',                     -- tried again at next_attempt_at
        'parked',                       -- tried again on request
        'waiting',                      -- not tried: an earlier event of its aggregate is not handled
        'skipped',                      -- left out, for the reason in resolved_by
        'resolved')),                   -- handled
    attempts        INTEGER NOT NULL,
    next_attempt_at INTEGER CHECK (state <> 'retrying' OR next_attempt_at IS NOT NULL),
    first_failed_at INTEGER,
    last_failed_at  INTEGER,
    error           TEXT,               -- the last one, with its causes
    resolved_at     INTEGER,
    resolved_by     TEXT,               -- retry, replay, or skip: and a reason
    PRIMARY KEY (handler, stream, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX handler_failures_by_aggregate ON handler_failures (handler, aggregate_id)
    WHERE state IN ('retrying', 'parked', 'waiting');
CREATE INDEX handler_failures_by_next_attempt ON handler_failures (handler, state, next_attempt_at)
    WHERE state IN ('retrying', 'parked', 'waiting');

-- What each handler did on each day.
CREATE TABLE handled_by_day (
    handler        TEXT    NOT NULL REFERENCES handlers DEFERRABLE INITIALLY DEFERRED,
    day            TEXT    NOT NULL,    -- 2025-10-25
    handled        INTEGER NOT NULL,    -- events
    failed         INTEGER NOT NULL,    -- attempts
    micros         INTEGER NOT NULL,    -- time in the handler
    slowest_micros INTEGER NOT NULL,    -- the longest time for one event
    PRIMARY KEY (handler, day)
) STRICT, WITHOUT ROWID;

-- For people: handlers with what is open, and times that can be read.
CREATE VIEW handler_states AS
SELECT handler,
       kind,
       state,
       state_reason,
       version,
       ifnull(handled, 0) AS handled,
       ifnull(retrying, 0) AS retrying,
       ifnull(parked, 0) AS parked,
       ifnull(waiting, 0) AS waiting,
       strftime('%Y-%m-%dT%H:%M:%f+00:00', last_progress / 1e6, 'unixepoch') AS last_progress_at,
       strftime('%Y-%m-%dT%H:%M:%f+00:00', created_at / 1e6, 'unixepoch') AS created_at
FROM handlers
LEFT JOIN (SELECT handler, sum(handled) AS handled FROM handled_by_day GROUP BY handler) USING (handler)
LEFT JOIN (SELECT handler, max(updated_at) AS last_progress FROM handler_progress GROUP BY handler) USING (handler)
LEFT JOIN (SELECT handler,
                  count(*) FILTER (WHERE state = 'retrying') AS retrying,
                  count(*) FILTER (WHERE state = 'parked') AS parked,
                  count(*) FILTER (WHERE state = 'waiting') AS waiting
           FROM handler_failures
           WHERE state IN ('retrying', 'parked', 'waiting')
           GROUP BY handler) USING (handler);

-- For people: what is not handled.
CREATE VIEW open_failures AS
SELECT handler,
       state,
       stream,
       position,
       event_id,
       event_type,
       aggregate_id,
       attempts,
       strftime('%Y-%m-%dT%H:%M:%f+00:00', next_attempt_at / 1e6, 'unixepoch') AS next_attempt_at,
       strftime('%Y-%m-%dT%H:%M:%f+00:00', first_failed_at / 1e6, 'unixepoch') AS first_failed_at,
       strftime('%Y-%m-%dT%H:%M:%f+00:00', last_failed_at / 1e6, 'unixepoch') AS last_failed_at,
       error
FROM handler_failures
WHERE state IN ('retrying', 'parked', 'waiting');

-- For people: what was not handled at first, and what became of it.
CREATE VIEW resolved_failures AS
SELECT handler,
       state,
       stream,
       position,
       event_id,
       event_type,
       aggregate_id,
       attempts,
       strftime('%Y-%m-%dT%H:%M:%f+00:00', first_failed_at / 1e6, 'unixepoch') AS first_failed_at,
       strftime('%Y-%m-%dT%H:%M:%f+00:00', resolved_at / 1e6, 'unixepoch') AS resolved_at,
       resolved_by,
       error
FROM handler_failures
WHERE state IN ('skipped', 'resolved');
