-- How many rows were stored of each log beside its events and twins: what another program takes out shows.
ALTER TABLE sources ADD COLUMN texts INTEGER NOT NULL DEFAULT 0;        -- rows of source_texts
ALTER TABLE sources ADD COLUMN repeats INTEGER NOT NULL DEFAULT 0;      -- rows of source_repeats
ALTER TABLE sources ADD COLUMN reject_texts INTEGER NOT NULL DEFAULT 0; -- rows of reject_texts of current rejects

UPDATE sources SET
    texts = (SELECT count(*) FROM source_texts WHERE source_texts.source_id = sources.source_id),
    repeats = (SELECT count(*) FROM source_repeats WHERE source_repeats.source_id = sources.source_id),
    reject_texts = (SELECT count(*) FROM rejects JOIN reject_texts USING (reject_id)
                    WHERE rejects.source_id = sources.source_id AND current = 1);

-- What tells the file from another one that stands at its path later: a log that was deleted and begun anew. Written
-- down for the parts of rotated logs; NULL where it is not known.
ALTER TABLE sources ADD COLUMN file TEXT;
