-- A log that was rewritten, and a log whose file was moved, are imported as another source. The later one stands
-- for the log: what was rejected in the earlier one is of an earlier version of it.
ALTER TABLE sources ADD COLUMN superseded_by INTEGER REFERENCES sources; -- NULL where it stands for its log

UPDATE sources SET superseded_by = (
    SELECT max(later.source_id) FROM sources AS later
    WHERE later.path = sources.path AND later.source_id > sources.source_id AND later.finished_at IS NOT NULL
      AND (later.out_of_range = 0 OR later.settings = sources.settings));

CREATE INDEX sources_by_content ON sources (content_sha256);
