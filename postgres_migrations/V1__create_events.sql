-- A store is one schema, and this is all that is in it. Everything here is made in the first schema of the search path.

-- One row: what the store is; and the lock by which events are appended one transaction after the other.
CREATE TABLE store (
    one        boolean     PRIMARY KEY DEFAULT true CHECK (one),
    store_id   uuid        NOT NULL,
    format     text        NOT NULL,
    created_at timestamptz NOT NULL
);
INSERT INTO store (store_id, format, created_at) VALUES (gen_random_uuid(), 'mission-events 1', now());

-- The log of events: appended to, never changed. One row an event. Text is compared byte by byte ("C"): other orders
-- change with the libraries of the system, and would break the indexes.
CREATE TABLE events (
    position      bigint PRIMARY KEY CHECK (position > 0),  -- 1, 2, 3, ... in commit order, without gaps
    event_id      text COLLATE "C" NOT NULL,                -- the id that the event carries, or the one derived from its content
    event_type    text COLLATE "C" NOT NULL,
    occurred_at   timestamptz NOT NULL CHECK (isfinite(occurred_at)), -- to the microsecond, floor
    aggregate_id  text COLLATE "C",                         -- what the event is about; NULL where the log does not say
    body          text COLLATE "C" NOT NULL,                -- the exact JSON text; may hold NaN and infinities, as Python writes them
    origin        text COLLATE "C" NOT NULL CHECK (origin IN ('native', 'history', 'repaired')), -- written by the new system, imported from the legacy one, or added by a repair
    recorded_at   timestamptz NOT NULL,                     -- when this row was written
    id_derived    boolean NOT NULL,                         -- true where the event carries no id
    source_id     bigint,                                   -- the log that it was imported from; NULL where it was saved live, or repaired
    source_offset bigint,                                   -- where in that log its text begins, in bytes
    source_line   bigint,                                   -- and on which line, from 1
    exact_names   text COLLATE "C"                          -- id, type and aggregate that a column cannot hold, as a JSON object; else NULL
);
CREATE UNIQUE INDEX events_by_id ON events (event_id);
CREATE INDEX events_by_type ON events (event_type, occurred_at, position);
CREATE INDEX events_by_timestamp ON events (occurred_at, position);
CREATE INDEX events_by_aggregate ON events (aggregate_id, occurred_at, position) WHERE aggregate_id IS NOT NULL;

-- The database itself keeps history from being rewritten, whoever connects to it.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or removed: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER events_refuse_change BEFORE UPDATE OR DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER events_refuse_truncate BEFORE TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER store_refuse_removal BEFORE DELETE OR TRUNCATE ON store
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Appends events, all or none. Where ids are known, nothing is appended, and there is a row for each of these, with its
-- place in the call. Else there is one row, with the position of the first event; the others follow it.
--
-- The row of `store` is locked until the transaction has ended: its commit is in the log, and seen by others, before the next
-- one gets the lock. So whoever sees a position has seen all before it, and what is known was flushed, as the lock itself is
-- logged. Each statement here sees what was committed before it began: only in the isolation level that is asked for.
CREATE FUNCTION append_events(
    event_ids text[], event_types text[], times timestamptz[], aggregate_ids text[], bodies text[], names text[],
    recorded timestamptz, needs_standby boolean,
    OUT place bigint, OUT stored_at bigint, OUT stored_body text, OUT stored_when timestamptz
) RETURNS SETOF record LANGUAGE plpgsql SECURITY DEFINER
    SET search_path FROM CURRENT
    -- A plan that was made while the table was small would read all of it later.
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    last bigint;
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
    PERFORM 1 FROM store FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the row of the table store is missing' USING ERRCODE = 'data_corrupted';
    END IF;
    RETURN QUERY
        SELECT given.place, known.position, known.body, known.recorded_at
        FROM unnest(event_ids) WITH ORDINALITY AS given (id, place)
        JOIN events AS known ON known.event_id = given.id COLLATE "C";
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
REVOKE ALL ON FUNCTION append_events FROM PUBLIC;

-- A text as jsonb; NULL where jsonb cannot say it: NaN, infinities, numbers that are too long, lone surrogates, \u0000.
CREATE FUNCTION as_json(body text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    RETURN body::jsonb;
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
    RETURN NULL;
END
$$;

-- For people: the rows with what PostgreSQL can make of their texts.
CREATE VIEW events_readable AS
SELECT position, event_id, event_type, occurred_at, aggregate_id, origin, body, as_json(body) AS json FROM events;
