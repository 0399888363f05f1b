-- free slot -> lane, with a place of its group and the run's next %(take)s positions; pending | resuming run -> running. One statement.
-- No row when the slot is taken, or the run has ended, waits, was not begun in time, or has nothing for this lane; or when its job is
-- paused, for of a job with very many runs the sweep pauses them one after another.
-- A row without lane_id: the run would have given a lane, but its group is full (no place), its rate allows no start within a second
-- (wait_seconds), or somebody took the place or the slot at the same moment.
-- Locks: the run first, then the new lane, which nobody can hold yet. The insert must not wait while the run is locked: a slot or place
-- whose lane is being deleted just now still counts as taken, for its owner may be waiting for the run.
-- place: among one more than are taken, one is free. Each lane begins its search elsewhere, so that lanes that come together take
-- different ones. Of two that take the same one, the loser gets no lane and asks again.
-- A run with a rate leases nothing here: its starts have to be reserved first. limits as in reserve_starts.sql.
-- room: as in lease_requeued.sql. Without it a lane is given only for something tracked elsewhere that is due to be looked at (crowded).
-- Shape: OFFSET 0 in an EXISTS keeps it a look-up; made a join, it may read every lane there is.
-- What was added to the run while this statement waited for it is in the range and cannot be seen here: see width in report.sql.
WITH run AS MATERIALIZED (
    SELECT r.id, t.now, g.id AS group_id, g."limit" IS NOT NULL AS grouped, place.number AS place, rate.starts_at,
        g.rate_interval_ms AS group_interval_ms, r.rate_interval_ms,
        r.rate_interval_ms IS NOT NULL OR g.rate_interval_ms IS NOT NULL AS rated, EXISTS (
            SELECT 1 FROM jobs_requeued AS q WHERE q.run_id = r.id AND q.lane_id IS NULL AND q.due_at <= t.now + interval '1 s'
                AND (crowd.room OR q.looking IS NOT NULL)
        ) AS due, crowd.room
    FROM jobs_run AS r
    CROSS JOIN (SELECT COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now) AS t
    CROSS JOIN LATERAL (
        SELECT NOT EXISTS (
            SELECT 1 FROM jobs_requeued AS q WHERE q.run_id = r.id AND q.looking IS NOT NULL AND q.lane_id IS NULL OFFSET 0
        ) OR r.max_lanes > (SELECT count(*) FROM jobs_lane AS l WHERE l.run_id = r.id)
            + (SELECT count(*) FROM jobs_requeued AS q WHERE q.run_id = r.id AND q.looking IS NOT NULL AND q.lane_id IS NULL) AS room
    ) AS crowd
    LEFT JOIN jobs_group AS g ON g.id = r.group_id
    LEFT JOIN LATERAL (
        SELECT mod(r.id + %(slot)s + n, g."limit")::smallint AS number
        FROM (SELECT count(*) AS taken FROM jobs_lane AS l WHERE l.group_id = g.id AND l.group_slot IS NOT NULL) AS used,
            generate_series(0, used.taken) AS n
        WHERE used.taken < g."limit" AND NOT EXISTS (
            SELECT 1 FROM jobs_lane AS l WHERE l.group_id = g.id AND l.group_slot = mod(r.id + %(slot)s + n, g."limit")::smallint OFFSET 0
        )
        LIMIT 1
    ) AS place ON g."limit" IS NOT NULL
    CROSS JOIN LATERAL (
        SELECT GREATEST(
            CASE WHEN r.rate_interval_ms IS NOT NULL THEN (
                SELECT LEAST(k.next_at, t.now + interval '1.2 s' + r.rate_interval_ms * interval '1 ms')
                FROM jobs_rate AS k WHERE k.key = 'job:' || r.job_id
            ) END,
            CASE WHEN g.rate_interval_ms IS NOT NULL THEN (
                SELECT LEAST(k.next_at, t.now + interval '1.2 s' + g.rate_interval_ms * interval '1 ms')
                FROM jobs_rate AS k WHERE k.key = 'group:' || g.id
            ) END
        ) AS starts_at
    ) AS rate
    WHERE r.id = %(run_id)s AND r.state IN ('pending', 'running', 'resuming') AND r.admitted AND %(slot)s < r.max_lanes
        AND (r.state <> 'pending' OR r.expires_at IS NULL OR r.expires_at > t.now)
        AND NOT EXISTS (SELECT 1 FROM jobs_job AS j WHERE j.id = r.job_id AND j.state = 'paused')
        AND NOT EXISTS (SELECT 1 FROM jobs_lane AS l WHERE l.run_id = r.id AND l.slot = %(slot)s OFFSET 0)
        AND (
            (crowd.room AND r.next_position < r.total - r.cancelled)
            OR r.succeeded + r.failed + r.cancelled >= r.total
            OR EXISTS (
                SELECT 1 FROM jobs_requeued AS q WHERE q.run_id = r.id AND q.lane_id IS NULL AND q.due_at <= t.now + interval '1 s'
                    AND (crowd.room OR q.looking IS NOT NULL)
            )
        )
), wanted AS MATERIALIZED (
    SELECT r.id, r.state, r.next_position AS low, run.now, run.group_id, run.place, run.due,
        CASE WHEN run.rated OR NOT run.room THEN 0 ELSE GREATEST(LEAST(%(take)s, r.total - r.cancelled - r.next_position), 0) END AS width,
        GREATEST(r.total - r.cancelled - r.next_position, 0) AS unleased, r.succeeded + r.failed + r.cancelled >= r.total AS complete
    FROM run JOIN jobs_run AS r ON r.id = run.id
    WHERE r.state IN ('pending', 'running', 'resuming')
        AND ((run.room AND r.next_position < r.total - r.cancelled) OR r.succeeded + r.failed + r.cancelled >= r.total OR run.due)
        AND (
            r.succeeded + r.failed + r.cancelled >= r.total
            OR ((NOT run.grouped OR run.place IS NOT NULL) AND (run.starts_at IS NULL OR run.starts_at <= run.now + interval '1 s'))
        )
    FOR NO KEY UPDATE OF r
), taken AS (
    INSERT INTO jobs_lane (
        run_id, slot, worker, sequence, low, high, reached, leased_at, lease_expires_at, group_id, group_slot
    )
    SELECT id, %(slot)s, %(worker)s, 0, o.low, o.low + width, o.low, now, now + %(lease)s::interval,
        CASE WHEN place IS NOT NULL THEN group_id END, place
    FROM wanted, LATERAL (SELECT CASE WHEN wanted.width > 0 THEN wanted.low ELSE 0 END AS low) AS o
    ON CONFLICT DO NOTHING
    RETURNING id, run_id, low, high, group_id, leased_at
), started AS (
    UPDATE jobs_run AS r
    SET state = 'running', started_at = COALESCE(r.started_at, taken.leased_at), nudges = LEAST(r.nudges, 0),
        deadline_at = COALESCE(r.deadline_at, taken.leased_at + r.run_timeout),
        next_position = r.next_position + wanted.width
    FROM taken, wanted
    WHERE r.id = taken.run_id AND (r.state <> 'running' OR wanted.width > 0)
    RETURNING r.id, r.workspace_id, r.job_id
), event AS (
    INSERT INTO jobs_event (workspace_id, job_id, run_id, kind, actor, data, at)
    SELECT started.workspace_id, started.job_id, started.id, CASE wanted.state WHEN 'resuming' THEN 'run.resumed' ELSE 'run.running' END, '',
        jsonb_build_object('worker', %(worker)s::text), clock_timestamp()
    FROM started, wanted WHERE wanted.state <> 'running'
)
SELECT taken.id AS lane_id, taken.group_id, run.grouped AND run.place IS NULL AS full, wanted.id IS NOT NULL AS wanted,
    CASE WHEN run.starts_at > run.now + interval '1 s' THEN EXTRACT(epoch FROM run.starts_at - run.now)::float8 END AS wait_seconds,
    GREATEST(run.rate_interval_ms, run.group_interval_ms) AS longest_interval_ms, wanted.complete, run.due, NOT run.room AS crowded, wanted.unleased - wanted.width AS unleased,
    taken.high - taken.low AS width, r.workspace_id, w.slug AS workspace, r.job_id, r.job_key, r.snapshot -> 'configuration' AS configuration,
    r.parameters AS run_parameters, r.strict, r.queue, r.created_at, r.max_lanes, run.rate_interval_ms, run.group_id AS rate_group_id,
    run.group_interval_ms, p.position, p.kind, p.name, p.parameters, p.options
FROM run
LEFT JOIN wanted ON true
LEFT JOIN taken ON true
LEFT JOIN jobs_run AS r ON r.id = taken.run_id
LEFT JOIN jobs_workspace AS w ON w.id = r.workspace_id
LEFT JOIN jobs_payload AS p ON p.run_id = taken.run_id AND p.position >= taken.low AND p.position < taken.high AND p.state = 'queued'
ORDER BY p.position
