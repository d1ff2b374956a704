-- Twins: during a parallel run both systems record the same life. What one of them wrote of an event
-- that the store has from the other one is kept here, word for word, and is not counted again.
CREATE TABLE twins (
    twin_id       INTEGER PRIMARY KEY,
    position      INTEGER NOT NULL UNIQUE REFERENCES events, -- the event that it tells again: one to one
    event_id      TEXT    NOT NULL UNIQUE, -- its own, as in events; no event and no other twin has it
    event_type    TEXT    NOT NULL,
    occurred_at   INTEGER NOT NULL,
    aggregate_id  TEXT,
    body          TEXT    NOT NULL,
    origin        TEXT    NOT NULL CHECK (origin IN ('native', 'history')), -- never that of its event
    recorded_at   INTEGER NOT NULL,
    id_derived    INTEGER NOT NULL CHECK (id_derived IN (0, 1)),
    source_id     INTEGER NOT NULL REFERENCES sources,
    source_offset INTEGER NOT NULL,
    source_line   INTEGER NOT NULL,
    class         TEXT    NOT NULL CHECK (class IN ( -- how the two texts differ, in the words of compare-logs
        'matched', 'ignored', 'time_shifted', 'changed', 'retyped', 'misfiled'))
) STRICT;
CREATE INDEX twins_by_place ON twins (source_id, source_offset);

CREATE TRIGGER twins_refuse_update BEFORE UPDATE ON twins
BEGIN
    SELECT RAISE(ABORT, 'twins are never changed');
END;

CREATE TRIGGER twins_refuse_delete BEFORE DELETE ON twins
BEGIN
    SELECT RAISE(ABORT, 'twins are never deleted');
END;

-- INSERT OR REPLACE would delete without asking the trigger above.
CREATE TRIGGER twins_refuse_replace BEFORE INSERT ON twins
WHEN EXISTS (SELECT 1 FROM twins WHERE event_id = NEW.event_id)
  OR EXISTS (SELECT 1 FROM twins WHERE position = NEW.position)
  OR EXISTS (SELECT 1 FROM twins WHERE twin_id = NEW.twin_id)
BEGIN
    SELECT RAISE(ABORT, 'twins are never replaced');
END;

-- A record of a log can be what a twin says, and not what its event says.
ALTER TABLE source_repeats ADD COLUMN twin_id INTEGER REFERENCES twins;
