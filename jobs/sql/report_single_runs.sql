-- queued -> succeeded | failed, and lane -> free slot, for the outcomes of many runs of one payload each.
-- Fenced a lane at a time: an outcome whose lane was taken back changes nothing. Closing follows in the same transaction.
-- Shape: each payload by its whole key and then by its ctid, as in report.sql; a plain join may read position 0 of every run.
WITH o AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%(finals)s::json) AS o (
        lane_id bigint, state text, attempts smallint, started_at timestamptz, ended_at timestamptz, result jsonb, stored jsonb,
        error jsonb
    )
), mine AS (
    DELETE FROM jobs_lane AS l USING o WHERE l.id = o.lane_id AND l.sequence = 1 RETURNING l.id, l.run_id
), done AS (
    UPDATE jobs_payload AS p
    SET state = o.state, attempts = o.attempts, started_at = o.started_at, ended_at = o.ended_at,
        result = o.result, stored = o.stored, error = o.error
    FROM mine JOIN o ON o.lane_id = mine.id, LATERAL (
        SELECT q.ctid FROM jobs_payload AS q WHERE q.run_id = mine.run_id AND q.position = 0 AND q.state = 'queued' OFFSET 0
    ) AS q
    WHERE p.ctid = q.ctid
    RETURNING p.run_id, p.state
)
UPDATE jobs_run AS r
SET succeeded = r.succeeded + (done.state = 'succeeded')::int, failed = r.failed + (done.state = 'failed')::int
FROM done
WHERE r.id = done.run_id
RETURNING r.id
