-- A store that was moved here from SQLite has all that it had there: the tables of migrations/, with the same rows. Texts that a
-- column cannot hold, because of a NUL, stand in `exact_names` as they are, by their columns. References between tables are as there;
-- they are not enforced, as rows come by a move alone, which proves each table against its source.

-- What the store is to those who open it.
ALTER TABLE store
    ADD COLUMN moved_to text,                           -- where it was moved to: nothing is appended here any more
    ADD COLUMN moved_at timestamptz,
    ADD COLUMN copy_of  text,                           -- the store that this is a copy of: a move alone adds rows
    ADD COLUMN is_whole boolean NOT NULL DEFAULT true;  -- false for a copy that is not complete, which nothing reads

-- The logs that were imported: enough to give each of them back byte for byte.
CREATE TABLE sources (
    source_id         bigint PRIMARY KEY,
    path              text COLLATE "C" NOT NULL,
    format            text COLLATE "C" NOT NULL,
    compression       text COLLATE "C",
    settings          text COLLATE "C" NOT NULL,
    separator         bytea NOT NULL,
    bytes             bigint,
    sha256            text COLLATE "C",
    content_bytes     bigint,
    content_sha256    text COLLATE "C",
    resume_offset     bigint NOT NULL,
    resume_line       bigint NOT NULL,
    resume_sha256     text COLLATE "C" NOT NULL,
    records           bigint NOT NULL,
    imported          bigint NOT NULL,
    already_present   bigint NOT NULL,
    matched_existing  bigint NOT NULL,
    duplicates        bigint NOT NULL,
    rejected          bigint NOT NULL,
    out_of_range      bigint NOT NULL,
    has_repeated_hour bigint NOT NULL,
    started_at        timestamptz NOT NULL,
    finished_at       timestamptz,
    superseded_by     bigint,
    restores_to       bigint NOT NULL,
    texts             bigint NOT NULL,
    repeats           bigint NOT NULL,
    reject_texts      bigint NOT NULL,
    file              text COLLATE "C",
    exact_names       text COLLATE "C"
);

-- Bytes of a log that are no record.
CREATE TABLE source_texts (
    source_id bigint NOT NULL,
    "offset"  bigint NOT NULL,
    text      bytea  NOT NULL,
    PRIMARY KEY (source_id, "offset")
);

-- Records of a log that are events which the store has from elsewhere.
CREATE TABLE source_repeats (
    source_id   bigint NOT NULL,
    "offset"    bigint NOT NULL,
    line        bigint NOT NULL,
    position    bigint NOT NULL,
    kind        text COLLATE "C" NOT NULL CHECK (kind IN ('already_present', 'duplicate')),
    text        text COLLATE "C",
    twin_id     bigint,
    exact_names text COLLATE "C",
    PRIMARY KEY (source_id, "offset")
);
CREATE INDEX source_repeats_by_position ON source_repeats (position);

-- Quarantine: what was not imported, and why.
CREATE TABLE rejects (
    reject_id        bigint PRIMARY KEY,
    source_id        bigint NOT NULL,
    "offset"         bigint NOT NULL,
    line             bigint NOT NULL,
    reason           text COLLATE "C" NOT NULL,
    detail           text COLLATE "C" NOT NULL,
    current          boolean NOT NULL,
    rejected_at      timestamptz NOT NULL,
    retried_position bigint,
    exact_names      text COLLATE "C"
);
CREATE INDEX rejects_by_place ON rejects (source_id, "offset");

-- The bytes of a reject, in pieces; of one that is zeros alone, their number.
CREATE TABLE reject_texts (
    reject_id bigint NOT NULL,
    "offset"  bigint NOT NULL,
    text      bytea  NOT NULL,
    zeros     bigint NOT NULL,
    PRIMARY KEY (reject_id, "offset")
);

