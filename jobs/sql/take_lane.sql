-- free slot -> lane; pending run -> running. No row when the slot is taken, or the run has ended or has nothing for this lane.
-- Lock order here and everywhere: the lane first, then its run. The loser of a race for the slot gets no row.
WITH taken AS (
    INSERT INTO jobs_lane (run_id, slot, worker, sequence, low, high, reached, leased_at, lease_expires_at)
    SELECT r.id, %(slot)s, %(worker)s, 0, 0, 0, 0, t.now, t.now + %(lease)s::interval
    FROM jobs_run AS r, (SELECT COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now) AS t
    WHERE r.id = %(run_id)s AND r.state IN ('pending', 'running') AND %(slot)s < r.max_lanes
        AND (
            r.next_position < r.total
            OR r.succeeded + r.failed + r.cancelled >= r.total
            OR EXISTS (SELECT 1 FROM jobs_requeued AS q WHERE q.run_id = r.id AND q.lane_id IS NULL AND q.due_at <= t.now + interval '1 s')
        )
    ON CONFLICT (run_id, slot) DO NOTHING
    RETURNING id, run_id, leased_at
), started AS (
    UPDATE jobs_run AS r
    SET state = 'running', started_at = taken.leased_at, nudges = 0
    FROM taken
    WHERE r.id = taken.run_id AND r.state = 'pending'
    RETURNING r.id, r.workspace_id, r.job_id
), event AS (
    INSERT INTO jobs_event (workspace_id, job_id, run_id, kind, actor, data, at)
    SELECT workspace_id, job_id, id, 'run.running', '', jsonb_build_object('worker', %(worker)s::text), clock_timestamp() FROM started
)
SELECT taken.id, r.workspace_id, w.slug AS workspace, r.job_key, r.snapshot -> 'configuration' AS configuration, r.parameters, r.strict, r.queue, r.created_at,
    r.max_lanes
FROM taken JOIN jobs_run AS r ON r.id = taken.run_id JOIN jobs_workspace AS w ON w.id = r.workspace_id
