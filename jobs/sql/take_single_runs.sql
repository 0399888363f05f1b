-- pending -> running for runs of one payload each: lane, range and payload in one statement for a whole message.
-- No row for a run that somebody else has, or that has begun: those are left to take_lane.
-- reached: a run that is taken by itself begins at once; of several, the worker that is lost with them is not charged to all.
-- Shape: each payload by its whole key; a plain join may read position 0 of every run there ever was.
WITH taken AS (
    INSERT INTO jobs_lane (run_id, slot, worker, sequence, low, high, reached, leased_at, lease_expires_at)
    SELECT r.id, 0, %(worker)s, 1, 0, 1, CASE WHEN cardinality(%(run_ids)s::bigint[]) > 1 THEN -1 ELSE 0 END, t.now, t.now + %(lease)s::interval
    FROM jobs_run AS r, (SELECT COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now) AS t
    WHERE r.id = ANY (%(run_ids)s::bigint[]) AND r.state = 'pending' AND r.total = 1 AND r.next_position = 0
    ORDER BY r.id
    ON CONFLICT (run_id, slot) DO NOTHING
    RETURNING id, run_id, leased_at
), started AS (
    UPDATE jobs_run AS r
    SET state = 'running', started_at = taken.leased_at, next_position = 1, nudges = 0
    FROM taken
    WHERE r.id = taken.run_id AND r.state = 'pending' AND r.next_position = 0
    RETURNING r.id, r.workspace_id, r.job_id, r.job_key, r.snapshot, r.parameters, r.strict, r.created_at, taken.id AS lane_id, taken.leased_at
), event AS (
    INSERT INTO jobs_event (workspace_id, job_id, run_id, kind, actor, data, at)
    SELECT workspace_id, job_id, id, 'run.running', '', jsonb_build_object('worker', %(worker)s::text), leased_at FROM started
)
SELECT
    taken.id AS lane_id, taken.run_id, started.id IS NOT NULL AS started, w.slug AS workspace, started.workspace_id, started.job_key,
    started.snapshot -> 'configuration' AS configuration, started.parameters AS run_parameters, started.strict, started.created_at,
    p.position, p.kind, p.name, p.parameters, p.options
FROM taken
LEFT JOIN started ON started.lane_id = taken.id
LEFT JOIN jobs_workspace AS w ON w.id = started.workspace_id
LEFT JOIN LATERAL (
    SELECT q.position, q.kind, q.name, q.parameters, q.options FROM jobs_payload AS q
    WHERE q.run_id = started.id AND q.position = 0 OFFSET 0
) AS p ON true
ORDER BY taken.run_id