-- What both systems wrote of one event: the other text of it.
CREATE TABLE twins (
    twin_id       bigint PRIMARY KEY CHECK (twin_id > 0),
    position      bigint NOT NULL,
    event_id      text COLLATE "C" NOT NULL,
    event_type    text COLLATE "C" NOT NULL,
    occurred_at   timestamptz NOT NULL CHECK (isfinite(occurred_at)),
    aggregate_id  text COLLATE "C",
    body          text COLLATE "C" NOT NULL,
    origin        text COLLATE "C" NOT NULL CHECK (origin IN ('native', 'history')),
    recorded_at   timestamptz NOT NULL,
    id_derived    boolean NOT NULL,
    source_id     bigint NOT NULL,
    source_offset bigint NOT NULL,
    source_line   bigint NOT NULL,
    class         text COLLATE "C" NOT NULL CHECK (class IN (
        'matched', 'ignored', 'time_shifted', 'changed', 'retyped', 'misfiled')),
    exact_names   text COLLATE "C"
);
CREATE UNIQUE INDEX twins_by_id ON twins (event_id);
CREATE UNIQUE INDEX twins_by_position ON twins (position);
CREATE INDEX twins_by_place ON twins (source_id, source_offset);
CREATE TRIGGER twins_refuse_change BEFORE UPDATE OR DELETE ON twins
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER twins_refuse_truncate BEFORE TRUNCATE ON twins
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The events that count as repaired.
CREATE TABLE repairs (
    position      bigint PRIMARY KEY,
    path          text COLLATE "C" NOT NULL,
    source_offset bigint NOT NULL,
    source_line   bigint NOT NULL,
    repaired_at   timestamptz NOT NULL,
    exact_names   text COLLATE "C"
);

-- How many rows were stored, when the store was moved here. Events that were appended since count by their positions.
CREATE TABLE stored_rows (
    records        bigint NOT NULL,
    last_position  bigint NOT NULL,
    last_source_id bigint NOT NULL
);
INSERT INTO stored_rows SELECT coalesce(max(position), 0), coalesce(max(position), 0), 0 FROM events;

-- As in V1; what a twin has as its id is known, and a store that was moved, or is a copy, takes nothing.
CREATE OR REPLACE FUNCTION append_events(
    event_ids text[], event_types text[], times timestamptz[], aggregate_ids text[], bodies text[], names text[],
    recorded timestamptz, needs_standby boolean,
    OUT place bigint, OUT stored_at bigint, OUT stored_body text, OUT stored_when timestamptz
) RETURNS SETOF record LANGUAGE plpgsql SECURITY DEFINER
    SET search_path FROM CURRENT
    -- A plan that was made while the table was small would read all of it later.
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
    -- To plan anew for each call, or to compile what is forbidden above, takes longer than all that is done here.
    SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
DECLARE
    last bigint;
    this store%ROWTYPE;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'append_events needs the isolation level read committed, not %', current_setting('transaction_isolation')
            USING ERRCODE = 'invalid_transaction_state';
    END IF;
    -- What is acknowledged is on disk, and on the synchronous standby where there is one, whatever the session says.
    IF current_setting('synchronous_commit') NOT IN ('on', 'remote_apply') THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    IF needs_standby AND current_setting('synchronous_standby_names') = '' THEN
        RAISE EXCEPTION 'synchronous_standby_names is empty' USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    SELECT * INTO this FROM store FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the row of the table store is missing' USING ERRCODE = 'data_corrupted';
    END IF;
    IF this.moved_to IS NOT NULL THEN
        RAISE EXCEPTION 'this store was moved to %: name that one in the settings', this.moved_to USING ERRCODE = 'MEV01';
    END IF;
    IF this.copy_of IS NOT NULL THEN
        RAISE EXCEPTION 'this store is a copy of %, which is the store until the copy is cut over to', this.copy_of
            USING ERRCODE = 'MEV01';
    END IF;
    RETURN QUERY
        SELECT given.place, known.position, known.body, known.recorded_at
        FROM unnest(event_ids) WITH ORDINALITY AS given (id, place)
        JOIN events AS known ON known.event_id = given.id COLLATE "C"
        UNION ALL
        SELECT given.place, known.position, known.body, known.recorded_at
        FROM unnest(event_ids) WITH ORDINALITY AS given (id, place)
        JOIN twins AS known ON known.event_id = given.id COLLATE "C";
    IF FOUND THEN
        RETURN;
    END IF;
    SELECT coalesce(max(position), 0) INTO last FROM events;
    INSERT INTO events (position, event_id, event_type, occurred_at, aggregate_id, body, origin, recorded_at,
                        id_derived, exact_names)
        SELECT last + given.place, given.id, given.type, given.time, given.aggregate, given.body, 'native', recorded,
               false, given.names
        FROM unnest(event_ids, event_types, times, aggregate_ids, bodies, names)
            WITH ORDINALITY AS given (id, type, time, aggregate, body, names, place)
        ORDER BY given.place;
    stored_at := last + 1;
    RETURN NEXT;
END
$$;
