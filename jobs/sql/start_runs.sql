-- active job -> pending run, with its payloads and its event. Any number of jobs at once; one that is paused, or gone, yields no row.
-- The payload rows are the snapshot of the payload list: run.snapshot holds the rest of the document, not a second copy.
-- FOR SHARE: a pause that is committed first is seen, and run and payloads come from one version of the job. The run's id is drawn
-- before the insert, so that nothing has to be joined back.
-- A run of a job that limits its runs waits to be admitted; the sweep looks at it should nobody do so. LEAST passes over nulls.
-- room: but if the caller's transaction has locked the one job that it starts (locked_job_id), in a statement before this one, so
-- that what the last holder of that lock admitted is seen here, as many begin at once as there is room for. None if others wait: they
-- may be more urgent. What admit_runs.sql counts is counted here, and the lock is held until these runs are committed.
-- acting: for the audit, which a trigger of the event log writes; it costs no statement of its own.
WITH locked AS MATERIALIZED (
    SELECT job.*, asked.scheduled_for, asked.schedule_id, asked.parameters, asked.digest,
        COALESCE(asked.actor, %(actor)s) AS actor, asked.ordinality
    FROM unnest(
        %(job_ids)s::bigint[], %(scheduled_for)s::timestamptz[], %(schedule_ids)s::bigint[], %(parameters_each)s::text[], %(digests)s::text[],
        %(actors)s::text[]
    ) WITH ORDINALITY AS asked (job_id, scheduled_for, schedule_id, parameters, digest, actor, ordinality)
    JOIN jobs_job AS job ON job.id = asked.job_id
    WHERE job.state = 'active'
    ORDER BY asked.ordinality
    FOR SHARE OF job
), room AS MATERIALIZED (
    SELECT CASE
        WHEN EXISTS (SELECT 1 FROM jobs_run AS r WHERE r.job_id = job.id AND NOT r.admitted AND r.ended_at IS NULL AND r.state = 'pending')
        THEN 0
        ELSE job.max_runs - (SELECT count(*) FROM jobs_run AS r WHERE r.job_id = job.id AND r.admitted AND r.ended_at IS NULL)
    END AS places
    FROM jobs_job AS job WHERE job.id = %(locked_job_id)s::bigint
), job AS MATERIALIZED (
    SELECT locked.*, nextval('jobs_run_id_seq') AS run_id, COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now,
        max_runs IS NULL OR COALESCE(ordinality <= (SELECT places FROM room), false) AS admitted
    FROM locked
), run AS (
    INSERT INTO jobs_run (
        id, workspace_id, job_id, job_key, state, trigger, scheduled_for, actor, comment, parameters, snapshot, queue, strict,
        max_lanes, priority, total, next_position, succeeded, failed, cancelled, nudges, created_at, wake_at,
        admitted, group_id, rate_interval_ms, expires_at, run_timeout, digest, idempotency_key, origin_id,
        schedule_id
    )
    SELECT
        run_id, workspace_id, id, type || ':' || name, 'pending', %(trigger)s, scheduled_for, actor, %(comment)s,
        COALESCE(parameters, %(parameters)s)::jsonb,
        jsonb_build_object(
            'key', type || ':' || name, 'description', description, 'configuration', configuration, 'sinks', sinks,
            'schedules', schedules, 'tags', tags, 'metadata', metadata, 'version', version
        ),
        queue, strict, max_lanes, priority, jsonb_array_length(payload), 0, 0, 0, 0, 0, now,
        LEAST(now + CASE WHEN admitted THEN %(grace)s::interval ELSE interval '60 s' END, now + start_timeout),
        admitted, group_id, rate_interval_ms, now + start_timeout, run_timeout,
        CASE WHEN configuration ? 'unique_for' THEN COALESCE(digest, %(digest)s::text) END, %(idempotency_key)s::text, %(origin_id)s::bigint, schedule_id
    FROM job
    RETURNING id, job_id, queue, max_lanes, total, strict, admitted, schedule_id, scheduled_for
), payload AS (
    INSERT INTO jobs_payload (run_id, position, kind, name, parameters, options, state, attempts)
    SELECT
        job.run_id, item.ordinality - 1, item.value ->> 'kind', COALESCE(item.value ->> 'name', ''),
        COALESCE(item.value -> 'parameters', '{}'), NULLIF(item.value - 'kind' - 'name' - 'parameters', '{}'), 'queued', 0
    FROM job, jsonb_array_elements(job.payload) WITH ORDINALITY AS item (value, ordinality)
), acting AS MATERIALIZED (
    SELECT set_config('jobs.acting_via', %(via)s::text, true), set_config('jobs.acting_token', %(token)s::text, true)
), event AS (
    INSERT INTO jobs_event (workspace_id, job_id, run_id, kind, actor, data, at)
    SELECT workspace_id, id, run_id, 'run.created', actor, jsonb_build_object('trigger', %(trigger)s::text), now FROM job, acting
)
SELECT id, job_id, queue, max_lanes, total, strict, admitted, schedule_id, scheduled_for FROM run ORDER BY id
