-- Zero bytes, as a log that was emptied under its writer begins with, are counted and not stored: a piece of a reject
-- that is nothing else has their number, and no text.
ALTER TABLE reject_texts ADD COLUMN zeros INTEGER NOT NULL DEFAULT 0;
