-- How many rows were stored: what another program takes out shows, at the end of a table too. Rows of events and twins
-- are counted together: a record of a log that is stored again can be either.
CREATE TABLE stored_rows (
    records        INTEGER NOT NULL, -- rows of events and twins
    last_position  INTEGER NOT NULL, -- of the last event that was stored: no other one gets it
    last_source_id INTEGER NOT NULL  -- of the last log
) STRICT;

INSERT INTO stored_rows SELECT
    ifnull((SELECT max(position) FROM events), 0) + ifnull((SELECT max(twin_id) FROM twins), 0),
    ifnull((SELECT max(position) FROM events), 0),
    ifnull((SELECT max(source_id) FROM sources), 0);

-- Imports count a batch at once.
CREATE TRIGGER events_count_live AFTER INSERT ON events WHEN NEW.source_id IS NULL
BEGIN
    UPDATE stored_rows SET records = records + 1, last_position = max(last_position, NEW.position);
END;

-- The log was imported before, up to there, and rows of it are missing: what is stored of it again was counted.
ALTER TABLE sources ADD COLUMN restores_to INTEGER NOT NULL DEFAULT 0;
