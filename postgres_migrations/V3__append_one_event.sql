-- One event is appended by itself: half of what `append_events` took for it was for what only a batch needs. The name of the
-- schema is written into the function, and operators and functions are those of the server: whatever the search path of who
-- calls it, it finds nothing else, and does not have to set its own each time, which takes a sixth of the call.
DO $migration$
DECLARE
    role text;
BEGIN
    EXECUTE format($definition$
        -- Appends an event and answers its position; NULL where it does not: then nothing is appended, and `append_events`, called
        -- with the same, says why: the id is known, or what it refuses. Positions, the lock and the commit are as there.
        CREATE FUNCTION append_event(
            id text, type text, occurred timestamptz, aggregate text, text_of_it text, names text,
            recorded timestamptz, needs_standby boolean
        ) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $function$
        DECLARE
            takes_events boolean;
            stored_at bigint;
        BEGIN
            IF pg_catalog.current_setting('transaction_isolation') OPERATOR(pg_catalog.<>) 'read committed'
                OR needs_standby AND pg_catalog.current_setting('synchronous_standby_names') OPERATOR(pg_catalog.=) ''
            THEN
                RETURN NULL;
            END IF;
            IF pg_catalog.current_setting('synchronous_commit') OPERATOR(pg_catalog.<>) 'on'
                AND pg_catalog.current_setting('synchronous_commit') OPERATOR(pg_catalog.<>) 'remote_apply'
            THEN
                PERFORM pg_catalog.set_config('synchronous_commit', 'on', true);
            END IF;
            SELECT moved_to IS NULL AND copy_of IS NULL INTO takes_events FROM %1$I.store FOR UPDATE;
            IF takes_events IS NOT TRUE THEN
                RETURN NULL;
            END IF;
            INSERT INTO %1$I.events (position, event_id, event_type, occurred_at, aggregate_id, body, origin, recorded_at,
                                     id_derived, exact_names)
                SELECT coalesce((SELECT position FROM %1$I.events ORDER BY position DESC LIMIT 1), 0) OPERATOR(pg_catalog.+) 1,
                       id, type, occurred, aggregate, text_of_it, 'native', recorded, false, names
                WHERE NOT EXISTS (SELECT FROM %1$I.twins WHERE twins.event_id OPERATOR(pg_catalog.=) id COLLATE pg_catalog."C")
                ON CONFLICT (event_id) DO NOTHING
                RETURNING position INTO stored_at;
            RETURN stored_at;
        END
        $function$
    $definition$, current_schema());
    REVOKE ALL ON FUNCTION append_event FROM PUBLIC;
    -- Whoever owns and may execute the one owns and may execute the other.
    SELECT proowner::regrole INTO role FROM pg_proc WHERE oid = 'append_events'::regproc;
    EXECUTE format('ALTER FUNCTION append_event OWNER TO %s', role);
    FOR role IN
        SELECT DISTINCT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END FROM pg_proc, aclexplode(proacl)
        WHERE oid = 'append_events'::regproc AND grantee <> proowner AND privilege_type = 'EXECUTE'
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION append_event TO %s', role);
    END LOOP;
END
$migration$;
