-- finished run -> pending run of the same job, with copies of the finished one's payloads: without states those that its job listed,
-- with states those of these states, also the ones that were added while it ran. No row when the run has not ended.
-- The caller has locked the job, and says the rest. A copy keeps the key under which it was added: should its parent be executed again
-- too, it is not added twice. Counting first costs one more look at the rows, and spares keeping all of them in memory.
WITH old AS MATERIALIZED (
    SELECT id, workspace_id, job_id, job_key, COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now
    FROM jobs_run
    WHERE id = %(origin_id)s AND ended_at IS NOT NULL
), run AS (
    INSERT INTO jobs_run (
        id, workspace_id, job_id, job_key, state, trigger, origin_id, actor, comment, parameters, snapshot, queue, strict, max_lanes,
        priority, group_id, rate_interval_ms, admitted, total, next_position, succeeded, failed, cancelled, nudges, created_at,
        expires_at, run_timeout, wake_at
    )
    SELECT
        nextval('jobs_run_id_seq'), workspace_id, job_id, job_key, 'pending', 'rerun', id, %(actor)s, %(comment)s, %(parameters)s::jsonb,
        %(snapshot)s::jsonb, %(queue)s, %(strict)s, %(max_lanes)s, %(priority)s, %(group_id)s::int, %(rate_interval_ms)s::float8,
        NOT %(limited)s,
        (
            SELECT count(*) FROM jobs_payload AS p
            WHERE p.run_id = %(origin_id)s AND CASE WHEN %(states)s::text[] IS NULL THEN p.parent IS NULL ELSE p.state = ANY (%(states)s::text[]) END
        ),
        0, 0, 0, 0, 0, now, now + %(start_timeout)s::interval, %(run_timeout)s::interval,
        LEAST(now + CASE WHEN %(limited)s THEN interval '60 s' ELSE %(grace)s::interval END, now + %(start_timeout)s::interval)
    FROM old
    RETURNING id, workspace_id, job_id, queue, max_lanes, total, strict, admitted, created_at
), payload AS (
    INSERT INTO jobs_payload (run_id, position, kind, name, parameters, options, key, state, attempts)
    SELECT run.id, row_number() OVER (ORDER BY p.position) - 1, p.kind, p.name, p.parameters, p.options, p.key, 'queued', 0
    FROM run CROSS JOIN jobs_payload AS p
    WHERE p.run_id = %(origin_id)s AND CASE WHEN %(states)s::text[] IS NULL THEN p.parent IS NULL ELSE p.state = ANY (%(states)s::text[]) END
), event AS (
    INSERT INTO jobs_event (workspace_id, job_id, run_id, kind, actor, data, at)
    SELECT
        workspace_id, job_id, id, 'run.created', %(actor)s,
        jsonb_build_object('trigger', 'rerun', 'origin', %(origin_id)s::bigint), created_at
    FROM run
)
SELECT id, job_id, queue, max_lanes, total, strict, admitted FROM run
