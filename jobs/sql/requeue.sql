-- leased -> waiting: a retry with its due time, work given back, or something elsewhere that is to be looked at again (looking).
-- Part of a report's transaction, behind its fence.
INSERT INTO jobs_requeued (run_id, position, attempts, due_at, alone, looking, lane_id)
SELECT %(run_id)s, o.position, o.attempts, COALESCE(%(now)s::timestamptz, clock_timestamp()) + o.wait_ms * interval '1 ms', o.alone, o.looking::jsonb, NULL
FROM unnest(%(positions)s::int[], %(attempts)s::smallint[], %(waits_ms)s::float8[], %(alone)s::bool[], %(looking)s::text[])
    AS o (position, attempts, wait_ms, alone, looking)
ON CONFLICT (run_id, position) DO UPDATE
SET attempts = EXCLUDED.attempts, due_at = EXCLUDED.due_at, alone = EXCLUDED.alone, looking = EXCLUDED.looking, lane_id = NULL
WHERE jobs_requeued.lane_id IS NULL OR jobs_requeued.lane_id = %(lane_id)s
