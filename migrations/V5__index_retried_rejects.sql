-- A record that is tried again is looked up by its place: an event may have been made of it before.
CREATE INDEX rejects_by_retried_place ON rejects (source_id, offset) WHERE retried_position IS NOT NULL;
