-- leased -> waiting: a retry with its due time, or work given back. Part of a report's transaction, behind its fence.
INSERT INTO jobs_requeued (run_id, position, attempts, due_at, alone, lane_id)
SELECT %(run_id)s, o.position, o.attempts, COALESCE(%(now)s::timestamptz, clock_timestamp()) + o.wait_ms * interval '1 ms', o.alone, NULL
FROM unnest(%(positions)s::int[], %(attempts)s::smallint[], %(waits_ms)s::float8[], %(alone)s::bool[]) AS o (position, attempts, wait_ms, alone)
ON CONFLICT (run_id, position) DO UPDATE
SET attempts = EXCLUDED.attempts, due_at = EXCLUDED.due_at, alone = EXCLUDED.alone, lane_id = NULL
WHERE jobs_requeued.lane_id IS NULL OR jobs_requeued.lane_id = %(lane_id)s
