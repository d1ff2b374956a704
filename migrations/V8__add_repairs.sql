-- What the legacy log has and the new system did not write can be added by `repair`. Such an event is neither native nor
-- history: an operator has decided that the store is to have it.
--
-- SQLite does not alter a constraint. One that allows more values leaves every row as it is, so that the text of the table
-- alone is changed, as https://www.sqlite.org/lang_altertable.html#otheralter describes it; the rest of the text is that
-- of V1. Other connections read the schema anew, as a table is made after it.
PRAGMA writable_schema = ON;

UPDATE sqlite_schema SET sql = 'CREATE TABLE events (
    position     INTEGER PRIMARY KEY,   -- 1, 2, 3, ... in commit order, without gaps
    event_id     TEXT    NOT NULL,      -- the id that the event carries, or the one derived from its content
    event_type   TEXT    NOT NULL,
    occurred_at  INTEGER NOT NULL,      -- microseconds since 1970-01-01T00:00:00Z, floor
    aggregate_id TEXT,                  -- what the event is about; NULL where the log does not say
    body         TEXT    NOT NULL,      -- the exact JSON text; may hold NaN and infinities, as Python writes them
    origin       TEXT    NOT NULL CHECK (origin IN (''native'', ''history'', ''repaired'')), -- written by the new system, imported from the legacy one, or added by a repair
    recorded_at  INTEGER NOT NULL,      -- when this row was written, in the same unit
    id_derived   INTEGER NOT NULL CHECK (id_derived IN (0, 1)), -- 1 where the event carries no id
    source_id    INTEGER,               -- the log that it was imported from; NULL where it was saved live, or repaired
    source_offset INTEGER,              -- where in that log its text begins, in bytes
    source_line  INTEGER                -- and on which line, from 1
) STRICT' WHERE type = 'table' AND name = 'events';

PRAGMA writable_schema = RESET;

-- The events that count as repaired: those that a repair added, and those that were imported before and that a repair has
-- accepted in the place of what the new system did not write.
CREATE TABLE repairs (
    position      INTEGER PRIMARY KEY REFERENCES events,
    path          TEXT    NOT NULL,     -- the log that has the event; absolute
    source_offset INTEGER NOT NULL,     -- where in that log its text begins, in bytes; of a store, its position
    source_line   INTEGER NOT NULL,     -- and on which line, from 1; likewise
    repaired_at   INTEGER NOT NULL      -- microseconds since 1970-01-01T00:00:00Z
) STRICT;

CREATE TRIGGER repairs_refuse_update BEFORE UPDATE ON repairs
BEGIN
    SELECT RAISE(ABORT, 'repairs are never changed');
END;

CREATE TRIGGER repairs_refuse_delete BEFORE DELETE ON repairs
BEGIN
    SELECT RAISE(ABORT, 'repairs are never deleted');
END;

-- INSERT OR REPLACE would delete without asking the trigger above.
CREATE TRIGGER repairs_refuse_replace BEFORE INSERT ON repairs
WHEN EXISTS (SELECT 1 FROM repairs WHERE position = NEW.position)
BEGIN
    SELECT RAISE(ABORT, 'repairs are never replaced');
END;
