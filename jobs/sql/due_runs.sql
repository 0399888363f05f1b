-- Lock the runs that the sweep should look at, and say what each lacks. SKIP LOCKED: any number of sweeps side by side.
SELECT
    r.id, r.queue, r.max_lanes, r.total, r.strict, r.nudges, r.succeeded + r.failed + r.cancelled >= r.total AS complete,
    GREATEST(r.total - r.next_position, 0) AS unleased,
    ARRAY(SELECT l.slot FROM jobs_lane AS l WHERE l.run_id = r.id) AS slots,
    (SELECT count(*) FROM jobs_requeued AS q WHERE q.run_id = r.id AND q.lane_id IS NULL AND q.due_at <= t.now) AS due,
    (SELECT min(q.due_at) FROM jobs_requeued AS q WHERE q.run_id = r.id AND q.lane_id IS NULL AND q.due_at > t.now) AS next_due_at,
    t.now
FROM jobs_run AS r, (SELECT COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now) AS t
WHERE r.wake_at <= t.now
ORDER BY r.wake_at
LIMIT %(limit)s
FOR NO KEY UPDATE OF r SKIP LOCKED
