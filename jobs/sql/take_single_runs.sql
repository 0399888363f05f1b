-- pending -> running for runs of one payload each: lane, range and payload in one statement for a whole message.
-- No row for a run that somebody else has, that has begun, that waits, or whose group is full: those are left to take_lane. So are those
-- whose rate is slow: each of them has to wait for its start.
-- Locks: the runs first, by id, then their new lanes; see take_lane.sql. Of two groups the places by the groups' ids.
-- place: the runs of one message are executed one after another, so those of one group share one place. Its holder is inserted first;
-- without a holder the others have none, and are not taken.
-- reached: a run that is taken by itself begins at once; of several, the worker that is lost with them is not charged to all.
-- taken is materialized, for the update of the runs joins it: should a run have changed while this statement waited for it, PostgreSQL
-- repeats the join for the new row, and would insert the lanes a second time if their inserts were part of it (it refuses).
-- Shape: each payload by its whole key; a plain join may read position 0 of every run there ever was. OFFSET 0 in an EXISTS keeps it a
-- look-up for each run: made a join, it reads every lane there is for each.
WITH run AS MATERIALIZED (
    SELECT r.id, t.now, g.id AS group_id, g."limit"
    FROM (SELECT COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now) AS t
    CROSS JOIN jobs_run AS r
    LEFT JOIN jobs_group AS g ON g.id = r.group_id
    WHERE r.id = ANY (%(run_ids)s::bigint[]) AND r.state = 'pending' AND r.admitted AND r.total = 1 AND r.cancelled = 0 AND r.next_position = 0
        AND NOT EXISTS (SELECT 1 FROM jobs_job AS j WHERE j.id = r.job_id AND j.state = 'paused')
        AND (r.expires_at IS NULL OR r.expires_at > t.now)
        AND COALESCE(r.rate_interval_ms, 0) <= 5 AND COALESCE(g.rate_interval_ms, 0) <= 5
        AND NOT EXISTS (SELECT 1 FROM jobs_lane AS l WHERE l.run_id = r.id AND l.slot = 0 OFFSET 0)
    ORDER BY r.id
    FOR NO KEY UPDATE OF r
), place AS MATERIALIZED (
    SELECT needed.holder, needed.group_id, free.number
    FROM (SELECT group_id, "limit", min(id) AS holder FROM run WHERE "limit" IS NOT NULL GROUP BY group_id, "limit") AS needed
    CROSS JOIN LATERAL (
        SELECT mod(needed.holder + n, needed."limit")::smallint AS number
        FROM (SELECT count(*) AS taken FROM jobs_lane AS l WHERE l.group_id = needed.group_id AND l.group_slot IS NOT NULL) AS used,
            generate_series(0, used.taken) AS n
        WHERE used.taken < needed."limit" AND NOT EXISTS (
            SELECT 1 FROM jobs_lane AS l WHERE l.group_id = needed.group_id AND l.group_slot = mod(needed.holder + n, needed."limit")::smallint OFFSET 0
        )
        LIMIT 1
    ) AS free
), shape AS MATERIALIZED (
    SELECT CASE WHEN cardinality(%(run_ids)s::bigint[]) > 1 THEN -1 ELSE 0 END AS reached
), holder AS (
    INSERT INTO jobs_lane (run_id, slot, worker, sequence, low, high, reached, leased_at, lease_expires_at, group_id, group_slot)
    SELECT run.id, 0, %(worker)s, 1, 0, 1, shape.reached, run.now, run.now + %(lease)s::interval, place.group_id, place.number
    FROM place JOIN run ON run.id = place.holder, shape
    ORDER BY place.group_id
    ON CONFLICT DO NOTHING
    RETURNING id, run_id, leased_at, group_id
), follower AS (
    INSERT INTO jobs_lane (run_id, slot, worker, sequence, low, high, reached, leased_at, lease_expires_at)
    SELECT run.id, 0, %(worker)s, 1, 0, 1, shape.reached, run.now, run.now + %(lease)s::interval
    FROM run, shape
    WHERE run."limit" IS NULL
        OR (run.group_id IN (SELECT group_id FROM holder) AND run.id NOT IN (SELECT run_id FROM holder))
    ORDER BY run.id
    ON CONFLICT DO NOTHING
    RETURNING id, run_id, leased_at, group_id
), taken AS MATERIALIZED (
    SELECT * FROM holder UNION ALL SELECT * FROM follower
), started AS (
    UPDATE jobs_run AS r
    SET state = 'running', started_at = taken.leased_at, next_position = 1, nudges = LEAST(r.nudges, 0),
        deadline_at = COALESCE(r.deadline_at, taken.leased_at + r.run_timeout)
    FROM taken
    WHERE r.id = taken.run_id
    RETURNING r.id, r.workspace_id, r.job_id, r.job_key, r.snapshot, r.parameters, r.strict, r.created_at, r.rate_interval_ms, r.group_id,
        taken.id AS lane_id, taken.group_id AS held_group_id, taken.leased_at
), event AS (
    INSERT INTO jobs_event (workspace_id, job_id, run_id, kind, actor, data, at)
    SELECT workspace_id, job_id, id, 'run.running', '', jsonb_build_object('worker', %(worker)s::text), leased_at FROM started
)
SELECT
    started.lane_id, started.id AS run_id, w.slug AS workspace, started.workspace_id, started.job_id, started.job_key,
    started.snapshot -> 'configuration' AS configuration, started.parameters AS run_parameters, started.strict, started.created_at,
    started.rate_interval_ms, started.group_id AS rate_group_id, g.rate_interval_ms AS group_interval_ms, started.held_group_id AS group_id,
    p.position, p.kind, p.name, p.parameters, p.options
FROM started
JOIN jobs_workspace AS w ON w.id = started.workspace_id
LEFT JOIN jobs_group AS g ON g.id = started.group_id
LEFT JOIN LATERAL (
    SELECT q.position, q.kind, q.name, q.parameters, q.options FROM jobs_payload AS q
    WHERE q.run_id = started.id AND q.position = 0 OFFSET 0
) AS p ON true
ORDER BY started.id
