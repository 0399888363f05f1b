-- finished run -> pending run of the same job. No row when the run has not ended. Its payloads are those that the job lists now (present),
-- those that it listed when the old run began (listed), or those of the old run that failed or were cancelled, also what was added while
-- it ran (unsuccessful), but not what was more than max_payloads.
-- The caller holds the job, says the rest, and locks it before the commit. A copy keeps the key under which it was added: should its
-- parent be executed again too, it is not added twice. Counting first costs one more look at the rows, and spares keeping all of them
-- in memory.
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
        CASE %(payloads)s
            WHEN 'present' THEN (SELECT jsonb_array_length(job.payload) FROM jobs_job AS job WHERE job.id = old.job_id)
            WHEN 'listed' THEN (SELECT count(*) FROM jobs_payload AS p WHERE p.run_id = %(origin_id)s AND p.parent IS NULL)
            ELSE (SELECT count(*) FROM jobs_payload AS p WHERE p.run_id = %(origin_id)s AND p.state IN ('failed', 'cancelled')
                AND p.error ->> 'code' IS DISTINCT FROM 'max_payloads')
        END,
        0, 0, 0, 0, 0, now, now + %(start_timeout)s::interval, %(run_timeout)s::interval,
        LEAST(now + CASE WHEN %(limited)s THEN interval '60 s' ELSE %(grace)s::interval END, now + %(start_timeout)s::interval)
    FROM old
    RETURNING id, workspace_id, job_id, queue, max_lanes, total, strict, admitted, created_at
), copied AS (
    INSERT INTO jobs_payload (run_id, position, kind, name, parameters, options, key, state, attempts)
    SELECT run.id, row_number() OVER (ORDER BY p.position) - 1, p.kind, p.name, p.parameters, p.options, p.key, 'queued', 0
    FROM run CROSS JOIN jobs_payload AS p
    WHERE p.run_id = %(origin_id)s AND CASE %(payloads)s
        WHEN 'listed' THEN p.parent IS NULL
        WHEN 'unsuccessful' THEN p.state IN ('failed', 'cancelled') AND p.error ->> 'code' IS DISTINCT FROM 'max_payloads'
    END
), present AS (
    INSERT INTO jobs_payload (run_id, position, kind, name, parameters, options, state, attempts)
    SELECT
        run.id, item.ordinality - 1, item.value ->> 'kind', COALESCE(item.value ->> 'name', ''),
        COALESCE(item.value -> 'parameters', '{}'), NULLIF(item.value - 'kind' - 'name' - 'parameters', '{}'), 'queued', 0
    FROM run JOIN jobs_job AS job ON job.id = run.job_id, jsonb_array_elements(job.payload) WITH ORDINALITY AS item (value, ordinality)
    WHERE %(payloads)s = 'present'
), event AS (
    INSERT INTO jobs_event (workspace_id, job_id, run_id, kind, actor, data, at)
    SELECT
        workspace_id, job_id, id, 'run.created', %(actor)s,
        jsonb_build_object('trigger', 'rerun', 'origin', %(origin_id)s::bigint), created_at
    FROM run
)
SELECT id, job_id, queue, max_lanes, total, strict, admitted FROM run
