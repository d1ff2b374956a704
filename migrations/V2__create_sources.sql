-- The logs that were imported: enough to give each of them back byte for byte.
--
-- The bytes of a log are the texts, repeats, rejects and events that have its source_id, in the
-- order of their offsets. Where none of them begins, the log's separator stands.
CREATE TABLE sources (
    source_id       INTEGER PRIMARY KEY,
    path            TEXT    NOT NULL,   -- absolute
    format          TEXT    NOT NULL,   -- json-array or jsonl
    compression     TEXT,               -- gzip or zstd; NULL where there is none
    settings        TEXT    NOT NULL,   -- how it was read: mapping, zone, range
    separator       BLOB    NOT NULL,   -- what mostly stands between two records
    bytes           INTEGER,            -- size of the file; NULL until it was read to its end
    sha256          TEXT,               -- of the file
    content_bytes   INTEGER,            -- the same of what it decompresses to
    content_sha256  TEXT,
    resume_offset   INTEGER NOT NULL,   -- a grown version of this log has the same bytes up to here,
    resume_line     INTEGER NOT NULL,   -- which is on this line,
    resume_sha256   TEXT    NOT NULL,   -- and this is their hash
    records         INTEGER NOT NULL,
    imported        INTEGER NOT NULL,
    already_present INTEGER NOT NULL,
    matched_existing INTEGER NOT NULL,
    duplicates      INTEGER NOT NULL,
    rejected        INTEGER NOT NULL,
    out_of_range    INTEGER NOT NULL,
    has_repeated_hour INTEGER NOT NULL, -- 1 where a time needs those before it to be placed: never gone on with
    started_at      INTEGER NOT NULL,   -- microseconds since 1970-01-01T00:00:00Z
    finished_at     INTEGER             -- NULL where the import was interrupted
) STRICT;
CREATE INDEX sources_by_path ON sources (path);

-- Bytes of a log that are no record: what stands around records, where it is not the separator.
CREATE TABLE source_texts (
    source_id INTEGER NOT NULL REFERENCES sources,
    offset    INTEGER NOT NULL,
    text      BLOB    NOT NULL,
    PRIMARY KEY (source_id, offset)
) STRICT, WITHOUT ROWID;

-- Records of a log that are events which the store has from elsewhere.
CREATE TABLE source_repeats (
    source_id INTEGER NOT NULL REFERENCES sources,
    offset    INTEGER NOT NULL,
    line      INTEGER NOT NULL,
    position  INTEGER NOT NULL REFERENCES events,
    kind      TEXT    NOT NULL CHECK (kind IN ('already_present', 'duplicate')),
    text      TEXT,                     -- the record, where it spells the event in another way
    PRIMARY KEY (source_id, offset)
) STRICT, WITHOUT ROWID;
CREATE INDEX source_repeats_by_position ON source_repeats (position);

-- Quarantine: what was not imported, and why.
CREATE TABLE rejects (
    reject_id INTEGER PRIMARY KEY,
    source_id INTEGER NOT NULL REFERENCES sources,
    offset    INTEGER NOT NULL,
    line      INTEGER NOT NULL,
    reason    TEXT    NOT NULL,         -- one word: syntax, torn_tail, no_type, conflict, ...
    detail    TEXT    NOT NULL,         -- a sentence
    current   INTEGER NOT NULL CHECK (current IN (0, 1)), -- 0 once the log has gone on from there
    rejected_at INTEGER NOT NULL,
    retried_position INTEGER REFERENCES events -- the event that a later try made of it
) STRICT;
-- Two can begin at one place: something that is missing there, and the record that stands there.
CREATE UNIQUE INDEX rejects_by_place ON rejects (source_id, offset, detail) WHERE current = 1;

-- The bytes of a reject, in pieces.
CREATE TABLE reject_texts (
    reject_id INTEGER NOT NULL REFERENCES rejects,
    offset    INTEGER NOT NULL,         -- in the log
    text      BLOB    NOT NULL,
    PRIMARY KEY (reject_id, offset)
) STRICT, WITHOUT ROWID;
