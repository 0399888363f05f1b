-- Lock the runs that the sweep should look at, and say what each lacks. SKIP LOCKED: any number of sweeps side by side.
-- overdue: why the run must be stopped, if it must.
-- tracked: what is to be looked at again and what no lane looks at just now; looks: those of them that are due.
-- Shape: the time as a scalar, or a join may read the wake times of all active runs in their order.
WITH t AS MATERIALIZED (
    SELECT COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now
)
SELECT
    r.id, r.job_id, r.state, r.admitted, r.queue, r.max_lanes, r.total, r.strict, r.nudges,
    r.succeeded + r.failed + r.cancelled >= r.total AS complete,
    GREATEST(r.total - r.cancelled - r.next_position, 0) AS unleased,
    ARRAY(SELECT l.slot FROM jobs_lane AS l WHERE l.run_id = r.id) AS slots,
    (SELECT count(*) FROM jobs_requeued AS q WHERE q.run_id = r.id AND q.lane_id IS NULL AND q.due_at <= t.now) AS due,
    (SELECT min(q.due_at) FROM jobs_requeued AS q WHERE q.run_id = r.id AND q.lane_id IS NULL AND q.due_at > t.now) AS next_due_at,
    (SELECT count(*) FROM jobs_requeued AS q WHERE q.run_id = r.id AND q.looking IS NOT NULL AND q.lane_id IS NULL) AS tracked,
    (SELECT count(*) FROM jobs_requeued AS q WHERE q.run_id = r.id AND q.looking IS NOT NULL AND q.lane_id IS NULL AND q.due_at <= t.now) AS looks,
    CASE
        WHEN r.state = 'cancelling' THEN NULL
        WHEN r.state = 'pending' AND r.expires_at <= t.now THEN 'expired'
        WHEN r.state <> 'pausing' AND r.deadline_at <= t.now THEN 'timeout'
        WHEN r.failed > 0 AND r.snapshot -> 'configuration' ->> 'stop_on_first_failure' = 'true' THEN 'first_failure'
    END AS overdue,
    CASE r.state WHEN 'pending' THEN r.expires_at WHEN 'running' THEN r.deadline_at WHEN 'resuming' THEN r.deadline_at END AS deadline_at,
    (SELECT j.state = 'paused' FROM jobs_job AS j WHERE j.id = r.job_id) IS TRUE AS job_paused,
    t.now
FROM t CROSS JOIN jobs_run AS r
WHERE r.wake_at <= (SELECT now FROM t)
ORDER BY r.wake_at
LIMIT %(limit)s
FOR NO KEY UPDATE OF r SKIP LOCKED
