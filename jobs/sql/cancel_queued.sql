-- queued -> cancelled for up to %(take)s positions that no lane has leased yet, and as many that wait out of line and that no lane
-- holds, of a run that is being cancelled. next_position moves on as it does for a lease, so a process that dies in between repeats
-- nothing. What lanes hold is theirs to report.
-- Shape: payloads by their whole key or a range of it; the caller repeats it while it says more, so that no lock is held for long.
WITH run AS MATERIALIZED (
    SELECT id, LEAST(next_position, total) AS low, LEAST(next_position + %(take)s, total) AS high,
        COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now
    FROM jobs_run WHERE id = %(run_id)s AND state = 'cancelling'
    FOR NO KEY UPDATE
), fresh AS (
    UPDATE jobs_payload AS p SET state = 'cancelled', ended_at = run.now
    FROM run
    WHERE p.run_id = run.id AND p.position >= run.low AND p.position < run.high AND p.state = 'queued'
    RETURNING 1
), waiting AS MATERIALIZED (
    SELECT q.run_id, q.position, q.attempts, q.looking, q.ctid AS row
    FROM jobs_requeued AS q
    WHERE q.run_id = (SELECT id FROM run) AND q.lane_id IS NULL
    LIMIT %(take)s
    FOR UPDATE OF q SKIP LOCKED
), gone AS (
    DELETE FROM jobs_requeued AS q USING waiting WHERE q.run_id = waiting.run_id AND q.position = waiting.position
), again AS (
    UPDATE jobs_payload AS p SET state = 'cancelled', ended_at = run.now,
        attempts = waiting.attempts + num_nonnulls(waiting.looking)::smallint, started_at = (waiting.looking ->> 'since')::timestamptz
    FROM run, waiting, LATERAL (
        SELECT o.ctid FROM jobs_payload AS o WHERE o.run_id = waiting.run_id AND o.position = waiting.position AND o.state = 'queued' OFFSET 0
    ) AS o
    WHERE p.ctid = o.ctid
    RETURNING 1
)
UPDATE jobs_run AS r
SET next_position = GREATEST(r.next_position, run.high),
    cancelled = r.cancelled + (SELECT count(*) FROM fresh) + (SELECT count(*) FROM again)
FROM run
WHERE r.id = run.id
RETURNING r.succeeded + r.failed + r.cancelled >= r.total AS complete,
    r.next_position < r.total OR (SELECT count(*) FROM waiting) >= %(take)s AS more
