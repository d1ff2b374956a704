-- The log of events: appended to, never changed. One row an event.
CREATE TABLE events (
    position     INTEGER PRIMARY KEY,   -- 1, 2, 3, ... in commit order, without gaps
    event_id     TEXT    NOT NULL,      -- the id that the event carries, or the one derived from its content
    event_type   TEXT    NOT NULL,
    occurred_at  INTEGER NOT NULL,      -- microseconds since 1970-01-01T00:00:00Z, floor
    aggregate_id TEXT,                  -- what the event is about; NULL where the log does not say
    body         TEXT    NOT NULL,      -- the exact JSON text; may hold NaN and infinities, as Python writes them
    origin       TEXT    NOT NULL CHECK (origin IN ('native', 'history')), -- written by the new system, or by the legacy one
    recorded_at  INTEGER NOT NULL,      -- when this row was written, in the same unit
    id_derived   INTEGER NOT NULL CHECK (id_derived IN (0, 1)), -- 1 where the event carries no id
    source_id    INTEGER,               -- the log that it was imported from; NULL where it was saved live
    source_offset INTEGER,              -- where in that log its text begins, in bytes
    source_line  INTEGER                -- and on which line, from 1
) STRICT;

CREATE UNIQUE INDEX events_by_id ON events (event_id);
CREATE INDEX events_by_type ON events (event_type, occurred_at);
CREATE INDEX events_by_timestamp ON events (occurred_at);
CREATE INDEX events_by_aggregate ON events (aggregate_id, occurred_at);

-- The database itself keeps history from being rewritten, whoever opens it.
CREATE TRIGGER events_refuse_update BEFORE UPDATE ON events
BEGIN
    SELECT RAISE(ABORT, 'events are never changed');
END;

CREATE TRIGGER events_refuse_delete BEFORE DELETE ON events
BEGIN
    SELECT RAISE(ABORT, 'events are never deleted');
END;

-- INSERT OR REPLACE would delete without asking the trigger above.
CREATE TRIGGER events_refuse_replace BEFORE INSERT ON events
WHEN EXISTS (SELECT 1 FROM events WHERE event_id = NEW.event_id)
  OR EXISTS (SELECT 1 FROM events WHERE position = NEW.position)
BEGIN
    SELECT RAISE(ABORT, 'events are never replaced');
END;

-- For people: the same rows with times that can be read.
CREATE VIEW events_readable AS
SELECT position,
       event_id,
       event_type,
       strftime('%Y-%m-%dT%H:%M:%S', (occurred_at - micros) / 1000000, 'unixepoch')
           || printf('.%06d+00:00', micros) AS timestamp,
       aggregate_id,
       origin,
       body
FROM (SELECT *, ((occurred_at % 1000000) + 1000000) % 1000000 AS micros FROM events);
