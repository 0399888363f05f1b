-- leased -> waiting: a retry with its due time, work given back, or something elsewhere that is to be looked at again (looking).
-- Part of a report's transaction, behind its fence.
-- What had been requeued before (again) is changed only while this lane holds it: what was shed meanwhile is somebody else's, or has its
-- outcome and must not come back.
WITH o AS MATERIALIZED (
    SELECT o.*, COALESCE(%(now)s::timestamptz, clock_timestamp()) + o.wait_ms * interval '1 ms' AS due_at
    FROM unnest(%(positions)s::int[], %(attempts)s::smallint[], %(waits_ms)s::float8[], %(alone)s::bool[], %(looking)s::text[], %(again)s::bool[])
        AS o (position, attempts, wait_ms, alone, looking, again)
), held AS (
    UPDATE jobs_requeued AS q SET attempts = o.attempts, due_at = o.due_at, alone = o.alone, looking = o.looking::jsonb, lane_id = NULL
    FROM o WHERE o.again AND q.run_id = %(run_id)s AND q.position = o.position AND q.lane_id = %(lane_id)s
)
INSERT INTO jobs_requeued (run_id, position, attempts, due_at, alone, looking, lane_id)
SELECT %(run_id)s, o.position, o.attempts, o.due_at, o.alone, o.looking::jsonb, NULL FROM o WHERE NOT o.again
ON CONFLICT (run_id, position) DO UPDATE
SET attempts = EXCLUDED.attempts, due_at = EXCLUDED.due_at, alone = EXCLUDED.alone, looking = EXCLUDED.looking, lane_id = NULL
WHERE jobs_requeued.lane_id IS NULL OR jobs_requeued.lane_id = %(lane_id)s
