-- Each switch: from then on, events went where it says. Where they went before is what the row before it says.
CREATE TABLE mode_changes (
    change          INTEGER PRIMARY KEY, -- their order
    at              INTEGER NOT NULL,
    mode            TEXT    NOT NULL CHECK (mode IN ('legacy_events', 'new_events', 'parallel_events')),
    primary_side    TEXT    NOT NULL CHECK (primary_side IN ('legacy', 'new')),
    new_event_types TEXT    NOT NULL,    -- a JSON array: the types that go to the new side while the legacy one is primary
    legacy_end      INTEGER              -- where the last record of the legacy log ended then, in bytes; NULL without a log
) STRICT;

-- Where each stream of the event store ended at a switch; none where there was no event.
CREATE TABLE mode_change_heads (
    change   INTEGER NOT NULL REFERENCES mode_changes,
    stream   TEXT    NOT NULL,           -- '' for a SQLite store, '2025-10-25' for a day of JSONL
    position INTEGER NOT NULL,           -- of the last event
    PRIMARY KEY (change, stream)
) STRICT, WITHOUT ROWID;

-- How each process dispatches that has not said that it ended.
CREATE TABLE process_modes (
    pid             INTEGER PRIMARY KEY,
    mode            TEXT    NOT NULL CHECK (mode IN ('legacy_events', 'new_events', 'parallel_events')),
    primary_side    TEXT    NOT NULL CHECK (primary_side IN ('legacy', 'new')),
    new_event_types TEXT    NOT NULL,    -- as in mode_changes
    since           INTEGER NOT NULL,
    seen_at         INTEGER NOT NULL     -- when it said so last
) STRICT;

-- What a mirror could not decide about a record, as only a power cut or another program can have made unknown.
CREATE TABLE undecided_records (
    undecided     INTEGER PRIMARY KEY,   -- their order
    mirror        TEXT    NOT NULL,      -- legacy_mirror or new_mirror
    found_at      INTEGER NOT NULL,
    event_id      TEXT,                  -- of the event of the new side, where one is known
    legacy_offset INTEGER,               -- of the record in the legacy log, in bytes
    detail        TEXT    NOT NULL       -- what is not known, and why
) STRICT;

-- The same is said once.
CREATE UNIQUE INDEX undecided_records_once
    ON undecided_records (mirror, ifnull(event_id, ''), ifnull(legacy_offset, -1), detail);

-- For people: the switches, with where events went before.
CREATE VIEW mode_switches AS
SELECT strftime('%Y-%m-%dT%H:%M:%f+00:00', at / 1e6, 'unixepoch') AS at,
       lag(mode) OVER by_order AS from_mode,
       lag(primary_side) OVER by_order AS from_primary_side,
       mode,
       primary_side,
       new_event_types,
       legacy_end
FROM mode_changes
WINDOW by_order AS (ORDER BY change);

-- For people: how processes dispatch.
CREATE VIEW dispatching_processes AS
SELECT pid,
       mode,
       primary_side,
       new_event_types,
       strftime('%Y-%m-%dT%H:%M:%f+00:00', since / 1e6, 'unixepoch') AS since,
       strftime('%Y-%m-%dT%H:%M:%f+00:00', seen_at / 1e6, 'unixepoch') AS seen_at
FROM process_modes;

-- For people: what was not decided.
CREATE VIEW undecided_events AS
SELECT mirror,
       event_id,
       legacy_offset,
       detail,
       strftime('%Y-%m-%dT%H:%M:%f+00:00', found_at / 1e6, 'unixepoch') AS found_at
FROM undecided_records;
